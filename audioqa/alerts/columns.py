"""Calls as columns of numbers and words, in the order of time: what alerts are reckoned from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Truths = NDArray[np.bool_]

DAY = 86_400.0
"""Seconds."""


@dataclass(frozen=True)
class Labels:
    """A column of words.

    Parameters
    ----------
    names
        Each word once, sorted.
    codes
        For each call the place of its word among the names, -1 where it has none: int64.
    """

    names: tuple[str, ...]
    codes: Integers

    def take(self, which: Truths | Integers) -> Labels:
        """The column for some of the calls; words that nobody has any more are left out."""
        used, codes = np.unique(self.codes[which], return_inverse=True)
        if len(used) and used[0] == -1:
            used, codes = used[1:], codes - 1
        return Labels(tuple(self.names[code] for code in used), codes.astype(np.int64))


@dataclass(frozen=True)
class Calls:
    """Calls of one tenant whose MOS are on one scale and of one model, sorted by time and then by number.

    Parameters
    ----------
    key
        The store's number of each: int64.
    at
        When each began, seconds since 1970: float64, ascending.
    duration
        Seconds of call time: float64.
    mos
        1 to 5; not a number where there is none: float64.
    labels
        Columns of words by name: trunk, carrier, site, agent, headset ...
    faults
        For each fault (a kind of event, or a flag rule) which calls have it: bool.
    """

    key: Integers
    at: Floats
    duration: Floats
    mos: Floats
    labels: Mapping[str, Labels]
    faults: Mapping[str, Truths]

    def __len__(self) -> int:
        return len(self.key)

    def take(self, which: Truths | Integers) -> Calls:
        """Some of the calls, in the same order."""
        return Calls(
            self.key[which],
            self.at[which],
            self.duration[which],
            self.mos[which],
            {name: labels.take(which) for name, labels in self.labels.items()},
            {name: having[which] for name, having in self.faults.items()},
        )

    def between(self, since: float, until: float) -> Calls:
        """The calls that began at `since` or later, and before `until`."""
        first, last = np.searchsorted(self.at, (since, until))
        return self.take(np.arange(first, last))


def make_calls(
    key: Sequence[int],
    at: Sequence[float],
    *,
    duration: Sequence[float],
    mos: Sequence[float | None],
    labels: Mapping[str, Sequence[str | None]],
    faults: Mapping[str, Sequence[bool]] | None = None,
) -> Calls:
    """Calls from plain lists, in any order; `Calls` says what each is.

    Examples
    --------
    >>> calls = make_calls([2, 1], [60.0, 0.0], duration=[5, 5], mos=[4.2, None], labels={"trunk": ["a", None]})
    >>> calls.key.tolist(), calls.labels["trunk"].codes.tolist()
    ([1, 2], [-1, 0])
    """
    keys, began = np.asarray(key, dtype=np.int64), np.asarray(at, dtype=np.float64)
    order = np.lexsort((keys, began))
    figures = np.asarray([np.nan if value is None else value for value in mos], dtype=np.float64)
    return Calls(
        keys[order],
        began[order],
        np.asarray(duration, dtype=np.float64)[order],
        figures[order],
        {name: _labels(words, order) for name, words in labels.items()},
        {name: np.asarray(having, dtype=np.bool_)[order] for name, having in (faults or {}).items()},
    )


def join(parts: Iterable[Calls]) -> Calls:
    """All calls of several parts; of a call that several of them have, what the last of them says."""
    some = [part for part in parts if len(part)]
    if not some:
        return make_calls([], [], duration=[], mos=[], labels={})
    count = sum(map(len, some))
    key, at = np.concatenate([part.key for part in some]), np.concatenate([part.at for part in some])
    columns = sorted({name for part in some for name in part.labels})
    kinds = sorted({name for part in some for name in part.faults})
    together = Calls(
        key,
        at,
        np.concatenate([part.duration for part in some]),
        np.concatenate([part.mos for part in some]),
        {name: _joined([part.labels.get(name) for part in some], some) for name in columns},
        {
            name: np.concatenate([part.faults.get(name, np.zeros(len(part), np.bool_)) for part in some])
            for name in kinds
        },
    )
    # The last of each key, then in the order of time.
    _, last = np.unique(key[::-1], return_index=True)
    kept = count - 1 - last
    return together.take(kept[np.lexsort((key[kept], at[kept]))])


def _labels(words: Sequence[str | None], order: Integers) -> Labels:
    names = sorted({word for word in words if word is not None})
    place: dict[str | None, int] = {name: number for number, name in enumerate(names)}
    codes = np.asarray([place.get(word, -1) for word in words], dtype=np.int64)
    return Labels(tuple(names), codes[order])


def _joined(columns: Sequence[Labels | None], parts: Sequence[Calls]) -> Labels:
    names = sorted({name for labels in columns if labels is not None for name in labels.names})
    place = {name: number for number, name in enumerate(names)}
    codes = []
    for labels, part in zip(columns, parts, strict=True):
        if labels is None:
            codes.append(np.full(len(part), -1, np.int64))
        else:
            lookup = np.asarray([*(place[name] for name in labels.names), -1], dtype=np.int64)
            codes.append(lookup[labels.codes])
    return Labels(tuple(names), np.concatenate(codes))
