"""Lists by hour and weekday of a zone, and by what is not known of calls, on both databases."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from audioqa.store import Query, Store
from tests.store.examples import begin, item, put

NIGHT = datetime(2026, 3, 27, tzinfo=UTC)  # two days before the clocks of Oslo change


def found(store: Store, query: Query) -> set[str]:
    listed = {row.info.call_id for row in store.calls(query)}
    on_a_page, _ = store.page(replace(query, tenant=""), most=100)
    assert {row.info.call_id for row in on_a_page} == listed
    return listed


@pytest.mark.parametrize("zone", ["UTC", "Europe/Oslo", "Asia/Kolkata"])
def test_hours_and_weekdays_are_those_of_the_zone(store: Store, zone: str) -> None:
    run = begin(store)
    moments = {f"{n}": NIGHT + timedelta(hours=7 * n, minutes=59 if n % 2 else 0, seconds=59.9) for n in range(20)}
    for name, moment in moments.items():
        put(store, run, item(name, start_time=moment), content="same")
    there = {name: moment.astimezone(ZoneInfo(zone)) for name, moment in moments.items()}
    for hour in {one.hour for one in there.values()}:
        expected = {name for name, one in there.items() if one.hour == hour}
        assert found(store, Query(hour=hour, zone=zone)) == expected
    for weekday in range(7):
        expected = {name for name, one in there.items() if one.weekday() == weekday}
        assert found(store, Query(weekday=weekday, zone=zone, since=NIGHT, until=NIGHT + timedelta(days=9))) == expected


def test_what_is_not_known_can_be_asked_for(store: Store) -> None:
    run = begin(store)
    put(store, run, item("a", trunk="T1", codec="G.711", tags={"headset": "wired"}))
    put(store, run, item("b", direction="in"))
    assert found(store, Query(missing=("trunk",))) == {"b"}
    assert found(store, Query(missing=("headset",))) == found(store, Query(missing=("tag.headset",))) == {"b"}
    assert found(store, Query(missing=("agent",))) == {"a", "b"}
    assert found(store, Query(codec="G.711")) == {"a"}
    assert found(store, Query(direction="out")) == set()
