"""What MOS a call would have where nothing is wrong: from the weeks before, and how far it is off that.

The MOS of a call is taken to be a sum: a mean, an effect of the hour (of a working day, or of Saturday and Sunday),
and one of each word that it has (its carrier, trunk, site, agent, headset ...). They are fitted by turns, each drawn to
0 by 16 calls of its own (a noise of .2 MOS over effects of .05), and no call counts for more than three standard
deviations. What is left is turned into a standard normal value by its place among what was left of the weeks before
(normal scores, van der Waerden 1952): MOS has a long tail downwards, and sums of few calls would otherwise pass any
limit by chance.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from audioqa.alerts.columns import DAY, Calls, Floats, Integers
from audioqa.alerts.segments import labels_of

LEAST_HISTORY = 200
"""Calls that a baseline rests on."""

_PRIOR, _PRIOR_OF_HOUR = 16.0, 100.0
_HOURS = 48
_PASSES = 6
_ROBUST = 3.0
_PLACES = 2001


@dataclass(frozen=True)
class Baseline:
    """What is expected of calls.

    Parameters
    ----------
    expected
        MOS of each call where nothing is wrong, of later calls too: float64.
    effects
        For each column what it adds to each call: float64.
    of_hour
        What the hour adds to each call, and the mean: float64.
    spread
        Standard deviation of the middle half of what is left, in MOS.
    places, scores
        What is left, in order, and the normal value of each: float64.
    """

    expected: Floats
    effects: dict[str, Floats]
    of_hour: Floats
    spread: float
    places: Floats
    scores: Floats

    def normal(self, left: Floats) -> Floats:
        """The normal value of what is left of calls."""
        found: Floats = np.interp(left, self.places, self.scores)
        return found


def fit(calls: Calls, mos: Floats, history: int, columns: Sequence[str]) -> Baseline | None:
    """Fit what is expected to the first calls; None where they are too few.

    Parameters
    ----------
    calls
        The calls.
    mos
        Their MOS, with what alerts explain put back: float64.
    history
        How many of them are fitted to.
    columns
        Whose words have an effect.
    """
    if history < LEAST_HISTORY:
        return None
    middle = float(np.median(mos[:history]))
    # What few words say comes first: what many agents share is the headset's, not each agent's.
    ordered = sorted(columns, key=lambda name: (len(labels_of(calls, name).names), name))
    coded = [(name, _codes(calls, name), _PRIOR) for name in ordered]
    coded.append(("", hours_of_week(calls.at), _PRIOR_OF_HOUR))
    sizes = [len(labels_of(calls, name).names) for name in ordered]
    effects = [np.zeros(size + 1) for size in (*sizes, _HOURS - 1)]
    counts = [np.bincount(codes[:history], minlength=len(effects[n])) for n, (_, codes, _) in enumerate(coded)]
    left = mos[:history] - middle
    spread = 0.0
    for _ in range(_PASSES):
        spread = _spread(left)
        for number, (_, codes, prior) in enumerate(coded):
            mine = codes[:history]
            bound = np.clip(left, -_ROBUST * spread, _ROBUST * spread)
            total = np.bincount(mine, weights=bound, minlength=len(effects[number]))
            change = (total + effects[number] * counts[number]) / (counts[number] + prior) - effects[number]
            if number < len(coded) - 1:
                change[-1] = 0.0  # of calls without a word
            effects[number] += change
            left -= change[mine]
    added = {name: effects[number][codes] for number, (name, codes, _) in enumerate(coded)}
    of_hour = middle + added.pop("")
    expected = of_hour + sum(added.values(), np.zeros(len(calls)))
    rest = np.sort(mos[:history] - expected[:history])
    share = (np.arange(_PLACES) + 0.5) / _PLACES
    tail = 0.5 / history
    share = np.concatenate([[tail], share[(share > tail) & (share < 1 - tail)], [1 - tail]])
    return Baseline(
        expected, added, of_hour, max(_spread(rest), 0.02), np.quantile(rest, share), np.asarray(ndtri(share))
    )


def hours_of_week(at: Floats) -> Integers:
    """The hour of each call, UTC: 0 to 23 from Monday to Friday, 24 to 47 on Saturday and Sunday."""
    days = (at // DAY).astype(np.int64)
    weekend = (days + 3) % 7 >= 5  # 1970 began on a Thursday
    return ((at % DAY) // 3600).astype(np.int64) + np.where(weekend, 24, 0)


def trimmed(values: Floats, share: float = 0.15) -> float:
    """The mean of values without the least and the greatest of them.

    Parameters
    ----------
    values
        At least one.
    share
        How many are left out at each end.
    """
    ordered = np.sort(values)
    cut = int(len(ordered) * share)
    return float(ordered[cut : len(ordered) - cut].mean())


def _codes(calls: Calls, column: str) -> Integers:
    labels = labels_of(calls, column)
    return np.where(labels.codes < 0, len(labels.names), labels.codes)


def _spread(left: Floats) -> float:
    low, high = np.quantile(left, (0.25, 0.75))
    return float(high - low) / 1.349
