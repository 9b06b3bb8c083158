"""What the packets of a stream say of the network: loss, burst ratio, jitter, reordering.

Loss is told by sequence numbers alone. Comfort noise, the pauses of discontinuous transmission, and telephone events
(RFC 4733) all count on, and so are no loss.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from audioqa.captures.jitter import jitter_of
from audioqa.captures.rtp import RtpPacket
from audioqa.captures.signalling import Coding
from audioqa.captures.streams import Stream
from audioqa.network.statistics import Leg, completed
from audioqa.perceptual.emodel import burst_ratio

_LONGEST_DROPOUT = 3000
"""Packets; a jump in sequence numbers beyond it is a sender that began anew (RFC 3550, A.1), unless time went by."""

NO_SOUND = ("TELEPHONE-EVENT", "CN")
"""Codings that are no speech."""


@dataclass(frozen=True)
class StreamFigures:
    """Figures of one stream.

    Parameters
    ----------
    received
        Packets captured.
    expected
        Packets sent, by the sequence numbers.
    lost
        Packets sent that never came.
    cumulative_lost
        What RFC 3550 and receivers call lost: from the first packet that came to the highest number, less `received`.
        A duplicate makes up for a loss in it, and it may be negative.
    duplicates
        Packets that came again.
    reordered
        Packets that came after one with a later number.
    burst_ratio
        Of the loss; None where nothing was lost.
    jitter, max_jitter, last_jitter
        As `audioqa.captures.jitter.Jitter` has them, ms; None where the clock of the timestamps is not known or there
        is one packet only.
    longest_gap
        Longest time between two packets, s.
    duration
        From the first to the last packet, s.
    packet_time
        Sound in a packet, ms; None where that cannot be told.
    events, comfort_noise
        Packets of telephone events and of comfort noise among `received`.
    codec
        Name of the coding of most packets; empty where it is not known.
    """

    received: int
    expected: int
    lost: int
    cumulative_lost: int
    duplicates: int
    reordered: int
    burst_ratio: float | None
    jitter: float | None
    max_jitter: float | None
    last_jitter: float | None
    longest_gap: float
    duration: float
    packet_time: float | None
    events: int
    comfort_noise: int
    codec: str

    @property
    def loss(self) -> float:
        """Packets lost, per cent of those sent."""
        return 100 * self.lost / self.expected

    def leg(self, name: str) -> Leg:
        """The same as statistics of the network, in the vocabulary of all sources.

        Parameters
        ----------
        name
            The leg's.
        """
        figures = {"loss": self.loss, "packets": float(self.received), "packets_lost": float(self.lost)}
        optional = {"jitter": self.jitter, "max_jitter": self.max_jitter, "burst_ratio": self.burst_ratio}
        figures |= {key: value for key, value in optional.items() if value is not None}
        return Leg(name, completed(figures), self.codec)


def measure_stream(stream: Stream) -> StreamFigures:
    """The figures of a stream.

    Parameters
    ----------
    stream
        Of a capture.
    """
    packets = stream.packets
    time = _packet_time(stream)
    places = numbered(packets, packet_time=time)
    there = set(places)
    first, last = min(places), max(places)
    highest, reordered = places[0], 0
    seen: set[int] = set()
    for place in places:
        reordered += place < highest and place not in seen
        seen.add(place)
        highest = max(highest, place)
    expected = last - first + 1
    names = Counter(_name(stream.codings, packet) for packet in packets)
    sounding = [(count, name) for name, count in names.items() if name not in (*NO_SOUND, "")]
    jitter = jitter_of(stream)
    times = [packet.time for packet in packets]
    gaps = [b - a for a, b in pairwise(times)]
    return StreamFigures(
        received=len(packets),
        expected=expected,
        lost=expected - len(there),
        cumulative_lost=last - places[0] + 1 - len(packets),
        duplicates=len(packets) - len(there),
        reordered=reordered,
        burst_ratio=burst_ratio([place in there for place in range(first, last + 1)]),
        jitter=jitter.mean if jitter else None,
        max_jitter=jitter.greatest if jitter else None,
        last_jitter=jitter.last if jitter else None,
        longest_gap=max(gaps, default=0) / 1e9,
        duration=(max(times) - min(times)) / 1e9,
        packet_time=time,
        events=names["TELEPHONE-EVENT"],
        comfort_noise=names["CN"],
        codec=max(sounding)[1] if sounding else "",
    )


def numbered(packets: Sequence[RtpPacket], *, packet_time: float | None = None) -> list[int]:
    """Sequence numbers that go on counting where 16 bits begin anew, in the order of the capture.

    Parameters
    ----------
    packets
        Of one stream.
    packet_time
        Sound in a packet, ms; by it a sender that began anew is told from a long outage.

    Returns
    -------
    list of int
        After a new beginning they count on without a gap.
    """
    places = [packets[0].sequence]
    highest, highest_time, shift = packets[0].sequence, packets[0].time, 0
    for packet in packets[1:]:
        step = (packet.sequence + shift - highest) & 0xFFFF
        if step >= 0x8000:
            step -= 0x10000
        if abs(step) > _LONGEST_DROPOUT and not _outage(step, packet.time - highest_time, packet_time):
            shift = (highest + 1 - packet.sequence) & 0xFFFF
            step = 1
        place = highest + step
        places.append(place)
        if place > highest:
            highest, highest_time = place, packet.time
    return places


def _outage(step: int, passed: int, packet_time: float | None) -> bool:
    """Say whether a jump forward took about as long as its packets would have."""
    if step < 0 or packet_time is None:
        return False
    return abs(passed / 1e6 - step * packet_time) < 0.25 * step * packet_time


def _packet_time(stream: Stream) -> float | None:
    """The most frequent step of timestamps between packets that follow on each other, ms."""
    steps: Counter[float] = Counter()
    for a, b in pairwise(stream.packets):
        coding = stream.codings.get(b.payload_type)
        units = (b.timestamp - a.timestamp) & 0xFFFFFFFF
        if (
            coding is not None
            and coding.name not in NO_SOUND
            and a.payload_type == b.payload_type
            and (b.sequence - a.sequence) & 0xFFFF == 1
            and 0 < units < coding.clock
        ):
            steps[1000 * units / coding.clock] += 1
    return steps.most_common(1)[0][0] if steps else None


def _name(codings: Mapping[int, Coding], packet: RtpPacket) -> str:
    coding = codings.get(packet.payload_type)
    return coding.name if coding is not None else ""
