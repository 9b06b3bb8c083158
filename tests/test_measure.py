"""The streaming pass: signals whose tables are known, and blocks of any length giving the same tables."""

from __future__ import annotations

import numpy as np
import pytest

from audioqa import measure as measure_module
from audioqa.frames import BAND_EDGES, levels
from audioqa.measure import Measurements, measure
from audioqa.types import ActiveLevel


def measured(samples: np.ndarray, rate: int = 8000, *, cuts: list[int] | None = None) -> Measurements:
    samples = samples.reshape(len(samples), -1).astype(np.float32)
    blocks = np.split(samples, cuts) if cuts else [samples]
    return measure(blocks, rate, channels=[f"party {i}" for i in range(samples.shape[1])], activity=None)


def tone(hertz: float, seconds: float, rate: int, *, amplitude: float = 0.5) -> np.ndarray:
    return amplitude * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)


@pytest.mark.parametrize("rate", [8000, 16000, 44100, 48000, 11025])
def test_a_tone_has_its_level_in_its_band_at_every_rate(rate: int) -> None:
    (channel,) = measured(tone(1000, 2, rate), rate).channels
    middle = slice(20, len(channel.frames) - 20)
    assert np.median(channel.frames.frame_levels()[middle]) == pytest.approx(20 * np.log10(0.5) - 3.01, abs=0.5)
    bands = levels(channel.frames.bands[10:-10])
    loudest = int(np.median(bands.argmax(axis=1)))
    assert BAND_EDGES[loudest] <= 1000 <= BAND_EDGES[loudest + 1]
    assert isinstance(channel.level, ActiveLevel)
    assert channel.level.level == pytest.approx(-9.03, abs=0.2)


@pytest.mark.parametrize("rate", [8000, 22050])
def test_the_tables_do_not_depend_on_how_the_stream_is_cut(rate: int) -> None:
    rng = np.random.default_rng(3)
    samples = np.rint(rng.normal(0, 2000, (round(23.4567 * rate), 2))) / 32768
    samples[50_000:51_000] = 0
    whole = measured(samples, rate)
    pieces = measured(samples, rate, cuts=[1, 7, 8000, 8001, 79_999, 80_001, 160_000])
    for one, other in zip(whole.channels, pieces.channels, strict=True):
        for name in ("power", "peak", "near_peak", "equal", "similarity", "lag", "bands"):
            assert np.array_equal(getattr(one.frames, name), getattr(other.frames, name)), name
        assert np.array_equal(one.histogram, other.histogram)
        assert np.array_equal(one.constant_runs.start, other.constant_runs.start)
        assert np.array_equal(one.spectra, other.spectra)
        assert one.level == other.level


def test_channels_are_never_mixed() -> None:
    agent, customer = tone(500, 3, 8000), tone(2000, 3, 8000, amplitude=0.05)
    both = measured(np.stack([agent, customer], axis=1))
    for one, alone in zip(both.channels, (measured(agent).channels[0], measured(customer).channels[0]), strict=True):
        assert np.array_equal(one.frames.bands, alone.frames.bands)
        assert np.array_equal(one.histogram, alone.histogram)


def test_the_histogram_counts_every_sample_at_its_value() -> None:
    samples = np.array([0, 1, 1, -32768, 32767, 5]) / 32768
    (channel,) = measured(samples).channels
    assert channel.histogram.sum() == 6
    assert channel.histogram[[32768, 32769, 0, 65535, 32773]].tolist() == [1, 2, 1, 1, 1]


def test_a_packet_repeated_is_alike_and_noise_is_not() -> None:
    noise = np.random.default_rng(5).normal(0, 0.1, 8000)
    noise[4160:4320] = noise[4000:4160]
    (channel,) = measured(noise).channels
    assert (channel.frames.similarity[52:54] > 250).all()
    assert (channel.frames.lag[52:54] == 20).all()
    assert channel.frames.similarity[60:].max() < 150


def test_a_clipped_tone_has_many_samples_near_its_peak() -> None:
    clean, clipped = tone(203, 2, 8000), np.clip(tone(203, 2, 8000), -0.25, 0.25)
    shares = [np.median(measured(signal).channels[0].frames.near_peak) for signal in (clean, clipped)]
    assert shares[1] > 2.5 * shares[0]


@pytest.mark.parametrize("samples", [1, 19, 79, 80, 159, 160, 400])
def test_recordings_shorter_than_a_frame_or_two_are_measured(samples: int) -> None:
    result = measured(np.full(samples, 0.1))
    assert len(result.channels[0].frames) == samples // 80
    assert len(result.channels[0].frames.bands) == samples // 160


def test_beyond_the_limit_the_tables_live_in_a_file_and_hold_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    samples = np.random.default_rng(6).normal(0, 0.05, 8000 * 45)
    kept = measured(samples).channels[0].frames
    monkeypatch.setattr(measure_module, "_MAPPED_AFTER", 12.0)
    mapped = measured(samples).channels[0].frames
    assert isinstance(mapped.power, np.memmap)
    assert np.array_equal(kept.power, mapped.power)
    assert np.array_equal(kept.bands, mapped.bands)
