"""How good the flags are, from what reviewers said: precision by rule and threshold, recall, size of the queue.

**Precision** is the share of right flags among those that were judged. **Recall** is the share of bad calls that are
flagged. Bad calls that no rule flags are known from the random sample only, so each of its calls stands for as many as
there are for each one judged. Recall is told with its interval, or not at all.

The calls are sorted into strata: flagged or not, and above or below the threshold asked about. How many each stratum
has is counted in the store; what share of it is bad is estimated from those of it that were judged. An interval comes
from the distribution of that share given the verdicts (a beta distribution, with Jeffreys' prior), for the calls of the
stratum that nobody has judged: where all are judged nothing is left uncertain. Of an incident its examples were judged,
at random, so that each of them stands for several calls.

[1] L. D. Brown, T. T. Cai, A. DasGupta: Interval estimation for a binomial proportion. Statistical Science 16 (2001).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from audioqa.review.words import CONFIRMED, MOS_RULE, RECORDER_FAULT, RECORDER_RULES
from audioqa.store.review.figures import Sort
from audioqa.store.review.rows import Judged
from audioqa.types import Skipped

THRESHOLDS = tuple(round(2.0 + step / 10, 1) for step in range(25))
"""Of the MOS, from 2.0 to 4.4."""

LEAST_SAMPLE = 20
"""Unflagged calls that must have been judged before anything is said of recall."""

DRAWS, SEED = 4000, 3

_Z = 1.959964  # of a 95 % interval


@dataclass(frozen=True)
class Share:
    """A share with its 95 % interval, all from 0 to 1."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class RuleQuality:
    """What reviewers said of the calls that a rule flags.

    Parameters
    ----------
    rule
        Its name.
    judged
        Calls with its flag that have a verdict.
    confirmed, false_alarms, recorder_faults
        How many of each verdict; where two reviewers differ, each counts half.
    precision
        Share of right flags; or why there is none.
    """

    rule: str
    judged: int
    confirmed: float
    false_alarms: float
    recorder_faults: float
    precision: Share | Skipped


@dataclass(frozen=True)
class ThresholdQuality:
    """What the flags would be with another threshold of the MOS, all other rules as they are.

    Parameters
    ----------
    threshold
        Calls with a MOS below it are flagged.
    queue
        Calls that would be flagged.
    precision
        Share of them that are bad; or why there is none.
    recall
        Share of all bad calls that would be flagged; or why there is none.
    """

    threshold: float
    queue: int
    precision: Share | Skipped
    recall: Share | Skipped


@dataclass(frozen=True)
class FlagQuality:
    """How good the flags are.

    Parameters
    ----------
    since, until
        Calls that began in this time.
    calls, flagged
        How many there are, and how many are flagged now.
    judged, sampled
        Calls that are flagged and judged, and calls of the sample that are judged.
    rate
        Share of the unflagged calls that were judged, 0 to 1.
    precision, recall
        Of the flags as they are now.
    rules
        Rule by rule, those with most verdicts first.
    thresholds
        By threshold of the MOS, rising.
    """

    since: datetime
    until: datetime
    calls: int
    flagged: int
    judged: int
    sampled: int
    rate: float
    precision: Share | Skipped
    recall: Share | Skipped
    rules: tuple[RuleQuality, ...]
    thresholds: tuple[ThresholdQuality, ...]


@dataclass(frozen=True)
class _Stratum:
    """Calls of one sort: how many there are, what was said of some, and whether they count as flagged."""

    calls: int
    bad: float
    judged: float
    fires: bool


def flag_quality(
    sorts: Sequence[Sort],
    judged: Sequence[Judged],
    *,
    since: datetime,
    until: datetime,
    representative: bool,
    thresholds: Sequence[float] = THRESHOLDS,
) -> FlagQuality:
    """All figures.

    Parameters
    ----------
    sorts
        How many calls there are of each sort, by these thresholds.
    judged
        The calls that somebody has rated.
    since, until
        The time that both are of.
    representative
        Whether the flagged calls that were judged stand for those that were not: they do where calls were handed out
        in random order, or all are judged.
    thresholds
        Of the MOS, rising.
    """
    known = [one for one in judged if _badness(one) is not None]
    flagged = sum(sort.calls for sort in sorts if sort.flagged)
    unflagged = sum(sort.calls for sort in sorts) - flagged
    sampled = sum(one.stratum == "sample" and not one.flagged for one in known)
    now = _strata(sorts, known, lambda sort: sort.flagged, lambda one: one.flagged)
    return FlagQuality(
        since=since,
        until=until,
        calls=flagged + unflagged,
        flagged=flagged,
        judged=sum(one.flagged for one in known),
        sampled=sampled,
        rate=sampled / unflagged if unflagged else 0.0,
        precision=_precision(now, representative=representative),
        recall=_recall(now, sampled, unflagged, representative=representative),
        rules=tuple(_rules(known)),
        thresholds=tuple(
            _threshold(index, threshold, sorts, known, sampled, unflagged, representative=representative)
            for index, threshold in enumerate(thresholds)
        ),
    )


def wilson(right: float, count: float) -> Share:
    """A share with Wilson's interval, which is good for few verdicts too [1].

    Parameters
    ----------
    right, count
        How many of how many, above 0; a count of weighted calls is an effective one.

    Examples
    --------
    >>> share = wilson(8, 10)
    >>> round(share.low, 2), share.value, round(share.high, 2)
    (0.49, 0.8, 0.94)
    """
    value = right / count
    middle = (value + _Z**2 / (2 * count)) / (1 + _Z**2 / count)
    half = _Z * math.sqrt(value * (1 - value) / count + _Z**2 / (4 * count**2)) / (1 + _Z**2 / count)
    return Share(value, max(0.0, min(value, middle - half)), min(1.0, max(value, middle + half)))


def _badness(one: Judged) -> float | None:
    """Share of the reviewers who say that the call sounded bad; None where nobody gave a verdict."""
    return _said(one, CONFIRMED)


def _said(one: Judged, *verdicts: str) -> float | None:
    given = [opinion.verdict for opinion in one.opinions if opinion.verdict is not None]
    return sum(verdict in verdicts for verdict in given) / len(given) if given else None


def _rules(known: Iterable[Judged]) -> list[RuleQuality]:
    by_rule: dict[str, list[Judged]] = {}
    for one in known:
        for rule in one.rules:
            by_rule.setdefault(rule, []).append(one)
    found = []
    for rule, calls in by_rule.items():
        right = RECORDER_FAULT if rule in RECORDER_RULES else CONFIRMED
        share, count = weighted([(one.weight, _said(one, right) or 0.0) for one in calls])
        said = {verdict: sum(_said(one, verdict) or 0.0 for one in calls) for verdict in (CONFIRMED, RECORDER_FAULT)}
        found.append(
            RuleQuality(
                rule=rule,
                judged=len(calls),
                confirmed=said[CONFIRMED],
                false_alarms=len(calls) - sum(said.values()),
                recorder_faults=said[RECORDER_FAULT],
                precision=wilson(share * count, count),
            )
        )
    return sorted(found, key=lambda one: (-one.judged, one.rule))


def _threshold(
    index: int,
    threshold: float,
    sorts: Sequence[Sort],
    known: Sequence[Judged],
    sampled: int,
    unflagged: int,
    *,
    representative: bool,
) -> ThresholdQuality:
    strata = _strata(
        sorts,
        known,
        lambda sort: sort.otherwise or sort.below[index],
        lambda one: bool(one.rules - {MOS_RULE}) or (one.mos is not None and one.mos < threshold),
    )
    return ThresholdQuality(
        threshold=threshold,
        queue=sum(sort.calls for sort in sorts if sort.otherwise or sort.below[index]),
        precision=_precision(strata, representative=representative),
        recall=_recall(strata, sampled, unflagged, representative=representative),
    )


def _strata(
    sorts: Sequence[Sort],
    known: Sequence[Judged],
    sort_fires: Callable[[Sort], bool],
    call_fires: Callable[[Judged], bool],
) -> list[_Stratum]:
    """The calls by whether they are flagged now, and would be."""
    found = []
    for flagged in (True, False):
        for fires in (True, False):
            calls = sum(sort.calls for sort in sorts if sort.flagged is flagged and sort_fires(sort) is fires)
            mine = [one for one in known if one.flagged is flagged and call_fires(one) is fires]
            if not flagged:
                # What was flagged when it was judged, and is no more, stands for itself alone.
                former = [one for one in mine if one.stratum == "flagged"]
                if former:
                    bad = sum(_badness(one) or 0.0 for one in former)
                    found.append(_Stratum(len(former), bad, len(former), fires))
                mine = [one for one in mine if one.stratum == "sample"]
                calls = max(calls - len(former), len(mine))
            if calls:
                share, count = weighted([(one.weight, _badness(one) or 0.0) for one in mine])
                # Weighted verdicts tell less than as many equal ones; where all are judged they tell everything.
                count = len(mine) if len(mine) >= calls else count
                found.append(_Stratum(calls, share * count, count, fires))
    return found


def weighted(values: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """Weighted mean of some shares, and how many equal ones would tell as much (Kish's effective size).

    Parameters
    ----------
    values
        Pairs of weight and share.
    """
    total = sum(weight for weight, _ in values)
    if not total:
        return 0.0, 0.0
    mean = sum(weight * value for weight, value in values) / total
    return mean, total**2 / sum(weight**2 for weight, _ in values)


def _precision(strata: Sequence[_Stratum], *, representative: bool) -> Share | Skipped:
    mine = [stratum for stratum in strata if stratum.fires]
    if not mine:
        return Skipped("precision", None, "no call is flagged")
    why = _missing(mine, representative=representative)
    if why:
        return Skipped("precision", None, why)
    size = sum(stratum.calls for stratum in mine)
    drawn = sum(_bad(stratum, np.random.default_rng(SEED + index)) for index, stratum in enumerate(mine)) / size
    return _share(sum(map(_expected, mine)) / size, np.asarray(drawn))


def _recall(strata: Sequence[_Stratum], sampled: int, unflagged: int, *, representative: bool) -> Share | Skipped:
    if sampled < min(LEAST_SAMPLE, unflagged):
        return Skipped(
            "recall",
            None,
            f"not told yet: of the unflagged sample {sampled} judged, {min(LEAST_SAMPLE, unflagged)} needed",
        )
    why = _missing(strata, representative=representative)
    if why:
        return Skipped("recall", None, why)
    expected = [_expected(stratum) for stratum in strata]
    if not sum(expected):
        return Skipped("recall", None, "no bad call is known")
    drawn = [_bad(stratum, np.random.default_rng(SEED + index)) for index, stratum in enumerate(strata)]
    every = np.sum(drawn, axis=0)
    caught = np.sum([one for one, stratum in zip(drawn, strata, strict=True) if stratum.fires] or [0 * every], axis=0)
    value = sum(one for one, stratum in zip(expected, strata, strict=True) if stratum.fires) / sum(expected)
    return _share(value, caught / np.maximum(every, 1e-12))


def _missing(strata: Sequence[_Stratum], *, representative: bool) -> str:
    """Why nothing can be said of these strata; empty where it can."""
    if any(not stratum.judged for stratum in strata):
        return "none of these calls is judged yet, or none of a part of them"
    if not representative and any(stratum.judged < stratum.calls for stratum in strata):
        return "the worst calls were judged first, which do not stand for the others: judge all, or in random order"
    return ""


def _expected(stratum: _Stratum) -> float:
    return stratum.calls * stratum.bad / stratum.judged


def _bad(stratum: _Stratum, chance: np.random.Generator) -> NDArray[np.float64]:
    """How many calls of a stratum may be bad: those that were judged so, and as many of the others as is likely."""
    rest = max(0.0, stratum.calls - stratum.judged)
    share = chance.beta(stratum.bad + 0.5, stratum.judged - stratum.bad + 0.5, DRAWS)
    return np.asarray(stratum.bad + chance.binomial(round(rest), share), np.float64)


def _share(value: float, drawn: NDArray[np.float64]) -> Share:
    low, high = np.quantile(drawn, [0.025, 0.975])
    return Share(value, float(min(value, low)), float(max(value, high)))
