"""How good the flags are, from what reviewers said; thresholds to try and to apply; scorecards in and out."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, Query, Request
from fastapi.responses import RedirectResponse, Response
from markupsafe import Markup

from audioqa.errors import ReviewError, SettingsError
from audioqa.review.report import LONGEST, export_answers, import_answers, review_report
from audioqa.review.scorecards import LARGEST
from audioqa.review.trying import Settable, Trial, settable, try_thresholds
from audioqa.review.words import MOS_RULE
from audioqa.service.principals import Principal
from audioqa.web.curves import threshold_curves
from audioqa.web.identity import PageReviewer, page_needs
from audioqa.web.pages import render
from audioqa.web.reviews import queue_of
from audioqa.web.state import TheService

router = APIRouter(include_in_schema=False)

Lead = Annotated[Principal, Depends(page_needs("ingest"))]
"""Leads and admins: a reviewer judges flags, and does not make them."""

TIMES = (7, 30, 90, 365)
"""Days that the page offers."""


@router.get("/quality")
def quality_page(
    request: Request,
    service: TheService,
    who: PageReviewer,
    days: int = 30,
    threshold: Annotated[str, Query(max_length=200)] = "",
) -> Response:
    """The figures over the calls of the last days; of a threshold of a rule, too, where one is to be tried."""
    return _page(request, service, who, days=days, threshold=threshold)


@router.get("/quality/answers.csv")
def answers_out(service: TheService, who: PageReviewer, days: Annotated[int, Query(ge=1, le=LONGEST)] = 30) -> Response:
    """Verdicts as answers of a scorecard."""
    text = export_answers(queue_of(service, who), days=days)
    service.note(who.tenant, who.who, "exported", details={"what": "scorecard answers"})
    headers = {"Content-Disposition": 'attachment; filename="scorecard-answers.csv"'}
    return Response(text, media_type="text/csv; charset=utf-8", headers=headers)


@router.post("/quality/answers")
def answers_in(
    request: Request, service: TheService, who: PageReviewer, answers: Annotated[str, Form()] = ""
) -> Response:
    """Take answers of a scorecard in."""
    queue = queue_of(service, who)
    try:
        count, unknown = import_answers(queue, answers, by=who.who)
    except ReviewError as error:
        return _page(request, service, who, days=30, wrong=str(error), status=422)
    details = {"answers": count, "unknown calls": len(unknown)}
    service.note(who.tenant, who.who, "imported scorecard answers", details=details)
    said = f"{count} answers were taken in"
    if unknown:
        said += f"; {len(unknown)} calls are not known here, such as {unknown[0][:80]}"
    return _page(request, service, who, days=30, said=said)


@router.post("/quality/threshold")
def apply_threshold(
    request: Request,
    service: TheService,
    who: Lead,
    value: Annotated[float, Form(ge=-1e6, le=1e6, allow_inf_nan=False)],
    threshold: Annotated[str, Form(max_length=200)] = f"{MOS_RULE} mos",
) -> Response:
    """Set another threshold of a rule, from now on and for calls that are scored already."""
    rule, _, field = threshold.partition(" ")
    try:
        if (rule, field) == (MOS_RULE, "mos") and not 1 <= value <= 5:
            raise SettingsError("a MOS is a number from 1 to 5")
        service.flagging.set_threshold(rule, field, value, tenant=who.tenant, by=who.who)
    except SettingsError as error:
        return _page(request, service, who, days=30, wrong=str(error), status=422)
    chosen = "" if (rule, field) == (MOS_RULE, "mos") else f"?{urlencode({'threshold': threshold})}#rules"
    return RedirectResponse(f"/quality{chosen}", 303)


def _page(
    request: Request,
    service: TheService,
    who: Principal,
    *,
    days: int,
    threshold: str = "",
    said: str = "",
    wrong: str = "",
    status: int = 200,
) -> Response:
    queue = queue_of(service, who)
    judging = service.flagging.judging
    tried: tuple[Settable, list[Trial]] | None = None
    if threshold:
        rule, _, field = threshold.partition(" ")
        try:
            tried = try_thresholds(queue, judging, rule=rule, field=field, days=min(max(days, 1), TIMES[-1]))
        except SettingsError as error:
            wrong = str(error)
    report = review_report(queue, days=min(max(days, 1), TIMES[-1]))
    now = service.flagging.threshold(MOS_RULE, "mos", tenant=who.tenant)
    values = {
        "report": report,
        "days": days,
        "times": TIMES,
        "curves": Markup(threshold_curves(report.flags.thresholds, now=now)),  # noqa: S704 - figures of ours only
        "now": now,
        "left": service.flagging.left(who.tenant),
        "settable": settable(service.flagging.rules(who.tenant), service.flagging.bands(who.tenant)),
        "tried": tried,
        "may_apply": who.may("ingest"),
        "settings": queue.settings(),
        "largest": LARGEST,
        "said": said,
        "wrong": wrong,
    }
    return render(request, "quality.html", values, status=status)
