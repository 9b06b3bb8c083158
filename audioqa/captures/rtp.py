"""RTP packets (RFC 3550, 5.1), and what tells them from other datagrams."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from audioqa.captures.packets import Datagram

VIDEO_PAYLOADS = {26: "JPEG", 28: "nv", 31: "H261", 32: "MPV", 33: "MP2T", 34: "H263"}
"""Static payload numbers of video (RFC 3551)."""

_RTCP = range(192, 224)
"""Second bytes of RTCP packets; with the marker, RTP would have to use payload numbers that RFC 5761 keeps free."""


@dataclass(frozen=True, slots=True)
class RtpPacket:
    """One RTP packet.

    Parameters
    ----------
    time
        When it was captured, ns.
    sequence, timestamp, ssrc, payload_type
        As in its header: 16 bits, 32 bits, 32 bits, 7 bits.
    marker
        Set on the first packet after a pause, most often.
    payload
        Without header, extension and padding.
    cut
        True where the capture has not all of it.
    """

    time: int
    sequence: int
    timestamp: int
    ssrc: int
    payload_type: int
    marker: bool
    payload: bytes
    cut: bool


def parse_rtp(datagram: Datagram) -> RtpPacket | None:
    """The RTP packet in a datagram, or None where it cannot be one.

    Parameters
    ----------
    datagram
        Any datagram. That it could be RTP does not make it RTP: a stream of them does.
    """
    data = datagram.payload
    if len(data) < 12 or data[0] >> 6 != 2 or data[1] in _RTCP:
        return None
    sequence, timestamp, ssrc = struct.unpack(">HII", data[2:12])
    start = 12 + 4 * (data[0] & 0x0F)
    if data[0] & 0x10:
        if len(data) < start + 4:
            return None
        start += 4 + 4 * struct.unpack(">H", data[start + 2 : start + 4])[0]
    end = len(data)
    if data[0] & 0x20 and not datagram.cut:
        padding = data[-1]
        if padding == 0 or start + padding > end:
            return None
        end -= padding
    if start > end and not datagram.cut:
        return None
    return RtpPacket(
        datagram.time,
        sequence,
        timestamp,
        ssrc,
        data[1] & 0x7F,
        bool(data[1] & 0x80),
        bytes(data[start:end]),
        datagram.cut,
    )


def is_rtcp(data: bytes) -> bool:
    """Say whether a datagram begins as RTCP does."""
    return len(data) >= 8 and data[0] >> 6 == 2 and data[1] in _RTCP


def is_dtls(data: bytes) -> bool:
    """Say whether a datagram begins as a DTLS record does (RFC 7983): keys for SRTP are agreed upon so."""
    return len(data) >= 13 and 20 <= data[0] <= 63 and data[1] == 0xFE
