"""Incidents in the queue: flagged calls with the same fault on the same trunk in the same hour."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, case, func, select, update

from audioqa.store.review.rows import Incident
from audioqa.store.review_tables import review_queue
from audioqa.store.tables import calls


def list_incidents(connection: Connection, tenant: str, *, since: datetime, most: int) -> list[Incident]:
    """The incidents of a time, those with most calls first.

    Parameters
    ----------
    connection
        In a transaction.
    tenant
        Whose.
    since
        Only hours that began then or later.
    most
        How many.
    """
    queue = review_queue.c
    key = (queue.trunk, queue.hour, queue.fault)
    count = func.count()
    found = connection.execute(
        select(
            *key,
            count.label("calls"),
            func.sum(case((queue.example, 1), else_=0)).label("examples"),
            func.sum(case((queue.given > 0, 1), else_=0)).label("judged"),
        )
        .where(queue.tenant == tenant, queue.hour >= since, queue.fault.is_not(None))
        .group_by(*key)
        .having(count > 1)
        .order_by(count.desc(), *key)
        .limit(most)
    ).all()
    return [
        Incident(
            row.trunk,
            row.hour,
            row.fault,
            row.calls,
            int(row.examples),
            int(row.judged),
            tuple(_judged(connection, tenant, row.trunk, row.hour, row.fault)),
        )
        for row in found
    ]


def hand_out_all(connection: Connection, tenant: str, trunk: str, hour: datetime, fault: str) -> int:
    """Have every call of an incident judged, not examples only; how many are added."""
    queue = review_queue.c
    chosen = update(review_queue).where(
        queue.tenant == tenant, queue.trunk == trunk, queue.hour == hour, queue.fault == fault
    )
    return connection.execute(chosen.where(queue.example.is_(False)).values(example=True)).rowcount


def _judged(connection: Connection, tenant: str, trunk: str, hour: datetime, fault: str) -> list[tuple[int, str]]:
    queue = review_queue.c
    chosen = (
        select(calls.c.id, calls.c.call_id)
        .join_from(review_queue, calls, queue.call == calls.c.id)
        .where(queue.tenant == tenant, queue.trunk == trunk, queue.hour == hour, queue.fault == fault)
        .where(queue.given > 0)
        .order_by(queue.place)
        .limit(10)
    )
    return [(row.id, row.call_id) for row in connection.execute(chosen)]
