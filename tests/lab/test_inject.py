"""Faults put into speech: exactly where the truth says, and nowhere else."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from audioqa.lab.inject import (
    DROPOUT_LENGTHS,
    FILLS,
    Injected,
    dropouts,
    packet_of,
)

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


def test_holes_change_nothing_but_what_they_name() -> None:
    source = _speech()
    kept = source.copy()
    faulted, truth = dropouts(source, RATE, seed=1)
    assert np.array_equal(source, kept)
    expected = np.zeros(len(source), dtype=bool)
    for fault in truth:
        tail = 0.010 if fault.condition == "fade" else 0.0  # the cross-fade back
        expected[round(fault.segment.start * RATE) : round((fault.segment.end + tail) * RATE)] = True
    assert np.any(faulted[expected] != source[expected])
    assert np.array_equal(faulted[~expected], source[~expected])


def test_holes_lie_between_loud_speech_and_apart_from_each_other() -> None:
    source = _speech()
    _, truth = dropouts(source, RATE, seed=2)
    assert len(truth) > 20
    for fault in truth:
        first, last = round(fault.segment.start * RATE), round(fault.segment.end * RATE)
        assert min(_level(source[first - 160 : first]), _level(source[last : last + 160])) > -24
    gaps = [after.segment.start - before.segment.end for before, after in pairwise(truth)]
    assert min(gaps) >= 1.2 - 1e-9


def test_holes_are_whole_packets_on_one_grid() -> None:
    _, truth = dropouts(_speech(), RATE, seed=3, lengths=(0.02, 0.06, 0.2))
    starts = np.array([fault.segment.start for fault in truth]) * RATE
    assert np.ptp(np.rint(starts) % 160) == 0
    for fault in truth:
        assert fault.segment.duration == pytest.approx(fault.size)


def test_each_length_and_fill_comes_up_equally_often() -> None:
    _, truth = dropouts(_speech(400.0), RATE, seed=4, lengths=(0.02, 0.1))
    count = Counter((fault.size, fault.condition) for fault in truth)
    assert set(count) == {(length, fill) for length in (0.02, 0.1) for fill in FILLS}
    assert max(count.values()) - min(count.values()) <= 1


def test_zero_is_zero_comfort_is_at_or_below_the_floor_and_repeat_repeats() -> None:
    faulted, truth = dropouts(_speech(300.0), RATE, seed=5, lengths=(0.02, 0.03, 0.2))
    for fault in truth:
        hole = _part(faulted, fault)
        if fault.condition == "zero":
            assert not hole.any()
        elif fault.condition == "comfort":
            assert -72.5 < _level(hole) < -58.5
        elif fault.condition == "repeat":
            packet = round(packet_of(fault.size) * RATE)
            first = round(fault.segment.start * RATE)
            assert np.array_equal(hole, np.resize(faulted[first - packet : first], len(hole)))


def test_concealment_holds_the_pitch_then_fades_to_nothing_by_60_ms() -> None:
    source = _speech(120.0)
    faulted, truth = dropouts(source, RATE, seed=6, lengths=(0.2,), fills=("fade",))
    for fault in truth:
        hole = _part(faulted, fault)
        first = round(fault.segment.start * RATE)
        before = faulted[first - 80 : first]
        assert np.corrcoef(hole[:80], source[first : first + 80])[0, 1] > 0.8  # the wave goes on as it would have
        levels = [_level(hole[i : i + 80]) for i in range(0, 560, 80)]
        assert levels[0] == pytest.approx(_level(before), abs=2.0)
        assert all(b < a for a, b in pairwise(levels[1:6]))
        assert not hole[480:].any()


def test_a_seed_gives_one_result_and_another_seed_another() -> None:
    source = _speech()
    assert dropouts(source, RATE, seed=7)[1] == dropouts(source, RATE, seed=7)[1]
    assert np.array_equal(dropouts(source, RATE, seed=7)[0], dropouts(source, RATE, seed=7)[0])
    assert dropouts(source, RATE, seed=7)[1] != dropouts(source, RATE, seed=8)[1]


def test_speech_too_short_for_a_hole_is_left_alone() -> None:
    for n in (0, 50, 800):
        source = _speech(1.0)[:n]
        faulted, truth = dropouts(source, RATE, seed=9, lengths=DROPOUT_LENGTHS)
        assert truth == ()
        assert np.array_equal(faulted, source)
