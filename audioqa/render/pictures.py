"""Waveform and spectrogram of a recording, reduced in one streaming pass to a fixed number of columns.

Memory does not grow with the recording: each block is folded into the columns that it covers and forgotten.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audioqa.audio import OpenOptions, RecordingPath, open_recording
from audioqa.errors import UnreadableRecordingError
from audioqa.types import Recording

WINDOW = 0.032
"""Seconds of a Fourier transform: resolves the harmonics of a voice, 31.25 Hz apart."""

TOP = 8000.0
"""Hz: highest frequency shown; calls are narrowband or wideband."""

FLOOR = -110.0
"""dBov: level shown for a spectrogram cell without any power, below the -98 dBov of 16-bit rounding."""

_ROWS = 128


@dataclass(frozen=True)
class Picture:
    """One channel, drawn.

    Parameters
    ----------
    low, high
        float32, shape (columns,): least and greatest sample of each column, -1 to 1.
    spectrogram
        float32, shape (rows, slices): dBov in each cell, lowest frequency first, `FLOOR` and up.
    top
        Hz: upper edge of the highest row.
    """

    low: NDArray[np.float32]
    high: NDArray[np.float32]
    spectrogram: NDArray[np.float32]
    top: float


def draw_pictures(
    recording: Recording,
    *,
    columns: int = 1500,
    slices: int = 1500,
    options: OpenOptions = OpenOptions(),  # noqa: B008 - frozen
    path: RecordingPath | None = None,
) -> tuple[Picture, ...]:
    """A `Picture` of each channel, by decoding the recording once more.

    Parameters
    ----------
    recording
        What was learnt when it was scored: its length and rate make the time axis.
    columns, slices
        At most this many columns of waveform and of spectrogram; a short recording has fewer.
    options
        How it was opened.
    path
        Where it is now, if not at ``recording.path``.

    Raises
    ------
    UnreadableRecordingError
        Where the file is gone or can no longer be read.
    """
    with open_recording(recording.path if path is None else path, options=options) as opened:
        require_channels(opened.path, found=len(opened.channels), expected=len(recording.channels))
        return reduce_blocks(
            opened.blocks(),
            rate=recording.sample_rate,
            samples=recording.samples,
            channels=len(recording.channels),
            columns=columns,
            slices=slices,
        )


def require_channels(path: str, *, found: int, expected: int) -> None:
    """Refuse a file that another has taken the place of.

    Raises
    ------
    UnreadableRecordingError
        Where the file has another number of channels than when it was scored.
    """
    if found != expected:
        raise UnreadableRecordingError(
            path, f"it has {found} channels, but {expected} when it was scored: it was replaced"
        )


def reduce_blocks(
    blocks: Iterable[NDArray[np.float32]], *, rate: int, samples: int, channels: int, columns: int, slices: int
) -> tuple[Picture, ...]:
    """A `Picture` of each channel of a stream of blocks, shape (any, channels), `samples` long in all."""
    envelope = _Envelope(samples, channels, columns)
    spectrum = _Spectrogram(rate, samples, channels, slices)
    for block in blocks:
        envelope.push(block)
        spectrum.push(block)
    low, high = envelope.low, envelope.high
    power = spectrum.finish()
    return tuple(Picture(low[:, index], high[:, index], power[index], spectrum.top) for index in range(channels))


class _Envelope:
    """Least and greatest sample by column."""

    def __init__(self, samples: int, channels: int, columns: int) -> None:
        self._columns = max(1, min(columns, samples))
        self._samples = max(1, samples)
        self._seen = 0
        self.low = np.zeros((self._columns, channels), np.float32)
        self.high = np.zeros((self._columns, channels), np.float32)

    def push(self, block: NDArray[np.float32]) -> None:
        block = np.nan_to_num(block[: self._samples - self._seen])
        if not len(block):
            return
        edges, own = _runs(self._seen, self._seen + len(block), self._columns, self._samples)
        self.low[own] = np.minimum(self.low[own], np.minimum.reduceat(block, edges))
        self.high[own] = np.maximum(self.high[own], np.maximum.reduceat(block, edges))
        self._seen += len(block)


class _Spectrogram:
    """Mean power by band and column."""

    def __init__(self, rate: int, samples: int, channels: int, slices: int) -> None:
        self._length = 1 << max(5, round(math.log2(WINDOW * rate)))
        self._samples = max(1, samples)
        # No more columns than there are windows at three quarters overlap: finer ones would repeat each other.
        self._slices = max(1, min(slices, samples // (self._length // 4)))
        self._hop = max(1, min(self._length, self._samples // self._slices))
        self._window = np.hanning(self._length + 1)[:-1].astype(np.float32)
        bins = min(self._length // 2, math.ceil(TOP * self._length / rate))
        self._rows = min(_ROWS, bins)
        self._bins = bins // self._rows * self._rows
        self.top = self._bins * rate / self._length
        self._power = np.zeros((channels, self._slices, self._rows))
        self._counts = np.zeros(self._slices)
        # Half a window of silence before the first sample puts the first frame's centre on it.
        self._kept = np.zeros((self._length // 2, channels), np.float32)
        self._frame = 0

    def push(self, block: NDArray[np.float32]) -> None:
        kept = np.concatenate([self._kept, np.nan_to_num(block)])
        count = (len(kept) - self._length) // self._hop + 1
        if count < 1:
            self._kept = kept
            return
        centres = (self._frame + np.arange(count)) * self._hop
        self._fold(kept, centres[centres < self._samples])
        self._kept = kept[count * self._hop :]
        self._frame += count

    def finish(self) -> NDArray[np.float32]:
        """dBov, shape (channels, rows, slices)."""
        self.push(np.zeros((self._length, self._kept.shape[1]), np.float32))
        # A slice without a frame (the rounding of hop and slice) repeats the one before it.
        filled = np.maximum.accumulate(np.where(self._counts > 0, np.arange(self._slices), 0))
        mean = (self._power / np.maximum(self._counts, 1)[:, None])[:, filled]
        decibels = 10 * np.log10(np.maximum(mean, 10 ** (FLOOR / 10)))
        return np.ascontiguousarray(decibels.transpose(0, 2, 1), dtype=np.float32)

    def _fold(self, kept: NDArray[np.float32], centres: NDArray[np.int64]) -> None:
        if not len(centres):
            return
        own = centres * self._slices // self._samples
        edges = np.flatnonzero(np.diff(own, prepend=-1))
        self._counts[own[edges]] += np.diff(edges, append=len(own))
        # Power of a full-scale square wave in one bin is 1: the window's gain squared, two sides.
        scale = 2 / float(np.sum(self._window)) ** 2
        for channel in range(kept.shape[1]):
            views = np.lib.stride_tricks.sliding_window_view(kept[:, channel], self._length)[:: self._hop][
                : len(centres)
            ]
            spectrum = np.fft.rfft(views * self._window)[:, 1 : self._bins + 1]
            power = (spectrum.real**2 + spectrum.imag**2) * scale
            rows = power.reshape(len(centres), self._rows, -1).sum(axis=2)
            self._power[channel, own[edges]] += np.add.reduceat(rows, edges, axis=0)


def _runs(start: int, stop: int, columns: int, samples: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Offsets at which samples ``start`` to ``stop`` enter a new column, and those columns."""
    first, last = start * columns // samples, (stop - 1) * columns // samples
    own = np.arange(first, last + 1, dtype=np.int64)
    entry = -(-own * samples // columns)  # the first sample of each column, rounded up
    return np.maximum(entry - start, 0), own
