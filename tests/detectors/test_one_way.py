"""One-way audio: a leg that is broken, and all that looks like it."""

from __future__ import annotations

import numpy as np
import pytest
from conversation import AGENT, RATE, SECONDS, conversation, measured, turns

from audioqa.detectors.one_way import OneWayAudio
from audioqa.perceptual.callmos_layout import KINDS
from audioqa.types import Detection


def test_a_leg_that_carries_nothing_is_found() -> None:
    agent, customer = conversation()
    (event,) = OneWayAudio()(measured([agent, np.zeros_like(customer)], [AGENT, ()])).events
    assert (event.channel, event.severity) == ("customer", "severe")
    assert event.evidence["fill"] == "digital silence"
    assert event.segment.start == pytest.approx(0.5, abs=0.05)


def test_comfort_noise_does_not_hide_it() -> None:
    agent, _ = conversation()
    noise = turns(SECONDS, (), seed=5, floor=-60)
    (event,) = OneWayAudio()(measured([agent, noise], [AGENT, ()])).events
    assert event.evidence["fill"] == "noise floor"


def listening(seed: int) -> Detection:
    rng = np.random.default_rng(seed)
    start = float(rng.uniform(5, 12))
    agent, customer = ((start - 4.5, start + 31),), ((0.3, 4.0), (start + 31.5, 44.5))
    parties = [turns(SECONDS, agent, seed=seed), turns(SECONDS, customer, seed=seed + 500, floor=rng.uniform(-80, -55))]
    return OneWayAudio()(measured(parties, [agent, customer]))


def test_a_party_who_listens_for_half_a_minute_is_not_taken_for_broken() -> None:
    assert [listening(seed).events for seed in range(100)] == [()] * 100


def test_what_is_muted_between_two_turns_cannot_be_told() -> None:
    agent, customer = ((3.0, 40.0),), ((0.3, 3.5), (41.0, 45.0))
    parties = [turns(SECONDS, agent, seed=1), turns(SECONDS, customer, seed=2)]
    parties[1][round(8 * RATE) : round(38 * RATE)] = 0
    found = OneWayAudio()(measured(parties, [agent, customer]))
    assert found.events == ()
    (skip,) = found.skipped
    assert "muted, paused or broken" in skip.reason


def test_a_leg_that_dies_for_good_is_found_from_there_on() -> None:
    agent, customer = ((3.5, 40.0),), ((0.3, 3.0),)
    parties = [turns(SECONDS, agent, seed=1), turns(SECONDS, customer, seed=2)]
    parties[1][round(10 * RATE) :] = 0
    (event,) = OneWayAudio()(measured(parties, [agent, customer])).events
    assert event.segment.start == pytest.approx(10.0, abs=0.05)


def test_keys_on_a_leg_say_that_somebody_was_there() -> None:
    agent, _ = conversation()
    measurements = measured([agent, turns(SECONDS, (), seed=5, floor=-60)], [AGENT, ()])
    measurements.channels[1].kinds[100:150] = KINDS.index("dtmf")
    found = OneWayAudio()(measurements)
    assert found.events == ()
    assert "keys" in found.skipped[0].reason


def test_one_channel_cannot_be_one_way() -> None:
    agent, _ = conversation()
    assert [skip.kind for skip in OneWayAudio()(measured([agent], [AGENT])).skipped] == ["one-way-audio"]
    short = ((0.5, 10.0),)
    assert OneWayAudio()(measured([turns(12, short, seed=1), turns(12, (), seed=2)], [short, ()])).events == ()
