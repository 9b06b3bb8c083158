"""Mains hum: harmonics of a known level under syllables."""

from __future__ import annotations

import numpy as np
import pytest
from conversation import AGENT, CUSTOMER, RATE, SECONDS, Samples, conversation, measured

from audioqa.detectors.hum import Hum
from audioqa.told_once import told_once
from audioqa.types import Event, Segment


def hum(mains: float, below: float, *, lowest: float = 0.0) -> Samples:
    """Harmonics up to 500 Hz, `below` dB under -26 dBov in all."""
    time = np.arange(round(SECONDS * RATE)) / RATE
    wave = sum(np.sin(2 * np.pi * mains * k * time + k) / k for k in range(1, 10) if lowest <= mains * k < 500)
    return np.asarray(wave * 10 ** ((-26 - below) / 20) / np.sqrt(np.mean(np.square(wave))), np.float32)


@pytest.mark.parametrize("mains", [50, 60])
@pytest.mark.parametrize(("below", "severity"), [(10, "severe"), (18, "warning"), (26, "notice")])
def test_hum_is_found_on_its_channel_and_graded(mains: int, below: float, severity: str) -> None:
    agent, customer = conversation()
    (event,) = Hum()(measured([agent, customer + hum(mains, below)], [AGENT, CUSTOMER])).events
    assert event.channel == "customer"
    assert event.evidence["mains_hz"] == mains
    assert event.evidence["below_speech_db"] == pytest.approx(below, abs=4)
    assert event.severity == severity
    assert event.segment.duration > 0.9 * SECONDS


def test_a_line_that_lost_the_fundamental_still_hums() -> None:
    agent, customer = conversation()
    (event,) = Hum()(measured([agent, customer + hum(50, 15, lowest=240)], [AGENT, CUSTOMER])).events
    assert event.evidence["mains_hz"] == 50


def test_speech_and_noise_do_not_hum() -> None:
    for seed in range(5):
        assert Hum()(measured(conversation(seed=10 * seed, floor=-50), [AGENT, CUSTOMER])).events == ()


def test_one_steady_tone_is_no_hum() -> None:
    agent, customer = conversation()
    time = np.arange(len(customer)) / RATE
    tone = (0.01 * np.sin(2 * np.pi * 350 * time)).astype(np.float32)
    assert Hum()(measured([agent, customer + tone], [AGENT, CUSTOMER])).events == ()


def test_a_party_without_a_level_is_skipped() -> None:
    agent, customer = conversation()
    found = Hum()(measured([agent, np.zeros_like(customer)], [AGENT, ()]))
    assert [(skip.kind, skip.channel) for skip in found.skipped] == [("hum", "customer")]


def test_noise_that_is_the_hum_is_told_once() -> None:
    def noise(channel: str, level: float, end: float = 60.0) -> Event:
        return Event("background-noise", channel, Segment(0, end), "warning", {"noise_dbov": level})

    humming = Event("hum", "agent", Segment(0, 50), "warning", {"level_dbov": -44.0})
    its_own, louder, longer, other = noise("agent", -39), noise("agent", -37), noise("agent", -39, 110), noise("b", -50)
    assert told_once([humming, its_own, louder, longer, other]) == [humming, louder, longer, other]
