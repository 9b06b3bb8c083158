"""What webhooks are told of a call: that it was scored, flagged, or could not be scored; never what was said in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from audioqa.store.calls_told import told_of_call
from audioqa.store.jobs import Job
from audioqa.store.webhooks import tell
from audioqa.types import Failure

if TYPE_CHECKING:
    from sqlalchemy import Connection

EVENTS = (
    "call.scored",
    "call.flagged",
    "call.failed",
    "alert.opened",
    "alert.reopened",
    "alert.recovered",
    "alert.withdrawn",
)
"""What a webhook may want to know."""


def tell_scored(connection: Connection, job: Job) -> None:
    """Note for webhooks that a call was scored, and flagged where it is.

    Parameters
    ----------
    connection
        In the transaction that writes its report.
    job
        Its job.
    """
    info = job.item.info
    call = told_of_call(connection, info.tenant, info.call_id)
    data = _about(job) | call
    tell(connection, info.tenant, "call.scored", info.call_id, data)
    if call.get("flagged"):
        tell(connection, info.tenant, "call.flagged", info.call_id, data)


def tell_failed(connection: Connection, job: Job, failure: Failure) -> None:
    """Note for webhooks that a call could not be scored."""
    info = job.item.info
    data = _about(job) | {"failure": {"kind": failure.kind, "message": failure.message}}
    tell(connection, info.tenant, "call.failed", info.call_id, data)


def _about(job: Job) -> dict[str, Any]:
    return {"upload": job.name, "call_id": job.item.info.call_id, "file_name": job.file_name}
