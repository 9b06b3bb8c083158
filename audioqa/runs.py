"""Exact lists: places where samples are constant, or repeat what came shortly before, to the sample.

Both are traces that no microphone leaves. A constant run is digital silence, a hole filled with zeros (or with
the code for silence: A-law's is ±8, not 0), or a flat top. An exact repeat is a packet played twice, or a
pitch period played again to conceal a loss. Lists are capped; what does not fit is counted, never forgotten.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SHORTEST_RUN = 0.0025
"""Seconds: constant runs from this length on are listed (one subframe; design.md)."""

SHORTEST_REPEAT = 0.010
"""Seconds: repeats from this length on are listed (the shortest packet in use, RFC 3551)."""

QUIETEST_REPEAT = 64
"""Least magnitude, in units of 1/32768, of a sample by which a repeat is found: below it (-54 dBov) companded noise
takes so few values that it repeats by chance."""

LEAST_LAG, GREATEST_LAG = 0.0025, 0.300
"""Seconds: from the shortest pitch period (400 Hz) to the longest loss that a whole packet buffer would repeat."""

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


_WORD = 8  # truth values looked at together


def _long_true_runs(mask: NDArray[np.bool_], least: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Starts and ends (half-open) of the runs of True of at least `least` values.

    Such a run holds whole words of True, and hardly anything else does, so that few places are looked at closely.
    """
    padded = np.zeros(-(-(len(mask) + 2) // _WORD) * _WORD, dtype=np.bool_)  # False on both sides
    padded[1 : len(mask) + 1] = mask
    if least < 2 * _WORD - 1:  # a rate below 6 kHz: a run need not hold a word
        first, last = _true_runs(padded)
    else:
        first, last = _true_runs(padded.view(np.uint64) == np.uint64(0x0101010101010101))
        first, last = first * _WORD, last * _WORD
        for _ in range(_WORD - 1):
            first, last = first - padded[first - 1], last + padded[last]
    long = last - first >= least
    return first[long] - 1, last[long] - 1


_FINGERPRINT = 6  # samples that must be equal before the rest is compared


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
        equal = samples[1:] == samples[:-1]
        first, last = _long_true_runs(equal, self._shortest - 1)
        inner = last < n - 1  # the run at the end stays open
        if self._length and int(samples[0]) == self._value:
            lead = _leading(equal)
            self._length += lead
            if lead == n:
                self._position += n
                return
            inner &= first > 0
        self._list.extend(self._open())
        tail = _leading(equal[::-1])
        self._start, self._length, self._value = self._position + n - tail, tail, int(samples[-1])
        self._list.extend(
            (self._position + int(start), int(end - start) + 1, int(samples[start]))
            for start, end in zip(first[inner], last[inner], strict=True)
        )
        self._position += n

    def finish(self) -> ConstantRuns:
        """The list; nothing may be pushed afterwards."""
        self._list.extend(self._open())
        start, length, value = self._list.columns()
        return ConstantRuns(start=start, length=length, value=value, overflow=self._list.overflow)

    def _open(self) -> list[tuple[int, int, int]]:
        return [(self._start, self._length, self._value)] if self._length >= self._shortest else []


def _leading(equal: NDArray[np.bool_]) -> int:
    """Samples in the first run, by whether each sample after the first equals the one before it."""
    if len(equal) == 0 or not equal[0]:  # nearly always
        return 1
    return 1 + (len(equal) if equal.all() else int(equal.argmin()))


class ExactRepeatFinder:
    """Finds exact repeats in a stream of int16 samples of one channel, at any lag of 2.5 to 300 ms.

    The lag of a repeated packet is the length of the packet, that of a concealed one the pitch period, so that none can
    be excluded. About one sample in sixteen is an anchor, chosen by a hash of its value alone, so that the same samples
    have the same anchors wherever they stand. Anchors followed by the same samples are compared sample by sample:
    a repeat of 10 ms at 8 kHz goes unseen once in a hundred times, one of 20 ms practically never.
    """

    def __init__(self, rate: int) -> None:
        self._shortest = round(rate * SHORTEST_REPEAT)
        self._least_lag, self._greatest_lag = round(rate * LEAST_LAG), round(rate * GREATEST_LAG)
        # One in 16 of all hashes at 8 kHz, proportionately fewer at higher rates.
        self._anchors = np.uint16(min(4096, round(4096 * 8000 / rate)))
        self._position = 0
        self._past = np.zeros(0, dtype=np.int16)
        self._list = _List()

    def push(self, samples: NDArray[np.int16]) -> None:
        """Take the next samples, int16, shape (n,); repeats that cross two pushes are joined."""
        known = np.concatenate([self._past, samples])
        offset = self._position - len(self._past)
        done = (-1, -1)
        for lag, place in self._pairs(known):
            if lag == done[0] and place < done[1]:
                continue
            start, end = _equal_around(known, place, lag)
            done = (lag, end)
            piece = known[start:end]
            # A constant stretch, or one that merely contains a long constant run, repeats at every lag.
            if end - start >= self._shortest and np.count_nonzero(piece[1:] == piece[:-1]) * 2 <= len(piece):
                self._list.extend([(offset + start, end - start, lag)])
        self._position += len(samples)
        # Stretches already compared are compared once more by one repeat's length, so that none is cut in two.
        self._past = known[-(self._greatest_lag + 2 * self._shortest) :]

    def finish(self) -> ExactRepeats:
        """The list; nothing may be pushed afterwards."""
        joined: list[tuple[int, int, int]] = []
        for place, size, lag in sorted(self._list.rows, key=lambda row: (row[2], row[0])):
            if joined and joined[-1][2] == lag and place <= joined[-1][0] + joined[-1][1]:
                first, before, _ = joined[-1]
                joined[-1] = (first, max(before, place + size - first), lag)
            else:
                joined.append((place, size, lag))
        result = _List()
        result.extend(joined)
        start, length, lags = result.columns()
        return ExactRepeats(start=start, length=length, lag=lags, overflow=self._list.overflow + result.overflow)

    def _pairs(self, known: NDArray[np.int16]) -> list[tuple[int, int]]:
        """Lags and places, sorted, at which a few samples equal those one lag before."""
        if len(known) < 2 * _FINGERPRINT:
            return []
        hashed = known.view(np.uint16) * np.uint16(40503)  # 2**16 / golden ratio: Knuth's multiplicative hash
        # Of unsigned numbers, one comparison tells whether a value lies between two others.
        loud = (known + np.int16(QUIETEST_REPEAT - 1)).view(np.uint16) > 2 * (QUIETEST_REPEAT - 1)
        places = np.flatnonzero((hashed < self._anchors)[:-_FINGERPRINT] & loud[:-_FINGERPRINT])
        print_ = np.zeros(len(places), dtype=np.int64)
        for ahead in range(_FINGERPRINT):
            print_ *= 0x5851F42D4C957F2D  # Knuth's MMIX multiplier; int64 wraps around
            print_ += known[places + ahead]
        ranked = np.sort(print_)  # much sooner done than a stable order, which only what is there twice needs
        twice = np.isin(print_, ranked[1:][ranked[1:] == ranked[:-1]])
        print_, places = print_[twice], places[twice]
        order = np.argsort(print_, kind="stable")
        print_, places = print_[order], places[order]
        lag = np.diff(places)
        same = (print_[1:] == print_[:-1]) & (lag >= self._least_lag) & (lag <= self._greatest_lag)
        return sorted(zip(lag[same].tolist(), places[1:][same].tolist(), strict=True))


def _equal_around(known: NDArray[np.int16], place: int, lag: int) -> tuple[int, int]:
    """The stretch around `place`, half-open, in which every sample equals the one `lag` before."""
    differs_before = np.flatnonzero(known[lag:place] != known[: place - lag])
    differs_after = np.flatnonzero(known[place:] != known[place - lag : len(known) - lag])
    start = lag + int(differs_before[-1]) + 1 if len(differs_before) else lag
    return start, place + (int(differs_after[0]) if len(differs_after) else len(known) - place)
