"""Clipped speech, restored: the sparsest signal that is consistent with what was clipped.

A-SPADE (Kitić, Bertin and Gribonval, "Sparsity and cosparsity for audio declipping: a flexible non-convex approach",
LVA/ICA 2015): in each frame, the signal whose spectrum needs fewest lines, which equals the recording where that lies
below the ceiling and reaches at least the ceiling where it does not. In a survey of ten methods it was among the best
(Záviška et al., "A survey and an extensive evaluation of popular audio declipping methods", IEEE JSTSP 15, 2021).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from audioqa.mend.stretch import Samples, Stretch
from audioqa.types import Event

FRAME = 0.064
"""Seconds of a frame (the papers' choice), three quarters overlapping."""

NEAR = 0.97
"""Share of the ceiling from which a sample counts as clipped: rounding by G.711 is 1.6 %."""

_LINES, _MORE = 120, 1  # of the spectrum at last, and more in each round
_ENOUGH = 0.05  # share of the frame's energy that may be left between the signal and its sparse spectrum
_FADE = 0.010  # s
_BATCH = 256  # frames at once


def declipped(stretch: Stretch, events: Sequence[Event]) -> Samples:
    """The stretch with its clipped peaks restored; see the module.

    Parameters
    ----------
    stretch
        The party's audio.
    events
        ``clipping``, with ``ceiling_dbov`` and ``asymmetry_db``.
    """
    high = np.zeros(len(stretch.samples), np.bool_)
    low = high.copy()
    for event, first, stop in stretch.places(events):
        piece = stretch.samples[first:stop]
        above, below = _ceilings(piece, event)
        high[first:stop] |= piece >= NEAR * above
        low[first:stop] |= piece <= -NEAR * below
    if not (high | low).any():
        return stretch.samples
    restored = _consistent(stretch.samples, high, low, rate=stretch.rate)
    share = stretch.share(events, fade=_FADE)
    return np.asarray(stretch.samples + share * (restored - stretch.samples), np.float32)


def _ceilings(piece: Samples, event: Event) -> tuple[float, float]:
    """Magnitudes of the upper and the lower ceiling."""
    named = event.evidence.get("ceiling_dbov")
    if named is None:
        return float(piece.max(initial=1e-9)), float(-piece.min(initial=-1e-9))
    greater = 10 ** (float(named) / 20)
    asymmetry = float(event.evidence.get("asymmetry_db", 0.0))
    lesser = greater * 10 ** (-abs(asymmetry) / 20)
    return (greater, lesser) if asymmetry >= 0 else (lesser, greater)


def _consistent(samples: Samples, high: NDArray[np.bool_], low: NDArray[np.bool_], *, rate: int) -> Samples:
    """Overlapping frames restored one by one; those without a clipped sample stay."""
    size = round(FRAME * rate) // 4 * 4
    hop = size // 4
    pad = (size, size + -len(samples) % hop)
    padded = np.pad(samples, pad)
    up, down = np.pad(high, pad), np.pad(low, pad)
    starts = np.arange(0, len(padded) - size + 1, hop)
    window = np.asarray(np.hanning(size + 1)[:size], np.float32)
    change = np.zeros(len(padded), np.float32)
    places = starts[:, None] + np.arange(size)
    touched = np.flatnonzero((up | down)[places].any(axis=1))
    for begin in range(0, len(touched), _BATCH):
        chosen = places[touched[begin : begin + _BATCH]]
        given = padded[chosen] * window
        frames = _sparsest(given, up[chosen], down[chosen]) - given
        for place, frame in zip(chosen, frames, strict=True):
            change[place] += frame
    # Hann windows, three quarters overlapping, add up to 2.
    change = np.where(up | down, change / 2, np.float32(0))
    restored: Samples = (padded + change)[size : size + len(samples)]
    return restored


def _sparsest(given: NDArray[np.float32], high: NDArray[np.bool_], low: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Frames, shape (frames, size), by the alternating directions of A-SPADE; the spectrum has twice the bins."""
    from scipy import fft

    size = given.shape[1]
    signal, dual = given.copy(), np.zeros((len(given), size + 1), np.complex64)
    limit = _ENOUGH**2 * (given**2).sum(axis=1) + 1e-12
    active = np.arange(len(given))
    for kept in range(_MORE, _LINES + 1, _MORE):
        spectrum = fft.rfft(signal[active], 2 * size, axis=1, norm="ortho")
        wanted = spectrum + dual[active]
        power = wanted.real**2 + wanted.imag**2
        least = np.partition(power, size + 1 - kept, axis=1)[:, size + 1 - kept]
        sparse = np.where(power >= least[:, None], wanted, np.complex64(0))
        back = fft.irfft(sparse - dual[active], 2 * size, axis=1, norm="ortho")[:, :size]
        y, up, down = given[active], high[active], low[active]
        new = np.where(up, np.maximum(back, y), np.where(down, np.minimum(back, y), y))
        signal[active] = new
        difference = fft.rfft(new, 2 * size, axis=1, norm="ortho") - sparse
        dual[active] += difference
        left = (difference.real**2 + difference.imag**2).sum(axis=1) * 2
        active = active[left > limit[active]]
        if len(active) == 0:
            break
    return signal
