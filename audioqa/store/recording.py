"""Writing calls: a report and its done mark in one transaction, metadata, failures."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any

from sqlalchemy import Connection, Table, bindparam, delete, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from audioqa.errors import StoreError
from audioqa.network import NetworkOptions
from audioqa.store import projection
from audioqa.store.keys import Hashes, audio_key, info_digest, location_of, storable
from audioqa.store.network_columns import network_columns
from audioqa.store.projection import Content
from audioqa.store.removal import drop_unused
from audioqa.store.tables import (
    FILTERED,
    call_files,
    calls,
    claims,
    events,
    failures,
    files,
    marks,
    measurements,
    parties,
    phases,
)
from audioqa.store.trend_tables import trend_overlaps
from audioqa.types.calls import CallInfo, Failure, Item, is_test_call
from audioqa.types.trends import Basis, Pair

_TRIES = 20
"""Times that a measurement is looked for and written while others write and delete it."""


def record(
    connection: Connection,
    run: int,
    item: Item,
    hashes: Hashes,
    content: Content,
    *,
    digest: str,
    processing: float | None,
    network: NetworkOptions,
) -> None:
    """Write the report of one call, its done mark and all that lists need; its failure and claim are gone then.

    Parameters
    ----------
    connection
        In a transaction.
    run
        The run at work.
    item, hashes
        The call, and what its files hold.
    content
        Its report with neutral channel names.
    digest
        Of the settings that the work was planned with.
    processing
        Seconds of the processor; None where not known.
    network
        How statistics of the network are rated.
    """
    measurement = _measurement(
        connection, audio_key(item, hashes, digest), content, digest=digest, processing=processing
    )
    _call(connection, run, item, hashes, measurement, content, network)


def share(
    connection: Connection, run: int, item: Item, hashes: Hashes, *, digest: str, network: NetworkOptions
) -> bool:
    """Give a call the measurement that another call with the same sound has; False where there is none any more."""
    row = connection.execute(
        select(measurements.c.id, measurements.c.report)
        .where(measurements.c.audio_key == audio_key(item, hashes, digest))
        .with_for_update()
    ).first()
    if row is None:
        return False
    _call(connection, run, item, hashes, row.id, projection.unpacked(row.report, ""), network)
    return True


def update_info(
    connection: Connection, run: int, item: Item, hashes: Hashes | None, *, network: NetworkOptions
) -> bool:
    """Write what a source says now of a call that is done; False where there is no such call.

    Parameters
    ----------
    connection
        In a transaction.
    run
        The run at work.
    item
        The call.
    hashes
        What its files hold, where they were read anew; None leaves the files as they are known.
    network
        How statistics of the network are rated.
    """
    found = connection.execute(
        select(calls.c.id, calls.c.at, calls.c.start_time, calls.c.scored_at, measurements.c.report)
        .join_from(calls, measurements)
        .where(calls.c.tenant == item.info.tenant, calls.c.call_id == item.info.call_id)
    ).first()
    if found is None:
        return False
    at = item.info.start_time or (found.scored_at if found.start_time else found.at)
    values = info_columns(item.info, network) | {"location": location_of(item), "at": at}
    values |= network_columns(projection.unpacked(found.report, ""), item.info, network)
    values["day"] = at.astimezone(UTC).date()
    # Rules may ask for what is known of a call: its flags are looked at again.
    connection.execute(update(calls).where(calls.c.id == found.id).values(**values, run=run, rules=None))
    connection.execute(update(marks).where(marks.c.call == found.id).values(day=values["day"]))
    if hashes is not None:
        _files(connection, found.id, item, hashes, new=False)
    _settled(connection, item)
    return True


def fail(
    connection: Connection,
    run: int,
    info: CallInfo,
    location: str,
    failure: Failure,
    *,
    mark: str,
) -> None:
    """Note that something could not be scored; its claim is gone then.

    Parameters
    ----------
    connection
        In a transaction.
    run
        The run at work.
    info, location
        The call.
    failure
        Why.
    mark
        What it was that failed (`audioqa.store.keys.fingerprint`).
    """
    now = datetime.now(UTC)
    told = {"kind": failure.kind, "message": failure.message, "fingerprint": mark, "run": run, "last_at": now}
    statement = new_row(connection, failures).values(
        tenant=info.tenant, call_id=info.call_id, location=location, attempts=1, first_at=now, **told
    )
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=[failures.c.tenant, failures.c.call_id, failures.c.location],
            set_=told | {"attempts": failures.c.attempts + 1},
        )
    )
    connection.execute(_DROP_CLAIM, {"of": info.tenant, "named": info.call_id})


def note_pair(connection: Connection, call: int, pair: Pair) -> None:
    """Keep two scores of a call; those of the same two estimators are replaced."""
    key = {
        "call": call,
        "estimator": pair.first.estimator,
        "scale": pair.first.scale,
        "other_estimator": pair.second.estimator,
        "other_scale": pair.second.scale,
    }
    told = {"mos": pair.mos, "other_mos": pair.other_mos, "scored_at": datetime.now(UTC)}
    statement = new_row(connection, trend_overlaps).values(**key, **told)
    connection.execute(statement.on_conflict_do_update(index_elements=list(key), set_=told))


def info_columns(info: CallInfo, network: NetworkOptions) -> dict[str, Any]:
    """The columns of `calls` that come from its source."""
    names = (*FILTERED, "direction", "codec", "tap")
    return {name: getattr(info, name) for name in names} | {
        "tenant": info.tenant,
        "call_id": info.call_id,
        "start_time": info.start_time,
        "roles": [storable(role) for role in info.roles],
        "network": {storable(name): value for name, value in info.network.items()},
        "tags": {storable(name): storable(value) for name, value in info.tags.items()},
        "test_call": is_test_call(info),
        "info_digest": info_digest(info, network),
    }


def new_row(connection: Connection, table: Table) -> sqlite.Insert | postgresql.Insert:
    """An INSERT of the database's own dialect, which knows ON CONFLICT."""
    return postgresql.insert(table) if connection.dialect.name == "postgresql" else sqlite.insert(table)


# Statements are made once: building one takes SQLAlchemy longer than it takes the database to carry it out.

_SAME_SOUND = select(measurements.c.id).where(measurements.c.audio_key == bindparam("key")).with_for_update()
_SAME_CALL = (
    select(calls.c.id, calls.c.measurement, calls.c.at, calls.c.start_time, calls.c.mos, calls.c.scale)
    .where(calls.c.tenant == bindparam("of"), calls.c.call_id == bindparam("named"))
    .with_for_update()
)
_FILES_OF = select(call_files.c.file).where(call_files.c.call == bindparam("of"))
_ESTIMATOR_OF = select(measurements.c.estimator).where(measurements.c.id == bindparam("of"))
_SOUND_OF = (
    select(files.c.sha256)
    .join_from(call_files, files)
    .where(call_files.c.call == bindparam("of"), call_files.c.position >= 0)
    .order_by(call_files.c.position)
)
_DROP_MARKS = delete(marks).where(marks.c.call == bindparam("of"))
_DROP_FILES = delete(call_files).where(call_files.c.call == bindparam("of"))
_DROP_CLAIM = delete(claims).where(claims.c.tenant == bindparam("of"), claims.c.call_id == bindparam("named"))
_DROP_FAILURES = delete(failures).where(
    failures.c.tenant == bindparam("of"),
    ((failures.c.call_id == bindparam("named")) & (failures.c.kind != "duplicate"))
    | (failures.c.location == bindparam("where")),
)


@cache
def _written(dialect: str, table: Table, keys: tuple[str, ...], kept: frozenset[str]) -> Any:
    """An INSERT that changes the row that is there already, all but its keys and what is kept; it tells its id."""
    statement = postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)
    changed = {
        column.name: statement.excluded[column.name]
        for column in table.c
        if column.name not in kept and column.name not in keys and column.name != "id"
    }
    # With nothing to change, the row that is there is not told.
    conflict = (
        statement.on_conflict_do_update(index_elements=list(keys), set_=changed)
        if changed
        else statement.on_conflict_do_nothing(index_elements=list(keys))
    )
    return conflict.returning(table.c.id)


def _measurement(connection: Connection, key: str, content: Content, *, digest: str, processing: float | None) -> int:
    """The measurement of that key: the one that is there, or a new one."""
    row: dict[str, Any] | None = None
    for _ in range(_TRIES):
        found = connection.execute(_SAME_SOUND, {"key": key}).scalar()
        if found is not None:
            return int(found)
        row = row or projection.measurement_row(content) | {
            "audio_key": key,
            "digest": digest,
            "processing": processing,
        }
        everything = frozenset(measurements.c.keys())
        statement = _written(connection.dialect.name, measurements, ("audio_key",), everything)
        found = connection.execute(statement, row).scalar()
        if found is not None:
            _hold(connection, int(found), content)
            return int(found)
        # Another process was quicker by a moment; and may take it away again before it is seen.
    raise StoreError("other programs write and delete the same sound all the time", "locked")


def _hold(connection: Connection, measurement: int, content: Content) -> None:
    """Write what a new measurement holds."""
    for table, rows in (
        (parties, projection.party_rows(content)),
        (events, projection.event_rows(content)),
        (phases, projection.phase_rows(content)),
    ):
        if rows:
            connection.execute(insert(table), [row | {"measurement": measurement} for row in rows])


def _call(
    connection: Connection,
    run: int,
    item: Item,
    hashes: Hashes,
    measurement: int,
    content: Content,
    network: NetworkOptions,
) -> None:
    now = datetime.now(UTC)
    named = {"of": item.info.tenant, "named": item.info.call_id}
    before = connection.execute(_SAME_CALL, named).first()
    at = item.info.start_time or (before.at if before and before.start_time is None else now)
    values = info_columns(item.info, network) | projection.call_columns(content)
    values |= network_columns(content, item.info, network)
    values |= {"location": location_of(item), "at": at, "day": at.astimezone(UTC).date()}
    values |= {"measurement": measurement, "run": run, "scored_at": now, "own_roles": None}
    statement = _written(connection.dialect.name, calls, ("tenant", "call_id"), frozenset(["own_roles"]))
    call = int(connection.execute(statement, values).scalar_one())
    if before is not None:
        if before.measurement != measurement and before.mos is not None and values["mos"] is not None:
            _note_overlap(connection, before, hashes, values, content["estimator"])
        connection.execute(_DROP_MARKS, {"of": call})
    test = is_test_call(item.info)
    rows = projection.mark_rows(content, tenant=item.info.tenant, day=values["day"], rank=values["rank"], test=test)
    if rows:
        # In order, so that two batches never wait for each other's counts of the day.
        rows.sort(key=lambda row: (row["what"], row["kind"]))
        connection.execute(insert(marks), [row | {"call": call} for row in rows])
    _files(connection, call, item, hashes, new=before is None)
    if before is not None and before.measurement != measurement:
        drop_unused(connection, measurement_ids=[before.measurement])
    _settled(connection, item)


def _note_overlap(
    connection: Connection, before: Any, hashes: Hashes, values: Mapping[str, Any], estimator: str
) -> None:
    """Keep both scores of a call whose sound was scored with another estimator before."""
    earlier = connection.execute(_ESTIMATOR_OF, {"of": before.measurement}).scalar()
    first, second = Basis(before.scale, str(earlier)), Basis(values["scale"], estimator)
    if first == second or tuple(connection.execute(_SOUND_OF, {"of": before.id}).scalars()) != hashes.files:
        return
    note_pair(connection, before.id, Pair(first, second, before.mos, values["mos"]))


def _files(connection: Connection, call: int, item: Item, hashes: Hashes, *, new: bool) -> None:
    """The files of a call, as they are now."""
    numbered = list(enumerate(zip(item.files, hashes.files, strict=True)))
    if item.reference is not None and hashes.reference is not None:
        numbered.append((-1, (item.reference, hashes.reference)))
    before = set() if new else set(connection.execute(_FILES_OF, {"of": call}).scalars())
    statement = _written(connection.dialect.name, files, ("location",), frozenset())
    rows = []
    # In the order of their names, so that two batches never wait for each other's.
    for position, (file, sha256) in sorted(numbered, key=lambda one: one[1][0].location):
        seen = {"location": file.location, "size": file.size, "stamp": file.stamp, "sha256": sha256}
        rows.append({"call": call, "position": position, "file": connection.execute(statement, seen).scalar_one()})
    if not new:
        connection.execute(_DROP_FILES, {"of": call})
    connection.execute(insert(call_files), rows)
    drop_unused(connection, file_ids=sorted(before - {row["file"] for row in rows}))


def _settled(connection: Connection, item: Item) -> None:
    """Nothing is left to be done for a call: its failures and its claim go, and what another file failed at stays."""
    named = {"of": item.info.tenant, "named": item.info.call_id}
    connection.execute(_DROP_FAILURES, named | {"where": location_of(item)})
    connection.execute(_DROP_CLAIM, named)
