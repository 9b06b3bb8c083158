"""Calls drawn at random from those of one sort, with their reports: for trying other rules on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from sqlalchemy import ColumnElement, Connection, and_, exists, func, select

from audioqa.store.query import Query, conditions
from audioqa.store.reading import full, stored
from audioqa.store.tables import calls, marks
from audioqa.types.stored import StoredCall

Sort = Literal["alone", "others", "none"]
"""Calls that one rule alone flags, that another rule flags, and that none flags."""

SORTS: tuple[Sort, ...] = ("alone", "others", "none")

_AT_ONCE = 200


def sizes(connection: Connection, tenant: str, rule: str, *, since: datetime, until: datetime) -> dict[Sort, int]:
    """How many calls there are of each sort.

    Parameters
    ----------
    connection
        In a transaction.
    tenant
        Whose.
    rule
        Name of the rule.
    since, until
        Calls that began in this time.
    """
    return {
        sort: int(
            connection.execute(
                select(func.count()).select_from(calls).where(*_of(sort, tenant, rule, since, until))
            ).scalar_one()
        )
        for sort in SORTS
    }


def draw(
    connection: Connection, tenant: str, rule: str, *, sort: Sort, since: datetime, until: datetime, most: int
) -> list[StoredCall]:
    """Some calls of a sort, each as likely as any other; all where they are no more than that.

    Parameters
    ----------
    connection
        In a transaction.
    tenant, rule, since, until
        As `sizes` has them.
    sort
        Which.
    most
        How many.
    """
    chosen = select(calls.c.id).where(*_of(sort, tenant, rule, since, until)).order_by(func.random()).limit(most)
    return by_numbers(connection, tenant, list(connection.execute(chosen).scalars()))


def by_numbers(connection: Connection, tenant: str, numbers: Sequence[int]) -> list[StoredCall]:
    """A tenant's calls by their numbers, in that order."""
    found: dict[int, StoredCall] = {}
    for start in range(0, len(numbers), _AT_ONCE):
        part = numbers[start : start + _AT_ONCE]
        rows = connection.execute(full().where(calls.c.tenant == tenant, calls.c.id.in_(part))).all()
        found |= {row.id: call for row, call in zip(rows, stored(connection, rows), strict=True)}
    return [found[number] for number in numbers]


def _of(sort: Sort, tenant: str, rule: str, since: datetime, until: datetime) -> list[ColumnElement[bool]]:
    other = exists().where(marks.c.call == calls.c.id, marks.c.what == "flag", marks.c.kind != rule)
    kinds: dict[Sort, ColumnElement[bool]] = {
        "alone": and_(calls.c.flagged, ~other),
        "others": and_(calls.c.flagged, other),
        "none": calls.c.flagged.is_(False),
    }
    return [*conditions(Query(since=since, until=until), tenant), kinds[sort]]
