"""Columns of very many calls for trends: from their segments, and from the calls themselves where those changed since.

What is read is exact whenever it is read. Where too many calls have changed to be read at once (all flags were made
anew, say), their segments are read as they are, and it is said how many hours wait for theirs.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection, Engine, func, select

from audioqa.store.database import translated
from audioqa.store.keys import storable
from audioqa.store.reading import tenants
from audioqa.store.tables import calls
from audioqa.store.trend_keeping import between, contents
from audioqa.store.trend_segments import BASIS, EVENT, FLAGGED, MINUTE, MOS, Cell, read_codes, read_words
from audioqa.store.trend_tables import DAY, HOUR, trend_marks, trend_segments
from audioqa.types.trends import Basis

AT_ONCE = 250_000
"""Calls of a batch, more or less: arrays of some megabytes."""

LIVE = 80_000
"""Calls that are read themselves at most, where their segments are older than they are: less than a second."""

_MINUTES = HOUR // 60

Whole = npt.NDArray[np.int32]
Places = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Batch:
    """Calls of one tenant, in no order that means anything. Every array has the shape (calls,).

    Parameters
    ----------
    tenant
        Whose.
    minute
        int32: when each began, whole minutes since 1970 UTC.
    mos
        uint16: in ten-thousandths, 0 where there is none.
    basis
        int32: place in the reader's `bases`.
    words
        By name: int64, place in the reader's list of words of that name; -1 where none is known.
    marks
        By name (``.flagged``, ``event.KIND``): int64, shape (any,), rising: places of the calls that have it.
    """

    tenant: str
    minute: Whole
    mos: npt.NDArray[np.uint16]
    basis: Whole
    words: Mapping[str, Whole]
    marks: Mapping[str, Places]


@dataclass
class TrendReader:
    """Reads batches; lists of words grow as it reads.

    Parameters
    ----------
    connection
        In a transaction that sees the store as it was at one moment (`steady`).
    names
        Words that are wanted, by the names that segments have.
    marked
        Marks that are wanted: ``.flagged``, ``event.KIND``.
    test_calls
        Test calls in place of customers' calls. They are few: the calls themselves are read.
    """

    connection: Connection
    names: Sequence[str] = ()
    marked: Sequence[str] = (FLAGGED,)
    test_calls: bool = False
    waiting: int = field(default=0, init=False)
    """Hours whose calls changed since what was read of them was written."""
    _lists: dict[str, dict[str, int]] = field(default_factory=lambda: defaultdict(dict), init=False)

    def words(self, name: str) -> list[str]:
        """The words of that name that have been met, in the order of their places."""
        return list(self._lists[name])

    @property
    def bases(self) -> list[Basis]:
        """What scores rest on, in the order of their places."""
        return [Basis(*word.split("\n", 1)) for word in self._lists[BASIS]]

    def batches(
        self, tenant: str | None, first: int | None = None, last: int | None = None, *, live: int = LIVE
    ) -> Iterator[Batch]:
        """All calls of some days.

        Parameters
        ----------
        tenant
            Whose; None for all.
        first, last
            Hours since 1970 UTC: only days that touch those from `first` to before `last`; None for no end. What is
            before or after them within a day is left to the caller.
        live
            How many calls may be read themselves.
        """
        for one in tenants(self.connection) if tenant is None else [storable(tenant)]:
            if self.test_calls:
                yield from self._test_calls(one, first, last)
            else:
                yield from self._of_tenant(one, first, last, live)

    def _test_calls(self, tenant: str, first: int | None, last: int | None) -> Iterator[Batch]:
        mine = [calls.c.tenant == tenant, calls.c.test_call.is_(True)]
        if first is not None:
            mine.append(calls.c.at >= datetime.fromtimestamp((first - first % DAY) * HOUR, UTC))
        if last is not None:
            mine.append(calls.c.at < datetime.fromtimestamp((last + (-last) % DAY) * HOUR, UTC))
        begun = self.connection.execute(select(calls.c.at).where(*mine)).scalars()
        for start in sorted({int(at.timestamp()) // (HOUR * DAY) * DAY for at in begun}):
            read, cells = contents(self.connection, tenant, start, DAY, [*self.names, *self.marked], test=True)
            yield self._batch(tenant, {start: read}, {name: {start: cell} for name, cell in cells.items()})

    def _of_tenant(self, tenant: str, first: int | None, last: int | None, live: int) -> Iterator[Batch]:
        at = trend_segments.c.start
        mine = [trend_segments.c.tenant == tenant]
        noted = [trend_marks.c.tenant == tenant]
        if first is not None:
            mine.append(at >= first - first % DAY)
            noted.append(trend_marks.c.hour >= first - first % DAY)
        if last is not None:
            mine.append(at < last)
            noted.append(trend_marks.c.hour < last + (-last) % DAY)
        known = select(at, trend_segments.c.hours, trend_segments.c.calls).where(*mine, trend_segments.c.name == MINUTE)
        segments = {row.start: (row.hours, row.calls) for row in self.connection.execute(known.order_by(at))}
        marked = set(self.connection.execute(select(trend_marks.c.hour).where(*noted)).scalars())
        for start, hours in sorted(_stale(segments, marked), reverse=True):
            count = select(func.count()).where(*between(tenant, start, hours))
            wanted = int(self.connection.execute(count).scalar_one())
            if wanted > live:
                self.waiting += hours if hours == 1 else len(marked & set(range(start, start + hours)))
                continue
            live -= wanted
            segments.pop(start, None)
            read, cells = contents(self.connection, tenant, start, hours, [*self.names, *self.marked])
            if read:
                yield self._batch(tenant, {start: read}, {name: {start: cell} for name, cell in cells.items()})
        for group in _groups({start: count for start, (_, count) in segments.items()}):
            yield self._batch(tenant, group, self._cells(tenant, group))

    def _cells(self, tenant: str, group: Mapping[int, int]) -> dict[str, dict[int, Cell]]:
        found: dict[str, dict[int, Cell]] = {}
        at = trend_segments.c.start
        for name in (MINUTE, MOS, BASIS, *self.names, *self.marked):
            chosen = select(at, trend_segments.c.codes, trend_segments.c.words).where(
                trend_segments.c.tenant == tenant, trend_segments.c.name == name, at >= min(group), at <= max(group)
            )
            rows = self.connection.execute(chosen).all()
            found[name] = {start: Cell(codes, words) for start, codes, words in rows if start in group}
        return found

    def _batch(self, tenant: str, group: Mapping[int, int], cells: Mapping[str, Mapping[int, Cell]]) -> Batch:
        counts = np.array(list(group.values()))
        starts = np.repeat(np.array(list(group), np.int32) * _MINUTES, counts)
        minute = np.frombuffer(b"".join(cells[MINUTE][start].codes for start in group), np.uint16)
        return Batch(
            tenant,
            starts + minute,
            np.frombuffer(b"".join(cells[MOS][start].codes for start in group), np.uint16),
            self._coded(BASIS, group, cells[BASIS]),
            {name: self._coded(name, group, cells.get(name, {})) for name in self.names},
            {name: _places(group, cells.get(name, {})) for name in self.marked},
        )

    def _coded(self, name: str, group: Mapping[int, int], cells: Mapping[int, Cell]) -> Whole:
        """A column of words, with the places in the reader's list."""
        places = self._lists[name]
        tables: dict[bytes, Whole] = {}
        parts: list[Whole] = []
        for start, count in group.items():
            cell = cells.get(start)
            if cell is None or cell.words is None:
                parts.append(np.full(count, -1, np.int32))
                continue
            table = tables.get(cell.words)
            if table is None:
                own = [places.setdefault(word, len(places)) for word in read_words(cell.words)]
                table = tables[cell.words] = np.array([-1, *own], np.int32)
            parts.append(table[read_codes(cell.codes, count)])
        return np.concatenate(parts)


@contextmanager
def steady(engine: Engine) -> Iterator[Connection]:
    """One reading transaction in which every question sees the store as it was at the same moment.

    Raises
    ------
    StoreError
        Where the database fails.
    """
    with translated(engine), engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            connection = connection.execution_options(isolation_level="REPEATABLE READ")
        with connection.begin():
            yield connection


def tag_names(connection: Connection, tenant: str | None, prefix: str) -> list[str]:
    """Names of the columns that segments have with a prefix (``tag.``, ``event.``), without it: a step for each."""
    found: set[str] = set()
    for one in tenants(connection) if tenant is None else [storable(tenant)]:
        last, end = prefix, prefix[:-1] + chr(ord(prefix[-1]) + 1)
        while True:
            mine = trend_segments.c.tenant == one, trend_segments.c.name > last, trend_segments.c.name < end
            least = connection.execute(select(func.min(trend_segments.c.name)).where(*mine)).scalar()
            if least is None:
                break
            found.add(least.removeprefix(prefix))
            last = least
    return sorted(found)


def _stale(segments: Mapping[int, tuple[int, int]], marked: set[int]) -> set[tuple[int, int]]:
    """What is to be read from the calls: hours of large days, and whole days otherwise, as start and hours."""
    found = set()
    for hour in marked:
        day = hour - hour % DAY
        by_the_hour = segments.get(day, (1, 0))[0] == 1 and any(
            segments.get(one, (0, 0))[0] == 1 for one in range(day, day + DAY)
        )
        found.add((hour, 1) if by_the_hour else (day, DAY))
    return found


def _groups(counts: Mapping[int, int]) -> Iterator[dict[int, int]]:
    """Segments in the order of time, some at once."""
    group: dict[int, int] = {}
    total = 0
    for start in sorted(counts):
        group[start] = counts[start]
        total += counts[start]
        if total >= AT_ONCE:
            yield group
            group, total = {}, 0
    if group:
        yield group


def _places(group: Mapping[int, int], cells: Mapping[int, Cell]) -> Places:
    """Places within segments as places within all of them."""
    parts = []
    begin = 0
    for start, count in group.items():
        if start in cells:
            parts.append(np.frombuffer(cells[start].codes, np.uint32) + np.int64(begin))
        begin += count
    return np.concatenate(parts) if parts else np.zeros(0, np.int64)


def mark_names(kinds: Sequence[str]) -> list[str]:
    """The names that segments have for kinds of event."""
    return [EVENT + kind for kind in kinds]


def latest_words(connection: Connection, tenant: str | None, name: str, *, most: int = 7) -> set[str]:
    """The words of a column in its latest segments of each tenant."""
    found: set[str] = set()
    for one in tenants(connection) if tenant is None else [storable(tenant)]:
        mine = trend_segments.c.tenant == one, trend_segments.c.name == name
        chosen = select(trend_segments.c.words).where(*mine).order_by(trend_segments.c.start.desc()).limit(most)
        for words in connection.execute(chosen).scalars():
            found.update(read_words(words or b""))
    return found


def first_and_last(connection: Connection, tenant: str | None) -> tuple[datetime, datetime] | None:
    """When the first and the last call began; None where there are none."""
    firsts: list[datetime] = []
    lasts: list[datetime] = []
    for one in tenants(connection) if tenant is None else [storable(tenant)]:
        for kind, found in ((func.min, firsts), (func.max, lasts)):
            moment = connection.execute(select(kind(calls.c.at)).where(calls.c.tenant == one)).scalar()
            if moment is not None:
                found.append(moment)
    return (min(firsts), max(lasts)) if firsts else None
