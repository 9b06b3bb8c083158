"""Pages within a bound hold what the list holds, in its order, whatever is asked for and however small the bound is."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import product
from typing import Any

import pytest

from audioqa.store import Query, Store, open_store, paging
from tests.store.examples import NEW_YEAR, begin, event, flag, item, put, report

SORTS = ("worst", "best", "newest", "oldest")
DAY = timedelta(days=1)

ASKED: tuple[dict[str, Any], ...] = (
    {},
    {"agent": "agent 1"},
    {"agent": "nobody"},
    {"site": "Leeds", "agent": "agent 2"},
    {"rule": "dropouts"},
    {"rule": "dropouts", "event": "dropout", "site": "Leeds"},
    {"event": "clipping"},
    {"event": "clipping", "since": NEW_YEAR + 3 * DAY, "until": NEW_YEAR + 9 * DAY},
    {"rule": "clipping", "mos_below": 3.0},
    {"flagged": False},
    {"flagged": True, "tags": {"wave": "1"}},
    {"tags": {"wave": "none"}},
    {"since": NEW_YEAR + 5 * DAY},
    {"until": NEW_YEAR + 5 * DAY, "mos_below": 3.2},
    {"mos_below": 2.5, "agent": "agent 3"},
    {"call_id": "call 7"},
    {"call_id": "call 7", "flagged": True},
    {"missing": ("site",)},
    {"missing": ("tag.headset", "site"), "flagged": True},
    {"direction": "inbound"},
    {"hour": 13, "weekday": (NEW_YEAR + DAY).weekday(), "zone": "Europe/Berlin"},
    {"hour": 12, "rule": "dropouts"},
    {"test_calls": True},
    {"test_calls": None, "event": "clipping"},
    {"test_calls": True, "rule": "dropouts", "since": NEW_YEAR + 2 * DAY},
    {"disagree": True},
    {"disagree": False, "event": "dropout"},
)


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """Calls of which several have the same MOS and began at the same moment, midnight among them."""
    with open_store(str(tmp_path_factory.mktemp("paging") / "calls.db")) as store:
        fill(store)
        yield store


def fill(store: Store) -> None:
    run = begin(store)
    for number in range(48):
        mos = None if number % 5 == 0 else 1.5 + (number * 7 % 6) / 2
        kind = "clipping" if number % 4 == 0 else "dropout"
        marked = number % 3 != 0
        one = item(
            f"call {number}",
            tenant="other" if number % 12 == 11 else "mine",
            day=number // 4,
            agent=f"agent {number % 5}",
            site="Leeds" if number % 2 else None,
            direction="inbound" if number % 6 < 3 else None,
            network={"loss": 18.0} if number % 4 == 1 else {},
            codec="G.711",
            tags={"wave": str(number % 2)} | ({"test_call": "yes"} if number % 7 == 3 else {}),
        )
        flags = (flag("clipping" if kind == "clipping" else "dropouts"),) if marked else ()
        put(store, run, one, report(mos, events=(event(kind),) if marked else (), flags=flags))


def paged(store: Store, query: Query, most: int) -> list[str]:
    """The calls of every page."""
    met: list[str] = []
    after = None
    for _ in range(200):
        rows, after = store.page(query, after=after, most=most)
        assert len(rows) <= most
        met += [row.info.call_id for row in rows]
        if after is None:
            return met
    raise AssertionError("the pages do not come to an end")


@pytest.mark.parametrize(("looked_at", "patience", "most"), [(1, 0, 3), (3, 0, 2), (7, 0, 50), (3, 9, 5), (9999, 9, 5)])
def test_pages_are_the_list(
    many: Store, monkeypatch: pytest.MonkeyPatch, looked_at: int, patience: float, most: int
) -> None:
    monkeypatch.setattr(paging, "LOOKED_AT", looked_at)
    monkeypatch.setattr(paging, "PATIENCE", patience)
    for sort, asked in product(SORTS, ASKED):
        query = Query(tenant="mine", sort=sort, **asked)  # type: ignore[arg-type]
        assert paged(many, query, most) == [row.info.call_id for row in many.calls(query)], query


def test_pages_are_the_list_on_either_database(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(store)
    monkeypatch.setattr(paging, "LOOKED_AT", 3)
    monkeypatch.setattr(paging, "PATIENCE", 0)
    for sort, asked in product(SORTS, ASKED[::3]):
        query = Query(tenant="mine", sort=sort, **asked)  # type: ignore[arg-type]
        assert paged(store, query, 4) == [row.info.call_id for row in store.calls(query)], query


def test_no_page_looks_at_more_than_its_bound(many: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paging, "LOOKED_AT", 10)
    monkeypatch.setattr(paging, "PATIENCE", 0)
    rows, after = many.page(Query(tenant="mine", tags={"wave": "none"}), most=5)
    assert rows == []
    assert after is not None
