"""Calls as columns, as alerts are reckoned from them: those of each scale and model by themselves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, select

from audioqa.alerts.columns import Calls, make_calls
from audioqa.store.keys import storable
from audioqa.store.projection import EVENT_MARKS
from audioqa.store.tables import FILTERED, calls, marks, measurements

COLUMNS = (*FILTERED, "direction", "codec", "tap")
"""Columns of a call; any other name is one of its tags."""

SEVERE = ("warning", "severe")
"""Severities of events that are faults."""

TEST_CALLS = ", test calls"
"""Ends the name of what made the MOS of test calls."""

_CHUNK = 500


def streams(
    connection: Connection,
    tenant: str,
    columns: Sequence[str],
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    after: int | None = None,
) -> dict[tuple[str, str], Calls]:
    """A tenant's calls by scale and by what made their MOS; those without a MOS are with the others of their model.

    Test calls are streams of their own: their alerts and customers' alerts never mix.

    Parameters
    ----------
    connection
        In a transaction.
    tenant
        Whose.
    columns
        Names of columns that are asked for; pairs such as ``carrier+site`` ask for both.
    since, until
        Only calls that began then.
    after
        Only calls with a greater number.
    """
    names = list(dict.fromkeys(one.strip() for column in columns for one in column.split("+")))
    words = [name for name in names if name in COLUMNS]
    tags = [name for name in names if name not in COLUMNS and name != "all"]
    mine: list[ColumnElement[bool]] = [calls.c.tenant == storable(tenant)]
    if since is not None:
        mine.append(calls.c.at >= since)
    if until is not None:
        mine.append(calls.c.at < until)
    if after is not None:
        mine.append(calls.c.id > after)
    chosen = select(
        calls.c.test_call,
        calls.c.id,
        calls.c.at,
        calls.c.duration,
        calls.c.mos,
        calls.c.scale,
        measurements.c.estimator,
        *(calls.c[name] for name in words),
        *(calls.c.tags[storable(name)].as_string().label(f"tag {name}") for name in tags),
    ).join_from(calls, measurements)
    rows = connection.execute(chosen.where(*mine)).all()
    having = _faults(connection, mine, [row.id for row in rows] if after is not None else None)
    parts: dict[tuple[str, str], list[Any]] = {}
    scales: dict[str, str] = {}
    for row in rows:
        if row.scale is not None:
            scales[row.estimator] = min(row.scale, scales.get(row.estimator, row.scale))
    for row in rows:
        scale = row.scale or scales.get(row.estimator, "no scale")
        whose = f"{row.estimator}{TEST_CALLS}" if row.test_call else row.estimator
        parts.setdefault((scale, whose), []).append(row)
    return {stream: _columns(some, words, tags, having) for stream, some in sorted(parts.items())}


def last_call(connection: Connection, tenant: str) -> int:
    """The greatest number of a tenant's calls; 0 where there are none."""
    return int(connection.execute(select(func.max(calls.c.id)).where(calls.c.tenant == storable(tenant))).scalar() or 0)


def _faults(connection: Connection, mine: Sequence[ColumnElement[bool]], keys: list[int] | None) -> dict[str, set[int]]:
    """For each kind of event the calls that have one which is more than a notice."""
    chosen = select(marks.c.call, marks.c.kind).where(marks.c.what.in_(EVENT_MARKS), marks.c.severity.in_(SEVERE))
    found: dict[str, set[int]] = {}
    if keys is None:
        statements = [chosen.join_from(marks, calls).where(*mine)]
    else:
        pieces = [keys[start : start + _CHUNK] for start in range(0, len(keys), _CHUNK)]
        statements = [chosen.where(marks.c.call.in_(piece)) for piece in pieces]
    for statement in statements:
        for row in connection.execute(statement):
            found.setdefault(row.kind, set()).add(row.call)
    return found


def _columns(rows: Sequence[Any], words: Sequence[str], tags: Sequence[str], having: Mapping[str, set[int]]) -> Calls:
    keys = [row.id for row in rows]
    labels: dict[str, list[str | None]] = {name: [getattr(row, name) for row in rows] for name in words}
    labels |= {name: [row._mapping[f"tag {name}"] for row in rows] for name in tags}
    return make_calls(
        keys,
        [row.at.astimezone(UTC).timestamp() for row in rows],
        duration=[row.duration for row in rows],
        mos=[row.mos for row in rows],
        labels=labels,
        faults={kind: [key in some for key in keys] for kind, some in sorted(having.items())},
    )
