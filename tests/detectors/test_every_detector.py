"""No recording breaks a detector: any length, any number of channels, with speech, without, and without activity."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from conversation import AGENT, CUSTOMER, RATE, conversation, measured

from audioqa.analysis import Analyser
from audioqa.detectors import DETECTORS
from audioqa.measure import Measurements
from audioqa.types import Recording, Skipped

LENGTHS = (0.0, 0.004, 0.01, 0.02, 0.03, 0.5, 1.0, 2.37, 5.0, 5.01, 9.99, 10.0, 10.01, 10.02, 20.01, 30.01, 45.01, 46.0)
"""Seconds; a frame of 10 ms more than whole blocks leaves half a band frame over."""


def call(seconds: float, channels: int = 2) -> Measurements:
    parties = [party[: round(seconds * RATE)] for party in (conversation() * 2)[:channels]]
    spoken = [
        [(start, min(end, seconds)) for start, end in turns if start < seconds]
        for turns in ((AGENT, CUSTOMER) * 2)[:channels]
    ]
    return measured(parties, spoken)


@pytest.mark.parametrize("seconds", LENGTHS)
def test_any_length_is_analysed(seconds: float) -> None:
    everything(call(seconds))


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("seconds", [0.0, 5.01, 46.0])
def test_any_number_of_channels_is_analysed(seconds: float, channels: int) -> None:
    everything(call(seconds, channels))


def test_nobody_speaking_and_no_activity_are_analysed() -> None:
    quiet = [np.zeros(RATE * 25, np.float32), np.full(RATE * 25, 1e-4, np.float32)]
    everything(measured(quiet, [(), ()]))
    heard = call(25.01)
    nothing = np.zeros(0, np.float32)
    deaf = tuple(replace(channel, speech=nothing, kinds=nothing.astype(np.uint8)) for channel in heard.channels)
    everything(replace(heard, channels=deaf))


def everything(measurements: Measurements) -> None:
    for detector in DETECTORS:
        found = detector(measurements)
        for event in found.events:
            assert 0 <= event.segment.start <= event.segment.end <= measurements.duration + 1e-6, event
            assert all(np.isfinite(value) for value in event.evidence.values() if isinstance(value, float)), event
        assert all(isinstance(skip, Skipped) and skip.reason for skip in found.skipped)
    names = tuple(channel.name for channel in measurements.channels)
    recording = Recording("", "", "", "", RATE, measurements.samples, names)
    Analyser(estimator=None, calibration=None).report(recording, measurements)
