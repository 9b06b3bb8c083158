"""Hours of the day at which a segment is worse than at its others, day after day: congestion in the evening.

For each segment, day and hour stand the number of calls and the sum of their normal values. Three hours together are
compared with all other hours of the same segment, over the last 3, 4 ... 28 days. Most of the days have to be worse by
themselves: one bad evening is no habit.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from audioqa.alerts.columns import DAY, Calls, Floats, Truths
from audioqa.alerts.rule import AlertRule
from audioqa.alerts.segments import Index

WIDTH = 3
"""Hours that are looked at together."""

_LEAST_OF_DAY = 5
_SHARE_OF_DAYS = 0.75
_OTHERS = 100


@dataclass(frozen=True)
class HourTable:
    """Calls and the sum of their values by day, hour and segment; `add` changes it in place.

    Parameters
    ----------
    first_day
        Days since 1970 of the first row.
    count, total
        Float64, shape (days, 24, segments).
    """

    first_day: int
    count: Floats
    total: Floats


def table(index: Index, calls: Calls, values: Floats, shown: int) -> HourTable:
    """The table of the first calls."""
    if not len(calls):
        return HourTable(0, np.zeros((1, 24, index.count)), np.zeros((1, 24, index.count)))
    first = int(calls.at[0] // DAY)
    days = int(calls.at[-1] // DAY) - first + 1
    count = np.zeros(days * 24 * index.count)
    total = np.zeros(days * 24 * index.count)
    hour = ((calls.at[:shown] - first * DAY) // 3600).astype(np.int64)
    for column in range(len(index.columns)):
        entries = index.place[:shown, column]
        having = entries >= 0
        cell = hour[having] * index.count + index.segment[entries[having]]
        count += np.bincount(cell, minlength=len(count))
        total += np.bincount(cell, weights=values[:shown][having], minlength=len(total))
    shape = days, 24, index.count
    return HourTable(first, count.reshape(shape), total.reshape(shape))


def add(of: HourTable, index: Index, calls: Calls, values: Floats, first: int, last: int) -> None:
    """Count some more calls."""
    hour = ((calls.at[first:last] - of.first_day * DAY) // 3600).astype(np.int64)
    entries = index.place[first:last]
    cell = (hour[:, None] * index.count + index.segment[entries])[entries >= 0]
    np.add.at(of.count.reshape(-1), cell, 1.0)
    np.add.at(of.total.reshape(-1), cell, np.broadcast_to(values[first:last, None], entries.shape)[entries >= 0])


def find(
    of: HourTable,
    index: Index,
    calls: Calls,
    *,
    rule: AlertRule,
    first: int,
    last: int,
    limit: float,
    spread: float,
    wobble: Floats,
    taken: set[tuple[str, str]],
) -> tuple[int, str, float, float] | None:
    """The most certain habit among the segments of some calls.

    Parameters
    ----------
    of, index, calls
        What is known.
    rule
        The rule.
    first, last
        The calls that have just been looked at.
    limit
        Standard deviations.
    spread
        MOS of one standard deviation of the values.
    wobble
        By column.
    taken
        Segments that have such an alert already.

    Returns
    -------
    tuple or None
        Segment, hours (``17-20``), since when, and how certain.
    """
    columns = [index.columns.index(column) for column in rule.by]
    segments, _ = index.touched(first, last, columns)
    having = [index.find(*one) for one in taken]
    segments = segments[~np.isin(segments, [one for one in having if one is not None])]
    noise = wobble[np.searchsorted(index.offset, segments, side="right") - 1]
    if not len(segments) or of.count.shape[0] < rule.days:
        return None
    today = int(calls.at[last - 1] // DAY) - of.first_day
    now = int(calls.at[last - 1] % DAY // 3600)
    counts, totals = of.count[: today + 1][:, :, segments], of.total[: today + 1][:, :, segments]
    everything, everything_total = counts.sum(axis=(0, 1)), totals.sum(axis=(0, 1))
    best: tuple[int, str, float, float] | None = None
    for begin in range(now - WIDTH + 1, now + 1):
        if begin < 0 or begin + WIDTH > 24:
            continue
        count = counts[:, begin : begin + WIDTH].sum(axis=1)[::-1]
        total = totals[:, begin : begin + WIDTH].sum(axis=1)[::-1]
        full = count >= _LEAST_OF_DAY
        mean = np.where(full, total / np.maximum(count, 1.0), 0.0)
        n, s, days = np.cumsum(count, axis=0), np.cumsum(total, axis=0), np.cumsum(full, axis=0)
        others = everything - n
        rest = (everything_total - s) / np.maximum(others, 1.0)
        lower = rest - s / np.maximum(n, 1.0)
        score = lower / np.sqrt(1.0 / np.maximum(n, 1.0) + noise / np.maximum(days, 1) + 1.0 / np.maximum(others, 1.0))
        worse = np.cumsum(full & (mean < rest - lower / 2.0), axis=0)  # of the longest window: close enough
        usable = (n >= rule.calls) & (days >= rule.days) & (others >= _OTHERS) & full[0]
        usable &= (lower * spread >= rule.least) & (worse >= _SHARE_OF_DAYS * days)
        score = np.where(usable, score, -np.inf)
        window, segment = np.unravel_index(int(np.argmax(score)), score.shape)
        found = float(score[window, segment])
        if found >= limit and (best is None or found > best[3]):
            since = (of.first_day + today - int(window)) * DAY + begin * 3600.0
            best = int(segments[segment]), f"{begin:02d}-{begin + WIDTH:02d}", since, found
    return best


def within(at: Floats, detail: str) -> Truths:
    """Which moments are within hours such as ``17-20``."""
    begin, end = (int(part) for part in detail.split("-"))
    hour = at % DAY // 3600
    found: Truths = (hour >= begin) & (hour < end)
    return found
