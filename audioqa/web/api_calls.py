"""Calls: lists, single ones, their reports and events, and deleting them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import AwareDatetime

from audioqa.errors import ServiceError
from audioqa.service.service import Service
from audioqa.store import CallRow
from audioqa.store import Query as Calls
from audioqa.store.calls_told import row_by_number
from audioqa.store.database import snapshot
from audioqa.web.api_models import Call, CallList, EventList, EventOut
from audioqa.web.identity import Admin, Reader
from audioqa.web.problems import responses
from audioqa.web.reviews import readable, refuse_unrated, unrated
from audioqa.web.state import TheService, address_of

router = APIRouter(prefix="/api/v1/calls", tags=["calls"])

Number = Annotated[int, Path(ge=1, le=2**53, description="The call's id.")]
Word = Annotated[str | None, Query(max_length=1000)]

_FIRST, _LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)


@router.get("", response_model=CallList, responses=responses())
def calls(
    service: TheService,
    principal: Reader,
    sort: Literal["worst", "best", "newest", "oldest"] = "worst",
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
    cursor: Annotated[str | None, Query(max_length=500, description="`next` of the page before.")] = None,
    agent: Word = None,
    queue: Word = None,
    site: Word = None,
    carrier: Word = None,
    trunk: Word = None,
    since: Annotated[AwareDatetime | None, Query(description="Only calls that began then or later.")] = None,
    until: Annotated[AwareDatetime | None, Query(description="Only calls that began before.")] = None,
    flagged: bool | None = None,
    rule: Annotated[str | None, Query(max_length=200, description="Only calls that this rule flags.")] = None,
    event: Annotated[str | None, Query(max_length=200, description="Only calls with an event of this kind.")] = None,
    mos_below: Annotated[float | None, Query(ge=1, le=5, allow_inf_nan=False)] = None,
    call_id: Annotated[
        str | None, Query(max_length=1000, description="Only the call that its sender calls so.")
    ] = None,
    tag: Annotated[
        list[str], Query(max_length=10, description="`name:value`, only calls with exactly this; several all hold.")
    ] = [],  # noqa: B006 - FastAPI copies it
) -> CallList:
    """A list of calls, the worst first where nothing else is asked for.

    A call without a MOS is not a good one: it stands before the worst, flagged ones at the very front.

    So many calls are looked at for one page and no more. Where few of them are what was asked for, the page is shorter
    than `limit`, or empty, and still has a `next`: the list ends where that is null.
    """
    for when in (since, until):
        if when is not None and not _FIRST <= when <= _LAST:
            raise ServiceError("times are of 1970 to 2200", "invalid")
    query = Calls(
        tenant=principal.tenant,
        agent=agent,
        queue=queue,
        site=site,
        carrier=carrier,
        trunk=trunk,
        since=since,
        until=until,
        flagged=flagged,
        rule=rule,
        event=event,
        mos_below=mos_below,
        tags=dict(map(_tag, tag)),
        call_id=call_id,
        but=unrated(service, principal),
        sort=sort,
    )
    shown, more = service.store.page(query, after=cursor, most=limit)
    return CallList(calls=[told(service, row) for row in shown], next=more)


@router.get("/{call}", response_model=Call, responses=responses(409))
def call(service: TheService, principal: Reader, call: Number) -> Call:
    """One call."""
    refuse_unrated(service, principal, call)
    with snapshot(service.store.engine) as connection:
        return told(service, row_by_number(connection, call, principal.tenant))


@router.get("/{call}/report", responses=responses(409), response_class=Response)
def report(service: TheService, principal: Reader, call: Number) -> Response:
    """The whole report, exactly as `audioqa score --json` prints it."""
    found = readable(service, principal, call)
    content = dict(found.content)
    content["recording"] = content["recording"] | {"path": service.keeping.shown(content["recording"]["path"])}
    text = json.dumps(content, allow_nan=False) + "\n"
    return Response(text, media_type="application/json")


@router.get("/{call}/events", response_model=EventList, responses=responses(409))
def events(
    service: TheService,
    principal: Reader,
    call: Number,
    kind: Annotated[str | None, Query(max_length=200)] = None,
    severity: Literal["notice", "warning", "severe"] | None = None,
) -> EventList:
    """What was found in the call, in order of its start."""
    found = readable(service, principal, call)
    chosen = [
        EventOut(**event)
        for event in found.content["events"]
        if kind in (None, event["kind"]) and severity in (None, event["severity"])
    ]
    return EventList(events=chosen)


@router.delete("/{call}", status_code=204, responses=responses())
def delete(request: Request, service: TheService, principal: Admin, call: Number) -> None:
    """Delete a call: its recording, its report, and all that was said of it."""
    found = service.sound.call(call, tenant=principal.tenant)
    address = address_of(request)
    service.privacy.delete(found.info.call_id, tenant=principal.tenant, by=principal.who, address=address)


def told(service: Service, row: CallRow) -> Call:
    """A call as the API tells it.

    Parameters
    ----------
    service
        Knows which files are its own: of those the name is told, not the place.
    row
        The call.
    """
    info = row.info
    return Call(
        id=row.key,
        call_id=info.call_id,
        file_name=service.keeping.shown(row.location),
        at=row.at,
        scored_at=row.scored_at,
        start_time=info.start_time,
        roles=list(info.roles),
        agent=info.agent,
        queue=info.queue,
        site=info.site,
        carrier=info.carrier,
        trunk=info.trunk,
        direction=info.direction,
        codec=info.codec,
        tap=info.tap,
        network=dict(info.network),
        tags=dict(info.tags),
        mos=row.mos,
        scale=row.scale,
        band=row.band,
        flagged=row.flagged,
        why=row.why,
        events=row.events,
        worst_kind=row.worst_kind,
        worst_severity=row.worst_severity,
        channels=row.channels,
        duration=row.duration,
        speech=row.speech,
    )


def _tag(text: str) -> tuple[str, str]:
    name, sign, value = text.partition(":")
    plain = name.replace("_", "").replace("-", "").replace(".", "").replace(" ", "")
    if not sign or not plain.isalnum() or len(text) > 1200:
        raise ServiceError(
            "a tag is asked for as name:value, its name of letters, figures, spaces and _ - .", "invalid"
        )
    return name, value
