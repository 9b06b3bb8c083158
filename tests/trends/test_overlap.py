"""Calls scored with two estimators: pairs are kept, drawn and put together; the report stays."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from audioqa.engines import Outcome, Task
from audioqa.render.as_json import to_json
from audioqa.store import Query, Store, open_store
from audioqa.store.database import snapshot
from audioqa.store.trend_tables import trend_overlaps
from audioqa.trends.overlap import score_overlap, shifts
from audioqa.types import Failure
from audioqa.types.trends import Estimate, TooFew
from tests.store.examples import begin, hashed, item, put, report


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A store without calls."""
    with open_store(str(tmp_path / "calls.db")) as opened:
        yield opened


def again(store: Store, run: int, name: str, mos: float, *, sound: str | None = None) -> None:
    """Score a call anew with another estimator, as a batch with other settings does."""
    made = replace(report(mos), estimator="two", recording=replace(report().recording, path="/x"))
    store.record(run, item(name), hashed(sound or f"{name}.wav"), to_json(made, indent=None), digest="e" * 64)


def count(store: Store) -> int:
    with snapshot(store.engine) as connection:
        return int(connection.execute(select(func.count()).select_from(trend_overlaps)).scalar_one())


def test_a_call_that_is_scored_anew_leaves_a_pair_if_its_sound_is_the_same(store: Store) -> None:
    run = begin(store)
    for number in range(4):
        put(store, run, item(f"{number}"), report(4.0 - 0.1 * number))
    for number in range(3):
        again(store, run, f"{number}", 3.8 - 0.1 * number)
    again(store, run, "3", 1.0, sound="another sound")
    (shift,) = shifts(store, Query(), least=2)
    assert (shift.estimator, shift.other_estimator, shift.calls) == ("test", "two", 3)
    assert isinstance(shift.difference, Estimate)
    assert shift.difference.value == pytest.approx(-0.2)
    assert [(low, high, calls) for low, high, calls, _ in shift.by_level] == [
        (1.0, 3.1, 0),
        (3.1, 3.6, 0),
        (3.6, 4.0, 2),
        (4.0, 5.0, 1),
    ]
    assert shifts(store, Query(), least=30)[0].difference == TooFew(3, 30)
    assert shifts(store, Query(trunk="T9"), least=2) == []
    put(store, run, item("0"), report(4.0))  # the same estimator again: nothing new
    assert count(store) == 4
    store.delete("0")
    assert count(store) == 2


def test_a_sample_is_scored_once_more_and_reports_stay(store: Store) -> None:
    run = begin(store)
    for number in range(6):
        put(store, run, item(f"{number}"), report(4.0))
    put(store, run, item("none"), report(None))

    def work(task: Task, _: Any) -> Outcome:
        name = task.item.files[0].location.rpartition("/")[2]
        if name == "5.wav":
            return Outcome(0, failure=Failure("missing", "it is gone"))
        made = replace(report(None if name == "4.wav" else 3.7), estimator="two")
        sound = "other" if name == "3.wav" else name
        return Outcome(0, hashed(sound).files, None, to_json(made, indent=None))

    told = {call.info.call_id: why for call, why in score_overlap(store, Query(), work, "two", most=10)}
    assert told == {
        "0": "",
        "1": "",
        "2": "",
        "3": "its recording is another one than was scored",
        "4": "no MOS: too little speech on channel 1",
        "5": "it is gone",
    }
    (shift,) = shifts(store, Query(), least=2)
    assert isinstance(shift.difference, Estimate)
    assert (shift.calls, round(shift.difference.value, 4)) == (3, -0.3)
    assert store.show("0").content["mos"]["value"] == 4.0
    once_more = {call.info.call_id for call, _ in score_overlap(store, Query(), work, "two", most=10)}
    assert once_more == {"3", "4", "5"}
    assert json.dumps(store.show("1").content["estimator"]) == '"test"'
