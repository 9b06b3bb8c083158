"""The same sound scored with two estimators: what is kept of it, and which calls to draw for it.

A call that is scored anew with another estimator leaves a pair behind, as long as its sound is the same. A call that
keeps its report can be scored for comparison alone (`audioqa overlap`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlalchemy import Connection, exists, func, select

from audioqa.store.query import Query, conditions
from audioqa.store.reading import full, stored, tenants
from audioqa.store.tables import calls, measurements
from audioqa.store.trend_tables import trend_overlaps
from audioqa.types.stored import StoredCall
from audioqa.types.trends import Basis, Pair


def pairs(connection: Connection, query: Query) -> Iterator[Pair]:
    """The pairs of the calls that a query chooses."""
    whose = tenants(connection) if query.tenant is None else [query.tenant]
    for row in connection.execute(
        select(trend_overlaps).join_from(trend_overlaps, calls).where(*conditions(query, *whose))
    ):
        first, second = Basis(row.scale, row.estimator), Basis(row.other_scale, row.other_estimator)
        yield Pair(first, second, row.mos, row.other_mos)


def without_pair(connection: Connection, query: Query, estimator: str, most: int) -> Sequence[tuple[int, StoredCall]]:
    """Calls drawn at random that were scored with another estimator, and not yet with this one; each with its number.

    Parameters
    ----------
    connection
        In a transaction.
    query
        Which calls.
    estimator
        Identity of the estimator now in force.
    most
        How many.
    """
    whose = tenants(connection) if query.tenant is None else [query.tenant]
    has = exists().where((trend_overlaps.c.call == calls.c.id) & (trend_overlaps.c.other_estimator == estimator))
    mine = [*conditions(query, *whose), calls.c.mos.is_not(None), measurements.c.estimator != estimator, ~has]
    drawn = select(calls.c.id).join_from(calls, measurements).where(*mine).order_by(func.random()).limit(most)
    keys = list(connection.execute(drawn).scalars())
    rows = connection.execute(full().where(calls.c.id.in_(keys))).all()
    return [(row.id, call) for row, call in zip(rows, stored(connection, rows), strict=True)]
