"""Calls as columns: one query for what is known of them, and one for their events, however many they are."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from sqlalchemy import Connection, Engine, String, select, type_coerce

from audioqa.store.database import snapshot
from audioqa.store.keys import storable
from audioqa.store.projection import EVENT_MARKS
from audioqa.store.query import Query, conditions
from audioqa.store.reading import tenants
from audioqa.store.tables import FILTERED, calls, marks, measurements
from audioqa.types.columns import CallColumns, Labels, labels_of

OWN = ("tenant", *FILTERED, "direction", "codec", "tap")
"""Columns of words that every call has; others are tags."""

TIMES = ("hour", "weekday")
"""Columns that are made of the time at which a call began, UTC."""

SAMPLE, MOST_VALUES = 500, 30
"""Calls that are looked at for tags, and different values that one may have among them to be a column of words."""

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def read_columns(engine: Engine, query: Query, *, tags: Sequence[str], kinds: Sequence[str]) -> CallColumns:
    """Some calls as columns.

    Parameters
    ----------
    engine
        The store's.
    query
        Which calls; its order is not looked at.
    tags
        Tags to read beside `OWN` and `TIMES`.
    kinds
        Kinds of events to look for.
    """
    with snapshot(engine) as connection:
        whose = [storable(query.tenant)] if query.tenant is not None else tenants(connection)
        wanted = conditions(query, *whose)
        words = [calls.c[name] for name in OWN] + [calls.c.tags[storable(tag)].as_string() for tag in tags]
        # SQLite's own text of a moment is read much faster as one array than moment by moment.
        at = type_coerce(calls.c.at, String) if engine.dialect.name == "sqlite" else calls.c.at
        rows = connection.execute(
            select(calls.c.id, calls.c.mos, calls.c.scale, measurements.c.estimator, measurements.c.version, at, *words)
            .join_from(calls, measurements)
            .where(*wanted)
        ).all()
        marked = connection.execute(
            select(marks.c.kind, marks.c.call)
            .join_from(marks, calls, marks.c.call == calls.c.id)
            .where(marks.c.what.in_(EVENT_MARKS), marks.c.kind.in_(kinds), *wanted)
        ).all()
    found = list(zip(*rows, strict=True)) if rows else [()] * (6 + len(words))
    keys = np.array(found[0], dtype=np.int64)
    order = np.argsort(keys)
    events = {kind: np.zeros(len(keys), dtype=np.bool_) for kind in kinds}
    if len(marked):
        of_kind = labels_of([kind for kind, _ in marked])
        places = order[np.searchsorted(keys, np.array([call for _, call in marked]), sorter=order)]
        for number, kind in enumerate(of_kind.names):
            events[kind][places[of_kind.codes == number]] = True
    made_by = _together(labels_of(found[2]), labels_of(found[3]))
    labels = {name: labels_of(found[6 + place]) for place, name in enumerate((*OWN, *tags))}
    return CallColumns(
        keys=keys,
        mos=np.array(found[1], dtype=np.float64),  # None becomes not a number
        made_by=made_by,
        versions=labels_of(found[4]),
        labels=labels | _times(found[5]),
        events=events,
    )


def _together(scales: Labels, models: Labels) -> Labels:
    """Scale and model as one word."""
    count = max(1, len(models.names))
    pairs, codes = np.unique(scales.codes * count + models.codes, return_inverse=True)
    names = tuple(f"{scales.names[pair // count]}; {models.names[pair % count]}" for pair in pairs[pairs >= 0].tolist())
    return Labels(names, np.where(scales.codes < 0, -1, codes - int((pairs < 0).sum())))


def tag_names(engine: Engine, queries: Sequence[Query]) -> list[str]:
    """The tags that look like columns of words: a few values among some hundred calls, and not all of them numbers,
    which are what comes of a call (a rating, a handle time) rather than a kind of call; in alphabetical order.

    Parameters
    ----------
    engine
        The store's.
    queries
        Which calls.
    """
    seen: dict[str, set[str]] = {}
    with snapshot(engine) as connection:
        for query in queries:
            for tags in _some_tags(connection, query):
                for name, value in tags.items():
                    seen.setdefault(name, set()).add(value)
    known = {*OWN, *TIMES}
    return sorted(
        name
        for name, values in seen.items()
        if name not in known and len(values) <= MOST_VALUES and not all(map(_is_number, values))
    )


def _is_number(text: str) -> bool:
    return text.lstrip("+-").replace(".", "", 1).isdigit()


def _some_tags(connection: Connection, query: Query) -> list[dict[str, str]]:
    whose = [storable(query.tenant)] if query.tenant is not None else tenants(connection)
    chosen = select(calls.c.tags).where(*conditions(query, *whose)).limit(SAMPLE)
    return [tags for (tags,) in connection.execute(chosen)]


def _times(moments: Sequence[object]) -> dict[str, Labels]:
    """Hour of the day and day of the week."""
    plain = [moment if isinstance(moment, str) else f"{moment:%Y-%m-%dT%H:%M:%S}" for moment in moments]
    hours = np.array([text[:13].replace(" ", "T") for text in plain], dtype="datetime64[h]").astype(np.int64)
    names = tuple(f"{hour:02d}" for hour in range(24))
    return {"hour": Labels(names, hours % 24), "weekday": Labels(_DAYS, (hours // 24 + 3) % 7)}
