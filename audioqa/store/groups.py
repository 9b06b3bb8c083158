"""Counting calls by what they have in common."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, time
from typing import Any

from sqlalchemy import Connection, case, func, select

from audioqa.errors import StoreError
from audioqa.store.keys import storable
from audioqa.store.query import Query, conditions, mark_names
from audioqa.store.reading import tenants
from audioqa.store.tables import FILTERED, calls, day_marks, marks
from audioqa.types.stored import Group

KEYS = ("tenant", *FILTERED, "day", "flag", "event")
"""What calls can be counted by; ``flag`` and ``event`` are rules and kinds, of which a call may have several."""


def group_calls(connection: Connection, by: Sequence[str], query: Query) -> list[Group]:
    """Calls by what they have in common, in the order of that.

    Parameters
    ----------
    connection
        In a transaction.
    by
        Some of `KEYS`; one of ``flag`` and ``event`` at most.
    query
        Which calls; its order is not looked at.

    Raises
    ------
    StoreError
        Where there is no such key, or both kinds of mark are asked for.
    """
    unknown = [name for name in by if name not in KEYS]
    if unknown or not by:
        raise StoreError(f"calls cannot be counted by {', '.join(unknown)}; but by {', '.join(KEYS)}", "url")
    what = [name for name in by if name in ("flag", "event")]
    if len(what) > 1:
        raise StoreError("calls are counted by flag or by event, not by both at once", "url")
    whose = tenants(connection) if query.tenant is None else [storable(query.tenant)]
    found = _marked(connection, by, what[0], query, whose) if what else _plain(connection, by, query, whose)
    return sorted(found, key=lambda group: [(value is None, value or "") for value in group.values])


def _plain(connection: Connection, by: Sequence[str], query: Query, whose: Sequence[str]) -> list[Group]:
    keys = [calls.c[name] for name in by]
    chosen = select(
        *keys,
        func.count(),
        func.sum(case((calls.c.flagged.is_(True), 1), else_=0)),
        func.sum(calls.c.mos),
        func.count(calls.c.mos),
        func.min(calls.c.scale),
        func.max(calls.c.scale),
    )
    rows = connection.execute(chosen.where(*conditions(query, *whose)).group_by(*keys))
    return [_group([*row][: len(by)], row[len(by) :]) for row in rows]


def _marked(connection: Connection, by: Sequence[str], what: str, query: Query, whose: Sequence[str]) -> list[Group]:
    """From the days' counts where only days are asked for, and from the marks themselves otherwise."""
    counted = set(by) <= {"tenant", "day", what} and _only_days(query)
    of = day_marks if counted else marks
    own = {what: of.c.kind, "tenant": of.c.tenant, "day": of.c.day}
    keys = [own[name] if name in own else calls.c[name] for name in by]
    count = func.sum(day_marks.c.calls) if counted else func.count()
    chosen = select(*keys, count).where(of.c.tenant.in_(whose), of.c.what.in_(mark_names(what, query)))
    if counted:
        if query.since is not None:
            chosen = chosen.where(day_marks.c.day >= query.since.astimezone(UTC).date())
        if query.until is not None:
            chosen = chosen.where(day_marks.c.day < query.until.astimezone(UTC).date())
    else:
        chosen = chosen.join_from(marks, calls).where(*conditions(query, *whose))
    return [Group(_words(row[:-1]), int(row[-1]), None, None) for row in connection.execute(chosen.group_by(*keys))]


def _only_days(query: Query) -> bool:
    """Whether a query asks for whole days (UTC) of a tenant and for nothing else."""
    bounds = [bound for bound in (query.since, query.until) if bound is not None]
    whole = all(bound.astimezone(UTC).time() == time() for bound in bounds)
    plain = Query(
        tenant=query.tenant, since=query.since, until=query.until, sort=query.sort, test_calls=query.test_calls
    )
    return whole and plain == query


def _group(values: Sequence[Any], figures: Sequence[Any]) -> Group:
    count, flagged, total, scored, least, greatest = figures
    mos = total / scored if scored and least == greatest else None
    return Group(_words(values), count, int(flagged), mos)


def _words(values: Sequence[Any]) -> tuple[str | None, ...]:
    return tuple(value.isoformat() if isinstance(value, date) else value for value in values)
