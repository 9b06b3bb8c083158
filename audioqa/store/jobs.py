"""Jobs: recordings that were accepted, and who is scoring them.

A job is handed to one server at a time, which holds it until its lease runs out, and not even so long where its process
is seen to be dead on this machine. It is settled in the transaction that writes its report, and only by its holder: so
it is scored once, whatever dies in between. On PostgreSQL servers pass each other's rows by instead of waiting.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from audioqa.store.holders import is_dead
from audioqa.store.keys import Hashes
from audioqa.store.service_tables import jobs
from audioqa.types.calls import CallInfo, Failure, Item, SourceFile

NOW, BULK = 0, 10
"""Priorities: what somebody waits for, and what may wait for everything else."""

MOST_ATTEMPTS = 5
"""A job whose server died so often is given up: it may be what kills them."""


@dataclass(frozen=True)
class NewJob:
    """A recording to be accepted.

    Parameters
    ----------
    name
        By which it is asked after: 32 hexadecimal digits.
    item
        The call.
    hashes
        What its files hold.
    file_name
        As its sender calls it.
    size
        Bytes.
    by
        Who sent it.
    fingerprint
        Of everything that was sent: what comes again under the same idempotency key has to be the same.
    idempotency_key
        The sender's; None without.
    priority
        `NOW` or `BULK`.
    """

    name: str
    item: Item
    hashes: Hashes
    file_name: str
    size: int
    by: str
    fingerprint: str
    idempotency_key: str | None = None
    priority: int = NOW


@dataclass(frozen=True)
class Job:
    """A job as it stands.

    Parameters
    ----------
    key
        The store's number of it.
    name, item, hashes, file_name, size, by, fingerprint, priority
        As `NewJob` has them.
    state
        ``waiting``, ``running``, ``scored`` or ``failed``.
    attempts
        How often a server began with it.
    done, total
        Seconds of sound that are analysed, and in all; None where not known.
    failure
        Why it failed; None where it did not.
    accepted_at, started_at, ended_at
        UTC.
    """

    key: int
    name: str
    item: Item
    hashes: Hashes
    file_name: str
    size: int
    by: str
    fingerprint: str
    priority: int
    state: str
    attempts: int
    done: float | None
    total: float | None
    failure: Failure | None
    accepted_at: datetime
    started_at: datetime | None
    ended_at: datetime | None


def enqueue(connection: Connection, new: NewJob) -> Job | None:
    """Accept a job; None where its idempotency key has been used (`by_idempotency_key`)."""
    info = new.item.info
    values = {
        "tenant": info.tenant,
        "name": new.name,
        "call_id": info.call_id,
        "file_name": new.file_name,
        "item": _item_values(new.item),
        "hashes": asdict(new.hashes),
        "size": new.size,
        "priority": new.priority,
        "state": "waiting",
        "attempts": 0,
        "by": new.by,
        "idempotency_key": new.idempotency_key,
        "fingerprint": new.fingerprint,
        "accepted_at": datetime.now(UTC),
    }
    try:
        with connection.begin_nested():
            return _job(connection.execute(insert(jobs).values(**values).returning(jobs)).one())
    except IntegrityError:
        return None


def by_idempotency_key(connection: Connection, tenant: str, key: str) -> Job | None:
    """The job that came under a key."""
    return _first(connection, jobs.c.tenant == tenant, jobs.c.idempotency_key == key)


def find_job(connection: Connection, tenant: str, name: str) -> Job | None:
    """A tenant's job by its name."""
    return _first(connection, jobs.c.tenant == tenant, jobs.c.name == name)


def latest_of_call(connection: Connection, tenant: str, call_id: str) -> Job | None:
    """The job that came last for a call."""
    return _first(connection, jobs.c.tenant == tenant, jobs.c.call_id == call_id)


def list_jobs(
    connection: Connection, tenant: str, *, state: str | None = None, before: int | None = None, most: int = 100
) -> list[Job]:
    """A tenant's jobs, the latest first; only those before a number, where that is given."""
    chosen = select(jobs).where(jobs.c.tenant == tenant).order_by(jobs.c.id.desc()).limit(most)
    if state is not None:
        chosen = chosen.where(jobs.c.state == state)
    if before is not None:
        chosen = chosen.where(jobs.c.id < before)
    return [_job(row) for row in connection.execute(chosen)]


def known_names(connection: Connection, names: Sequence[str]) -> set[str]:
    """Those of some names that are names of jobs."""
    return set(connection.execute(select(jobs.c.name).where(jobs.c.name.in_(list(names)))).scalars())


def take(connection: Connection, *, holder: str, lease: float, most: int) -> list[Job]:
    """Begin with the jobs that are next.

    Parameters
    ----------
    connection
        In a transaction.
    holder
        Who begins.
    lease
        Seconds until others may take them over, unless they are renewed.
    most
        How many.

    Returns
    -------
    list of Job
        Some of them may have been begun with too often: `Job.attempts` says so.
    """
    now = datetime.now(UTC)
    free_the_dead(connection)
    # Two questions, each of which goes along an index, so that a long queue costs nothing.
    waiting = jobs.c.state == "waiting", or_(jobs.c.lease.is_(None), jobs.c.lease <= now)
    forsaken = jobs.c.state == "running", jobs.c.lease <= now
    keys: list[int] = []
    for conditions in (forsaken, waiting):
        if len(keys) < most:
            chosen = select(jobs.c.id).where(*conditions).order_by(jobs.c.priority, jobs.c.id).limit(most - len(keys))
            keys += connection.execute(chosen.with_for_update(skip_locked=True)).scalars()
    if not keys:
        return []
    values = {"state": "running", "holder": holder, "lease": now + timedelta(seconds=lease), "started_at": now}
    values |= {"attempts": jobs.c.attempts + 1, "done": None, "total": None}
    rows = connection.execute(update(jobs).where(jobs.c.id.in_(keys)).values(values).returning(jobs)).all()
    return sorted(map(_job, rows), key=lambda job: (job.priority, job.key))


def free_the_dead(connection: Connection) -> None:
    """Have what dead processes of this machine were at wait again."""
    holders = connection.execute(select(jobs.c.holder).where(jobs.c.state == "running").distinct()).scalars()
    dead = [holder for holder in holders if holder is not None and is_dead(holder)]
    if dead:
        theirs = jobs.c.holder.in_(dead), jobs.c.state == "running"
        connection.execute(update(jobs).where(*theirs).values(state="waiting", holder=None, lease=None))


def renew(
    connection: Connection, *, holder: str, lease: float, progress: Mapping[int, tuple[float, float | None]]
) -> None:
    """Keep what is held, and note how far it is.

    Parameters
    ----------
    connection
        In a transaction.
    holder
        Who holds it.
    lease
        Seconds from now.
    progress
        Seconds of sound done and in all, by job number.
    """
    until = datetime.now(UTC) + timedelta(seconds=lease)
    mine = jobs.c.holder == holder, jobs.c.state == "running"
    connection.execute(update(jobs).where(*mine).values(lease=until))
    for key, (done, total) in sorted(progress.items()):
        connection.execute(update(jobs).where(jobs.c.id == key, *mine).values(done=done, total=total))


def give_back(
    connection: Connection, *, holder: str, keys: Sequence[int] | None = None, wait: float = 0.0, counted: bool = False
) -> int:
    """Have jobs wait again; how many they were.

    Parameters
    ----------
    connection
        In a transaction.
    holder
        Who holds them.
    keys
        Which; None for all.
    wait
        Seconds until they may be begun with.
    counted
        Whether this counts as an attempt.
    """
    mine = [jobs.c.holder == holder, jobs.c.state == "running"]
    if keys is not None:
        mine.append(jobs.c.id.in_(list(keys)))
    values: dict[str, Any] = {"state": "waiting", "holder": None, "done": None, "total": None}
    values["lease"] = datetime.now(UTC) + timedelta(seconds=wait) if wait else None
    if not counted:
        values["attempts"] = jobs.c.attempts - 1
    return connection.execute(update(jobs).where(*mine).values(values)).rowcount


def settle(connection: Connection, key: int, *, holder: str, failure: Failure | None = None) -> bool:
    """Note that a job is done, or has failed; False where it is not this holder's any more, or has been deleted."""
    values: dict[str, Any] = {"state": "scored", "holder": None, "lease": None, "ended_at": datetime.now(UTC)}
    if failure is not None:
        values |= {"state": "failed", "failure_kind": failure.kind, "failure": failure.message}
    mine = jobs.c.id == key, jobs.c.holder == holder, jobs.c.state == "running"
    return connection.execute(update(jobs).where(*mine).values(values)).rowcount > 0


def count_waiting(connection: Connection, *, most: int, priority: int | None = None) -> int:
    """How many jobs wait, counted as far as `most`; only those of a priority where that is given."""
    waiting = select(jobs.c.id).where(jobs.c.state == "waiting")
    if priority is not None:
        waiting = waiting.where(jobs.c.priority == priority)
    return int(connection.execute(select(func.count()).select_from(waiting.limit(most).subquery())).scalar_one())


def oldest_waiting(connection: Connection) -> datetime | None:
    """When the job was accepted that has waited longest among what is next."""
    chosen = select(jobs.c.accepted_at).where(jobs.c.state == "waiting").order_by(jobs.c.priority, jobs.c.id)
    return connection.execute(chosen.limit(1)).scalar()


def _first(connection: Connection, *conditions: Any) -> Job | None:
    row = connection.execute(select(jobs).where(*conditions).order_by(jobs.c.id.desc()).limit(1)).first()
    return _job(row) if row else None


def _job(row: Row[Any]) -> Job:
    return Job(
        key=row.id,
        name=row.name,
        item=_item(row.item),
        hashes=Hashes(tuple(row.hashes["files"]), row.hashes["reference"]),
        file_name=row.file_name,
        size=row.size,
        by=row.by,
        fingerprint=row.fingerprint,
        priority=row.priority,
        state=row.state,
        attempts=row.attempts,
        done=row.done,
        total=row.total,
        failure=None if row.failure_kind is None else Failure(row.failure_kind, row.failure),
        accepted_at=row.accepted_at,
        started_at=row.started_at,
        ended_at=row.ended_at,
    )


def _item_values(item: Item) -> dict[str, Any]:
    values = asdict(item)
    start = item.info.start_time
    values["info"]["start_time"] = None if start is None else start.isoformat()
    return values


def _item(values: Mapping[str, Any]) -> Item:
    info = dict(values["info"])
    start, roles = info["start_time"], info["roles"]
    info |= {"start_time": None if start is None else datetime.fromisoformat(start), "roles": tuple(roles)}
    reference = values["reference"]
    return Item(
        files=tuple(SourceFile(**file) for file in values["files"]),
        info=CallInfo(**info),
        encoding=values["encoding"],
        rate=values["rate"],
        channel_count=values["channel_count"],
        reference=None if reference is None else SourceFile(**reference),
    )
