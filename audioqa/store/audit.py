"""The audit trail: who did what to which call, one row an act."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, insert, select

from audioqa.store.service_tables import audit


@dataclass(frozen=True)
class Act:
    """One act.

    Parameters
    ----------
    key
        The store's number of it.
    at
        When, UTC.
    who
        ``user:anna``, ``key:recorder 3`` or ``system``.
    what
        A word or two: ``played``, ``exported``, ``deleted``.
    call_id
        The call; None where it was none.
    details
        What else belongs to it; never what was said in the call.
    address
        Where the request came from; None for the system's own acts.
    """

    key: int
    at: datetime
    who: str
    what: str
    call_id: str | None
    details: Mapping[str, Any]
    address: str | None


def note(
    connection: Connection,
    tenant: str,
    who: str,
    what: str,
    *,
    call_id: str | None = None,
    details: Mapping[str, Any] | None = None,
    address: str | None = None,
    once_in: timedelta | None = None,
) -> None:
    """Write an act down.

    Parameters
    ----------
    connection
        In a transaction.
    tenant, who, what, call_id, details, address
        As `Act` has them.
    once_in
        The same act on the same call counts once in so long: a player asks for a recording piece by piece.
    """
    now = datetime.now(UTC)
    if once_in is not None:
        same = (audit.c.tenant == tenant) & (audit.c.call_id == call_id) & (audit.c.who == who) & (audit.c.what == what)
        if connection.execute(select(audit.c.id).where(same, audit.c.at > now - once_in).limit(1)).first():
            return
    values = {"tenant": tenant, "at": now, "who": who, "what": what, "call_id": call_id}
    connection.execute(insert(audit).values(**values, details=dict(details or {}), address=address))


def acts(
    connection: Connection, tenant: str, *, before: int | None = None, call_id: str | None = None, most: int = 100
) -> list[Act]:
    """The latest acts of a tenant, the latest first.

    Parameters
    ----------
    connection
        In a transaction.
    tenant
        Whose.
    before
        Only what was written down before the act of this number.
    call_id
        Only on this call.
    most
        How many.
    """
    chosen = select(audit).where(audit.c.tenant == tenant).order_by(audit.c.id.desc()).limit(most)
    if before is not None:
        chosen = chosen.where(audit.c.id < before)
    if call_id is not None:
        chosen = chosen.where(audit.c.call_id == call_id)
    return [
        Act(row.id, row.at, row.who, row.what, row.call_id, row.details, row.address)
        for row in connection.execute(chosen)
    ]


def forget_acts(connection: Connection, before: datetime) -> int:
    """Delete acts of before a moment; how many they were."""
    return connection.execute(delete(audit).where(audit.c.at < before)).rowcount
