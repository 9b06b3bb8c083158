"""Which flag rules and kinds of event a tenant's calls have: a step through the index for each, however many calls."""

from __future__ import annotations

from typing import Literal

from sqlalchemy import Connection, func, select

from audioqa.store.keys import storable
from audioqa.store.tables import marks


def kinds_in_use(connection: Connection, tenant: str, what: Literal["flag", "event"]) -> list[str]:
    """Flag rules that flag a call, or kinds of event that a call has, in order.

    Parameters
    ----------
    connection
        In a transaction.
    tenant
        Whose calls.
    what
        Rules or kinds of event.
    """
    mine = (marks.c.tenant == storable(tenant)) & (marks.c.what == what)
    found: list[str] = []
    least = connection.execute(select(func.min(marks.c.kind)).where(mine)).scalar()
    while least is not None:
        found.append(least)
        least = connection.execute(select(func.min(marks.c.kind)).where(mine, marks.c.kind > least)).scalar()
    return found
