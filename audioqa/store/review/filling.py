"""Filling the queue: flagged calls of the last days, and a random sample of the others."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from sqlalchemy import ColumnElement, Connection, and_, delete, exists, func, insert, or_, select, text, update

from audioqa.store.kinds import kinds_in_use
from audioqa.store.review.rows import Queued
from audioqa.store.review_tables import review_queue, review_ratings, review_turns
from audioqa.store.tables import calls, marks

Group = tuple[str, datetime]
"""A trunk, and the beginning of an hour."""

_TRIES, _AT_ONCE = 20, 200
"""How often, and how many calls at once, are drawn by their numbers before all are looked at."""

_LOCK = 7_302_114


def lock(connection: Connection, tenant: str) -> None:
    """Let no one else fill or hand out from this tenant's queue until the transaction ends; SQLite has one writer."""
    if connection.dialect.name == "postgresql":
        statement = text("SELECT pg_advisory_xact_lock(:key, hashtext(:tenant))")
        connection.execute(statement, {"key": _LOCK, "tenant": tenant})


def drop_settled(connection: Connection, tenant: str, *, since: datetime) -> set[Group]:
    """Take out what nobody has touched and what no rule flags any more, or is older; the groups that lost a call.

    Parameters
    ----------
    connection
        In a transaction.
    tenant
        Whose.
    since
        Calls that began before it are too old.
    """
    queue = review_queue.c
    flagged = exists().where(calls.c.id == queue.call, calls.c.flagged)
    gone = connection.execute(
        delete(review_queue)
        .where(queue.tenant == tenant, ~_touched())
        .where(or_(queue.at < since, and_(queue.stratum == "flagged", ~flagged)))
        .returning(queue.trunk, queue.hour)
    )
    groups = {(row.trunk, row.hour) for row in gone if row.hour is not None}
    # A call of the sample that a rule flags now is one of the flagged, unless somebody was at it before.
    connection.execute(
        delete(review_queue).where(queue.tenant == tenant, queue.stratum == "sample", flagged, ~_touched())
    )
    return groups


def add_flagged(
    connection: Connection, tenant: str, *, since: datetime, twice: float, chance: random.Random
) -> set[Group]:
    """Put flagged calls that are not in the queue into it; the groups that they belong to.

    Parameters
    ----------
    connection
        In a transaction.
    tenant
        Whose.
    since
        Only calls that began then or later.
    twice
        Share that two people review.
    chance
        Of what is drawn.
    """
    # Rule by rule, so that the index leads to the days, however many calls there are of before.
    rules = kinds_in_use(connection, tenant, "flag")
    flagged = select(marks.c.call).where(marks.c.tenant == tenant, marks.c.what == "flag", marks.c.kind.in_(rules))
    found = connection.execute(
        select(calls.c.id, calls.c.trunk, calls.c.start_time, calls.c.at, calls.c.rank)
        .where(calls.c.tenant == tenant, calls.c.id.in_(flagged.where(marks.c.day >= since.date())))
        .where(
            calls.c.at >= since,
            calls.c.flagged,
            calls.c.test_call.is_(False),
            ~exists().where(review_queue.c.call == calls.c.id),
        )
        .order_by(calls.c.id)
    ).all()
    rows = []
    for call in found:
        hour = None
        if call.trunk and call.start_time is not None:
            hour = call.start_time.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
        drawn = _drawn(chance, twice) | {"call": call.id, "tenant": tenant, "rank": call.rank, "at": call.at}
        rows.append(drawn | {"stratum": "flagged", "trunk": call.trunk if hour else None, "hour": hour})
    if rows:
        connection.execute(insert(review_queue), rows)
    return {(row["trunk"], row["hour"]) for row in rows if row["hour"] is not None}


def read_group(connection: Connection, tenant: str, group: Group) -> list[Queued]:
    """The flagged calls of one hour on one trunk, with the rules that flag them."""
    queue = review_queue.c
    found = connection.execute(
        select(queue.call, queue.place, queue.fault, queue.example, _touched().label("touched"))
        .where(queue.tenant == tenant, queue.trunk == group[0], queue.hour == group[1], queue.stratum == "flagged")
        .order_by(queue.place)
    ).all()
    rules: dict[int, set[str]] = {row.call: set() for row in found}
    for part in _parts(list(rules)):
        chosen = select(marks.c.call, marks.c.kind).where(marks.c.call.in_(part), marks.c.what == "flag")
        for mark in connection.execute(chosen):
            rules[mark.call].add(mark.kind)
    return [
        Queued(row.call, row.place, frozenset(rules[row.call]), bool(row.touched), row.fault, row.example)
        for row in found
    ]


def sort_in(connection: Connection, queued: Iterable[Queued]) -> None:
    """Write what calls have in common with others, and which of them are handed out."""
    for one in queued:
        connection.execute(
            update(review_queue).where(review_queue.c.call == one.call).values(fault=one.fault, example=one.example)
        )


def counts(connection: Connection, tenant: str, *, since: datetime) -> dict[str, int]:
    """How many calls that began since then are handed out, sooner or later or before, by stratum."""
    queue = review_queue.c
    found = connection.execute(
        select(queue.stratum, func.count())
        .where(queue.tenant == tenant, queue.at >= since, queue.example)
        .group_by(queue.stratum)
    )
    return {"flagged": 0, "sample": 0} | {stratum: int(count) for stratum, count in found}


def add_sample(
    connection: Connection, tenant: str, count: int, *, since: datetime, twice: float, chance: random.Random
) -> int:
    """Draw unflagged calls at random, each as likely as any other, and put them into the queue; how many there were.

    Parameters
    ----------
    connection
        In a transaction.
    tenant
        Whose.
    count
        How many.
    since
        Only calls that began then or later.
    twice
        Share that two people review.
    chance
        Of what is drawn.
    """
    chosen = _others(connection, tenant, count, since=since, chance=chance)
    rows = []
    for part in _parts(chosen):
        found = connection.execute(select(calls.c.id, calls.c.at, calls.c.rank).where(calls.c.id.in_(part)))
        for call in found:
            drawn = _drawn(chance, twice) | {"call": call.id, "tenant": tenant, "rank": call.rank, "at": call.at}
            rows.append(drawn | {"stratum": "sample", "trunk": None, "hour": None})
    if rows:
        connection.execute(insert(review_queue), rows)
    return len(rows)


def _others(connection: Connection, tenant: str, count: int, *, since: datetime, chance: random.Random) -> list[int]:
    """Numbers of unflagged calls that are not in the queue.

    Numbers between the first and the last are drawn and those kept that fit, which favours none; where hardly any
    fits, all that fit are listed.
    """
    fits = [
        calls.c.tenant == tenant,
        calls.c.at >= since,
        calls.c.flagged.is_(False),
        calls.c.test_call.is_(False),
        ~exists().where(review_queue.c.call == calls.c.id),
    ]
    first, last = connection.execute(select(func.min(calls.c.id), func.max(calls.c.id))).one()
    chosen: list[int] = []
    if first is None or count <= 0:
        return chosen
    for _ in range(_TRIES if last - first > _TRIES * _AT_ONCE else 0):
        drawn = [chance.randint(first, last) for _ in range(_AT_ONCE)]
        found = set(connection.execute(select(calls.c.id).where(calls.c.id.in_(drawn), *fits)).scalars())
        chosen += [number for number in dict.fromkeys(drawn) if number in found and number not in chosen]
        if len(chosen) >= count:
            return chosen[:count]
    every = list(connection.execute(select(calls.c.id).where(*fits).order_by(calls.c.id)).scalars())
    return chance.sample(every, min(count, len(every)))


def _drawn(chance: random.Random, twice: float) -> dict[str, float | int | bool | None]:
    return {
        "place": chance.random(),
        "wanted": 2 if chance.random() < twice else 1,
        "given": 0,
        "fault": None,
        "example": True,
    }


def _touched() -> ColumnElement[bool]:
    """Whether somebody has a call of the queue, has judged it, or has seen what audioqa says of it."""
    turn = review_turns.c
    rated = exists().where(review_ratings.c.turn == turn.id)
    mine = exists().where(turn.call == review_queue.c.call, or_(turn.ended_at.is_(None), rated))
    return or_(review_queue.c.given > 0, mine)


def _parts(keys: Sequence[int], size: int = 500) -> Iterable[Sequence[int]]:
    return (keys[start : start + size] for start in range(0, len(keys), size))
