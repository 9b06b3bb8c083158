"""Every format that a call platform records: channels, rate, length, and each tone in its place."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from recorders import FORMATS, ONSET, SECONDS, TONES, Format, call

from audioqa.audio import OpenOptions, open_recording, read_segment
from audioqa.types import Recording, Segment


def decode(path: Path, options: OpenOptions | None = None) -> tuple[Recording, NDArray[np.float32]]:
    with open_recording(path, options=options or OpenOptions()) as opened:
        blocks = list(opened.blocks())
        return opened.recording(), np.concatenate(blocks)


@pytest.fixture(params=FORMATS, ids=lambda form: form.file)
def form(request: pytest.FixtureRequest) -> Format:
    return request.param


@pytest.fixture
def written(form: Format, tmp_path: Path) -> Path:
    path = tmp_path / form.file
    form.write(path, call(form.rate, form.channels), form.rate)
    return path


def test_a_recording_of_any_format_is_what_was_recorded(form: Format, written: Path) -> None:
    recording, samples = decode(written, OpenOptions(**form.options))

    assert (recording.container, recording.codec) == (form.container, form.codec)
    assert recording.sample_rate == form.rate
    assert recording.channels == ("channel 1", "channel 2")[: form.channels]
    assert samples.dtype == np.float32
    assert samples.shape == (recording.samples, form.channels)
    assert recording.duration == pytest.approx(round(SECONDS * form.rate) / form.rate, abs=form.slack + 1e-9)
    assert recording.findings == ()
    assert recording.sha256 == hashlib.sha256(written.read_bytes()).hexdigest()
    for channel in range(form.channels):
        heard = samples[:, channel]
        steady = heard[round(1.0 * form.rate) : round(2.5 * form.rate)]
        spectrum = np.abs(np.fft.rfft(steady * np.hanning(len(steady))))
        assert spectrum.argmax() * form.rate / len(steady) == pytest.approx(TONES[channel], abs=2.0)
        assert np.sqrt(np.mean(steady**2)) == pytest.approx(8000 / 32768 / np.sqrt(2), rel=0.25)
        loud = np.flatnonzero(np.abs(heard) > 0.1)
        assert loud[0] / form.rate == pytest.approx(ONSET + form.late, abs=0.03)


def test_a_segment_is_the_same_slice_of_the_whole(form: Format, written: Path) -> None:
    options = OpenOptions(**form.options)
    _, samples = decode(written, options)

    for start, end in ((0.0, 0.3), (1.2345, 1.9), (2.5, 99.0), (50.0, 60.0)):
        piece, rate = read_segment(written, Segment(start, end), options=options)
        assert rate == form.rate
        assert piece.dtype == np.float32
        np.testing.assert_array_equal(piece, samples[round(start * rate) : round(end * rate)])


@pytest.mark.parametrize("name", ["call.sln", "call.flac", "pcm_16.wav"])
def test_a_segment_far_into_a_long_recording_is_read_from_its_place(name: str, tmp_path: Path) -> None:
    form = next(form for form in FORMATS if form.file == name)
    noise = np.random.default_rng(3).integers(-9000, 9000, (8000 * 60, form.channels)).astype(np.int16)
    path = tmp_path / name
    form.write(path, noise, form.rate)

    for start in (0.0, 9.99, 31.4159, 59.9):
        piece, rate = read_segment(path, Segment(start, start + 0.5))
        np.testing.assert_array_equal(piece * 32768, noise[round(start * rate) : round((start + 0.5) * rate)])
