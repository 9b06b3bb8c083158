"""Calls to be reviewed, flagged and not, on some trunk in some hour; and reviewers who say what they think."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from audioqa.review import ReviewQueue
from audioqa.store import Store
from audioqa.store.review.rows import Turn
from tests.store.examples import begin, flag, item, put, report

TODAY = datetime(2026, 3, 2, 15, tzinfo=UTC)


@dataclass
class Clock:
    """A time that tests can move."""

    now: datetime = TODAY

    def __call__(self) -> datetime:
        return self.now

    def pass_minutes(self, minutes: float) -> None:
        self.now += timedelta(minutes=minutes)


@dataclass
class Bench:
    """A store with its queue, at a fixed time and with fixed chance."""

    store: Store
    tenant: str = ""
    clock: Clock = field(default_factory=Clock)

    def __post_init__(self) -> None:
        self.run = begin(self.store)
        self.queue = ReviewQueue(self.store, self.tenant, now=self.clock, chance=random.Random(5))

    def call(self, name: str, *rules: str, mos: float | None = None, hours: float = 24.0, **info: Any) -> None:
        """A call of some hours ago, with a flag of each rule."""
        mos = (3.0 if rules else 4.2) if mos is None else mos
        start = TODAY - timedelta(hours=hours)
        one = item(name, tenant=self.tenant, start_time=start, **info)
        put(self.store, self.run, one, report(mos, flags=tuple(flag(rule) for rule in rules)))

    def calls(self, count: int, *rules: str, name: str = "call", **info: Any) -> None:
        """Several such calls."""
        for number in range(count):
            self.call(f"{name}-{number}", *rules, **info)

    def set(self, **values: Any) -> None:
        """Change settings."""
        from audioqa.review.settings import review_settings

        self.queue.change_settings(review_settings(self.queue.settings().plain() | values), by="lead")

    def take(self, reviewer: str = "ann") -> Turn:
        """The next call of a reviewer, which there must be."""
        turn = self.queue.next(reviewer)
        assert isinstance(turn, Turn), turn
        return turn

    def review(self, reviewer: str = "ann", *, rating: int = 2, verdict: str = "confirmed", **said: Any) -> Turn:
        """Take the next call, rate and judge it."""
        turn = self.take(reviewer)
        self.queue.rate(turn.key, reviewer, rating)
        return self.queue.judge(turn.key, reviewer, verdict, **said)

    def drain(self, reviewers: Sequence[str] = ("ann",), *, most: int = 1000) -> list[Turn]:
        """Review all that there is, in turns."""
        found: list[Turn] = []
        idle = 0
        while idle < len(reviewers):
            reviewer = reviewers[len(found) % len(reviewers)] if not idle else reviewers[idle - 1]
            if isinstance(self.queue.next(reviewer), Turn):
                found.append(self.review(reviewer))
                idle = 0
            else:
                idle += 1
            assert len(found) <= most
        return found
