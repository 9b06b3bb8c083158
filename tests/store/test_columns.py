"""Columns of calls say what lists and reports say of them."""

from __future__ import annotations

from datetime import timedelta

import numpy as np

from audioqa.store import Query, Store
from audioqa.store.columns import read_columns
from audioqa.store.database import snapshot
from audioqa.types.trends import Basis
from tests.store.examples import NEW_YEAR, begin, event, flag, item, put, report


def test_columns_are_those_of_the_list(store: Store) -> None:
    run = begin(store)
    late = NEW_YEAR + timedelta(days=2, microseconds=250_000)
    put(store, run, item("b", trunk="T2", start_time=late, tags={"headset": "wired"}))
    put(store, run, item("a", day=1, trunk="T1"), report(2.0, events=(event(), event("hum")), flags=(flag(),)))
    put(store, run, item("c", day=3, trunk="T1"), report(None))
    with snapshot(store.engine) as connection:
        found = read_columns(connection, words=("trunk", "tag.headset", "headset", "version"), events=("dropout",))
        none = read_columns(connection, Query(trunk="T9"), words=("trunk",), events=("dropout",))
        one = read_columns(connection, Query(trunk="T1", until=NEW_YEAR + timedelta(days=2)))
    listed = list(store.calls(Query(sort="oldest")))
    assert found.key.tolist() == [row.key for row in listed]
    assert np.allclose(found.at, [row.at.timestamp() for row in listed], atol=1e-6, rtol=0)
    assert found.duration.tolist() == [row.duration for row in listed]
    assert found.mos[:2].tolist() == [2.0, 4.2]
    assert np.isnan(found.mos[2])
    assert found.flagged.tolist() == [True, False, False]
    assert [found.bases[code] for code in found.basis] == [
        *(Basis("MOS-LQO narrowband", "test"),) * 2,
        Basis("", "test"),
    ]
    assert [found.words["trunk"].values[code] for code in found.words["trunk"].codes] == ["T1", "T2", "T1"]
    assert found.words["tag.headset"].codes.tolist() == found.words["headset"].codes.tolist() == [-1, 0, -1]
    assert found.words["headset"].values == ("wired",)
    assert found.words["version"].values == ("0",)
    assert found.events["dropout"].tolist() == [True, False, False]
    assert one.key.tolist() == [listed[0].key]
    assert len(none.key) == len(none.words["trunk"].codes) == len(none.events["dropout"]) == 0
