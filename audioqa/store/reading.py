"""Lists, single calls, counts and exports."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, Row, Select, func, select, tuple_

from audioqa.errors import StoreError
from audioqa.render.roles import misfit, named
from audioqa.store import projection
from audioqa.store.banding import bands_of, rebanded
from audioqa.store.database import snapshot
from audioqa.store.keys import storable
from audioqa.store.query import Place, Query, conditions, in_order
from audioqa.store.tables import FILTERED, call_files, calls, failures, files, measurements
from audioqa.types.calls import CallInfo, Failure
from audioqa.types.stored import CallRow, FailureRow, StoredCall, StoredFile

PAGE = 500
"""Rows that are read at once: between two pages others may write, and nothing is held."""


def list_calls(engine: Engine, query: Query, *, after: Place | None, most: int | None) -> Iterator[CallRow]:
    """Calls in the order of a query.

    Parameters
    ----------
    engine
        The store's.
    query
        Which and how.
    after
        Only what stands behind this place.
    most
        How many; None for all.
    """
    size = PAGE if most is None else min(PAGE, most)
    with snapshot(engine) as connection:
        of = tenants(connection) if query.tenant is None else [storable(query.tenant)]
    streams = [_of_tenant(engine, query, tenant, after, size) for tenant in of]
    if query.sort in ("best", "newest"):
        merged = heapq.merge(*streams, key=_sort_key(query), reverse=True)
    else:
        merged = heapq.merge(*streams, key=_sort_key(query))
    for number, row in enumerate(merged):
        if number == most:
            return
        yield call_row(row)


def tenants(connection: Connection) -> list[str]:
    """Every tenant that has calls, in order: a step through the index for each."""
    found: list[str] = []
    least = connection.execute(select(func.min(calls.c.tenant))).scalar()
    while least is not None:
        found.append(least)
        least = connection.execute(select(func.min(calls.c.tenant)).where(calls.c.tenant > least)).scalar()
    return found


def find_call(connection: Connection, call_id: str, tenant: str | None) -> StoredCall:
    """One call with its report.

    Parameters
    ----------
    connection
        In a transaction.
    call_id
        Its id, or where it is.
    tenant
        Whose; None where only one has such a call.

    Raises
    ------
    StoreError
        Where there is none, or several tenants have one.
    """
    whose = tenants(connection) if tenant is None else [storable(tenant)]
    of_file = select(call_files.c.call).join_from(call_files, files).where(files.c.location == call_id)
    for named_so in (calls.c.call_id == call_id, calls.c.id.in_(of_file)):
        found = [
            row for one in whose for row in connection.execute(full().where(calls.c.tenant == one, named_so).limit(2))
        ]
        if len({row.tenant for row in found}) < len(found):
            named = ", ".join(row.call_id for row in found)
            raise StoreError(f"several calls have the file {call_id}: name one by its id, such as {named}", "missing")
        if len(found) > 1:
            several = ", ".join(repr(row.tenant) for row in found)
            raise StoreError(f"several calls are called {call_id}: name its tenant, one of {several}", "missing")
        if found:
            return next(stored(connection, found))
    failed = select(failures.c.message).where(failures.c.call_id == call_id).order_by(failures.c.last_at.desc())
    if tenant is not None:
        failed = failed.where(failures.c.tenant == tenant)
    message = connection.execute(failed.limit(1)).scalar()
    if message is not None:
        raise StoreError(f"the call {call_id} could not be scored: {message}", "failed")
    raise StoreError(f"there is no call {call_id} in the store", "missing")


def export_calls(engine: Engine, query: Query) -> Iterator[StoredCall]:
    """Calls with their reports, by tenant and call id.

    Parameters
    ----------
    engine
        The store's.
    query
        Which.
    """
    with snapshot(engine) as connection:
        of = tenants(connection) if query.tenant is None else [storable(query.tenant)]
    for tenant in of:
        last: str | None = None
        while True:
            chosen = full().where(*conditions(query, tenant)).order_by(calls.c.call_id).limit(PAGE)
            if last is not None:
                chosen = chosen.where(calls.c.call_id > last)
            with snapshot(engine) as connection:
                found = list(stored(connection, connection.execute(chosen).all()))
            yield from found
            if len(found) < PAGE:
                break
            last = found[-1].info.call_id


def list_failures(
    engine: Engine, *, tenant: str | None, since: datetime | None, until: datetime | None
) -> Iterator[FailureRow]:
    """What could not be scored, by tenant, call and location; by the time of the last try where that is asked for."""
    last: tuple[str, str, str] | None = None
    key = (failures.c.tenant, failures.c.call_id, failures.c.location)
    while True:
        chosen = select(failures).order_by(*key).limit(PAGE)
        if tenant is not None:
            chosen = chosen.where(failures.c.tenant == tenant)
        if since is not None:
            chosen = chosen.where(failures.c.last_at >= since)
        if until is not None:
            chosen = chosen.where(failures.c.last_at < until)
        if last is not None:
            chosen = chosen.where(tuple_(*key) > last)
        with snapshot(engine) as connection:
            rows = connection.execute(chosen).all()
        for row in rows:
            yield FailureRow(
                row.tenant,
                row.call_id,
                row.location,
                Failure(row.kind, row.message),
                row.attempts,
                row.run,
                row.first_at,
                row.last_at,
            )
        if len(rows) < PAGE:
            return
        last = rows[-1].tenant, rows[-1].call_id, rows[-1].location


def count_calls(connection: Connection) -> dict[str, int]:
    """How many calls, measurements and failures there are."""
    tables = {"calls": calls, "measurements": measurements, "failures": failures}
    return {
        name: int(connection.execute(select(func.count()).select_from(table)).scalar_one())
        for name, table in tables.items()
    }


def info_of(row: Row[Any]) -> CallInfo:
    """What is known of a call, with the roles in force."""
    return CallInfo(
        call_id=row.call_id,
        tenant=row.tenant,
        start_time=row.start_time,
        roles=tuple(row.own_roles or row.roles),
        **{name: getattr(row, name) for name in (*FILTERED, "direction", "codec", "tap")},
        network=row.network,
        tags=row.tags,
    )


def _of_tenant(engine: Engine, query: Query, tenant: str, after: Place | None, size: int) -> Iterator[Row[Any]]:
    while True:
        statement = in_order(query, calls.c, tenant=tenant, after=after, most=size)
        with snapshot(engine) as connection:
            rows = connection.execute(statement).all()
        yield from rows
        if len(rows) < size:
            return
        value = rows[-1].rank if query.sort in ("worst", "best") else rows[-1].at
        after = Place(value, tenant, rows[-1].id)


def _sort_key(query: Query) -> Callable[[Row[Any]], tuple[Any, str, int]]:
    if query.sort in ("worst", "best"):
        return lambda row: (row.rank, row.tenant, row.id)
    return lambda row: (row.at, row.tenant, row.id)


def call_row(row: Row[Any]) -> CallRow:
    """A row of `calls` as lists have it."""
    info = info_of(row)
    return CallRow(
        key=row.id,
        info=info,
        location=row.location,
        scored_at=row.scored_at,
        at=row.at,
        rank=row.rank,
        mos=row.mos,
        scale=row.scale,
        band=row.band,
        flagged=row.flagged,
        why=row.why if misfit(info.roles, row.channels) else named(row.why, info.roles),
        events=row.event_count,
        worst_kind=row.worst_kind,
        worst_severity=row.worst_severity,
        channels=row.channels,
        duration=row.duration,
        speech=row.speech,
        network_mos=row.network_mos,
        network_scale=row.network_scale,
        disagreement=row.disagreement,
        pesq=row.pesq,
        pesq_scale=row.pesq_scale,
    )


def full() -> Select[Any]:
    """Calls with their reports, as `stored` takes them."""
    return select(calls, measurements.c.report, measurements.c.processing).join_from(calls, measurements)


def stored(connection: Connection, rows: Sequence[Row[Any]]) -> Iterator[StoredCall]:
    """The rows of `full` with their files and roles."""
    keys = [row.id for row in rows]
    read: dict[int, list[StoredFile]] = {key: [] for key in keys}
    for file in connection.execute(
        select(call_files.c.call, call_files.c.position, files.c.location, files.c.size, files.c.sha256)
        .join_from(call_files, files)
        .where(call_files.c.call.in_(keys))
        .order_by(call_files.c.call, call_files.c.position)
    ):
        read[file.call].append(StoredFile(file.position, file.location, file.size, file.sha256))
    sets = {tenant: bands_of(connection, tenant) for tenant in {row.tenant for row in rows}}
    for row in rows:
        info = info_of(row)
        content = projection.unpacked(row.report, row.location)
        if row.network_side is not None:
            content["network"] = row.network_side
        own = sets[row.tenant]
        if own is not None:
            content = rebanded(content, own)
        if not misfit(info.roles, row.channels):
            content = named(content, info.roles)
        if row.own_flags is not None:
            content = content | {"flags": row.own_flags}
        if row.rules is not None:
            content = content | {"rules_digest": row.rules.partition("+")[0]}  # whatever else they asked for
        yield StoredCall(info, tuple(read[row.id]), content, row.run, row.scored_at, row.processing)
