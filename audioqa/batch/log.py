"""A log of a batch for programs: JSON lines on stderr."""

from __future__ import annotations

import json
import sys
import time
from datetime import UTC, datetime
from types import TracebackType
from typing import TYPE_CHECKING, Any

from audioqa.batch.ahead import Ahead
from audioqa.batch.tally import Tally
from audioqa.engines import Outcome
from audioqa.store import location_of
from audioqa.types import Failure, Item

if TYPE_CHECKING:
    from audioqa.batch.driver import Ended

_PROGRESS_EVERY = 30.0
"""Seconds between two lines of counts."""


class JsonLog:
    """One JSON object a line, each with ``time`` and ``event``: ``message``, ``failed``, ``scored``, ``progress``,
    ``ended``.

    Parameters
    ----------
    ahead
        Knows how much there is in all.
    """

    def __init__(self, ahead: Ahead) -> None:
        self._ahead = ahead
        self._told = time.monotonic()

    def __enter__(self) -> JsonLog:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        pass

    def say(self, message: str) -> None:
        """Log a message."""
        self.log("message", message=message)

    def failed(self, location: str, failure: Failure) -> None:
        """Log a failure."""
        self.log("failed", location=location, kind=failure.kind, message=failure.message)

    def scored(self, item: Item, outcome: Outcome) -> None:
        """Log a report that was made and kept."""
        self.log(
            "scored",
            location=location_of(item),
            call_id=item.info.call_id,
            tenant=item.info.tenant,
            audio_seconds=round(outcome.audio, 3),
            processor_seconds=round(outcome.processor, 3),
        )

    def tick(self, tally: Tally) -> None:
        """Log the counts, every half minute."""
        if time.monotonic() - self._told >= _PROGRESS_EVERY:
            self._told = time.monotonic()
            self.log("progress", **tally.counts(), items=self._ahead.items, left_seconds=self._ahead.left(tally))

    def ended(self, ended: Ended) -> None:
        """Log how the run ended, and all counts."""
        worst = [{"call_id": call, "why": why} for call, why in ended.tally.worst]
        self.log(
            "ended",
            ending=ended.ending,
            reason=ended.reason,
            exit_code=ended.exit_code,
            **ended.tally.counts(),
            worst=worst,
        )

    def log(self, event: str, **content: Any) -> None:
        """Write one line."""
        line = {"time": datetime.now(UTC).isoformat(timespec="milliseconds"), "event": event, **content}
        sys.stderr.write(json.dumps(line) + "\n")
        sys.stderr.flush()
