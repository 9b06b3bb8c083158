"""Figures of many calls: means with intervals, differences, and which routes and faults stand out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from audioqa.alerts import Calls
from audioqa.alerts.columns import DAY, Floats, Truths
from audioqa.alerts.segments import labels_of

LEAST_CALLS = 30
"""Calls that a figure rests on."""

_NORMAL = 1.96
"""Of a 95 % interval."""


@dataclass(frozen=True)
class Mean:
    """A mean MOS with its 95 % interval, and of how many calls."""

    value: float
    low: float
    high: float
    calls: int


@dataclass(frozen=True)
class Day:
    """A day: its first moment (seconds since 1970), its mean, and the share of calls below a MOS; None of few calls."""

    at: float
    mean: Mean | None
    below: float | None


@dataclass(frozen=True)
class Route:
    """Calls of one word of a column, and how much lower they are than the others, with its 95 % interval."""

    by: str
    value: str
    mean: Mean
    lower: float
    low: float
    high: float
    below: float


@dataclass(frozen=True)
class Fault:
    """A kind of fault: how many calls have it, their share now and before, and how much lower their MOS is."""

    kind: str
    calls: int
    share: float
    before: float | None
    lower: float | None


def mean_of(mos: Floats) -> Mean | None:
    """The mean of some calls; None where they are few. What is not a number is left out."""
    known = mos[np.isfinite(mos)]
    if len(known) < LEAST_CALLS:
        return None
    half = _NORMAL * float(known.std(ddof=1)) / len(known) ** 0.5
    value = float(known.mean())
    return Mean(value, value - half, value + half, len(known))


def share_below(mos: Floats, limit: float) -> float | None:
    """The share of calls with a MOS that is below a limit; None where they are few."""
    known = mos[np.isfinite(mos)]
    return float((known < limit).mean()) if len(known) >= LEAST_CALLS else None


def days_of(calls: Calls, since: float, until: float, *, limit: float) -> list[Day]:
    """Each day of a time."""
    found = []
    for at in np.arange(since, until, DAY):
        mos = calls.between(float(at), float(at + DAY)).mos
        found.append(Day(float(at), mean_of(mos), share_below(mos, limit)))
    return found


def worst_routes(calls: Calls, by: tuple[str, ...], *, limit: float, most: int) -> list[Route]:
    """Words of columns whose calls are surely worse than the others, the worst first.

    Parameters
    ----------
    calls
        The calls.
    by
        Columns; ``carrier+site`` for pairs.
    limit
        MOS below which a call is counted.
    most
        How many.
    """
    found = []
    heard = np.isfinite(calls.mos)
    for column in by:
        labels = labels_of(calls, column)
        for code, name in enumerate(labels.names):
            mine = heard & (labels.codes == code)
            others = heard & (labels.codes >= 0) & ~mine
            here, there = mean_of(calls.mos[mine]), mean_of(calls.mos[others])
            if here is None or there is None:
                continue
            lower = there.value - here.value
            half = float(np.hypot(here.high - here.value, there.high - there.value))
            below = share_below(calls.mos[mine], limit)
            if lower - half > 0 and below is not None:
                found.append(Route(column, name, here, lower, lower - half, lower + half, below))
    found.sort(key=lambda route: (-route.low, route.by, route.value))
    return found[:most]


def top_faults(calls: Calls, before: Calls, *, most: int) -> list[Fault]:
    """The faults that cost most: by how many calls have them and how much lower those are."""
    found = []
    heard = np.isfinite(calls.mos)
    for kind, having in calls.faults.items():
        count = int(having.sum())
        if not count:
            continue
        with_it, without = mean_of(calls.mos[having & heard]), mean_of(calls.mos[~having & heard])
        lower = without.value - with_it.value if with_it and without else None
        earlier = before.faults.get(kind)
        share = float(earlier.mean()) if earlier is not None and len(before) >= LEAST_CALLS else None
        if earlier is None and len(before) >= LEAST_CALLS:
            share = 0.0
        found.append(Fault(kind, count, count / len(calls), share, lower))
    found.sort(key=lambda fault: (-(fault.lower or 0.0) * fault.calls, -fault.calls, fault.kind))
    return found[:most]


def within(calls: Calls, column: str, value: str | None) -> Truths:
    """Which calls have a word in a column; all where none is asked for."""
    if value is None:
        return np.ones(len(calls), np.bool_)
    labels = labels_of(calls, column)
    if value not in labels.names:
        return np.zeros(len(calls), np.bool_)
    found: Truths = labels.codes == labels.names.index(value)
    return found
