"""Echo, taken out: what the other leg says, through a short filter fitted by least squares, subtracted.

The delay is the event's; the filter of some 30 ms around it is the one that leaves least of the leg in the moments
where the other party speaks and this one does not (a block form of the echo canceller of ITU-T G.168).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from audioqa.mend.stretch import Samples, Stretch
from audioqa.types import Event

BEFORE, AFTER = 0.012, 0.020
"""Seconds of filter before and after the delay of the event, which is known to 10 ms."""

_FRAME = 0.010  # s
_MOST = 12.0  # s of moments used
_LEAST = 0.5  # s of them needed
_QUIET = 12.0  # dB: the leg may be so much louder than the echo would be
_FADE = 0.010  # s


def without_echo(stretch: Stretch, events: Sequence[Event]) -> Samples:
    """The stretch less the echo of the other leg; as it was where there is no other leg or too little of it.

    Parameters
    ----------
    stretch
        The party's audio and the other leg's.
    events
        ``echo``, with ``delay_ms`` and ``attenuation_db``.
    """
    out = stretch.samples
    if stretch.other is None:
        return out
    for event, _, _ in stretch.places(events):
        delay = float(event.evidence.get("delay_ms", 0.0)) / 1000
        attenuation = float(event.evidence.get("attenuation_db", 25.0))
        echo = _echo(out, stretch.other, stretch.rate, delay, attenuation)
        out = np.asarray(out - stretch.share([event], fade=_FADE) * echo, np.float32)
    return out


def _echo(near: Samples, far: Samples, rate: int, delay: float, attenuation: float) -> Samples:
    """The echo of `far` in `near`, shape (n,); zeros where it cannot be fitted."""
    first, taps = round((delay - BEFORE) * rate), round((BEFORE + AFTER) * rate)
    first = max(0, first)
    late = np.concatenate([np.zeros(first + taps - 1, np.float32), far])[: len(far) + taps - 1]
    rows = np.lib.stride_tricks.sliding_window_view(late, taps)[: len(near)]  # row n: far[n - first - taps + 1 ...]
    chosen = _moments(near, late[taps - 1 :], rate, attenuation)
    if len(chosen) < _LEAST * rate:
        return np.zeros(len(near), np.float32)
    matrix = rows[chosen].astype(np.float64)
    normal = matrix.T @ matrix
    normal[np.diag_indices_from(normal)] += 1e-3 * np.trace(normal) / taps + 1e-9
    taps_found = np.linalg.solve(normal, matrix.T @ near[chosen].astype(np.float64))
    return np.asarray(np.convolve(late, taps_found[::-1])[taps - 1 : taps - 1 + len(near)], np.float32)


def _moments(near: Samples, late: Samples, rate: int, attenuation: float) -> NDArray[np.int64]:
    """Samples at which the other party's speech comes back and this one is silent: at most 12 s, the loudest."""
    size = round(_FRAME * rate)
    count = min(len(near), len(late)) // size
    here, there = (
        10 * np.log10(np.mean(side[: count * size].reshape(count, size).astype(np.float64) ** 2, axis=1) + 1e-12)
        for side in (near, late)
    )
    alone = (there > there.max(initial=-120) - 25) & (here < there - attenuation + _QUIET)
    frames = np.flatnonzero(alone)
    frames = np.sort(frames[np.argsort(-there[frames])][: round(_MOST / _FRAME)])
    return (frames[:, None] * size + np.arange(size)).reshape(-1)
