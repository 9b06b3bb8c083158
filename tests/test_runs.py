"""Exact lists: hand-made streams whose answer is known, cut at every awkward place."""

import numpy as np
import pytest

from audioqa import runs
from audioqa.runs import ConstantRunFinder, ExactRepeatFinder

RATE = 8000


def noise(samples: int, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).integers(-2000, 2000, samples).astype(np.int16)


def pushed(finder, samples: np.ndarray, sizes: list[int]):
    start = 0
    for size in sizes:
        finder.push(samples[start : start + size])
        start += size
    finder.push(samples[start:])
    return finder.finish()


@pytest.mark.parametrize("sizes", [[], [1000], [999, 1, 1], [1005, 10, 10, 10], [1] * 50, [1015, 0, 20], [1040]])
def test_a_constant_run_is_found_however_the_stream_is_cut(sizes: list[int]) -> None:
    samples = noise(3000)
    samples[1000:1040] = -8
    samples[[999, 1040]] = 100
    found = pushed(ConstantRunFinder(RATE), samples, sizes)
    assert list(zip(found.start, found.length, found.value, strict=True)) == [(1000, 40, -8)]


def test_runs_shorter_than_a_subframe_are_not_listed() -> None:
    samples = noise(3000)
    samples[1000:1019] = 0
    samples[[999, 1019]] = 100
    assert len(pushed(ConstantRunFinder(RATE), samples, []).start) == 0


def test_runs_at_both_ends_are_found() -> None:
    samples = np.concatenate([np.zeros(30, np.int16), noise(500) | 1, np.zeros(25, np.int16)])
    found = pushed(ConstantRunFinder(RATE), samples, [7, 300])
    assert list(zip(found.start, found.length, strict=True)) == [(0, 30), (530, 25)]


def test_a_stream_of_one_value_is_one_run() -> None:
    found = pushed(ConstantRunFinder(RATE), np.zeros(1000, np.int16), [1, 2, 500])
    assert list(zip(found.start, found.length, strict=True)) == [(0, 1000)]


@pytest.mark.parametrize("sizes", [[], [2100], [2079, 3], [500] * 5, [2081] + [5] * 40])
@pytest.mark.parametrize("lag", [80, 160, 240])
def test_a_packet_played_twice_is_found_however_the_stream_is_cut(sizes: list[int], lag: int) -> None:
    samples = noise(4000)
    samples[2079] = samples[2079 - lag] + 1
    samples[2080 : 2080 + lag] = samples[2080 - lag : 2080]
    samples[2080 + lag] = samples[2080] + 1
    found = pushed(ExactRepeatFinder(RATE), samples, sizes)
    listed = list(zip(found.start, found.length, found.lag, strict=True))
    assert listed == [(2080, lag, lag)]


def test_silence_is_not_a_repeat() -> None:
    samples = noise(4000)
    samples[1000:3000] = 0
    assert len(pushed(ExactRepeatFinder(RATE), samples, [1500]).start) == 0


@pytest.mark.parametrize("rate", [1000, 4000, 5600, 6400, 8000, 48_000])
def test_runs_of_every_length_and_place_are_found_at_every_rate(rate: int) -> None:
    rng = np.random.default_rng(4)
    lengths = np.concatenate([rng.permutation(np.arange(1, 300)), np.arange(1, 60)])
    samples = np.repeat(np.resize(np.array([3, -8, 0], np.int16), len(lengths)), lengths)
    long = lengths >= max(3, round(rate * runs.SHORTEST_RUN))
    found = pushed(ConstantRunFinder(rate), samples, [5000, 1, 77])
    assert np.array_equal(found.start, (np.cumsum(lengths) - lengths)[long])
    assert np.array_equal(found.length, lengths[long])


def test_what_exceeds_the_cap_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "CAP", 3)
    samples = noise(10_000)
    for start in range(0, 10_000, 1000):
        samples[start : start + 40] = 5
        samples[start + 40] = 6
        samples[start - 1] = 6
    found = pushed(ConstantRunFinder(RATE), samples, [])
    assert len(found.start) == 3
    assert found.overflow == 7
