"""Echo: one leg on the other, at a delay and an attenuation that are known."""

from __future__ import annotations

import numpy as np
import pytest
from conversation import AGENT, CUSTOMER, RATE, Samples, conversation, measured

from audioqa.detectors.echo import Echo


def late(samples: Samples, milliseconds: float, attenuation: float) -> Samples:
    shift = round(milliseconds / 1000 * RATE)
    return np.concatenate([np.zeros(shift, np.float32), samples])[: len(samples)] * np.float32(
        10 ** (-attenuation / 20)
    )


@pytest.mark.parametrize(("delay", "attenuation"), [(40, 15), (123, 25), (260, 30), (505, 20)])
def test_an_echo_is_found_with_its_delay_and_strength(delay: float, attenuation: float) -> None:
    agent, customer = conversation()
    (event,) = Echo()(measured([agent, customer + late(agent, delay, attenuation)], [AGENT, CUSTOMER])).events
    assert event.channel == "customer"
    assert event.evidence["heard_by"] == "agent"
    assert event.evidence["delay_ms"] == pytest.approx(delay, abs=10)
    assert event.evidence["attenuation_db"] == pytest.approx(attenuation, abs=3)
    assert event.segment.start == pytest.approx(AGENT[0][0] + delay / 1000, abs=0.1)


def test_the_louder_an_echo_the_more_it_matters() -> None:
    agent, customer = conversation()
    severity = [
        Echo()(measured([agent, customer + late(agent, 200, below)], [AGENT, CUSTOMER])).events[0].severity
        for below in (15, 26, 35)
    ]
    assert severity == ["severe", "warning", "notice"]


def test_two_parties_who_take_turns_are_no_echo() -> None:
    for seed in range(8):
        assert Echo()(measured(conversation(seed=10 * seed), [AGENT, CUSTOMER])).events == ()


def test_a_copy_without_delay_is_no_echo() -> None:
    agent, customer = conversation()
    assert Echo()(measured([agent, customer + late(agent, 0, 20)], [AGENT, CUSTOMER])).events == ()


def test_an_echo_of_some_turns_begins_with_the_first_of_them() -> None:
    agent, customer = conversation()
    back = late(agent, 150, 18)
    back[: round(20 * RATE)] = 0
    (event,) = Echo()(measured([agent, customer + back], [AGENT, CUSTOMER])).events
    assert event.segment.start == pytest.approx(AGENT[2][0] + 0.15, abs=0.1)


def test_on_one_channel_it_abstains() -> None:
    agent, _ = conversation()
    found = Echo()(measured([agent], [AGENT]))
    assert found.events == ()
    assert [skip.kind for skip in found.skipped] == ["echo"]


def syllables(*, steady: bool) -> Samples:
    """The agent's turns as syllables of one level, 0.2 s long, with pauses of 0.2 s or of 0.1 to 0.4 s."""
    rng = np.random.default_rng(4)
    out = np.zeros(round(46 * RATE), np.float32)
    for start, end in AGENT:
        place = start
        while place < end - 0.2:
            first = round(place * RATE)
            out[first : first + round(0.2 * RATE)] = 0.1 * rng.choice([-1, 1], round(0.2 * RATE))
            place += 0.4 if steady else 0.2 + round(float(rng.uniform(0.1, 0.4)), 2)
    return out


def test_a_voice_that_is_limited_to_one_level_still_has_an_attenuation() -> None:
    _, customer = conversation()
    agent = syllables(steady=False)
    (event,) = Echo()(measured([agent, customer + late(agent, 200, 20)], [AGENT, CUSTOMER])).events
    assert event.evidence["attenuation_db"] == pytest.approx(20, abs=2)


def test_a_copy_of_something_regular_is_no_echo_one_period_late() -> None:
    _, customer = conversation()
    agent = syllables(steady=True)
    assert Echo()(measured([agent, customer + late(agent, 0, 15)], [AGENT, CUSTOMER])).events == ()
