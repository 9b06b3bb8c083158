"""Uploads: a recording in, and how far it is."""

from __future__ import annotations

import shutil
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Path, Query, Request, Response
from fastapi.concurrency import run_in_threadpool

from audioqa.errors import ServiceError
from audioqa.service.principals import Principal
from audioqa.service.service import Service
from audioqa.store import jobs
from audioqa.store.calls_told import told_of_call
from audioqa.store.database import snapshot
from audioqa.store.jobs import Job
from audioqa.web.api_models import CallFailure, ScoredCall, Upload, UploadList
from audioqa.web.identity import Admin, Sender, needs
from audioqa.web.problems import responses
from audioqa.web.receiving import Incoming
from audioqa.web.reviews import unrated
from audioqa.web.state import TheService, address_of

router = APIRouter(prefix="/api/v1/uploads", tags=["uploads"])

Follower = Annotated[Principal, Depends(needs("ingest", "read"))]
"""Who sends recordings may follow them; who reads calls may see what is coming."""

Name = Annotated[str, Path(pattern="^[0-9a-f]{32}$", description="The upload's id.")]

_WORDS = {
    "call_id": "Unique for you; made up where it is left out.",
    "start_time": "ISO 8601 with an offset, or seconds since 1970.",
    "roles": "Who is on each channel, in file order: agent,customer",
    "encoding": "Of a file without a header: ulaw, alaw, slin, g722, gsm ...",
    "rate": "Of a file without a header, Hz.",
}
_CHOICES = {"priority": ["normal", "bulk"], "replace": ["true", "false"]}
_FILES = {
    "recording": "The recording; a call in two files comes as two such parts.",
    "reference": "A clean reference: adds PESQ.",
}
_FORM: dict[str, Any] = {
    "type": "object",
    "required": ["recording"],
    "properties": {
        **{name: {"type": "string", "format": "binary", "description": words} for name, words in _FILES.items()},
        **{name: {"type": "string", "maxLength": 200, "description": words} for name, words in _WORDS.items()},
        **{name: {"type": "string", "enum": words} for name, words in _CHOICES.items()},
    },
    "additionalProperties": {
        "type": "string",
        "maxLength": 1000,
        "description": "agent, queue, site, carrier, trunk, direction, loss, jitter ...; everything else is a tag.",
    },
}
_BODY = {"requestBody": {"required": True, "content": {"multipart/form-data": {"schema": _FORM}}}}

_KEY = "The same upload sent again under one key is accepted once."


@router.post(
    "",
    status_code=202,
    response_model=Upload,
    responses=responses(408, 409, 413, 415, 507),
    openapi_extra=_BODY,
)
async def upload(
    request: Request,
    response: Response,
    service: TheService,
    principal: Sender,
    idempotency_key: Annotated[
        str | None,
        Header(
            min_length=1,
            max_length=200,
            pattern=r"^[\x21-\x7e]+$",
            description="The same upload sent again is accepted once.",
        ),
    ] = None,
) -> Upload:
    """Send a recording: `multipart/form-data` with a part `recording` and what is known of the call.

    It is kept and waits to be scored when this answers 202. Ask after it at the address in `Location`, or have a
    webhook told. 429 and 507 say in `Retry-After` when to send it again.
    """
    places = service.places
    if not places.acquire(blocking=False):
        service.metrics.uploaded("busy")
        raise ServiceError("many uploads are coming in just now: send this one again in a moment", "busy", 5.0)
    try:
        job, again = await _received(request, service, principal, idempotency_key)
    except ServiceError as error:
        service.metrics.uploaded(error.kind)
        raise
    finally:
        places.release()
    service.metrics.uploaded("repeated" if again else "accepted", 0 if again else job.size)
    service.scoring.wake()
    response.headers["Location"] = f"/api/v1/uploads/{job.name}"
    if again:
        response.headers["Idempotent-Replayed"] = "true"
    return await run_in_threadpool(told, service, job, principal)


async def _received(request: Request, service: Service, principal: Principal, key: str | None) -> tuple[Job, bool]:
    own = service.settings.service
    length = request.headers.get("content-length", "")
    expected = int(length) if length.isdigit() and len(length) < 16 else 0
    if expected > own.largest + 2**20:
        raise ServiceError(f"the upload is larger than the {own.largest} bytes that are allowed", "too-large")
    folder = await run_in_threadpool(service.uploads.begin, expected)
    try:
        incoming = Incoming(folder, own.largest)
        await incoming.receive(request, slowest=own.slowest)
        return await run_in_threadpool(
            service.uploads.accept, folder, incoming.files, incoming.fields, principal, idempotency_key=key
        )
    finally:
        if folder.exists():
            shutil.rmtree(folder, ignore_errors=True)


@router.get("", response_model=UploadList, responses=responses())
def uploads(
    service: TheService,
    principal: Follower,
    state: Annotated[str | None, Query(pattern="^(waiting|running|scored|failed)$")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: Annotated[str | None, Query(pattern="^[0-9]{1,16}$", description="`next` of the page before.")] = None,
) -> UploadList:
    """The latest uploads, the latest first."""
    with snapshot(service.store.engine) as connection:
        before = None if cursor is None else int(cursor)
        found = jobs.list_jobs(connection, principal.tenant, state=state, before=before, most=limit)
    more = str(found[-1].key) if len(found) == limit else None
    return UploadList(uploads=[told(service, job, principal) for job in found], next=more)


@router.get("/{name}", response_model=Upload, responses=responses())
def status(service: TheService, principal: Follower, name: Name) -> Upload:
    """How far an upload is, and what it came to."""
    return told(service, _found(service, principal, name), principal)


@router.delete("/{name}", status_code=204, responses=responses())
def delete(request: Request, service: TheService, principal: Admin, name: Name) -> None:
    """Delete an upload, with its call: recording, report and all that was said of it."""
    job = _found(service, principal, name)
    address = address_of(request)
    service.privacy.delete(job.item.info.call_id, tenant=principal.tenant, by=principal.who, address=address)


def told(service: Service, job: Job, principal: Principal) -> Upload:
    """A job as the API tells it.

    Parameters
    ----------
    service
        Asked for the call.
    job
        The job.
    principal
        Who asks: what the call came to is for those who may read calls.
    """
    call: dict[str, Any] = {}
    if job.state == "scored" and principal.may("read"):
        with snapshot(service.store.engine) as connection:
            call = told_of_call(connection, principal.tenant, job.item.info.call_id)
        if call and unrated(service, principal) == call["id"]:
            call = {}  # they have it for a review, and rate it blind
    progress = None
    if job.state == "running" and job.done is not None and job.total:
        progress = round(min(1.0, job.done / job.total), 3)
    return Upload(
        id=job.name,
        call_id=job.item.info.call_id,
        file_name=job.file_name,
        size=job.size,
        state=job.state,  # type: ignore[arg-type]  # the store holds no other
        progress=progress,
        attempts=job.attempts,
        accepted_at=job.accepted_at,
        started_at=job.started_at,
        ended_at=job.ended_at,
        failure=CallFailure(kind=job.failure.kind, message=job.failure.message) if job.failure else None,
        call=ScoredCall(call_id=job.item.info.call_id, **call) if call else None,
    )


def _found(service: Service, principal: Principal, name: str) -> Job:
    with snapshot(service.store.engine) as connection:
        job = jobs.find_job(connection, principal.tenant, name)
    if job is None:
        raise ServiceError("there is no such upload", "missing")
    return job
