"""A page of a list, for whoever waits for it: so many rows are looked at and no more, whatever is asked for.

A filter that hardly any call passes would otherwise go through a million of them. Three ways lead to a page, each along
an index:

- the one call that is asked for by its name;
- all calls of a trunk, an agent, a time ..., where they are few: they are read and sorted;
- else the calls in the order of the list, `LOOKED_AT` in one go, and as many goes as `PATIENCE` allows. A page may then
  hold fewer calls than were asked for, or none, and yet have a next one, which goes on behind the last call that was
  looked at.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from datetime import time as clock
from typing import Any

from sqlalchemy import ColumnElement, Connection, FromClause, and_, func, or_, select

from audioqa.store.keys import storable
from audioqa.store.projection import mark_name
from audioqa.store.query import Place, Query, besides_indexes
from audioqa.store.reading import call_row
from audioqa.store.tables import FILTERED, calls, marks
from audioqa.types.stored import CallRow

LOOKED_AT = 10_000
"""Rows that are looked at in one go."""

PATIENCE = 0.1
"""Seconds after which a page is given out as it is; before that, it is filled by one go after the other."""

_LAST = 2**62
"""Behind every number of a call."""

_Conditions = Sequence[ColumnElement[bool]]


@dataclass(frozen=True)
class Page:
    """Some calls in the order of a query.

    Parameters
    ----------
    rows
        The calls.
    next
        Where the next page begins; None at the end.
    """

    rows: list[CallRow]
    next: Place | None


@dataclass(frozen=True)
class _Path:
    """Calls along an index: where from, what limits the index, and the columns that it is sorted by."""

    of: FromClause
    along: _Conditions
    by: ColumnElement[Any]
    key: ColumnElement[Any]


def page(connection: Connection, query: Query, *, tenant: str, after: Place | None, most: int) -> Page:
    """The next calls of one tenant in the order of a query; parameters as for `go`."""
    end = time.monotonic() + PATIENCE
    found = go(connection, query, tenant=tenant, after=after, most=most)
    rows = list(found.rows)
    while found.next is not None and len(rows) < most and time.monotonic() < end:
        found = go(connection, query, tenant=tenant, after=found.next, most=most - len(rows))
        rows += found.rows
    return Page(rows, found.next)


def go(connection: Connection, query: Query, *, tenant: str, after: Place | None, most: int) -> Page:
    """The next calls of one tenant in the order of a query, of those that are looked at in one go.

    Parameters
    ----------
    connection
        In a transaction.
    query
        Which and how; its own tenant is not looked at.
    tenant
        Whose.
    after
        Only what stands behind this place.
    most
        How many.
    """
    few = _few(connection, query, tenant)
    if few is not None:
        return _sorted(connection, query, few, after, most)
    if _mark(query) is not None and query.sort in ("newest", "oldest") and not _of_columns(query):
        return _by_days(connection, query, tenant, after, most)
    path, besides = _path(query, tenant)
    down = query.sort in ("best", "newest")
    order = [one.desc() if down else one for one in (path.by, path.key)]
    along = [*path.along, *(_behind(path.by, path.key, after, down=down) if after else ())]
    last = connection.execute(
        select(path.by, path.key).select_from(path.of).where(*along).order_by(*order).offset(LOOKED_AT - 1).limit(1)
    ).first()
    if last is not None:
        along += _until(path, last[0], last[1], down=down)
    of = path.of if path.of is calls else path.of.join(calls, calls.c.id == path.key)
    chosen = select(*calls.c).select_from(of).where(*along, *_conditions(query, besides))
    rows = connection.execute(chosen.order_by(*order).limit(most + 1)).all()
    if len(rows) > most:
        return _page(query, tenant, rows[:most])
    return Page([call_row(row) for row in rows], None if last is None else Place(last[0], tenant, last[1]))


def _few(connection: Connection, query: Query, tenant: str) -> list[ColumnElement[bool]] | None:
    """The narrowest thing asked for that an index leads to, where few calls have it; None where all have many."""
    whose = calls.c.tenant == tenant
    if query.call_id is not None:
        return [whose, calls.c.call_id == storable(query.call_id)]
    times = _times(query, calls.c.at)
    ways = [[whose, calls.c[name] == value, *times] for name, value in _of_columns(query)]
    if times:
        ways.append([whose, *times])
    if query.test_calls:
        ways.append([whose, calls.c.test_call.is_(True), *times])
    if query.disagree:
        ways.append([whose, calls.c.disagreement.is_not(None), *times])
    if query.mos_below is not None:
        ways.append([whose, *_bounds(query)(calls.c.rank)])
    best, least = None, LOOKED_AT + 1
    for way in ways:
        count = connection.execute(select(func.count()).select_from(select(1).where(*way).limit(least).subquery()))
        found = int(count.scalar_one())
        if found < least:
            best, least = way, found
    return best


def _sorted(
    connection: Connection, query: Query, few: list[ColumnElement[bool]], after: Place | None, most: int
) -> Page:
    """A page of few calls, which are all read; no index of the order may lead anywhere else."""
    down, by = query.sort in ("best", "newest"), _unled(_value(query))
    chosen = select(*calls.c).where(*few, *_conditions(query, None))
    if after is not None:
        chosen = chosen.where(*_behind(by, calls.c.id, after, down=down))
    order = [one.desc() if down else one for one in (by, calls.c.id)]
    rows = connection.execute(chosen.order_by(*order).limit(most + 1)).all()
    whose = rows[0].tenant if rows else ""
    return _page(query, whose, rows[:most]) if len(rows) > most else Page([call_row(row) for row in rows], None)


def _by_days(connection: Connection, query: Query, tenant: str, after: Place | None, most: int) -> Page:
    """A page by time of calls with a mark, whose index goes day by day."""
    what, kind = _mark(query) or ("", "")
    down = query.sort == "newest"
    along = [marks.c.tenant == tenant, marks.c.what == _name(query, what), marks.c.kind == kind]
    if query.since is not None:
        along.append(marks.c.day >= query.since.astimezone(UTC).date())
    if query.until is not None:
        along.append(marks.c.day <= query.until.astimezone(UTC).date())
    behind: list[ColumnElement[bool]] = []
    if after is not None and isinstance(after.value, datetime):
        day = after.value.astimezone(UTC).date()
        along.append(marks.c.day <= day if down else marks.c.day >= day)
        behind = _behind(calls.c.at, calls.c.id, after, down=down)
    days = marks.c.day.desc() if down else marks.c.day
    last = connection.execute(select(marks.c.day).where(*along).order_by(days).offset(LOOKED_AT - 1).limit(1)).scalar()
    place = None
    if last is not None:
        along.append(marks.c.day >= last if down else marks.c.day <= last)
        midnight = datetime.combine(last, clock(), UTC)
        end = midnight - timedelta(microseconds=1) if down else midnight + timedelta(days=1)
        place = Place(end, tenant, _LAST if down else -1)
    chosen = select(*calls.c).join_from(marks, calls, marks.c.call == calls.c.id).where(*along, *behind)
    order = [days, *((calls.c.at.desc(), calls.c.id.desc()) if down else (calls.c.at, calls.c.id))]
    rows = connection.execute(chosen.where(*_conditions(query, what)).order_by(*order).limit(most + 1)).all()
    return _page(query, tenant, rows[:most]) if len(rows) > most else Page([call_row(row) for row in rows], place)


def _path(query: Query, tenant: str) -> tuple[_Path, str | None]:
    """The index in whose order calls are looked at, and the kind of mark that it sees to."""
    bounds = _bounds(query)
    mark = _mark(query)
    if query.sort in ("worst", "best") and mark is not None:
        what, kind = mark
        of = [marks.c.tenant == tenant, marks.c.what == _name(query, what), marks.c.kind == kind]
        return _Path(marks, [*of, *bounds(marks.c.rank)], marks.c.rank, marks.c.call), what
    along: list[ColumnElement[bool]] = [calls.c.tenant == tenant]
    if query.sort in ("worst", "best"):
        if query.flagged is not None:
            along.append(calls.c.flagged.is_(query.flagged))
        return _Path(calls, [*along, *bounds(calls.c.rank)], calls.c.rank, calls.c.id), None
    columns = _of_columns(query)
    if columns:
        along.append(calls.c[columns[0][0]] == columns[0][1])
    return _Path(calls, [*along, *_times(query, calls.c.at)], calls.c.at, calls.c.id), None


def _conditions(query: Query, besides: str | None) -> list[ColumnElement[bool]]:
    """What must be true of a call beside what its index sees to; none of it leads along another index."""
    found: list[ColumnElement[bool]] = [_unled(calls.c[name]) == value for name, value in _of_columns(query)]
    found += _times(query, _unled(calls.c.at))
    found += _bounds(query)(_unled(calls.c.rank))
    return found + besides_indexes(query, besides)


def _of_columns(query: Query) -> list[tuple[str, str]]:
    return [(name, value) for name in FILTERED if (value := getattr(query, name)) is not None]


def _mark(query: Query) -> tuple[str, str] | None:
    if query.test_calls is None:  # customers' calls and test calls have marks of their own
        return None
    if query.rule is not None:
        return "flag", query.rule
    return None if query.event is None else ("event", query.event)


def _name(query: Query, what: str) -> str:
    return mark_name(what, test=bool(query.test_calls))


def _times(query: Query, at: ColumnElement[Any]) -> list[ColumnElement[bool]]:
    found = [] if query.since is None else [at >= query.since]
    return found if query.until is None else [*found, at < query.until]


def _bounds(query: Query) -> Any:
    """What the MOS asked for says of the rank."""
    below = query.mos_below
    return lambda rank: [] if below is None else [rank < below, rank >= 1.0]


def _value(query: Query) -> ColumnElement[Any]:
    return calls.c.rank if query.sort in ("worst", "best") else calls.c.at


def _unled(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """A column in a form that no index is looked for."""
    return func.coalesce(column, column)


def _behind(by: ColumnElement[Any], key: ColumnElement[Any], after: Place, *, down: bool) -> list[ColumnElement[bool]]:
    """Behind a place; said twice, so that an index can begin there."""
    value, number = after.value, after.key
    if down:
        return [by <= value, or_(by < value, and_(by == value, key < number))]
    return [by >= value, or_(by > value, and_(by == value, key > number))]


def _until(path: _Path, value: Any, number: int, *, down: bool) -> list[ColumnElement[bool]]:
    """Up to a call and with it."""
    by, key = path.by, path.key
    if down:
        return [by >= value, or_(by > value, and_(by == value, key >= number))]
    return [by <= value, or_(by < value, and_(by == value, key <= number))]


def _page(query: Query, tenant: str, rows: Sequence[Any]) -> Page:
    """A full page: the next one goes on behind its last call."""
    last = rows[-1]
    value = last.rank if query.sort in ("worst", "best") else last.at
    return Page([call_row(row) for row in rows], Place(value, tenant, last.id))
