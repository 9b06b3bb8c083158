"""Questions about trends: bases side by side, rolling days, what is narrowed, what is refused."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from audioqa.errors import SettingsError
from audioqa.store import Query, Store, open_store
from audioqa.trends.report import Question, answer, answers
from audioqa.types.trends import Estimate, TooFew, TrendRow
from tests.store.examples import NEW_YEAR, begin, item, put, report

FEW = {"least": 2, "levels": (50.0,), "incidents": ()}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A store without calls."""
    with open_store(str(tmp_path / "calls.db")) as opened:
        yield opened


def scored(store: Store, run: int, name: str, mos: float | None, *, estimator: str = "one", **about: Any) -> None:
    """Put a call with a MOS that an estimator gave."""
    put(store, run, item(name, **about), replace(report(mos), estimator=estimator), content=f"{name} {estimator}")


def value(row: TrendRow) -> float:
    assert isinstance(row.mos, Estimate)
    return round(row.mos.value, 4)


def test_scores_of_two_estimators_stand_side_by_side(store: Store) -> None:
    run = begin(store)
    for number in range(4):
        scored(store, run, f"a{number}", 4.0, trunk="T1")
        scored(store, run, f"b{number}", 3.0, trunk="T1", estimator="two")
    scored(store, run, "none", None, trunk="T1", estimator="two")
    trend = answer(store, Question(by=("trunk",), **FEW))
    assert [(row.estimator, row.calls, row.scored, value(row)) for row in trend.rows] == [
        ("one", 4, 4, 4.0),
        ("two", 5, 4, 3.0),
    ]
    assert trend.bases == (("MOS-LQO narrowband", "one"), ("MOS-LQO narrowband", "two"))


def test_calls_without_a_mos_alone_have_no_scale(store: Store) -> None:
    run = begin(store)
    for number in range(3):
        scored(store, run, f"{number}", None)
    (row,) = answer(store, Question(by=(), **FEW)).rows
    assert (row.scale, row.calls, row.scored, row.mos) == ("", 3, 0, TooFew(0, 2))
    assert isinstance(row.flagged, Estimate)


def test_a_rolling_figure_takes_in_the_days_before(store: Store) -> None:
    run = begin(store)
    for day, mos in ((0, 4.0), (1, 2.0), (5, 3.0)):
        for number in range(2):
            scored(store, run, f"{day} {number}", mos, day=day, trunk="T1")
    trend = answer(store, Question(by=("day", "trunk"), rolling=3, **FEW))
    assert trend.calls == 6
    assert [(row.values[0], row.calls, value(row)) for row in trend.rows] == [
        ("2026-01-01", 2, 4.0),
        ("2026-01-02", 4, 3.0),
        ("2026-01-03", 4, 3.0),
        ("2026-01-04", 2, 2.0),
        ("2026-01-06", 2, 3.0),
    ]
    assert trend.rows[1].percentiles == (TooFew(4, 6),)  # the median of 5 may lie beyond all of them


def test_the_time_is_kept_to_the_minute_and_words_narrow(store: Store) -> None:
    run = begin(store)
    for minute in range(6):
        at = NEW_YEAR + timedelta(minutes=minute)
        scored(
            store, run, f"{minute}", 4.0, start_time=at, trunk="T1", tags={"headset": "wired" if minute < 5 else "x"}
        )
    question = Question(by=("trunk",), since=NEW_YEAR + timedelta(minutes=1), until=NEW_YEAR + timedelta(minutes=4))
    assert answer(store, question).calls == 3
    query = Query(trunk="T1", tags={"headset": "wired"})
    assert answer(store, question.about(query)).calls == 5
    assert answer(store, Question(where={"trunk": "T2"})).rows == ()
    assert answer(store, Question(where={"headset": "x"})).calls == 1


def test_the_share_below_is_that_of_the_list(store: Store) -> None:
    run = begin(store)
    rng = np.random.default_rng(4)
    for number in range(60):
        scored(store, run, f"{number}", float(round(rng.choice([3.5999, 3.6, 3.6001, 3.59]), 4)))
    (row,) = answer(store, Question(by=(), threshold=3.6)).rows
    assert isinstance(row.below, Estimate)
    assert round(row.below.value * 60) == len(list(store.calls(Query(mos_below=3.6))))


def test_several_questions_are_read_once(store: Store) -> None:
    run = begin(store)
    for number in range(40):
        scored(store, run, f"{number}", 4.0, day=number % 3, trunk=f"T{number % 2}", agent="A")
    question = Question(**FEW)
    several = [("trunk",), ("day",), ("trunk", "agent")]
    assert answers(store, question, several) == [answer(store, replace(question, by=by)) for by in several]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"by": ("trunk", "trunk")}, "different names"),
        ({"by": (" ",)}, "different names"),
        ({"zone": "Mars"}, "no time zone 'Mars'"),
        ({"threshold": 3.605}, "two decimals"),
        ({"threshold": 9.0}, "from 1 to 5"),
        ({"levels": (0.0,)}, "above 0 and below 100"),
        ({"least": 1}, "2 calls at least"),
        ({"rolling": 7, "by": ("trunk",)}, "by day"),
        ({"since": datetime(2026, 1, 2, tzinfo=UTC), "until": datetime(2026, 1, 1, tzinfo=UTC)}, "ends before"),
    ],
)
def test_what_cannot_be_asked_is_said(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        Question(**wrong)


def test_too_many_groups_are_refused(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    from audioqa.trends import counting

    monkeypatch.setattr(counting, "MOST", 3)
    run = begin(store)
    for number in range(4):
        scored(store, run, f"{number}", 4.0, agent=f"A{number}")
    with pytest.raises(SettingsError, match="more than 3 groups"):
        answer(store, Question(by=("agent",)))


def test_many_different_words_are_counted_like_few(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    from audioqa.trends import counting

    run = begin(store)
    for number in range(100):
        scored(store, run, f"{number}", 4.0, agent=f"A{number % 90}", trunk=f"T{number % 7}")
    question = Question(by=("agent", "trunk"), **FEW)
    usual = answer(store, question)
    monkeypatch.setattr(counting, "_SMALL", 1)  # sorted in place of looked up
    assert answer(store, question) == usual
