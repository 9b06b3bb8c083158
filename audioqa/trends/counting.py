"""Counting calls by what they have in common, batch by batch: sums, a histogram of the MOS, marks.

Scores of different bases are different groups from the beginning. Calls without a MOS name no scale; they are put with
the scores of their own estimator at the end, where those have one scale.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from audioqa.errors import SettingsError
from audioqa.types.trends import Basis

STEPS = 401
"""Steps of 0.01 from 1 to 5, each with what lies between it and the next."""

VALUES = np.arange(100, 100 + STEPS) / 100.0
"""What each step begins with."""

MOST = 60_000
"""Groups: their histograms take 200 MB, and twice that while they are put together."""

_SMALL = 4_000_000
"""Combinations that are looked up in a table; more of them are sorted."""

Key = tuple[int, ...]
Whole = npt.NDArray[np.int64]
Real = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Counts:
    """Groups of calls. Every array has as many rows as there are groups.

    Parameters
    ----------
    keys
        What each has in common, as numbers.
    bases
        What its scores rest on.
    calls, scored
        int64, shape (groups,): how many there are, and how many have a MOS.
    total, squares
        float64, shape (groups,): of the MOS.
    histogram
        int64, shape (groups, STEPS): of the MOS.
    marks
        By name, int64, shape (groups,): how many calls have it.
    """

    keys: tuple[Key, ...]
    bases: tuple[Basis, ...]
    calls: Whole
    scored: Whole
    total: Real
    squares: Real
    histogram: Whole
    marks: Mapping[str, Whole]

    def put_together(self, keys: Sequence[Key], bases: Sequence[Basis]) -> Counts:
        """Groups of groups: all that are given the same key and basis become one, in the order of their first one."""
        places: dict[tuple[Key, Basis], int] = {}
        into = np.array([places.setdefault(one, len(places)) for one in zip(keys, bases, strict=True)], np.intp)

        def added(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
            found = np.zeros((len(places), *values.shape[1:]), values.dtype)
            np.add.at(found, into, values)
            return found

        return Counts(
            tuple(key for key, _ in places),
            tuple(basis for _, basis in places),
            added(self.calls),
            added(self.scored),
            added(self.total),
            added(self.squares),
            added(self.histogram),
            {name: added(values) for name, values in self.marks.items()},
        )

    def in_order(self, order: Sequence[int]) -> Counts:
        """The groups in another order, or some of them."""
        chosen = np.array(order, np.intp)
        return Counts(
            tuple(self.keys[place] for place in order),
            tuple(self.bases[place] for place in order),
            self.calls[chosen],
            self.scored[chosen],
            self.total[chosen],
            self.squares[chosen],
            self.histogram[chosen],
            {name: values[chosen] for name, values in self.marks.items()},
        )


class Counter:
    """Counts calls, batch by batch.

    Parameters
    ----------
    marks
        Names of the marks that are counted.
    """

    def __init__(self, marks: Sequence[str]) -> None:
        self._places: dict[Key, int] = {}
        self._calls: list[Whole] = []
        self._total: list[Real] = []
        self._squares: list[Real] = []
        self._steps: list[npt.NDArray[np.uint32]] = []
        self._marks: dict[str, list[Whole]] = {name: [] for name in marks}

    def add(
        self, keys: Sequence[npt.NDArray[Any]], mos: npt.NDArray[np.uint16], marks: Mapping[str, npt.NDArray[np.int64]]
    ) -> None:
        """Count some calls.

        Parameters
        ----------
        keys
            Arrays of whole numbers from -1 on, shape (calls,): basis first, then what calls are put together by.
        mos
            uint16, shape (calls,): in ten-thousandths, 0 where there is none.
        marks
            By name, int64, shape (any,): places of the calls that have it.

        Raises
        ------
        SettingsError
            Where there are more groups than `MOST`.
        """
        if not mos.size:
            return
        group = self._grouped(keys)
        count = len(self._places)
        self._calls.append(np.bincount(group, minlength=count))
        for name, found in self._marks.items():
            found.append(np.bincount(group[marks[name]], minlength=count))
        if not mos.all():
            scored = mos > 0
            group, mos = group[scored], mos[scored]
        value = mos / np.float64(10_000)
        self._total.append(np.bincount(group, value, minlength=count).astype(np.float64))
        self._squares.append(np.bincount(group, value * value, minlength=count).astype(np.float64))
        step = np.clip(mos // 100, 100, 99 + STEPS) - np.uint16(100)
        self._steps.append((group * STEPS + step).astype(np.uint32))

    def counts(self, bases: Sequence[Basis]) -> Counts:
        """What has been counted.

        Parameters
        ----------
        bases
            By the numbers that the first array of each batch has.
        """
        groups = len(self._places)
        # Sorted first: then a place of the histogram is met while the one before it is still at hand.
        steps = np.sort(np.concatenate(self._steps)) if self._steps else np.zeros(0, np.uint32)
        histogram = np.bincount(steps, minlength=groups * STEPS).reshape(groups, STEPS)
        keys = list(self._places)
        found = Counts(
            tuple(key[1:] for key in keys),
            tuple(bases[key[0]] for key in keys),
            _summed(self._calls, np.zeros(groups, np.int64)),
            histogram.sum(axis=1),
            _summed(self._total, np.zeros(groups)),
            _summed(self._squares, np.zeros(groups)),
            histogram,
            {name: _summed(parts, np.zeros(groups, np.int64)) for name, parts in self._marks.items()},
        )
        return found.put_together(found.keys, _with_scales(found.bases))

    def _grouped(self, keys: Sequence[npt.NDArray[Any]]) -> Whole:
        """The number of each call's group."""
        least = [int(key.min()) for key in keys]
        sizes = [int(key.max()) - low + 1 for key, low in zip(keys, least, strict=True)]
        code = np.zeros(len(keys[0]), np.int64)
        for key, low, size in zip(keys, least, sizes, strict=True):
            code = code * size + (key - low)
        if np.prod(np.array(sizes, np.float64)) <= _SMALL:
            used = np.flatnonzero(np.bincount(code))
            table = np.zeros(int(used[-1]) + 1, np.int64)
            table[used] = self._numbers(used, least, sizes)
            return table[code]
        used, place = np.unique(code, return_inverse=True)
        return self._numbers(used, least, sizes)[place]

    def _numbers(self, used: Whole, least: Sequence[int], sizes: Sequence[int]) -> Whole:
        parts: list[Whole] = []
        rest = used
        for low, size in zip(reversed(least), reversed(sizes), strict=True):
            parts.append(rest % size + low)
            rest = rest // size
        rows = zip(*(part.tolist() for part in reversed(parts)), strict=True)
        numbers = [self._places.setdefault(row, len(self._places)) for row in rows]
        if len(self._places) > MOST:
            raise SettingsError(f"these are more than {MOST:,} groups: choose a shorter time, or fewer calls")
        return np.array(numbers, np.int64)


def rolled(counts: Counts, place: int, days: int) -> Counts:
    """For each day the calls of it and of the days before it, the rest of the key being the same.

    Parameters
    ----------
    counts
        Groups of which part of the key is a day.
    place
        Where in the key it stands.
    days
        How many days each group takes in; groups without a call are left out.
    """
    series: defaultdict[tuple[Key, Basis], dict[int, int]] = defaultdict(dict)
    for number, (key, basis) in enumerate(zip(counts.keys, counts.bases, strict=True)):
        series[key[:place] + key[place + 1 :], basis][key[place]] = number
    members: list[tuple[Key, Basis, list[int]]] = []
    for (rest, basis), known in series.items():
        for day in range(min(known), max(known) + 1):
            within = [known[one] for one in range(day - days + 1, day + 1) if one in known]
            if within:
                members.append(((*rest[:place], day, *rest[place:]), basis, within))
    if len(members) > MOST:
        raise SettingsError(f"these are more than {MOST:,} groups: choose a shorter time or fewer calls")
    chosen = np.concatenate([np.array(within, np.intp) for *_, within in members])
    edges = np.cumsum([0, *(len(within) for *_, within in members[:-1])])

    def summed(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        return np.add.reduceat(values[chosen], edges, axis=0)

    return Counts(
        tuple(key for key, *_ in members),
        tuple(basis for _, basis, _ in members),
        summed(counts.calls),
        summed(counts.scored),
        summed(counts.total),
        summed(counts.squares),
        _pieces(summed, counts.histogram),
        {name: summed(values) for name, values in counts.marks.items()},
    )


def _pieces(summed: Callable[[npt.NDArray[Any]], npt.NDArray[Any]], histogram: Whole) -> Whole:
    """The sums of a histogram, some columns at a time: all at once would take days times its memory."""
    return np.concatenate([summed(histogram[:, at : at + 32]) for at in range(0, histogram.shape[1], 32)], axis=1)


def _summed(parts: Sequence[npt.NDArray[Any]], total: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The sum of arrays that grew as groups were met."""
    for part in parts:
        total[: len(part)] += part
    return total


def _with_scales(bases: Sequence[Basis]) -> list[Basis]:
    """The bases, those without a scale being given the only one that their estimator has, if it has one."""
    scales: defaultdict[str, set[str]] = defaultdict(set)
    for basis in bases:
        if basis.scale:
            scales[basis.estimator].add(basis.scale)
    return [
        Basis(next(iter(scales[basis.estimator])), basis.estimator)
        if not basis.scale and len(scales[basis.estimator]) == 1
        else basis
        for basis in bases
    ]
