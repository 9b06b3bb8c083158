"""Waiting for a store that cannot be written for a while: a backup locks it, its disk is full, its server restarts."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from audioqa.errors import StoreError

_T = TypeVar("_T")

_FULL = 0.5
"""Share of the patience that a full disk is given: it seldom empties by itself."""


class Patience:
    """Does things with a store, again and again while it is in trouble that may pass.

    Parameters
    ----------
    seconds
        How long to try before giving up.
    say
        Called with what a person should know.
    stopping
        Whether the run is to end: then nothing is waited for.
    pause
        Seconds between two tries.
    """

    def __init__(
        self, seconds: float, *, say: Callable[[str], None], stopping: Callable[[], bool], pause: float = 2.0
    ) -> None:
        self._seconds = seconds
        self._say = say
        self._stopping = stopping
        self._pause = pause

    def __call__(self, work: Callable[[], _T]) -> _T:
        """Do it, with patience; every part of it is one transaction, so that half of it is never done.

        Raises
        ------
        StoreError
            Where the trouble does not pass, or is of a kind that never does.
        """
        began, told = time.monotonic(), False
        while True:
            try:
                result = work()
            except StoreError as error:
                patience = self._seconds * (_FULL if error.kind == "disk-full" else 1.0)
                left = patience - (time.monotonic() - began)
                if not error.passing or left <= 0 or self._stopping():
                    raise
                if not told:
                    self._say(f"{error}; trying again for {left:.0f} s more")
                    told = True
                time.sleep(min(self._pause, left))
            else:
                if told:
                    self._say("the store can be written again")
                return result
