"""Agreement of the MOS with the reviewers' blind ratings, beside the reviewers' agreement with each other.

The figures are those of ITU-T P.1401, as for listeners (`audioqa.evaluation`). What two reviewers of the same calls
reach with each other is what a machine could reach at best.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from audioqa.evaluation.compare import LEAST_POINTS, evaluate
from audioqa.evaluation.labels import Label
from audioqa.evaluation.results import Agreement
from audioqa.store.review.rows import Judged
from audioqa.types import Skipped

DRAWS = 400
"""Draws for intervals: a page waits for them."""

LEAST = 8
"""Calls from which figures are told: with fewer, the mapping fits anything."""

_T = (12.706, 4.303, 3.182, 2.776, 2.571)  # 97.5 % of Student's t with 1 to 5 degrees of freedom


@dataclass(frozen=True)
class Verdicts:
    """How often two reviewers of the same call give the same verdict.

    Parameters
    ----------
    pairs
        Calls with two verdicts.
    same
        Share of them with the same one, 0 to 1.
    beyond_chance
        Scott's pi: 1 where they always agree, 0 where they agree no more often than by chance; or why there is none.
    """

    pairs: int
    same: float
    beyond_chance: float | Skipped


@dataclass(frozen=True)
class ReviewAgreement:
    """Both agreements.

    Parameters
    ----------
    mos
        Of the MOS with the reviewers' ratings, or why there is none.
    reviewers
        Of two reviewers' ratings of the same calls, or why there is none.
    verdicts
        Of their verdicts, or why there is none.
    rated
        Calls with a rating.
    without_mos
        Of them, calls without a MOS.
    """

    mos: Agreement | Skipped
    reviewers: Agreement | Skipped
    verdicts: Verdicts | Skipped
    rated: int
    without_mos: int


def review_agreement(judged: Sequence[Judged]) -> ReviewAgreement:
    """The agreement over some calls.

    Parameters
    ----------
    judged
        Calls that were rated.
    """
    scored = [one for one in judged if one.mos is not None]
    pairs = [one for one in judged if len(one.opinions) > 1]
    # Which of two reviewers comes first must not matter: each is first in half of the pairs.
    first = [float(one.opinions[index % 2].rating) for index, one in enumerate(pairs)]
    second = [float(one.opinions[1 - index % 2].rating) for index, one in enumerate(pairs)]
    return ReviewAgreement(
        mos=_agreement(
            [_mean(one) for one in scored], [_half_width(one) for one in scored], [one.mos for one in scored]
        ),
        reviewers=_agreement(first, [None] * len(first), second),
        verdicts=_verdicts(pairs),
        rated=len(judged),
        without_mos=len(judged) - len(scored),
    )


def _agreement(
    opinions: Sequence[float], intervals: Sequence[float | None], scores: Sequence[float | None]
) -> Agreement | Skipped:
    if len(opinions) < max(LEAST, LEAST_POINTS):
        return Skipped("agreement", None, f"{len(opinions)} calls, {LEAST} needed")
    every = all(interval is not None for interval in intervals)
    labels = [
        Label(str(index), Path(str(index)), opinion, ci=interval if every else None)
        for index, (opinion, interval) in enumerate(zip(opinions, intervals, strict=True))
    ]
    known = [score for score in scores if score is not None]
    return evaluate(labels, {"score": known}, draws=DRAWS).estimators[0].per_file


def _mean(one: Judged) -> float:
    return sum(opinion.rating for opinion in one.opinions) / len(one.opinions)


def _half_width(one: Judged) -> float | None:
    """Half the 95 % interval of the mean rating; None for a single one, of which nothing is known."""
    count = len(one.opinions)
    if count < 2:
        return None
    mean = _mean(one)
    deviation = math.sqrt(sum((opinion.rating - mean) ** 2 for opinion in one.opinions) / (count - 1))
    return (_T[count - 2] if count - 2 < len(_T) else 2.0) * deviation / math.sqrt(count)


def _verdicts(pairs: Sequence[Judged]) -> Verdicts | Skipped:
    both = [
        (one.opinions[0].verdict, one.opinions[1].verdict)
        for one in pairs
        if one.opinions[0].verdict and one.opinions[1].verdict
    ]
    if not both:
        return Skipped("verdicts", None, "no call has two verdicts")
    same = sum(one == other for one, other in both) / len(both)
    words = {word for pair in both for word in pair}
    # Who of the two comes first means nothing: what they say is taken together, as Scott's pi does.
    shares = [sum((one == word) + (other == word) for one, other in both) / (2 * len(both)) for word in words]
    chance = sum(share**2 for share in shares)
    if chance >= 1:
        return Verdicts(len(both), same, Skipped("beyond_chance", None, "all verdicts are the same"))
    return Verdicts(len(both), same, (same - chance) / (1 - chance))
