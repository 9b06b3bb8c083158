"""Trends: figures of many calls that have something in common, each with its interval, or why there is none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, order=True)
class Basis:
    """What a score rests on; figures of two of them stand side by side and are never mixed.

    Parameters
    ----------
    scale
        Scale and listening context, ``MOS-LQO narrowband``; empty for calls without a MOS.
    estimator
        Identity of model, weights and calibration, or ``none``.
    """

    scale: str
    estimator: str


@dataclass(frozen=True)
class Estimate:
    """A figure and its interval of 95 %.

    Parameters
    ----------
    value
        The figure.
    low, high
        Where the true one lies, were the calls drawn at random from many of their kind.
    """

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class TooFew:
    """In place of a figure: it would rest on too few calls.

    Parameters
    ----------
    calls
        How many there are.
    least
        How many it takes.
    """

    calls: int
    least: int

    @property
    def reason(self) -> str:
        """In words."""
        return f"too few: {self.calls} of {self.least} calls"


Figure = Estimate | TooFew


@dataclass(frozen=True)
class TrendRow:
    """Calls that have something in common, all scored on one basis.

    Parameters
    ----------
    values
        What they have in common, in the order that was asked for; None where that is not known. Hours are ``00`` to
        ``23``, weekdays ``1 Monday`` to ``7 Sunday``, days ``2026-01-31``, weeks the day of their Monday, months
        ``2026-01``.
    scale
        Scale and context of the scores; empty where none of the calls has a MOS.
    estimator
        Identity of model, weights and calibration.
    calls
        How many there are, with a MOS or without.
    scored
        How many have a MOS.
    mos
        Their mean.
    percentiles
        Of their MOS, in the order that was asked for; rounded down to 0.01.
    below
        Share of those with a MOS that are below the threshold, 0 to 1.
    flagged
        Share of the calls that a person should review, 0 to 1.
    incidents
        By kind of event: how many of 1,000 calls have one.
    """

    values: tuple[str | None, ...]
    scale: str
    estimator: str
    calls: int
    scored: int
    mos: Figure
    percentiles: tuple[Figure, ...]
    below: Figure
    flagged: Figure
    incidents: Mapping[str, Figure]


@dataclass(frozen=True)
class Trend:
    """What came of a question.

    Parameters
    ----------
    by
        What calls were put together by.
    zone
        Name of the time zone that hours and days are of.
    since, until
        Of the calls that were counted, whole minutes; None where that was left open.
    threshold
        Of `TrendRow.below`.
    levels
        Of `TrendRow.percentiles`, in per cent.
    least
        Calls that a figure rests on at least.
    rolling
        Days that each row of a day takes in: it, and those before it.
    rows
        In the order of what calls were put together by.
    calls
        How many were counted.
    waiting
        Hours whose calls changed and are still counted as they were before.
    """

    by: tuple[str, ...]
    zone: str
    since: datetime | None
    until: datetime | None
    threshold: float
    levels: tuple[float, ...]
    least: int
    rolling: int
    rows: tuple[TrendRow, ...]
    calls: int
    waiting: int

    @property
    def bases(self) -> tuple[tuple[str, str], ...]:
        """Scale and estimator of the rows, each once."""
        return tuple(dict.fromkeys((row.scale, row.estimator) for row in self.rows))


@dataclass(frozen=True)
class Correlation:
    """How a score goes together with a number that is known of each call.

    Parameters
    ----------
    name
        Of the number.
    scale, estimator
        Of the scores.
    calls
        How many have both.
    pearson
        Of the straight line.
    spearman
        Of the order.
    why
        Why there is no figure although there are calls enough; empty where there is one.
    """

    name: str
    scale: str
    estimator: str
    calls: int
    pearson: Figure | None
    spearman: Figure | None
    why: str = ""


@dataclass(frozen=True)
class Shift:
    """What another estimator says of the same sound: the second score less the first one.

    Parameters
    ----------
    scale, estimator
        Of the first score.
    other_scale, other_estimator
        Of the second.
    calls
        How many were scored with both.
    difference
        Its mean; negative where the second estimator scores lower.
    spread
        Standard deviation of the difference; None where there are too few calls.
    by_level
        The same by the first score: lower end (included), upper end, calls, mean difference.
    """

    scale: str
    estimator: str
    other_scale: str
    other_estimator: str
    calls: int
    difference: Figure
    spread: float | None
    by_level: tuple[tuple[float, float, int, Figure], ...]


@dataclass(frozen=True)
class Pair:
    """Two scores of one sound: the earlier estimator's, and the other's that came after it."""

    first: Basis
    second: Basis
    mos: float
    other_mos: float
