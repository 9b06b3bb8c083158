"""Webhooks: who is told, how a message is signed, and sending it until it is taken.

Messages are signed as Standard Webhooks has it (``webhook-id``, ``webhook-timestamp``, ``webhook-signature``), so that
receivers can check them with any of its libraries.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import ipaddress
import random
import secrets
import ssl
import time
from dataclasses import dataclass
from urllib.parse import urlsplit

import audioqa
from audioqa.errors import ServiceError
from audioqa.service.telling import EVENTS
from audioqa.store import Store, webhooks
from audioqa.store.database import snapshot, writing
from audioqa.store.webhooks import Delivery, Webhook

PAUSES = (5.0, 30.0, 120.0, 600.0, 3600.0, 4 * 3600.0, 12 * 3600.0, 24 * 3600.0)
"""Seconds to wait after each try that failed; after the last one it is given up: 41 hours in all."""

MOST_HOOKS = 20
"""Addresses of one tenant."""

_TIMEOUT = 10.0
_GONE = 410


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
        _host_of(url, private=self.private)
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
        holder = self.store.holder
        due = writing(self.store.engine, lambda c: webhooks.take_due(c, holder=holder, lease=6 * _TIMEOUT, most=most))
        taken = 0
        for delivery in due:
            with snapshot(self.store.engine) as connection:
                hook = webhooks.find_webhook(connection, delivery.webhook)
            if hook is None:
                continue
            status, error = send(hook, delivery, private=self.private)
            if status == _GONE:
                writing(self.store.engine, lambda c, key=hook.key: webhooks.silence(c, key))  # type: ignore[misc]
            _settle(self.store, delivery, status, error)
            taken += error is None
        return taken, len(due) - taken


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

    Redirections are not followed, and no byte is sent to an address of a private network that is not allowed, whatever
    its name resolves to.

    Parameters
    ----------
    hook
        Where to.
    delivery
        What.
    private
        Whether addresses of private networks may be told.
    """
    try:
        host = _host_of(hook.url, private=private)
    except ServiceError as error:
        return None, str(error)
    parts = urlsplit(hook.url)
    now = int(time.time())
    headers = {
        "Content-Type": "application/json",
        "User-Agent": f"audioqa/{audioqa.__version__}",
        "webhook-id": delivery.name,
        "webhook-timestamp": str(now),
        "webhook-signature": sign(hook.secret, delivery.name, now, delivery.body),
    }
    connection: http.client.HTTPConnection
    if parts.scheme == "https":
        connection = http.client.HTTPSConnection(
            host, parts.port, timeout=_TIMEOUT, context=ssl.create_default_context()
        )
    else:
        connection = http.client.HTTPConnection(host, parts.port, timeout=_TIMEOUT)
    try:
        connection.connect()
        peer = connection.sock.getpeername()[0]
        if not private and not _is_public(peer):
            return None, f"{host} is in a private network ({peer})"
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request("POST", path, body=delivery.body, headers=headers)
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        return None, f"{type(error).__name__}: {error}"[:300]
    finally:
        connection.close()
    return status, None if 200 <= status < 300 else f"it answered {status}"


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


def _host_of(url: str, *, private: bool) -> str:
    """The host of a webhook's address.

    Raises
    ------
    ServiceError
        Where the address cannot be used.
    """
    wrong = ServiceError("a webhook is an address such as https://example.com/hooks/audioqa", "invalid")
    if len(url) > 1000 or not url.isascii() or not url.isprintable() or " " in url:
        raise wrong
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise wrong from None
    if not host or parts.scheme not in ("https", "http") or parts.username or parts.password or port == 0:
        raise wrong
    if private:
        return host
    if parts.scheme != "https":
        raise ServiceError("a webhook has to be reached by https", "invalid")
    if host == "localhost" or (_is_address(host) and not _is_public(host)):
        raise ServiceError(f"{host} is in a private network: the configuration does not allow that", "invalid")
    return host


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _is_public(address: str) -> bool:
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is not None:
        return found.ipv4_mapped.is_global
    return found.is_global
