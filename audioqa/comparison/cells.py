"""Calls of two periods summed by cluster: all that a difference of means and its interval need.

A cluster is what calls share and fail together by: a trunk, a site, an agent. A **cell** is one cluster in one period.
Calls may weigh differently, as they do where a difference is standardised to one mix of calls.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True)
class Calls:
    """One figure of the calls of one period.

    Parameters
    ----------
    values
        A MOS, or 1 and 0 for what a call has or has not: float64, shape ``(calls,)``, finite.
    clusters
        The number of each call's cluster, the same numbers in both periods: int64, the same shape, from 0.
    weights
        What each call counts: float64, the same shape, at least 0; None: all the same.
    """

    values: Floats
    clusters: Integers
    weights: Floats | None = None


@dataclass(frozen=True)
class Cells:
    """Sums by cluster and period; every array is float64 of shape ``(clusters, 2)``, before and after.

    Parameters
    ----------
    weight
        Of the calls of a cell; 0 where a cluster has none in that period.
    mean
        Weighted mean of the calls of a cell; 0 where there are none.
    effective
        Calls that, weighing the same, would tell as much; 0 where there are none.
    within
        Variance of calls within a cell, pooled over each period: shape ``(2,)``.
    """

    weight: Floats
    mean: Floats
    effective: Floats
    within: Floats

    @property
    def filled(self) -> NDArray[np.bool_]:
        """Which clusters have calls in which period."""
        return self.weight > 0

    @property
    def shares(self) -> Floats:
        """Share of each cluster in the weight of its period."""
        found: Floats = self.weight / self.weight.sum(axis=0)
        return found

    @property
    def level(self) -> Floats:
        """Mean of each period: shape ``(2,)``."""
        found: Floats = (self.shares * self.mean).sum(axis=0)
        return found


def sum_up(before: Calls, after: Calls) -> Cells:
    """The sums of two periods; clusters without a call in either are left out.

    Parameters
    ----------
    before, after
        At least one call of some weight in each.
    """
    count = 1 + max(int(before.clusters.max(initial=-1)), int(after.clusters.max(initial=-1)))
    columns = [_of_period(calls, count) for calls in (before, after)]
    weight, mean, effective = (np.stack([column[place] for column in columns], axis=1) for place in range(3))
    kept = weight.sum(axis=1) > 0
    within = np.array([column[3] for column in columns])
    return Cells(weight[kept], mean[kept], effective[kept], within)


def _of_period(calls: Calls, count: int) -> tuple[Floats, Floats, Floats, float]:
    weights = np.ones(len(calls.values)) if calls.weights is None else calls.weights
    weight = np.bincount(calls.clusters, weights, count).astype(np.float64)
    square = np.bincount(calls.clusters, weights**2, count)
    safe = np.where(weight > 0, weight, 1.0)
    mean = np.bincount(calls.clusters, weights * calls.values, count) / safe
    counted = weights > 0
    left = calls.values[counted] - mean[calls.clusters[counted]]
    degrees = int(counted.sum()) - int((weight > 0).sum())
    within = float((left**2).sum() / degrees) if degrees > 0 else 0.0
    return weight, mean, weight**2 / np.where(square > 0, square, 1.0), within
