"""Segments are made anew where calls changed: some days in each transaction, until no hour is marked any more.

A day of a tenant is one segment a column as long as it has at most `LARGE` calls; a larger one has segments by the
hour, so that a busy service makes only the last hour anew. Which calls there are is read after the marks were taken
away, within one transaction: a call that comes later leaves a new mark.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from sqlalchemy import ColumnElement, Connection, Engine, Text, cast, delete, func, insert, select, text, tuple_

from audioqa.store.columns import PLAIN
from audioqa.store.database import writing
from audioqa.store.projection import mark_name
from audioqa.store.query import seconds
from audioqa.store.recording import new_row
from audioqa.store.tables import calls, marks, measurements
from audioqa.store.trend_segments import (
    BASIS,
    EVENT,
    FINENESS,
    FLAGGED,
    MINUTE,
    MOS,
    NETWORK,
    TAG,
    Cell,
    basis_word,
    numbers_cell,
    words_cell,
)
from audioqa.store.trend_tables import DAY, HOUR, trend_marks, trend_segments

LARGE = 20_000
"""Calls of a day above which its segments are by the hour; and calls after which a transaction ends."""

WORDS = tuple(name for name in PLAIN if name != "tenant")

_DAYS = 64
"""Days that a transaction makes anew at most."""

_LOCK = 5_019_710_033
"""Any number: who makes segments on PostgreSQL holds this lock."""


def bring_up_to_date(
    engine: Engine, *, told: Callable[[int], None] = lambda _: None, stop: Callable[[], bool] = lambda: False
) -> int:
    """Make the segments of all marked hours anew; how many calls were read for it.

    Parameters
    ----------
    engine
        The store's.
    told
        Told after each transaction how many calls have been read.
    stop
        Whether to leave the rest for later.

    Raises
    ------
    StoreError
        Where the store cannot be written; what has been made stays.
    """
    read = 0
    while not stop() and (done := writing(engine, _make_some)) is not None:
        read += done
        told(read)
    return read


def _make_some(connection: Connection) -> int | None:
    """Make some days anew; how many calls they have, or None where there is nothing to do."""
    if connection.dialect.name == "postgresql":
        free = connection.execute(text("SELECT pg_try_advisory_xact_lock(:key)"), {"key": _LOCK}).scalar_one()
        if not free:
            return None  # another program is at it
    day = trend_marks.c.hour - trend_marks.c.hour % DAY
    chosen = select(trend_marks.c.tenant, day).distinct().order_by(day.desc(), trend_marks.c.tenant).limit(_DAYS)
    read, found = 0, False
    for tenant, start in connection.execute(chosen).all():
        if read > LARGE:
            break
        made = _make_day(connection, tenant, int(start), LARGE - read)
        if made is not None:
            read, found = read + made, True
    return read if found else None


def _make_day(connection: Connection, tenant: str, start: int, most: int) -> int | None:
    """Make a day anew, or of a large one some hours; None where others are writing to all that is marked."""
    mine = trend_segments.c.tenant == tenant, trend_segments.c.start >= start, trend_segments.c.start < start + DAY
    count = int(connection.execute(select(func.count()).where(*between(tenant, start, DAY))).scalar_one())
    if count <= LARGE:
        if not _take_marks(connection, tenant, start, DAY):
            return None
        connection.execute(delete(trend_segments).where(*mine))
        return _write(connection, tenant, start, DAY)
    kinds = set(connection.execute(select(trend_segments.c.hours).where(*mine).distinct()).scalars())
    if kinds != {1}:
        # It has just become large: all its hours are to be made.
        connection.execute(delete(trend_segments).where(*mine))
        mark(connection, tenant, range(start, start + DAY))
    within = trend_marks.c.tenant == tenant, trend_marks.c.hour >= start, trend_marks.c.hour < start + DAY
    read: int | None = None
    hours = select(trend_marks.c.hour).distinct().where(*within).order_by(trend_marks.c.hour.desc())
    for hour in connection.execute(hours).scalars().all():
        if not _take_marks(connection, tenant, hour, 1):
            continue
        connection.execute(
            delete(trend_segments).where(trend_segments.c.tenant == tenant, trend_segments.c.start == hour)
        )
        read = (read or 0) + _write(connection, tenant, hour, 1)
        if read > most:
            break
    return read


def mark(connection: Connection, tenant: str, hours: Sequence[int]) -> None:
    """Note that the segments of some hours are to be made."""
    rows = [{"tenant": tenant, "hour": hour, "writer": 0} for hour in hours]
    connection.execute(new_row(connection, trend_marks).on_conflict_do_nothing(), rows)


def _take_marks(connection: Connection, tenant: str, start: int, hours: int) -> bool:
    """Take the marks of some hours away; False where others hold them all."""
    key = trend_marks.c.tenant, trend_marks.c.hour, trend_marks.c.writer
    mine = trend_marks.c.tenant == tenant, trend_marks.c.hour >= start, trend_marks.c.hour < start + hours
    free = select(*key).where(*mine).with_for_update(skip_locked=True)
    return connection.execute(delete(trend_marks).where(tuple_(*key).in_(free))).rowcount > 0


def _write(connection: Connection, tenant: str, start: int, hours: int) -> int:
    """Write the segments of some hours, of which there are none; how many calls they have."""
    count, cells = contents(connection, tenant, start, hours)
    rows = [
        {"tenant": tenant, "name": name, "start": start, "hours": hours, "calls": count}
        | {"codes": cell.codes, "words": cell.words}
        for name, cell in cells.items()
    ]
    if rows:
        connection.execute(insert(trend_segments), rows)
    return count


def between(tenant: str, start: int, hours: int, *, test: bool = False) -> list[ColumnElement[bool]]:
    """What is true of a tenant's calls that began in some hours: customers' calls, or test calls."""
    first = datetime.fromtimestamp(start * HOUR, UTC)
    whose = calls.c.tenant == tenant, calls.c.test_call.is_(test)
    return [*whose, calls.c.at >= first, calls.c.at < first + timedelta(hours=hours)]


def contents(
    connection: Connection,
    tenant: str,
    start: int,
    hours: int,
    names: Sequence[str] | None = None,
    *,
    test: bool = False,
) -> tuple[int, dict[str, Cell]]:
    """What the segments of some hours hold, read from the calls: how many they are, and the columns by name.

    Parameters
    ----------
    connection
        In a transaction.
    tenant
        Whose.
    start, hours
        Hours since 1970 UTC, and how many of them.
    names
        Only these columns, and those that every segment has; None for all.
    test
        Test calls, of which no segments are kept, in place of customers' calls.
    """
    mine = between(tenant, start, hours, test=test)
    words = [name for name in WORDS if names is None or name in names]
    loose = {
        prefix: cast(column, Text)
        for prefix, column in ((TAG, calls.c.tags), (NETWORK, calls.c.network))
        if names is None or any(name.startswith(prefix) for name in names)
    }
    chosen = select(
        calls.c.id,
        seconds(connection, calls.c.at),
        calls.c.mos,
        calls.c.flagged,
        calls.c.scale,
        measurements.c.estimator,
        measurements.c.version,
        *(calls.c[name] for name in words),
        *loose.values(),
    ).join_from(calls, measurements)
    rows = connection.execute(chosen.where(*mine).order_by(calls.c.at, calls.c.id)).all()
    if not rows:
        return 0, {}
    key, at, mos, flagged, scale, estimator, version, *known = zip(*rows, strict=True)
    found: dict[str, Cell | None] = {
        MINUTE: numbers_cell(((np.array(at) - start * HOUR) // 60).astype(np.uint16)),
        MOS: numbers_cell(np.array([round(FINENESS * (one or 0)) for one in mos], np.uint16)),
        FLAGGED: numbers_cell(np.flatnonzero(flagged).astype(np.uint32)) if any(flagged) else None,
        BASIS: words_cell(map(basis_word, scale, estimator)),
        "version": words_cell(version),
    }
    for name, values in zip(words, known, strict=False):
        found[name] = words_cell(values)
    for prefix, texts in zip(loose, known[len(words) :], strict=True):
        for name, spread in _spread(texts).items():
            if names is None or prefix + name in names:
                found[prefix + name] = words_cell(spread)
    kinds = None if names is None else [name.removeprefix(EVENT) for name in names if name.startswith(EVENT)]
    for kind, places in _places(connection, mine, key, kinds, mark_name("event", test=test)).items():
        found[EVENT + kind] = numbers_cell(places)
    return len(rows), {name: cell for name, cell in found.items() if cell is not None}


def _spread(texts: Sequence[str]) -> dict[str, list[str | None]]:
    """Objects in JSON, one a call, by the names in them; numbers become text."""
    read: dict[str, dict[str, Any]] = {}
    found: defaultdict[str, list[str | None]] = defaultdict(lambda: [None] * len(texts))
    for place, written in enumerate(texts):
        if written not in read:
            read[written] = {name: value for name, value in json.loads(written).items() if value is not None}
        for name, value in read[written].items():
            found[name][place] = value if isinstance(value, str) else repr(value)
    return found


def _places(
    connection: Connection,
    mine: Sequence[ColumnElement[bool]],
    key: Sequence[int],
    kinds: Sequence[str] | None,
    what: str,
) -> dict[str, Any]:
    """By kind of event the places of the calls that have one."""
    if kinds is not None and not kinds:
        return {}
    chosen = select(marks.c.kind, marks.c.call).join_from(calls, marks).where(*mine, marks.c.what == what)
    if kinds is not None:
        chosen = chosen.where(marks.c.kind.in_(kinds))
    place = {one: number for number, one in enumerate(key)}
    found: defaultdict[str, list[int]] = defaultdict(list)
    for kind, call in connection.execute(chosen):
        if call in place:  # one that came since then has left a mark of its own
            found[kind].append(place[call])
    return {kind: np.array(sorted(places), np.uint32) for kind, places in sorted(found.items())}
