"""Makes an archive on the fly: short two-party calls in the formats that recorders write, and some that are no calls.

The same number gives the same file. Each call is a piece of the fixture dialogues with noise and a level of its own, so
that no two have the same bytes, and some of them have a fault to find.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audioqa.lab.bench import FIXTURES

RATE = 8000

BAD_EVERY = 50
"""Every so many a file is bad: 2 %."""

Writer = Callable[[Path, NDArray[np.int16]], None]


def _sndfile(subtype: str, container: str | None = None, *, channels: int = 2, rate: int = RATE) -> Writer:
    def write(path: Path, samples: NDArray[np.int16]) -> None:
        import soundfile

        soundfile.write(path, samples[:, :channels], rate, format=container, subtype=subtype)

    return write


def _av(container: str, codec: str, *, channels: int, rate: int = RATE, bit_rate: int = 0) -> Writer:
    def write(path: Path, samples: NDArray[np.int16]) -> None:
        import av
        import soxr

        data = samples[:, :channels]
        if rate != RATE:
            data = soxr.resample(data, RATE, rate)
        layout = "stereo" if channels == 2 else "mono"
        with av.open(path, "w", format=container) as target:
            stream: Any = target.add_stream(codec, rate=rate, layout=layout)
            if bit_rate:
                stream.bit_rate = bit_rate
            frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(data.reshape(1, -1)), format="s16", layout=layout)
            frame.sample_rate = rate
            for packet in [*stream.encode(frame), *stream.encode(None)]:
                target.mux(packet)

    return write


GOOD: Mapping[str, tuple[str, Writer]] = {
    "pcm": (".wav", _sndfile("PCM_16", "WAV")),
    "ulaw": (".wav", _sndfile("ULAW", "WAV")),
    "alaw": (".wav", _sndfile("ALAW", "WAV", channels=1)),
    "gsm-wav": (".WAV", _sndfile("GSM610", "WAV", channels=1)),
    "flac": (".flac", _sndfile("PCM_16", "FLAC")),
    "mp3": (".mp3", _sndfile("MPEG_LAYER_III", "MP3")),
    "opus": (".ogg", _sndfile("OPUS", "OGG")),
    "headerless-ulaw": (".ulaw", _sndfile("ULAW", "RAW", channels=1)),
    "gsm": (".gsm", _sndfile("GSM610", "RAW", channels=1)),
    "amr": (".amr", _av("amr", "libopencore_amrnb", channels=1, bit_rate=12_200)),
    "aac": (".m4a", _av("ipod", "aac", channels=2, rate=16_000, bit_rate=32_000)),
    "g722": (".g722", _av("g722", "g722", channels=1, rate=16_000)),
}
"""Extension and writer of each format."""


def _riff(*, channels: int = 2, data: bytes | None = bytes(3200)) -> bytes:
    form = struct.pack("<HHIIHH", 1, channels, RATE, RATE * 2 * channels, 2 * channels, 16)
    body = b"WAVEfmt " + struct.pack("<I", 16) + form
    if data is not None:
        body += b"data" + struct.pack("<I", len(data)) + data
    return b"RIFF" + struct.pack("<I", len(body)) + body


def _bad(number: int) -> Mapping[str, tuple[str, str, bytes | None]]:
    """Extension, kind of failure and bytes of what is no recording; without bytes it is a link that leads nowhere."""
    own = np.random.default_rng(number).bytes(2000)
    return {
        "empty": (".wav", "unreadable", b""),
        "zeros": (".wav", "unreadable", bytes(4000 + number)),
        "random": (".wav", "unreadable", own),
        "text": (".mp3", "unreadable", f"Call {number} of 12 March, agent Smith\n".encode() * 20),
        "web-page": (".mp3", "unreadable", f"<!DOCTYPE html><html>404 {number} not found</html>".encode()),
        "no-channels": (".wav", "unreadable", _riff(channels=0)),
        "header-only": (".wav", "unreadable", _riff(data=b"")),
        "cut-header": (".wav", "unreadable", _riff(data=None)[:20]),
        "empty-amr": (".amr", "unreadable", b"#!AMR\n"),
        "damaged-flac": (".flac", "unreadable", b"fLaC" + own),
        "no-gsm": (".gsm", "unreadable", bytes(range(256)) * 4),
        "pdf": (".wav", "unreadable", b"%PDF-1.7 " + own),
        "forbidden": (".wav", "permission", _riff()),
        "gone": (".wav", "missing", None),
    }


def bad_kinds() -> Sequence[str]:
    """The kinds of bad files; root may read everything, so that for it none is forbidden."""
    return [kind for kind in _bad(0) if kind != "forbidden" or os.geteuid() != 0]


def make_archive(folder: Path, count: int, *, seconds: float = 2.0, bad_every: int = BAD_EVERY) -> dict[str, str]:
    """Write an archive, or what is missing of it.

    Parameters
    ----------
    folder
        Where; it is made.
    count
        Files in all.
    seconds
        Length of each call, at least 1.
    bad_every
        Every so many a file is bad.

    Returns
    -------
    dict
        For each path the kind of failure that is expected of it, empty where it has to be scored.
    """
    dialogue = _dialogue()
    kinds, expected = bad_kinds(), {}
    formats = list(GOOD)
    for number in range(count):
        day = folder / f"day-{number // 200:03}"
        day.mkdir(parents=True, exist_ok=True)
        if number % bad_every == bad_every - 1:
            kind = kinds[number // bad_every % len(kinds)]
            extension, failure, content = _bad(number)[kind]
            path = day / f"{number:06}-{kind}{extension}"
            _write_bad(path, content, forbidden=kind == "forbidden")
            expected[str(path)] = failure
            continue
        name = formats[number % len(formats)]
        extension, write = GOOD[name]
        path = day / f"{number:06}-{name}{extension}"
        if not path.exists():
            write(path, _call(dialogue, number, seconds))
        expected[str(path)] = ""
    return expected


def _write_bad(path: Path, content: bytes | None, *, forbidden: bool) -> None:
    if os.path.lexists(path):
        return
    if content is None:
        path.symlink_to("nowhere.wav")
        return
    path.write_bytes(content)
    if forbidden:
        path.chmod(0)


def _dialogue() -> NDArray[np.float32]:
    """The clean fixtures in a row, two channels at 8 kHz."""
    import soundfile

    pieces = []
    for source in sorted(FIXTURES.glob("clean*.*")):
        samples, rate = soundfile.read(source, dtype="float32", always_2d=True)
        if rate == RATE and samples.shape[1] == 2:
            pieces.append(samples)
    return np.concatenate(pieces)


def _call(dialogue: NDArray[np.float32], number: int, seconds: float) -> NDArray[np.int16]:
    """One call, int16 ``(n, 2)``."""
    rng = np.random.default_rng(number)
    length = round(seconds * RATE)
    start = int(rng.integers(0, len(dialogue) - length))
    samples = dialogue[start : start + length] * rng.uniform(0.5, 1.0)
    samples = samples + rng.normal(0, 2e-4, samples.shape)
    if number % 7 == 0:  # a fault to find: a hole in the agent's speech
        at = int(rng.integers(length // 4, length // 2))
        samples[at : at + int(rng.integers(400, 2400)), 0] = 0
    return np.asarray(np.clip(np.rint(samples * 32768), -32768, 32767), np.int16)
