"""UDP datagrams out of pcap and pcapng files, with the time at which each was captured.

The layers are taken apart by dpkt; fragments of IPv4 are put together here.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from audioqa.captures.records import read_records
from audioqa.errors import NetworkError

_UNFINISHED = 256
"""Datagrams whose fragments are waited for at a time."""

_RAW = {12, 14, 101, 228, 229}
"""Link types whose packets begin with the IP header."""


@dataclass(frozen=True)
class Address:
    """One end of a flow of datagrams."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True)
class Datagram:
    """One UDP datagram.

    Parameters
    ----------
    time
        When it was captured, ns since 1970.
    source, destination
        Its ends.
    payload
        What of it was captured.
    cut
        True where the capture has not all of it.
    """

    time: int
    source: Address
    destination: Address
    payload: bytes
    cut: bool = False


def read_datagrams(path: Path) -> Iterator[Datagram]:
    """The UDP datagrams of a capture, in its order.

    Parameters
    ----------
    path
        A pcap or pcapng file of Ethernet, Linux cooked, loopback or raw IP packets. IP fragments are put together.

    Yields
    ------
    Datagram
        Other protocols are passed over.

    Raises
    ------
    NetworkError
        Where the file cannot be read, is no capture, or is of a link that is not known. A file that breaks off in
        the middle gives what it has.
    """
    try:
        with path.open("rb") as stream:
            fragments: dict[tuple[object, ...], dict[int, tuple[bytes, bool]]] = {}
            for time, link, frame, cut in read_records(path, stream):
                datagram = _datagram(path, time, link, frame, fragments, cut=cut)
                if datagram is not None:
                    yield datagram
    except OSError as error:
        raise NetworkError(f"{path}: the capture cannot be read: {error.strerror}") from None


def _datagram(
    path: Path,
    time: int,
    link: int,
    frame: bytes,
    fragments: dict[tuple[object, ...], dict[int, tuple[bytes, bool]]],
    *,
    cut: bool,
) -> Datagram | None:
    import dpkt

    try:
        packet = _network_layer(path, link, frame)
    except (dpkt.dpkt.UnpackError, struct.error, IndexError, ValueError):
        return None
    if isinstance(packet, dpkt.ip.IP):
        more = bool(packet.mf)
        start = 8 * packet.offset
        if packet.p != dpkt.ip.IP_PROTO_UDP:
            return None
        body = packet.data if isinstance(packet.data, bytes) else bytes(packet.data)
        if more or start:
            key = (packet.src, packet.dst, packet.id)
            if key not in fragments and len(fragments) >= _UNFINISHED:
                del fragments[next(iter(fragments))]
            whole = _put_together(fragments.setdefault(key, {}), start, body, more=more)
            if whole is None:
                return None
            del fragments[key]
            body = whole
    elif isinstance(packet, dpkt.ip6.IP6):
        if not isinstance(packet.data, dpkt.udp.UDP):
            return None
        body = bytes(packet.data)
    else:
        return None
    if len(body) < 8:
        return None
    source, destination, length = struct.unpack(">HHH", body[:6])
    payload = body[8:length] if length >= 8 else body[8:]
    return Datagram(
        time,
        Address(_host(packet.src), source),
        Address(_host(packet.dst), destination),
        bytes(payload),
        cut or len(body) < length,
    )


def _put_together(pieces: dict[int, tuple[bytes, bool]], start: int, body: bytes, *, more: bool) -> bytes | None:
    """The datagram of IP fragments once all of them are there."""
    pieces[start] = (body, more)
    whole = b""
    for at in sorted(pieces):
        if at != len(whole):
            return None
        piece, follows = pieces[at]
        whole += piece
        if not follows:
            return whole
    return None


def _network_layer(path: Path, link: int, frame: bytes) -> Any:
    import dpkt

    if link == 1:
        return dpkt.ethernet.Ethernet(frame).data
    if link in _RAW:
        return dpkt.ip.IP(frame) if frame[0] >> 4 == 4 else dpkt.ip6.IP6(frame)
    if link == 113:
        return dpkt.sll.SLL(frame).data
    if link == 276:
        return dpkt.sll2.SLL2(frame).data
    if link in (0, 108):
        return dpkt.ip.IP(frame[4:]) if frame[4] >> 4 == 4 else dpkt.ip6.IP6(frame[4:])
    raise NetworkError(f"{path}: link type {link} cannot be read: Ethernet, cooked, loopback and raw IP can")


def _host(raw: bytes) -> str:
    import ipaddress

    return str(ipaddress.ip_address(raw))
