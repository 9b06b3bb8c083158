"""Figures with intervals of 95 %, of counts, sums and histograms; below a least number of calls there is none.

The mean has Student's interval, a share Wilson's, a percentile the interval between two order statistics, which asks
nothing of the distribution. All of them take calls as drawn one by one: calls that share a cause (an outage, one
agent's headset) tell less than as many calls that have nothing to do with each other.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from audioqa.types.trends import Estimate, Figure, TooFew

LEAST = 30
"""Calls that a figure rests on: Student's interval of a mean holds for skewed scores from about there on."""

_TAIL = 0.025

Real = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int64]


def means(total: Real, squares: Real, count: Whole, least: int) -> list[Figure]:
    """Means by group.

    Parameters
    ----------
    total, squares
        float64, shape (groups,): sums of the values and of their squares.
    count
        int64, shape (groups,): how many values.
    least
        How many it takes, 2 or more.
    """
    from scipy.special import stdtrit

    enough = np.maximum(count, 2)
    mean = total / enough
    variance = np.maximum(0.0, squares - total**2 / enough) / (enough - 1)
    half = stdtrit(enough - 1, 1 - _TAIL) * np.sqrt(variance / enough)
    return [
        Estimate(float(value), float(value - by), float(value + by)) if n >= least else TooFew(int(n), least)
        for value, by, n in zip(mean, half, count, strict=True)
    ]


def shares(part: Whole, count: Whole, least: int, *, times: float = 1.0) -> list[Figure]:
    """Shares by group.

    Parameters
    ----------
    part, count
        int64, shape (groups,): how many have something, of how many.
    least
        How many it takes.
    times
        What a share is multiplied by: 1000 for so many of a thousand.
    """
    z = 1.959964  # normal deviate of 97.5 %
    n = np.maximum(count, 1)
    p = part / n
    middle = (p + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    low, high = np.minimum(p, np.maximum(0.0, middle - half)), np.maximum(p, np.minimum(1.0, middle + half))
    return [
        Estimate(float(value * times), float(a * times), float(b * times)) if c >= least else TooFew(int(c), least)
        for value, a, b, c in zip(p, low, high, count, strict=True)
    ]


def percentiles(histogram: Whole, values: Real, level: float, least: int) -> list[Figure]:
    """A percentile by group: the smallest value that so many per cent of the calls do not exceed.

    Parameters
    ----------
    histogram
        int64, shape (groups, values): how many calls have each value.
    values
        float64, shape (values,): rising.
    level
        Per cent, above 0 and below 100.
    least
        How many calls it takes. Where the interval would need calls beyond the first or the last, it takes more.
    """
    from scipy.special import bdtr, bdtrik

    summed = np.cumsum(histogram, axis=1)
    count = summed[:, -1]
    share = level / 100.0
    tail = min(share, 1 - share)
    # The first call is a lower limit, or the last an upper one, only where it is improbable that all lie beyond.
    needed = max(least, int(np.ceil(np.log(_TAIL) / np.log1p(-tail))))

    def ranked(probability: float) -> Whole:
        """The smallest k for which so many of the calls, or fewer, lie at or below the true percentile."""
        n = np.maximum(count, 1)
        above = np.ceil(bdtrik(probability, n.astype(np.float64), share))
        under = np.maximum(above - 1, 0)
        found: Whole = np.where(bdtr(under, n, share) >= probability, under, above).astype(np.int64)
        return found

    def at(rank: Whole) -> Real:
        inside = np.clip(rank, 1, np.maximum(count, 1))
        found: Real = values[np.minimum((summed < inside[:, None]).sum(axis=1), len(values) - 1)]
        return found

    value = at(np.ceil(share * count - 1e-9).astype(np.int64))
    low, high = at(ranked(_TAIL)), at(ranked(1 - _TAIL) + 1)
    return [
        Estimate(float(one), float(min(one, a)), float(max(one, b))) if n >= needed else TooFew(int(n), needed)
        for one, a, b, n in zip(value, low, high, count, strict=True)
    ]
