"""A service with real calls on loopback: recordings of the fixtures, scored once, and people who sign in."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from audioqa.audio import content_hash
from audioqa.render.as_json import to_json
from audioqa.review import ReviewQueue
from audioqa.service.service import Service, open_service
from audioqa.settings import Settings
from audioqa.store import Hashes
from audioqa.store.calls_told import number_of_call
from audioqa.store.database import snapshot
from audioqa.store.review.rows import Act, Turn
from audioqa.types.calls import CallInfo, Item, SourceFile

FIXTURES = Path(__file__).parents[2] / "fixtures"
PASSWORD = "correct horse battery"  # noqa: S105 - of nobody

BAD = "dropouts-zero-fill.wav"
FINE = "clean-ulaw.wav"


@cache
def report_json(name: str) -> str:
    """The report of a fixture, with its MOS."""
    return to_json(Settings().analyser()(FIXTURES / name), indent=None)


@dataclass(frozen=True)
class Desk:
    """A service at work, and where it is.

    Parameters
    ----------
    service
        The service.
    address
        Its own, such as ``http://127.0.0.1:8123``.
    run
        Number of the run that its calls belong to.
    """

    service: Service
    address: str
    run: int

    @staticmethod
    def fixture(name: str) -> Path:
        """A fixture."""
        return FIXTURES / name

    def call(
        self,
        name: str,
        recording: str = BAD,
        *,
        tenant: str = "",
        hours: float = 3.0,
        path: Path | None = None,
        **info: Any,
    ) -> int:
        """Put a call with the sound of a fixture into the store; its number."""
        path = path or FIXTURES / recording
        start = datetime.now(UTC) - timedelta(hours=hours)
        about = CallInfo(name, tenant, start, ("agent", "customer"), **info)
        item = Item((SourceFile(str(path), path.stat().st_size, "x"),), about)
        store = self.service.store
        store.record(self.run, item, Hashes((content_hash(path),)), report_json(recording), digest="d" * 64)
        with snapshot(store.engine) as connection:
            number = number_of_call(connection, tenant, name)
        assert number is not None
        return number

    def person(self, name: str, role: str = "lead", *, tenant: str = "") -> None:
        """Somebody who can sign in."""
        self.service.accounts.add(name, role=role, tenant=tenant, password=PASSWORD)

    def queue(self, tenant: str = "") -> ReviewQueue:
        """The review queue."""
        return ReviewQueue(self.service.store, tenant)

    def trail(self, call_id: str) -> list[Act]:
        """What reviewers did to a call."""
        return self.queue().trail(call_id)

    def current(self, reviewer: str) -> Turn:
        """The call that a reviewer has."""
        turn = self.queue().current(reviewer)
        assert turn is not None
        return turn

    def judge(self, reviewer: str, *, rating: int = 2, verdict: str = "confirmed") -> Turn:
        """Take a call, rate and judge it."""
        queue = self.queue()
        turn = queue.next(reviewer)
        assert isinstance(turn, Turn)
        queue.rate(turn.key, reviewer, rating)
        return queue.judge(turn.key, reviewer, verdict)


@contextmanager
def serving(folder: Path, *, scores: bool = False) -> Iterator[Desk]:
    """A service on a port of its own, ended afterwards.

    Parameters
    ----------
    folder
        Where it keeps everything.
    scores
        Whether what is uploaded is scored.
    """
    import uvicorn

    from audioqa.web.app import make_app

    settings = Settings.model_validate({"service": {"folder": folder, "jobs": 1, "spare": 0}})
    service = open_service(settings)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    config = uvicorn.Config(make_app(service), host="127.0.0.1", port=port, log_level="warning", access_log=False)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    end = time.monotonic() + 20
    while not server.started:
        assert time.monotonic() < end, "the server did not start"
        time.sleep(0.02)
    if scores:
        service.start()
    try:
        run = service.store.begin_run(["fixtures"], digest="d" * 64, version="0")
        yield Desk(service, f"http://127.0.0.1:{port}", run)
    finally:
        server.should_exit = True
        thread.join(10)
        if scores:
            service.stop()
        else:
            service.store.close()
