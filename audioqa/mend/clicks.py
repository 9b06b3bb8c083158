"""Clicks, taken out: the few samples of each are filled in by an autoregressive model of their neighbours.

A click is found within its event as a prediction error that stands far out of those around it (Godsill and Rayner,
"Digital Audio Restoration", 1998, chapter 5).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from audioqa.mend.autoregression import interpolated, prediction_error
from audioqa.mend.stretch import Samples, Stretch
from audioqa.types import Event

_ORDER = 24  # at 8 kHz
_BLOCK = 0.032  # s in which speech is taken as steady
_STANDS_OUT = 7.0  # times the median error
_ALONE = 2.5  # times the next greatest error around it
_LEAST = 1e-3  # of full scale: a smaller error is not heard
_MOST = 4  # clicks in a block
_WIDEST = 0.002  # s
_MARGIN = 2  # samples more behind the peak than before it
_AROUND = 0.005  # s


def without_clicks(stretch: Stretch, events: Sequence[Event]) -> Samples:
    """The stretch less its clicks; see the module.

    Parameters
    ----------
    stretch
        The party's audio.
    events
        ``clicks``: where to look for them.
    """
    out = stretch.samples.copy()
    rate = stretch.rate
    order, block, around = _ORDER * rate // 8000, round(_BLOCK * rate), round(_AROUND * rate)
    for _, first, stop in stretch.places(events):
        for start in range(max(0, first - around), min(len(out), stop + around), block // 2):
            low, high = max(0, start - block // 2), min(len(out), start + block)
            piece = out[low:high]
            missing = _clicked(piece, order, widest=round(_WIDEST * rate))
            if missing.any():
                out[low:high] = interpolated(piece, missing, order=order)
    return out


def _clicked(piece: Samples, order: int, *, widest: int) -> NDArray[np.bool_]:
    """Samples that belong to a click."""
    clicked = np.zeros(len(piece), np.bool_)
    if len(piece) <= 4 * order:
        return clicked
    samples = piece.astype(np.float64)
    error = np.zeros(len(piece))
    error[order:] = np.abs(np.convolve(samples, prediction_error(samples, order))[order : len(samples)])
    least = _STANDS_OUT * np.median(error) + _LEAST
    for _ in range(_MOST):
        at = int(np.argmax(error))
        if error[at] < least:
            break
        # The error of a click rings on through the filter, and may begin before its peak.
        low, high = max(0, at - widest // 2), min(len(piece), at + order + widest)
        rest = np.concatenate([error[:low], error[high:]])
        peak, error[low:high] = error[at], 0.0
        if peak < _ALONE * rest.max(initial=0.0):
            break  # a voice: its pulses are as strong, one a period
        clicked[max(0, at - widest // 4) : min(len(piece), at + widest // 4 + _MARGIN)] = True
    clicked[:order] = False
    clicked[-order:] = False
    return clicked
