"""Calls read as columns are the calls that were written."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np

from audioqa.lab.month import Month, make_month
from audioqa.lab.month_plan import Upgrade, read_plan
from audioqa.lab.month_store import fill
from audioqa.store import Query, Store

KINDS = ("dropout", "one-way-audio", "never-heard-of", "low-mos")


def month() -> Month:
    upgrade = Upgrade(datetime(2026, 6, 15, tzinfo=UTC), "callmos 2 made up", -0.1)
    return make_month(replace(read_plan(), calls=300, upgrade=upgrade))


def test_columns_hold_what_was_written(store: Store) -> None:
    written = month()
    fill(store, written)
    columns = store.columns(tags=["headset"], kinds=KINDS)
    order = np.argsort(columns.keys)
    assert np.array_equal(columns.mos[order], written.mos, equal_nan=True)
    for name in ("trunk", "site", "codec", "headset"):
        labels = columns.labels[name]
        read = [labels.names[code] for code in labels.codes[order]]
        assert read == [written.labels[name].names[code] for code in written.labels[name].codes], name
    for kind in KINDS[:2]:
        assert np.array_equal(columns.events[kind][order], written.events[kind] > 0), kind
    assert columns.events["dropout"].any()
    assert not columns.events["never-heard-of"].any()
    assert not columns.events["low-mos"].any()  # which flags some of them, and is no event
    hours = [datetime.fromtimestamp(at, UTC) for at in written.at]
    assert columns.labels["hour"].codes[order].tolist() == [one.hour for one in hours]
    assert columns.labels["weekday"].codes[order].tolist() == [one.weekday() for one in hours]
    made_by = [columns.made_by.names[code] if code >= 0 else None for code in columns.made_by.codes[order]]
    assert made_by == [
        None if np.isnan(mos) else f"MOS-LQO narrowband; {written.labels['estimator'].names[code]}"
        for mos, code in zip(written.mos, written.labels["estimator"].codes, strict=True)
    ]


def test_columns_are_of_the_calls_that_were_asked_for(store: Store) -> None:
    written = month()
    fill(store, written)
    until = datetime(2026, 6, 12, tzinfo=UTC)
    chosen = (written.at < until.timestamp()) & written.labels["carrier"].where("carrier 2")
    columns = store.columns(Query(until=until, carrier="carrier 2"), kinds=KINDS)
    assert len(columns) == chosen.sum() > 0
    assert columns.events["dropout"].sum() == (written.events["dropout"][chosen] > 0).sum()
    nothing = store.columns(Query(carrier="carrier 99"), tags=["headset"], kinds=KINDS)
    assert len(nothing) == 0
    assert set(nothing.labels) == set(columns.labels) | {"headset"}


def test_tags_that_are_words_are_found_and_those_that_are_figures_are_not(store: Store) -> None:
    fill(store, month())
    assert store.tag_names() == ["connection", "country", "headset"]
