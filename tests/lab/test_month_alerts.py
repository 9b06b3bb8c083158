"""A small month with planted facts: each is found in its time, and next to nothing else is said."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from audioqa.lab.month import make_month
from audioqa.lab.month_alerts import judge, table
from audioqa.lab.month_plan import Fact, read_plan


def moment(day: int, hour: float) -> datetime:
    return datetime(2026, 6, day, int(hour), int(hour % 1 * 60), tzinfo=UTC)


FACTS = (
    Fact("carrier", {"carrier": "carrier 2"}, since=moment(5, 10), drop=0.4),
    Fact("agent", {"agent": "agent 031"}, drop=0.8),
    Fact("evenings", {"site": "site 5"}, hours=(17.0, 20.0), drop=0.5),
    Fact("outage", {"carrier": "carrier 4"}, since=moment(8, 9.5), until=moment(8, 12), drop=1.4, share=0.9),
    Fact("one way", {"trunk": "trunk 6-1"}, since=moment(9, 8), share=0.8, events={"one-way-audio": 1.0}),
)


def test_every_planted_fact_is_found_and_little_else_is_said() -> None:
    plan = replace(read_plan(), seed=2026, calls=24_000, days=10, facts=FACTS)
    verdict = judge(make_month(plan))
    assert None not in verdict.delays.values(), verdict.delays
    assert len(verdict.false) <= 1, verdict.false
    assert "| outage | 1 of 1 |" in table([verdict])


def test_where_nothing_is_planted_nothing_is_found() -> None:
    verdict = judge(make_month(replace(read_plan(), seed=2027, calls=16_000, days=8, facts=())))
    assert len(verdict.false) <= 1, verdict.false
