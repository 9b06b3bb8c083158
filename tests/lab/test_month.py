"""A month of made-up calls: what a plan says is in it, and nothing else; a store gives back what was written."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from audioqa.errors import SettingsError
from audioqa.lab.month import make_month
from audioqa.lab.month_plan import Fact, Upgrade, read_plan
from audioqa.lab.month_store import fill
from audioqa.render.as_json import from_plain
from audioqa.store import Query, open_store

PLAN = replace(read_plan(), calls=20_000)


def test_a_planted_fact_lowers_its_calls_and_no_others() -> None:
    plain = make_month(replace(PLAN, facts=()))
    for fact in PLAN.facts:
        month = make_month(replace(PLAN, facts=(fact,)))
        hit = month.met[fact.name]
        assert hit.any(), fact.name
        assert np.array_equal(month.mos[~hit], plain.mos[~hit], equal_nan=True), fact.name
        lost = np.nanmean(plain.mos[hit]) - np.nanmean(month.mos[hit])
        assert lost == pytest.approx(fact.drop, abs=0.12 + 0.1 * fact.drop), fact.name
        for kind, odds in fact.events.items():
            more = month.events[kind][hit].mean() - plain.events[kind][hit].mean()
            assert more == pytest.approx(odds, abs=4 * np.sqrt(0.25 / hit.sum())), (fact.name, kind)


def test_a_fact_holds_within_its_hours_and_days_only() -> None:
    night = Fact("night", hours=(22.0, 6.0), drop=1.0)
    friday = Fact("friday", weekdays=(4,), since=datetime(2026, 6, 10, tzinfo=UTC), drop=1.0)
    month = make_month(replace(PLAN, facts=(night, friday)))
    hours = {datetime.fromtimestamp(at, UTC).hour for at in month.at[month.met["night"]]}
    assert hours == {22, 23, 0, 1, 2, 3, 4, 5}
    days = {datetime.fromtimestamp(at, UTC).date().isoformat() for at in month.at[month.met["friday"]]}
    assert days == {"2026-06-12", "2026-06-19", "2026-06-26"}


def test_the_same_seed_gives_the_same_month_and_another_one_another() -> None:
    first, again, other = make_month(PLAN), make_month(PLAN), make_month(replace(PLAN, seed=2))
    assert np.array_equal(first.mos, again.mos, equal_nan=True)
    assert not np.array_equal(first.at, other.at)


def test_an_upgrade_changes_model_and_scale_from_its_moment_on() -> None:
    since = datetime(2026, 6, 15, tzinfo=UTC)
    plain = make_month(replace(PLAN, facts=()))
    month = make_month(replace(PLAN, facts=(), upgrade=Upgrade(since, "callmos 2 made up", -0.3)))
    after = month.labels["estimator"].where("callmos 2 made up")
    assert np.array_equal(after, month.at >= since.timestamp())
    assert np.nanmean(plain.mos[after] - month.mos[after]) == pytest.approx(0.3, abs=0.02)


def test_a_fact_about_what_the_month_does_not_have_is_refused() -> None:
    for fact, words in (
        (Fact("x", where={"planet": "Mars"}), "no column 'planet'"),
        (Fact("x", where={"carrier": "carrier 99"}), "no carrier 'carrier 99'; there are"),
        (Fact("x", events={"thunder": 1.0}), "no event 'thunder'"),
        (Fact("x", network={"thunder": 1.0}), "no figure 'thunder'"),
    ):
        with pytest.raises(SettingsError, match=words):
            make_month(replace(PLAN, calls=1000, facts=(fact,)))


def test_a_plan_that_is_none_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "plan.toml"
    for text in ("calls = ", "calls = 3", 'start = 2026-06-01\nseed = 1\ncalls = 9\ndays = 2\nwhat = "?"'):
        path.write_text(text)
        with pytest.raises(SettingsError, match=r"plan\.toml"):
            read_plan(path)
    with pytest.raises(SettingsError, match="cannot be read"):
        read_plan(tmp_path / "none.toml")


def test_a_store_gives_back_the_calls_of_a_month(tmp_path: Path) -> None:
    month = make_month(replace(PLAN, calls=400))
    with open_store(str(tmp_path / "calls.db")) as store:
        fill(store, month)
        rows = list(store.calls(Query(sort="oldest")))
        assert [row.at.timestamp() for row in rows] == pytest.approx(month.at.tolist(), abs=1e-3)
        assert [row.mos for row in rows] == [None if np.isnan(mos) else mos for mos in month.mos]
        shown = from_plain(store.show("month-00000007").content)
        assert sum(event.kind == "dropout" for event in shown.events) == month.events["dropout"][7]
        with_dropouts = {row.key for row in store.calls(Query(event="dropout"))}
        assert with_dropouts == {row.key for row, count in zip(rows, month.events["dropout"], strict=True) if count}
        assert rows[7].info.carrier == month.labels["carrier"].names[month.labels["carrier"].codes[7]]
        assert rows[7].info.tags["headset"] in month.labels["headset"].names
