"""The strictly rising map that fits pairs of raw score and MOS best: isotonic regression, closed at both ends.

Pool adjacent violators (Barlow et al., "Statistical Inference under Order Restrictions", 1972): neighbours in x whose
means of y fall are pooled until none do. Joined by straight lines, the means of the pools rise strictly.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

GAP = 0.05
"""Least raw distance of two knots: averages that lie closer would make a cliff of what the next clips would reverse.
From 0 to 0.1 it changes the cross-validated residuals of the shipped maps by less than 0.01."""

RISE = 0.001
"""Least rise from one knot to the next, MOS: a smaller one would be lost in the digits that are kept."""


def isotonic(
    x: NDArray[np.float64], y: NDArray[np.float64], *, gap: float = GAP
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Rising least-squares fit by pooling adjacent violators.

    Parameters
    ----------
    x, y
        float64, shape ``(n,)``, in any order.
    gap
        Blocks that lie closer than this in x are pooled too.

    Returns
    -------
    x, y : ndarray
        Mean x and mean y of each block, both strictly rising, y by more than `RISE`.
    """
    blocks: list[tuple[float, float, int]] = []  # sum of x, sum of y, members
    order = np.lexsort((y, x))
    for one, other in zip(x[order], y[order], strict=True):
        blocks.append((float(one), float(other), 1))
        while len(blocks) > 1 and (
            blocks[-2][1] / blocks[-2][2] + RISE >= blocks[-1][1] / blocks[-1][2]
            or blocks[-2][0] / blocks[-2][2] + gap >= blocks[-1][0] / blocks[-1][2]
        ):
            a, b = blocks.pop(), blocks.pop()
            blocks.append((a[0] + b[0], a[1] + b[1], a[2] + b[2]))
    sums = np.array(blocks)
    return sums[:, 0] / sums[:, 2], sums[:, 1] / sums[:, 2]


def rising_map(
    x: NDArray[np.float64], y: NDArray[np.float64], *, ceiling: float
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Knots of the map, closed at raw 1 and raw 5 so that the order of scores beyond the data survives.

    Parameters
    ----------
    x, y
        Raw scores and their MOS, float64, shape ``(n,)``, at least one.
    ceiling
        MOS of raw 5, where the data do not go as far.

    Returns
    -------
    x, y : tuple of float
        Strictly rising, rounded to four decimals.
    """
    middle_x, middle_y = isotonic(x, y)
    # An end as close as GAP would be a cliff; without it the outermost segment goes on.
    below = [(1.0, 1.0)] if middle_x[0] > 1 + GAP and middle_y[0] > 1 + RISE else []
    above = [(5.0, ceiling)] if middle_x[-1] < 5 - GAP and middle_y[-1] < ceiling - RISE else []
    knots = [*below, *zip(middle_x.tolist(), middle_y.tolist(), strict=True), *above]
    return tuple(round(a, 4) for a, _ in knots), tuple(round(b, 4) for _, b in knots)
