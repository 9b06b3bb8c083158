"""Damaged files of every kind give a recording or one clean error: no crash, no hang, no other exception."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from recorders import FORMATS, call

from audioqa.audio import open_recording
from audioqa.errors import UnreadableRecordingError

SEEDS = (
    "pcm_16.wav",
    "ulaw.wav",
    "asterisk.WAV",
    "ima.wav",
    "float.wav",
    "pcm_16.rf64.wav",
    "call.flac",
    "call.mp3",
    "call.m4a",
    "call.opus",
    "vorbis.ogg",
    "call.amr",
    "call.awb",
    "pcm_16.au",
    "pcm_16.aiff",
    "pcm_16.caf",
    "pcm_16.w64",
    "call.webm",
    "call.aac",
    "call.wma",
    "call.wv",
    "mpeg.wav",
    "call.gsm",
    "call.g729",
    "pcm_16.sph",
)

WORDS = (b"\0\0\0\0", b"\xff\xff\xff\xff", b"\xff\xff\xff\x7f", b"\x7f\xff\xff\xff", b"\0\0\0\x80", b"\1\0\0\0")


@st.composite
def mutations(draw: st.DrawFn) -> list[tuple[str, float, bytes]]:
    """Up to eight changes: what is done, where, and the bytes.

    The place is 0 to 1 of the file, or, where it is negative, 0 to -1 of its header.
    """
    kind = st.sampled_from(("overwrite", "insert", "delete", "flip", "cut"))
    place = st.one_of(st.floats(-1.0, 0.0, exclude_max=True), st.floats(0.0, 1.0))
    content = st.one_of(st.sampled_from(WORDS), st.binary(min_size=1, max_size=64))
    return draw(st.lists(st.tuples(kind, place, content), min_size=1, max_size=8))


def mutate(content: bytes, changes: list[tuple[str, float, bytes]]) -> bytes:
    data = bytearray(content)
    for kind, place, new in changes:
        at = int(-place * min(len(data), 128)) if place < 0 else int(place * len(data))
        if kind == "overwrite":
            data[at : at + len(new)] = new
        elif kind == "insert":
            data[at:at] = new
        elif kind == "delete":
            del data[at : at + len(new)]
        elif kind == "flip" and at < len(data):
            data[at] ^= 1 << new[0] % 8
        elif kind == "cut":
            del data[at:]
    return bytes(data)


@pytest.fixture(params=SEEDS)
def intact(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    form = next(form for form in FORMATS if form.file == request.param)
    path = tmp_path_factory.mktemp("fuzz") / form.file
    form.write(path, call(form.rate, form.channels, seconds=1.2), form.rate)
    return path


def check(path: Path) -> bool:
    """Read a file to its end; say whether there was sound."""
    try:
        with open_recording(path) as opened:
            count = 0
            for block in opened.blocks():
                assert block.dtype == np.float32
                assert block.shape[1] == len(opened.channels)
                assert block.min() >= -1.0
                assert block.max() < 1.0
                count += len(block)
            recording = opened.recording()
    except UnreadableRecordingError as refusal:
        one_line = str(refusal).startswith(str(path)) and "\n" not in str(refusal)
        if not one_line:
            raise
        return False
    assert recording.samples == count > 0
    for finding in recording.findings:
        assert all(np.isfinite(value) for value in finding.evidence.values() if not isinstance(value, str))
    return True


# The deadline is what an endless loop would miss; a whole file takes some milliseconds.
@given(changes=mutations())
@settings(max_examples=60, deadline=20_000, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_mutated_file_is_read_or_refused(intact: Path, changes: list[tuple[str, float, bytes]]) -> None:
    damaged = intact.with_name(f"damaged{intact.suffix}")
    damaged.write_bytes(mutate(intact.read_bytes(), changes))
    check(damaged)


@given(
    content=st.binary(min_size=0, max_size=3000), suffix=st.sampled_from((".wav", ".mp3", ".ogg", ".flac", ".amr", ""))
)
@settings(max_examples=300, deadline=20_000)
def test_chance_bytes_are_never_played(content: bytes, suffix: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.getbasetemp() / f"chance{suffix}"
    path.write_bytes(content)
    assert not check(path)


def test_the_files_that_are_mutated_are_read_when_intact(intact: Path) -> None:
    assert check(intact)
