"""The player's audio: small, in time with the picture, and one party without the other."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import soundfile
from call_example import example_report, write_call
from numpy.typing import NDArray

from audioqa.render.listening import MP3_SECONDS, Listening, encode_for_listening
from audioqa.types import Recording, Skipped


def _encoded(path: Path, samples: NDArray[np.float64], rate: int) -> tuple[Listening, NDArray[np.float64]]:
    soundfile.write(path, samples, rate, subtype="PCM_16")
    names = tuple(f"channel {index + 1}" for index in range(samples.shape[1]))
    listening = encode_for_listening(Recording(str(path), "", "WAV", "PCM_16", rate, len(samples), names))
    assert isinstance(listening, Listening)
    decoded, decoded_rate = soundfile.read(io.BytesIO(listening.data), always_2d=True)
    assert decoded_rate == listening.rate
    return listening, decoded


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize(
    ("rate", "seconds"), [(8000, 70.0), (16_000, 70.0), (48_000, 70.0), (8000, 20.0), (48_000, 20.0)]
)
def test_a_burst_is_heard_where_it_is_seen(tmp_path: Path, rate: int, seconds: float, channels: int) -> None:
    samples = np.zeros((round(seconds * rate), channels))
    burst = slice(15 * rate, 15 * rate + rate // 10)
    samples[burst, channels - 1] = 0.5 * np.sin(2 * np.pi * 700 * np.arange(rate // 10) / rate)
    listening, decoded = _encoded(tmp_path / "a.wav", samples, rate)
    power = np.convolve(decoded[:, channels - 1] ** 2, np.ones(listening.rate // 100), "same")
    loud = np.flatnonzero(power > power.max() / 4) / listening.rate
    assert loud[0] == pytest.approx(15.0, abs=0.02)
    assert loud[-1] == pytest.approx(15.1, abs=0.02)
    assert len(decoded) / listening.rate == pytest.approx(seconds, abs=0.1)


def test_one_party_speaking_is_not_heard_on_the_other(tmp_path: Path) -> None:
    samples, rate = soundfile.read(write_call(tmp_path / "call.wav", seconds=80.0))
    samples[: 40 * rate, 1] = 0.0
    _, decoded = _encoded(tmp_path / "a.wav", samples, rate)
    heard = np.mean(decoded[rate : 39 * rate] ** 2, axis=0)
    assert heard[1] < heard[0] * 10**-3.5


def test_a_minute_goes_in_unchanged_and_an_hour_is_small(tmp_path: Path) -> None:
    path = write_call(tmp_path / "call.wav", seconds=50.0)
    listening = encode_for_listening(example_report(path, seconds=50.0).recording)
    assert isinstance(listening, Listening)
    np.testing.assert_array_equal(soundfile.read(io.BytesIO(listening.data))[0], soundfile.read(path)[0])
    path = write_call(tmp_path / "long.wav", seconds=120.0)
    longer = encode_for_listening(example_report(path, seconds=120.0).recording)
    assert isinstance(longer, Listening)
    assert len(longer.data) / 120 * 3600 < 12e6


def test_a_very_long_call_has_no_player_and_says_why() -> None:
    listening = encode_for_listening(example_report(seconds=MP3_SECONDS + 1).recording)
    assert isinstance(listening, Skipped)
    assert "longer than 2 hours" in listening.reason


def test_many_channels_are_never_mixed_down() -> None:
    names = tuple(f"channel {index + 1}" for index in range(8))
    listening = encode_for_listening(Recording("a.wav", "", "WAV", "PCM_16", 8000, 8000 * 600, names))
    assert isinstance(listening, Skipped)
    assert "this recording has 8" in listening.reason
