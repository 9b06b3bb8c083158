"""Looking over the last calls of segments: how far their mean is off what it was before, for many lengths at once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from audioqa.alerts.columns import DAY, Floats, Integers
from audioqa.alerts.segments import Index

LEAST_BEFORE = 30
"""Calls of a segment that say how it was before."""

_PRIOR = 100.0
"""Calls by which a segment's own variance is drawn to 1."""


@dataclass(frozen=True)
class Sums:
    """Running sums over entries, so that the sum of any stretch is a difference.

    Parameters
    ----------
    first, second
        Of the values and of their squares: float64, one longer than the entries.
    """

    first: Floats
    second: Floats

    def over(self, begin: Integers, end: Integers) -> Floats:
        """Sum of the values of each stretch."""
        found: Floats = self.first[end] - self.first[begin]
        return found


def sums_of(values: Floats) -> Sums:
    """The running sums of values."""
    return Sums(np.concatenate([[0.0], np.cumsum(values)]), np.concatenate([[0.0], np.cumsum(values**2)]))


@cache
def window_lengths(shortest: int, longest: int = 2000) -> Integers:
    """Numbers of calls of the windows: each a quarter longer than the one before."""
    found = [shortest]
    while found[-1] < longest:
        found.append(max(found[-1] + 1, round(found[-1] * 1.25)))
    return np.asarray(found, dtype=np.int64)


def variances(index: Index, sums: Sums, history: int) -> Floats:
    """The variance of the values of each segment, drawn to 1 where they are few.

    Parameters
    ----------
    index, sums
        The calls, and the running sums of their values by entry.
    history
        How many calls are looked at, from the first.
    """
    start = index.start[:-1]
    end = start + np.bincount(index.segment[index.call < history], minlength=index.count)
    count = end - start
    mean = sums.over(start, end) / np.maximum(count, 1)
    own = np.maximum(sums.second[end] - sums.second[start] - count * mean**2, 0.0)
    found: Floats = np.maximum((own + _PRIOR) / (count + _PRIOR), 0.5)
    return found


def scores(
    index: Index,
    times: Floats,
    sums: Sums,
    *,
    segments: Integers,
    ends: Integers,
    lows: Integers,
    lengths: Integers,
    variance: Floats,
    wobble: Floats,
) -> tuple[Floats, Floats]:
    """How much lower the last calls are than those before, in standard deviations and in the values' own unit.

    Parameters
    ----------
    index, times
        The calls, and when the call of each entry began.
    sums
        Of normal values by entry.
    segments, ends
        Segments, and the end of the entries of each that are looked at: int64, shape (segments,).
    lows
        The first entry that a window may begin with.
    lengths
        Calls of the windows: int64, shape (windows,).
    variance, wobble
        For each of the segments that of its values, and that of its mean from one day to the next.

    Returns
    -------
    score, lower : ndarray
        Shape (segments, windows); minus infinity where there is no such window.
    """
    begin = ends[:, None] - lengths
    start = index.start[segments][:, None]
    usable = begin >= np.maximum(lows[:, None], start + LEAST_BEFORE)
    begin = np.where(usable, begin, start + 1)
    before = begin - start
    at_begin = sums.first[begin]
    lower = (at_begin - sums.first[start]) / before - (sums.first[ends][:, None] - at_begin) / lengths
    days = 1.0 + np.floor((times[ends - 1][:, None] - times[np.minimum(begin, len(times) - 1)]) / DAY)
    spread = np.sqrt(variance[:, None] * (1.0 / lengths + 1.0 / before) + wobble[:, None] / np.maximum(days, 1.0))
    return np.where(usable, lower / spread, -np.inf), np.where(usable, lower, -np.inf)


def wobble_of(index: Index, at: Floats, values: Floats, history: int) -> Floats:
    """For each column how much the mean of a segment varies from one day to the next beyond chance: a variance.

    Parameters
    ----------
    index, at
        The calls.
    values
        Normal value of each call.
    history
        How many calls are looked at, from the first.
    """
    found = np.full(len(index.columns), _LEAST_WOBBLE)
    if not history:
        return found
    day = ((at[:history] - at[0]) // DAY).astype(np.int64)
    days = int(day.max()) + 1
    for column in range(len(index.columns)):
        entries = index.place[:history, column]
        having = entries >= 0
        size = int(index.offset[column + 1] - index.offset[column])
        if not having.any() or days < 3:
            continue
        cell = (index.segment[entries[having]] - index.offset[column]) * days + day[having]
        count = np.bincount(cell, minlength=size * days).reshape(size, days)
        total = np.bincount(cell, weights=values[:history][having], minlength=size * days).reshape(size, days)
        full = count >= 10
        if full.sum() < 6:
            continue
        mean = total / np.maximum(count, 1)
        own = (total.sum(axis=1) / np.maximum(count.sum(axis=1), 1))[:, None]
        beyond = np.sort(((mean - own) ** 2 - 1.0 / np.maximum(count, 1))[full])
        cut = len(beyond) // 20
        found[column] = max(_LEAST_WOBBLE, float(beyond[: len(beyond) - cut].mean()))
    return found


_LEAST_WOBBLE = 0.005
"""A fourteenth of the noise of a call."""
