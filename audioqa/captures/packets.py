"""UDP datagrams out of pcap and pcapng files, with the time at which each was captured.

The layers are taken apart by dpkt. Times stay whole numbers of nanoseconds, because a jitter is made of small
differences of large times.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from audioqa.errors import NetworkError

_PCAP = {
    b"\xd4\xc3\xb2\xa1": ("<", 1000),
    b"\xa1\xb2\xc3\xd4": (">", 1000),
    b"\x4d\x3c\xb2\xa1": ("<", 1),
    b"\xa1\xb2\x3c\x4d": (">", 1),
}
"""By the first bytes of a pcap file, its byte order and the nanoseconds of its fraction of a second."""

_PCAPNG = b"\x0a\x0d\x0d\x0a"
_LONGEST = 2**26
_UNFINISHED = 256
"""Datagrams whose fragments are waited for at a time."""

_SECTION, _INTERFACE, _SIMPLE, _PACKET, _ENHANCED = 0x0A0D0D0A, 1, 3, 2, 6
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
            for time, link, frame, cut in _records(path, stream):
                datagram = _datagram(path, time, link, frame, fragments, cut=cut)
                if datagram is not None:
                    yield datagram
    except OSError as error:
        raise NetworkError(f"{path}: the capture cannot be read: {error.strerror}") from None


def _records(path: Path, stream: BinaryIO) -> Iterator[tuple[int, int, bytes, bool]]:
    """Time in ns, link type, bytes, and whether some are missing, of every record."""
    head = stream.read(4)
    if head in _PCAP:
        yield from _pcap_records(stream, *_PCAP[head])
    elif head == _PCAPNG:
        stream.seek(0)
        yield from _pcapng_records(stream)
    else:
        raise NetworkError(f"{path}: it is no capture: it begins {head.hex(' ') or 'with nothing'}")


def _pcap_records(stream: BinaryIO, order: str, unit: int) -> Iterator[tuple[int, int, bytes, bool]]:
    rest = stream.read(20)
    if len(rest) < 20:
        return
    link = struct.unpack(f"{order}I", rest[16:])[0] & 0x0FFFFFFF
    header = struct.Struct(f"{order}IIII")
    while len(head := stream.read(16)) == 16:
        seconds, fraction, kept, length = header.unpack(head)
        if kept > _LONGEST:
            return
        frame = stream.read(kept)
        if len(frame) < kept:
            return
        yield seconds * 1_000_000_000 + fraction * unit, link, frame, kept < length


def _pcapng_records(stream: BinaryIO) -> Iterator[tuple[int, int, bytes, bool]]:
    order = "<"
    interfaces: list[tuple[int, int, int]] = []
    while len(head := stream.read(12)) == 12:
        if head[:4] == _PCAPNG:
            order = "<" if head[8:12] == b"\x4d\x3c\x2b\x1a" else ">"
            interfaces = []
        kind, length = struct.unpack(f"{order}II", head[:8])
        if not 12 <= length <= _LONGEST:
            return
        body = head[8:] + stream.read(length - 12)
        if len(body) < length - 8:
            return
        body = body[:-4]
        if kind == _INTERFACE and len(body) >= 8:
            interfaces.append(_interface(body, order))
        elif kind in (_ENHANCED, _PACKET) and len(body) >= 20:
            first, high, low, kept, whole = struct.unpack(f"{order}5I", body[:20])
            number = first if kind == _ENHANCED else struct.unpack(f"{order}H", body[:2])[0]
            if number < len(interfaces):
                link, per_second, offset = interfaces[number]
                ticks = high << 32 | low
                time = ticks * 1_000_000_000 // per_second + offset * 1_000_000_000
                yield time, link, body[20 : 20 + kept], kept < whole


def _interface(body: bytes, order: str) -> tuple[int, int, int]:
    """Link type, ticks a second, and the seconds to add, of an interface description."""
    link = struct.unpack(f"{order}H", body[:2])[0]
    per_second, offset = 1_000_000, 0
    at = 8
    while at + 4 <= len(body):
        code, length = struct.unpack(f"{order}HH", body[at : at + 4])
        value = body[at + 4 : at + 4 + length]
        if code == 9 and length == 1:
            per_second = 2 ** (value[0] & 0x7F) if value[0] & 0x80 else 10 ** value[0]
        elif code == 14 and length == 8:
            offset = struct.unpack(f"{order}q", value)[0]
        elif code == 0:
            break
        at += 4 + (length + 3) // 4 * 4
    return link, per_second, offset


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
