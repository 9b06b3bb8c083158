"""Whether two periods hold the same mix of calls, and how their difference looks when they are brought to one.

A worse mean may only mean that more calls went over a poor codec. For each column it is said how far its values changed
their shares, and by how much that moves the mean (Kitagawa's decomposition, 1955: the change of each share times the
mean MOS of that value, averaged over the periods). Then the calls are matched by the columns that explain most, and
both periods are brought to their common mix (post-stratification).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from audioqa.comparison.cells import Calls, Floats, Integers
from audioqa.comparison.results import Mix, Part
from audioqa.types.columns import Labels

MOST_VALUES = 200
"""A column with more values is no mix but nearly a name of each call."""

MOST_COLUMNS = 3
"""By which calls are matched, unless others are named."""

LEAST_EXPLAINED = 0.005
"""MOS that a column must explain so that calls are matched by it."""

LEAST_COVERED = 0.9
"""Share of each period's calls that must keep a counterpart when one more column is matched."""

PARTS = 12
"""Values of a column that are told."""

Pair = tuple[Labels, Labels]
"""A column before and after, on common names."""


def mix(column: str, pair: Pair, values: tuple[Floats, Floats]) -> Mix | None:
    """How far one column changed, and what that explains; None where it has one value only, or too many.

    Parameters
    ----------
    column
        Its name.
    pair
        The column before and after.
    values
        MOS of the same calls.
    """
    names = (*pair[0].names, "not known")
    codes = [np.where(labels.codes < 0, len(names) - 1, labels.codes) for labels in pair]
    counts = np.stack([np.bincount(code, minlength=len(names)) for code in codes], axis=1).astype(np.float64)
    kept = int((counts.sum(axis=1) > 0).sum())
    if not 1 < kept <= MOST_VALUES:
        return None
    sums = np.stack([np.bincount(code, value, len(names)) for code, value in zip(codes, values, strict=True)], axis=1)
    shares = counts / counts.sum(axis=0)
    means = np.where(counts > 0, sums / np.maximum(counts, 1.0), np.nan)
    own = np.where(np.isnan(means), means[:, ::-1], means)  # a value with calls on one side only has that side's mean
    change = shares[:, 1] - shares[:, 0]
    explains = float(np.nansum(change * own.mean(axis=1)))
    parts = [
        Part(names[place], _pair(shares[place]), (_or_none(means[place, 0]), _or_none(means[place, 1])))
        for place in np.argsort(-np.abs(change), kind="stable")
        if counts[place].any()
    ]
    return Mix(column, float(np.abs(change).sum() / 2.0), explains, tuple(parts[:PARTS]))


def columns_to_match(found: Sequence[Mix], pairs: Mapping[str, Pair]) -> tuple[str, ...]:
    """The columns by which calls are matched: those that explain most, as long as most calls keep a counterpart.

    Parameters
    ----------
    found
        Columns, that which explains most first.
    pairs
        Every column.
    """
    chosen: tuple[str, ...] = ()
    for one in found:
        if len(chosen) == MOST_COLUMNS or abs(one.explains) < LEAST_EXPLAINED:
            break
        if min(covered([pairs[name] for name in (*chosen, one.column)])) >= LEAST_COVERED:
            chosen = (*chosen, one.column)
    return chosen


def covered(pairs: Sequence[Pair]) -> tuple[float, float]:
    """The share of each period's calls that have a counterpart in the other one."""
    strata = _strata(pairs)
    common = np.intersect1d(*strata)
    before, after = (float(np.isin(one, common).mean()) for one in strata)
    return before, after


def to_one_mix(
    pairs: Sequence[Pair], values: tuple[Floats, Floats], clusters: tuple[Integers, Integers]
) -> tuple[Calls, Calls]:
    """The calls that have a counterpart, weighted so that both periods have the mix of the two together.

    What a stratum has in both periods is taken off its calls, so that it does not count as chance; the overall mean is
    added again. The difference stays as it is.

    Parameters
    ----------
    pairs
        The columns that are matched.
    values, clusters
        Of the same calls.
    """
    strata = _strata(pairs)
    number = 1 + max(int(one.max(initial=0)) for one in strata)
    counts = np.stack([np.bincount(one, minlength=number) for one in strata], axis=1).astype(np.float64)
    sums = np.stack([np.bincount(one, value, number) for one, value in zip(strata, values, strict=True)], axis=1)
    common = np.all(counts > 0, axis=1)
    counts, sums = counts * np.reshape(common, (-1, 1)), sums * np.reshape(common, (-1, 1))
    wanted = counts.sum(axis=1) / counts.sum()
    safe = np.where(counts > 0, counts, 1.0)
    level = (sums / safe).mean(axis=1)
    overall = float((wanted * level).sum())
    made = []
    for side, (one, value, cluster) in enumerate(zip(strata, values, clusters, strict=True)):
        own = np.asarray(common)[one]
        weight = counts[:, side].sum() * wanted / safe[:, side]
        made.append(Calls((value - level[one] + overall)[own], cluster[own], weight[one][own]))
    return made[0], made[1]


def _strata(pairs: Sequence[Pair]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """One number for each combination of values, the same in both periods."""
    sides = []
    for side in (0, 1):
        found = np.zeros(len(pairs[0][side].codes), dtype=np.int64)
        for pair in pairs:
            found = found * (len(pair[side].names) + 1) + pair[side].codes + 1
        sides.append(found)
    _, numbers = np.unique(np.concatenate(sides), return_inverse=True)
    cut = len(sides[0])
    return numbers[:cut], numbers[cut:]


def _pair(values: Floats) -> tuple[float, float]:
    return float(values[0]), float(values[1])


def _or_none(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
