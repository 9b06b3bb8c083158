"""What is known of many calls at once, column by column: NumPy arrays in the order of time, by one query.

No report is opened and no row becomes an object, so that a million calls are read in some seconds. Scores are of use
only together with their `Basis`: those of two scales, models or calibrations are never put into one figure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from sqlalchemy import ColumnElement, Connection, select

from audioqa.errors import StoreError
from audioqa.store.keys import storable
from audioqa.store.projection import EVENT_MARKS
from audioqa.store.query import Query, conditions, seconds
from audioqa.store.reading import tenants
from audioqa.store.tables import FILTERED, calls, marks, measurements
from audioqa.types.trends import Basis

PLAIN = ("tenant", *FILTERED, "direction", "codec", "tap")
"""Columns of a call that hold words; every other word that is known of a call is a tag."""

_AT_ONCE = 500

Codes = npt.NDArray[np.int32]


@dataclass(frozen=True)
class Words:
    """A word for each call.

    Parameters
    ----------
    codes
        int32, shape (calls,): place of the word in `values`; -1 where none is known.
    values
        The words, each once.
    """

    codes: Codes
    values: tuple[str, ...]


@dataclass(frozen=True)
class Columns:
    """Calls in the order of their times. Every array has the shape (calls,).

    Parameters
    ----------
    key
        int64: the store's numbers of them.
    at
        float64: when each began, seconds since 1970 UTC; where that is not known the moment of its first score.
    duration
        float64: seconds.
    mos
        float64: NaN where there is none.
    flagged
        bool: whether a person should review it.
    basis
        int32: place in `bases`.
    bases
        What the scores rest on, each once.
    words
        By name, what was asked for.
    events
        By kind, bool: whether a call has such an event.
    """

    key: npt.NDArray[np.int64]
    at: npt.NDArray[np.float64]
    duration: npt.NDArray[np.float64]
    mos: npt.NDArray[np.float64]
    flagged: npt.NDArray[np.bool_]
    basis: Codes
    bases: tuple[Basis, ...]
    words: Mapping[str, Words]
    events: Mapping[str, npt.NDArray[np.bool_]]


def read_columns(
    connection: Connection,
    query: Query = Query(),  # noqa: B008 - frozen
    *,
    words: Sequence[str] = (),
    events: Sequence[str] = (),
) -> Columns:
    """Columns of the calls that a query chooses; its order is not looked at.

    Parameters
    ----------
    connection
        In a transaction.
    query
        Which calls.
    words
        Names of words: one of `PLAIN`, ``version`` (audioqa's, that scored it), or a tag, ``tag.headset`` or for short
        ``headset``.
    events
        Kinds of event.
    """
    mine = conditions(query, *(tenants(connection) if query.tenant is None else [storable(query.tenant)]))
    wanted = [word_column(name) for name in words]
    chosen = select(
        calls.c.id,
        seconds(connection, calls.c.at),
        calls.c.duration,
        calls.c.mos,
        calls.c.flagged,
        calls.c.scale,
        measurements.c.estimator,
        *wanted,
    ).join_from(calls, measurements)
    rows = connection.execute(chosen.where(*mine).order_by(calls.c.at, calls.c.id)).all()
    key, at, duration, mos, flagged, scale, estimator, *known = zip(*rows, strict=True) if rows else _nothing(words)
    basis = coded(zip(scale, estimator, strict=True))
    keys = np.array(key, np.int64)
    return Columns(
        key=keys,
        at=np.array(at, np.float64),
        duration=np.array(duration, np.float64),
        mos=np.array([np.nan if one is None else one for one in mos], np.float64),
        flagged=np.array(flagged, np.bool_),
        basis=basis[0],
        bases=tuple(Basis(scale or "", estimator) for scale, estimator in basis[1]),
        words={name: Words(*coded(values)) for name, values in zip(words, known, strict=True)},
        events={kind: _having(connection, mine, keys, kind) for kind in events},
    )


def scores_by_id(
    connection: Connection, ids: Iterable[str], *, tenant: str | None
) -> dict[str, list[tuple[str, float | None, Basis]]]:
    """Tenant, MOS and basis of the calls of some ids; several where several tenants have such a call.

    Parameters
    ----------
    connection
        In a transaction.
    ids
        Ids of calls.
    tenant
        Whose; None for all.
    """
    whose = tenants(connection) if tenant is None else [storable(tenant)]
    wanted = sorted({storable(one) for one in ids})
    found: dict[str, list[tuple[str, float | None, Basis]]] = {}
    columns = calls.c.call_id, calls.c.tenant, calls.c.mos, calls.c.scale, measurements.c.estimator
    for one in whose:
        for start in range(0, len(wanted), _AT_ONCE):
            named = calls.c.call_id.in_(wanted[start : start + _AT_ONCE])
            chosen = select(*columns).join_from(calls, measurements).where(calls.c.tenant == one, named)
            for call_id, owner, mos, scale, estimator in connection.execute(chosen):
                found.setdefault(call_id, []).append((owner, mos, Basis(scale or "", estimator)))
    return found


def coded(values: Iterable[Any]) -> tuple[Codes, tuple[Any, ...]]:
    """Values as places in a list of their different ones, in the order of their first use; None is -1.

    >>> coded(["b", None, "a", "b"])
    (array([ 0, -1,  1,  0], dtype=int32), ('b', 'a'))
    """
    places: dict[Any, int] = {}
    codes = [-1 if value is None else places.setdefault(value, len(places)) for value in values]
    return np.array(codes, np.int32), tuple(places)


def word_column(name: str) -> ColumnElement[Any]:
    """The column that holds a word, by its name as `read_columns` takes it.

    Raises
    ------
    StoreError
        Where the name is empty.
    """
    if name == "version":
        return measurements.c.version
    if name in PLAIN:
        return calls.c[name]
    tag = name.removeprefix("tag.")
    if not tag:
        raise StoreError("a tag needs a name: tag.headset", "url")
    words: ColumnElement[Any] = calls.c.tags[storable(tag)].as_string()
    return words


def _having(
    connection: Connection, mine: Sequence[ColumnElement[bool]], keys: npt.NDArray[np.int64], kind: str
) -> npt.NDArray[np.bool_]:
    """Which calls have such an event."""
    chosen = (
        select(marks.c.call).join_from(marks, calls).where(marks.c.what.in_(EVENT_MARKS), marks.c.kind == kind, *mine)
    )
    found = np.array(connection.execute(chosen).scalars().all(), np.int64)
    return np.isin(keys, found)


def _nothing(words: Sequence[str]) -> list[tuple[Any, ...]]:
    return [() for _ in range(7 + len(words))]
