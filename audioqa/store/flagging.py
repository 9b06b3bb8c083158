"""Flags that are made again: which calls have flags of other rules, and writing new ones; nothing is measured."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, func, insert, select, update

from audioqa.store.keys import storable
from audioqa.store.projection import NO_MOS, NO_MOS_FLAGGED, flag_marks, mark_name
from audioqa.store.reading import full, stored
from audioqa.store.tables import FILTERED, calls, marks
from audioqa.types.calls import CallInfo
from audioqa.types.stored import StoredCall

Flags = Sequence[Mapping[str, Any]]
"""Flags as a report's JSON has them."""

WITH_INFO = "+info"
"""What the noted digest of rules ends in that ask for what is known of a call beside its report."""

LEAST = 20
"""Calls that a median rests on."""


def stale(connection: Connection, tenant: str, digest: str, most: int) -> list[tuple[int, StoredCall]]:
    """Some calls whose flags other rules made, each with its number.

    Parameters
    ----------
    connection
        In a transaction.
    tenant
        Whose.
    digest
        Of the rules in force.
    most
        How many.
    """
    # One digest at a time: its calls stand side by side in the index.
    for mine in _others(connection, tenant, digest):
        rows = connection.execute(full().where(*mine).order_by(calls.c.id.desc()).limit(most)).all()
        if rows:
            return [(row.id, call) for row, call in zip(rows, stored(connection, rows), strict=True)]
    return []


def unlike(connection: Connection, info: CallInfo, digest: str) -> list[tuple[int, StoredCall]]:
    """A call with its number, in a list, where other rules made its flags; else an empty one."""
    named = calls.c.tenant == storable(info.tenant), calls.c.call_id == storable(info.call_id)
    rows = connection.execute(full().where(*named, (calls.c.rules != digest) | calls.c.rules.is_(None))).all()
    return [(row.id, call) for row, call in zip(rows, stored(connection, rows), strict=True)]


def tenants_of_run(connection: Connection, run: int) -> list[str]:
    """Whose calls a run has written."""
    return list(connection.execute(select(calls.c.tenant).where(calls.c.run == run).distinct()).scalars())


def forget(connection: Connection, tenant: str, run: int) -> None:
    """Have a tenant's calls of a run judged again."""
    connection.execute(update(calls).where(calls.c.run == run, calls.c.tenant == tenant).values(rules=None))


def count_stale(connection: Connection, tenant: str, digest: str) -> int:
    """How many calls have flags of other rules."""
    counted = (
        connection.execute(select(func.count()).select_from(calls).where(*mine)).scalar_one()
        for mine in _others(connection, tenant, digest)
    )
    return sum(int(count) for count in counted)


def put_flags(connection: Connection, call: int, flags: Flags, *, digest: str) -> bool:
    """Give a call other flags; False where it is gone meanwhile.

    Parameters
    ----------
    connection
        In a transaction.
    call
        Number of the call.
    flags
        As a report's JSON has them, with the names of its parties.
    digest
        Of the rules that made them.
    """
    row = connection.execute(
        select(
            calls.c.tenant, calls.c.day, calls.c.rank, calls.c.mos, calls.c.why, calls.c.own_flags, calls.c.test_call
        )
        .where(calls.c.id == call)
        .with_for_update()
    ).first()
    if row is None:
        return False
    rank = row.rank if row.mos is not None else NO_MOS_FLAGGED if flags else NO_MOS
    values = {
        "own_flags": list(flags),
        "rules": digest,
        "flagged": bool(flags),
        "why": "; ".join([*(str(flag["reason"]) for flag in flags), *_without(connection, call, row)]),
        "rank": rank,
    }
    connection.execute(update(calls).where(calls.c.id == call).values(**values))
    connection.execute(delete(marks).where(marks.c.call == call, marks.c.what == mark_name("flag", test=row.test_call)))
    if rank != row.rank:
        connection.execute(update(marks).where(marks.c.call == call).values(rank=rank))
    rows = flag_marks(flags, tenant=row.tenant, day=row.day, rank=rank, test=row.test_call)
    if rows:
        connection.execute(insert(marks), [one | {"call": call} for one in rows])
    return True


def put_band(connection: Connection, call: int, band: str | None) -> None:
    """Write the name of the band that a call's MOS falls in, for lists."""
    connection.execute(update(calls).where(calls.c.id == call).values(band=band))


def mark_checked(connection: Connection, call: int, digest: str) -> None:
    """Note that a call's flags are those of these rules already."""
    connection.execute(update(calls).where(calls.c.id == call).values(rules=digest))


def median_mos(
    connection: Connection, tenant: str, column: str, value: str, *, since: datetime, until: datetime
) -> float | None:
    """Median MOS of a tenant's calls that began in a time and have something in common; None where they are few.

    Parameters
    ----------
    connection
        In a transaction.
    tenant
        Whose.
    column
        ``trunk``, ``direction``, ``tag.headset`` ...
    value
        What they have in common.
    since, until
        The time.
    """
    name = column.removeprefix("tag.")
    same = calls.c.tags[name].as_string() == value if column.startswith("tag.") else calls.c[column] == value
    mine = [calls.c.tenant == tenant, same, calls.c.at >= since, calls.c.at < until, calls.c.mos.is_not(None)]
    mine.append(calls.c.test_call.is_(False))
    count = int(connection.execute(select(func.count()).where(*mine)).scalar_one())
    if count < LEAST:
        return None
    chosen = select(calls.c.mos).where(*mine).order_by(calls.c.mos).offset((count - 1) // 2).limit(2 - count % 2)
    found = list(connection.execute(chosen).scalars())
    return float(sum(found) / len(found))


COLUMNS = (*FILTERED, "direction", "codec", "tap", "tenant")
"""Columns that medians can be taken by, beside tags."""


def _others(connection: Connection, tenant: str, digest: str) -> Iterator[list[ColumnElement[bool]]]:
    """What is true of the calls of each other digest, those without one first."""
    yield [calls.c.tenant == tenant, calls.c.rules.is_(None)]
    last = ""
    while True:
        chosen = select(func.min(calls.c.rules)).where(calls.c.tenant == tenant, calls.c.rules > last)
        found = connection.execute(chosen).scalar()
        if found is None:
            return
        if found != digest:
            yield [calls.c.tenant == tenant, calls.c.rules == found]
        last = found


def _without(connection: Connection, call: int, row: Any) -> list[str]:
    """Why there is no MOS, where there is none: it stands in the report."""
    if row.mos is not None:
        return []
    found = connection.execute(full().where(calls.c.id == call)).all()
    return [str(next(iter(stored(connection, found))).content["mos"]["skipped"])]
