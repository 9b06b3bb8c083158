"""Calls as columns: what a whole period is read as, so that a million calls are a few arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Labels:
    """A column of words.

    Parameters
    ----------
    names
        Every word that occurs, once.
    codes
        For each call the place of its word among the names: int64, shape ``(calls,)``; -1 where it is not known.
    """

    names: tuple[str, ...]
    codes: NDArray[np.int64]

    def where(self, name: str) -> NDArray[np.bool_]:
        """Which calls have this word; none where it does not occur."""
        place = self.names.index(name) if name in self.names else -2
        found: NDArray[np.bool_] = self.codes == place
        return found

    def taken(self, chosen: NDArray[np.bool_]) -> Labels:
        """The same column of some calls."""
        return Labels(self.names, self.codes[chosen])


@dataclass(frozen=True)
class CallColumns:
    """Some calls.

    Parameters
    ----------
    keys
        The store's numbers of them: int64, shape ``(calls,)``.
    mos
        1 to 5: float64, the same shape; not a number where a call has none.
    made_by
        The scale and the estimator (model, weights, calibration) of each MOS, as one word.
    versions
        The version of audioqa that found each call's events.
    labels
        Columns of words by name.
    events
        For each kind that was asked for whether a call has such an event.
    """

    keys: NDArray[np.int64]
    mos: NDArray[np.float64]
    made_by: Labels
    versions: Labels
    labels: Mapping[str, Labels] = field(default_factory=dict)
    events: Mapping[str, NDArray[np.bool_]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.keys)

    def taken(self, chosen: NDArray[np.bool_]) -> CallColumns:
        """Some of the calls.

        Parameters
        ----------
        chosen
            bool, shape ``(calls,)``.
        """
        return CallColumns(
            self.keys[chosen],
            self.mos[chosen],
            self.made_by.taken(chosen),
            self.versions.taken(chosen),
            {name: labels.taken(chosen) for name, labels in self.labels.items()},
            {kind: has[chosen] for kind, has in self.events.items()},
        )


def labels_of(words: Sequence[str | None]) -> Labels:
    """A column of words, each word numbered in order of its first call.

    >>> labels_of(["b", None, "a", "b"]).codes.tolist()
    [0, -1, 1, 0]
    """
    # Without a loop of Python's own: a million words take a tenth of a second.
    names = tuple(word for word in dict.fromkeys(words) if word is not None)
    numbers: dict[str | None, int] = {None: -1} | {name: number for number, name in enumerate(names)}
    return Labels(names, np.fromiter(map(numbers.__getitem__, words), np.int64, len(words)))


def on_common_names(first: Labels, second: Labels) -> tuple[Labels, Labels]:
    """Two columns renumbered by the words of both, in alphabetical order."""
    names = tuple(sorted({*first.names, *second.names}))
    place = {name: number for number, name in enumerate(names)}
    found = []
    for one in (first, second):
        table = np.array([*(place[name] for name in one.names), -1], dtype=np.int64)  # -1 finds the last one
        found.append(Labels(names, table[one.codes]))
    return found[0], found[1]
