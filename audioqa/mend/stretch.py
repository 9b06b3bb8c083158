"""What a mender is given: a stretch of one party's audio and where it lies in the recording."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audioqa.types import Event

Samples = NDArray[np.float32]


@dataclass(frozen=True)
class Stretch:
    """Some seconds of one party, with the seconds around them that a mender looks at.

    Parameters
    ----------
    samples
        float32, shape (n,): the party's own leg.
    rate
        Hz.
    start
        Seconds of the recording at which the samples begin.
    other
        float32, shape (n,): the other leg at the same time; None where there is none.
    level
        dBov: the party's active speech level over the recording, where it is known.
    """

    samples: Samples
    rate: int
    start: float
    other: Samples | None = None
    level: float | None = None

    def places(self, events: Sequence[Event]) -> Iterator[tuple[Event, int, int]]:
        """Each event that lies in the stretch, with its first sample and the one after its last."""
        for event in events:
            first = max(0, round((event.segment.start - self.start) * self.rate))
            stop = min(len(self.samples), round((event.segment.end - self.start) * self.rate))
            if first < stop:
                yield event, first, stop

    def share(self, events: Sequence[Event], *, fade: float) -> Samples:
        """How much of each sample is mended: 1 within the events, 0 outside, ramps of `fade` seconds outside them."""
        share = np.zeros(len(self.samples), np.float32)
        ramp = round(fade * self.rate)
        for _, first, stop in self.places(events):
            share[first:stop] = 1.0
            up = np.arange(1, ramp + 1, dtype=np.float32) / (ramp + 1)
            before, after = min(first, ramp), min(len(share) - stop, ramp)
            if before:
                share[first - before : first] = np.maximum(share[first - before : first], up[ramp - before :])
            if after:
                share[stop : stop + after] = np.maximum(share[stop : stop + after], up[::-1][:after])
        return share


Mender = Callable[[Stretch, Sequence[Event]], Samples]
"""From a stretch and the events of its kind to the mended samples, float32, shape (n,); a pure function."""
