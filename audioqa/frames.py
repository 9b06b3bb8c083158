"""Framing: turns a stream of samples of one channel into the columns of the frame table.

A frame is 10 ms, a subframe 2.5 ms, a band frame 20 ms. The table's rate is 8 or 16 kHz, so that all three are
whole numbers of samples. Levels are stored in half decibels in one byte: ``level_bytes`` and ``levels`` convert.
Band powers come from a 32 ms window that ends with its band frame: at 8 kHz (256 points) and at 16 kHz
(512 points) the bins are the same 31.25 Hz apart.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

FRAME = 0.010
"""Seconds per frame."""

SUBFRAME = 0.0025
"""Seconds per subframe; four to a frame."""

BAND_FRAME = 0.020
"""Seconds per band frame; two frames."""

LAGS = (0.010, 0.020, 0.030)
"""Seconds: the packet lengths at which a repetition is looked for (RFC 3551 packets of 10, 20 and 30 ms)."""

BAND_EDGES = (60, 150, 250, 350, 475, 630, 800, 1000, 1250, 1550, 1900, 2350, 2850, 3400, 4000, 5300, 8000)
"""Hz: edges of the 16 bands, about one Bark each up to 4 kHz (Zwicker), two above."""

TONE_STEP = 0.25
"""Hz: unit in which the place of a spectral peak is stored."""

_LOWEST_TONE = 5  # bins of 31.25 Hz: below 170 Hz there is hum, and no signalling tone
_LAG_FRAMES = tuple(round(lag / FRAME) for lag in LAGS)
_FRAME_MS = round(1000 * FRAME)
_RANGE = 127.5  # dB: one byte of half decibels below full scale
_WINDOW = 0.032  # s


def level_bytes(power: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Mean squares (1.0 is 0 dBov) as half decibels above -127.5 dBov, uint8, same shape."""
    with np.errstate(divide="ignore"):
        db = np.log10(power)
    np.multiply(db, 20, out=db)
    np.add(db, 2 * _RANGE + 0.5, out=db)
    np.maximum(db, 0, out=db)
    np.minimum(db, 255, out=db)
    return db.astype(np.uint8)


def levels(stored: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Levels in dBov, float32, same shape as the stored bytes; -127.5 stands for that or less."""
    decibels: NDArray[np.float32] = stored.astype(np.float32) / np.float32(2) - np.float32(_RANGE)
    return decibels


def mean_levels(stored: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Levels in dBov, float32, shape (frames,), of frames whose subframes have these levels, shape (frames, 4)."""
    first, second, third, fourth = _squares().take(stored.T)
    decibels: NDArray[np.float32] = 10 * np.log10((first + second + third + fourth) / 4)
    return decibels


@lru_cache(maxsize=1)
def _squares() -> NDArray[np.float32]:
    """Mean square of each stored level."""
    return (10 ** (levels(np.arange(256, dtype=np.uint8)) / 10)).astype(np.float32)


def table_rate(sample_rate: int) -> int:
    """Rate of the frame table for a recording at `sample_rate`: 8000 up to 8 kHz, else 16000."""
    return 8000 if sample_rate <= 8000 else 16000


@lru_cache(maxsize=2)
def _band_matrix(rate: int) -> NDArray[np.float32]:
    """Shape (bins, 16): sums a one-sided power spectrum of a Hann-windowed 32 ms frame into mean-square per band."""
    points = round(rate * _WINDOW)
    hertz = np.fft.rfftfreq(points, 1 / rate)
    window = np.hanning(points)
    scale = 2 / (points * np.sum(window**2))
    matrix = np.zeros((len(hertz), len(BAND_EDGES) - 1), dtype=np.float32)
    for band, (low, high) in enumerate(pairwise(BAND_EDGES)):
        matrix[(hertz >= low) & (hertz < high), band] = scale
    return matrix


@lru_cache(maxsize=2)
def _window(rate: int) -> NDArray[np.float32]:
    return np.hanning(round(rate * _WINDOW)).astype(np.float32)


@dataclass(frozen=True)
class FrameTable:
    """The frames of one channel. 25 bytes per 10 ms.

    Parameters
    ----------
    rate
        Hz at which the table was computed, 8000 or 16000.
    power
        uint8, shape (frames, 4): level of each subframe, half decibels (`levels`).
    peak
        int16, shape (frames, 2): greatest and least sample, in units of 1/32768.
    near_peak
        uint8, shape (frames,): samples whose magnitude is within 2 % of the frame's own greatest magnitude.
    equal
        uint8, shape (frames,): samples equal to the one before.
    similarity
        uint8, shape (frames,): greatest normalised correlation with the same channel 10, 20 or 30 ms before, 255 for 1.
    lag
        uint8, shape (frames,): that lag in ms.
    bends
        uint8, shape (frames, 2): greatest and mean level of the second difference, half decibels: a click is a bend
        that stands far above the others.
    bands
        uint8, shape (band frames, 16): level in each of `BAND_EDGES`, half decibels.
    tones
        uint16, shape (band frames, 2): the strongest spectral peak and the strongest apart from it, in `TONE_STEP` Hz.
    tone_shares
        uint8, shape (band frames, 2): share of the power within two bins of each of them, 255 for all of it.
    """

    rate: int
    power: NDArray[np.uint8]
    peak: NDArray[np.int16]
    near_peak: NDArray[np.uint8]
    equal: NDArray[np.uint8]
    similarity: NDArray[np.uint8]
    lag: NDArray[np.uint8]
    bends: NDArray[np.uint8]
    bands: NDArray[np.uint8]
    tones: NDArray[np.uint16]
    tone_shares: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.power)

    def subframe_levels(self, start: int = 0, stop: int | None = None) -> NDArray[np.float32]:
        """Level of each subframe of frames `start` to `stop` in dBov, shape (4·frames,)."""
        return levels(self.power[start:stop].reshape(-1))

    def frame_levels(self, start: int = 0, stop: int | None = None) -> NDArray[np.float32]:
        """Level of frames `start` to `stop` in dBov, shape (frames,)."""
        return mean_levels(self.power[start:stop])


@dataclass(frozen=True)
class FrameColumns:
    """What one chunk of samples contributes: table columns by name, and the figures the accumulators want."""

    columns: Mapping[str, NDArray[Any]]
    subframe_power: NDArray[np.float32]
    subframe_magnitude: NDArray[np.float32]
    spectra: NDArray[np.float32]


def frame_columns(samples: NDArray[np.float32], rate: int, *, history: int) -> FrameColumns:
    """Reduce a chunk of whole band frames to columns.

    Parameters
    ----------
    samples
        float32, shape (history + n,): the chunk preceded by `history` samples of context; n a multiple of 20 ms.
    rate
        8000 or 16000 Hz.
    history
        Samples of context, at least the longest lag.

    Returns
    -------
    FrameColumns
        With n/rate/0.01 frames; ``spectra`` has shape (band frames, bins), the squared magnitude of the windowed FFT.
    """
    size = rate // 100
    count = (len(samples) - history) // size
    # A column for each frame: what is reduced over a frame's samples then runs along memory, many frames at once.
    # Above it stand the two samples before the frame.
    above = np.empty((2 + size, count), dtype=np.float32)
    above[2:] = samples[history:].reshape(count, size).T
    above[0], above[1] = samples[history - 2 : -2 : size], samples[history - 1 : -1 : size]
    across = above[2:]
    high, low = across.max(axis=0), across.min(axis=0)
    equal = _count(across == above[1:-1])
    magnitude = np.abs(across)
    bends = _bends(above)
    near = _count(magnitude >= np.maximum(high, -low) * np.float32(0.98))
    power = _subframe_means(np.square(across, out=across))
    energy = power.reshape(count, 4).sum(axis=1) * np.float32(size / 4)
    similarity, lag = _similarity(samples[history - max(_LAG_FRAMES) * size :].reshape(-1, size), energy)
    spectra = _power_spectra(samples[history + 2 * size - len(_window(rate)) :], rate)
    tones, tone_shares = _tones(spectra, rate)
    return FrameColumns(
        columns={
            "power": level_bytes(power).reshape(count, 4),
            "peak": _int16(np.stack([high, low], axis=1)),
            "near_peak": near,
            "equal": equal,
            "similarity": similarity,
            "lag": lag,
            "bends": level_bytes(bends),
            "tones": tones,
            "tone_shares": tone_shares,
            "bands": level_bytes(spectra @ _band_matrix(rate)),
        },
        subframe_power=power,
        subframe_magnitude=_subframe_means(magnitude),
        spectra=spectra,
    )


def _count(mask: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """How many are True in each column; a frame has at most 160 samples."""
    counts: NDArray[np.uint8] = np.add.reduce(mask.view(np.uint8), axis=0, dtype=np.uint8)
    return counts


def _subframe_means(across: NDArray[np.float32]) -> NDArray[np.float32]:
    """Mean of each subframe, in order of time, of values with a column for each frame."""
    size, count = across.shape
    sums = np.add.reduce(across.reshape(4, size // 4, count), axis=1)
    means: NDArray[np.float32] = sums.T.reshape(-1) / np.float32(size // 4)
    return means


def _bends(above: NDArray[np.float32]) -> NDArray[np.float32]:
    """Greatest and mean square of the second difference of each frame, shape (frames, 2); two samples of context."""
    slopes = above[1:] - above[:-1]
    squares = slopes[1:] - slopes[:-1]
    np.square(squares, out=squares)
    size, count = squares.shape
    # Eight sums, then pairs of them: the order in which NumPy adds up what lies along memory.
    sums = np.add.reduce(squares.reshape(size // 8, 8, count), axis=0)
    for _ in range(3):
        sums = sums[0::2] + sums[1::2]
    return np.stack([squares.max(axis=0), sums[0] / np.float32(size)], axis=1)


def _tones(spectra: NDArray[np.float32], rate: int) -> tuple[NDArray[np.uint16], NDArray[np.uint8]]:
    """The two strongest peaks of each spectrum: where, by a parabola through the logarithms, and their share of it."""
    count, bins = spectra.shape
    total = spectra.sum(axis=1) + np.float32(1e-12)
    rest = spectra[:, _LOWEST_TONE + 1 : -2].copy()
    width = rest.shape[1]
    first = np.arange(count) * bins + _LOWEST_TONE + 1
    hertz, shares = np.empty((count, 2)), np.empty((count, 2), dtype=np.float32)
    near = np.arange(-2, 3)[:, None]
    for turn in range(2):
        peak = rest.argmax(axis=1)
        around = spectra.take(first + peak + near)
        logarithms = np.log(around[1:4] + np.float32(1e-12))
        bend = logarithms[0] - 2 * logarithms[1] + logarithms[2]
        np.minimum(bend, np.float32(-1e-3), out=bend)
        shift = np.clip((logarithms[0] - logarithms[2]) / (2 * bend), -0.5, 0.5)
        hertz[:, turn] = (peak + (_LOWEST_TONE + 1) + shift) * (rate / 2 / (bins - 1))
        shares[:, turn] = around.sum(axis=0)
        if turn == 0:
            rest.put(np.arange(count) * width + np.clip(peak + near, 0, width - 1), 0)
    shares /= total[:, None]
    # Two tones closer than four bins share some: it counts for the stronger one.
    shares[:, 1] = np.minimum(shares[:, 1], 1 - shares[:, 0])
    return np.rint(hertz / TONE_STEP).astype(np.uint16), (np.clip(shares, 0, 1) * 255).astype(np.uint8)


def _similarity(
    frames: NDArray[np.float32], energy: NDArray[np.float32]
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Greatest correlation of each frame with those one lag before it, 255 for 1, and that lag in ms.

    Parameters
    ----------
    frames
        Shape (longest lag + count, samples): the frames and those before them.
    energy
        Shape (count,): sum of squares of the last `count` frames.
    """
    first, count = max(_LAG_FRAMES), len(energy)
    squares = np.einsum("ij,ij->i", frames, frames)
    value = np.zeros((len(LAGS), count), dtype=np.float32)
    for row, shift in zip(value, _LAG_FRAMES, strict=True):
        before = slice(first - shift, first - shift + count)
        product = np.einsum("ij,ij->i", frames[first:], frames[before])
        norm = np.sqrt(squares[before] * energy)
        np.divide(product, norm, out=row, where=norm > 1e-12)
    best = value.max(axis=0)
    lag = np.zeros(count, dtype=np.uint8)
    for row, shift in zip(value[::-1], _LAG_FRAMES[::-1], strict=True):  # the shortest of equally good lags stands
        lag[row >= best] = shift * _FRAME_MS
    lag[best <= 0] = 0
    return (np.clip(best, 0, 1) * 255).astype(np.uint8), lag


def _power_spectra(samples: NDArray[np.float32], rate: int) -> NDArray[np.float32]:
    """Squared magnitudes of the FFTs of the windows that start every band frame, shape (windows, bins)."""
    from scipy import fft

    window, hop, step = _window(rate), rate // 50, samples.itemsize
    count = (len(samples) - len(window)) // hop + 1
    windows = np.ndarray((count, len(window)), samples.dtype, samples, strides=(hop * step, step))
    spectrum = fft.rfft(windows * window, axis=1, overwrite_x=True)
    parts = spectrum.view(np.float32)  # real and imaginary parts by turns
    np.square(parts, out=parts)
    power: NDArray[np.float32] = parts[:, 0::2] + parts[:, 1::2]
    return power


def _int16(values: NDArray[np.float32]) -> NDArray[np.int16]:
    return np.clip(np.rint(values * 32768), -32768, 32767).astype(np.int16)
