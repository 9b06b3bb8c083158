"""Taking calls out again: one, or all that are older than a day. What another call still needs stays."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Table, delete, exists, select

from audioqa.store.query import seconds
from audioqa.store.tables import call_files, calls, failures, files, measurements, runs
from audioqa.store.trend_tables import DAY, HOUR, trend_segments

_CHUNK = 500


def delete_call(connection: Connection, tenant: str, call_id: str) -> bool:
    """Delete one call, its failures, and what no other call needs; False where there is no such call.

    Parameters
    ----------
    connection
        In a transaction.
    tenant, call_id
        The call.
    """
    gone = connection.execute(delete(failures).where(failures.c.tenant == tenant, failures.c.call_id == call_id))
    keys = connection.execute(select(calls.c.id).where(calls.c.tenant == tenant, calls.c.call_id == call_id)).scalars()
    return _delete(connection, list(keys)) > 0 or gone.rowcount > 0


def delete_older(connection: Connection, before: datetime, tenant: str | None, *, most: int = _CHUNK) -> int:
    """Delete some of the calls that began before a moment; called until it returns 0.

    Parameters
    ----------
    connection
        In a transaction.
    before
        Aware. A call without a start time counts from the day of its first score.
    tenant
        Only this one's; None for all.
    most
        How many at once, so that others who write need not wait long.
    """
    chosen = select(calls.c.id).where(calls.c.at < before).limit(most)
    if tenant is not None:
        chosen = chosen.where(calls.c.tenant == tenant)
    return _delete(connection, list(connection.execute(chosen).scalars()))


def delete_old_failures(connection: Connection, before: datetime, tenant: str | None) -> int:
    """Delete failures that were last tried before a moment, and runs of before it that nothing refers to."""
    statement = delete(failures).where(failures.c.last_at < before)
    if tenant is not None:
        statement = statement.where(failures.c.tenant == tenant)
    gone = connection.execute(statement).rowcount
    kept = exists().where(calls.c.run == runs.c.id) | exists().where(failures.c.run == runs.c.id)
    connection.execute(delete(runs).where(runs.c.ended_at < before, ~kept))
    return gone


def drop_unused(connection: Connection, *, measurement_ids: Sequence[int] = (), file_ids: Sequence[int] = ()) -> None:
    """Delete measurements and files of which no call is left.

    Parameters
    ----------
    connection
        In a transaction.
    measurement_ids, file_ids
        Those that a call has just left.
    """
    for table, keys, user in (
        (measurements, measurement_ids, calls.c.measurement),
        (files, file_ids, call_files.c.file),
    ):
        if keys:
            chosen: Any = table.c.id.in_(sorted(keys))
            # Whoever is about to use one of them holds it; after waiting, what they wrote is seen.
            _hold(connection, table, keys)
            connection.execute(delete(table).where(chosen, ~exists().where(user == table.c.id)))


def _delete(connection: Connection, keys: list[int]) -> int:
    if not keys:
        return 0
    measured = connection.execute(select(calls.c.measurement).where(calls.c.id.in_(keys))).scalars().all()
    read = connection.execute(select(call_files.c.file).where(call_files.c.call.in_(keys))).scalars().all()
    # As who records does: first the measurements, then the counts of the days, so that none waits for the other.
    _hold(connection, measurements, sorted(set(measured)))
    _drop_segments(connection, keys)
    count = connection.execute(delete(calls).where(calls.c.id.in_(keys))).rowcount
    drop_unused(connection, measurement_ids=sorted(set(measured)), file_ids=sorted(set(read)))
    return count


def _drop_segments(connection: Connection, keys: Sequence[int]) -> None:
    """Drop the segments that hold something of calls which are about to be deleted: no word of theirs is to be left."""
    moments = select(calls.c.tenant, seconds(connection, calls.c.at)).where(calls.c.id.in_(keys))
    hours = {(tenant, int(at // HOUR)) for tenant, at in connection.execute(moments)}
    for tenant, hour in sorted(hours):
        day = hour - hour % DAY
        large = (trend_segments.c.hours == DAY) & (trend_segments.c.start == day)
        small = (trend_segments.c.hours == 1) & (trend_segments.c.start == hour)
        connection.execute(delete(trend_segments).where(trend_segments.c.tenant == tenant, large | small))


def _hold(connection: Connection, table: Table, keys: Sequence[int]) -> None:
    """Keep rows from being used or deleted by others until this transaction ends."""
    connection.execute(select(table.c.id).where(table.c.id.in_(keys)).order_by(table.c.id).with_for_update())
