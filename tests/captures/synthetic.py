"""Captures made by hand: what was done to the packets is known."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np


@dataclass(frozen=True)
class Sent:
    """One RTP packet, and when it was captured, s."""

    time: float
    sequence: int
    timestamp: int
    payload: bytes = b"\xd5" * 160
    payload_type: int = 8
    marker: bool = False
    ssrc: int = 0x1234


def stream(count: int, *, start: float = 1_700_000_000.0, sequence: int = 100, timestamp: int = 5000) -> list[Sent]:
    """A-law packets of 20 ms, one every 20 ms."""
    return [
        Sent(start + 0.02 * i, (sequence + i) & 0xFFFF, (timestamp + 160 * i) & 0xFFFFFFFF, marker=i == 0)
        for i in range(count)
    ]


def delayed(packets: Sequence[Sent], *, mean: float, seed: int = 1) -> list[Sent]:
    """Each packet later by an exponential delay (s), in the order in which they then come."""
    rng = np.random.default_rng(seed)
    late = [replace(packet, time=packet.time + float(rng.exponential(mean))) for packet in packets]
    return sorted(late, key=lambda packet: packet.time)


def without(packets: Sequence[Sent], lost: Sequence[int]) -> list[Sent]:
    """All but the packets at these places."""
    return [packet for i, packet in enumerate(packets) if i not in set(lost)]


def rtp(packet: Sent) -> bytes:
    second = packet.payload_type | (0x80 if packet.marker else 0)
    return struct.pack(">BBHII", 0x80, second, packet.sequence, packet.timestamp, packet.ssrc) + packet.payload


def udp(source: tuple[str, int], destination: tuple[str, int], payload: bytes) -> bytes:
    """An Ethernet frame."""
    body = struct.pack(">HHHH", source[1], destination[1], 8 + len(payload), 0) + payload
    hosts = b"".join(bytes(map(int, host.split("."))) for host in (source[0], destination[0]))
    ip = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(body), 7, 0, 64, 17, 0) + hosts
    return b"\x02\0\0\0\0\x01\x02\0\0\0\0\x02\x08\x00" + ip + body


def write_pcap(path: Path, frames: Sequence[tuple[float, bytes]], *, link: int = 1) -> Path:
    """A pcap file of frames and their times, in the order of time."""
    with path.open("wb") as out:
        out.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, link))
        for time, frame in sorted(frames, key=lambda pair: pair[0]):
            micros = round(time * 1e6)
            out.write(struct.pack("<IIII", micros // 1_000_000, micros % 1_000_000, len(frame), len(frame)) + frame)
    return path


A, B = ("10.0.0.1", 4000), ("10.0.0.2", 5000)


Frames = Sequence[tuple[float, bytes]]


def capture(path: Path, there: Sequence[Sent], back: Sequence[Sent] = (), *, sip: Frames = ()) -> Path:
    """A capture of one or two directions between A and B."""
    frames = [(packet.time, udp(A, B, rtp(packet))) for packet in there]
    frames += [(packet.time, udp(B, A, rtp(packet))) for packet in back]
    return write_pcap(path, [*sip, *frames])


def invite(
    codings: str = "a=rtpmap:101 telephone-event/8000\r\n",
    *,
    numbers: str = "8 13 101",
    protocol: str = "RTP/AVP",
    kind: str = "audio",
    call_id: str = "call-1@a",
    start: float = 1_699_999_999.0,
    answered: bool = True,
) -> list[tuple[float, bytes]]:
    """An INVITE of A and B's answer."""
    frames = []
    for number, (source, destination, line) in enumerate(
        ((A, B, "INVITE sip:b@10.0.0.2 SIP/2.0"), (B, A, "SIP/2.0 200 OK"))
    ):
        body = f"v=0\r\no=- 1 1 IN IP4 {source[0]}\r\ns=-\r\nc=IN IP4 {source[0]}\r\nt=0 0\r\n"
        body += f"m={kind} {source[1]} {protocol} {numbers}\r\n{codings}"
        head = f"{line}\r\nCall-ID: {call_id}\r\nContent-Type: application/sdp\r\nContent-Length: {len(body)}\r\n\r\n"
        ends = (source[0], 5060), (destination[0], 5060)
        frames.append((start + 0.1 * number, udp(*ends, (head + body).encode())))
    return frames if answered else frames[:1]
