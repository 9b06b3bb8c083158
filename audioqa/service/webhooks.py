"""Webhooks: who is told, how a message is signed, and sending it until it is taken.

Messages are signed as Standard Webhooks has it (``webhook-id``, ``webhook-timestamp``, ``webhook-signature``), so that
receivers can check them with any of its libraries.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import random
import secrets
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import audioqa
from audioqa.errors import ServiceError
from audioqa.service.posting import TIMEOUT, host_of, post
from audioqa.service.telling import EVENTS
from audioqa.store import Store, webhooks
from audioqa.store.database import snapshot, writing
from audioqa.store.webhooks import Delivery, Webhook

PAUSES = (5.0, 30.0, 120.0, 600.0, 3600.0, 4 * 3600.0, 12 * 3600.0, 24 * 3600.0)
"""Seconds to wait after each try that failed; after the last one it is given up: 41 hours in all."""

MOST_HOOKS = 20
"""Addresses of one tenant."""

_GONE = 410
_AT_ONCE = 8


@dataclass(frozen=True)
class Webhooks:
    """The webhooks of the service.

    Parameters
    ----------
    store
        Where they are kept.
    private
        Whether addresses of private networks may be told.
    """

    store: Store
    private: bool = False

    def add(self, url: str, events: tuple[str, ...], *, tenant: str, by: str) -> Webhook:
        """Add an address that is told.

        Parameters
        ----------
        url
            Of HTTPS; HTTP only where private networks are allowed.
        events
            Some of `audioqa.service.telling.EVENTS`.
        tenant
            Whose calls it is told of.
        by
            Who adds it.

        Raises
        ------
        ServiceError
            Where the address or an event cannot be used.
        """
        host_of(url, private=self.private)
        if not events or not set(events) <= set(EVENTS):
            raise ServiceError(f"a webhook is told at least one of {', '.join(EVENTS)}", "invalid")
        if len(self.all(tenant)) >= MOST_HOOKS:
            raise ServiceError(f"there are {MOST_HOOKS} webhooks already: remove one first", "conflict")
        secret = "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode("ascii")
        number = writing(
            self.store.engine,
            lambda c: webhooks.add_webhook(c, tenant, url, secret=secret, events=sorted(set(events)), by=by),
        )
        found = self.find(number, tenant=tenant)
        assert found is not None  # noqa: S101
        return found

    def all(self, tenant: str) -> list[Webhook]:
        """A tenant's webhooks."""
        with snapshot(self.store.engine) as connection:
            return webhooks.list_webhooks(connection, tenant)

    def find(self, number: int, *, tenant: str) -> Webhook | None:
        """A tenant's webhook."""
        with snapshot(self.store.engine) as connection:
            return webhooks.find_webhook(connection, number, tenant)

    def remove(self, number: int, *, tenant: str) -> None:
        """Remove a webhook.

        Raises
        ------
        ServiceError
            Where the tenant has none of that number.
        """
        if not writing(self.store.engine, lambda c: webhooks.remove_webhook(c, tenant, number)):
            raise ServiceError(f"there is no webhook {number}", "missing")

    def deliveries(self, number: int, *, tenant: str) -> list[Delivery]:
        """The latest deliveries of a webhook."""
        with snapshot(self.store.engine) as connection:
            return webhooks.list_deliveries(connection, tenant, number)

    def deliver_due(self, *, most: int = 20) -> tuple[int, int]:
        """Send what is due: how many were taken, and how many were not."""
        holder, lease = self.store.holder, (most + 2) * TIMEOUT
        due = writing(self.store.engine, lambda c: webhooks.take_due(c, holder=holder, lease=lease, most=most))
        by_hook: dict[int, list[Delivery]] = {}
        for delivery in due:
            by_hook.setdefault(delivery.webhook, []).append(delivery)
        if not due:
            return 0, 0
        # One address that is slow or away must not keep the others waiting.
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            taken = sum(pool.map(self._deliver, by_hook.values()))
        return taken, len(due) - taken

    def _deliver(self, due: list[Delivery]) -> int:
        """Send what one address is to be told; how many it took."""
        with snapshot(self.store.engine) as connection:
            hook = webhooks.find_webhook(connection, due[0].webhook)
        taken, away = 0, None
        for delivery in due if hook is not None else ():
            assert hook is not None  # noqa: S101
            # Where nobody answers, the rest of its messages need not find that out again one by one.
            status, error = (None, away) if away else send(hook, delivery, private=self.private)
            away = error if status is None else None
            if status == _GONE:
                writing(self.store.engine, lambda c, key=hook.key: webhooks.silence(c, key))  # type: ignore[misc]
            _settle(self.store, delivery, status, error)
            taken += error is None
        return taken


def sign(secret: str, name: str, timestamp: int, body: bytes) -> str:
    """The signature of a message: ``v1,`` and the HMAC-SHA256 of name, time and body, in base 64.

    >>> body = b'{"test": 2432232314}'
    >>> sign("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body)
    'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE='
    """
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = hmac.digest(key, f"{name}.{timestamp}.".encode() + body, hashlib.sha256)
    return f"v1,{base64.b64encode(signed).decode('ascii')}"


def send(hook: Webhook, delivery: Delivery, *, private: bool) -> tuple[int | None, str | None]:
    """Send one message: the status that was answered, and what was wrong; nothing where it was taken.

    Parameters
    ----------
    hook
        Where to.
    delivery
        What.
    private
        Whether addresses of private networks may be told (`audioqa.service.posting`).
    """
    now = int(time.time())
    headers = {
        "Content-Type": "application/json",
        "User-Agent": f"audioqa/{audioqa.__version__}",
        "webhook-id": delivery.name,
        "webhook-timestamp": str(now),
        "webhook-signature": sign(hook.secret, delivery.name, now, delivery.body),
    }
    return post(hook.url, delivery.body, headers, private=private)


def _settle(store: Store, delivery: Delivery, status: int | None, error: str | None) -> None:
    from datetime import UTC, datetime, timedelta

    again_at = None
    if error is not None and delivery.attempts <= len(PAUSES) and status != _GONE:
        # Not all at the same moment, where a receiver was away for a while.
        pause = PAUSES[delivery.attempts - 1] * random.uniform(0.9, 1.2)
        again_at = datetime.now(UTC) + timedelta(seconds=pause)
    writing(
        store.engine,
        lambda c: webhooks.settle_delivery(
            c, delivery.key, holder=store.holder, status=status, error=error, again_at=again_at
        ),
    )
