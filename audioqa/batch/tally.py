"""What has become of the recordings of one run: every one of them is counted once."""

from __future__ import annotations

import heapq
import json
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from audioqa.engines import Outcome
from audioqa.types import Failure, Item

_WORST = 5
_NO_MOS = 0.0
"""Sorts before every MOS: what could not be rated may be the worst of all."""


@dataclass
class Tally:
    """Counts of one run; it grows while the run goes on.

    Attributes
    ----------
    scored
        Reports made and kept.
    shared
        Calls whose sound was known already, from another call.
    unchanged
        Done before, and nothing about them has changed.
    updated
        Done before; what is known of them beside their sound has changed.
    failed
        Not scored in this run, by kind of failure.
    failed_before
        Failed in an earlier run and not tried again.
    elsewhere
        Scored meanwhile by another batch on the same store.
    left
        Not come to, because the run was broken off; those that its source had not named yet are not among them.
    flagged
        Of those scored in this run.
    judged
        Flagged anew by other rules, or by what is known of them, at the end of the run.
    audio, processor
        Seconds of sound scored in this run, and of the processor that this took.
    size
        Bytes of all files that are done with.
    worked
        Bytes of those that were worked on in this run, for the estimate of the time left.
    memory
        Most memory that any worker has had, bytes.
    """

    scored: int = 0
    shared: int = 0
    unchanged: int = 0
    updated: int = 0
    failed: Counter[str] = field(default_factory=Counter)
    failed_before: int = 0
    elsewhere: int = 0
    left: int = 0
    flagged: int = 0
    judged: int = 0
    audio: float = 0.0
    processor: float = 0.0
    size: int = 0
    worked: int = 0
    memory: int = 0
    started: float = field(default_factory=time.monotonic)
    _worst: list[tuple[float, int, str, str]] = field(default_factory=list)

    @property
    def failures(self) -> int:
        """How many were not scored in this run."""
        return sum(self.failed.values())

    @property
    def done(self) -> int:
        """How many have come to an end, good or bad."""
        settled = self.scored + self.shared + self.unchanged + self.updated + self.elsewhere
        return settled + self.failures + self.failed_before

    @property
    def elapsed(self) -> float:
        """Seconds since the run began."""
        return time.monotonic() - self.started

    @property
    def hours_per_hour(self) -> float:
        """Hours of sound scored in an hour."""
        return self.audio / self.elapsed if self.elapsed > 0 else 0.0

    @property
    def worst(self) -> list[tuple[str, str]]:
        """Up to five calls of this run and what is the matter with them, the worst first."""
        return [(call, why) for _, _, call, why in sorted(self._worst, reverse=True)]

    def add_scored(self, item: Item, outcome: Outcome) -> None:
        """Count a report that was made and kept."""
        assert outcome.report is not None  # noqa: S101
        self.scored += 1
        self.audio += outcome.audio
        self._work(item, outcome)
        content: dict[str, Any] = json.loads(outcome.report)
        flags = content["flags"]
        self.flagged += bool(flags)
        mos = content["mos"]
        value = float(mos.get("value", _NO_MOS))
        why = mos.get("skipped", f"MOS {value:.2f}")
        if flags:
            why = f"{why}; {flags[0]['reason']}"
        if flags or "skipped" in mos:
            heapq.heappush(self._worst, (-value, -self.scored, item.info.call_id, why))
            if len(self._worst) > _WORST:
                heapq.heappop(self._worst)

    def add_failed(self, item: Item | None, failure: Failure, outcome: Outcome | None = None) -> None:
        """Count something that could not be scored."""
        self.failed[failure.kind] += 1
        if item and outcome:
            self._work(item, outcome)

    def counts(self) -> dict[str, Any]:
        """All of it as plain values, for the store and for logs."""
        return {
            "scored": self.scored,
            "shared": self.shared,
            "unchanged": self.unchanged,
            "updated": self.updated,
            "failed": self.failures,
            "failed_before": self.failed_before,
            "elsewhere": self.elsewhere,
            "left": self.left,
            "flagged": self.flagged,
            "judged": self.judged,
            "failures": dict(sorted(self.failed.items())),
            "audio_seconds": round(self.audio, 3),
            "processor_seconds": round(self.processor, 3),
            "seconds": round(self.elapsed, 3),
            "hours_per_hour": round(self.hours_per_hour, 1),
            "worker_bytes": self.memory,
        }

    def _work(self, item: Item, outcome: Outcome) -> None:
        self.processor += outcome.processor
        self.memory = max(self.memory, outcome.memory)
        self.size += size(item)
        self.worked += size(item)


def size(item: Item) -> int:
    """Bytes of an item's files, as far as its source tells."""
    return sum(file.size or 0 for file in item.files)
