"""In however many pieces calls come, and however late: the alerts are those of a replay."""

from __future__ import annotations

from functools import cache

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.made import DAY, HOUR, MONDAY, SCALE, calls_of, rules
from audioqa.alerts import Calls, Watch, replay
from audioqa.alerts.alert import from_plain, to_plain

RULES = (
    *rules(name="drop", kind="drop"),
    *rules(name="below", kind="below"),
    *rules(name="cluster", kind="cluster", calls=5),
    *rules(name="standing", kind="standing", days=2),
    *rules(name="hours", kind="hours", days=2, by=["trunk"]),
)


@cache
def month() -> Calls:
    """Three days with an outage, and a trunk that stays bad."""

    def lower(at: float, trunk: int) -> float:
        if trunk == 1 and 1.4 * DAY <= at < 1.5 * DAY:
            return 1.2
        return 0.6 if trunk == 2 and at >= 2.2 * DAY else 0.0

    return calls_of(3.0, each_hour=25, lower=lower, fault=lambda at, trunk: trunk == 1 and 1.4 * DAY <= at < 1.5 * DAY)


@settings(max_examples=12, deadline=None)
@given(st.data())
def test_any_split_into_pieces_in_any_order_gives_what_a_replay_gives(data: st.DataObject) -> None:
    calls = month()
    expected = replay(calls, RULES, scale=SCALE)
    assert {alert.rule for alert in expected} >= {"drop", "below", "cluster"}
    pieces = data.draw(st.integers(1, 4))
    late = data.draw(st.floats(0.0, 1.0))
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    belongs = np.minimum((np.arange(len(calls)) * pieces) // len(calls), pieces - 1)
    delayed = rng.random(len(calls)) < late * 0.3
    belongs = np.where(delayed, rng.integers(0, pieces, len(calls)), belongs)
    watch = Watch(RULES, SCALE)
    for piece in rng.permutation(pieces) if late > 0.7 else range(pieces):
        some = calls.take(np.flatnonzero(belongs == piece))
        watch = watch.add(some, until=float(some.at[-1]) if len(some) else None)
    watch = watch.add(calls.take(np.arange(0)))
    assert tuple(sorted(watch.alerts, key=lambda one: (one.spells[0].fired, one.name))) == expected


def test_an_alert_that_was_over_is_open_again_when_late_calls_say_so() -> None:
    calls = calls_of(2.5, lower=lambda at, trunk: 1.0 if trunk == 1 and at >= 1.5 * DAY else 0.0)
    rng = np.random.default_rng(5)
    # What was first heard of the bad time is well: those of the trunk that are bad come late.
    bad = (calls.labels["trunk"].codes == 1) & (calls.at >= MONDAY + 1.7 * DAY)
    early = ~bad
    watch = Watch(rules(kind="drop"), SCALE).add(calls.take(np.flatnonzero(early)))
    well = calls_of(2.5, seed=7)
    well = well.take(np.flatnonzero((well.labels["trunk"].codes == 1) & (well.at >= MONDAY + 1.7 * DAY)))
    some = type(well)(well.key + 10**6, well.at, well.duration, well.mos, well.labels, well.faults)
    watch = watch.add(some)
    (alert,) = watch.alerts
    assert alert.state == "recovered"
    assert rng is not None
    again = watch.add(calls.take(np.flatnonzero(bad)))
    assert again.alerts != watch.alerts


def test_calls_of_weeks_ago_are_forgotten_and_nothing_changes() -> None:
    calls = month()
    watch = Watch(RULES, SCALE).add(calls.between(0.0, MONDAY + 2.5 * DAY))
    cut = watch.without_before(MONDAY + 2 * DAY)
    rest = calls.between(MONDAY + 2.5 * DAY, float("inf"))
    assert cut.add(rest).alerts == watch.add(rest).alerts
    assert min(cut.begun) == MONDAY + 2 * DAY


def test_a_checkpoint_is_read_as_it_was_written() -> None:
    for alert in replay(month(), RULES, scale=SCALE):
        assert from_plain(to_plain(alert)) == alert


def test_a_bucket_that_is_not_over_is_left_for_later() -> None:
    calls = month()
    until = MONDAY + 1.45 * DAY
    early = Watch(RULES, SCALE).add(calls.between(0.0, until), until=until)
    assert early.alerts == Watch(RULES, SCALE).add(calls, until=until).alerts
    assert all(spell.fired < until for alert in early.alerts for spell in alert.spells)
    assert HOUR
