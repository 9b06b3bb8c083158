"""Single calls by number, as the service asks for them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, select

from audioqa.errors import StoreError
from audioqa.store.keys import storable
from audioqa.store.reading import call_row, full, stored
from audioqa.store.tables import calls
from audioqa.types.stored import CallRow, StoredCall


def told_of_call(connection: Connection, tenant: str, call_id: str) -> dict[str, Any]:
    """What others are told of a call: its number, MOS, band, whether it is flagged and why; empty where there is none.

    Parameters
    ----------
    connection
        In a transaction.
    tenant, call_id
        The call.
    """
    mine = calls.c.tenant == storable(tenant), calls.c.call_id == storable(call_id)
    found = connection.execute(select(calls).where(*mine)).first()
    if found is None:
        return {}
    row = call_row(found)
    names = ("mos", "scale", "band", "flagged", "why")
    return {"id": row.key, **{name: getattr(row, name) for name in names}}


def call_by_number(connection: Connection, number: int, tenant: str) -> StoredCall:
    """A tenant's call by its number (`audioqa.store.CallRow.key`).

    Raises
    ------
    StoreError
        Where the tenant has no such call.
    """
    rows = connection.execute(full().where(calls.c.id == number, calls.c.tenant == storable(tenant))).all()
    if not rows:
        raise StoreError(f"there is no call {number}", "missing")
    return next(stored(connection, rows))


def row_by_number(connection: Connection, number: int, tenant: str) -> CallRow:
    """A tenant's call by its number, as lists have it.

    Raises
    ------
    StoreError
        Where the tenant has no such call.
    """
    mine = calls.c.id == number, calls.c.tenant == storable(tenant)
    row = connection.execute(select(calls).where(*mine)).first()
    if row is None:
        raise StoreError(f"there is no call {number}", "missing")
    return call_row(row)


def number_of_call(connection: Connection, tenant: str, call_id: str) -> int | None:
    """The number of a call; None where there is none."""
    mine = calls.c.tenant == storable(tenant), calls.c.call_id == storable(call_id)
    return connection.execute(select(calls.c.id).where(*mine)).scalar()


def existing_numbers(connection: Connection, numbers: Sequence[int]) -> set[int]:
    """Those of some numbers that are numbers of calls, whoever's."""
    return set(connection.execute(select(calls.c.id).where(calls.c.id.in_(list(numbers)))).scalars())
