"""Putting right who is on which channel, by hand: nothing is scored again, and no later word of a source undoes it."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, select, update

from audioqa.store.query import Query, conditions
from audioqa.store.reading import tenants
from audioqa.store.tables import calls


def set_roles(
    connection: Connection, roles: Sequence[str], *, query: Query, call_ids: Sequence[str] | None
) -> tuple[int, int]:
    """Set the roles of calls; how many were changed, and how many have another number of channels.

    Parameters
    ----------
    connection
        In a transaction.
    roles
        A name for each channel in file order; empty goes back to what the source says.
    query
        Which calls.
    call_ids
        Only these of them; None for all.
    """
    changed = left = 0
    for tenant in tenants(connection) if query.tenant is None else [query.tenant]:
        chosen = conditions(query, tenant)
        if call_ids is not None:
            chosen.append(calls.c.call_id.in_(list(call_ids)))
        fitting = [*chosen, calls.c.channels == len(roles)] if roles else chosen
        mine = select(calls.c.id).where(*fitting)
        value = list(roles) or None
        changed += connection.execute(
            update(calls).where(calls.c.id.in_(mine)).values(own_roles=value, rules=None)
        ).rowcount
        if roles:
            others = select(calls.c.id).where(*chosen, calls.c.channels != len(roles))
            left += len(connection.execute(others).all())
    return changed, left
