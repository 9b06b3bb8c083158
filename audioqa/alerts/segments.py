"""Calls sorted into segments: for each column and word its calls in the order of time, so that sums are differences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from audioqa.alerts.columns import Calls, Floats, Integers, Labels

ALL = "all"
"""The column of which every call is a member."""


@dataclass(frozen=True)
class Index:
    """Which calls belong to which segment.

    Parameters
    ----------
    columns
        Names of the columns.
    names
        The words of each column.
    offset
        Number of the first segment of each column, and how many segments there are: int64.
    segment, call
        For each entry its segment and its call, sorted by both: int64.
    start
        First entry of each segment, and how many entries there are: int64.
    place
        For each call and column its entry, -1 where it has none: int64, shape (calls, columns).
    """

    columns: tuple[str, ...]
    names: tuple[tuple[str, ...], ...]
    offset: Integers
    segment: Integers
    call: Integers
    start: Integers
    place: Integers

    @property
    def count(self) -> int:
        """How many segments there are."""
        return int(self.offset[-1])

    def column_of(self, segment: int) -> int:
        """The column of a segment."""
        return int(np.searchsorted(self.offset, segment, side="right")) - 1

    def word_of(self, segment: int) -> tuple[str, str]:
        """Column and word of a segment."""
        column = self.column_of(segment)
        return self.columns[column], self.names[column][segment - int(self.offset[column])]

    def find(self, by: str, value: str) -> int | None:
        """The segment of a column and word; None where no call has it."""
        if by not in self.columns:
            return None
        column = self.columns.index(by)
        if value not in self.names[column]:
            return None
        return int(self.offset[column]) + self.names[column].index(value)

    def entries(self, segment: int, at: Floats, since: float, until: float | None = None) -> slice:
        """The entries of a segment whose calls began in a time.

        Parameters
        ----------
        segment
            The segment.
        at
            When each call began.
        since, until
            The time; no end where that is None.
        """
        first, last = int(self.start[segment]), int(self.start[segment + 1])
        times = at[self.call[first:last]]
        begin = int(np.searchsorted(times, since))
        end = len(times) if until is None else int(np.searchsorted(times, until))
        return slice(first + begin, first + max(begin, end))

    def touched(self, first: int, last: int, columns: Sequence[int]) -> tuple[Integers, Integers]:
        """Segments that some calls belong to, and for each the end of its entries up to the last of them.

        Parameters
        ----------
        first, last
            The calls, the end not included.
        columns
            Only segments of these.
        """
        places = self.place[first:last][:, list(columns)].ravel()
        places = np.sort(places[places >= 0])
        segments = self.segment[places]
        ends = np.flatnonzero(np.append(segments[1:] != segments[:-1], True)) if len(places) else places
        return segments[ends], places[ends] + 1


def make_index(calls: Calls, columns: Sequence[str]) -> Index:
    """Sort calls into the segments of some columns; ``carrier+site`` is a column of pairs."""
    count = len(calls)
    known = [(name, labels_of(calls, name)) for name in columns]
    sizes = [len(labels.names) for _, labels in known]
    offset = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    place = np.full((count, len(known)), -1, np.int64)
    segments, members = [], []
    filled = 0
    for number, (_, labels) in enumerate(known):
        order = np.argsort(labels.codes, kind="stable")
        order = order[labels.codes[order] >= 0]
        segments.append(labels.codes[order] + offset[number])
        members.append(order)
        place[order, number] = filled + np.arange(len(order))
        filled += len(order)
    segment = np.concatenate(segments) if segments else np.zeros(0, np.int64)
    start = np.searchsorted(segment, np.arange(offset[-1] + 1)).astype(np.int64)
    return Index(
        tuple(name for name, _ in known),
        tuple(labels.names for _, labels in known),
        offset,
        segment,
        np.concatenate(members) if members else np.zeros(0, np.int64),
        start,
        place,
    )


def labels_of(calls: Calls, column: str) -> Labels:
    """The words of a column; ``all`` is one word for every call, and a plus sign makes pairs."""
    if column == ALL:
        return Labels(("calls",), np.zeros(len(calls), np.int64))
    if "+" not in column:
        return calls.labels.get(column) or Labels((), np.full(len(calls), -1, np.int64))
    parts = [labels_of(calls, name.strip()) for name in column.split("+")]
    code, known = np.zeros(len(calls), np.int64), np.ones(len(calls), np.bool_)
    for part in parts:
        code = code * max(1, len(part.names)) + np.maximum(part.codes, 0)
        known &= part.codes >= 0
    used, codes = np.unique(code[known], return_inverse=True)
    names = []
    for value in used:
        words, left = [], int(value)
        for part in reversed(parts):
            words.append(part.names[left % max(1, len(part.names))])
            left //= max(1, len(part.names))
        names.append(" + ".join(reversed(words)))
    whole = np.full(len(calls), -1, np.int64)
    whole[known] = codes
    return Labels(tuple(names), whole)
