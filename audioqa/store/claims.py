"""Claims: who works on which call, so that two batches on one store never score the same call at once.

A claim is held until its lease runs out, and not even so long where its process is seen to be dead on this machine.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, delete, select, update

from audioqa.store.holders import is_dead
from audioqa.store.keys import storable
from audioqa.store.recording import new_row
from audioqa.store.tables import claims
from audioqa.types.calls import CallInfo


def claim(connection: Connection, wanted: Sequence[CallInfo], *, holder: str, lease: float) -> list[bool]:
    """Claim calls; True for each that this holder has now.

    Parameters
    ----------
    connection
        In a transaction.
    wanted
        The calls.
    holder
        Who claims (`audioqa.store.holders.this_holder`).
    lease
        Seconds from now until the claim runs out, unless it is renewed.
    """
    now = datetime.now(UTC)
    _release_the_dead(connection, now)
    until = now + timedelta(seconds=lease)
    statement = new_row(connection, claims)
    statement = statement.on_conflict_do_update(
        index_elements=[claims.c.tenant, claims.c.call_id],
        set_={"holder": statement.excluded.holder, "expires_at": statement.excluded.expires_at},
        where=(claims.c.expires_at <= now) | (claims.c.holder == holder),
    )
    # In the order of their keys, so that two holders never wait for each other's.
    rows = [
        {"tenant": tenant, "call_id": call_id, "holder": holder, "expires_at": until}
        for tenant, call_id in sorted({_key(info) for info in wanted})
    ]
    told = connection.execute(statement.returning(claims.c.tenant, claims.c.call_id), rows) if rows else ()
    mine = {(row.tenant, row.call_id) for row in told}
    return [_key(info) in mine for info in wanted]


def renew(connection: Connection, *, holder: str, lease: float) -> int:
    """Put off the end of all claims of a holder; how many they are.

    Parameters
    ----------
    connection
        In a transaction.
    holder
        Who holds them.
    lease
        Seconds from now.
    """
    until = datetime.now(UTC) + timedelta(seconds=lease)
    return connection.execute(update(claims).where(claims.c.holder == holder).values(expires_at=until)).rowcount


def release(connection: Connection, wanted: Sequence[CallInfo] | None, *, holder: str) -> int:
    """Give claims back without having done the work; how many they were.

    Parameters
    ----------
    connection
        In a transaction.
    wanted
        The calls; None for all that the holder has.
    holder
        Who holds them.
    """
    if wanted is None:
        return connection.execute(delete(claims).where(claims.c.holder == holder)).rowcount
    return sum(
        connection.execute(
            delete(claims).where(claims.c.holder == holder, claims.c.tenant == tenant, claims.c.call_id == call_id)
        ).rowcount
        for tenant, call_id in sorted({_key(info) for info in wanted})
    )


def _release_the_dead(connection: Connection, now: datetime) -> None:
    holders = connection.execute(select(claims.c.holder).where(claims.c.expires_at > now).distinct()).scalars()
    dead = [holder for holder in holders if is_dead(holder)]
    if dead:
        connection.execute(delete(claims).where(claims.c.holder.in_(dead)))


def _key(info: CallInfo) -> tuple[str, str]:
    return storable(info.tenant), storable(info.call_id)
