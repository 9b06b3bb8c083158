"""All figures on the flags of one tenant over some days."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from audioqa.errors import ReviewError
from audioqa.review.agreement import ReviewAgreement, review_agreement
from audioqa.review.quality import THRESHOLDS, FlagQuality, flag_quality
from audioqa.review.queue import ReviewQueue
from audioqa.review.scorecards import ScorecardAgreement, read_answers, scorecard_agreement, write_answers
from audioqa.review.words import MOS_RULE
from audioqa.store.database import snapshot, writing
from audioqa.store.review import figures, scorecards

LONGEST = 3660
"""Days that figures can be of."""


@dataclass(frozen=True)
class ReviewReport:
    """What reviewers say of the flags, the MOS, and each other.

    Parameters
    ----------
    flags
        Precision, recall and size of the queue.
    agreement
        Of the MOS and the ratings, and of the reviewers.
    scorecards
        By question, the flags against the answers that came in.
    """

    flags: FlagQuality
    agreement: ReviewAgreement
    scorecards: tuple[ScorecardAgreement, ...]


def review_report(queue: ReviewQueue, *, days: int | None = None) -> ReviewReport:
    """The figures over the calls of the last days.

    Parameters
    ----------
    queue
        Whose.
    days
        How many; None for as many as the queue has.

    Raises
    ------
    ReviewError
        Where the number of days cannot be used.
    """
    settings = queue.settings()
    days = settings.days if days is None else days
    if not 1 <= days <= LONGEST:
        raise ReviewError(f"figures are of 1 to {LONGEST} days, not {days}", "value")
    until = queue.now()
    since = until - timedelta(days=days)
    with snapshot(queue.store.engine) as connection:
        judged = figures.judged(connection, queue.tenant, since=since, until=until)
        sorts = figures.sorts(connection, queue.tenant, since=since, until=until, rule=MOS_RULE, thresholds=THRESHOLDS)
        complete = not figures.unjudged(connection, queue.tenant, since=since, until=until)
        answered = [
            scorecard_agreement(
                scorecards.list_answers(connection, queue.tenant, question, since=since, until=until), question
            )
            for question in scorecards.questions(connection, queue.tenant)
        ]
    representative = complete or settings.order == "random"
    return ReviewReport(
        flag_quality(sorts, judged, since=since, until=until, representative=representative),
        review_agreement(judged),
        tuple(answered),
    )


def export_answers(queue: ReviewQueue, *, days: int | None = None) -> str:
    """The verdicts of the last days as answers of a scorecard, in CSV."""
    settings = queue.settings()
    until = queue.now()
    with snapshot(queue.store.engine) as connection:
        since = until - timedelta(days=settings.days if days is None else days)
        judged = figures.judged(connection, queue.tenant, since=since, until=until)
    return write_answers(judged, question=settings.question)


def import_answers(queue: ReviewQueue, text: str, *, by: str) -> tuple[int, tuple[str, ...]]:
    """Take answers of a scorecard in: how many, and the calls that are not known.

    Parameters
    ----------
    queue
        Whose.
    text
        CSV.
    by
        Who brings them in.

    Raises
    ------
    ReviewError
        Where the file cannot be used; nothing of it is taken in then.
    """
    answers = read_answers(text, question=queue.settings().question)
    known = writing(
        queue.store.engine, lambda c: scorecards.put_answers(c, queue.tenant, answers, by=by, now=queue.now())
    )
    unknown = dict.fromkeys(answer.call_id for answer, there in zip(answers, known, strict=True) if not there)
    return sum(known), tuple(unknown)
