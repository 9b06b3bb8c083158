"""Lists are in the order that was asked for, page by page, and hold what was asked for and nothing else."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from audioqa.errors import StoreError
from audioqa.store import Query, Store, open_store, reading
from audioqa.types.calls import Failure
from tests.store.examples import DIGEST, NEW_YEAR, begin, event, flag, item, put, report

TENANTS = ("", "one", "two")


@pytest.fixture
def filled(store: Store) -> Store:
    """Twenty-four calls of three tenants: a third without a MOS, some flagged."""
    run = begin(store)
    for number in range(24):
        mos = None if number % 3 == 0 else 1.5 + (number * 7 % 11) / 4
        events = (event("clipping" if number % 4 == 0 else "dropout"),) if number % 2 == 0 else ()
        flags = (flag("clipping" if number % 4 == 0 else "dropouts"),) if number % 2 == 0 else ()
        one = item(
            f"call {number}",
            tenant=TENANTS[number % 3],
            day=number,
            agent=f"agent {number % 5}",
            site="Leeds" if number < 12 else None,
            roles=("agent", "customer"),
            tags={"wave": str(number % 2)},
        )
        put(store, run, one, report(mos, events=events, flags=flags))
    return store


def ids(store: Store, query: Query, **more: Any) -> list[str]:
    """Call ids of a list."""
    return [row.info.call_id for row in store.calls(query, **more)]


def test_calls_without_a_mos_stand_among_the_worst_with_their_reason(filled: Store) -> None:
    rows = list(filled.calls())
    assert len(rows) == 24
    without = [row for row in rows if row.mos is None]
    assert len(without) == 8
    assert rows[:8] == without
    assert [row.flagged for row in without] == sorted((row.flagged for row in without), reverse=True)
    assert all("too little speech on agent" in row.why for row in without)
    scored = [row.mos for row in rows[8:]]
    assert scored == sorted(scored, key=lambda mos: mos or 0)


def test_every_order_is_an_order(filled: Store) -> None:
    assert ids(filled, Query(sort="best")) == ids(filled, Query(sort="worst"))[::-1]
    assert ids(filled, Query(sort="newest")) == [f"call {number}" for number in range(23, -1, -1)]
    assert ids(filled, Query(sort="oldest")) == [f"call {number}" for number in range(24)]


def test_a_list_that_is_taken_up_again_goes_on_where_it_was(filled: Store) -> None:
    orders: Any = ("worst", "best", "newest", "oldest")
    asked = [(Query(sort=sort, tenant=tenant), 8 if tenant else 24) for sort in orders for tenant in (None, "one")]
    asked += [(Query(sort=sort, rule="dropouts"), 6) for sort in orders]
    asked += [(Query(sort=sort, event="clipping", since=NEW_YEAR + timedelta(days=3)), 5) for sort in orders]
    for query, count in asked:
        whole = ids(filled, query)
        after, met = None, []
        while page := list(filled.calls(query, after=after, most=2)):
            met += [row.info.call_id for row in page]
            after = filled.place(page[-1], query)
        assert met == whole
        assert len(set(whole)) == count


def test_pages_within_a_list_lose_nothing(filled: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = {sort: ids(filled, Query(sort=sort)) for sort in ("worst", "best", "newest")}  # type: ignore[arg-type]
    exported = [one.info.call_id for one in filled.export()]
    monkeypatch.setattr(reading, "PAGE", 3)
    assert {sort: ids(filled, Query(sort=sort)) for sort in whole} == whole  # type: ignore[arg-type]
    assert [one.info.call_id for one in filled.export()] == exported
    assert len(exported) == 24


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        (Query(agent="agent 2"), {2, 7, 12, 17, 22}),
        (Query(agent="agent 2", tenant="two"), {2, 17}),
        (Query(site="Leeds", flagged=True), {0, 2, 4, 6, 8, 10}),
        (Query(flagged=False, tenant=""), {3, 9, 15, 21}),
        (Query(rule="clipping"), {0, 4, 8, 12, 16, 20}),
        (Query(rule="clipping", tenant="one"), {4, 16}),
        (Query(event="dropout", site="Leeds"), {2, 6, 10}),
        (Query(event="dropout", rule="clipping"), set()),
        (Query(event="clipping", rule="clipping", agent="agent 0"), {0, 20}),
        (Query(since=NEW_YEAR + timedelta(days=20), until=NEW_YEAR + timedelta(days=22)), {20, 21}),
        (Query(mos_below=2.0), {8, 11, 19, 22}),
        (Query(tags={"wave": "1"}, site="Leeds"), {1, 3, 5, 7, 9, 11}),
        (Query(tenant="three"), set()),
    ],
)
def test_a_list_holds_what_was_asked_for(filled: Store, query: Query, numbers: set[int]) -> None:
    expected = sorted(f"call {number}" for number in numbers)
    assert sorted(ids(filled, query)) == expected
    assert sorted(ids(filled, replace(query, sort="newest"))) == expected
    assert sorted(one.info.call_id for one in filled.export(query)) == expected


def test_a_list_is_read_while_others_write(filled: Store, url: str) -> None:
    listed = filled.calls(Query(sort="oldest"))
    first = next(listed).info.call_id
    with open_store(url) as other:
        put(other, begin(other), item("late", day=99))
    assert first == "call 0"
    assert len(list(listed)) in (23, 24)


def test_exports_go_by_tenant_and_call_id(filled: Store) -> None:
    keys = [(one.info.tenant, one.info.call_id) for one in filled.export()]
    assert all(one < other for one, other in pairwise(keys))
    assert {tenant for tenant, _ in keys} == set(TENANTS)


def test_text_sorts_by_its_bytes_on_every_database(store: Store) -> None:
    run = begin(store)
    names = ["b", "B", "a", "_", "é", "Z", "10", "9"]
    for name in names:
        put(store, run, item(name))
    assert [one.info.call_id for one in store.export()] == sorted(names)


def test_calls_are_counted_by_what_they_have_in_common(filled: Store) -> None:
    by_tenant = {group.values: (group.calls, group.flagged) for group in filled.group(["tenant"])}
    assert by_tenant == {("",): (8, 4), ("one",): (8, 4), ("two",): (8, 4)}
    by_site = filled.group(["site"])
    assert [(group.values, group.calls) for group in by_site] == [(("Leeds",), 12), ((None,), 12)]
    scored = [row.mos for row in filled.calls(Query(site="Leeds")) if row.mos is not None]
    assert by_site[0].mos == pytest.approx(sum(scored) / len(scored))
    by_day = filled.group(["day", "flag"], Query(until=NEW_YEAR.replace(hour=0) + timedelta(days=4)))
    assert [(group.values, group.calls) for group in by_day] == [
        (("2026-01-01", "clipping"), 1),
        (("2026-01-03", "dropouts"), 1),
    ]
    half_a_day = filled.group(["flag"], Query(since=NEW_YEAR + timedelta(seconds=1)))
    assert [(group.values[0], group.calls) for group in half_a_day] == [("clipping", 5), ("dropouts", 6)]
    by_agent = filled.group(["agent", "event"], Query(tenant="", agent="agent 0"))
    assert [(group.values, group.calls) for group in by_agent] == [(("agent 0", "clipping"), 1)]


def test_means_over_several_scales_are_not_made(store: Store) -> None:
    run = begin(store)
    put(store, run, item("a", site="x"), report(2.0))
    made = report(4.0)
    put(store, run, item("b", site="x"), replace(made, mos=replace(made.mos, context="model")))  # type: ignore[type-var]
    (group,) = store.group(["site"])
    assert (group.calls, group.mos) == (2, None)


def test_the_counts_of_the_days_are_those_of_the_calls(filled: Store) -> None:
    run = begin(filled)
    filled.delete("call 2", tenant="two")
    filled.update_info(run, item("call 6", day=50))
    put(filled, run, item("call 4", tenant="one", day=4), report(4.0, flags=(flag("clipping"),)), content="another")
    put(
        filled,
        run,
        item("call 8", tenant="two", day=60),
        report(4.0, events=(event("hum"), event("hum"))),
        content="new",
    )
    listed = list(filled.export())
    for what, many in (("flag", "flags"), ("event", "events")):
        expected: dict[tuple[str, str, str], int] = {}
        for one in listed:
            start = one.info.start_time
            assert start is not None
            for kind in {mark["rule" if what == "flag" else "kind"] for mark in one.content[many]}:
                key = (one.info.tenant, start.date().isoformat(), kind)
                expected[key] = expected.get(key, 0) + 1
        assert {group.values: group.calls for group in filled.group(["tenant", "day", what])} == expected
        half = Query(since=NEW_YEAR - timedelta(seconds=1))  # no whole day: counted from the marks themselves
        assert {group.values: group.calls for group in filled.group(["tenant", "day", what], half)} == expected


@pytest.mark.parametrize(("by", "said"), [(["shoe"], "cannot be counted by shoe"), (["flag", "event"], "not by both")])
def test_what_cannot_be_counted_by_is_said(store: Store, by: list[str], said: str) -> None:
    with pytest.raises(StoreError, match=said):
        store.group(by)


def test_a_place_that_was_not_given_out_is_refused(store: Store) -> None:
    for place in ("nonsense", "WzEsMl0=", "Żółw"):
        with pytest.raises(StoreError, match="none that was given out"):
            list(store.calls(after=place))


def test_one_call_is_found_by_its_id_or_its_place(filled: Store) -> None:
    run = begin(filled)
    put(filled, run, item("twin", tenant="one"))
    put(filled, run, item("twin", tenant="two"))
    assert filled.show("call 7").info.agent == "agent 2"
    assert filled.show("/calls/call 7.wav").info.call_id == "call 7"
    with pytest.raises(StoreError, match=r"name its tenant, one of 'one', 'two'"):
        filled.show("twin")
    assert filled.show("twin", tenant="two").info.tenant == "two"
    with pytest.raises(StoreError, match="there is no call nobody"):
        filled.show("nobody")
    with pytest.raises(StoreError, match="there is no call call 7"):
        filled.show("call 7", tenant="two")
    filled.fail(run, item("broken"), Failure("unreadable", "it is empty"), digest=DIGEST)
    with pytest.raises(StoreError, match="could not be scored: it is empty"):
        filled.show("broken")


def test_failures_are_chosen_by_tenant_and_time(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "PAGE", 2)
    run = begin(store)
    for number in range(5):
        store.fail(run, item(str(number), tenant=TENANTS[number % 2]), Failure("crash", "died"), digest=DIGEST)
    assert [row.call_id for row in store.failures()] == ["0", "2", "4", "1", "3"]
    assert [row.call_id for row in store.failures(tenant="one")] == ["1", "3"]
    assert list(store.failures(until=datetime.now(UTC) - timedelta(hours=1))) == []
    assert len(list(store.failures(since=datetime.now(UTC) - timedelta(hours=1)))) == 5
