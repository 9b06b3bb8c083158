"""What a replay finds: calls whose fault is known."""

from __future__ import annotations

import numpy as np
import pytest

from alerts.made import DAY, HOUR, MONDAY, SCALE, calls_of, rules
from audioqa.alerts import make_alert_rules, make_calls, replay
from audioqa.alerts.columns import join


def test_nothing_is_said_of_calls_that_stay_as_they_are() -> None:
    assert replay(calls_of(4.0), make_alert_rules([]), scale=SCALE) == ()


def test_a_trunk_that_drops_is_named_and_not_its_carrier_or_its_agents() -> None:
    calls = calls_of(lower=lambda at, trunk: 0.5 if trunk == 2 and at >= 2.4 * DAY else 0.0)
    (alert,) = replay(calls, rules(kind="drop"), scale=SCALE)
    assert (alert.by, alert.value, alert.state) == ("trunk", "T2", "open")
    assert abs(alert.spells[0].since - (MONDAY + 2.4 * DAY)) < 2 * HOUR
    assert alert.spells[0].fired >= MONDAY + 2.4 * DAY
    assert alert.before - alert.after == pytest.approx(0.5, abs=0.15)


def test_a_carrier_that_drops_is_one_alert() -> None:
    calls = calls_of(lower=lambda at, trunk: 0.5 if trunk in (2, 3) and at >= 2.4 * DAY else 0.0)
    found = [one for one in replay(calls, rules(kind="drop"), scale=SCALE) if not one.part_of]
    assert [(one.by, one.value) for one in found] == [("carrier", "C1")]


def test_an_outage_is_over_when_calls_are_well_again_and_the_next_one_is_the_same_alert() -> None:
    bad = lambda at, trunk: 1.2 if trunk == 1 and any(b <= at < b + 3 * HOUR for b in (1.5 * DAY, 2.5 * DAY)) else 0.0  # noqa: E731
    (alert,) = replay(calls_of(lower=bad), rules(kind="drop"), scale=SCALE)
    assert alert.state == "recovered"
    assert len(alert.spells) == 2
    for spell, began in zip(alert.spells, (1.5 * DAY, 2.5 * DAY), strict=True):
        assert spell.until is not None
        assert abs(spell.until - (MONDAY + began + 3 * HOUR)) < HOUR


def test_gradual_noise_of_one_bad_call_is_no_recovery() -> None:
    calls = calls_of(lower=lambda at, trunk: 0.4 if trunk == 0 and at >= 1.5 * DAY else 0.0)
    (alert,) = replay(calls, rules(kind="drop"), scale=SCALE)
    assert len(alert.spells) == 1
    assert alert.is_open


def test_mos_below_a_line_for_five_minutes_of_call_time() -> None:
    calls = calls_of(1.0, lower=lambda at, trunk: 0.9 if trunk == 3 and 6 * HOUR <= at < 12 * HOUR else 0.0)
    (alert,) = replay(calls, rules(kind="below", line=4.0), scale=SCALE)
    assert (alert.value, alert.state, alert.before) == ("T3", "recovered", 4.0)
    assert 6 * HOUR <= alert.spells[0].fired - MONDAY < 8 * HOUR


@pytest.mark.parametrize(("seconds", "fires"), [(10.0, False), (40.0, True)])
def test_below_a_line_asks_for_call_time_and_not_for_calls_alone(seconds: float, *, fires: bool) -> None:
    count = 8
    calls = make_calls(
        range(count),
        [MONDAY + 60.0 * number for number in range(count)],
        duration=[seconds] * count,
        mos=[3.5] * count,
        labels={"trunk": ["T1"] * count},
    )
    rule = rules(kind="below", by=["trunk"], certain=False)
    assert bool(replay(calls, rule, scale=SCALE)) is fires


def test_a_line_says_nothing_of_another_scale() -> None:
    calls = calls_of(1.0, lower=lambda at, trunk: 1.0)  # noqa: ARG005
    assert replay(calls, rules(kind="below"), scale="MOS-LQO wideband") == ()
    assert replay(calls, rules(kind="below"), scale=SCALE) != ()


def test_a_band_set_can_be_the_line() -> None:
    (rule,) = rules(kind="below", line="ai-voice")
    assert rule.line == 4.2


def test_a_cluster_is_told_from_its_first_call_on() -> None:
    calls = calls_of(2.0, fault=lambda at, trunk: trunk == 1 and 1.6 * DAY <= at < 1.75 * DAY)
    (alert,) = replay(calls, rules(kind="cluster", calls=5), scale=SCALE)
    assert (alert.by, alert.value, alert.detail) == ("trunk", "T1", "dropout")
    first = calls.at[np.searchsorted(calls.key, alert.first)]
    assert 0 <= first - (MONDAY + 1.6 * DAY) < HOUR
    assert alert.state == "recovered"


def test_hours_that_are_worse_day_after_day_are_a_habit() -> None:
    bad = lambda at, trunk: 0.25 if trunk == 2 and 17 <= at % DAY / HOUR < 20 else 0.0  # noqa: E731
    calls = calls_of(7.0, each_hour=24, lower=bad)
    (alert,) = replay(calls, rules(kind="hours", by=["trunk"], calls=30), scale=SCALE)
    assert alert.value == "T2"
    assert alert.detail in ("16-19", "17-20", "18-21")
    assert 17 <= (alert.spells[0].fired % DAY) / HOUR < 20


def test_an_agent_who_is_worse_than_the_others_all_the_time() -> None:
    calls = calls_of(5.0)
    bad = calls.labels["agent"].codes == 3
    worse = type(calls)(
        calls.key, calls.at, calls.duration, np.where(bad, calls.mos - 0.5, calls.mos), calls.labels, calls.faults
    )
    (alert,) = replay(worse, rules(kind="standing", by=["agent"]), scale=SCALE)
    assert (alert.value, alert.kind) == ("agent 3", "standing")
    assert replay(calls, rules(kind="standing", by=["agent"]), scale=SCALE) == ()


def test_calls_of_two_parts_are_those_of_one() -> None:
    calls = calls_of(1.0)
    odd = calls.take(np.arange(len(calls)) % 2 == 1)
    together = join((odd, calls.take(np.arange(len(calls)) % 2 == 0)))
    assert together.key.tolist() == calls.key.tolist()
    assert all((together.labels[name].codes == calls.labels[name].codes).all() for name in calls.labels)
