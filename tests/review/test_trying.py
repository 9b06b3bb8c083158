"""Other thresholds of a rule are tried on the calls that are there: what they would flag, and how rightly."""

from __future__ import annotations

import pytest

from audioqa.bands import CONTACT_CENTRE
from audioqa.errors import SettingsError
from audioqa.flags import default_rules, make_rules
from audioqa.judging import Judging
from audioqa.review.quality import Share
from audioqa.review.trying import Settable, settable, try_thresholds, values_near
from audioqa.settings import Settings
from audioqa.types import Skipped
from tests.review.examples import Bench

RULES = [
    {"name": "long", "for": "call", "when": "duration >= 60", "reason": "it is long"},
    {"name": "lossy", "for": "call", "when": "network.loss > 1", "reason": "{network.loss:.1f} % lost"},
]
JUDGING = Judging(Settings.model_validate({"flags": {"defaults": False, "rules": RULES}}))


def lossy(bench: Bench, count: int, loss: float, *rules: str, name: str = "") -> None:
    for number in range(count):
        bench.call(f"{name}{loss}-{number}", *rules, network={"loss": loss})


def tried(bench: Bench, *values: float, **more: int) -> dict[float, tuple[int, int]]:
    _, trials = try_thresholds(bench.queue, JUDGING, rule="lossy", field="network.loss", values=values, days=30, **more)
    return {trial.value: (trial.fires.value, trial.queue.value) for trial in trials}


def test_every_number_that_a_rule_compares_once_can_be_set() -> None:
    found = {(one.rule, one.field): one.now for one in settable(default_rules(), CONTACT_CENTRE)}
    assert found["low-mos", "mos"] == CONTACT_CENTRE.attention
    assert (found["dropouts", "count"], found["dropouts", "seconds"]) == (4, 0.25)
    twice = make_rules([{"name": "x", "for": "call", "when": "mos < 3 or mos > 4", "reason": "x"}], defaults=False)
    assert settable(twice, CONTACT_CENTRE) == []


def test_values_lie_around_the_one_in_force() -> None:
    assert values_near(Settable("x", "mos", "<", 3.6)) == [2.8, 3.0, 3.2, 3.4, 3.6, 3.8, 4.0, 4.2]
    assert 0.25 in values_near(Settable("x", "seconds", ">=", 0.25))


def test_calls_that_other_thresholds_would_flag_are_counted(bench: Bench) -> None:
    lossy(bench, 4, 0.5)
    lossy(bench, 6, 2.0, "lossy")
    lossy(bench, 3, 4.0, "lossy")
    lossy(bench, 2, 4.0, "lossy", "long", name="both ")
    lossy(bench, 5, 0.2, "long")
    assert tried(bench, 0.1, 0.4, 3.0, 5.0) == {0.1: (20, 20), 0.4: (15, 20), 1.0: (11, 16), 3.0: (5, 10), 5.0: (0, 7)}


def test_where_there_are_many_some_are_drawn_and_a_range_is_told(bench: Bench) -> None:
    lossy(bench, 40, 2.0, "lossy")
    lossy(bench, 40, 4.0, "lossy")
    _, trials = try_thresholds(
        bench.queue, JUDGING, rule="lossy", field="network.loss", values=[3.0], days=30, drawn=20
    )
    (now, then) = trials
    assert (now.fires.value, now.fires.high) == (80, 80)
    assert now.fires.low < 80
    assert then.fires.low < 40 < then.fires.high
    assert then.fires.low < then.fires.value < then.fires.high


def test_precision_is_of_the_verdicts_on_what_would_be_flagged(bench: Bench) -> None:
    bench.set(sample=0.0, twice=0.0)
    lossy(bench, 5, 2.0, "lossy")
    lossy(bench, 5, 4.0, "lossy")
    for _ in range(10):
        turn = bench.queue.next("ann")
        assert not hasattr(turn, "why")
        bench.queue.rate(turn.key, "ann", 3)  # type: ignore[union-attr]
        good = "4.0" in turn.call_id  # type: ignore[union-attr]
        bench.queue.judge(turn.key, "ann", "confirmed" if good else "false-alarm")  # type: ignore[union-attr]
    _, trials = try_thresholds(bench.queue, JUDGING, rule="lossy", field="network.loss", values=[3.0, 9.0], days=30)
    shares = {trial.value: trial.precision for trial in trials}
    now, stricter, none = shares[1.0], shares[3.0], shares[9.0]
    assert isinstance(now, Share)
    assert isinstance(stricter, Share)
    assert (now.value, stricter.value) == (0.5, 1.0)
    assert isinstance(none, Skipped)


def test_a_threshold_that_there_is_none_of_is_refused(bench: Bench) -> None:
    for rule, field in (("lossy", "mos"), ("nothing", "mos"), ("lossy", "")):
        with pytest.raises(SettingsError, match="has no threshold"):
            try_thresholds(bench.queue, JUDGING, rule=rule, field=field, days=30)
