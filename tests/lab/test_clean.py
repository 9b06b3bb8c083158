"""Cleaning of speech: what is taken out, what must stay."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from audioqa.lab.clean import LONGEST_PAUSE, clean, is_clipped, splice

RATE = 8000


def _spoken(*pattern: float, seed: int = 3, tone: float = 0.0005) -> NDArray[np.float32]:
    """Stretches of sound and room tone in turn, in seconds, beginning with a pause."""
    rng = np.random.default_rng(seed)
    pieces = []
    for number, seconds in enumerate(pattern):
        n = round(seconds * RATE)
        noise = rng.standard_normal(n)
        if number % 2:
            noise = np.convolve(noise, np.hanning(9), mode="same") * np.minimum(1, np.hanning(n) * 8) * 0.05
        else:
            noise = noise * tone
        pieces.append(noise)
    return np.concatenate(pieces).astype(np.float32)


def _loud_seconds(samples: NDArray[np.float32]) -> float:
    frames = samples[: len(samples) // 80 * 80].reshape(-1, 80)
    return float(np.count_nonzero(np.sqrt(np.mean(frames**2, axis=1)) > 0.005)) / 100


def test_speech_without_a_fault_stays_as_it_is() -> None:
    source = _spoken(0.2, 0.5, 0.3, 0.7, 0.2)
    left = clean(source, RATE)
    assert left.dropped == 0
    assert len(left.samples) == pytest.approx(len(source), abs=0.06 * RATE)
    assert any(np.array_equal(left.samples[:400], source[i : i + 400]) for i in range(0, 1600, 80))


@pytest.mark.parametrize("value", [0.0, 0.2, -0.01])
def test_an_island_with_a_constant_run_is_left_out_whole(value: float) -> None:
    source = _spoken(0.3, 0.5, 0.3, 0.7, 0.3)
    source[4000:4045] = value  # 5.6 ms in the first island
    left = clean(source, RATE)
    assert 0.45 < left.dropped < 0.6
    assert _loud_seconds(left.samples) == pytest.approx(_loud_seconds(source) - 0.5, abs=0.06)


def test_a_run_shorter_than_5_ms_is_no_fault() -> None:
    source = _spoken(0.3, 0.5, 0.3)
    source[4000:4038] = 0.0
    assert clean(source, RATE).dropped == 0


def test_samples_at_full_scale_and_a_click_are_faults() -> None:
    clipped, clicked, pulse = (_spoken(0.3, 0.5, 0.3, 0.7, 0.3) for _ in range(3))
    clipped[3960:4041] = np.minimum(1.0, 1.02 * np.hanning(81))  # smooth but for its flat top of 1 ms
    clicked[4000] += 0.9
    decay = np.exp(-np.arange(160) / 5) * np.random.default_rng(4).standard_normal(160)
    pulse[4000:4160] += 0.3 * decay  # the release of a plosive
    assert clean(clipped, RATE).dropped > 0.4
    assert clean(clicked, RATE).dropped > 0.4
    assert clean(pulse, RATE).dropped == 0


def test_sound_that_the_edge_of_the_file_cuts_off_is_left_out() -> None:
    whole = _spoken(0.3, 0.5, 0.3, 0.7, 0.3)
    left = clean(whole[round(0.5 * RATE) :], RATE)
    assert left.dropped == pytest.approx(0.3, abs=0.03)


def test_digital_silence_in_a_pause_is_left_out_and_the_speech_kept() -> None:
    source = _spoken(0.3, 0.5, 0.6, 0.7, 0.3)
    source[round(0.9 * RATE) : round(1.2 * RATE)] = 0.0
    left = clean(source, RATE)
    assert not np.any(np.convolve(np.diff(left.samples) == 0, np.ones(39), mode="valid") == 39)
    assert _loud_seconds(left.samples) == pytest.approx(_loud_seconds(source), abs=0.03)


def test_a_long_pause_is_shortened_to_the_length_asked_for() -> None:
    left = clean(_spoken(0.2, 0.5, 3.0, 0.5, 0.2), RATE)
    quiet = np.sqrt(np.mean(left.samples[: len(left.samples) // 80 * 80].reshape(-1, 80) ** 2, axis=1)) < 0.002
    inner = np.flatnonzero(~quiet)
    longest = max(np.diff(inner)) / 100
    assert longest == pytest.approx(LONGEST_PAUSE, abs=0.08)


def test_a_splice_keeps_the_power_of_room_tone() -> None:
    rng = np.random.default_rng(5)
    pieces = [rng.standard_normal(4000).astype(np.float32) for _ in range(200)]
    joined = splice(pieces, RATE, fade=0.1)
    assert len(joined) == 200 * 4000 - 199 * 800
    fades = np.concatenate([joined[i * 3200 : i * 3200 + 800] for i in range(1, 200)])
    assert np.mean(fades**2) == pytest.approx(1.0, abs=0.02)


def test_clipped_peaks_are_told_from_loud_ones_at_any_level() -> None:
    source = _spoken(0.2, 2.0, 0.2)
    assert not is_clipped(source / np.abs(source).max())
    for gain in (1.0, 0.3):
        assert is_clipped(gain * np.clip(source, -0.4 * source.max(), 0.4 * source.max()))
    assert not is_clipped(np.sin(np.arange(8000) / 5).astype(np.float32))  # dense near its peaks, but no wall
    assert not is_clipped(np.zeros(100, dtype=np.float32))


def test_a_pause_muted_by_an_editor_is_left_out_but_not_a_quiet_room() -> None:
    muted = _spoken(0.3, 0.5, 0.4, 0.5, 0.3)
    whole = len(clean(muted, RATE).samples)
    muted[round(0.85 * RATE) : round(1.15 * RATE)] *= 0.01
    quiet = _spoken(0.3, 0.5, 0.4, 0.5, 0.3, tone=0.00005)
    assert len(clean(muted, RATE).samples) == pytest.approx(whole - 0.3 * RATE, abs=0.05 * RATE)
    assert len(clean(quiet, RATE).samples) == pytest.approx(whole, abs=0.05 * RATE)
