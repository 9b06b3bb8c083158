"""Speech level: gains of a known size on parties of a known level."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from conversation import AGENT, CUSTOMER, RATE, Samples, conversation, measured

from audioqa.detectors.level import SpeechLevel
from audioqa.types import ActiveLevel, Event


def decibels(samples: Samples, gain: float) -> Samples:
    return samples * np.float32(10 ** (gain / 20))


def nominal() -> list[Samples]:
    """A clean call, both parties at -26 dBov by P.56."""
    parties = conversation()
    channels = measured(parties, [AGENT, CUSTOMER]).channels
    levels = [channel.level.level for channel in channels if isinstance(channel.level, ActiveLevel)]
    return [decibels(party, -26 - level) for party, level in zip(parties, levels, strict=True)]


def found(agent: Samples, customer: Samples) -> list[Event]:
    return list(SpeechLevel()(measured([agent, customer], [AGENT, CUSTOMER])).events)


def test_nominal_speech_is_neither_too_quiet_nor_too_loud() -> None:
    assert found(*nominal()) == []


@pytest.mark.parametrize(
    ("gain", "kind", "severity"),
    [(-7, None, None), (-10, "too-quiet", "warning"), (-18, "too-quiet", "severe"), (15, "too-loud", "warning")],
)
def test_a_level_where_listeners_object_is_reported(gain: float, kind: str | None, severity: str | None) -> None:
    agent, customer = (decibels(party, gain) for party in nominal())
    events = found(agent, customer)
    assert {(event.kind, event.severity) for event in events} == ({(kind, severity)} if kind else set())
    assert {event.channel for event in events} == ({"agent", "customer"} if kind else set())
    for event in events:
        assert event.evidence["level_dbov"] == pytest.approx(-26 + gain, abs=0.5)


def test_parties_far_apart_are_unbalanced() -> None:
    agent, customer = nominal()
    (event,) = found(decibels(agent, 6), decibels(customer, -7))
    assert (event.kind, event.channel) == ("unbalanced", None)
    assert event.evidence["louder"] == "agent"
    assert event.evidence["difference_db"] == pytest.approx(13, abs=1)
    assert found(decibels(agent, 4), decibels(customer, -4)) == []


@pytest.mark.parametrize("gain", [-12.0, 11.0])
def test_a_gain_that_is_switched_within_a_turn_is_a_jump(gain: float) -> None:
    agent, customer = conversation()
    agent[round(29.5 * RATE) :] *= np.float32(10 ** (gain / 20))
    jumps = [event for event in found(agent, customer) if event.kind == "level-jump"]
    assert [event.channel for event in jumps] == ["agent"]
    assert jumps[0].segment.start == pytest.approx(29.5, abs=0.3)
    assert jumps[0].evidence["change_db"] == pytest.approx(gain, abs=4)


def test_noise_that_rises_in_every_pause_is_pumped() -> None:
    agent, customer = conversation(floor=-55)
    gain = np.ones(len(agent))
    time = np.arange(len(agent)) / RATE
    for (_, end), (start, _) in pairwise(AGENT):
        pause = (time >= end) & (time < start)
        gain[pause] = 10 ** (12 * np.clip((time[pause] - end) / 2.0, 0, 1) / 20)
    (event,) = found((agent * gain).astype(np.float32), customer)
    assert (event.kind, event.channel) == ("gain-pumping", "agent")
    assert event.evidence["rise_db"] == pytest.approx(12, abs=3)


def test_too_little_speech_is_skipped() -> None:
    agent, customer = conversation()
    skipped = SpeechLevel()(measured([agent, customer], [AGENT, ((6.4, 8.0),)])).skipped
    assert {(skip.kind, skip.channel) for skip in skipped} >= {("too-quiet", "customer"), ("level-jump", "customer")}


def test_most_jumps_in_mid_word_are_placed_within_50_ms() -> None:
    power = np.square(conversation()[0]).reshape(-1, RATE // 100).mean(axis=1)
    within = np.convolve(power > 10 ** (-32 / 10), np.ones(11), mode="same") > 10
    off: list[float] = []
    for place in np.flatnonzero(within[2850:3100])[::10] / 100 + 28.5:
        agent, customer = conversation(floor=-60)
        agent[round(place * RATE) :] *= np.float32(10 ** (-10 / 20))
        (jump,) = [event for event in found(agent, customer) if event.kind == "level-jump"]
        off.append(abs(jump.segment.start - place))
    assert len(off) >= 4
    assert np.median(off) < 0.05


def test_the_echo_of_a_talker_is_no_level_of_the_silent_party() -> None:
    agent, _ = conversation()
    echo = np.roll(agent, round(0.1 * RATE)) * np.float32(10 ** (-20 / 20))
    events = SpeechLevel()(measured([agent, echo], [AGENT, AGENT])).events
    assert [event for event in events if event.channel == "customer"] == []
