"""The MOS and the reviewers, and the reviewers with each other."""

from __future__ import annotations

import pytest

from audioqa.evaluation.results import Estimate
from audioqa.review.agreement import review_agreement
from audioqa.store.review.rows import Judged, Opinion
from audioqa.types import Skipped


def rated(call: int, mos: float | None, *ratings: int, verdicts: tuple[str, ...] = ()) -> Judged:
    said = tuple(
        Opinion(f"reviewer {place}", rating, verdicts[place] if verdicts else None)
        for place, rating in enumerate(ratings)
    )
    return Judged(call, str(call), "flagged", True, mos, frozenset(), said)


def value(figure: Estimate | Skipped) -> float:
    assert isinstance(figure, Estimate), figure
    return figure.value


def test_a_score_that_is_what_reviewers_say_agrees_fully() -> None:
    found = review_agreement([rated(call, 1.0 + call % 5, 1 + call % 5) for call in range(20)])
    assert not isinstance(found.mos, Skipped)
    assert value(found.mos.unmapped["PLCC"]) == pytest.approx(1)
    assert value(found.mos.unmapped["RMSE"]) == pytest.approx(0)
    assert found.mos.points == 20


def test_a_score_that_is_too_high_has_a_bias() -> None:
    found = review_agreement([rated(call, 1.5 + call % 5, 1 + call % 5) for call in range(20)])
    assert not isinstance(found.mos, Skipped)
    assert value(found.mos.unmapped["bias"]) == pytest.approx(0.5)


def test_reviewers_are_compared_with_each_other_on_the_calls_that_two_rated() -> None:
    pairs = [rated(call, 3.0, 1 + call % 5, min(5, 2 + call % 5)) for call in range(10)]
    found = review_agreement([*pairs, *(rated(20 + call, 3.0, 3) for call in range(10))])
    assert not isinstance(found.reviewers, Skipped)
    assert found.reviewers.points == 10
    assert value(found.reviewers.unmapped["bias"]) == pytest.approx(0)  # who came first means nothing
    assert value(found.reviewers.unmapped["PLCC"]) > 0.7


def test_calls_without_a_mos_are_counted_and_left_out() -> None:
    found = review_agreement([*(rated(call, 1.0 + call % 5, 3) for call in range(9)), rated(99, None, 1)])
    assert (found.rated, found.without_mos) == (10, 1)
    assert not isinstance(found.mos, Skipped)
    assert found.mos.points == 9


def test_too_few_are_told_as_too_few() -> None:
    found = review_agreement([rated(call, 3.0, 3) for call in range(7)])
    assert found.mos == Skipped("agreement", None, "7 calls, 8 needed")
    assert found.reviewers == Skipped("agreement", None, "0 calls, 8 needed")
    assert found.verdicts == Skipped("verdicts", None, "no call has two verdicts")


def test_verdicts_of_two_agree_more_or_less_than_by_chance() -> None:
    same = [rated(n, 3.0, 2, 2, verdicts=(("confirmed",) * 2, ("false-alarm",) * 2)[n % 2]) for n in range(10)]
    found = review_agreement(same).verdicts
    assert not isinstance(found, Skipped)
    assert (found.pairs, found.same, found.beyond_chance) == (10, 1.0, 1.0)
    mixed = [
        rated(n, 3.0, 2, 2, verdicts=(("confirmed", "false-alarm")[n % 2], ("confirmed", "false-alarm")[n // 2 % 2]))
        for n in range(8)
    ]
    found = review_agreement(mixed).verdicts
    assert not isinstance(found, Skipped)
    assert found.same == 0.5
    assert found.beyond_chance == pytest.approx(0)
