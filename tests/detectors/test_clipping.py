"""Clipping: real speech is driven against a ceiling; what is loud, flat or pure without being clipped speech is not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from audioqa.detectors.clipping import KIND, Clipping, clipped_share
from audioqa.lab.codecs import transcode
from audioqa.lab.corpus import calls
from audioqa.lab.overload import levelled, limited, normalised
from audioqa.measure import Measurements, measure
from audioqa.types import Detection, Skipped

RATE = 8000
Samples = NDArray[np.float32]


@pytest.fixture(scope="module")
def speech(audio_data: Path) -> list[Samples]:
    """Three clean calls of 30 s, of three speakers who were not used for fitting."""
    assert audio_data.is_dir()
    found: dict[str, Samples] = {}
    for call in calls("test"):
        if not call.clipped:
            found.setdefault(call.speaker, call.samples)
        if len(found) == 3:
            break
    return list(found.values())


def driven(samples: Samples, *, depth: float, ceiling: float = 0.5) -> Samples:
    """Speech cut `depth` dB below its own peak, then brought to a ceiling that is not full scale."""
    limit_at = np.abs(samples).max() / 10 ** (depth / 20)
    return (np.clip(samples, -limit_at, limit_at) * (ceiling / limit_at)).astype(np.float32)


def measured(*channels: Samples, rate: int = RATE) -> Measurements:
    names = [f"party {number}" for number in range(len(channels))]
    return measure([np.stack(channels, axis=1)], rate, channels=names, activity=None)


def detect(*channels: Samples, rate: int = RATE) -> Detection:
    return Clipping()(measured(*channels, rate=rate))


@pytest.mark.parametrize("codec", ["none", "ulaw", "alaw"])
def test_a_ceiling_after_the_codec_or_in_g711_is_found_and_measured(speech: list[Samples], codec: str) -> None:
    for samples in speech:
        events = detect(transcode(driven(samples, depth=9), RATE, codec)).events
        assert events
        assert {event.kind for event in events} == {KIND}
        for event in events:
            assert event.evidence["where"] == "flat tops"
            # One G.711 step at the top of a segment is 0.27 dB.
            assert event.evidence["ceiling_dbov"] == pytest.approx(20 * np.log10(0.5), abs=0.3)


@pytest.mark.parametrize("codec", ["gsm", "amr-12.2"])
def test_clipping_is_found_behind_a_codec_that_rounds_the_ceiling(speech: list[Samples], codec: str) -> None:
    for samples in speech:
        events = detect(transcode(driven(samples, depth=12), RATE, codec)).events
        assert events
        assert {event.evidence["where"] for event in events} == {"rounded"}


def test_more_overload_is_a_greater_share(speech: list[Samples]) -> None:
    shares = []
    for depth in (0, 6, 9, 12, 18):
        share = clipped_share(detect(driven(speech[0], depth=depth)), "party 0")
        assert isinstance(share, float)
        shares.append(share)
    assert shares[0] == 0.0
    assert shares == sorted(shares)
    assert shares[-1] > 0.3


def test_only_the_clipped_party_is_named(speech: list[Samples]) -> None:
    length = min(map(len, speech))
    detection = detect(speech[0][:length], driven(speech[1][:length], depth=12))
    assert {event.channel for event in detection.events} == {"party 1"}
    assert clipped_share(detection, "party 0") == 0.0


def test_an_event_covers_the_clipped_half_only(speech: list[Samples]) -> None:
    clean = speech[0] * np.float32(0.3 / np.abs(speech[0]).max())
    loud = driven(speech[0], depth=12, ceiling=0.5)
    events = detect(np.concatenate([clean, loud])).events
    half = len(clean) / RATE
    assert events
    assert min(event.segment.start for event in events) > half - 0.5
    assert max(event.segment.end for event in events) > half + 0.8 * half


def test_a_ceiling_on_one_side_shows_as_asymmetry(speech: list[Samples]) -> None:
    scaled = speech[0] / np.abs(speech[0]).max()
    events = detect(np.clip(scaled, -1, 0.35).astype(np.float32) * np.float32(0.9)).events
    assert events
    assert all(abs(float(event.evidence["asymmetry_db"])) > 3 for event in events)


@pytest.mark.parametrize("codec", ["none", "ulaw", "gsm"])
def test_loud_speech_that_is_not_clipped_is_left_alone(speech: list[Samples], codec: str) -> None:
    for samples in speech:
        for loud in (samples, normalised(samples), limited(samples, RATE, seed=1), levelled(samples, RATE, seed=1)):
            assert detect(transcode(loud, RATE, codec)).events == ()


@pytest.mark.parametrize("amplitude", [0.9, 0.1, 2 / 32768])
@pytest.mark.parametrize("hertz", [(440.0, 480.0), (425.0,), (697.0, 1209.0), (1000.0,)])
def test_tones_are_not_clipped_speech(hertz: tuple[float, ...], amplitude: float) -> None:
    time = np.arange(10 * RATE) / RATE
    tone = np.mean([np.sin(2 * np.pi * f * time) for f in hertz], axis=0) * (time % 3 < 1) * amplitude
    assert detect((np.rint(tone * 32768) / 32768).astype(np.float32)).events == ()


def test_noise_is_not_clipped_speech() -> None:
    noise = np.random.default_rng(1).normal(0, 0.1, 10 * RATE).astype(np.float32)
    assert detect(noise).events == ()


def test_quiet_speech_is_not_judged_by_its_rounding(speech: list[Samples]) -> None:
    quiet = np.rint(speech[0] / np.abs(speech[0]).max() * 3) / 32768
    detection = detect(quiet.astype(np.float32))
    assert detection.events == ()
    assert [skipped.kind for skipped in detection.skipped] == [KIND]


@pytest.mark.parametrize("seconds", [0.0, 0.05, 0.9])
def test_too_little_sound_is_skipped_not_passed(seconds: float) -> None:
    noise = np.random.default_rng(0).normal(0, 0.1, round(seconds * RATE)).astype(np.float32)
    detection = detect(noise)
    assert detection.events == ()
    assert isinstance(clipped_share(detection, "party 0"), Skipped)


def test_digital_silence_is_skipped() -> None:
    detection = detect(np.zeros(20 * RATE, dtype=np.float32))
    assert [skipped.reason for skipped in detection.skipped] == ["less than 1 s of speech"]


def test_where_speech_is_known_nothing_else_is_judged(speech: list[Samples]) -> None:
    measurements = measured(driven(speech[0], depth=12))
    (channel,) = measurements.channels
    silent = replace(channel, speech=np.zeros(1000, dtype=np.float32), speech_frame=0.032)
    assert Clipping()(measurements).events
    assert Clipping()(replace(measurements, channels=(silent,))).events == ()


def test_the_settings_name_the_network() -> None:
    assert "sha256" in repr(Clipping())
