"""The streaming pass: signals whose tables are known, and blocks of any length giving the same tables."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from audioqa import measure as measure_module
from audioqa.frames import BAND_EDGES, TONE_STEP, levels
from audioqa.low_spectrum import LINES, STEP
from audioqa.measure import Measurements, measure
from audioqa.party import party_views
from audioqa.perceptual.callmos import CallMos
from audioqa.perceptual.callmos_layout import KINDS
from audioqa.perceptual.estimator import Estimator, WindowOpinion
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
        for name in (
            "power",
            "peak",
            "near_peak",
            "equal",
            "similarity",
            "lag",
            "bends",
            "bands",
            "tones",
            "tone_shares",
        ):
            assert np.array_equal(getattr(one.frames, name), getattr(other.frames, name)), name
        assert np.array_equal(one.low_spectra, other.low_spectra)
        assert np.array_equal(one.histogram, other.histogram)
        assert np.array_equal(one.constant_runs.start, other.constant_runs.start)
        assert np.array_equal(one.spectra, other.spectra)
        assert one.level == other.level


@pytest.mark.parametrize("rate", [8000, 16000, 48000])
@pytest.mark.parametrize("pair", [(440.0, 480.0), (697.0, 1209.0), (941.0, 1633.0), (350.0, 2100.0)])
def test_two_tones_are_told_by_their_pitch(pair: tuple[float, float], rate: int) -> None:
    both = tone(pair[0], 2, rate, amplitude=0.2) + tone(pair[1], 2, rate, amplitude=0.17)
    (channel,) = measured(both, rate).channels
    found = np.sort(channel.frames.tones[5:-5] * TONE_STEP, axis=1)
    shares = channel.frames.tone_shares[5:-5].sum(axis=1) / 255
    if pair[1] - pair[0] > 100:  # closer ones share a peak
        assert np.abs(found - pair).max() < 0.006 * pair[1]
        assert shares.min() > 0.95
    else:
        assert np.all((found[:, 0] > pair[0] - 60) & (found[:, 0] < pair[1] + 60))


def test_a_click_is_a_bend_above_the_others() -> None:
    samples = tone(300, 2, 8000, amplitude=0.1)
    samples[8040] += 0.3
    (channel,) = measured(samples).channels
    greatest, mean = levels(channel.frames.bends).T
    assert int(np.argmax(greatest - mean)) == 100
    assert greatest[100] == pytest.approx(20 * np.log10(0.6), abs=0.6)
    assert greatest[50] - mean[50] == pytest.approx(3.0, abs=1.0)


@pytest.mark.parametrize("hertz", [50.0, 100.0, 180.0, 250.5])
@pytest.mark.parametrize("rate", [8000, 16000])
def test_hum_is_a_line_at_its_level(hertz: float, rate: int) -> None:
    rng = np.random.default_rng(2)
    samples = tone(hertz, 25, rate, amplitude=0.01) + rng.normal(0, 0.001, 25 * rate)
    (channel,) = measured(samples, rate).channels
    rows = levels(channel.low_spectra)
    assert rows.shape == (3, LINES)  # the third row holds what is left over
    line = rows[:, round(hertz / STEP)]
    assert np.abs(rows.argmax(axis=1) - hertz / STEP).max() <= 1
    assert line == pytest.approx(20 * np.log10(0.01) - 3.01, abs=1.5)
    assert np.median(rows) < -75


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


def test_parties_are_looked_at_once_for_all_who_ask() -> None:
    result = measured(np.zeros(8000))
    assert party_views(result)[0] is party_views(result)[0]
    assert party_views(replace(result))[0] is not party_views(result)[0]


def dialogue(seconds: float, rate: int = 8000) -> np.ndarray:
    """Two parties by turns of 11 s, loud while they talk, each with pauses of 3 s now and then."""
    time = np.arange(round(seconds * rate)) / rate
    noise = np.random.default_rng(8).normal(0, 1, (len(time), 2))
    talking = np.stack([(time // 11) % 2 == party for party in range(2)], axis=1) & ((time % 7) < 4)[:, None]
    return noise * np.where(talking, 0.05, 0.0004) * (1 + 0.5 * np.sin(2 * np.pi * 3 * time))[:, None]


class Listener:
    """Hears windows of audio, as any other estimator does, and keeps the longest wait."""

    identity, window = "listener", 8.0

    def score(self, windows: np.ndarray) -> list[WindowOpinion]:
        return [WindowOpinion(3.0) for _ in windows]


def heard(
    samples: np.ndarray, untrained: Path, estimator: Estimator | None, *, cuts: list[int] | None = None
) -> Measurements:
    blocks = np.split(samples.astype(np.float32), cuts) if cuts else [samples.astype(np.float32)]
    activity = estimator if isinstance(estimator, CallMos) else CallMos(folder=untrained)
    return measure(blocks, 8000, channels=["agent", "customer"], activity=activity, estimator=estimator)


def test_speech_and_kinds_are_told_every_20_ms_without_an_estimator(untrained: Path) -> None:
    result = heard(dialogue(30.013), untrained, None)
    for channel in result.channels:
        assert channel.speech_frame == 0.02
        assert len(channel.speech) == len(channel.kinds) == 1500
        assert channel.windows == ()
    speaking = [channel.speech >= 0.5 for channel in result.channels]
    assert speaking[0][50:150].mean() > 0.9
    assert not (speaking[0] & speaking[1])[:550].any()
    assert (result.channels[0].kinds[speaking[0]] == KINDS.index("speech")).all()


def test_what_callmos_hears_does_not_depend_on_how_the_stream_is_cut(untrained: Path) -> None:
    samples = dialogue(100.3)
    callmos = CallMos(folder=untrained)
    whole = heard(samples, untrained, callmos)
    pieces = heard(samples, untrained, callmos, cuts=[1, 77, 80_000, 80_001, 500_000])
    for one, other in zip(whole.channels, pieces.channels, strict=True):
        assert len(one.windows) >= 5
        assert one.windows == other.windows
        assert np.array_equal(one.speech, other.speech)
        assert np.array_equal(one.kinds, other.kinds)


def test_every_estimator_is_given_the_same_windows(untrained: Path) -> None:
    samples = dialogue(97.6)
    by_sums = heard(samples, untrained, CallMos(folder=untrained))
    by_audio = heard(samples, untrained, Listener())
    for one, other in zip(by_sums.channels, by_audio.channels, strict=True):
        assert [w.segment.start for w in one.windows] == pytest.approx([w.segment.start for w in other.windows])
        assert [w.segment.end for w in one.windows] == pytest.approx([w.segment.end for w in other.windows])
        assert [w.speech for w in one.windows] == pytest.approx([w.speech for w in other.windows])
    assert by_sums.channels[0].windows[-1].segment.end == pytest.approx(97.6)


@pytest.mark.parametrize("estimator", ["callmos", "listener"])
def test_what_windows_are_made_of_is_let_go(untrained: Path, monkeypatch: pytest.MonkeyPatch, estimator: str) -> None:
    kept: list[float] = []

    class Watched(measure_module.SpeechWindows):
        def push(self, values: np.ndarray, probability: np.ndarray, *, last: bool = False) -> None:
            super().push(values, probability, last=last)
            assert self._kept is not None
            kept.append(len(self._kept) / self._rate)

    monkeypatch.setattr(measure_module, "SpeechWindows", Watched)
    heard(dialogue(600), untrained, CallMos(folder=untrained) if estimator == "callmos" else Listener())
    assert len(kept) == 60
    # A chunk that is not answered yet, the rows beside it, what comes in at once, and a window.
    assert max(kept) < 10 + 2.4 + 10 + 8 + 4
