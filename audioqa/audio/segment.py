"""Reading one stretch of a recording again, by time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from audioqa.audio.choice import decode
from audioqa.audio.legs import beside
from audioqa.audio.opening import OpenedRecording, RecordingPath, files_of, open_recording
from audioqa.audio.options import OpenOptions
from audioqa.audio.sndfile import SAMPLE_CODED
from audioqa.errors import UnreadableRecordingError
from audioqa.types import Segment

_DEFAULTS = OpenOptions()


def read_segment(
    path: RecordingPath, segment: Segment, *, options: OpenOptions = _DEFAULTS
) -> tuple[NDArray[np.float32], int]:
    """Read one stretch of a recording again.

    What comes is what `OpenedRecording.blocks` gave there, bit for bit. PCM, G.711 and FLAC are read from the
    place itself; other codings have a memory, and are decoded from the start.

    Parameters
    ----------
    path, options
        As for `open_recording`.
    segment
        Seconds from the start; what lies outside of the recording is left out.

    Returns
    -------
    samples : ndarray
        float32 ``(n, channels)``, from sample ``round(start * rate)`` to before ``round(end * rate)``.
    rate : int
        Hz.

    Raises
    ------
    UnreadableRecordingError
        As for `open_recording`.
    """
    files = files_of(path)
    with open_recording(path, options=options) as opened:
        rate = opened.sample_rate
        if len(files) > 1:
            parts = [read_segment(file, segment, options=replace(options, channel_names=())) for file in files]
            if {found for _, found in parts} == {rate}:
                return beside([samples for samples, _ in parts]), rate
        first, last = max(0, round(segment.start * rate)), max(0, round(segment.end * rate))
        if len(files) == 1 and first and (opened.codec in SAMPLE_CODED or opened.container == "FLAC"):
            found = _read_from(opened, first, last, options)
            if found is not None:
                return found, rate
        return _cut(opened.blocks(), 0, first, last, len(opened.channels)), rate


def _read_from(opened: OpenedRecording, first: int, last: int, options: OpenOptions) -> NDArray[np.float32] | None:
    """Read samples `first` to before `last` from their place, or return None where that does not bring them all."""
    try:
        decoding = decode(opened.path, options, start=first)
    except UnreadableRecordingError:
        return None
    with OpenedRecording((opened.path,), decoding, opened.channels) as again:
        found = _cut(again.blocks(), first, first, last, len(opened.channels))
    return found if len(found) == last - first else None


def _cut(blocks: Iterator[NDArray[np.float32]], at: int, first: int, last: int, count: int) -> NDArray[np.float32]:
    """Return samples `first` to before `last` of blocks of `count` channels that begin at sample `at`."""
    parts = [np.zeros((0, count), np.float32)]
    for block in blocks:
        if at >= last:
            break
        parts.append(block[max(0, first - at) : last - at])
        at += len(block)
    return np.concatenate(parts)
