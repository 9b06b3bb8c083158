"""Records of pcap and pcapng files: bytes as they were captured, and when.

Times are whole numbers of nanoseconds, because a jitter is made of small differences of large times. Every interface of
a pcapng file keeps its own link and resolution.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

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
_INTERFACE, _PACKET, _ENHANCED = 1, 2, 6
"""Kinds of blocks of pcapng."""


def read_records(path: Path, stream: BinaryIO) -> Iterator[tuple[int, int, bytes, bool]]:
    """Time in ns, link type, bytes, and whether some are missing, of every record.

    Parameters
    ----------
    path
        The file's name, for messages.
    stream
        Its bytes from the beginning.

    Raises
    ------
    NetworkError
        Where it is no capture. A file that breaks off gives what it has.
    """
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
