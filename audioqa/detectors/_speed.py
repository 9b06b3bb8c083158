"""At which speed speech is played: figures of its rhythm, pitch and spectrum, by which a wrong sample rate shows.

Speech that is played at twice its rate has its syllables, its harmonics and its formants an octave high. Each of these
varies by less than an octave from voice to voice, and not together.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from audioqa.frames import FRAME, TONE_STEP, levels
from audioqa.measure import ChannelMeasurements

Figures = NDArray[np.float64]

RHYTHM = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 50.0)
"""Hz: edges of the bands of the envelope's spectrum; syllables come 3 to 6 a second."""

SPACING = (90.0, 130.0, 180.0, 250.0, 350.0, 500.0)
"""Hz: edges of the classes of distance between the two strongest spectral peaks, mostly neighbouring harmonics."""

BANDS = 13
"""Bands of the frame table that are looked at: up to 3400 Hz, which every recording has."""

_LOOKED_AT = 600.0  # s from the beginning: speed is alike all the time
_WINDOW = 512  # frames of 10 ms of one spectrum of the envelope
_DEEP = 35.0  # dB below the loud frames where the envelope is cut off
_LOUD = 15.0  # dB below the loudest twentieth up to which a frame is loud


def speed_figures(channel: ChannelMeasurements) -> Figures | None:
    """The figures, float64, shape (26,), or None where there is too little that sounds."""
    level = channel.levels[: round(_LOOKED_AT / FRAME)]
    rhythm = _rhythm(level)
    count = min(len(channel.frames.bands), len(level) // 2)
    pairs = level[: count * 2].reshape(-1, 2).max(axis=1)
    if rhythm is None or len(pairs) == 0:
        return None
    loud = np.flatnonzero(pairs >= np.percentile(level, 95) - _LOUD)
    if len(loud) < 100:
        return None
    bands = channel.frames.bands[loud, :BANDS]
    # A telephone takes the lowest bands away: how deep they lie says nothing of speed.
    spectrum = np.maximum(levels(bands).mean(axis=0), levels(bands).mean(axis=0).max() - 30.0).astype(np.float64)
    distance = np.abs(np.diff(channel.frames.tones[loud].astype(np.float64), axis=1))[:, 0] * TONE_STEP
    tonal = channel.frames.tone_shares[loud].astype(np.float64).sum(axis=1) > 127
    classes = np.bincount(np.digitize(distance[tonal], SPACING), minlength=len(SPACING) + 1)
    spacing = np.sqrt(classes / max(1, classes.sum()))
    return np.concatenate([rhythm, (spectrum - spectrum.mean()) / 10, spacing])


def _rhythm(level: NDArray[np.float32]) -> Figures | None:
    """Logarithms of the shares of the envelope's spectrum in `RHYTHM`, over stretches that mostly sound.

    None where there is no such stretch, or nothing moves in it.
    """
    from scipy import fft

    if len(level) < _WINDOW:
        return None
    depth = np.clip(level - (np.percentile(level, 95) - _DEEP), 0, None).astype(np.float32)
    windows = np.lib.stride_tricks.sliding_window_view(depth, _WINDOW)[:: _WINDOW // 2]
    windows = windows[(windows > _DEEP * 0.4).mean(axis=1) >= 0.3]
    if len(windows) == 0:
        return None
    moving = (windows - windows.mean(axis=1, keepdims=True)) * np.hanning(_WINDOW).astype(np.float32)
    power = np.square(np.abs(fft.rfft(moving, axis=1))).sum(axis=0, dtype=np.float64)
    hertz = np.fft.rfftfreq(_WINDOW, FRAME)
    shares = np.array([power[(hertz >= a) & (hertz < b)].sum() for a, b in pairwise(RHYTHM)])
    total = shares.sum()
    return np.asarray(np.log10(shares / total + 1e-6), np.float64) if total > 0 else None
