"""Clicks: single samples put into syllables, and what only looks like them."""

from __future__ import annotations

import numpy as np
import pytest
from conversation import AGENT, CUSTOMER, RATE, conversation, measured

from audioqa.detectors.clicks import Clicks


def test_clicks_are_counted_on_their_channel() -> None:
    agent, customer = conversation()
    rng = np.random.default_rng(1)
    places = np.arange(9) * 1.13 + 7.2
    for place in places:
        customer[round(place * RATE)] += 0.4 * rng.choice([-1, 1])
    (event,) = Clicks()(measured([agent, customer], [AGENT, CUSTOMER])).events
    assert event.channel == "customer"
    assert event.evidence["clicks"] == pytest.approx(9, abs=1)
    assert event.segment.start == pytest.approx(places[0], abs=1.2)  # one in the brightest syllable may go unseen


def test_one_click_is_an_accident() -> None:
    agent, customer = conversation()
    customer[70_000] += 0.5
    assert Clicks()(measured([agent, customer], [AGENT, CUSTOMER])).events == ()


def test_bursts_of_noise_as_long_as_plosives_are_no_clicks() -> None:
    agent, customer = conversation()
    rng = np.random.default_rng(2)
    for place in rng.uniform(7, 17, 12):
        first = round(place * RATE)
        burst = rng.standard_normal(240) * np.exp(-np.arange(240) / 80)
        customer[first : first + 240] += (0.15 * burst).astype(np.float32)
    assert Clicks()(measured([agent, customer], [AGENT, CUSTOMER])).events == ()


def test_holes_of_digital_silence_have_no_clicks_at_their_edges() -> None:
    for seed in range(3):
        agent, customer = conversation(seed=10 * seed)
        for place in np.arange(7, 11.5, 0.3):
            customer[round(place * RATE) : round((place + 0.02) * RATE)] = 0
        assert Clicks()(measured([agent, customer], [AGENT, CUSTOMER])).events == ()


def test_clicks_seven_seconds_apart_are_accidents() -> None:
    agent, customer = conversation()
    customer[[60_000, 120_000, 180_000, 240_000, 300_000, 360_000]] += 0.5
    assert Clicks()(measured([agent, customer], [AGENT, CUSTOMER])).events == ()


def test_clicks_on_a_line_where_nobody_speaks_are_found() -> None:
    agent, customer = conversation()
    customer[:] = 0
    customer[80_000:200_000:4_000] = 0.2
    (event,) = Clicks()(measured([agent, customer], [AGENT, ()])).events
    assert event.channel == "customer"
    assert event.severity == "warning"
    assert event.segment.start == pytest.approx(10.0, abs=0.05)


def test_syllables_are_no_clicks() -> None:
    for seed in range(6):
        assert Clicks()(measured(conversation(seed=10 * seed), [AGENT, CUSTOMER])).events == ()


def test_short_noises_in_the_pauses_are_no_clicks() -> None:
    agent, customer = conversation()
    rng = np.random.default_rng(4)
    fading = np.clip(np.minimum(np.arange(80), np.arange(79, -1, -1)) / 20, 0, 1)
    for place in np.arange(12.5, 19.0, 0.5):
        first = round(place * RATE)
        customer[first : first + 80] += (0.1 * fading * rng.standard_normal(80)).astype(np.float32)
    assert Clicks()(measured([agent, customer], [AGENT, CUSTOMER])).events == ()


def test_holes_in_a_deep_sound_have_no_clicks_at_their_edges() -> None:
    agent, customer = conversation()
    time = np.arange(len(customer)) / RATE
    customer[:] = 0.3 * np.cos(2 * np.pi * 100 * time)
    for place in np.arange(7.0, 20.0, 0.5):
        first = round(place * RATE)  # at the top of a wave
        customer[first : first + 160] = 0
    assert Clicks()(measured([agent, customer], [AGENT, CUSTOMER])).events == ()
