"""The interval of a difference between two periods whose calls hang together by cluster: a cluster bootstrap-t.

Calls of one trunk share its faults, so that a thousand of them tell no more than the trunk does. Intervals therefore
come from the clusters. The percentile bootstrap over clusters is too narrow where there are few (8 trunks: 84 to 89 %
in place of 95 %, docs/experiments.md); so is the sandwich estimator, and Satterthwaite's degrees of freedom make it too
wide where clusters differ in size. What is done here:

1. `D = sum_g (w_ga m_ga - w_gb m_gb)`: the difference of the means over calls, m_gt the mean of cluster g in period t,
   w_gt its share of the calls. `V = sum_g r_g^2` with `r_g = w_ga (m_ga - m_a) - w_gb (m_gb - m_b)` is the sandwich
   estimator of its variance by cluster (Liang and Zeger 1986), without any correction.
2. Three components are fitted by moments: of a cluster (the same in both periods), of a cluster in a period, and of a
   call within a cell.
3. As many clusters are drawn anew as there are, with their sizes and these components, 1999 times; each draw
   gives `D*` and `V*`. The 95th percentile q of `|D*| / sqrt(V*)` stands in place of 1.96, and the interval is
   `D ± q sqrt(V)` (bootstrap-t: Efron and Tibshirani 1993, chapter 12).

With clusters of one size, q is Student's own quantile; with many, 1.96, whatever the components are.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from audioqa.comparison.cells import Cells, Floats

LEVEL = 0.95
"""Of the interval."""

POWER = 0.8
"""Probability with which a difference of the detectable size would be told from none."""

DRAWS = 1999
"""Draws of the bootstrap: the quantile is known to about 2 %. The true t is one more of them, so that the 1900th of
1999 leaves out one in 20 exactly, however few the draws are."""

LEAST_PAIRS, LEAST_EACH = 3, 3
"""Clusters that an interval needs: in both periods, or in each of the two."""

_AT_ONCE = 1_000_000  # clusters drawn at once: some 20 MB


@dataclass(frozen=True)
class Interval:
    """A difference with its interval.

    Parameters
    ----------
    value
        After minus before.
    low, high
        Its 95 % interval.
    detectable
        The smallest difference that would have been told from none in four cases of five.
    """

    value: float
    low: float
    high: float
    detectable: float


@dataclass(frozen=True)
class Components:
    """Variances: of a cluster, of a cluster in a period, and of the mean of a cell given these (``(clusters, 2)``)."""

    cluster: float
    period: float
    cell: Floats


def without_interval(cells: Cells) -> str | None:
    """Why there can be no interval: too few clusters, or nothing that varies; None where there can."""
    if cells.filled.any() and np.ptp(cells.mean[cells.filled]) == 0.0:
        return "all calls are alike, so that nothing says how much chance does"
    both = int(cells.filled.all(axis=1).sum())
    each = cells.filled.sum(axis=0)
    if both >= LEAST_PAIRS or int(each.min()) >= LEAST_EACH:
        return None
    return (
        f"an interval needs {LEAST_PAIRS} clusters with calls on both sides, or {LEAST_EACH} on each; {both} have calls"
        f" on both, {each[0]} before and {each[1]} after"
    )


def interval(cells: Cells, *, draws: int = DRAWS, seed: int = 1) -> Interval:
    """The difference after minus before, with its interval.

    Parameters
    ----------
    cells
        Enough of them, and not all alike: `without_interval` says nothing.
    draws
        Of the bootstrap.
    seed
        Of the draws.
    """
    value = float(cells.level[1] - cells.level[0])
    left = cells.shares * (cells.mean - cells.level)
    scale = float(np.sqrt(((left[:, 1] - left[:, 0]) ** 2).sum()))
    drawn, spread = _drawn(cells, components(cells), draws, np.random.default_rng(seed))
    quantile = float(np.quantile(np.abs(drawn) / spread, LEVEL, method="weibull"))
    # What must be added to a draw so that its interval leaves 0 out: it does so for POWER of all draws. It is
    # brought from the scale of the fitted components to the one that was measured.
    detectable = float(np.quantile(quantile * spread - drawn, POWER)) * scale / float(np.sqrt((spread**2).mean()))
    return Interval(value, value - quantile * scale, value + quantile * scale, detectable)


def components(cells: Cells) -> Components:
    """The components of variance, by moments, none below 0.

    Between the means of a period's clusters, weighted by their shares, lies a variance of ``cluster + period + cell``;
    between the differences of clusters that have both periods, ``2 period`` and the variance of both cells. Where fewer
    than three have both, the two cannot be told apart, and need not be.
    """
    shares, filled = cells.shares, cells.filled
    cell = np.where(filled, cells.within / np.where(filled, cells.effective, 1.0), 0.0)
    spread = (shares * (cells.mean - cells.level) ** 2).sum() - (shares * (1.0 - shares) * cell).sum()
    between = max(0.0, float(spread / max((shares * (1.0 - shares)).sum(), 1e-12)))
    both = filled.all(axis=1)
    if both.sum() < LEAST_PAIRS:
        return Components(0.0, between, cell)
    weights = shares[both].mean(axis=1)
    weights /= weights.sum()
    change = cells.mean[both, 1] - cells.mean[both, 0]
    expected = (weights * (1.0 - weights) * cell[both].sum(axis=1)).sum()
    free = (weights * (change - (weights * change).sum()) ** 2).sum() - expected
    period = max(0.0, float(free / (weights * (1.0 - weights)).sum() / 2.0))
    return Components(max(0.0, between - period), period, cell)


def _drawn(cells: Cells, fitted: Components, draws: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Differences of draws without any true one, and the root of the variance that each would be given.

    With `u_g = w_ga m_ga - w_gb m_gb`, `r_g = u_g - (w_ga m_a - w_gb m_b)`, so that the sum of its squares needs four
    products with u. Single precision is plenty: thousands of draws are known to two figures.
    """
    shares = cells.shares
    deviation = np.sqrt(fitted.period + fitted.cell) * shares
    own = np.sqrt(fitted.cluster) * shares
    if not (own.any() or deviation.any()):
        deviation = shares
    before, after = (np.float32(deviation[:, period]) for period in (0, 1))
    own_before, own_after = (np.float32(own[:, period]) for period in (0, 1))
    weights = shares.astype(np.float32)
    inner = shares.T @ shares
    differences, spreads = [], []
    for first in range(0, draws, step := max(1, _AT_ONCE // len(shares))):
        size = min(step, draws - first), len(shares)
        left = rng.standard_normal(size, np.float32) * before
        right = rng.standard_normal(size, np.float32) * after
        if own.any():
            cluster = rng.standard_normal(size, np.float32)
            left += cluster * own_before
            right += cluster * own_after
        old, new = left.sum(axis=1, dtype=np.float64), right.sum(axis=1, dtype=np.float64)
        right -= left
        with_old, with_new = (right @ weights).astype(np.float64).T
        square = np.einsum("ij,ij->i", right, right, dtype=np.float64)
        square += 2.0 * (old * with_old - new * with_new)
        square += old**2 * inner[0, 0] + new**2 * inner[1, 1] - 2.0 * old * new * inner[0, 1]
        differences.append(new - old)
        spreads.append(np.sqrt(np.maximum(square, 1e-30)))
    return np.concatenate(differences), np.concatenate(spreads)
