"""What a receiver says of a stream by RTCP: reception reports (RFC 3550, 6.4) and VoIP metrics (RFC 3611, 4.7)."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from audioqa.perceptual.emodel import burst_ratio_of_gaps

_SENDER_REPORT, _RECEIVER_REPORT, _EXTENDED = 200, 201, 207
_VOIP_METRICS = 7
_NOT_KNOWN = 127


@dataclass(frozen=True)
class Reported:
    """One report on one stream.

    Parameters
    ----------
    time
        When the report was captured, ns.
    ssrc
        The stream it speaks of.
    figures
        By the names of `audioqa.network.FIGURES`: of VoIP metrics all that are known; of a reception report ``loss``
        since the report before.
    jitter_units
        Jitter of a reception report in units of the stream's timestamps; None in VoIP metrics.
    """

    time: int
    ssrc: int
    figures: Mapping[str, float]
    jitter_units: int | None = None


def parse_rtcp(data: bytes, time: int) -> Iterator[Reported]:
    """The reports in a datagram of RTCP packets.

    Parameters
    ----------
    data
        The datagram; what is broken in it ends the reading.
    time
        When it was captured, ns.

    Yields
    ------
    Reported
        In order.
    """
    at = 0
    while at + 8 <= len(data) and data[at] >> 6 == 2:
        count, kind = data[at] & 0x1F, data[at + 1]
        length = 4 * (struct.unpack(">H", data[at + 2 : at + 4])[0] + 1)
        packet = data[at : at + length]
        if kind in (_SENDER_REPORT, _RECEIVER_REPORT):
            yield from _reception(packet, 28 if kind == _SENDER_REPORT else 8, count, time)
        elif kind == _EXTENDED:
            yield from _extended(packet, time)
        at += length


def _reception(packet: bytes, start: int, count: int, time: int) -> Iterator[Reported]:
    for at in range(start, start + 24 * count, 24):
        if at + 24 <= len(packet):
            ssrc, fraction, jitter = struct.unpack(">IB7xI", packet[at : at + 16])
            yield Reported(time, ssrc, {"loss": 100 * fraction / 256}, jitter)


def _extended(packet: bytes, time: int) -> Iterator[Reported]:
    at = 8
    while at + 4 <= len(packet):
        length = 4 * (struct.unpack(">H", packet[at + 2 : at + 4])[0] + 1)
        if packet[at] == _VOIP_METRICS and at + 36 <= len(packet):
            yield _voip_metrics(packet[at + 4 : at + 36], time)
        at += length


def _voip_metrics(block: bytes, time: int) -> Reported:
    """The block of RFC 3611, 4.7: densities are in 1/256, lengths in ms, MOS in tenths."""
    ssrc, loss, late, burst_density, gap_density = struct.unpack(">IBBBB", block[:8])
    burst, gap, round_trip, end_system = struct.unpack(">HHHH", block[8:16])
    r_factor, mos_lq, mos_cq = block[20], block[22], block[23]
    figures = {
        "loss": 100 * loss / 256,
        "discarded": 100 * late / 256,
        "burst_density": 100 * burst_density / 256,
        "gap_density": 100 * gap_density / 256,
    }
    if round_trip not in (0, 0xFFFF):
        figures |= {"rtt": float(round_trip), "delay": round_trip / 2}
    if end_system not in (0, 0xFFFF):
        figures["end_system_delay"] = float(end_system)
    ratio = burst_ratio_of_gaps(burst_density=burst_density / 256, burst=burst, gap_density=gap_density / 256, gap=gap)
    if ratio is not None:
        figures["burst_ratio"] = ratio
    if r_factor <= 100:
        figures["r_factor"] = float(r_factor)
    figures |= {
        name: value / 10
        for name, value in (("mos_lq", mos_lq), ("mos_cq", mos_cq))
        if value != _NOT_KNOWN and 10 <= value <= 50
    }
    return Reported(time, ssrc, figures)
