"""Deleting a call with everything that belongs to it: its report, what was said of it, its job, and its files.

Files cannot be removed within a transaction. They are noted in the one that deletes the rows, and the note goes when
the file is gone, so that no crash in between leaves a recording behind.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection, delete, insert, select

from audioqa.store import removal
from audioqa.store.service_tables import audit, erasures, jobs
from audioqa.store.tables import call_files, calls, files, metadata

_CHUNK = 200


@dataclass(frozen=True)
class Erasure:
    """A file that is to be removed."""

    key: int
    location: str


def erase_call(connection: Connection, tenant: str, call_id: str, *, is_ours: Callable[[str], bool]) -> bool:
    """Delete a call and all that belongs to it; False where there is nothing of it.

    Every table with a tenant and a call id is gone through, but for the audit trail, which says who deleted it.

    Parameters
    ----------
    connection
        In a transaction.
    tenant, call_id
        The call.
    is_ours
        Whether a file, by its location, is one that the service keeps: others are left where they are.
    """
    mine = calls.c.tenant == tenant, calls.c.call_id == call_id
    read = select(files.c.location).join_from(calls, call_files).join(files).where(*mine)
    locations = set(connection.execute(read).scalars())
    sent = select(jobs.c.item).where(jobs.c.tenant == tenant, jobs.c.call_id == call_id)
    for item in connection.execute(sent).scalars():
        locations.update(file["location"] for file in (*item["files"], *filter(None, [item["reference"]])))
    removed = removal.delete_call(connection, tenant, call_id)
    for table in reversed(metadata.sorted_tables):
        if table not in (audit, calls) and {"tenant", "call_id"} <= set(table.c.keys()):
            gone = connection.execute(delete(table).where(table.c.tenant == tenant, table.c.call_id == call_id))
            removed = removed or gone.rowcount > 0
    # What another call was made of, too, stays until that one is deleted.
    still = set(connection.execute(select(files.c.location).where(files.c.location.in_(sorted(locations)))).scalars())
    note_files(connection, tenant, [location for location in sorted(locations - still) if is_ours(location)])
    return removed


def note_files(connection: Connection, tenant: str, locations: Sequence[str]) -> None:
    """Note files that are to be removed."""
    now = datetime.now(UTC)
    if locations:
        rows = [{"tenant": tenant, "location": location, "asked_at": now} for location in locations]
        connection.execute(insert(erasures), rows)


def erase_older(
    connection: Connection, before: datetime, tenant: str, *, is_ours: Callable[[str], bool], most: int = _CHUNK
) -> int:
    """Delete some of a tenant's calls that began before a moment, and uploads of then that came to nothing.

    Parameters
    ----------
    connection
        In a transaction.
    before
        Aware. A call without a start time counts from the moment of its first score, an upload from when it came.
    tenant
        Whose.
    is_ours
        As `erase_call` has it.
    most
        How many at once.

    Returns
    -------
    int
        How many they were; called until it is 0.
    """
    old = select(calls.c.call_id).where(calls.c.tenant == tenant, calls.c.at < before).limit(most)
    ids = list(connection.execute(old).scalars())
    if len(ids) < most:
        ended = jobs.c.state.in_(("scored", "failed"))
        theirs = select(jobs.c.call_id).where(jobs.c.tenant == tenant, ended, jobs.c.accepted_at < before)
        still = select(calls.c.call_id).where(calls.c.tenant == tenant)
        ids += connection.execute(theirs.where(jobs.c.call_id.not_in(still)).distinct().limit(most)).scalars()
    return sum(erase_call(connection, tenant, call_id, is_ours=is_ours) for call_id in ids)


def tenants_with_work(connection: Connection) -> set[str]:
    """Tenants that have sent something, or have calls."""
    from audioqa.store.reading import tenants

    return set(tenants(connection)) | set(connection.execute(select(jobs.c.tenant).distinct()).scalars())


def erasures_left(connection: Connection, most: int = _CHUNK) -> list[Erasure]:
    """Files that are still to be removed, the first asked for first."""
    chosen = select(erasures.c.id, erasures.c.location).order_by(erasures.c.id).limit(most)
    return [Erasure(row.id, row.location) for row in connection.execute(chosen)]


def erased(connection: Connection, keys: Sequence[int]) -> None:
    """Note that files are gone."""
    connection.execute(delete(erasures).where(erasures.c.id.in_(list(keys))))
