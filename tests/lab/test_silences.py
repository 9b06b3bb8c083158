"""Silence put into speech: exactly where the truth says."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from audioqa.lab.inject import Injected
from audioqa.lab.silences import dead_air, edge_silence, silence_gaps

RATE = 8000


def _speech(seconds: float = 60.0, *, seed: int = 4) -> NDArray[np.float32]:
    """Sawtooth vowels of 1.5 s at 120 Hz in noise at -60 dBov, with pauses of 0.5 s."""
    time = np.arange(round(seconds * RATE)) / RATE
    voiced = np.minimum(1.0, 20 * np.minimum(time % 2.0, np.maximum(0.0, 1.5 - time % 2.0)))
    tone = 0.3 * (2 * ((time * 120) % 1.0) - 1) * voiced
    return (tone + 0.001 * np.random.default_rng(seed).standard_normal(len(time))).astype(np.float32)


def _part(samples: NDArray[np.float32], fault: Injected) -> NDArray[np.float32]:
    return samples[round(fault.segment.start * RATE) : round(fault.segment.end * RATE)]


def _level(samples: NDArray[np.float32]) -> float:
    return float(10 * np.log10(np.mean(samples.astype(np.float64) ** 2) + 1e-12))


def test_gaps_take_the_place_of_speech_or_come_between() -> None:
    source = _speech()
    faulted, truth = silence_gaps(source, RATE, seed=10)
    assert {fault.condition.split()[0] for fault in truth} == {"mute", "pause"}
    inserted = sum(fault.size for fault in truth if fault.condition.startswith("pause"))
    assert len(faulted) == len(source) + round(inserted * RATE)
    outside = np.ones(len(faulted), dtype=bool)
    position, taken = 0, 0
    for fault in truth:
        gap = _part(faulted, fault)
        assert len(gap) == round(fault.size * RATE)
        assert not gap.any() if fault.condition.endswith("zero") else -62 < _level(gap) < -58
        first = round(fault.segment.start * RATE)
        outside[first : first + len(gap)] = False
        n = first - position
        assert np.array_equal(faulted[position:first], source[taken : taken + n])
        taken += n + (len(gap) if fault.condition.startswith("mute") else 0)
        position = first + len(gap)
        if fault.condition.startswith("mute"):
            assert _level(source[taken - len(gap) : taken - len(gap) + 80]) > -30  # it begins in loud speech
    assert np.array_equal(faulted[position:], source[taken:])


def test_silence_is_put_before_and_after_a_call() -> None:
    source = _speech(5.0)
    faulted, truth = edge_silence(source, RATE, seed=11, leading=3.0, trailing=4.0, fill="floor")
    assert [fault.condition for fault in truth] == ["leading floor", "trailing floor"]
    assert np.array_equal(faulted[3 * RATE : -4 * RATE], source)
    for fault in truth:
        assert _level(_part(faulted, fault)) == pytest.approx(-60, abs=1.5)
    digital, _ = edge_silence(source, RATE, seed=11, leading=3.0, trailing=0.0, fill="zero")
    assert not digital[: 3 * RATE].any()
    assert np.array_equal(digital[3 * RATE :], source)


def test_in_dead_air_neither_party_is_above_its_floor() -> None:
    first, second = _speech(10.0), 0.5 * _speech(8.0, seed=5)
    both, truth = dead_air(first, second, RATE, seed=12, seconds=6.0)
    assert both.shape == (24 * RATE, 2)
    (fault,) = truth
    assert (fault.segment.start, fault.segment.end) == (10.0, 16.0)
    assert _level(both[10 * RATE : 16 * RATE, 0]) == pytest.approx(-60, abs=1.0)
    assert _level(both[10 * RATE : 16 * RATE, 1]) == pytest.approx(-66, abs=1.0)
    assert np.array_equal(both[: 10 * RATE, 0], first)
    assert np.array_equal(both[16 * RATE :, 1], second)
