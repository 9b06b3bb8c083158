"""Two files as one recording: side by side from a common beginning, at the greater rate, the shorter one filled."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from audioqa.analysis import Analyser
from audioqa.audio import OpenOptions, open_recording, read_segment
from audioqa.errors import SettingsError, UnreadableRecordingError
from audioqa.types import Segment

FIXTURES = Path(__file__).parents[2] / "fixtures"
EVENTS_ONLY = Analyser(estimator=None, calibration=None)


def noise(seconds: float, rate: int, seed: int) -> NDArray[np.int16]:
    return np.random.default_rng(seed).integers(-3000, 3000, round(seconds * rate)).astype(np.int16)


def whole(paths: list[Path]) -> NDArray[np.float32]:
    with open_recording(paths) as opened:
        return np.concatenate(list(opened.blocks()))


@pytest.fixture
def legs(tmp_path: Path) -> list[Path]:
    """25 and 22.5 s at 8 kHz."""
    paths = [tmp_path / "in.wav", tmp_path / "out.flac"]
    soundfile.write(paths[0], noise(25.0, 8000, 1), 8000, subtype="PCM_16")
    soundfile.write(paths[1], noise(22.5, 8000, 2), 8000, subtype="PCM_16")
    return paths


def test_two_legs_give_the_report_of_one_file_with_both_channels(tmp_path: Path) -> None:
    samples, rate = soundfile.read(FIXTURES / "dropouts-zero-fill.wav", dtype="int16", always_2d=True)
    assert samples.shape[1] == 2
    soundfile.write(tmp_path / "both.wav", samples, rate, subtype="PCM_16")
    for index in (0, 1):
        soundfile.write(tmp_path / f"{index}.wav", samples[:, index], rate, subtype="PCM_16")
    both = EVENTS_ONLY(tmp_path / "both.wav")
    legs = EVENTS_ONLY((tmp_path / "0.wav", tmp_path / "1.wav"))
    assert both.events
    assert legs.recording.channels == ("channel 1", "channel 2")
    assert replace(legs, recording=both.recording) == both


def test_the_order_of_the_files_is_that_of_the_channels(legs: list[Path]) -> None:
    there, back = whole(legs), whole(legs[::-1])
    assert np.array_equal(there, back[:, ::-1])
    assert np.array_equal(there[:, 0], noise(25.0, 8000, 1).astype(np.float32) / 32768)


def test_the_shorter_leg_is_filled_and_the_report_says_by_how_much(legs: list[Path]) -> None:
    with open_recording(legs, options=OpenOptions(channel_names=("agent", "customer"))) as opened:
        samples = np.concatenate(list(opened.blocks()))
        recording = opened.recording()
    assert samples.shape == (25 * 8000, 2)
    assert not samples[round(22.5 * 8000) :, 1].any()
    (finding,) = [each for each in recording.findings if each.kind == "padded-leg"]
    assert (finding.channel, finding.severity) == ("customer", "warning")
    assert finding.evidence["seconds"] == pytest.approx(2.5)
    assert finding.segment == Segment(22.5, 25.0)
    assert "2.50 s shorter" in finding.message


def test_the_silence_that_fills_a_leg_is_told_as_the_recorders_and_not_as_the_calls(legs: list[Path]) -> None:
    report = EVENTS_ONLY(legs)
    assert [flag.rule for flag in report.flags if flag.rule in ("recorder-fault", "damaged-recording")] == [
        "recorder-fault"
    ]
    assert not [each for each in report.events if each.segment.end > 22.6 and each.channel in ("channel 2", None)]


def test_a_packet_more_or_less_is_not_told(tmp_path: Path) -> None:
    paths = [tmp_path / "in.wav", tmp_path / "out.wav"]
    for path, seconds in zip(paths, (5.0, 5.01), strict=True):
        soundfile.write(path, noise(seconds, 8000, 1), 8000, subtype="PCM_16")
    with open_recording(paths) as opened:
        list(opened.blocks())
        assert [each.kind for each in opened.recording().findings] == []


def test_legs_of_different_rates_are_brought_to_the_greater_one(tmp_path: Path) -> None:
    paths = [tmp_path / "in.wav", tmp_path / "out.wav"]
    for path, rate in zip(paths, (8000, 16000), strict=True):
        tone = 0.5 * np.sin(2 * np.pi * 440 * np.arange(12 * rate) / rate)
        soundfile.write(path, tone, rate, subtype="PCM_16")
    with open_recording(paths) as opened:
        samples = np.concatenate(list(opened.blocks()))
        assert opened.sample_rate == 16000
        assert opened.expected_samples == len(samples) == 12 * 16000
        assert opened.recording().findings == ()
    middle = samples[16000:-16000]
    assert np.abs(middle[:, 0] - middle[:, 1]).max() < 1e-3


def test_the_hash_tells_the_files_and_their_order(legs: list[Path]) -> None:
    found = []
    for paths in (legs, legs[::-1]):
        with open_recording(paths) as opened:
            list(opened.blocks())
            found.append(opened.recording().sha256)
    each = "\n".join(hashlib.sha256(path.read_bytes()).hexdigest() for path in legs)
    assert found[0] == hashlib.sha256(each.encode()).hexdigest()
    assert found[0] != found[1]


@pytest.mark.parametrize("second_rate", [8000, 16000])
@pytest.mark.parametrize("segment", [(0.0, 1.0), (11.3, 14.7), (23.2, 24.1), (24.0, 30.0)])
def test_a_stretch_read_again_is_bit_for_bit_what_went_by(
    tmp_path: Path, second_rate: int, segment: tuple[float, float]
) -> None:
    paths = [tmp_path / "in.wav", tmp_path / "out.wav"]
    soundfile.write(paths[0], noise(25.0, 8000, 1), 8000, subtype="PCM_16")
    soundfile.write(paths[1], noise(23.5, second_rate, 2), second_rate, subtype="PCM_16")
    again, rate = read_segment(paths, Segment(*segment))
    start, stop = (round(each * rate) for each in segment)
    assert rate == second_rate
    assert np.array_equal(again, whole(paths)[start:stop])


def test_a_leg_that_cannot_be_read_is_named(legs: list[Path], tmp_path: Path) -> None:
    broken = tmp_path / "broken.wav"
    broken.write_bytes(b"")
    with pytest.raises(UnreadableRecordingError, match=r"broken\.wav: leg 2: it is empty"):
        open_recording([legs[0], broken])


def test_names_are_held_against_all_channels(legs: list[Path]) -> None:
    with pytest.raises(UnreadableRecordingError, match="it has 2 channels, but 1 names"):
        open_recording(legs, options=OpenOptions(channel_names=("agent",)))


def test_headerless_legs_are_opened_by_the_same_options(tmp_path: Path) -> None:
    paths = [tmp_path / "in.raw", tmp_path / "out.raw"]
    for seed, path in enumerate(paths):
        soundfile.write(path, noise(2.0, 8000, seed), 8000, format="RAW", subtype="ULAW")
    with open_recording(paths, options=OpenOptions(format="ulaw", channel_names=("agent", "customer"))) as opened:
        assert np.concatenate(list(opened.blocks())).shape == (16000, 2)
        assert (opened.container, opened.codec) == ("headerless", "ULAW")


def test_no_file_is_no_recording() -> None:
    with pytest.raises(SettingsError, match="at least one file"):
        open_recording([])


def test_findings_of_a_leg_name_its_channel(tmp_path: Path) -> None:
    paths = [tmp_path / "in.wav", tmp_path / "out.wav"]
    for path in paths:
        soundfile.write(path, noise(2.0, 8000, 1), 8000, subtype="PCM_16")
    paths[1].write_bytes(paths[1].read_bytes()[:-8000])
    with open_recording(paths) as opened:
        list(opened.blocks())
        found = {each.kind: each.channel for each in opened.recording().findings}
    assert found["truncated"] == "channel 2"


def test_the_files_of_a_recording_are_known_by_its_name(legs: list[Path]) -> None:
    for paths in (legs, legs[:1]):
        with open_recording(paths) as opened:
            list(opened.blocks())
            assert opened.recording().files == tuple(map(str, paths))
    one = replace(EVENTS_ONLY(legs[0]).recording, path="/x/Ann + Bob.wav")
    assert one.files == ("/x/Ann + Bob.wav",)
