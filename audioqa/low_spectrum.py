"""The spectrum below 500 Hz, streamed: where mains hum stands in narrow lines between the words.

The signal is reduced to 1 kHz by means of whole blocks, whose nulls lie on the multiples of 1 kHz that would fold onto
low frequencies, and looked at in windows of a quarter of a second, as short as the pauses of dense speech. What is kept
of ten seconds is what nine tenths of the windows exceed: speech comes and goes, hum is there in every one.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from audioqa.frames import level_bytes

RATE = 1000
"""Hz to which the signal is reduced."""

STEP = 2
"""Hz between the lines kept, from 0 to 498."""

LINES = 500 // STEP

SPAN = 10.0
"""Seconds of windows in one row."""

_SIZE = RATE // 4
_HOP = _SIZE // 2
_WINDOW = np.hanning(_SIZE).astype(np.float32)
_SCALE = np.float32(2 / np.sum(_WINDOW) ** 2)  # a line's mean square, one-sided
_COUNT = round(SPAN * RATE / _HOP)
_EXCEEDED = 0.9


class LowSpectrum:
    """Reduces one channel, in pieces of any length.

    Parameters
    ----------
    rate
        8000 or 16000 Hz.
    """

    def __init__(self, rate: int) -> None:
        self._block = rate // RATE
        self._mean = np.full(self._block, 1 / self._block, dtype=np.float32)
        self._samples = np.zeros(0, dtype=np.float32)  # not yet a whole block
        self._kept = np.zeros(0, dtype=np.float32)  # at 1 kHz, not yet done with
        self._rows: list[NDArray[np.uint8]] = []

    def push(self, samples: NDArray[np.float32]) -> None:
        """Take the next samples, float32, shape (n,)."""
        joined = np.concatenate([self._samples, samples])
        whole = len(joined) // self._block * self._block
        self._samples = joined[whole:]
        self._kept = np.concatenate([self._kept, joined[:whole].reshape(-1, self._block) @ self._mean])
        span = _COUNT * _HOP
        while len(self._kept) >= span + _SIZE - _HOP:
            self._row(_COUNT)
            self._kept = self._kept[span:]

    def finish(self) -> NDArray[np.uint8]:
        """Rows of `SPAN` s, uint8, shape (n, 250), half decibels; the last may rest on less, but not on under 1 s."""
        count = (len(self._kept) - _SIZE) // _HOP + 1
        if count * _HOP >= RATE:
            self._row(count)
        return np.stack(self._rows) if self._rows else np.zeros((0, LINES), dtype=np.uint8)

    def _row(self, count: int) -> None:
        from scipy import fft

        step = self._kept.itemsize
        windows = np.ndarray((count, _SIZE), np.float32, self._kept, strides=(_HOP * step, step))
        spectrum = fft.rfft(windows * _WINDOW, n=RATE // STEP, axis=1)[:, :LINES]
        power = np.square(spectrum.real) + np.square(spectrum.imag)
        place = int((1 - _EXCEEDED) * count)
        self._rows.append(level_bytes(np.partition(power, place, axis=0)[place] * _SCALE))
