"""Background noise: noise of a known level under speech of a known level."""

from __future__ import annotations

import numpy as np
import pytest
from conversation import AGENT, CUSTOMER, RATE, Samples, conversation, measured

from audioqa.detectors.noise import BackgroundNoise
from audioqa.types import Event


def white(n: int, level: float, *, seed: int = 3) -> Samples:
    """White noise whose part from 250 to 3400 Hz has the level, dBov."""
    whole = level + 10 * np.log10(4000 / 3150)
    return (np.random.default_rng(seed).standard_normal(n) * 10 ** (whole / 20)).astype(np.float32)


def found(agent: Samples, customer: Samples) -> list[Event]:
    return list(BackgroundNoise()(measured([agent, customer], [AGENT, CUSTOMER])).events)


@pytest.mark.parametrize(("snr", "severity"), [(38, None), (30, "notice"), (20, "warning"), (8, "severe")])
def test_steady_noise_is_graded_by_how_far_it_lies_under_the_speech(snr: float, severity: str | None) -> None:
    agent, customer = conversation()
    events = found(agent, customer + white(len(customer), -26 - snr))
    assert [event.severity for event in events] == ([severity] if severity else [])
    for event in events:
        assert (event.kind, event.channel) == ("background-noise", "customer")
        assert event.evidence["snr_db"] == pytest.approx(snr, abs=2)
        assert event.segment.duration > 45


def test_noise_that_begins_within_the_call_begins_there() -> None:
    agent, customer = conversation()
    first = round(26.3 * RATE)
    customer[first:] += white(len(customer) - first, -46)
    (event,) = found(agent, customer)
    assert event.segment.start == pytest.approx(26.3, abs=0.1)


def test_a_burst_is_told_from_the_steady_noise() -> None:
    agent, customer = conversation()
    customer[round(14 * RATE) : round(14.8 * RATE)] += white(round(0.8 * RATE), -40)
    (event,) = found(agent, customer)
    assert (event.kind, event.channel) == ("noise-burst", "customer")
    assert event.segment.start == pytest.approx(14.0, abs=0.05)
    assert event.segment.end == pytest.approx(14.8, abs=0.05)


def test_clicks_near_each_other_are_no_burst() -> None:
    agent, customer = conversation()
    for place in (14.0, 14.08, 14.16, 14.24):
        customer[round(place * RATE) : round((place + 0.008) * RATE)] += white(round(0.008 * RATE), -20)
    assert found(agent, customer) == []


def test_digital_silence_between_the_words_is_no_noise() -> None:
    agent, customer = conversation()
    customer[np.abs(customer) < 2e-3] = 0
    assert found(agent, customer) == []


def test_a_party_that_hardly_speaks_is_skipped() -> None:
    agent, customer = conversation()
    skipped = BackgroundNoise()(measured([agent, customer], [AGENT, ((6.4, 7.0),)])).skipped
    assert [(skip.kind, skip.channel) for skip in skipped] == [
        ("background-noise", "customer"),
        ("noise-burst", "customer"),
    ]


def test_hum_of_a_known_level_is_no_noise() -> None:
    agent, customer = conversation()
    time = np.arange(len(customer)) / RATE
    wave = sum(np.sin(2 * np.pi * 50 * k * time + k) / k for k in range(6, 21))
    hum = wave * 10 ** ((-26 - 20) / 20) / np.sqrt(np.mean(np.square(wave)))
    assert found(agent, (customer + hum).astype(np.float32)) == []


def test_an_echo_is_neither_noise_nor_a_burst() -> None:
    agent, customer = conversation()
    late = round(0.2 * RATE)
    customer[late:] += agent[:-late] * np.float32(10 ** (-18 / 20))
    assert found(agent, customer) == []


def test_comfort_noise_is_no_background_noise() -> None:
    agent, customer = conversation()
    quiet = np.float32(10 ** (-6 / 20))
    noise = np.random.default_rng(1).standard_normal(len(customer)) * 10 ** (-62 / 20)
    assert found(agent, customer * quiet + noise.astype(np.float32)) == []


def test_a_beep_is_no_burst_of_noise() -> None:
    agent, customer = conversation()
    first, count = round(14 * RATE), round(0.25 * RATE)
    customer[first : first + count] += np.float32(0.02) * np.sin(2 * np.pi * 1000 * np.arange(count) / RATE).astype(
        np.float32
    )
    assert found(agent, customer) == []


def test_noise_that_rises_begins_a_new_event() -> None:
    agent, customer = conversation()
    half = round(19.2 * RATE)
    customer += white(len(customer), -55)
    customer[half:] += white(len(customer) - half, -38, seed=4)
    events = found(agent, customer)
    assert [event.severity for event in events] == ["notice", "severe"]
    assert events[1].segment.start == pytest.approx(19.2, abs=0.1)
