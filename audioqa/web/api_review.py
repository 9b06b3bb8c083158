"""Verdicts, and a review by a program of one's own: a call at a time, rated before anything of it is told."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from audioqa.errors import ReviewError, ServiceError
from audioqa.render.as_json import plain
from audioqa.review import Nothing
from audioqa.review.report import LONGEST, review_report
from audioqa.store.review.rows import Turn
from audioqa.web.api_calls import Number
from audioqa.web.api_review_models import NewRating, NewVerdict, TurnOut, VerdictList, VerdictOut
from audioqa.web.identity import Reader, Reviewer
from audioqa.web.problems import responses
from audioqa.web.reviews import queue_of, readable
from audioqa.web.state import TheService

router = APIRouter(prefix="/api/v1", tags=["review"])

_KINDS = {"missing": "missing", "over": "conflict", "rated": "conflict", "unrated": "conflict", "value": "invalid"}


@router.get("/calls/{call}/verdicts", response_model=VerdictList, responses=responses(409))
def verdicts(service: TheService, principal: Reader, call: Number) -> VerdictList:
    """What reviewers said of a call, in the order of time; a verdict that was changed later is there, too."""
    found = readable(service, principal, call)
    trail = queue_of(service, principal).trail(found.info.call_id)
    return VerdictList(
        verdicts=[
            VerdictOut(
                at=act.at,
                by=act.by,
                what=act.what,
                turn=act.turn,
                rating=act.rating,
                verdict=act.verdict,
                labels=list(act.labels),
                note=act.note,
            )
            for act in trail
        ]
    )


@router.post(
    "/review/next",
    response_model=TurnOut,
    responses=responses() | {204: {"description": "There is no call: all are judged, or the team has had its calls."}},
)
def next_call(service: TheService, principal: Reviewer) -> TurnOut | Response:
    """The call that you have, or the next one. It stays with you for a while; its name is told after the rating."""
    found = queue_of(service, principal).next(principal.name)
    return Response(status_code=204) if isinstance(found, Nothing) else _told(found)


@router.post("/review/{turn}/rating", response_model=TurnOut, responses=responses(409))
def rate(service: TheService, principal: Reviewer, turn: Number, given: NewRating) -> TurnOut:
    """Rate a call, once: 1 (bad) to 5 (excellent)."""
    try:
        return _told(queue_of(service, principal).rate(turn, principal.name, given.rating))
    except ReviewError as error:
        raise _refused(error) from None


@router.post("/review/{turn}/verdict", response_model=TurnOut, responses=responses(409))
def judge(service: TheService, principal: Reviewer, turn: Number, given: NewVerdict) -> TurnOut:
    """Say what a rated call is; again, to change that."""
    queue = queue_of(service, principal)
    try:
        return _told(queue.judge(turn, principal.name, given.verdict, labels=given.labels, note=given.note))
    except ReviewError as error:
        raise _refused(error) from None


@router.get("/quality", responses=responses())
def quality(
    service: TheService, principal: Reviewer, days: Annotated[int | None, Query(ge=1, le=LONGEST)] = None
) -> dict[str, Any]:
    """How good the flags are, and how far the MOS and the reviewers agree, over the calls of the last days."""
    report = review_report(queue_of(service, principal), days=days)
    flags = report.flags
    return {
        "since": flags.since.isoformat(),
        "until": flags.until.isoformat(),
        "calls": flags.calls,
        "flagged": flags.flagged,
        "judged": flags.judged,
        "sampled": flags.sampled,
        "sampling_rate": flags.rate,
        "precision": plain(flags.precision, "precision"),
        "recall": plain(flags.recall, "recall"),
        "rules": plain(flags.rules, "rules"),
        "thresholds": plain(flags.thresholds, "thresholds"),
        "agreement": plain(report.agreement, "agreement"),
        "scorecards": plain(report.scorecards, "scorecards"),
    }


def _told(turn: Turn) -> TurnOut:
    return TurnOut(
        turn=turn.key,
        sound=f"/review/{turn.key}/sound",
        expires_at=turn.expires_at,
        rating=turn.rating,
        call=None if turn.rating is None else turn.call,
        judged=turn.outcome == "judged",
    )


def _refused(error: ReviewError) -> ServiceError:
    return ServiceError(error.message, _KINDS[error.kind])
