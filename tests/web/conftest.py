"""One running service for the tests of its HTTP: two tenants, and a call that has been scored."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from audioqa.service.service import open_service
from audioqa.web.app import make_app
from web.serving import PASSWORD, Served, recording, settings_of


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The service that most tests ask."""
    service = open_service(settings_of(tmp_path_factory.mktemp("service") / "data", largest=4_000_000))
    service.accounts.add("anna", role="admin", tenant="alpha", password=PASSWORD)
    service.accounts.add("ben", role="admin", tenant="beta", password=PASSWORD)
    service.start()
    try:
        with TestClient(make_app(service), raise_server_exceptions=False, follow_redirects=False) as client:
            yield Served(service, client)
    finally:
        service.stop()


@pytest.fixture(scope="session")
def call_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recording with something wrong in it."""
    return recording(tmp_path_factory.mktemp("calls") / "call one.wav")


@pytest.fixture(scope="session")
def call(served: Served, call_file: Path) -> dict[str, Any]:
    """A scored call of the tenant alpha: its upload."""
    return served.scored(call_file, call_id="call-1", roles="agent,customer", agent="7", team="blue", loss="1.5")
