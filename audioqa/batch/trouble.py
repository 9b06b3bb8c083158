"""Failures that are not the file's: a source that has gone away, a disk that is full, a network that is down.

Recorded as failures, they would have to be tried again one day, all of them. So the run is ended instead, and goes on
where it was when things are well again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from audioqa.errors import AudioqaError
from audioqa.sources import MANIFESTS
from audioqa.types import BadItem, Failure, Item, SourceFile

_PAUSE = 3.0
"""Seconds between two tries of what found the disk full."""

_AWAY = ("missing", "permission", "access")
"""Kinds of failure that a source which has gone away shows itself by."""

_IN_A_ROW = 20
"""So many files in a row that a source does not give are not their own fault."""


class Trouble:
    """Tells the failures that stop a run from those of single files.

    Parameters
    ----------
    sources
        As they were named. Those that are on this machine are watched.
    patience
        Seconds to wait for room on a full disk.
    say
        Called with what a person should know.
    """

    def __init__(self, sources: Sequence[str], *, patience: float, say: Callable[[str], None]) -> None:
        self._manifests = any(source.lower().endswith(MANIFESTS) for source in sources)
        self._watched = [path for path in map(Path, sources) if _is_there(path)]
        self._patience = patience / 2
        self._say = say
        self._read_well = 0
        self._full_since: dict[str, tuple[float, int]] = {}
        """For each file that found the disk full when that was first, and how many had been read well by then."""
        self._unreachable = 0

    def over(self) -> None:
        """A recording has been read well."""
        self._read_well += 1
        self._unreachable = 0

    def passing(self, item: Item, failure: Failure) -> bool:
        """Whether an item that failed is to be tried again.

        Parameters
        ----------
        item
            The item.
        failure
            Why it failed.

        Raises
        ------
        AudioqaError
            Where the run cannot go on: its source is gone, or its disk is full.
        """
        if failure.kind == "disk-full":
            return self._wait_for_room(item.files[0].location, failure)
        if failure.kind in _AWAY:
            self._look_at_sources()
        if failure.kind == "missing" and self._manifests and all(_was_there(file) for file in item.files):
            folder = Path(item.files[0].location).parent
            if not folder.exists():
                raise AudioqaError(f"{folder} has gone away: when it is back, start the same command again")
        if failure.kind == "access":
            self._unreachable += 1
            if self._unreachable >= _IN_A_ROW:
                raise AudioqaError(
                    f"{_IN_A_ROW} files in a row could not be fetched, the last of them {item.files[0].location} "
                    f"({failure.message}): see to the network, then start the same command again"
                )
        else:
            self._unreachable = 0
        return False

    def unopened(self, bad: BadItem) -> None:
        """Look at what a source named and could not give.

        Raises
        ------
        AudioqaError
            Where the source itself has gone away.
        """
        if bad.kind in _AWAY:
            self._look_at_sources()

    def _wait_for_room(self, location: str, failure: Failure) -> bool:
        now = time.monotonic()
        if location not in self._full_since:
            self._say(f"{location}: {failure.message}; trying again for {self._patience:.0f} s")
        since, well = self._full_since.setdefault(location, (now, self._read_well))
        if now - since > self._patience:
            del self._full_since[location]
            if self._read_well > well:
                return False  # others have room enough: it is this one that is too large
            raise AudioqaError(f"{failure.message}: make room, then start the same command again; nothing is lost")
        time.sleep(min(_PAUSE, self._patience / 4))
        return True

    def _look_at_sources(self) -> None:
        for path in self._watched:
            if not _is_there(path):
                raise AudioqaError(f"{path} has gone away: when it is back, start the same command again")


def _was_there(file: SourceFile) -> bool:
    """Whether a file of this machine was there when its source named it."""
    return file.size is not None and Path(file.location).is_absolute()


def _is_there(path: Path) -> bool:
    """Whether there is such a file, or a folder with anything in it: a disk that was taken off leaves an empty one."""
    try:
        return any(path.iterdir()) if path.is_dir() else path.exists()
    except OSError:
        return False
