"""A running service as tests ask it, and recordings to send."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from fastapi.testclient import TestClient
from speechlike import speechlike

from audioqa.service.principals import SCOPES
from audioqa.service.service import Service
from audioqa.settings import Settings

PASSWORD = "a long enough password"  # noqa: S105


@dataclass
class Served:
    """A service, and ways to ask it."""

    service: Service
    client: TestClient
    keys: dict[tuple[str, str], str] = field(default_factory=dict)

    def headers(self, tenant: str = "alpha", *scopes: str) -> dict[str, str]:
        """The header of a key with these scopes, of all where none is named."""
        wanted = scopes or SCOPES
        name = tenant, " ".join(wanted)
        if name not in self.keys:
            self.keys[name] = self.service.keys.make("test", wanted, tenant=tenant, by="test")[1]
        return {"Authorization": f"Bearer {self.keys[name]}"}

    def send(self, path: Path, *, tenant: str = "alpha", **fields: str) -> Any:
        """Upload a file; the response."""
        with path.open("rb") as stream:
            files = {"recording": (path.name, stream, "audio/wav")}
            return self.client.post("/api/v1/uploads", files=files, data=fields, headers=self.headers(tenant))

    def scored(self, path: Path, *, tenant: str = "alpha", **fields: str) -> dict[str, Any]:
        """Upload a file and wait until it is scored, or has failed."""
        sent = self.send(path, tenant=tenant, **fields)
        assert sent.status_code == 202, sent.text
        return self.wait(sent.json()["id"], tenant=tenant)

    def wait(self, name: str, *, tenant: str = "alpha", seconds: float = 60.0) -> dict[str, Any]:
        """Wait until an upload is scored, or has failed."""
        end = time.monotonic() + seconds
        while True:
            upload: dict[str, Any] = self.get(f"/api/v1/uploads/{name}", tenant=tenant).json()
            if upload["state"] in ("scored", "failed"):
                return upload
            assert time.monotonic() < end, upload
            time.sleep(0.05)

    def get(self, path: str, *, tenant: str = "alpha", **more: Any) -> Any:
        """Ask with a tenant's key."""
        return self.client.get(path, headers=self.headers(tenant) | more.pop("headers", {}), **more)


def settings_of(folder: Path, **own: Any) -> Settings:
    """Settings of a service in a folder."""
    return Settings.model_validate({"service": {"folder": folder, "jobs": 1, "spare": 0} | own})


def recording(path: Path, *, seconds: float = 8.0, seed: int = 0) -> Path:
    """A recording of two parties in turn."""
    samples = speechlike(seconds, seed=seed)
    quiet = np.random.default_rng(seed).normal(0, 1e-4, len(samples))
    soundfile.write(path, np.stack([samples, quiet], axis=1), 8000, subtype="PCM_16")
    return path
