"""Exact list: places where samples wrapped around from one end of 16 bits to the other.

A decoder or mixer that adds beyond full scale and keeps the lowest 16 bits turns 32,768 into -32,768. The sound goes
on as before, modulo 65,536: slopes taken modulo 65,536 are smooth where the samples leap across the range. A loud
sound that crosses it in one step (noise, clipped speech) is not smooth in that sense, or has flat tops.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LEAP = 54_000
"""Difference of neighbouring samples, in units of 1/32768, from which it is looked at: 1.65 times full scale, which no
speech crosses in one step (measured: peak-normalised tuning speakers, none in 18 calls)."""

BEND = 20_000
"""Greatest change of slope, modulo 65,536, of a sound that goes on: that of full scale at 1 kHz and 8 kHz."""

CAP = 20_000
"""Places listed for each channel; all are counted."""


@dataclass(frozen=True)
class Wraps:
    """Leaps across the range of 16 bits in one channel.

    Parameters
    ----------
    places
        int64, shape (n,): samples that wrapped, the first `CAP`, at the recording's own rate.
    count
        How many there are in all.
    leaps
        How many leaps there are in all, those included that are no wraps.
    """

    places: NDArray[np.int64]
    count: int
    leaps: int


class WrapFinder:
    """Finds wraps in a stream of 16-bit samples, whatever the lengths of its pieces.

    Examples
    --------
    >>> import numpy as np
    >>> finder = WrapFinder()
    >>> loud = np.round(40000 * np.sin(np.arange(40) * 2 * np.pi / 20)).astype(np.int64)
    >>> finder.push(loud.astype(np.uint16).view(np.int16))
    >>> finder.finish().places.tolist()
    [4, 7, 14, 17, 24, 27, 34, 37]
    """

    def __init__(self) -> None:
        self._tail = np.zeros(0, dtype=np.int16)
        self._seen = 0
        self._places: list[NDArray[np.int64]] = []
        self._count = 0
        self._leaps = 0

    def push(self, values: NDArray[np.int16]) -> None:
        """Take the next samples."""
        joined = np.concatenate([self._tail, values])
        first = self._seen - len(self._tail)
        self._seen += len(values)
        self._tail = joined[-3:].copy()
        # A leap needs both ends: quiet pieces, nearly all there are, cost two looks.
        if len(joined) < 4 or int(joined.max()) - int(joined.min()) <= LEAP:
            return
        wide = joined.astype(np.int32)
        slope = wide[1:] - wide[:-1]
        at = np.flatnonzero(np.abs(slope[1:-1]) > LEAP) + 1
        before, here, after = (((slope[at + k] + 32768) & 0xFFFF) - 32768 for k in (-1, 0, 1))
        smooth = (np.abs(here - before) < BEND) & (np.abs(after - here) < BEND) & (before != 0) & (after != 0)
        found = at[smooth].astype(np.int64) + 1 + first
        self._leaps += len(at)
        if self._count < CAP:
            self._places.append(found[: CAP - self._count])
        self._count += len(found)

    def finish(self) -> Wraps:
        """The list."""
        places = np.concatenate([np.zeros(0, dtype=np.int64), *self._places])
        return Wraps(places, self._count, self._leaps)
