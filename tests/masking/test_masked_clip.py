"""Masked clips: nothing that was said is in them, the faults are, and nobody can repeat them."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray
from pystoi import stoi

from audioqa.analysis import Analyser, make_analyser
from audioqa.audio import OpenOptions
from audioqa.errors import MeasurementError, SettingsError
from audioqa.lab.keys import keys_read, pressed
from audioqa.masking import MaskedClip, clip, masked_clip, write_clip
from audioqa.masking.agreement import compare
from audioqa.types import Event, Segment

FIXTURES = Path(__file__).parents[2] / "fixtures"
NAMES = OpenOptions(channel_names=("agent", "customer"))
FAULTY = ("dropouts-zero-fill.wav", "clipping-before-ulaw.wav", "noisy.flac", "silence-gap.flac")


@cache
def analyser() -> Analyser:
    return make_analyser(None)


@cache
def masked(file: str) -> MaskedClip:
    return masked_clip(FIXTURES / file, analyser(), options=NAMES, seed=1)


def samples(file: str) -> NDArray[np.float64]:
    return soundfile.read(FIXTURES / file, always_2d=True)[0]


@pytest.mark.parametrize("file", FAULTY)
def test_nobody_understands_a_masked_clip(file: str) -> None:
    original = samples(file)
    assert original.shape == masked(file).samples.shape
    for clean, other in zip(original.T, masked(file).samples.T.astype(float), strict=True):
        assert stoi(clean, other, masked(file).rate) < 0.3
        assert stoi(clean, clean, masked(file).rate) > 0.99


@pytest.mark.parametrize(
    ("file", "kind"),
    [
        ("dropouts-zero-fill.wav", "dropout"),
        ("clipping-before-ulaw.wav", "clipping"),
        ("noisy.flac", "background-noise"),
        ("silence-gap.flac", "silence-gap"),
    ],
)
def test_the_detectors_find_the_faults_within_50_ms_and_no_others(file: str, kind: str, tmp_path: Path) -> None:
    write_clip(masked(file), tmp_path / "masked.wav")
    wanted = [event for event in analyser()(FIXTURES / file, options=NAMES).events if event.kind == kind]
    found = [event for event in analyser()(tmp_path / "masked.wav", options=NAMES).events if event.kind == kind]
    assert len(found) == len(wanted) > 0
    for one, other in zip(wanted, found, strict=True):
        assert one.channel == other.channel
        assert abs(one.segment.start - other.segment.start) <= 0.05
        assert abs(one.segment.end - other.segment.end) <= 0.05
    assert (masked(file).agreement.lost, masked(file).agreement.added) == ((), ())


def test_no_moment_of_the_original_is_in_the_clip() -> None:
    original, other = samples("clean-pcm.wav"), masked("clean-pcm.wav").samples
    size, points = 800, 2**18  # 100 ms
    for k in range(2):
        spectrum = np.fft.rfft(original[:, k], points)
        energy = np.sqrt(np.convolve(original[:, k] ** 2, np.ones(size), mode="valid"))
        for first in range(0, len(other) - size, 24_000):
            piece = other[first : first + size, k].astype(float)
            matched = np.fft.irfft(spectrum * np.conj(np.fft.rfft(piece, points)))[: len(energy)]
            likeness = np.abs(matched) / (energy * np.linalg.norm(piece) + 1e-6)
            assert likeness.max() < 0.9


def test_chance_is_fresh_and_a_seed_repeats_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clip, "TRIES", 1)
    monkeypatch.setattr(clip, "UNDERSTOOD", 1.0)  # one try: whatever comes
    made = [
        masked_clip(FIXTURES / "too-little-speech.flac", analyser(), options=NAMES, seed=seed).samples
        for seed in (None, None, 5, 5)
    ]
    assert not np.array_equal(made[0], made[1])
    np.testing.assert_array_equal(made[2], made[3])


def test_a_stretch_has_the_faults_of_that_stretch() -> None:
    made = masked_clip(FIXTURES / "dropouts-zero-fill.wav", analyser(), start=12.0, end=18.0, options=NAMES, seed=1)
    assert len(made.samples) == 6 * made.rate
    kept = made.agreement.kept
    assert len(kept) > 3
    assert all(event.segment.overlap(Segment(12, 18)) > 0 for event in kept)
    for event in kept:
        if event.kind == "dropout":
            middle = round((sum((event.segment.start, event.segment.end)) / 2 - 12) * made.rate)
            assert made.samples[middle, ("agent", "customer").index(str(event.channel))] == 0


@pytest.mark.parametrize("level", [-14.0, -26.0, -40.0, -50.0])
def test_keys_are_gone_however_loud_they_were(level: float, tmp_path: Path) -> None:
    keys = "4929100612345678"
    call = samples("clean-pcm.wav")[: 10 * 8000].astype(np.float32)
    sound = pressed(keys, 8000) * np.float32(10 ** (level / 20))
    call[48_000 : 48_000 + len(sound), 1] = sound + 0.001 * call[48_000 : 48_000 + len(sound), 1]
    assert "".join(key for _, key in keys_read(call[:, 1], rate=8000)) == keys
    soundfile.write(tmp_path / "keys.wav", call, 8000, subtype="PCM_16")
    made = masked_clip(tmp_path / "keys.wav", analyser(), options=NAMES, seed=1)
    assert [keys_read(column, rate=8000) for column in made.samples.T] == [[], []]
    # No trace of when each key was down, either.
    down = np.convolve(np.abs(sound), np.ones(80), mode="same")
    there = made.samples[48_000 : 48_000 + len(sound), 1]
    assert abs(np.corrcoef(down, np.convolve(np.abs(there), np.ones(80), mode="same"))[0, 1]) < 0.25


def test_a_clip_that_might_be_understood_is_not_given_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clip, "intelligibility", lambda *_: 0.4)
    monkeypatch.setattr(clip, "TRIES", 1)
    with pytest.raises(MeasurementError, match=r"no masked clip came out .*STOI 0\.40"):
        masked_clip(FIXTURES / "silence-gap.flac", analyser(), options=NAMES, seed=1)


@pytest.mark.parametrize(
    ("start", "end", "message"), [(50.0, None, "nothing lies between 50"), (5.0, 5.0, "nothing lies between 5")]
)
def test_a_stretch_of_nothing_is_refused(start: float, end: float | None, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        masked_clip(FIXTURES / "silence-gap.flac", analyser(), start=start, end=end, options=NAMES)


def test_too_long_a_clip_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clip, "LONGEST", 5.0)
    with pytest.raises(SettingsError, match="at most 5 s, not 23"):
        masked_clip(FIXTURES / "silence-gap.flac", analyser(), options=NAMES)


def test_a_clip_that_cannot_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "there.wav").mkdir()
    with pytest.raises(SettingsError, match=r"there\.wav: the masked clip cannot be written"):
        write_clip(masked("silence-gap.flac"), tmp_path / "there.wav")
    assert [path.name for path in tmp_path.iterdir()] == ["there.wav"]


def test_faults_are_compared_at_their_edges_but_not_at_those_of_the_clip() -> None:
    hole = Event("dropout", "agent", Segment(10.0, 10.1), "warning")
    later = replace(hole, segment=Segment(5.06, 5.16))
    near = replace(hole, segment=Segment(5.04, 5.06))
    noise = Event("background-noise", "agent", Segment(2.0, 60.0), "warning")
    heard = replace(noise, segment=Segment(0.0, 10.0))
    echo = replace(hole, kind="echo")
    found = compare([hole, noise, echo], [near, heard], Segment(5, 15), 60.0)
    assert (found.kept, found.lost, found.added) == ((hole, noise), (), ())
    found = compare([hole], [later], Segment(5, 15), 60.0)
    assert (found.kept, found.lost, found.added) == ((), (hole,), (later,))
    found = compare([hole], [replace(near, channel="customer")], Segment(5, 15), 60.0)
    assert (found.kept, len(found.added)) == ((), 1)
