"""The sound of calls: the file with ranges, a clip, and a form for players; who played or took it away is noted."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import FileResponse

from audioqa.service.principals import Principal
from audioqa.service.service import Service
from audioqa.service.sound import MEDIA_TYPES
from audioqa.web.api_calls import Number
from audioqa.web.identity import Reader
from audioqa.web.problems import responses
from audioqa.web.reviews import readable
from audioqa.web.state import TheService, address_of

router = APIRouter(prefix="/api/v1/calls", tags=["sound"])

Seconds = Annotated[float, Query(ge=0, le=1_000_000, allow_inf_nan=False)]

_ONCE_IN = timedelta(minutes=10)
_BYTES = {"content": {"audio/*": {"schema": {"type": "string", "format": "binary"}}}}


@router.get("/{call}/audio", responses=responses(409, 416) | {200: _BYTES, 206: _BYTES}, response_class=FileResponse)
def audio(
    request: Request,
    service: TheService,
    principal: Reader,
    call: Number,
    leg: Annotated[int, Query(ge=1, le=2, description="Of a call in two files.")] = 1,
    download: Annotated[bool, Query(description="To be kept, not played.")] = False,
) -> FileResponse:
    """The recording as it was sent, byte for byte; a player may ask for ranges."""
    found = readable(service, principal, call)
    path = service.sound.file(call, found, leg=leg)
    noted(request, service, principal, "exported the recording" if download else "played", found.info.call_id)
    name = service.keeping.shown(found.files[leg - 1].location).rpartition("/")[2]
    kind = MEDIA_TYPES.get(found.content["recording"]["container"], "application/octet-stream")
    return FileResponse(
        path, media_type=kind, filename=name, content_disposition_type="attachment" if download else "inline"
    )


@router.get("/{call}/clip", responses=responses(409) | {200: _BYTES}, response_class=Response)
def clip(
    request: Request,
    service: TheService,
    principal: Reader,
    call: Number,
    start: Seconds,
    end: Seconds,
    channel: Annotated[int | None, Query(ge=1, le=64, description="Only this one, counted from 1.")] = None,
    masked: Annotated[bool, Query(description="To share: its faults are in it, what was said is not.")] = False,
    download: bool = False,
) -> Response:
    """A stretch of the recording as a WAV file: at most 120 seconds of it."""
    found = readable(service, principal, call)
    if masked:
        data = service.sound.masked_clip(call, found, start, end, tenant=principal.tenant)
    else:
        data = service.sound.clip(call, found, start, end, tenant=principal.tenant, channel=channel)
    what = "exported a masked clip" if masked else "exported a clip" if download else "played"
    noted(request, service, principal, what, found.info.call_id)
    disposition = "attachment" if download or masked else "inline"
    headers = {"Content-Disposition": f'{disposition}; filename="call-{call}-{start:.2f}-{end:.2f}.wav"'}
    return Response(data, media_type="audio/wav", headers=headers)


@router.get(
    "/{call}/listening", responses=responses(409, 416) | {200: _BYTES, 206: _BYTES}, response_class=FileResponse
)
def listening(request: Request, service: TheService, principal: Reader, call: Number) -> FileResponse:
    """The whole call in a form that every browser plays, whatever it was recorded in."""
    found = readable(service, principal, call)
    path, kind = service.sound.listening(call, found, tenant=principal.tenant)
    noted(request, service, principal, "played", found.info.call_id)
    return FileResponse(path, media_type=kind)


def noted(request: Request, service: Service, principal: Principal, what: str, call_id: str) -> None:
    """Note that somebody heard a call or took it away; once for all the pieces that a player asks for."""
    address = address_of(request)
    service.note(principal.tenant, principal.who, what, call_id=call_id, address=address, once_in=_ONCE_IN)
