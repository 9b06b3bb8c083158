"""Agreement of predictions with listeners in figures: the statistics of ITU-T P.1401 (01/2020), clause 7.5 and 7.7.

All are pure functions of predictions and opinions in the same order, float64, shape ``(n,)``, MOS 1 to 5. Where a
figure is not defined they return NaN, for use inside only: `audioqa.evaluation.compare` turns it into a `Skipped`.
"""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

Measure = Literal["PLCC", "SRCC", "RMSE", "RMSE*", "bias", "outliers"]
"""Pearson's and Spearman's correlation, root mean square error, the same beyond the interval of the votes, mean error,
and the share of errors beyond the interval of the votes."""

MEASURES: tuple[Measure, ...] = ("PLCC", "SRCC", "RMSE", "RMSE*", "bias", "outliers")
"""In the order of every table."""

UNDEFINED: dict[Measure, str] = {
    "PLCC": "all predictions or all opinions are equal",
    "SRCC": "all predictions or all opinions are equal",
    "RMSE": "no more points than the mapping has coefficients",
    "RMSE*": "no more points than the mapping has coefficients",
    "bias": "there are no points",
    "outliers": "there are no points",
}
"""Why a measure may be undefined."""

NO_INTERVALS = "the labels have no column ci"
"""Why there is no RMSE* and no outlier ratio."""


def pearson(predicted: Floats, observed: Floats) -> float:
    """Pearson's linear correlation (P.1401 clause 7.5.3), -1 to 1; NaN where one side is constant.

    >>> pearson(np.array([1.0, 2.0, 3.0]), np.array([2.0, 3.0, 4.0]))
    1.0
    """
    x, y = predicted - predicted.mean(), observed - observed.mean()
    # A constant leaves rounding errors of some 1e-16 behind, which must not correlate.
    if np.abs(x).max() < 1e-9 or np.abs(y).max() < 1e-9:
        return math.nan
    return float(np.clip((x @ y) / math.sqrt((x @ x) * (y @ y)), -1.0, 1.0))


def spearman(predicted: Floats, observed: Floats) -> float:
    """Spearman's rank correlation, -1 to 1, equal values sharing their mean rank; NaN where one side is constant."""
    return pearson(_ranks(predicted), _ranks(observed))


def rmse(predicted: Floats, observed: Floats, *, fitted: int = 0) -> float:
    """Root mean square error (P.1401 clause 7.5.1), MOS.

    Parameters
    ----------
    predicted, observed
        float64, shape ``(n,)``.
    fitted
        Coefficients of the mapping that was fitted to these points: the sum of squares is divided by ``n - fitted``.
        4 after a third-order mapping, 2 after a first-order one, 0 without.

    Returns
    -------
    float
        At least 0; NaN where ``n <= fitted``.
    """
    return _root_mean_square(predicted - observed, fitted)


def rmse_star(predicted: Floats, observed: Floats, ci: Floats, *, fitted: int = 0) -> float:
    """Epsilon-insensitive root mean square error (P.1401 clause 7.7), MOS.

    Only the part of each error beyond the 95 % interval of the votes counts: ``max(0, |predicted - observed| - ci)``.

    Parameters
    ----------
    predicted, observed
        float64, shape ``(n,)``.
    ci
        Half-width of the 95 % interval of each opinion, float64, shape ``(n,)``, MOS, at least 0.
    fitted
        As for `rmse`.

    Examples
    --------
    >>> rmse_star(np.array([2.0, 3.5]), np.array([2.1, 3.0]), np.array([0.2, 0.2])) == math.sqrt(0.3**2 / 2)
    True
    """
    return _root_mean_square(np.maximum(0.0, np.abs(predicted - observed) - ci), fitted)


def bias(predicted: Floats, observed: Floats) -> float:
    """Mean error, MOS, positive where the predictions are too high."""
    mean = float(np.mean(predicted - observed))
    return mean if abs(mean) > 1e-12 else 0.0  # what a mapping leaves is rounding


def outlier_ratio(predicted: Floats, observed: Floats, ci: Floats) -> float:
    """Share of predictions outside the 95 % interval of the votes (P.1401 clause 7.5.2.2), 0 to 1."""
    return float(np.mean(np.abs(predicted - observed) > ci + 1e-9))  # on the border it is none


def measured(predicted: Floats, observed: Floats, ci: Floats | None, *, fitted: int) -> Floats:
    """Every one of `MEASURES`.

    Parameters
    ----------
    predicted, observed, ci, fitted
        As for `rmse_star`; without `ci` RMSE* and the outlier ratio are NaN.

    Returns
    -------
    ndarray
        float64, shape ``(6,)``.
    """
    return np.array(
        [
            pearson(predicted, observed),
            spearman(predicted, observed),
            rmse(predicted, observed, fitted=fitted),
            math.nan if ci is None else rmse_star(predicted, observed, ci, fitted=fitted),
            bias(predicted, observed),
            math.nan if ci is None else outlier_ratio(predicted, observed, ci),
        ]
    )


def _root_mean_square(errors: Floats, fitted: int) -> float:
    spare = len(errors) - fitted
    return math.sqrt(float(errors @ errors) / spare) if spare > 0 else math.nan


def _ranks(values: Floats) -> Floats:
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    return np.asarray((np.cumsum(counts) - (counts - 1) / 2)[inverse], np.float64)
