"""Faults of the recorder: copies, clocks, lost blocks and late legs of known size; two strangers share nothing."""

from __future__ import annotations

import numpy as np
import pytest
import soxr
from conversation import AGENT, CUSTOMER, RATE, SECONDS, Samples, conversation, measured, turns

from audioqa.detectors.recorder import RecorderLegs
from audioqa.types import Finding

TALK = tuple((start, start + 4.0) for start in np.arange(0.5, 594.0, 6.0))
LONG = 600.0


def found(parties: list[Samples]) -> tuple[Finding, ...]:
    return RecorderLegs()(measured(parties, [AGENT, CUSTOMER])).findings


def late_by(signal: Samples, seconds: float) -> Samples:
    count = round(seconds * RATE)
    return np.concatenate([np.zeros(count, np.float32), signal[: len(signal) - count]])


def at_clock(signal: Samples, ppm: float) -> Samples:
    """The same length of it from a clock that is so much fast: events come later and later."""
    out = soxr.resample(signal.astype(np.float64), 1e6, 1e6 + ppm).astype(np.float32)
    return np.pad(out, (0, max(0, len(signal) - len(out))))[: len(signal)]


@pytest.fixture(scope="module")
def mixed() -> Samples:
    agent, customer = conversation()
    return agent + customer


@pytest.fixture(scope="module")
def ten_minutes() -> Samples:
    return turns(LONG, TALK, seed=9)


def test_two_parties_share_nothing() -> None:
    for seed in range(4):
        assert found(conversation(seed=10 * seed)) == ()


def test_one_signal_on_both_channels_is_a_copy(mixed: Samples) -> None:
    (finding,) = found([mixed, mixed])
    assert (finding.kind, finding.severity) == ("copied-channel", "warning")
    assert finding.evidence["correlation"] == 1


@pytest.mark.parametrize("seconds", [0.02, -0.137, 2.2])
def test_a_copy_that_is_late_is_found_with_its_shift_whatever_its_gain(mixed: Samples, seconds: float) -> None:
    legs = [mixed, late_by(mixed, abs(seconds)) * np.float32(0.5)]
    (finding,) = found(legs if seconds > 0 else legs[::-1])
    assert finding.kind == "shifted-channel"
    assert finding.evidence["shift_ms"] == pytest.approx(1000 * seconds, abs=2)


def test_a_copy_under_noise_that_leaves_a_correlation_of_nine_tenths_is_found(mixed: Samples) -> None:
    noise = np.random.default_rng(1).standard_normal(len(mixed)) * np.std(mixed) * np.sqrt(1 / 0.9**2 - 1)
    noisy = (mixed + noise).astype(np.float32)
    assert np.corrcoef(mixed, noisy)[0, 1] == pytest.approx(0.9, abs=0.01)
    assert [finding.kind for finding in found([mixed, noisy])] == ["copied-channel"]


def test_an_echo_that_stays_where_it_is_is_the_calls_and_not_the_recorders() -> None:
    agent, customer = conversation()
    assert found([agent, customer + late_by(agent, 0.2) * np.float32(0.125)]) == ()


@pytest.mark.parametrize("ppm", [50, -200])
def test_clocks_that_disagree_show_in_copies_of_ten_minutes(ten_minutes: Samples, ppm: float) -> None:
    clocks = [f for f in found([ten_minutes, at_clock(ten_minutes, ppm)]) if f.kind == "clock-drift"]
    (finding,) = clocks
    assert finding.evidence["ppm"] == pytest.approx(ppm, abs=5)


def test_clocks_that_disagree_show_in_an_echo(ten_minutes: Samples) -> None:
    gaps = tuple((start + 4.3, start + 5.8) for start, _ in TALK)
    other = turns(LONG, gaps, seed=17) + late_by(ten_minutes, 0.1) * np.float32(0.1)
    (finding,) = found([ten_minutes, at_clock(other, 100)])
    assert finding.kind == "clock-drift"
    assert finding.evidence["ppm"] == pytest.approx(100, abs=15)


@pytest.mark.parametrize("ppm", [10_000, -20_000])
def test_a_leg_at_another_speed_is_found_with_its_speed(mixed: Samples, ppm: float) -> None:
    (finding,) = [f for f in found([mixed, at_clock(mixed, ppm)]) if f.kind == "leg-speed"]
    assert finding.evidence["ppm"] == pytest.approx(ppm, abs=50)
    assert finding.severity == "severe"


@pytest.mark.parametrize(("lost", "channel"), [(True, "customer"), (False, "agent")])
def test_a_block_that_one_leg_lost_or_doubled_is_found(ten_minutes: Samples, lost: bool, channel: str) -> None:
    at, count = 300 * RATE, round(0.060 * RATE)
    pieces = [ten_minutes[:at], ten_minutes[at + count :]] if lost else [ten_minutes[:at], ten_minutes[at - count :]]
    other = np.concatenate([*pieces, np.zeros(count, np.float32)])[: len(ten_minutes)]
    (finding,) = [f for f in found([ten_minutes, other]) if f.kind != "copied-channel"]
    assert (finding.kind, finding.channel) == ("leg-skip", channel)
    assert finding.evidence["milliseconds"] == pytest.approx(60, abs=2)
    assert finding.segment is not None
    assert finding.segment.start < 300 < finding.segment.end


def test_a_leg_that_begins_late_is_found_and_a_party_that_listens_is_not() -> None:
    agent, customer = conversation()
    late = customer.copy()
    late[: round(8.0 * RATE)] = 0.0
    (finding,) = found([agent, late])
    assert (finding.kind, finding.channel, finding.severity) == ("late-leg", "customer", "warning")
    assert finding.segment is not None
    assert finding.segment.end == pytest.approx(8.0, abs=0.02)


def test_a_leg_behind_a_gate_is_not_late() -> None:
    agent, customer = conversation()
    gated = customer.copy()
    spoken = np.zeros(len(gated), dtype=bool)
    for start, end in CUSTOMER:
        spoken[round(start * RATE) : round(end * RATE)] = True
    gated[~spoken] = 0.0
    assert found([agent, gated]) == ()


def test_one_channel_says_nothing_of_legs(mixed: Samples) -> None:
    assert RecorderLegs()(measured([mixed], [AGENT])).findings == ()
    assert len(mixed) == round(SECONDS * RATE)
