"""How much there is in all, counted in the background while the work has begun: for the estimate of the time left."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable

from audioqa.batch.tally import Tally, size
from audioqa.errors import AudioqaError
from audioqa.types import BadItem, Item


class Ahead:
    """Counts what the sources name.

    Parameters
    ----------
    read
        Reads the sources from the beginning; None where counting costs too much, and nothing is estimated.
    """

    def __init__(self, read: Callable[[], Iterable[Item | BadItem]] | None) -> None:
        self._items = self._size = 0
        self._counted = False
        self._given_up = threading.Event()
        if read is not None:
            threading.Thread(target=self._count, args=(read,), daemon=True).start()

    @property
    def items(self) -> int | None:
        """How many there are; None while that is not known."""
        return self._items if self._counted else None

    def left(self, tally: Tally) -> float | None:
        """Seconds until all is done at the speed so far; None while that cannot be told."""
        if not self._counted or not tally.worked or tally.elapsed < 1:
            return None
        # By bytes, because recordings differ in length; those that were done before took no time.
        return max(0.0, tally.elapsed * (self._size - tally.size) / tally.worked)

    def stop(self) -> None:
        """Stop counting."""
        self._given_up.set()

    def _count(self, read: Callable[[], Iterable[Item | BadItem]]) -> None:
        try:
            for item in read():
                if self._given_up.is_set():
                    return
                self._items += 1
                if isinstance(item, Item):
                    self._size += size(item)
        except AudioqaError:
            return  # the run itself tells what is the matter
        self._counted = True
