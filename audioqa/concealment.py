"""Packet-loss concealment after ITU-T G.711 Appendix I: what a loss sounds like on a path that hides it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def conceal(samples: NDArray[np.float32], first: int, n: int, rate: int) -> None:
    """Concealment after ITU-T G.711 Appendix I: pitch repeats, from 10 ms on a fifth less per 10 ms, zero from 60 ms.

    One pitch period is repeated in the first 10 ms, two in the second, three from then on; the signal that
    returns is cross-faded over 4 ms, 4 ms more for each further 10 ms lost, at most 10 ms.
    """
    ten = round(0.010 * rate)
    fade = min(ten, round(0.004 * rate) * max(1, n // ten), len(samples) - first - n)
    period = _pitch_period(samples[max(0, first - 5 * ten) : first], rate)
    made = np.zeros(n + fade, dtype=np.float32)
    for start in range(0, n + fade, ten):
        periods = min(3, 1 + start // ten)
        history = samples[first - periods * period : first]
        made[start : start + ten] = history[np.arange(start, min(start + ten, n + fade)) % len(history)]
    time = np.arange(n + fade) / ten
    made *= np.clip(1.0 - 0.2 * (time - 1.0), 0.0, 1.0).astype(np.float32)
    rise = (np.arange(fade, dtype=np.float32) + 1) / (fade + 1)
    back = samples[first + n : first + n + fade]
    samples[first + n : first + n + fade] = back * rise + made[n:] * (1 - rise)
    samples[first : first + n] = made[:n]


def _pitch_period(history: NDArray[np.float32], rate: int) -> int:
    """Lag between 5 and 15 ms at which the last 20 ms resemble what came before most."""
    reach = round(0.020 * rate)
    recent = history[-reach:].astype(np.float64)
    lags = range(round(0.005 * rate), round(0.015 * rate) + 1)
    earlier = [history[len(history) - reach - lag : len(history) - lag].astype(np.float64) for lag in lags]
    likeness = [float(recent @ past) / (np.sqrt(float(past @ past)) + 1e-9) for past in earlier]
    return lags[int(np.argmax(likeness))]
