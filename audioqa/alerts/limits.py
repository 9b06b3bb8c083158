"""How certain an alert has to be, so that over everything that is watched few are false.

A segment is looked at after each of its calls, over its last 8 calls, its last 10, and so on. The rate at which such a
scan of independent standard normal values passes a limit b where nothing has changed is, for each call,

    b phi(b) * integral of x nu(x)^2 dx, x from b / sqrt(n_max) to b / sqrt(n_min)

(Siegmund and Venkatraman, Using the generalized likelihood ratio statistic for sequential detection of a change-point,
Annals of Statistics 23, 1995, equation 2.8, one-sided). It holds for all calls of a column together, however many
segments they are spread over: thousands of agents with few calls each cost no more than six carriers with many.
`python -m audioqa.lab.alert_limits` measures it.
"""

from __future__ import annotations

from functools import cache
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

_NORMAL = NormalDist()
LEAST_LIMIT, GREATEST_LIMIT = 3.0, 9.0
"""Standard deviations."""

MONTH = 30.0
"""Days."""


def false_rate(limit: float, *, shortest: int = 8, longest: int = 2000) -> float:
    """False alarms for each call of a column, where nothing changes.

    Parameters
    ----------
    limit
        Standard deviations.
    shortest, longest
        Calls of the shortest and the longest window.
    """
    x = np.linspace(limit / longest**0.5, limit / shortest**0.5, 200)
    half = x / 2.0
    below = ndtr(half)
    density = np.exp(-(half**2) / 2.0) / np.sqrt(2.0 * np.pi)
    nu = (2.0 / x) * (below - 0.5) / (half * below + density)
    return float(limit * _NORMAL.pdf(limit) * np.trapezoid(x * nu**2, x))


@cache
def limit_for(looks: int, allowed: float, *, shortest: int = 8) -> float:
    """The limit at which a scan gives so many false alarms a month.

    Parameters
    ----------
    looks
        Calls a month, counted once for each column that is watched.
    allowed
        False alarms a month.
    shortest
        Calls of the shortest window.
    """
    limits, rates = _rates(shortest)
    return round(float(np.interp(-np.log(allowed / looks), -np.log(rates), limits)), 3)


@cache
def _rates(shortest: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Limits, and the rate at each."""
    limits = np.arange(LEAST_LIMIT, GREATEST_LIMIT + 0.025, 0.05)
    return limits, np.array([false_rate(float(limit), shortest=shortest) for limit in limits])


def calls_a_month(calls: int, days: float) -> int:
    """How many calls a month has, from so many in so many days; two figures, so that limits do not change daily."""
    expected = max(500.0, calls * MONTH / max(1.0, days))
    place = 10 ** (len(str(int(expected))) - 2)
    return int(-(-expected // place) * place)
