"""What a comparison of two periods gives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from audioqa.types import Skipped

Outcome = Literal["better", "worse", "slightly better", "slightly worse", "no change", "open", "mix", "none"]
"""Of the whole comparison: ``slightly`` where no difference that matters is left in the interval; ``no change`` where
it holds 0 and no difference that matters; ``open`` where it holds both; ``mix`` where other calls, not other quality,
may explain the difference; ``none`` where there is no interval."""


@dataclass(frozen=True)
class Difference:
    """One figure before and after.

    Parameters
    ----------
    name
        ``mos``, ``below`` (share of calls below a line), or a kind of event (share of calls that have one).
    before, after
        The figure of each: MOS, or a share, 0 to 1.
    low, high
        95 % interval of after minus before.
    detectable
        The smallest difference that would have been told from none in four cases of five.
    calls
        How many were counted before and after.
    """

    name: str
    before: float
    after: float
    low: float
    high: float
    detectable: float
    calls: tuple[int, int]

    @property
    def value(self) -> float:
        """After minus before."""
        return self.after - self.before


@dataclass(frozen=True)
class Standardised:
    """The difference of MOS with both periods brought to one mix of calls.

    Parameters
    ----------
    difference
        Of the calls that have a counterpart in the other period, both brought to the mix of the two periods together;
        or why there is none.
    columns
        By which calls were matched, that which explains most first.
    covered
        Share of each period's calls that have a counterpart, 0 to 1.
    """

    difference: Difference | Skipped
    columns: tuple[str, ...]
    covered: tuple[float, float]


@dataclass(frozen=True)
class Part:
    """One value of a column: its share of the calls and their mean MOS, before and after; None where there is none."""

    value: str
    shares: tuple[float, float]
    mos: tuple[float | None, float | None]


@dataclass(frozen=True)
class Mix:
    """How far a column's values changed their shares.

    Parameters
    ----------
    column
        Its name.
    moved
        Share of calls that would have to have another value for both periods to be alike, 0 to 1.
    explains
        MOS by which the mean moves because of it alone, values keeping their own mean (Kitagawa 1955).
    parts
        Its values, those first whose share changed most.
    """

    column: str
    moved: float
    explains: float
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class Cluster:
    """One cluster in the picture: calls and mean MOS, before and after; None where it has no call."""

    name: str
    calls: tuple[int, int]
    mos: tuple[float | None, float | None]


@dataclass(frozen=True)
class Comparison:
    """Two periods compared.

    Parameters
    ----------
    by
        The column whose values are the clusters.
    made_by
        Scale and estimator of every MOS in it.
    line, matters
        The MOS below which calls are counted; the smallest difference of MOS that matters.
    calls
        How many were found before and after.
    left_out
        Why some of them are not in it, and how many before and after.
    clusters
        How many have calls on both sides, only before, and only after.
    mos
        The difference of mean MOS.
    standardised
        The same, brought to one mix.
    others
        Calls below the line, and calls with each kind of event.
    mix
        Every column that calls may differ in, that which explains most first.
    largest
        The largest clusters.
    outcome
        What it comes to.
    cautions
        What to know before it is believed, a sentence each.
    """

    by: str
    made_by: str
    line: float
    matters: float
    calls: tuple[int, int]
    left_out: tuple[tuple[str, int, int], ...]
    clusters: tuple[int, int, int]
    mos: Difference | Skipped
    standardised: Standardised
    others: tuple[Difference | Skipped, ...]
    mix: tuple[Mix, ...]
    largest: tuple[Cluster, ...]
    outcome: Outcome
    cautions: tuple[str, ...]
