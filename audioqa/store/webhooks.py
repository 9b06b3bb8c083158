"""Webhooks and what they are to be told: written in the transaction of what happened, so that nothing goes untold."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from audioqa.store.service_tables import deliveries, webhooks


@dataclass(frozen=True)
class Webhook:
    """An address that is told what happens."""

    key: int
    tenant: str
    url: str
    secret: str
    events: tuple[str, ...]
    active: bool
    created_by: str
    created_at: datetime


@dataclass(frozen=True)
class Delivery:
    """Something that one address is to be told.

    Parameters
    ----------
    key
        The store's number of it.
    webhook
        The number of the webhook.
    name
        The same for every try: receivers tell by it what they have heard already.
    event
        What happened: ``call.scored``.
    call_id
        To which call.
    body
        What is sent, byte for byte.
    state
        ``waiting``, ``delivered`` or ``given up``.
    attempts
        Tries until now.
    next_at
        When it is tried next.
    status, error
        What the receiver last answered, or why it did not.
    created_at, ended_at
        UTC.
    """

    key: int
    webhook: int
    name: str
    event: str
    call_id: str
    body: bytes
    state: str
    attempts: int
    next_at: datetime
    status: int | None
    error: str | None
    created_at: datetime
    ended_at: datetime | None


def add_webhook(connection: Connection, tenant: str, url: str, *, secret: str, events: Sequence[str], by: str) -> int:
    """Add an address; its number."""
    values = {"tenant": tenant, "url": url, "secret": secret, "events": list(events), "active": True, "created_by": by}
    added = connection.execute(insert(webhooks).values(**values, created_at=datetime.now(UTC)).returning(webhooks.c.id))
    return int(added.scalar_one())


def list_webhooks(connection: Connection, tenant: str) -> list[Webhook]:
    """A tenant's addresses in the order in which they were added."""
    chosen = select(webhooks).where(webhooks.c.tenant == tenant).order_by(webhooks.c.id)
    return [_webhook(row) for row in connection.execute(chosen)]


def find_webhook(connection: Connection, key: int, tenant: str | None = None) -> Webhook | None:
    """An address by its number; only a tenant's own where that is given."""
    chosen = select(webhooks).where(webhooks.c.id == key)
    if tenant is not None:
        chosen = chosen.where(webhooks.c.tenant == tenant)
    row = connection.execute(chosen).first()
    return _webhook(row) if row else None


def remove_webhook(connection: Connection, tenant: str, key: int) -> bool:
    """Delete an address and all that it was to be told; False where the tenant has none of that number."""
    mine = (webhooks.c.tenant == tenant) & (webhooks.c.id == key)
    return connection.execute(delete(webhooks).where(mine)).rowcount > 0


def silence(connection: Connection, key: int) -> None:
    """Tell an address nothing more: it said so itself."""
    connection.execute(update(webhooks).where(webhooks.c.id == key).values(active=False))
    theirs = (deliveries.c.webhook == key) & (deliveries.c.state == "waiting")
    connection.execute(update(deliveries).where(theirs).values(state="given up", ended_at=datetime.now(UTC)))


def tell(connection: Connection, tenant: str, event: str, call_id: str, data: Mapping[str, Any]) -> int:
    """Note that something happened, for every address that wants to know; how many they are.

    Parameters
    ----------
    connection
        In the transaction of what happened.
    tenant, call_id
        To which call.
    event
        What.
    data
        What is sent of it.
    """
    now = datetime.now(UTC)
    wanting = [hook for hook in list_webhooks(connection, tenant) if hook.active and event in hook.events]
    body = json.dumps({"type": event, "timestamp": now.isoformat(), "data": dict(data)}, allow_nan=False).encode(
        "ascii"
    )
    common = {"tenant": tenant, "event": event, "call_id": call_id, "body": body, "state": "waiting", "attempts": 0}
    rows = [
        common | {"webhook": hook.key, "name": f"msg_{uuid.uuid4().hex}", "next_at": now, "created_at": now}
        for hook in wanting
    ]
    if rows:
        connection.execute(insert(deliveries), rows)
    return len(rows)


def take_due(connection: Connection, *, holder: str, lease: float, most: int) -> list[Delivery]:
    """Begin with the deliveries that are due; nobody else does until the lease has run out."""
    now = datetime.now(UTC)
    due = select(deliveries.c.id).where(deliveries.c.state == "waiting", deliveries.c.next_at <= now)
    keys = list(
        connection.execute(due.order_by(deliveries.c.next_at).limit(most).with_for_update(skip_locked=True)).scalars()
    )
    if not keys:
        return []
    values = {"holder": holder, "next_at": now + timedelta(seconds=lease), "attempts": deliveries.c.attempts + 1}
    taken = update(deliveries).where(deliveries.c.id.in_(keys)).values(values).returning(deliveries)
    return [_delivery(row) for row in connection.execute(taken)]


def settle_delivery(
    connection: Connection, key: int, *, holder: str, status: int | None, error: str | None, again_at: datetime | None
) -> None:
    """Note what became of a try.

    Parameters
    ----------
    connection
        In a transaction.
    key
        The delivery.
    holder
        Who tried.
    status, error
        What was answered; no error where it was taken.
    again_at
        When to try again; None for not at all.
    """
    values: dict[str, Any] = {"status": status, "error": error, "holder": None}
    if error is None or again_at is None:
        values |= {"state": "delivered" if error is None else "given up", "ended_at": datetime.now(UTC)}
    else:
        values["next_at"] = again_at
    mine = (deliveries.c.id == key) & (deliveries.c.holder == holder) & (deliveries.c.state == "waiting")
    connection.execute(update(deliveries).where(mine).values(values))


def list_deliveries(connection: Connection, tenant: str, webhook: int, most: int = 50) -> list[Delivery]:
    """The latest deliveries of an address, the latest first."""
    mine = (deliveries.c.tenant == tenant) & (deliveries.c.webhook == webhook)
    chosen = select(deliveries).where(mine).order_by(deliveries.c.id.desc()).limit(most)
    return [_delivery(row) for row in connection.execute(chosen)]


def forget_deliveries(connection: Connection, before: datetime) -> int:
    """Delete deliveries that ended before a moment; how many they were."""
    return connection.execute(delete(deliveries).where(deliveries.c.ended_at < before)).rowcount


def _webhook(row: Row[Any]) -> Webhook:
    return Webhook(
        row.id, row.tenant, row.url, row.secret, tuple(row.events), row.active, row.created_by, row.created_at
    )


def _delivery(row: Row[Any]) -> Delivery:
    return Delivery(
        row.id,
        row.webhook,
        row.name,
        row.event,
        row.call_id,
        bytes(row.body),
        row.state,
        row.attempts,
        row.next_at,
        row.status,
        row.error,
        row.created_at,
        row.ended_at,
    )
