"""Dropouts: holes put into a voice whose every hole is known, and natural silence that is none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from audioqa.detectors import dropout
from audioqa.detectors._dropout_shape import FACTS, Holes, describe, find_holes
from audioqa.detectors.dropout import Dropouts
from audioqa.measure import Measurements, measure
from audioqa.types import Event

RATE = 8000


def voice(seconds: float, *, seed: int = 1, rate: int = RATE) -> NDArray[np.float32]:
    """A vowel on a wandering pitch, syllables of 250 ms that never quite stop, and a faint noise."""
    rng = np.random.default_rng(seed)
    t = np.arange(round(seconds * rate)) / rate
    pitch = (
        2 * np.pi * np.cumsum(120 * (1 + 0.15 * np.sin(2 * np.pi * 0.7 * t) + 0.03 * np.sin(2 * np.pi * 3 * t))) / rate
    )
    sound = sum(np.cos(k * pitch) / (1 + abs(k * 120 - 600) / 300) for k in range(1, 25))
    sound = sound * (0.6 + 0.4 * np.sin(2 * np.pi * 4 * t)) * 0.05
    return (np.rint((sound + rng.standard_normal(len(t)) * 5e-4) * 32768) / 32768).astype(np.float32)


def measured(*channels: NDArray[np.float32], rate: int = RATE) -> Measurements:
    names = tuple(f"channel {i + 1}" for i in range(len(channels)))
    return measure([np.stack(channels, axis=1)], rate, channels=names, activity=None)


def found(samples: NDArray[np.float32], rate: int = RATE) -> tuple[Event, ...]:
    return Dropouts()(measured(samples, rate=rate)).events


@pytest.mark.parametrize("milliseconds", [10, 20, 30, 40, 60, 100, 200, 480])
def test_zeros_in_a_voice_are_a_dropout_at_the_place_and_of_the_length_they_have(milliseconds: int) -> None:
    samples = voice(6)
    samples[24_037 : 24_037 + 8 * milliseconds] = 0
    (event,) = found(samples)
    assert event.segment.start == pytest.approx(24_037 / RATE, abs=0.001)
    assert event.segment.duration == pytest.approx(milliseconds / 1000, abs=0.001)
    assert event.evidence["fill"] == "zero"


def test_a_law_silence_is_a_fill_of_zeros() -> None:
    samples = voice(6)
    samples[24_000:24_320] = 8 / 32768
    (event,) = found(samples)
    assert event.evidence["fill"] == "zero"


@pytest.mark.parametrize(
    ("milliseconds", "packet"), [(20, 20), (40, 20), (30, 30), (90, 30), (10, 10), (50, 10), (35, 0)]
)
def test_the_packet_is_what_divides_the_length(milliseconds: int, packet: int) -> None:
    samples = voice(6)
    samples[24_000 : 24_000 + 8 * milliseconds] = 0
    (event,) = found(samples)
    assert event.evidence["packet_ms"] == packet


def test_a_longer_dropout_is_more_severe() -> None:
    samples = voice(6)
    for start, milliseconds in ((16_000, 20), (24_000, 100), (32_000, 300)):
        samples[start : start + 8 * milliseconds] = 0
    assert [event.severity for event in found(samples)] == ["notice", "warning", "severe"]


def test_losses_close_together_are_told_apart() -> None:
    samples = voice(6)
    for start in (24_000, 24_320, 24_640):
        samples[start : start + 160] = 0
    assert [round(event.segment.start, 3) for event in found(samples)] == [3.0, 3.04, 3.08]


@pytest.mark.parametrize("rate", [8000, 16_000, 44_100, 48_000])
def test_the_rate_of_the_recording_does_not_matter(rate: int) -> None:
    samples = voice(6, rate=rate)
    samples[3 * rate : round(3.04 * rate)] = 0
    (event,) = found(samples, rate)
    assert event.segment.start == pytest.approx(3.0, abs=0.001)
    assert event.segment.end == pytest.approx(3.04, abs=0.001)


@pytest.mark.parametrize("packet", [160, 240, 480])
def test_a_packet_played_twice_is_a_repeat(packet: int) -> None:
    samples = voice(6)
    samples[24_000 : 24_000 + packet] = samples[24_000 - packet : 24_000]
    (event,) = found(samples)
    assert event.evidence["fill"] == "repeat"
    assert event.segment.start == pytest.approx(3.0, abs=0.001)
    assert event.segment.duration == pytest.approx(packet / RATE, abs=0.001)


@pytest.mark.parametrize("milliseconds", [100, 400])
def test_concealment_that_fades_is_one_dropout_from_its_onset(milliseconds: int) -> None:
    samples, size = voice(6), 8 * milliseconds
    gain = np.clip(1 - (np.arange(size) / 8 - 10) / 50, 0, 1)
    samples[24_000 : 24_000 + size] = np.resize(samples[24_000 - 67 : 24_000], size) * gain
    (event,) = found(samples)
    assert event.evidence["fill"] == "fade"
    assert event.segment.start == pytest.approx(3.0, abs=0.010)
    assert event.segment.end == pytest.approx(3 + milliseconds / 1000, abs=0.010)


def test_concealment_that_has_faded_to_zeros_is_measured_to_the_sample() -> None:
    samples = voice(6)
    gain = np.clip(1 - (np.arange(2403) / 8 - 10) / 50, 0, 1)
    samples[25_500:27_903] = np.resize(samples[25_500 - 67 : 25_500], 2403) * gain  # between two syllables: quiet
    exact = Dropouts(least_odds=1e3, brief_odds=1e3, short_odds=1e3, long_odds=1e3)
    (event,) = exact(measured(samples)).events
    assert event.segment.end == pytest.approx(27_903 / RATE, abs=0.001)


def test_noise_in_place_of_a_packet_is_a_dropout() -> None:
    samples = voice(6)
    samples[24_000:24_480] = np.random.default_rng(2).standard_normal(480) * 5e-4
    (event,) = found(samples)
    assert event.evidence["fill"] == "comfort noise"
    assert event.segment.start == pytest.approx(3.0, abs=0.010)
    assert event.segment.end == pytest.approx(3.06, abs=0.010)


def test_a_pause_that_a_gate_fills_with_zeros_is_none() -> None:
    samples = voice(6)
    gain = np.ones(len(samples))
    gain[24_000:24_800] = np.geomspace(1, 0.001, 800)
    gain[24_800:26_400] = 0
    gain[26_400:27_200] = np.geomspace(0.001, 1, 800)
    samples = (np.rint(samples * gain * 32768) / 32768).astype(np.float32)
    assert found(samples) == ()


def test_zeros_after_a_decay_in_a_quiet_recording_are_none() -> None:
    samples = np.concatenate([voice(6), np.random.default_rng(4).standard_normal(RATE) * 5e-5]).astype(np.float32)
    gain = np.ones(len(samples))
    gain[24_000:26_400] = np.geomspace(1, 0.05, 2400)
    gain[26_400:28_000] = 0
    gain[28_000:30_400] = np.geomspace(0.05, 1, 2400)
    assert found((np.rint(samples * gain * 32768) / 32768).astype(np.float32)) == ()


def test_silence_beyond_half_a_second_is_left_to_another_detector() -> None:
    samples = voice(6)
    samples[24_000:28_800] = 0
    assert found(samples) == ()


@pytest.mark.parametrize("hertz", [(425,), (440, 480), (697, 1209), (1000,)])
def test_a_tone_is_no_repeat(hertz: tuple[int, ...]) -> None:
    t = np.arange(3 * RATE) / RATE
    tone = sum(0.1 * np.sin(2 * np.pi * f * t) for f in hertz) * (t % 1 < 0.4)
    samples = np.concatenate([voice(3), (np.rint(tone * 32768) / 32768).astype(np.float32)])
    assert [event for event in found(samples) if event.evidence["fill"] == "repeat"] == []


def test_a_voice_without_holes_has_none() -> None:
    assert found(voice(30)) == ()


@pytest.mark.parametrize("samples", [np.zeros(RATE), np.full(RATE, 0.25), np.zeros(0), np.zeros(100)])
def test_silence_and_nothing_have_no_dropouts(samples: NDArray[np.float64]) -> None:
    assert found(samples.astype(np.float32)) == ()


def test_each_channel_has_its_own_dropouts() -> None:
    first, second = voice(6), voice(6, seed=2)
    second[24_000:24_160] = 0
    (event,) = Dropouts()(measured(first, second)).events
    assert event.channel == "channel 2"


def test_a_long_call_looked_at_in_pieces_gives_the_same_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    samples = voice(12)
    for start in range(8000, 88_000, 7_993):
        samples[start : start + 320] = np.random.default_rng(start).standard_normal(320) * 5e-4
    measurements = measured(samples)
    detector = Dropouts(least_odds=-3.0, short_odds=-3.0, brief_odds=-3.0, long_odds=-3.0)
    whole = detector(measurements)
    assert len(whole.events) >= 8
    monkeypatch.setattr(dropout, "_PIECE", 202)
    assert detector(measurements) == whole


def test_a_hole_is_where_the_level_falls_and_rises() -> None:
    level = np.full(400, 200, dtype=np.uint8)
    level[100:112] = 100
    holes = find_holes(level, speech=200)
    assert list(zip(holes.start, holes.end, strict=True)) == [(100, 112)]


def test_a_description_has_as_many_figures_as_the_network_takes() -> None:
    level = np.full(400, 200, dtype=np.uint8)
    level[100:112] = 100
    bands = np.full((50, 16), 150, dtype=np.uint8)
    holes = Holes(np.array([100]), np.array([112]))
    facts = describe(level, bands, holes, speech=200, floor=120)
    assert facts.shape == (1, FACTS)
    assert np.isfinite(facts).all()


def test_a_description_does_not_depend_on_the_level_of_the_recording() -> None:
    rng = np.random.default_rng(3)
    level = rng.integers(180, 200, 400).astype(np.uint8)
    level[100:112] = 120
    bands = rng.integers(140, 180, (50, 16)).astype(np.uint8)
    holes = find_holes(level, speech=195)
    loud = describe(level, bands, holes, speech=195, floor=130)
    quiet = describe(level - np.uint8(20), bands - np.uint8(20), holes, speech=175, floor=110)
    np.testing.assert_allclose(loud, quiet, atol=1e-5)


@pytest.mark.parametrize("codec", ["none", "alaw", "amr-12.2", "g729"])
def test_holes_in_real_speech_are_found_and_its_stops_are_not(codec: str, audio_data: Path) -> None:
    from audioqa.lab.codecs import transcode
    from audioqa.lab.corpus import calls
    from audioqa.lab.inject import dropouts

    assert audio_data.is_dir()
    false = hits = total = 0
    for number, call in enumerate(calls("test")):
        if number == 4:
            break
        false += len(found(transcode(call.samples, RATE, codec)))
        holed, truth = dropouts(call.samples, RATE, seed=number, lengths=(0.06, 0.1), fills=("zero",))
        events = found(transcode(holed, RATE, codec))
        total += len(truth)
        hits += sum(any(event.segment.overlap(hole.segment) > 0 for event in events) for hole in truth)
    assert total >= 20
    assert false == 0
    assert hits >= 0.85 * total


def test_a_doubtful_hole_counts_in_the_company_of_sure_ones_only() -> None:
    from audioqa.detectors.dropout import _Loss

    detector = Dropouts()
    sure = [_Loss(start, start + 0.02, "zero", 20.0) for start in (10.0, 14.0, 18.0)]
    near, far = _Loss(12.0, 12.04, "comfort noise", 1.5, True), _Loss(60.0, 60.04, "comfort noise", 1.5, True)
    assert detector._credible([*sure, near, far]) == [*sure, near]
    assert detector._credible([*sure[:2], near]) == sure[:2]
