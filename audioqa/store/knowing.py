"""What is known of items before any of them is opened: which are done, which need work, which need hashing first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from sqlalchemy import Connection, Row, Table, bindparam, select

from audioqa.network import NetworkOptions
from audioqa.store.holders import is_dead
from audioqa.store.keys import Hashes, audio_key, fingerprint, info_digest, location_of, storable, unchanged
from audioqa.store.tables import calls, claims, failures, files, measurements
from audioqa.types.calls import CallInfo, Failure, Item, SourceFile

State = Literal["done", "info", "share", "failed", "claimed", "hash", "new"]


_OF_SIZE = select(files.c.id).where(files.c.size == bindparam("size")).limit(1)
"""One by one: an archive may hold a million files of one size, of which one is enough."""


@dataclass(frozen=True)
class Known:
    """What an item needs.

    Parameters
    ----------
    state
        ``done``: nothing. ``info``: the call is scored, but what is known of it, or where it is, changed
        (`Store.update_info`). ``share``: a call with the same sound is scored (`Store.share`). ``failed``: the same
        file with the same settings could not be scored before. ``claimed``: another holder works on it. ``hash``: its
        files may be known ones that were moved or copied; ask again with their hashes. ``new``: to be scored.
    hashes
        What its files hold, where that is known without reading them, or was given.
    failure
        Why it failed before.
    """

    state: State
    hashes: Hashes | None = None
    failure: Failure | None = None


def known(
    connection: Connection,
    items: Sequence[Item],
    *,
    digest: str,
    holder: str,
    network: NetworkOptions,
    hashes: Sequence[Hashes | None] = (),
) -> list[Known]:
    """What each of some items needs; not more than 500 at once.

    Parameters
    ----------
    connection
        In a transaction.
    items
        The items.
    digest
        Of the settings.
    holder
        Who asks: its own claims do not count.
    network
        How statistics of the network are rated.
    hashes
        For each item what its files hold, where they were hashed just now; empty where none was.
    """
    given = list(hashes) or [None] * len(items)
    named = [file for item in items for file in _files(item)]
    rows = {row.location: row for row in _in(connection, files, files.c.location, [file.location for file in named])}
    read = [one or _from_files(item, rows) for item, one in zip(items, given, strict=True)]
    unread = {file.size for item, one in zip(items, read, strict=True) if one is None for file in _files(item)}
    sizes = {size for size in unread if connection.execute(_OF_SIZE, {"size": size}).first() is not None}
    keys = [audio_key(item, one, digest) if one else None for item, one in zip(items, read, strict=True)]
    measured = {row.audio_key: row.id for row in _in(connection, measurements, measurements.c.audio_key, keys)}
    stored = _by_call(connection, calls, items)
    failed = _by_call(connection, failures, items)
    held = _by_call(connection, claims, items)
    found = []
    for item, one, key in zip(items, read, keys, strict=True):
        call = stored.get(_call(item.info), [None])[0]
        state: State = "new"
        failure = None
        if key in measured:
            same = call is not None and call.measurement == measured[key]
            state = ("done" if _told(call, item, rows, one, network) else "info") if same else "share"
        elif before := _failure(item, failed, digest):
            state, failure = "failed", Failure(before.kind, before.message)
        elif one is None and all(_may_be_known(file, rows, sizes) for file in _files(item)):
            state = "hash"
        if state != "done" and any(_live(claim, holder) for claim in held.get(_call(item.info), [])):
            state = "claimed"
        found.append(Known(state, one, failure))
    return found


def _files(item: Item) -> tuple[SourceFile, ...]:
    return item.files if item.reference is None else (*item.files, item.reference)


def _from_files(item: Item, rows: Mapping[str, Row[Any]]) -> Hashes | None:
    """What the files hold, by location, size and stamp; None where one of them is not known."""
    found = []
    for file in _files(item):
        row = rows.get(storable(file.location))
        if row is None or not unchanged(file, row.size, row.stamp):
            return None
        found.append(row.sha256)
    return Hashes(tuple(found[: len(item.files)]), found[-1] if item.reference else None)


def _may_be_known(file: SourceFile, rows: Mapping[str, Row[Any]], sizes: set[int | None]) -> bool:
    return file.size in sizes or (file.size is None and storable(file.location) in rows)


def _told(
    call: Row[Any] | None, item: Item, rows: Mapping[str, Row[Any]], hashes: Hashes | None, network: NetworkOptions
) -> bool:
    """Whether the call says already what the source says of it, and where it is."""
    assert call is not None  # noqa: S101
    assert hashes is not None  # noqa: S101
    read = zip(_files(item), (*hashes.files, hashes.reference), strict=False)
    return (call.info_digest, call.location) == (info_digest(item.info, network), storable(location_of(item))) and all(
        (row := rows.get(storable(file.location))) is not None
        and (row.size, row.stamp, row.sha256) == (file.size, storable(file.stamp), sha256)
        for file, sha256 in read
    )


def _failure(item: Item, failed: Mapping[tuple[str, str], list[Row[Any]]], digest: str) -> Row[Any] | None:
    mark = fingerprint(item, digest)
    return next((row for row in failed.get(_call(item.info), []) if row.fingerprint == mark), None)


def _live(claim: Row[Any], holder: str) -> bool:
    return claim.holder != holder and claim.expires_at > datetime.now(UTC) and not is_dead(claim.holder)


def _call(info: CallInfo) -> tuple[str, str]:
    return storable(info.tenant), storable(info.call_id)


def _by_call(connection: Connection, table: Table, items: Sequence[Item]) -> dict[tuple[str, str], list[Row[Any]]]:
    """The rows of a table for the items' calls."""
    by_tenant: dict[str, set[str]] = {}
    for tenant, call_id in (_call(item.info) for item in items):
        by_tenant.setdefault(tenant, set()).add(call_id)
    found: dict[tuple[str, str], list[Row[Any]]] = {}
    for tenant, ids in by_tenant.items():
        for row in connection.execute(
            select(table).where(table.c.tenant == tenant, table.c.call_id.in_(sorted(ids))).order_by(*table.primary_key)
        ):
            found.setdefault((row.tenant, row.call_id), []).append(row)
    return found


def _in(connection: Connection, table: Table, column: Any, values: Iterable[Any]) -> Iterable[Row[Any]]:
    wanted = sorted({value for value in values if value is not None})
    if not wanted:
        return []
    chosen = select(measurements.c.id, column) if table is measurements else select(table)
    return connection.execute(chosen.where(column.in_(wanted))).all()
