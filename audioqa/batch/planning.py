"""From what the sources name to what is to be done: each item is asked after in the store before it is opened."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from audioqa.types import BadItem, Item

if TYPE_CHECKING:
    from audioqa.batch.books import Books
    from audioqa.batch.trouble import Trouble

_CHUNK = 200
"""Items that the store is asked after at once."""

_LOOKS_AT_MOST = 1.0
"""Seconds for which the sources are listened to at once."""


class Planner:
    """Finds the work of a run, a little ahead of those who do it.

    Parameters
    ----------
    items
        What the sources name; never held in memory as a whole.
    books
        Where everything is looked up and noted.
    trouble
        Tells whether a source has gone away.
    retry_failed
        Try again what failed before, though nothing about it has changed.
    """

    def __init__(self, items: Iterator[Item | BadItem], books: Books, trouble: Trouble, *, retry_failed: bool) -> None:
        self._items = items
        self._books = books
        self._trouble = trouble
        self._retry = retry_failed
        self._ready: deque[Item] = deque()
        """To be worked on, unless another batch takes them first."""
        self._elsewhere: list[Item] = []
        """Claimed by another batch when they were met."""
        self._ended = False

    @property
    def exhausted(self) -> bool:
        """Nothing is left to be done, nor claimed by another batch."""
        return self._ended and not self._ready and not self._elsewhere

    @property
    def named_all(self) -> bool:
        """The sources have named everything that they have."""
        return self._ended

    @property
    def waiting(self) -> int:
        """How many are with another batch, where there is nothing else to do."""
        return len(self._elsewhere) if self._ended and not self._ready else 0

    @property
    def left(self) -> int:
        """How many have been named and not been handed out."""
        return len(self._ready) + len(self._elsewhere)

    def work(self, most: int) -> list[tuple[Item, bool]]:
        """Claim some items to be worked on.

        Parameters
        ----------
        most
            So many at the most, at least 1.

        Returns
        -------
        list of (Item, bool)
            Each with whether its hashes may be enough. It can be empty though there is more to come: the next call goes
            on from there.
        """
        if not self._ready and not self._ended:
            self._look_ahead()
        chosen = [self._ready.popleft() for _ in range(min(most, len(self._ready)))]
        return self._claimed(chosen)

    def give_back(self, item: Item) -> None:
        """Take back an item that was handed out and that nobody has begun with."""
        self._ready.append(item)

    def look_elsewhere(self) -> None:
        """See whether what another batch had claimed has been done by it, or can be had now."""
        items, self._elsewhere = self._elsewhere, []
        for start in range(0, len(items), _CHUNK):
            self._sort(items[start : start + _CHUNK], met_again=True)

    def _look_ahead(self) -> None:
        items: list[Item] = []
        end = time.monotonic() + _LOOKS_AT_MOST
        # A source may be slow: what it has named until now is begun with.
        while len(items) < _CHUNK and time.monotonic() < end:
            named = next(self._items, None)
            if named is None:
                self._ended = True
                break
            if isinstance(named, BadItem):
                self._trouble.unopened(named)
                self._books.fail_unopened(named)
            else:
                items.append(named)
        self._sort(items, met_again=False)

    def _sort(self, items: Sequence[Item], *, met_again: bool) -> None:
        """Settle what needs no work, and keep what does."""
        for item, known in zip(items, self._books.known(items), strict=True):
            if known.state in ("new", "hash"):
                self._ready.append(item)
            elif known.state == "claimed":
                self._elsewhere.append(item)
            elif known.state == "failed":
                # What the other batch has just tried is not tried again.
                if self._retry and not met_again:
                    self._ready.append(item)
                else:
                    self._books.count_failed_before(item)
            elif not self._books.settle(item, known, elsewhere=met_again):
                self._ready.append(item)

    def _claimed(self, items: list[Item]) -> list[tuple[Item, bool]]:
        """Those that are ours now, and still to be done: another batch may have been quicker."""
        if not items:
            return []
        mine: list[Item] = []
        for item, ours in zip(items, self._books.claim(items), strict=True):
            (mine if ours else self._elsewhere).append(item)
        work, settled = [], []
        for item, known in zip(mine, self._books.known(mine), strict=True):
            if known.state in ("new", "hash", "failed"):
                work.append((item, known.state == "hash"))
            elif known.state == "claimed" or not self._books.settle(item, known, elsewhere=True):
                self._elsewhere.append(item)
            else:
                settled.append(item)
        if settled:
            self._books.release(settled)
        return work
