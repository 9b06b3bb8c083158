"""Test calls and customers' calls are never counted together: in trends, comparisons, alerts and lists."""

from __future__ import annotations

from datetime import timedelta

from audioqa.store import Query, Store
from audioqa.store.alert_calls import TEST_CALLS, streams
from audioqa.store.columns import read_columns
from audioqa.store.database import snapshot
from audioqa.store.trend_keeping import bring_up_to_date
from audioqa.trends.correlation import correlated
from audioqa.trends.report import Question, answer
from audioqa.types.trends import Estimate
from tests.store.examples import NEW_YEAR, begin, event, item, put, report

TEST = {"test_call": "yes"}


def fill(store: Store) -> None:
    """Eight customers' calls with MOS 4 and six test calls with MOS 2 and a dropout, a day each."""
    run = begin(store)
    for number in range(8):
        put(store, run, item(f"{number}", day=number, trunk="T1", tags={"csat": f"{number % 3}"}), report(4.0))
    for number in range(6):
        one = item(f"test {number}", day=number, trunk="T1", tags={**TEST, "csat": f"{number}"})
        put(store, run, one, report(2.0, events=(event(),)))


def test_trends_are_of_the_one_or_of_the_other(store: Store) -> None:
    fill(store)
    for _ in range(2):  # from the calls themselves, and then from their segments
        for asked, calls, mos, dropouts in ((False, 8, 4.0, 0.0), (True, 6, 2.0, 1000.0)):
            (row,) = answer(store, Question(by=("trunk",), least=2, test_calls=asked)).rows
            assert isinstance(row.mos, Estimate)
            assert isinstance(row.incidents["dropout"], Estimate)
            assert (row.calls, row.mos.value, row.incidents["dropout"].value) == (calls, mos, dropouts)
        assert bring_up_to_date(store.engine) in (8, 0)


def test_a_trend_of_test_calls_keeps_to_its_time(store: Store) -> None:
    fill(store)
    since, until = NEW_YEAR + timedelta(days=2), NEW_YEAR + timedelta(days=4)
    asked = Question(by=("day",), least=2).about(Query(since=since, until=until, test_calls=True))
    assert [row.calls for row in answer(store, asked).rows] == [1, 1]


def test_a_call_that_becomes_a_test_call_leaves_the_trend(store: Store) -> None:
    fill(store)
    bring_up_to_date(store.engine)
    store.update_info(begin(store), item("0", day=0, trunk="T1", tags=TEST))
    assert answer(store, Question(by=("trunk",))).rows[0].calls == 7
    assert answer(store, Question(by=("trunk",), test_calls=True)).rows[0].calls == 7


def test_correlations_are_of_the_one_or_of_the_other(store: Store) -> None:
    fill(store)
    assert [one.calls for one in correlated(store, Question(), "csat")] == [8]
    assert [one.calls for one in correlated(store, Question(test_calls=True), "csat")] == [6]


def test_columns_have_the_events_of_test_calls(store: Store) -> None:
    fill(store)
    with snapshot(store.engine) as connection:
        found = read_columns(connection, Query(test_calls=True), events=("dropout",))
        assert found.events["dropout"].tolist() == [True] * 6
        found = read_columns(connection, Query(), events=("dropout",))
        assert found.events["dropout"].tolist() == [False] * 8


def test_alerts_of_test_calls_are_reckoned_by_themselves(store: Store) -> None:
    fill(store)
    with snapshot(store.engine) as connection:
        found = streams(connection, "", ("trunk",))
    assert {name.endswith(TEST_CALLS): len(calls.at) for (_, name), calls in found.items()} == {False: 8, True: 6}
    assert {name.endswith(TEST_CALLS): sorted(calls.faults) for (_, name), calls in found.items()}[True] == ["dropout"]
