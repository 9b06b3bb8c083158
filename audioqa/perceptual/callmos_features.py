"""What callmos hears of a channel: log-mel and what the frame table knows, one row of bytes every 20 ms.

A row is made from the spectra and columns that the measuring pass has at hand anyway, so it costs one matrix product.
The 32 ms window has the same bins, 31.25 Hz apart, at 8 and at 16 kHz; where a recording has nothing above 4 kHz the
bands lie at the floor. Levels are absolute: nothing is divided by its own peak, so that a whisper stays one.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from audioqa.frames import BAND_FRAME, FrameColumns, frame_columns, level_bytes

MEL_BANDS = 64
"""Mel bands from 0 to 8 kHz (O'Shaughnessy's scale, 2595 log10(1 + f/700))."""

FEATURES = 80
"""Columns: 64 mel levels, 8 subframe levels of 2.5 ms, 2 peak levels, 2 shares of samples near the peak, 2 shares of
samples equal to their predecessor, 2 likenesses to 10, 20 or 30 ms before."""

HOP = BAND_FRAME
"""Seconds from one row to the next."""

FLOOR = 55
"""Byte of -100 dBov: what lies below is rounding, which differs between file formats that hold the same sound."""

_HISTORY = 0.030  # s of context that the frame columns look back


def rows(columns: FrameColumns, rate: int) -> NDArray[np.uint8]:
    """Feature rows of a chunk.

    Parameters
    ----------
    columns
        What `audioqa.frames.frame_columns` made of it.
    rate
        8000 or 16000 Hz.

    Returns
    -------
    uint8, shape (band frames, 80)
        Levels in half decibels above -127.5 dBov, at least `FLOOR`; shares and likenesses as 255 for 1.
    """
    count = len(columns.spectra)
    frame = rate // 100
    peak = np.abs(columns.columns["peak"].astype(np.float32)).max(axis=1) / np.float32(32768)
    out = np.empty((count, FEATURES), np.uint8)
    np.maximum(level_bytes(columns.spectra @ _mel_matrix(rate)), FLOOR, out=out[:, :64])
    np.maximum(columns.columns["power"].reshape(count, 8), FLOOR, out=out[:, 64:72], casting="unsafe")
    out[:, 72:74] = np.maximum(level_bytes(np.square(peak)), FLOOR).reshape(count, 2)
    share = np.float32(255 / frame)
    out[:, 74:76] = (columns.columns["near_peak"] * share).astype(np.uint8).reshape(count, 2)
    out[:, 76:78] = (columns.columns["equal"] * share).astype(np.uint8).reshape(count, 2)
    out[:, 78:80] = columns.columns["similarity"].reshape(count, 2)
    return out


def features(samples: NDArray[np.float32], rate: int) -> NDArray[np.uint8]:
    """Feature rows of a whole signal; the same as streamed.

    Parameters
    ----------
    samples
        float32 in [-1, 1), shape (n,).
    rate
        8000 or 16000 Hz.

    Returns
    -------
    uint8, shape (n // (rate / 50), 80)
        One row for each whole 20 ms.
    """
    history, hop = round(_HISTORY * rate), round(HOP * rate)
    whole = len(samples) // hop * hop
    padded = np.concatenate([np.zeros(history, np.float32), samples[:whole].astype(np.float32)])
    return rows(frame_columns(padded, rate, history=history), rate)


@lru_cache(maxsize=2)
def _mel_matrix(rate: int) -> NDArray[np.float32]:
    """Shape (bins, 64): sums the squared magnitude of a Hann-windowed 32 ms FFT into mean-square per mel band."""
    points = round(rate * 0.032)
    hertz = np.fft.rfftfreq(points, 1 / rate)
    top = 2595 * np.log10(1 + 8000 / 700)
    edges = 700 * (10 ** (np.linspace(0, top, MEL_BANDS + 2) / 2595) - 1)
    low, centre, high = edges[:-2], edges[1:-1], edges[2:]
    rise = (hertz[:, None] - low) / (centre - low)
    fall = (high - hertz[:, None]) / (high - centre)
    triangles = np.maximum(0, np.minimum(rise, fall))
    # Where a band is narrower than the bins are apart, the bin nearest to its centre stands for it.
    for band in np.flatnonzero((triangles.sum(axis=0) < 0.5) & (centre <= rate / 2)):
        triangles[int(np.argmin(np.abs(hertz - centre[band]))), band] = 1.0
    scale = 2 / (points * np.sum(np.hanning(points) ** 2))
    return (triangles * scale).astype(np.float32)
