"""Looking over the last calls of segments: how far their mean is off what it was before, for many lengths at once."""

from __future__ import annotations

from dataclasses import dataclass

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


def window_lengths(shortest: int, longest: int = 2000) -> Integers:
    """Numbers of calls of the windows: each a quarter longer than the one before."""
    found = [shortest]
    while found[-1] < longest:
        found.append(max(found[-1] + 1, round(found[-1] * 1.25)))
    return np.asarray(found, dtype=np.int64)


def scores(
    index: Index,
    at: Floats,
    sums: Sums,
    *,
    segments: Integers,
    ends: Integers,
    lows: Integers,
    lengths: Integers,
    wobble: Floats,
) -> tuple[Floats, Floats]:
    """How much lower the last calls are than those before, in standard deviations and in the values' own unit.

    Parameters
    ----------
    index, at
        The calls.
    sums
        Of normal values by entry.
    segments, ends
        Segments, and the end of the entries of each that are looked at: int64, shape (segments,).
    lows
        The first entry that a window may begin with.
    lengths
        Calls of the windows: int64, shape (windows,), or (segments, windows).
    wobble
        For each segment the variance of its mean from one day to the next.

    Returns
    -------
    score, lower : ndarray
        Shape (segments, windows); minus infinity where there is no such window.
    """
    begin = ends[:, None] - lengths
    start = index.start[segments][:, None]
    before = begin - start
    usable = (begin >= lows[:, None]) & (before >= LEAST_BEFORE)
    begin, before = np.where(usable, begin, start), np.where(usable, before, 1)
    end = np.broadcast_to(ends[:, None], begin.shape)
    total_before = sums.over(np.broadcast_to(start, begin.shape), begin)
    mean_before = total_before / before
    squares = sums.second[begin] - sums.second[start]
    own = np.maximum(squares - before * mean_before**2, 0.0)
    variance = np.maximum((own + _PRIOR) / (before + _PRIOR), 0.5)
    lower = mean_before - sums.over(begin, end) / lengths
    times = at[index.call]
    last = len(times) - 1
    days = 1.0 + (times[np.clip(end - 1, 0, last)] - times[np.clip(begin, 0, last)]) / DAY
    days_before = 1.0 + (times[np.clip(begin - 1, 0, last)] - times[np.clip(start, 0, last)]) / DAY
    spread = np.sqrt(
        variance * (1.0 / lengths + 1.0 / before)
        + wobble[:, None] * (1.0 / np.floor(days) + 1.0 / np.floor(np.maximum(days_before, 1.0)))
    )
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
