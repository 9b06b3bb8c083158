"""Prompts: the speech that a test call plays, cut at its pauses into pieces that are found one by one."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from audioqa.audio import OpenOptions, RecordingPath, Resampler, open_recording
from audioqa.errors import SettingsError, UnreadableRecordingError
from audioqa.perceptual.alignment import FRAMES_PER_SECOND, LevelTrack, speech_frames

RATE = 8000
"""Hz at which prompts are sought: every telephone recording has as much."""

LEAST_SPEECH = 3.0
"""Seconds of speech in a prompt; what tells a found piece from chance was measured on 3 s and more."""

LONGEST = 300.0
"""Seconds of a prompt."""

_PIECE = 3.0
"""Seconds of speech in a piece."""


@dataclass(frozen=True)
class Piece:
    """A piece of a prompt, its ends in samples at `RATE`, and the seconds of speech in it."""

    start: int
    stop: int
    speech: float


@dataclass(frozen=True)
class Prompt:
    """A prompt, as it is sought.

    Parameters
    ----------
    path, sha256
        Its file, and the digest of its bytes.
    rate
        Hz of the file.
    samples
        float32 ``(n,)`` at `RATE`.
    pieces
        In order, at least one.
    """

    path: Path
    sha256: str
    rate: int
    samples: NDArray[np.float32]
    pieces: tuple[Piece, ...]

    @property
    def name(self) -> str:
        """Its file's name without the extension."""
        return self.path.stem

    @property
    def duration(self) -> float:
        """Length in seconds."""
        return len(self.samples) / RATE

    @property
    def speech(self) -> float:
        """Seconds of speech."""
        return sum(piece.speech for piece in self.pieces)


def load_prompts(place: Path) -> tuple[Prompt, ...]:
    """The prompts of a file or a folder, by name.

    Parameters
    ----------
    place
        A recording of one channel, or a folder of such.

    Raises
    ------
    SettingsError
        Where there is none, one cannot be read, has several channels, holds too little speech, or is below 8 kHz.
    """
    if not place.exists():
        raise SettingsError(f"{place}: there is no such prompt")
    files = sorted(_files(place)) if place.is_dir() else [place]
    if not files:
        raise SettingsError(f"{place}: there is no recording in this folder of prompts")
    return tuple(load_prompt(file) for file in files)


def load_prompt(path: Path, *, options: OpenOptions = OpenOptions()) -> Prompt:  # noqa: B008 - frozen
    """One prompt; raises as `load_prompts`."""
    try:
        samples, rate, _ = read_all(path, options=options)
    except UnreadableRecordingError as error:
        raise SettingsError(f"the prompt {path} cannot be read: {error.cause}") from None
    if samples.shape[1] != 1:
        raise SettingsError(f"the prompt {path} has {samples.shape[1]} channels: a prompt has one")
    if rate < RATE:
        raise SettingsError(f"the prompt {path} has a wrong rate: {rate} Hz, and PESQ needs {RATE} Hz or more")
    mono = samples[:, 0]
    pieces = _pieces(mono)
    speech = sum(piece.speech for piece in pieces)
    if speech < LEAST_SPEECH:
        raise SettingsError(
            f"the prompt {path} is too short: {speech:.1f} s of speech, and {LEAST_SPEECH:g} s are needed"
        )
    if len(mono) > LONGEST * RATE:
        raise SettingsError(f"the prompt {path} is too long: {len(mono) / RATE:.0f} s, at most {LONGEST:g} s")
    with path.open("rb") as stream:
        return Prompt(path, hashlib.file_digest(stream, "sha256").hexdigest(), rate, mono, pieces)


def read_all(path: RecordingPath, *, options: OpenOptions) -> tuple[NDArray[np.float32], int, tuple[str, ...]]:
    """A whole recording at `RATE`: samples ``(n, channels)``, the file's own rate, and the names of its channels.

    Samples that are no numbers count as silence.
    """
    with open_recording(path, options=options) as opened:
        rate, names = opened.sample_rate, tuple(opened.channels)
        count = len(names)
        resampler = Resampler(rate, RATE, channels=count)
        parts = [resampler.push(np.nan_to_num(block, nan=0.0, posinf=0.0, neginf=0.0)) for block in opened.blocks()]
        parts.append(resampler.push(np.zeros((0, count), np.float32), last=True))
    return np.concatenate(parts), rate, names


def _files(folder: Path) -> Iterator[Path]:
    from audioqa.sources.listing import kind_of

    yield from (file for file in folder.iterdir() if file.is_file() and kind_of(file.name) == "recording")


def _pieces(samples: NDArray[np.float32]) -> tuple[Piece, ...]:
    """Cut a prompt at its longest pauses near every `_PIECE` seconds of speech."""
    track = LevelTrack(RATE)
    track.push(samples)
    active = speech_frames(track.levels())
    if not active.any():
        return ()
    size = RATE // FRAMES_PER_SECOND
    spoken = np.cumsum(active)
    total = int(spoken[-1])
    count = max(1, round(total / (_PIECE * FRAMES_PER_SECOND)))
    edges = [int(np.argmax(active))]
    for number in range(1, count):
        near = np.abs(spoken - number * total / count) <= 0.25 * total / count
        edges.append(_pause(active, np.flatnonzero(near)))
    edges.append(len(active) - int(np.argmax(active[::-1])))
    return tuple(
        Piece(a * size, min(b * size, len(samples)), float(np.count_nonzero(active[a:b])) / FRAMES_PER_SECOND)
        for a, b in pairwise(edges)
        if b > a
    )


def _pause(active: NDArray[np.bool_], near: NDArray[np.intp]) -> int:
    """The middle of the longest pause among some frames; the middle of them where there is none."""
    best, longest, begun = int(near[len(near) // 2]), 0, -1
    for frame in near:
        if active[frame]:
            begun = -1
            continue
        begun = int(frame) if begun < 0 else begun
        if frame - begun + 1 > longest:
            longest = int(frame) - begun + 1
            best = begun + longest // 2
    return best
