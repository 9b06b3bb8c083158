"""The RTP streams of a capture, each with the call and the codings that SIP announced for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from audioqa.captures.packets import Address, read_datagrams
from audioqa.captures.rtcp import Reported, parse_rtcp
from audioqa.captures.rtp import VIDEO_PAYLOADS, RtpPacket, is_dtls, is_rtcp, parse_rtp
from audioqa.captures.signalling import STATIC_NAMES, Coding, Media, parse_sip

_LEAST_PACKETS = 4
"""Of a stream that no SDP announced; fewer may be anything."""

_LEAST_IN_STEP = 0.5
"""Share of neighbours whose sequence numbers follow on each other, of such a stream."""

_IN_STEP = 64


@dataclass(frozen=True)
class Stream:
    """What one source sent to one destination under one SSRC.

    Parameters
    ----------
    source, destination
        Its ends.
    ssrc
        Its number.
    packets
        In the order of the capture, at least one.
    call_id
        Of the SIP call that announced its destination; empty where there is none.
    sender
        ``caller`` or ``callee``; empty where SIP does not tell.
    codings
        What its payload numbers stand for, as far as that is known.
    secure
        True where SDP or DTLS says that the payload is encrypted (SRTP).
    kind
        ``audio``, or ``video`` ... where SDP or the payload number says so.
    reported
        What its receiver said of it by RTCP.
    """

    source: Address
    destination: Address
    ssrc: int
    packets: tuple[RtpPacket, ...]
    call_id: str = ""
    sender: str = ""
    codings: Mapping[int, Coding] = field(default_factory=dict)
    secure: bool = False
    kind: str = "audio"
    reported: tuple[Reported, ...] = ()


@dataclass(frozen=True)
class Capture:
    """What a capture holds.

    Parameters
    ----------
    streams
        In the order in which they begin.
    media
        Everything that SDP announced, in its order.
    datagrams
        UDP datagrams that were looked at.
    """

    streams: tuple[Stream, ...]
    media: tuple[Media, ...]
    datagrams: int


_Key = tuple[Address, Address, int]


@dataclass
class _Gathered:
    """What is gathered while datagrams go by."""

    packets: dict[_Key, list[RtpPacket]] = field(default_factory=dict)
    announced: dict[_Key, tuple[Media | None, Media | None]] = field(default_factory=dict)
    media: list[Media] = field(default_factory=list)
    by_address: dict[Address, Media] = field(default_factory=dict)
    openers: dict[str, Address] = field(default_factory=dict)
    dtls: set[frozenset[Address]] = field(default_factory=set)
    reported: dict[int, list[Reported]] = field(default_factory=dict)
    datagrams: int = 0


def read_capture(path: Path, *, payload_types: Mapping[int, Coding] | None = None) -> Capture:
    """The RTP streams of a pcap or pcapng file.

    Parameters
    ----------
    path
        The file.
    payload_types
        What dynamic payload numbers stand for, where no SDP in the capture says it.

    Raises
    ------
    NetworkError
        Where the file cannot be read or is no capture.
    """
    gathered = _Gathered()
    for datagram in read_datagrams(path):
        gathered.datagrams += 1
        announced = parse_sip(datagram.payload, datagram.source, openers=gathered.openers)
        if announced is not None:
            gathered.media += announced
            gathered.by_address.update({medium.address: medium for medium in announced if medium.address.port})
        elif is_rtcp(datagram.payload):
            for report in parse_rtcp(datagram.payload, datagram.time):
                gathered.reported.setdefault(report.ssrc, []).append(report)
        elif is_dtls(datagram.payload):
            gathered.dtls.add(frozenset((datagram.source, datagram.destination)))
        elif (packet := parse_rtp(datagram)) is not None:
            key = datagram.source, datagram.destination, packet.ssrc
            if key not in gathered.packets:
                gathered.packets[key] = []
                by_address = gathered.by_address
                gathered.announced[key] = by_address.get(datagram.destination), by_address.get(datagram.source)
            gathered.packets[key].append(packet)
    streams = [_stream(key, gathered, payload_types or {}) for key in gathered.packets]
    found = sorted((one for one in streams if one is not None), key=lambda one: one.packets[0].time)
    return Capture(tuple(found), tuple(gathered.media), gathered.datagrams)


def _stream(key: _Key, gathered: _Gathered, payload_types: Mapping[int, Coding]) -> Stream | None:
    """The stream of a flow, or None where its datagrams only look like RTP."""
    source, destination, ssrc = key
    packets = gathered.packets[key]
    to, back = gathered.announced[key]
    # Media may flow before the answer that announces its address.
    to = to or gathered.by_address.get(destination)
    back = back or gathered.by_address.get(source)
    if to is None and back is None and not _in_step(packets):
        return None
    sender = "" if to is None else "caller" if to.role == "callee" else "callee"
    if not sender and back is not None:
        sender = back.role
    known = to or back
    static = {number: Coding(name, 8000) for number, name in STATIC_NAMES.items()}
    codings = {
        **static,
        **payload_types,
        **(back.codings if back is not None else {}),
        **(to.codings if to is not None else {}),
    }
    used = {packet.payload_type for packet in packets}
    kind = known.kind if known is not None else "video" if used & set(VIDEO_PAYLOADS) else "audio"
    secure = any(medium is not None and medium.secure for medium in (to, back))
    return Stream(
        source=source,
        destination=destination,
        ssrc=ssrc,
        packets=tuple(packets),
        call_id=known.call_id if known is not None else "",
        sender=sender,
        codings={number: codings[number] for number in sorted(used) if number in codings},
        secure=secure or frozenset((source, destination)) in gathered.dtls,
        kind=kind,
        reported=tuple(gathered.reported.get(ssrc, ())),
    )


def _in_step(packets: list[RtpPacket]) -> bool:
    """Say whether datagrams that look like RTP follow on each other as RTP does."""
    if len(packets) < _LEAST_PACKETS:
        return False
    steps = [(b.sequence - a.sequence) & 0xFFFF for a, b in pairwise(packets)]
    return sum(0 < step < _IN_STEP for step in steps) >= _LEAST_IN_STEP * len(steps)
