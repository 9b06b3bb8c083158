"""P.56: the ITU-T software tool's vectors (8 kHz, 10 s, 16 bits; tolerance 0.1 dB and 1 point)."""

import numpy as np
import pytest

from audioqa.level import SpeechLevelMeter
from audioqa.types import ActiveLevel, Skipped

RATE = 8000
TIME = np.arange(10 * RATE) / RATE
TONE = np.sin(2 * np.pi * 1000 * TIME)


def measured(samples: np.ndarray, *, piece: int = 777) -> ActiveLevel | Skipped:
    samples = np.round(np.clip(samples, -1, 32767 / 32768) * 32768) / 32768
    magnitude = np.abs(samples).reshape(-1, 20).mean(axis=1)
    power = np.square(samples).reshape(-1, 20).mean(axis=1)
    meter = SpeechLevelMeter()
    for start in range(0, len(power), piece):
        meter.push(magnitude[start : start + piece], power[start : start + piece])
    return meter.level()


@pytest.mark.parametrize(
    ("gain", "on", "off", "level", "activity"),
    [
        (1.0, 10.0, 0.0, -3.000, 1.0000),
        (0.1, 1.0, 1.0, -24.077, 0.6392),
        (0.1, 0.3, 0.3, -25.843, 0.9791),
        (0.1, 1.0, 3.0, -24.077, 0.3835),
    ],
)
def test_the_tools_vectors_are_met(gain: float, on: float, off: float, level: float, activity: float) -> None:
    result = measured(gain * TONE * (TIME % (on + off) < on - 1e-9))
    assert isinstance(result, ActiveLevel)
    assert result.level == pytest.approx(level, abs=0.1)
    assert result.activity == pytest.approx(activity, abs=0.01)


def test_the_level_does_not_depend_on_how_the_stream_is_cut() -> None:
    speechlike = 0.1 * TONE * (TIME % 2 < 1)
    whole, pieces = measured(speechlike, piece=4000), measured(speechlike, piece=13)
    assert isinstance(whole, ActiveLevel)
    assert isinstance(pieces, ActiveLevel)
    assert pieces.level == pytest.approx(whole.level, abs=1e-6)


def test_ten_decibels_down_is_ten_decibels_less() -> None:
    loud, quiet = (measured(gain * TONE * (TIME % 2 < 1)) for gain in (0.3, 0.03))
    assert isinstance(loud, ActiveLevel)
    assert isinstance(quiet, ActiveLevel)
    assert loud.level - quiet.level == pytest.approx(20, abs=0.1)


def test_digital_silence_has_no_level() -> None:
    assert measured(np.zeros(RATE)) == Skipped("level", None, "no signal above -90 dBov")


def test_nothing_measured_has_no_level() -> None:
    assert isinstance(SpeechLevelMeter().level(), Skipped)
