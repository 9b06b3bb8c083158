"""Sending one message to an address that a tenant chose, and to nothing else that its name may lead to.

The name is resolved first, and only an address that was looked at is connected to: a name that leads into a private
network gets no byte, not even of a handshake, and a name cannot lead elsewhere between the look and the connection.
What came of it is told in words that do not tell an open port from a closed one there. Redirections are not followed,
and the whole takes a limited time, however slowly the other end answers.
"""

from __future__ import annotations

import contextlib
import http.client
import ipaddress
import socket
import ssl
import threading
from collections.abc import Mapping
from urllib.parse import urlsplit

from audioqa.errors import ServiceError

TIMEOUT = 10.0
"""Seconds for the whole: connecting, sending, and the head of the answer."""

_TRANSLATED = (ipaddress.ip_network("64:ff9b::/96"), ipaddress.ip_network("64:ff9b:1::/48"))
"""IPv6 addresses that a translator turns into IPv4 ones (RFC 6052, RFC 8215)."""


def post(url: str, body: bytes, headers: Mapping[str, str], *, private: bool) -> tuple[int | None, str | None]:
    """Post a message: the status that was answered, and what was wrong; nothing where it was taken.

    Parameters
    ----------
    url
        Where to.
    body, headers
        What.
    private
        Whether addresses of private networks may be told.
    """
    try:
        host = host_of(url, private=private)
    except ServiceError as error:
        return None, str(error)
    parts = urlsplit(url)
    secure = parts.scheme == "https"
    port = parts.port or (443 if secure else 80)
    try:
        addresses = [str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    except (OSError, UnicodeError):
        return None, f"there is no address for the name {host}"
    if not private and not all(map(is_public, addresses)):
        return None, f"{host} is in a private network: the configuration does not allow that"
    connection: http.client.HTTPConnection
    if secure:
        connection = http.client.HTTPSConnection(host, port, timeout=TIMEOUT, context=ssl.create_default_context())
    else:
        connection = http.client.HTTPConnection(host, port, timeout=TIMEOUT)
    # The client resolves nothing itself: it is handed the addresses that were looked at.
    connection._create_connection = _to(addresses)  # type: ignore[attr-defined]
    timer = threading.Timer(TIMEOUT, _cut, [connection])
    timer.daemon = True
    timer.start()
    try:
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request("POST", path, body=body, headers=dict(headers))
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException, ValueError) as error:
        return None, f"{type(error).__name__}: {error}"[:300]
    finally:
        timer.cancel()
        connection.close()
    return status, None if 200 <= status < 300 else f"it answered {status}"


def host_of(url: str, *, private: bool) -> str:
    """The host of an address that may be told.

    Parameters
    ----------
    url
        The address.
    private
        Whether it may be one of a private network, and HTTP.

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
    if host == "localhost" or (_is_address(host) and not is_public(host)):
        raise ServiceError(f"{host} is in a private network: the configuration does not allow that", "invalid")
    return host


def is_public(address: str) -> bool:
    """Whether an address is one of the open internet, and leads to no other that is not.

    >>> is_public("93.184.215.14"), is_public("10.0.0.1"), is_public("::ffff:10.0.0.1"), is_public("64:ff9b::a00:1")
    (True, False, False, False)
    """
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address):
        if any(found in network for network in _TRANSLATED):
            return is_public(str(ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)))
        inner = found.ipv4_mapped or found.sixtofour
        if inner is not None:
            return is_public(str(inner))
    return found.is_global and not found.is_multicast


def _to(addresses: list[str]) -> object:
    """Connects to the first of some addresses that answers, in place of what a name leads to."""

    def create(place: tuple[str, int], *given: object, **named: object) -> socket.socket:
        trouble: OSError | None = None
        for address in addresses:
            try:
                return socket.create_connection((address, place[1]), *given, **named)  # type: ignore[arg-type]
            except OSError as error:
                trouble = error
        raise trouble or OSError("no address")

    return create


def _cut(connection: http.client.HTTPConnection) -> None:
    """End a connection that takes too long, wherever it is."""
    line = connection.sock
    if line is not None:
        with contextlib.suppress(OSError):
            line.shutdown(socket.SHUT_RDWR)


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
