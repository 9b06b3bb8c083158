"""Recordings that lie somewhere already, scored after everything that people wait for.

Only so many are put into the queue at once as can be worked on soon, however large the source is; what has been scored
is left alone, so that the same sources can be named at every start. For archives there is ``audioqa batch``.
"""

from __future__ import annotations

import json
import logging
import threading
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import islice
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from audioqa.errors import AudioqaError
from audioqa.sources import read_sources
from audioqa.sources.options import SourceOptions
from audioqa.store import Hashes, Store, jobs, location_of
from audioqa.store.database import snapshot, writing
from audioqa.store.jobs import BULK, NewJob
from audioqa.types import BadItem, Item

if TYPE_CHECKING:
    from sqlalchemy import Connection

_log = logging.getLogger("audioqa.service")

_AHEAD = 100
_LOOKED_AT_ONCE = 50
_PAUSE = 1.0


@dataclass(frozen=True)
class Loading:
    """Puts recordings of sources into the queue, from a thread of its own.

    Parameters
    ----------
    store
        Where the queue is.
    options
        How sources are read.
    digest
        Of the settings that recordings are scored with.
    stopping
        Set when it is time to end.
    wake
        Called when something has been put into the queue.
    """

    store: Store
    options: SourceOptions
    digest: str
    stopping: threading.Event
    wake: Callable[[], None]

    def __call__(self, sources: Sequence[str]) -> None:
        """Go through the sources once."""
        count = 0
        try:
            items = read_sources(list(sources), options=self.options, say=_log.info)
            while named := list(islice(items, _LOOKED_AT_ONCE)):
                for bad in named:
                    if isinstance(bad, BadItem):
                        _log.warning("left out: %s", bad.kind)
                count += self._load([item for item in named if isinstance(item, Item)])
                while not self.stopping.is_set() and self._waiting() >= _AHEAD:
                    self.stopping.wait(_PAUSE)
                if self.stopping.is_set():
                    return
        except AudioqaError as error:
            _log.error("loading ended early: %s", error)
        _log.info("loading: %d recordings were put into the queue", count)

    def _load(self, items: Sequence[Item]) -> int:
        wanted = [
            item
            for item, known in zip(items, self.store.known(items, digest=self.digest), strict=True)
            if known.state in ("new", "hash", "share", "info")
        ]

        def enqueue(connection: Connection) -> int:
            added = 0
            for item in wanted:
                mark = sha256(json.dumps([location_of(item), self.digest]).encode()).hexdigest()
                before = jobs.latest_of_call(connection, item.info.tenant, item.info.call_id)
                if before is not None and before.fingerprint == mark and before.state in ("waiting", "running"):
                    continue
                new = NewJob(
                    name=uuid.uuid4().hex,
                    item=item,
                    hashes=Hashes(()),
                    file_name=" + ".join(PurePosixPath(file.location).name for file in item.files),
                    size=sum(file.size or 0 for file in item.files),
                    by="system",
                    fingerprint=mark,
                    priority=BULK,
                )
                added += jobs.enqueue(connection, new) is not None
            return added

        count = writing(self.store.engine, enqueue)
        if count:
            self.wake()
        return count

    def _waiting(self) -> int:
        with snapshot(self.store.engine) as connection:
            return jobs.count_waiting(connection, most=_AHEAD, priority=BULK)
