"""The mapping of ITU-T P.1401 (01/2020), clause 7.3.2: the best rising polynomial from predictions to opinions.

Listeners of another test use the scale in another way. Before errors are compared, P.1401 therefore lets a third-order
polynomial, fitted to the very data and rising on their range, take out what belongs to the test. With too few points
for that a straight line takes its place.

The rising polynomial of least squares is found exactly but for a one-dimensional search. With u running from 0 to 1
over the range, the derivative is a quadratic that must not be negative there. Where the free fit breaks that, the best
one lies on the border, and the derivative has a zero in the range: a double one inside, ``a (u - z)^2``, or one at an
end, ``u (b (1 - u) + c u)`` or ``(1 - u) (b (1 - u) + c u)``, with a, b, c at least 0.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from audioqa.errors import MeasurementError
from audioqa.evaluation.measures import Floats

LEAST_FOR_CUBIC = 8
"""Points from which a third-order mapping is fitted: two for each of its four coefficients."""

_ZEROS = 64  # places of the double zero tried over the range, and again around the best
_GRID = np.arange(_ZEROS + 1) / _ZEROS
# Antiderivatives of u(1-u) and u^2, and of (1-u)^2 and u(1-u), as coefficients of u, u^2, u^3.
_ENDS = (
    np.array([[0.0, 1 / 2, -1 / 3], [0.0, 0.0, 1 / 3]]),
    np.array([[1.0, -1.0, 1 / 3], [0.0, 1 / 2, -1 / 3]]),
)


@dataclass(frozen=True)
class MappingFunction:
    """A polynomial that rises, or at least does not fall, between `low` and `high`.

    Parameters
    ----------
    coefficients
        Of ``1, u, u^2, ...`` with ``u = (prediction - low) / (high - low)``: two or four, MOS.
    low, high
        Range of the predictions that it was fitted to.
    """

    coefficients: tuple[float, ...]
    low: float
    high: float

    def __call__(self, predicted: Floats) -> Floats:
        """Map predictions, float64, shape ``(n,)``."""
        mapped: Floats = _powers(predicted, self.low, self.high, len(self.coefficients)) @ np.array(self.coefficients)
        return mapped


def mapping_order(points: int) -> int:
    """Order of the mapping for so many points: 3, or 1 below `LEAST_FOR_CUBIC`."""
    return 3 if points >= LEAST_FOR_CUBIC else 1


def fit_mapping(predicted: Floats, observed: Floats, *, order: int) -> MappingFunction:
    """Fit the mapping by least squares.

    Parameters
    ----------
    predicted, observed
        float64, shape ``(n,)``, at least one point.
    order
        1 or 3.

    Returns
    -------
    MappingFunction
        A constant where nothing that rises fits better.

    Raises
    ------
    MeasurementError
        Where the order is another one or there are no points.
    """
    if order not in (1, 3) or len(predicted) == 0:
        raise MeasurementError(f"a mapping needs points and an order of 1 or 3, given {len(predicted)} and {order}")
    low, high = float(predicted.min()), float(predicted.max())
    if high - low < 1e-9:
        return MappingFunction((float(observed.mean()),) + (0.0,) * order, low, low + 1.0)
    powers = _powers(predicted, low, high, order + 1)
    free: Floats = np.linalg.lstsq(powers, observed, rcond=None)[0].astype(np.float64)
    best = free if _rises(free) else _bordering(powers[:, 1:], observed)
    return MappingFunction(tuple(best.tolist()), low, high)


def _powers(predicted: Floats, low: float, high: float, count: int) -> Floats:
    return np.vander((predicted - low) / (high - low), count, increasing=True)


def _rises(coefficients: Floats) -> bool:
    """Whether the derivative is nowhere negative on 0 to 1."""
    derivative = coefficients[1:] * np.arange(1, len(coefficients))
    places = [0.0, 1.0]
    if len(derivative) == 3 and derivative[2] > 0:
        places.append(float(np.clip(-derivative[1] / (2 * derivative[2]), 0.0, 1.0)))
    return all(np.polynomial.polynomial.polyval(place, derivative) >= 0 for place in places)


def _bordering(powers: Floats, observed: Floats) -> Floats:
    """The best polynomial whose derivative has a zero in the range, by the sum of squares that it explains."""
    centre, mean = powers.mean(axis=0), float(observed.mean())
    moments = (powers - centre).T @ (powers - centre)
    products = (powers - centre).T @ (observed - mean)
    constant = np.zeros(powers.shape[1])
    candidates = [constant]
    if powers.shape[1] == 3:
        candidates.append(_double_zero(moments, products))
        candidates += [candidate for ends in _ENDS for candidate in _positive(ends, moments, products)]
    best = max(candidates, key=lambda c: float(2 * c @ products - c @ moments @ c))
    return np.concatenate([[mean - float(best @ centre)], best])


def _double_zero(moments: Floats, products: Floats) -> Floats:
    """The best multiple of ``(u - z)^3`` over z, as coefficients of u, u^2, u^3."""
    zeros = _GRID
    for _ in range(2):
        shapes = np.stack([3 * zeros**2, -3 * zeros, np.ones_like(zeros)])
        slopes = np.maximum(0.0, products @ shapes)
        weights = np.maximum(np.einsum("iz,ij,jz->z", shapes, moments, shapes), 1e-12)
        best = int(np.argmax(slopes**2 / weights))
        found: Floats = slopes[best] / weights[best] * shapes[:, best]
        zeros = np.clip(zeros[best] + (2 * _GRID - 1) / _ZEROS, 0.0, 1.0)
    return found


def _positive(ends: Floats, moments: Floats, products: Floats) -> list[Floats]:
    """Fits by sums of the two shapes with factors that are not negative: by each alone, and by both where that is."""
    gram, target = ends @ moments @ ends.T, ends @ products
    fits = [max(0.0, target[i] / gram[i, i]) * ends[i] for i in range(2) if gram[i, i] > 1e-12]
    if np.linalg.det(gram) > 1e-12 and (both := np.linalg.solve(gram, target)).min() >= 0:
        fits.append(both @ ends)
    return fits
