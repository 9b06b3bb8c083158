"""Which calls a run has met already, on disk: two files with one identity are told, however long the archive is."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from audioqa.store.keys import location_of, storable
from audioqa.types.calls import Item

if TYPE_CHECKING:
    from types import TracebackType


class Seen:
    """The calls of one run, in the order of its sources; use as a context.

    The first file of a call is the call, whatever order they are finished in: so a run that was broken off and taken
    up again gives the same as one that was not.
    """

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="audioqa-")
        self._base = sqlite3.connect(Path(self._folder.name) / "seen.db", isolation_level=None, check_same_thread=False)
        self._base.execute("PRAGMA journal_mode = OFF")
        self._base.execute("PRAGMA synchronous = OFF")
        self._base.execute("CREATE TABLE seen (tenant, call_id, location, PRIMARY KEY (tenant, call_id)) WITHOUT ROWID")

    def __enter__(self) -> Seen:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._base.close()
        self._folder.cleanup()

    def add(self, items: Sequence[Item]) -> list[str | None]:
        """For each item the location that has its identity already in this run, its own where it is met again; None
        where it is met for the first time.

        Parameters
        ----------
        items
            In the order of the sources.
        """
        found: list[str | None] = []
        self._base.execute("BEGIN")
        for item in items:
            key = storable(item.info.tenant), storable(item.info.call_id)
            location = storable(location_of(item))
            new = self._base.execute("INSERT OR IGNORE INTO seen VALUES (?, ?, ?)", (*key, location)).rowcount
            where = "SELECT location FROM seen WHERE tenant = ? AND call_id = ?"
            found.append(None if new else str(self._base.execute(where, key).fetchone()[0]))
        self._base.execute("COMMIT")
        return found
