"""Exact lists: places where samples are constant, or repeat what came one packet earlier, to the sample.

Both are traces that no microphone leaves. A constant run is digital silence, a hole filled with zeros (or with
the code for silence: A-law's is ±8, not 0), or a flat top. An exact repeat is a packet played twice. Lists are
capped; what does not fit is counted, never forgotten.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audioqa.frames import LAGS

SHORTEST_RUN = 0.0025
"""Seconds: constant runs from this length on are listed (one subframe; design.md)."""

SHORTEST_REPEAT = 0.010
"""Seconds: repeats from this length on are listed (the shortest packet in use, RFC 3551)."""

QUIETEST_REPEAT = 64
"""Least peak magnitude, in units of 1/32768, of a listed repeat: below it (-54 dBov) companded noise takes so few
values that it repeats by chance."""

CAP = 20_000
"""Entries listed for each channel and list: one fault every 180 ms for an hour."""


@dataclass(frozen=True)
class ConstantRuns:
    """Constant runs of one channel, in order.

    Parameters
    ----------
    start, length
        int64, shape (runs,): first sample and number of samples, at the recording's own rate.
    value
        int64, shape (runs,): the constant, in units of 1/32768.
    overflow
        Runs beyond the cap, not listed.
    """

    start: NDArray[np.int64]
    length: NDArray[np.int64]
    value: NDArray[np.int64]
    overflow: int


@dataclass(frozen=True)
class ExactRepeats:
    """Stretches equal, sample by sample, to the same channel `lag` earlier, and not constant.

    Parameters
    ----------
    start, length
        int64, shape (repeats,): first sample and number of samples, at the recording's own rate.
    lag
        int64, shape (repeats,): samples.
    overflow
        Repeats beyond the cap, not listed.
    """

    start: NDArray[np.int64]
    length: NDArray[np.int64]
    lag: NDArray[np.int64]
    overflow: int


def _true_runs(mask: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Starts and ends (half-open) of the runs of True in a mask."""
    change = np.flatnonzero(np.diff(mask.view(np.int8), prepend=np.int8(0), append=np.int8(0)))
    return change[0::2], change[1::2]


class _List:
    """Rows of three integers, capped, the overflow counted."""

    def __init__(self) -> None:
        self.rows: list[tuple[int, int, int]] = []
        self.overflow = 0

    def extend(self, rows: Iterable[tuple[int, int, int]]) -> None:
        for row in rows:
            if len(self.rows) < CAP:
                self.rows.append(row)
            else:
                self.overflow += 1

    def columns(self) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        table = np.array(sorted(self.rows), dtype=np.int64).reshape(-1, 3)
        return table[:, 0].copy(), table[:, 1].copy(), table[:, 2].copy()


class ConstantRunFinder:
    """Finds constant runs in a stream of int16 samples of one channel; a run may span any number of blocks."""

    def __init__(self, rate: int) -> None:
        self._shortest = max(3, round(rate * SHORTEST_RUN))
        self._position = 0
        self._start, self._length, self._value = 0, 0, 0  # the run that the last sample belongs to
        self._list = _List()

    def push(self, samples: NDArray[np.int16]) -> None:
        """Take the next samples, int16, shape (n,)."""
        n = len(samples)
        if n == 0:
            return
        first, last = _true_runs(samples[1:] == samples[:-1])
        lengths = last - first + 1
        if self._length and int(samples[0]) == self._value:
            joins = len(first) > 0 and first[0] == 0
            lead = int(lengths[0]) if joins else 1
            self._length += lead
            if lead == n:
                self._position += n
                return
            if joins:
                first, last, lengths = first[1:], last[1:], lengths[1:]
        self._list.extend(self._open())
        if len(last) and last[-1] == n - 1:
            self._start, self._length = self._position + int(first[-1]), int(lengths[-1])
            first, lengths = first[:-1], lengths[:-1]
        else:
            self._start, self._length = self._position + n - 1, 1
        self._value = int(samples[-1])
        long = lengths >= self._shortest
        self._list.extend(
            (self._position + int(i), int(length), int(samples[i]))
            for i, length in zip(first[long], lengths[long], strict=True)
        )
        self._position += n

    def finish(self) -> ConstantRuns:
        """The list; nothing may be pushed afterwards."""
        self._list.extend(self._open())
        start, length, value = self._list.columns()
        return ConstantRuns(start=start, length=length, value=value, overflow=self._list.overflow)

    def _open(self) -> list[tuple[int, int, int]]:
        return [(self._start, self._length, self._value)] if self._length >= self._shortest else []


class ExactRepeatFinder:
    """Finds exact repeats in a stream of int16 samples of one channel.

    A repeat holds at least one aligned block of 5 ms that is equal throughout: whole blocks are compared first,
    and only around equal ones sample by sample.
    """

    def __init__(self, rate: int) -> None:
        self._lags = tuple(round(rate * lag) for lag in LAGS)
        self._shortest = round(rate * SHORTEST_REPEAT)
        self._block = max(1, self._shortest // 2)
        self._position = 0
        self._past = np.zeros(0, dtype=np.int16)
        self._list = _List()

    def push(self, samples: NDArray[np.int16]) -> None:
        """Take the next samples, int16, shape (n,); repeats that cross two pushes are joined."""
        known = np.concatenate([self._past, samples])
        offset = self._position - len(self._past)
        # Stretches already compared are compared once more by one repeat's length, so that none is cut in two.
        for lag in self._lags:
            begin = max(lag, len(self._past) - self._shortest)
            if len(known) - begin >= self._block:
                self._compare(known, begin, lag, offset)
        self._position += len(samples)
        self._past = known[-(max(self._lags) + self._shortest) :]

    def finish(self) -> ExactRepeats:
        """The list; nothing may be pushed afterwards."""
        joined: list[tuple[int, int, int]] = []
        for start, length, lag in sorted(self._list.rows, key=lambda row: (row[2], row[0])):
            if joined and joined[-1][2] == lag and start <= joined[-1][0] + joined[-1][1]:
                first, before, _ = joined[-1]
                joined[-1] = (first, max(before, start + length - first), lag)
            else:
                joined.append((start, length, lag))
        result = _List()
        result.extend(joined)
        start, length, lags = result.columns()
        return ExactRepeats(start=start, length=length, lag=lags, overflow=self._list.overflow)

    def _compare(self, known: NDArray[np.int16], begin: int, lag: int, offset: int) -> None:
        now, before = known[begin:], known[begin - lag : len(known) - lag]
        equal = now == before
        blocks = len(equal) // self._block
        if not equal[: blocks * self._block].reshape(blocks, self._block).all(axis=1).any():
            return
        for low, high in zip(*_true_runs(equal), strict=True):
            piece = now[low:high]
            if high - low < self._shortest or max(int(piece.max()), -int(piece.min())) < QUIETEST_REPEAT:
                continue
            # A constant stretch, or one that merely contains a long constant run, repeats at every lag.
            if np.count_nonzero(piece[1:] == piece[:-1]) * 2 > len(piece):
                continue
            self._list.extend([(offset + begin + int(low), int(high - low), lag)])
