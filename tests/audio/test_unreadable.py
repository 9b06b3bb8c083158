"""What yields no sound is one error that names the file and the likely cause; nothing is played that is none."""

from __future__ import annotations

import os
import pickle
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from recorders import call, write_av

from audioqa.audio import OpenOptions, open_recording
from audioqa.errors import SettingsError, UnreadableRecordingError


def refused(path: Path, cause: str, options: OpenOptions | None = None) -> None:
    with pytest.raises(UnreadableRecordingError, match=cause) as caught:
        open_recording(path, options=options or OpenOptions())
    assert str(caught.value).startswith(str(path))
    assert "\n" not in str(caught.value)
    again = pickle.loads(pickle.dumps(caught.value))  # noqa: S301 - our own
    assert str(again) == str(caught.value)


@pytest.mark.parametrize(
    ("name", "content", "cause"),
    [
        ("empty.wav", b"", "0 bytes"),
        ("empty.ulaw", b"", "0 bytes"),
        ("zeros.wav", bytes(5000), "never written"),
        ("notes.wav", b"Call of 12 March, agent Smith\n" * 20, "text file"),
        ("notes.ulaw", b"Call of 12 March, agent Smith\n" * 20, "text file"),
        ("notes.mp3", "Gespräch vom 12. März\n".encode() * 200, "text file"),
        ("error.mp3", b"\n<!DOCTYPE html><html>404 not found</html>", "web page"),
        ("a.wav", b"%PDF-1.7 " + bytes(100), "PDF"),
        ("a.wav", b"PK\x03\x04" + bytes(100), "zip"),
        ("a.wav", b"\x1f\x8b\x08" + bytes(100), "gzip"),
        ("a.wav", b"RIFF" + struct.pack("<I", 100) + b"WAVE", "cut off in its header"),
        ("a.amr", b"#!AMR\n", "no sound can be decoded"),
        ("a.flac", b"fLaC" + bytes(200), "FLAC"),
        (
            "a.m4a",
            struct.pack(">I", 16) + b"ftypM4A " + bytes(4) + struct.pack(">I", 1000) + b"mdat" + bytes(500),
            "moov",
        ),
        ("a.gsm", bytes(range(256)) * 4, "not GSM"),
        ("a.g729", b"\1\2\3", "3 bytes, less than one g729 frame"),
        ("a.raw", b"\1\2\3\4" * 100, "--format, --rate"),
        ("a.slin", b"\1\2\3\4" * 100, "--rate"),
        ("a.vox", b"\1\2\3\4" * 100, "--rate"),
    ],
)
def test_a_file_without_sound_is_named_with_its_likely_cause(
    name: str, content: bytes, cause: str, tmp_path: Path
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    refused(path, cause)


SUFFIXES = (
    "wav",
    "flac",
    "mp3",
    "mp2",
    "ogg",
    "opus",
    "amr",
    "awb",
    "m4a",
    "mp4",
    "aac",
    "au",
    "aiff",
    "caf",
    "webm",
    "mkv",
    "wma",
    "wv",
    "w64",
    "sph",
    "voc",
    "ts",
    "gsm",
    "raw",
    "bin",
)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_random_bytes_are_never_played(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"random.{suffix}"
    for seed in range(4):
        path.write_bytes(np.random.default_rng(seed).bytes(200_000))
        refused(path, "not GSM" if suffix == "gsm" else "no known recording format")


def wav(
    tag: int = 1, channels: int = 1, rate: int = 8000, data: bytes | None = bytes(1600), promised: int = -1
) -> bytes:
    form = struct.pack("<HHIIHH", tag, channels, rate, rate * 2 * channels & 0xFFFFFFFF, 2 * channels, 16)
    body = b"WAVEfmt " + struct.pack("<I", 16) + form
    if data is not None:
        body += b"data" + struct.pack("<I", len(data) if promised < 0 else promised) + data
    return b"RIFF" + struct.pack("<I", len(body)) + body


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        (wav(channels=0), "0 channels"),
        (wav(channels=500), "500 channels"),
        (wav(rate=0), "0 Hz"),
        (wav(rate=3), "3 Hz"),
        (wav(rate=4_000_000_000), "4000000000 Hz"),
        (wav(data=b""), "wrote no audio"),
        (wav(data=b"", promised=32000), "wrote no audio"),
        (wav(data=b"") + b"LIST" + struct.pack("<I", 4) + b"INFO", "wrote no audio"),
        (wav(data=None), "cut off in its header"),
        (wav(tag=0x7ABC), "WAV"),
        (wav(data=b"\1"), "no audio"),
    ],
)
def test_a_wav_header_without_audio_is_refused(content: bytes, cause: str, tmp_path: Path) -> None:
    path = tmp_path / "call.wav"
    path.write_bytes(content)
    refused(path, cause)


def test_a_header_alone_is_refused_in_every_container(tmp_path: Path) -> None:
    for container, name in (("AU", "a.au"), ("AIFF", "a.aiff"), ("CAF", "a.caf"), ("W64", "a.w64")):
        path = tmp_path / name
        soundfile.write(path, np.zeros(0), 8000, format=container)
        refused(path, "no audio|no sound|does not go on")


def test_what_is_not_a_file_is_refused(tmp_path: Path) -> None:
    refused(tmp_path, "directory")
    refused(tmp_path / "missing.wav", "no such file")
    refused(Path("/dev/zero"), "device")
    pipe = tmp_path / "pipe.wav"
    os.mkfifo(pipe)
    refused(pipe, "pipe")
    with pytest.raises(UnreadableRecordingError, match="null"):
        open_recording("a\0b.wav")


def test_a_file_that_may_not_be_read_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "secret.wav"
    path.write_bytes(wav())
    path.chmod(0)
    if os.access(path, os.R_OK):  # the superuser may read anything
        unrestricted: Callable[..., object] = Path.open

        def denied(self: Path, *arguments: object, **more: object) -> object:
            if self == path:
                raise PermissionError(13, "Permission denied")
            return unrestricted(self, *arguments, **more)

        monkeypatch.setattr(Path, "open", denied)
    refused(path, "Permission denied")


def test_a_film_without_sound_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "silent.mp4"
    write_av(path, [], 8000, container="mp4", codec="aac", picture=True)
    refused(path, "no audio track")


def test_options_that_contradict_a_header_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "call.wav"
    path.write_bytes(wav())

    refused(path, "says 8000 Hz, not 16000", OpenOptions(rate=16000))
    refused(path, "says 1 channels, not 2", OpenOptions(channel_count=2))
    refused(path, "says PCM_16, not ulaw", OpenOptions(format="ulaw"))
    with open_recording(path, options=OpenOptions(format="slin", rate=8000, channel_count=1)) as opened:
        assert opened.codec == "PCM_16"


def test_options_that_contradict_an_extension_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "call.sln16"
    path.write_bytes(call(16000, 1).tobytes())
    refused(path, ".sln16 file is at 16000 Hz, but 8000", OpenOptions(rate=8000))

    path = tmp_path / "call.g722"
    path.write_bytes(b"\1\2\3" * 1000)
    refused(path, "g722 holds one channel, but 2", OpenOptions(channel_count=2))


def test_names_must_be_as_many_as_channels(tmp_path: Path) -> None:
    path = tmp_path / "call.wav"
    path.write_bytes(wav())
    refused(
        path,
        r"has 1 channel, but 2 names were given \(agent, customer\)",
        OpenOptions(channel_names=("agent", "customer")),
    )


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"format": "mp3"}, "no headerless format 'mp3'; there are ulaw"),
        ({"rate": 0}, "in Hz"),
        ({"rate": 8}, "in Hz"),
        ({"channel_count": 0}, "1 to 64"),
        ({"channel_names": ("agent", "agent")}, "a name of its own"),
        ({"channel_names": ("", "agent")}, "a name of its own"),
    ],
)
def test_options_that_no_file_could_have_are_refused(wrong: dict[str, object], words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        OpenOptions(**wrong)


def test_decoders_say_nothing_on_stderr(tmp_path: Path) -> None:
    noise = np.random.default_rng(9)
    for container, codec, name in (
        ("mp3", "libmp3lame", "a.mp3"),
        ("ipod", "aac", "a.m4a"),
        ("ogg", "libopus", "a.opus"),
        ("amr", "libopencore_amrnb", "a.amr"),
        ("flac", "flac", "a.flac"),
    ):
        path = tmp_path / name
        write_av(path, [call(8000, 1)], 8000, container=container, codec=codec)
        content = bytearray(path.read_bytes())
        middle = len(content) // 2
        content[middle : middle + 500] = noise.bytes(500)
        path.write_bytes(content)
    (tmp_path / "a.wav").write_bytes(wav(promised=99999)[:1001])
    script = (
        "import sys\nfrom audioqa.audio import open_recording\nfrom audioqa.errors import UnreadableRecordingError\n"
        "for path in sys.argv[1:]:\n"
        "    try:\n        with open_recording(path) as opened:\n            list(opened.blocks())\n"
        "            opened.recording()\n"
        "    except UnreadableRecordingError:\n        pass\n"
        "print('all read')\n"
    )
    files = sorted(str(path) for path in tmp_path.iterdir())
    done = subprocess.run([sys.executable, "-c", script, *files], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("all read\n", "")
