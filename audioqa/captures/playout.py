"""Packets through a jitter buffer: which of them would have come in time to be heard.

A receiver plays a packet at the time of its timestamp, plus the delay of the fastest packet, plus the buffer. The
fastest is taken over the last ten seconds, so that clocks that drift apart do no harm. A fixed buffer has one length;
an adaptive one is, at each packet, as long as the packets of the last five seconds would have needed. What comes later
is lost. The sound stays on the sender's clock: how a receiver stretches it while its buffer grows is not modelled.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np

from audioqa.captures.figures import numbered
from audioqa.captures.streams import Stream
from audioqa.perceptual.emodel import JitterBuffer, burst_ratio

_FASTEST_OVER = 10_000_000_000
"""ns."""

_ADAPTS_OVER = 250
"""Packets: five seconds of 20 ms."""


@dataclass(frozen=True)
class Playout:
    """What a buffer makes of a stream.

    Parameters
    ----------
    heard
        For each packet, in the order of the capture, whether it comes in time; a duplicate does not count.
    late
        Packets that come too late, per cent of those sent.
    loss
        Packets lost or late, per cent of those sent.
    burst_ratio
        Of both together; None where there are none.
    delay
        Mean length of the buffer, ms.
    """

    heard: tuple[bool, ...]
    late: float
    loss: float
    burst_ratio: float | None
    delay: float


def play_out(stream: Stream, buffer: JitterBuffer, *, packet_time: float | None = None) -> Playout | None:
    """Pass a stream through a buffer.

    Parameters
    ----------
    stream
        Of a capture.
    buffer
        Its length, or how it adapts.
    packet_time
        Sound in a packet, ms, as `measure_stream` tells it.

    Returns
    -------
    Playout or None
        None where the clock of the timestamps is not known.
    """
    places = numbered(stream.packets, packet_time=packet_time)
    transits = _transits(stream)
    if transits is None:
        return None
    recent: deque[tuple[int, float]] = deque()
    excesses: deque[float] = deque(maxlen=_ADAPTS_OVER)
    heard: list[bool] = []
    depths: list[float] = []
    there: set[int] = set()
    for packet, place, transit in zip(stream.packets, places, transits, strict=True):
        depth = _depth(buffer, excesses)
        while recent and (recent[-1][1] >= transit):
            recent.pop()
        recent.append((packet.time, transit))
        while recent[0][0] < packet.time - _FASTEST_OVER:
            recent.popleft()
        excess = transit - recent[0][1]
        in_time = excess <= depth and place not in there
        if in_time:
            there.add(place)
        heard.append(in_time)
        depths.append(depth)
        excesses.append(excess)
    first, last = min(places), max(places)
    sent = last - first + 1
    return Playout(
        heard=tuple(heard),
        late=100 * (len(set(places)) - len(there)) / sent,
        loss=100 * (sent - len(there)) / sent,
        burst_ratio=burst_ratio([place in there for place in range(first, last + 1)]),
        delay=float(np.mean(depths)),
    )


def _transits(stream: Stream) -> list[float] | None:
    """Time of capture less time of sending of each packet, ms, but for a constant."""
    clocks = [coding.clock for coding in stream.codings.values() if coding.name != "TELEPHONE-EVENT"]
    if not clocks:
        return None
    found: list[float] = []
    sent = 0.0
    before = stream.packets[0]
    began = before.time
    for packet in stream.packets:
        coding = stream.codings.get(packet.payload_type)
        clock = coding.clock if coding is not None else clocks[0]
        units = (packet.timestamp - before.timestamp + 0x80000000) % 0x100000000 - 0x80000000
        sent += 1000 * units / clock
        # An event's packets bear the time at which it began: they are taken to come when they should.
        event = coding is not None and coding.name == "TELEPHONE-EVENT"
        found.append(found[-1] if event and found else (packet.time - began) / 1e6 - sent)
        before = packet
    return found


def _depth(buffer: JitterBuffer, excesses: deque[float]) -> float:
    if buffer.fixed is not None:
        return buffer.fixed
    if not excesses:
        return buffer.least
    needed = float(np.quantile(np.array(excesses), 1 - buffer.late / 100))
    return min(max(needed, buffer.least), buffer.most)
