"""Lags that are known, recovered."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from speechlike import RATE, speechlike

from audioqa.perceptual.alignment import LevelTrack, coarse_lag, fine_lag, speech_frames


def levels(samples: NDArray[np.float32], rate: int = RATE) -> NDArray[np.float32]:
    track = LevelTrack(rate)
    track.push(samples)
    return track.levels()


def late(samples: NDArray[np.float32], lag: int) -> NDArray[np.float32]:
    return np.concatenate([np.zeros(lag, np.float32), samples]) if lag > 0 else samples[-lag:]


@pytest.mark.parametrize("rate", [8000, 11025, 44100])
def test_levels_do_not_depend_on_how_the_samples_arrive(rate: int) -> None:
    samples = 0.1 * np.random.default_rng(1).standard_normal(3 * rate + 17).astype(np.float32)
    whole, pieces = LevelTrack(rate), LevelTrack(rate)
    whole.push(samples)
    for start in range(0, len(samples), 1 + rate // 97):
        pieces.push(samples[start : start + 1 + rate // 97])
    np.testing.assert_allclose(pieces.levels(), whole.levels(), atol=1e-4)
    assert pieces.duration == pytest.approx(len(samples) / rate)
    assert len(whole.levels()) == 301


def test_a_full_scale_sine_has_minus_3_dbov_in_every_frame() -> None:
    sine = np.sin(2 * np.pi * 1000 * np.arange(8000) / 8000).astype(np.float32)
    np.testing.assert_allclose(levels(sine), -3.01, atol=0.01)


def test_files_of_different_rates_share_one_clock() -> None:
    # A burst at 25 s lies in frame 2500 at every rate, also where a frame holds no whole number of samples.
    for rate in (8000, 11025, 44100):
        samples = np.zeros(30 * rate, np.float32)
        samples[25 * rate : 25 * rate + rate // 100] = 0.5
        assert int(np.argmax(levels(samples, rate))) == 2500


@pytest.mark.parametrize("seconds", [-31.4, -0.73, 0.0, 2.01, 47.3])
def test_the_offset_of_a_call_is_found_within_a_frame_in_heavy_noise(seconds: float) -> None:
    reference = speechlike(90.0, seed=2)
    recording = late(reference, round(seconds * RATE))
    noise = np.random.default_rng(3).standard_normal(len(recording)) * float(np.std(reference))
    found = coarse_lag(levels((0.1 * (recording + noise)).astype(np.float32)), levels(reference))
    assert abs(found.offset - 100 * seconds) <= 1
    assert found.distinctness > 10


def test_unrelated_speech_is_not_distinct() -> None:
    first, second = speechlike(60.0, seed=4), speechlike(60.0, seed=5)
    assert coarse_lag(levels(first), levels(second)).distinctness < 6
    assert fine_lag(first[: 20 * RATE], second[: 24 * RATE]).distinctness < 12


@pytest.mark.parametrize("lag", [-16000, -4321, -1, 0, 1, 37, 15999])
def test_the_lag_of_a_window_is_found_to_the_sample_in_noise(lag: int) -> None:
    reach = 16000
    reference = speechlike(16.0, seed=6)
    start = 4 * RATE
    window = reference[start : start + 8 * RATE]
    noise = np.random.default_rng(7).standard_normal(len(window)) * float(np.std(window))
    around = reference[start - lag - reach : start - lag + 8 * RATE + reach]
    found = fine_lag((window + noise).astype(np.float32), around)
    # The window lies at `reach + lag` of what surrounds it.
    assert found.offset + reach == -lag
    assert found.distinctness > 30


def test_silence_has_no_lag() -> None:
    found = fine_lag(np.zeros(8000, np.float32), speechlike(2.0, seed=8))
    assert found.distinctness == 0
    assert coarse_lag(np.full(300, -100, np.float32), levels(speechlike(3.0, seed=8))).distinctness == 0


def test_speech_frames_are_those_that_hold_speech() -> None:
    samples = speechlike(4.0, seed=9)
    samples[RATE : 3 * RATE] = 1e-4 * np.random.default_rng(1).standard_normal(2 * RATE)
    active = speech_frames(levels(samples))
    assert active[:100].mean() > 0.3
    assert not active[101:299].any()
    assert not speech_frames(np.full(200, -90, np.float32)).any()
