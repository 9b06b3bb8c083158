"""Interarrival jitter (RFC 3550, 6.4.1), packet by packet, and its mean as Wireshark forms it.

The running value takes in every packet in the order of arrival, reordered ones too. Mean and greatest value are over
regular packets: comfort noise, the packet after it, and the first packet of a talk spurt (the marker) come when the
sender likes, and count as the mean so far. So the figures are those that network people see in Wireshark and tshark.
Telephone events, whose timestamps stand still (RFC 4733), have no part in it at all; on them versions of Wireshark
differ.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from audioqa.captures.streams import Stream


@dataclass(frozen=True)
class Jitter:
    """Jitter of a stream, ms.

    Parameters
    ----------
    mean, greatest
        Over its regular packets.
    last
        The running value at its end.
    """

    mean: float
    greatest: float
    last: float


def jitter_of(stream: Stream) -> Jitter | None:
    """The jitter of a stream.

    Parameters
    ----------
    stream
        Of a capture.

    Returns
    -------
    Jitter or None
        None where no two packets have a timestamp whose clock is known.
    """
    mean = greatest = last = 0.0
    counted = False
    for number, last, regular in _running(stream):
        counted = True
        if regular:
            mean += (last - mean) / number
            greatest = max(greatest, last)
    return Jitter(mean, greatest, last) if counted else None


def _running(stream: Stream) -> Iterator[tuple[int, float, bool]]:
    """Of every packet but the first with a known clock: packets before it, jitter after it, whether it is regular."""
    jitter = 0.0
    since_first = 0
    reference: tuple[int, int] | None = None
    before = stream.packets[0].timestamp
    noise_before = False
    for number, packet in enumerate(stream.packets):
        since_first += (packet.timestamp - before + 0x80000000) % 0x100000000 - 0x80000000
        before = packet.timestamp
        coding = stream.codings.get(packet.payload_type)
        # What overtook the first packet is older than the beginning, and left out.
        if coding is None or coding.name == "TELEPHONE-EVENT" or since_first < 0:
            continue
        noise = coding.name == "CN"
        if reference is not None:
            difference = (packet.time - reference[0]) / 1e6 - 1000 * (since_first - reference[1]) / coding.clock
            jitter += (abs(difference) - jitter) / 16
            yield number, jitter, not (packet.marker or noise or noise_before)
        reference, noise_before = (packet.time, since_first), noise
