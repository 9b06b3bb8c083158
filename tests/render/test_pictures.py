"""Waveform and spectrogram: a signal whose picture is known, at any block size and any length."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from call_example import example_report, write_call
from numpy.typing import NDArray

from audioqa.errors import AudioqaError
from audioqa.render.pictures import FLOOR, draw_pictures, reduce_blocks

RATE = 8000


def _blocks(samples: NDArray[np.float32], size: int) -> Iterator[NDArray[np.float32]]:
    for start in range(0, len(samples), size):
        yield samples[start : start + size]


def _tone(seconds: float, frequency: float, rate: int = RATE) -> NDArray[np.float32]:
    time = np.arange(round(seconds * rate)) / rate
    return (0.5 * np.sin(2 * np.pi * frequency * time)).astype(np.float32)[:, None]


@pytest.mark.parametrize("rate", [8000, 16_000, 44_100, 48_000])
@pytest.mark.parametrize("frequency", [500.0, 3100.0])
def test_a_tone_stands_in_the_row_of_its_frequency_at_its_level(rate: int, frequency: float) -> None:
    tone = _tone(4.0, frequency, rate)
    (picture,) = reduce_blocks(_blocks(tone, rate), rate=rate, samples=len(tone), channels=1, columns=100, slices=100)
    middle = picture.spectrogram[:, 50]
    row = picture.top / len(middle)
    assert (np.argmax(middle) + 0.5) * row == pytest.approx(frequency, abs=row)
    # 0.5 peak is -9.03 dBov; a Hann window spreads it over three bins, the row of its own holds most.
    assert middle.max() == pytest.approx(-9.03, abs=2.0)


def test_a_burst_stands_where_it_sounds_and_silence_at_the_floor() -> None:
    samples = np.zeros((10 * RATE, 2), np.float32)
    samples[3 * RATE : 4 * RATE, 1] = _tone(1.0, 1000.0)[:, 0]
    left, right = reduce_blocks(
        _blocks(samples, 777), rate=RATE, samples=len(samples), channels=2, columns=100, slices=100
    )
    assert not left.high.any()
    assert np.all(left.spectrogram == FLOOR)
    assert np.flatnonzero(right.high > 0.1).tolist() == list(range(30, 40))
    loud = np.flatnonzero(right.spectrogram.max(axis=0) > -40)
    assert loud.min() in (29, 30)
    assert loud.max() in (39, 40)


@pytest.mark.parametrize("size", [1, 7, 255, 256, 80_000])
def test_the_picture_is_the_same_however_the_stream_is_cut(size: int) -> None:
    samples = np.random.default_rng(1).uniform(-1, 1, (5_003, 2)).astype(np.float32)
    whole = reduce_blocks([samples], rate=RATE, samples=5_003, channels=2, columns=60, slices=60)
    parts = reduce_blocks(_blocks(samples, size), rate=RATE, samples=5_003, channels=2, columns=60, slices=60)
    for one, other in zip(whole, parts, strict=True):
        np.testing.assert_array_equal(one.low, other.low)
        np.testing.assert_array_equal(one.high, other.high)
        np.testing.assert_allclose(one.spectrogram, other.spectrogram, atol=1e-3)


@pytest.mark.parametrize("samples", [0, 1, 100, 400, 12_001])
def test_any_length_has_a_picture(samples: int) -> None:
    noise = np.random.default_rng(1).uniform(-1, 1, (samples, 1)).astype(np.float32)
    (picture,) = reduce_blocks([noise], rate=RATE, samples=samples, channels=1, columns=1500, slices=1500)
    assert 1 <= len(picture.low) <= 1500
    assert np.isfinite(picture.spectrogram).all()
    if samples:
        assert picture.high.max() == noise.max(initial=0)
        assert picture.low.min() == noise.min(initial=0)


def test_samples_that_are_no_numbers_are_drawn_as_silence() -> None:
    samples = _tone(1.0, 1000.0)
    samples[100:200] = np.nan
    (picture,) = reduce_blocks([samples], rate=RATE, samples=RATE, channels=1, columns=80, slices=80)
    assert np.isfinite(picture.low).all()
    assert np.isfinite(picture.spectrogram).all()


def test_a_file_that_grew_or_shrank_since_it_was_scored_is_still_drawn(tmp_path: Path) -> None:
    path = write_call(tmp_path / "call.wav", seconds=10.0)
    for scored in (5.0, 20.0):
        pictures = draw_pictures(example_report(path, seconds=scored).recording)
        assert len(pictures) == 2
        assert np.isfinite(pictures[0].spectrogram).all()


def test_a_file_that_is_gone_says_so(tmp_path: Path) -> None:
    with pytest.raises(AudioqaError, match=r"gone\.wav"):
        draw_pictures(example_report(tmp_path / "gone.wav").recording)


def test_a_file_that_was_replaced_says_so(tmp_path: Path) -> None:
    path = write_call(tmp_path / "mono.wav", seconds=2.0, channels=1)
    with pytest.raises(AudioqaError, match="1 channels, but 2 when it was scored"):
        draw_pictures(example_report(path, seconds=2.0).recording)
