"""Active speech level and activity factor by ITU-T P.56 method B, streamed.

The envelope is the mean of ``|x|`` over 2.5 ms, twice smoothed with a time constant of 30 ms. Fifteen
thresholds, 6 dB apart, count the time during which the envelope was above them within the last 200 ms.
The level is found where the level over the counted time lies 15.9 dB above the threshold
(ITU-T P.56 (12/2011), clause 5.2 and Annex B of the same Recommendation). The standard smooths sample by
sample; smoothing a 2.5 ms mean changes the level by less than 0.05 dB on the STL tool's vectors.
Valid for speech at least 20 dB above the noise.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from audioqa.types import ActiveLevel, Skipped

STEP = 0.0025
"""Seconds per envelope point."""

_TIME_CONSTANT = 0.030  # s, P.56 T
_HANGOVER = round(0.200 / STEP)  # envelope points, P.56 H
_MARGIN = 15.9  # dB, P.56 M
_THRESHOLDS = 2.0 ** np.arange(-15, 0)  # P.56 c_j, of full scale
_DECAY = math.exp(-STEP / _TIME_CONSTANT)
_SCAN = 256  # points per step of the recursion: _DECAY**256 is 5e-10, so the powers keep float64 precision
_GROWTH = _DECAY ** -np.arange(_SCAN)
_FADE = (1 - _DECAY) / _GROWTH
_CARRY = _DECAY / _GROWTH


def _smooth(values: NDArray[np.float64], state: float) -> NDArray[np.float64]:
    """``y[n] = g·y[n-1] + (1-g)·x[n]`` with ``y[-1] = state``, as cumulative sums of scaled values."""
    steps = np.zeros((-(-len(values) // _SCAN), _SCAN))
    steps.reshape(-1)[: len(values)] = values
    steps *= _GROWTH
    np.cumsum(steps, axis=1, out=steps)
    steps *= _FADE
    states, last = [], float(_CARRY[-1])
    for end in steps[:, -1].tolist():
        states.append(state)
        state = end + state * last
    steps += np.array(states)[:, None] * _CARRY
    return steps.reshape(-1)[: len(values)]


def _thresholds_reached(envelope: NDArray[np.float64]) -> NDArray[np.int8]:
    """How many of the thresholds each point of the envelope, at least 0, has reached: its binary exponent tells."""
    exponent = envelope.view(np.int64) >> 52  # IEEE 754 binary64; 1023 stands for 2**0
    reached: NDArray[np.int8] = np.clip(exponent - (1022 - len(_THRESHOLDS)), 0, len(_THRESHOLDS)).astype(np.int8)
    return reached


def _greatest_within(values: NDArray[np.int8], points: int) -> NDArray[np.int8]:
    """Greatest of each value and the `points` before it, for all but the first `points` values."""
    width = 1  # greatest[i] is that of values[i] to values[i + width - 1]
    greatest = values
    while 2 * width <= points + 1:
        greatest = np.maximum(greatest[:-width], greatest[width:])
        width *= 2
    rest = points + 1 - width
    return np.maximum(greatest[: len(greatest) - rest], greatest[rest:])


class SpeechLevelMeter:
    """Accumulates P.56 over one channel; feed it envelopes and energies in order, then ask for the level."""

    def __init__(self) -> None:
        self._first = 0.0
        self._second = 0.0
        self._reached = np.zeros(_HANGOVER, dtype=np.int8)
        self._counts = np.zeros(len(_THRESHOLDS), dtype=np.int64)
        self._points = 0
        self._energy = 0.0

    def push(self, magnitude: NDArray[np.floating], power: NDArray[np.floating]) -> None:
        """Take the next points.

        Parameters
        ----------
        magnitude
            Shape (points,): mean of ``|x|`` over each 2.5 ms, 0 to 1.
        power
            Shape (points,): mean of ``x²`` over the same, 0 to 1.
        """
        points = len(magnitude)
        if points == 0:
            return
        first = _smooth(magnitude.astype(np.float64), self._first)
        second = _smooth(first, self._second)
        self._first, self._second = float(first[-1]), float(second[-1])
        # A point is active at each threshold that was reached by it or within the hangover before it.
        reached = np.concatenate([self._reached, _thresholds_reached(second)])
        self._reached = reached[-_HANGOVER:]
        active = np.bincount(_greatest_within(reached, _HANGOVER), minlength=len(_THRESHOLDS) + 1)
        self._counts += np.cumsum(active[:0:-1])[::-1]
        self._points += points
        self._energy += float(power.sum(dtype=np.float64))

    def level(self) -> ActiveLevel | Skipped:
        """The level so far, or a `Skipped` (kind ``level``) where nothing rises above the lowest threshold."""
        if self._energy <= 0 or self._counts[0] == 0:
            return Skipped("level", None, "no signal above -90 dBov")
        active = np.array([10 * math.log10(self._energy / c) if c else math.inf for c in self._counts])
        threshold = 20 * np.log10(_THRESHOLDS)
        excess = active - threshold - _MARGIN
        if excess[0] <= 0:
            return Skipped("level", None, "no signal that stands out from the quantisation floor")
        below = int(np.argmax(excess <= 0))
        if excess[below] > 0:
            return Skipped("level", None, "no threshold meets the P.56 margin: not speech")
        if math.isinf(active[below]):
            level = float(active[below - 1])
        else:
            share = excess[below - 1] / (excess[below - 1] - excess[below])
            level = float(active[below - 1] + share * (active[below] - active[below - 1]))
        activity = self._energy / self._points / 10 ** (level / 10)
        return ActiveLevel(level=level, activity=min(1.0, activity))
