"""Resampling: physics, and streams that do not depend on how they are cut."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from audioqa.audio import Resampler

PAIRS = ((8000, 16000), (16000, 8000), (44100, 16000), (48000, 8000), (11025, 16000), (8000, 8000))


def in_one(samples: NDArray[np.float32], rate_in: int, rate_out: int) -> NDArray[np.float32]:
    return Resampler(rate_in, rate_out, channels=samples.shape[1]).push(samples, last=True)


@pytest.mark.parametrize(("rate_in", "rate_out"), PAIRS)
@given(
    lengths=st.lists(st.sampled_from((0, 1, 2, 7, 160, 441, 1023, 4097)), min_size=1, max_size=20), late=st.booleans()
)
@settings(max_examples=15, deadline=None)
def test_a_stream_of_awkward_blocks_equals_one_call(
    rate_in: int, rate_out: int, lengths: list[int], late: bool
) -> None:
    samples = np.random.default_rng(sum(lengths)).uniform(-1, 1, (sum(lengths), 2)).astype(np.float32)
    stream = Resampler(rate_in, rate_out, channels=2)
    cuts = np.cumsum(lengths)
    parts = [
        stream.push(samples[end - length : end], last=not late and number == len(lengths) - 1)
        for number, (length, end) in enumerate(zip(lengths, cuts, strict=True))
    ]
    if late:
        parts.append(stream.push(samples[:0], last=True))

    np.testing.assert_array_equal(np.concatenate(parts), in_one(samples, rate_in, rate_out))


@pytest.mark.parametrize(("rate_in", "rate_out"), PAIRS)
def test_length_and_place_are_kept(rate_in: int, rate_out: int) -> None:
    samples = np.zeros((rate_in, 1), np.float32)
    time = np.arange(-200, 201) / rate_in
    samples[rate_in // 2 - 200 : rate_in // 2 + 201, 0] = np.exp(-((time / 0.003) ** 2))  # a bump in the middle

    out = in_one(samples, rate_in, rate_out)

    assert len(out) == rate_out
    assert out[:, 0].argmax() / rate_out == pytest.approx(rate_in // 2 / rate_in, abs=1 / min(rate_in, rate_out))
    assert out.max() == pytest.approx(1.0, abs=0.01)


def test_a_tone_below_the_new_nyquist_frequency_lives_and_one_above_dies() -> None:
    time = np.arange(48000) / 48000
    low, high = (np.sin(2 * np.pi * hertz * time)[:, None].astype(np.float32) for hertz in (3000, 5000))

    middle = slice(2000, 6000)
    assert np.std(in_one(low, 48000, 8000)[middle]) == pytest.approx(np.sqrt(0.5), rel=0.01)
    assert np.std(in_one(high, 48000, 8000)[middle]) < 1e-4


def test_channels_are_never_mixed() -> None:
    noise = np.random.default_rng(5).uniform(-1, 1, (4000, 3)).astype(np.float32)
    together = in_one(noise, 8000, 16000)
    for channel in range(3):
        np.testing.assert_array_equal(
            together[:, channel : channel + 1], in_one(noise[:, channel : channel + 1], 8000, 16000)
        )


def test_nothing_follows_the_last_block() -> None:
    stream = Resampler(8000, 16000, channels=1)
    stream.push(np.zeros((10, 1), np.float32), last=True)
    with pytest.raises(ValueError, match="make a new Resampler"):
        stream.push(np.zeros((10, 1), np.float32))


def test_a_block_of_another_shape_is_refused() -> None:
    with pytest.raises(ValueError, match=r"shape \(n, 2\) is needed, not \(10, 1\)"):
        Resampler(8000, 16000, channels=2).push(np.zeros((10, 1), np.float32))


def test_rates_and_channels_below_one_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 1, not 0 to 8000"):
        Resampler(0, 8000, channels=1)
