"""Overflow: samples that wrapped around from one end of the range to the other.

Kind of finding: ``overflow-wrap``.

A decoder, mixer or gain that goes beyond 16 bits and keeps the lowest ones turns a peak into a leap of twice full
scale. The measuring pass lists leaps across which the sound goes on modulo 65,536 (`audioqa.wraps`). Clipping stops at
full scale and leaps nowhere; a click comes back to where it was.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from audioqa.measure import ChannelMeasurements, Measurements
from audioqa.types import Detection, Finding, Segment

KINDS = ("overflow-wrap",)


@dataclass(frozen=True)
class Overflow:
    """Finds overflow on each channel.

    Parameters
    ----------
    least
        Wrapped samples from which it is reported: out of the range and back.
    share
        Share of all leaps that must be wraps (measured: half and more in speech 3 dB beyond full scale).
    pile
        Samples in the last 1024 steps of the range for each in 1024 steps below, up to which the range was not clipped
        (measured on tuning speakers: up to 1.5 in speech that wraps, from 2.1 on in speech clipped by 3 dB).
    apart
        Seconds without a wrap that part two places.
    severe
        Wraps a second within a place from which it is severe (judgement: a crackle in every word).
    """

    least: int = 2
    share: float = 0.3
    pile: float = 1.8
    apart: float = 30.0
    severe: float = 1.0

    def __call__(self, measurements: Measurements) -> Detection:
        """A finding for each place of each channel."""
        found = [f for channel in measurements.channels for f in self._of(channel, measurements.sample_rate)]
        return Detection(findings=tuple(found))

    def _of(self, channel: ChannelMeasurements, rate: int) -> Iterator[Finding]:
        wraps = channel.wraps
        if wraps.count < self.least or wraps.count < self.share * wraps.leaps or _pile(channel) > self.pile:
            return
        times = wraps.places / rate
        for place in np.split(times, np.flatnonzero(np.diff(times) > self.apart) + 1):
            segment = Segment(float(place[0]), float(place[-1]) + 1 / rate)
            rate_of = len(place) / max(1.0, segment.duration)
            message = (
                f"{channel.name}: {len(place)} leaps from one end of the range to the other between "
                f"{segment.start:.1f} and {segment.end:.1f} s: sound beyond full scale was wrapped around, not limited."
            )
            yield Finding(
                "overflow-wrap",
                message,
                "severe" if rate_of >= self.severe else "warning",
                {"wraps": len(place)},
                channel.name,
                segment,
            )


def _pile(channel: ChannelMeasurements) -> float:
    """Samples in the last 1024 steps of the range, for each in the 1024 below: both are one code of G.711."""
    folded = channel.histogram[32768:] + channel.histogram[32767::-1]
    return float(folded[-1024:].sum()) / max(1.0, float(folded[-3072:-1024].sum()) / 2)
