"""Clipping and its negative twins."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from audioqa.lab.clean import is_clipped
from audioqa.lab.overload import CLIPPING, FULL_SCALE, clip, levelled, limited, normalised

RATE = 8000


def _speech(seed: int = 1, seconds: float = 20.0) -> NDArray[np.float32]:
    """Noise of Laplacian amplitude in syllables of 250 ms: peaks thin out as those of speech."""
    n = round(seconds * RATE)
    shaped = np.random.default_rng(seed).laplace(size=n) * (0.5 - 0.5 * np.cos(2 * np.pi * 4 * np.arange(n) / RATE))
    return (0.3 * shaped / np.abs(shaped).max()).astype(np.float32)


@pytest.mark.parametrize("below", CLIPPING)
def test_the_ceiling_lies_where_it_was_asked_for(below: float) -> None:
    source = _speech()
    ceiling = 0.3 * 10 ** (-below / 20)
    for seed in range(6):
        cut, truth = clip(source, RATE, below_peak=below, seed=seed)
        gain = np.abs(cut).max() / ceiling
        assert np.allclose(cut / gain, np.clip(source, -ceiling, ceiling), atol=1e-5)
        assert FULL_SCALE * 10 ** (-12 / 20) - 1e-3 < np.abs(cut).max() <= FULL_SCALE + 1e-6
        assert all(fault.size == below for fault in truth)


def test_clipped_samples_lie_in_the_truth_and_it_begins_and_ends_with_one() -> None:
    source = _speech()
    _, truth = clip(source, RATE, below_peak=6.0, seed=1)
    over = np.flatnonzero(np.abs(source) > 0.3 * 10 ** (-6 / 20)) / RATE
    for time in over:
        assert sum(fault.segment.start <= time < fault.segment.end for fault in truth) == 1
    for fault in truth:
        assert np.isclose(over, fault.segment.start).any()
        assert np.isclose(over + 1 / RATE, fault.segment.end).any()


def test_peaks_half_a_second_apart_are_two_stretches() -> None:
    source = np.zeros(3 * RATE, dtype=np.float32)
    for time in (0.5, 0.7, 1.5):
        source[round(time * RATE)] = 0.5
    _, truth = clip(source, RATE, below_peak=6.0, seed=1)
    assert [fault.segment.start for fault in truth] == [0.5, 1.5]


def test_half_of_the_clips_stay_at_full_scale() -> None:
    peaks = [np.abs(clip(_speech(seconds=1.0), RATE, below_peak=6.0, seed=seed)[0]).max() for seed in range(60)]
    assert 15 < sum(np.isclose(peaks, FULL_SCALE)) < 45
    assert min(peaks) < 0.5


def test_normalising_only_scales() -> None:
    source = _speech()
    loud = normalised(source)
    assert np.abs(loud).max() == pytest.approx(FULL_SCALE)
    assert np.allclose(loud / source.max(), source / source.max() * (FULL_SCALE / 0.3), atol=1e-5)
    assert not normalised(np.zeros(10, dtype=np.float32)).any()


@pytest.mark.parametrize("seed", range(8))
def test_a_limiter_raises_speech_to_its_ceiling_without_flat_tops(seed: int) -> None:
    source = _speech(seed)
    held = limited(source, RATE, seed=seed)
    peak = np.abs(held).max()
    assert FULL_SCALE * 10 ** (-6 / 20) - 1e-6 <= peak <= FULL_SCALE + 1e-6
    at_peak = np.abs(held) > 0.99999 * peak
    assert np.count_nonzero(at_peak) > 10  # many peaks end up there, none goes beyond
    assert np.sqrt(np.mean((held / peak) ** 2)) > 1.15 * np.sqrt(np.mean(normalised(source) ** 2))
    top = np.abs(held) > 0.999 * peak
    assert not np.any(top[1:] & top[:-1] & (np.diff(held) == 0))


def test_a_limiter_looks_10_ms_ahead_and_holds_after_the_peak() -> None:
    source = np.full(RATE, 0.1, dtype=np.float32)
    source[RATE // 2] = 1.0
    for seed in range(4):
        held = limited(source, RATE, seed=seed)
        reduced = np.flatnonzero(held < 0.999 * held[0]) / RATE - 0.5
        assert -0.0105 < reduced[0] < -0.001
        assert 0.010 < reduced[-1] < 0.100
    assert reduced[-1] > 2 * -reduced[0]


@pytest.mark.parametrize("seed", range(4))
def test_gain_control_brings_soft_and_loud_talk_nearer_together(seed: int) -> None:
    source = np.concatenate([_speech(1, 10.0), _speech(2, 10.0) * 0.2])
    evened = levelled(source, RATE, seed=seed)

    def difference(samples: NDArray[np.float32]) -> float:
        first, second = samples[RATE : 9 * RATE], samples[11 * RATE : 19 * RATE]
        return float(20 * np.log10(np.std(first) / np.std(second)))

    assert difference(evened) < 0.6 * difference(source)
    assert np.abs(evened).max() <= 1.0
    assert not is_clipped(evened)
