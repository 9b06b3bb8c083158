"""Whose turn it is at which call: given to one person at a time, with a lease; rating and verdicts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, Row, Select, exists, func, insert, or_, select, update

from audioqa.store.recording import new_row
from audioqa.store.review.rows import Outcome, Turn
from audioqa.store.review_tables import review_queue, review_ratings, review_turns, review_verdicts
from audioqa.store.tables import calls

_TRIED = 50
"""Calls that are tried in turn where others take them at the same moment."""


def expire(connection: Connection, tenant: str, now: datetime) -> None:
    """End the turns of those who gave no sign of life."""
    turn = review_turns.c
    connection.execute(
        update(review_turns)
        .where(turn.tenant == tenant, turn.ended_at.is_(None), turn.expires_at <= now)
        .values(ended_at=now, outcome="expired")
    )


def open_turn(connection: Connection, tenant: str, reviewer: str) -> Turn | None:
    """The turn that a reviewer has; None where there is none."""
    turn = review_turns.c
    return _one(connection, _turns().where(turn.tenant == tenant, turn.reviewer == reviewer, turn.ended_at.is_(None)))


def find_turn(connection: Connection, tenant: str, key: int) -> Turn | None:
    """A turn by its number; None where this tenant has none of it."""
    return _one(connection, _turns().where(review_turns.c.tenant == tenant, review_turns.c.id == key))


def used(connection: Connection, tenant: str, team: str, day: date) -> int:
    """Calls that a team has had on a day: judged, rated or in somebody's hands; not what was given back."""
    turn = review_turns.c
    rated = exists().where(review_ratings.c.turn == turn.id)
    counted = or_(turn.ended_at.is_(None), turn.outcome == "judged", rated)
    chosen = select(func.count()).where(turn.tenant == tenant, turn.team == team, turn.day == day, counted)
    return int(connection.execute(chosen).scalar_one())


def waiting(connection: Connection, tenant: str, reviewer: str) -> dict[str, int]:
    """Calls that could be given to a reviewer, by stratum; those that others have at the moment are among them."""
    chosen = select(review_queue.c.stratum, func.count()).where(*_waiting(tenant, reviewer))
    found = connection.execute(chosen.group_by(review_queue.c.stratum))
    return {"flagged": 0, "sample": 0} | {stratum: int(count) for stratum, count in found}


def give(
    connection: Connection,
    tenant: str,
    reviewer: str,
    *,
    team: str,
    now: datetime,
    until: datetime,
    stratum: Literal["flagged", "sample"] | None,
    worst_first: bool,
) -> Turn | None:
    """Give a reviewer the next call that nobody has; None where there is none.

    Parameters
    ----------
    connection
        In a transaction.
    tenant, reviewer, team
        Whose turn it is.
    now, until
        From when, and until when it lasts without a sign of life.
    stratum
        Only flagged ones, or only the sample; None for both, mixed.
    worst_first
        Whether the worst come first, or the order is random.
    """
    queue = review_queue.c
    taken = exists().where(review_turns.c.call == queue.call, review_turns.c.ended_at.is_(None))
    # What no rule flags any more is taken out of the queue when it is next filled.
    there = or_(queue.stratum == "sample", exists().where(calls.c.id == queue.call, calls.c.flagged))
    chosen = select(queue.call).where(*_waiting(tenant, reviewer), ~taken, there)
    if stratum is not None:
        chosen = chosen.where(queue.stratum == stratum)
    order = (queue.rank, queue.place) if worst_first else (queue.place,)
    for call in connection.execute(chosen.order_by(*order).limit(_TRIED)).scalars().all():
        now_known = connection.execute(select(calls.c.flagged, calls.c.mos).where(calls.c.id == call)).one()
        statement = new_row(connection, review_turns).values(
            tenant=tenant,
            call=call,
            reviewer=reviewer,
            team=team,
            day=now.astimezone(UTC).date(),
            given_at=now,
            expires_at=until,
            flagged=now_known.flagged,
            mos=now_known.mos,
        )
        key = connection.execute(statement.on_conflict_do_nothing().returning(review_turns.c.id)).scalar()
        if key is not None:
            return find_turn(connection, tenant, key)
    return None


def renew(connection: Connection, key: int, until: datetime) -> None:
    """Put off the end of a turn that is still on."""
    turn = review_turns.c
    connection.execute(update(review_turns).where(turn.id == key, turn.ended_at.is_(None)).values(expires_at=until))


def end(connection: Connection, key: int, outcome: Outcome, now: datetime) -> None:
    """End a turn."""
    connection.execute(update(review_turns).where(review_turns.c.id == key).values(ended_at=now, outcome=outcome))


def rate(connection: Connection, key: int, rating: int, now: datetime) -> bool:
    """Note the blind rating of a turn; False where it has one already, which stays."""
    statement = new_row(connection, review_ratings).values(turn=key, at=now, rating=rating).on_conflict_do_nothing()
    return connection.execute(statement.returning(review_ratings.c.turn)).first() is not None


def judge(
    connection: Connection, turn: Turn, by: str, verdict: str, *, labels: Sequence[str], note: str, now: datetime
) -> None:
    """Note a verdict: the first one ends the turn, later ones stand beside it.

    Parameters
    ----------
    connection
        In a transaction.
    turn
        As it was read in this transaction.
    by
        Who says so.
    verdict, labels, note
        What.
    now
        When.
    """
    values = {"turn": turn.key, "at": now, "by": by, "verdict": verdict, "labels": list(labels), "note": note}
    connection.execute(insert(review_verdicts).values(**values))
    if turn.outcome != "judged":
        end(connection, turn.key, "judged", now)
        queue = review_queue.c
        connection.execute(update(review_queue).where(queue.call == turn.call).values(given=queue.given + 1))


def _waiting(tenant: str, reviewer: str) -> list[ColumnElement[bool]]:
    """What must be true of a call that waits for a reviewer: no one is asked twice."""
    queue, turn = review_queue.c, review_turns.c
    rated = exists().where(review_ratings.c.turn == turn.id)
    had = exists().where(
        turn.call == queue.call, turn.reviewer == reviewer, or_(turn.outcome.in_(("judged", "returned")), rated)
    )
    return [queue.tenant == tenant, queue.example.is_(True), queue.given < queue.wanted, ~had]


def _turns() -> Select[Any]:
    return (
        select(review_turns, review_ratings.c.rating, calls.c.call_id)
        .join_from(review_turns, calls, review_turns.c.call == calls.c.id)
        .outerjoin(review_ratings, review_ratings.c.turn == review_turns.c.id)
    )


def _one(connection: Connection, chosen: Select[Any]) -> Turn | None:
    row: Row[Any] | None = connection.execute(chosen).first()
    if row is None:
        return None
    return Turn(
        key=row.id,
        tenant=row.tenant,
        call=row.call,
        call_id=row.call_id,
        reviewer=row.reviewer,
        team=row.team,
        given_at=row.given_at,
        expires_at=row.expires_at,
        ended_at=row.ended_at,
        outcome=row.outcome,
        flagged=row.flagged,
        mos=row.mos,
        rating=row.rating,
    )
