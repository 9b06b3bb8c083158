"""The review queue: a call at a time, rated blind, then judged with everything in sight.

Before the rating the page, its source and every answer hold nothing but the sound and its picture: no name of the call,
for names tell, and nothing of what was found. A call is asked for by the number of the reviewer's own turn.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from email.utils import format_datetime
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import FileResponse, RedirectResponse, Response
from markupsafe import Markup
from starlette.exceptions import HTTPException

from audioqa.errors import AudioqaError, ReviewError, ServiceError
from audioqa.render.as_json import from_plain
from audioqa.render.page import inert, stage
from audioqa.review import Nothing, ReviewQueue
from audioqa.review.words import LABELS, RATINGS, UNFLAGGED_VERDICTS, VERDICTS
from audioqa.store.review.rows import Turn
from audioqa.web.api_calls import Number
from audioqa.web.api_sound import noted
from audioqa.web.blind import blind_json, blind_report
from audioqa.web.drawings import drawing_json
from audioqa.web.identity import PageReviewer
from audioqa.web.pages import render
from audioqa.web.pages_call import known_of, report_values
from audioqa.web.reviews import queue_of
from audioqa.web.state import TheService
from audioqa.web.told import short_name

router = APIRouter(include_in_schema=False)


@router.get("/review")
def review_page(request: Request, service: TheService, who: PageReviewer) -> Response:
    """The call that the reviewer has; or how much there is to do."""
    queue = queue_of(service, who)
    mine = queue.current(who.name)
    if mine is not None:
        return _turn_page(request, service, queue, mine)
    queue.refresh()
    said = request.query_params.get("nothing", "")
    return render(request, "review_start.html", {"waiting": queue.waiting(who.name), "nothing": said})


@router.post("/review/next")
def next_call(service: TheService, who: PageReviewer) -> Response:
    """Take the next call."""
    found = queue_of(service, who).next(who.name)
    return RedirectResponse(f"/review?nothing={found.why}" if isinstance(found, Nothing) else "/review", 303)


@router.get("/review/incidents")
def incidents_page(request: Request, service: TheService, who: PageReviewer) -> Response:
    """Calls with the same fault on the same trunk in the same hour."""
    return render(request, "incidents.html", {"incidents": queue_of(service, who).incidents()})


@router.post("/review/incidents/all")
def hand_out_all(
    service: TheService,
    who: PageReviewer,
    trunk: Annotated[str, Form(max_length=2000)],
    hour: Annotated[datetime, Form()],
    fault: Annotated[str, Form(max_length=200)],
) -> Response:
    """Have every call of an incident judged."""
    if not 1970 <= hour.year <= 2200:
        raise ServiceError("times are of 1970 to 2200", "invalid")
    queue = queue_of(service, who)
    count = queue.hand_out_all(trunk, hour, fault)
    details = {"trunk": trunk, "hour": hour.isoformat(), "fault": fault, "calls": count}
    service.note(who.tenant, who.who, "handed out an incident", details=details)
    return RedirectResponse("/review/incidents", 303)


@router.get("/review/{turn}")
def turn_page(request: Request, service: TheService, who: PageReviewer, turn: Number) -> Response:
    """A turn of the reviewer's own: the present one, or one that was judged, to change the verdict."""
    queue = queue_of(service, who)
    mine = _turn(queue, turn, who.name)
    if mine.rating is None and mine.ended_at is not None:
        return RedirectResponse("/review", 303)  # it was given back or taken away: nothing of it is shown
    return _turn_page(request, service, queue, mine)


@router.get("/review/{turn}/picture")
def turn_picture(service: TheService, who: PageReviewer, turn: Number) -> Response:
    """What the page's script draws: without the place of the MOS until the call is rated."""
    mine = _turn(queue_of(service, who), turn, who.name, in_hand=True)
    call = service.sound.call(mine.call, tenant=who.tenant)
    audio, blind = f"/review/{turn}/sound", mine.rating is None
    with _without_names():
        text = drawing_json(service, mine.call, call, tenant=who.tenant, audio=audio, blind=blind)
    return Response(text, media_type="application/json")


@router.get("/review/{turn}/sound")
def turn_sound(request: Request, service: TheService, who: PageReviewer, turn: Number) -> Response:
    """The recording as browsers play it."""
    mine = _turn(queue_of(service, who), turn, who.name, in_hand=True)
    call = service.sound.call(mine.call, tenant=who.tenant)
    with _without_names():
        path, media_type = service.sound.listening(mine.call, call, tenant=who.tenant)
    noted(request, service, who, "played", call.info.call_id)
    # When the file was made would tell whether somebody has heard the call before.
    headers = {"ETag": f'"turn-{turn}"', "Last-Modified": format_datetime(mine.given_at, usegmt=True)}
    return FileResponse(path, media_type=media_type, headers=headers)


@router.post("/review/{turn}/alive")
def renew(service: TheService, who: PageReviewer, turn: Number) -> Response:
    """The reviewer is still at it."""
    queue = queue_of(service, who)
    _turn(queue, turn, who.name)
    queue.renew(turn, who.name)
    return Response(status_code=204)


@router.post("/review/{turn}/rating")
def rate(service: TheService, who: PageReviewer, turn: Number, rating: Annotated[int, Form()]) -> Response:
    """The blind rating."""
    queue = queue_of(service, who)
    _turn(queue, turn, who.name)
    try:
        queue.rate(turn, who.name, rating)
    except ReviewError as error:
        if error.kind == "over":
            return RedirectResponse("/review?nothing=over", 303)
        if error.kind != "rated":  # sent twice: the first one counts
            raise
    return RedirectResponse(f"/review/{turn}", 303)


@router.post("/review/{turn}/verdict")
def judge(
    service: TheService,
    who: PageReviewer,
    turn: Number,
    verdict: Annotated[str, Form(max_length=40)],
    labels: Annotated[list[str] | None, Form()] = None,
    note: Annotated[str, Form(max_length=20_000)] = "",
) -> Response:
    """The verdict; then the next call."""
    queue = queue_of(service, who)
    first = _turn(queue, turn, who.name).outcome != "judged"
    judged = queue.judge(turn, who.name, verdict, labels=labels or (), note=note.strip())
    if not first:
        return RedirectResponse(f"/calls/{judged.call}#reviews", 303)
    return next_call(service, who)


@router.post("/review/{turn}/back")
def give_back(service: TheService, who: PageReviewer, turn: Number) -> Response:
    """Leave the call to somebody else."""
    queue = queue_of(service, who)
    _turn(queue, turn, who.name)
    queue.give_back(turn, who.name)
    return RedirectResponse("/review", 303)


@contextmanager
def _without_names() -> Iterator[None]:
    """An error may name the file, and a name may tell what is wrong with it."""
    try:
        yield
    except AudioqaError:
        raise HTTPException(404, "the recording cannot be had: leave it to somebody else") from None


def _turn(queue: ReviewQueue, key: int, reviewer: str, *, in_hand: bool = False) -> Turn:
    """A turn of this reviewer's; `in_hand`: which is not over, or was rated by them."""
    try:
        turn = queue.turn(key, reviewer)
    except ReviewError as error:
        raise HTTPException(404, str(error)) from None
    if in_hand and turn.rating is None and turn.ended_at is not None:
        raise HTTPException(404, "there is no such turn of yours")
    return turn


def _turn_page(request: Request, service: TheService, queue: ReviewQueue, turn: Turn) -> Response:
    call = service.sound.call(turn.call, tenant=turn.tenant)
    waiting = queue.waiting(turn.reviewer)
    if turn.rating is None:
        report = blind_report(from_plain(call.content))
        values: dict[str, object] = {
            "stage": Markup(stage(report, blind=True)),  # noqa: S704 - it escapes what comes from outside
            "report": Markup(inert(blind_json(report.recording.channels))),  # noqa: S704
            "ratings": RATINGS,
        }
        return render(request, "review_blind.html", values | {"turn": turn, "waiting": waiting})
    last = [act for act in queue.trail(turn.call_id) if act.turn == turn.key and act.verdict is not None]
    values = report_values(service, call) | {
        "turn": turn,
        "waiting": waiting,
        "name": short_name(turn.call_id),
        "known": known_of(call),
        "ratings": RATINGS,
        "verdicts": VERDICTS if call.content["flags"] else UNFLAGGED_VERDICTS,
        "labels": LABELS,
        "last": last[-1] if last else None,
    }
    return render(request, "review_judge.html", values)
