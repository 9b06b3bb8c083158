"""What the figures on flags rest on: the calls that were judged, and how many there are of each sort."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, case, exists, func, or_, select

from audioqa.store.query import Query, conditions
from audioqa.store.review.rows import Act, Judged, Opinion
from audioqa.store.review_tables import review_queue, review_ratings, review_turns, review_verdicts
from audioqa.store.tables import calls, marks


@dataclass(frozen=True)
class Sort:
    """Calls of one sort, and how many.

    Parameters
    ----------
    flagged
        Whether rules flag them now.
    otherwise
        Whether a rule other than the one on the MOS flags them.
    below
        For each threshold asked for, whether their MOS is below it; False where there is none.
    calls
        How many there are.
    """

    flagged: bool
    otherwise: bool
    below: tuple[bool, ...]
    calls: int


def sorts(
    connection: Connection, tenant: str, *, since: datetime, until: datetime, rule: str, thresholds: Sequence[float]
) -> list[Sort]:
    """How many calls there are of each sort.

    Parameters
    ----------
    connection
        In a transaction.
    tenant
        Whose.
    since, until
        Calls that began in this time.
    rule
        Name of the rule on the MOS.
    thresholds
        Of the MOS, rising.
    """
    other = exists().where(marks.c.call == calls.c.id, marks.c.what == "flag", marks.c.kind != rule)
    otherwise = and_(calls.c.flagged, other)
    # Of rising thresholds a call is below all from some place on: that place is all that has to be counted by.
    place = case(
        (calls.c.mos.is_(None), len(thresholds)),
        *((calls.c.mos < threshold, index) for index, threshold in enumerate(thresholds)),
        else_=len(thresholds),
    )
    named = [calls.c.flagged.label("flagged"), otherwise.label("otherwise"), place.label("place")]
    chosen = select(*named, func.count().label("calls")).where(*conditions(Query(since=since, until=until), tenant))
    found = connection.execute(chosen.group_by("flagged", "otherwise", "place"))
    return [
        Sort(row.flagged, bool(row.otherwise), tuple(row.place <= index for index in range(len(thresholds))), row.calls)
        for row in found
    ]


def judged(connection: Connection, tenant: str, *, since: datetime, until: datetime) -> list[Judged]:
    """Every call of a time that somebody has rated, in the order of the calls.

    Parameters
    ----------
    connection
        In a transaction.
    tenant
        Whose.
    since, until
        Calls that began in this time.
    """
    queue = review_queue.c
    found = connection.execute(
        select(
            queue.stratum,
            queue.trunk,
            queue.hour,
            queue.fault,
            calls.c.id,
            calls.c.call_id,
            calls.c.flagged,
            calls.c.mos,
        )
        .join_from(review_queue, calls, queue.call == calls.c.id)
        .where(queue.tenant == tenant, queue.at >= since, queue.at < until)
        .where(exists().where(review_turns.c.call == queue.call, review_turns.c.id == review_ratings.c.turn))
        .order_by(calls.c.id)
    ).all()
    keys = [row.id for row in found]
    opinions = _opinions(connection, keys)
    rules = _rules(connection, keys)
    weights = _weights(connection, tenant, since, until)
    return [
        Judged(
            call=row.id,
            call_id=row.call_id,
            stratum=row.stratum,
            flagged=row.flagged,
            mos=row.mos,
            rules=frozenset(rules[row.id]),
            opinions=tuple(opinions[row.id]),
            weight=weights.get((row.trunk, row.hour, row.fault), 1.0) if row.fault else 1.0,
        )
        for row in found
    ]


def unjudged(connection: Connection, tenant: str, *, since: datetime, until: datetime) -> int:
    """Calls of the queue that are handed out and have no verdict yet."""
    queue = review_queue.c
    chosen = select(func.count()).where(
        queue.tenant == tenant, queue.at >= since, queue.at < until, queue.example, queue.given == 0
    )
    return int(connection.execute(chosen).scalar_one())


def trail(connection: Connection, tenant: str, call_id: str) -> list[Act]:
    """Everything that was done to a call by reviewers, in the order of time.

    Parameters
    ----------
    connection
        In a transaction.
    tenant, call_id
        The call.
    """
    turn = review_turns.c
    turns = connection.execute(
        select(review_turns, review_ratings.c.rating, review_ratings.c.at.label("rated_at"))
        .join_from(review_turns, calls, turn.call == calls.c.id)
        .outerjoin(review_ratings, review_ratings.c.turn == turn.id)
        .where(turn.tenant == tenant, calls.c.tenant == tenant, calls.c.call_id == call_id)
        .order_by(turn.id)
    ).all()
    acts: list[Act] = []
    for row in turns:
        acts.append(Act(row.given_at, row.reviewer, "given", row.id))
        if row.rating is not None:
            acts.append(Act(row.rated_at, row.reviewer, "rated", row.id, rating=row.rating))
        if row.outcome in ("returned", "expired"):
            acts.append(Act(row.ended_at, row.reviewer, row.outcome, row.id))
    seen: set[int] = set()
    verdicts = select(review_verdicts).where(review_verdicts.c.turn.in_([row.id for row in turns]))
    for row in connection.execute(verdicts.order_by(review_verdicts.c.id)):
        what = "changed" if row.turn in seen else "judged"
        seen.add(row.turn)
        acts.append(Act(row.at, row.by, what, row.turn, verdict=row.verdict, labels=tuple(row.labels), note=row.note))
    return sorted(acts, key=lambda act: act.at)


def _opinions(connection: Connection, keys: Sequence[int]) -> dict[int, list[Opinion]]:
    found: defaultdict[int, list[Opinion]] = defaultdict(list)
    for part in _parts(keys):
        turns = connection.execute(
            select(review_turns.c.id, review_turns.c.call, review_turns.c.reviewer, review_ratings.c.rating)
            .join_from(review_turns, review_ratings)
            .where(review_turns.c.call.in_(part))
            .order_by(review_ratings.c.at, review_turns.c.id)
        ).all()
        last: dict[int, Any] = {}
        for some in _parts([row.id for row in turns]):
            chosen = select(review_verdicts).where(review_verdicts.c.turn.in_(some)).order_by(review_verdicts.c.id)
            last |= {row.turn: row for row in connection.execute(chosen)}
        for row in turns:
            said = last.get(row.id)
            told = (said.verdict, tuple(said.labels), said.at) if said else (None,)
            found[row.call].append(Opinion(row.reviewer, row.rating, *told))
    return found


def _rules(connection: Connection, keys: Sequence[int]) -> dict[int, set[str]]:
    found: defaultdict[int, set[str]] = defaultdict(set)
    for part in _parts(keys):
        chosen = select(marks.c.call, marks.c.kind).where(marks.c.call.in_(part), marks.c.what == "flag")
        for row in connection.execute(chosen):
            found[row.call].add(row.kind)
    return found


def _weights(connection: Connection, tenant: str, since: datetime, until: datetime) -> dict[tuple[Any, ...], float]:
    """By incident, its calls for each of its examples."""
    queue = review_queue.c
    examples = func.sum(case((or_(queue.example, queue.given > 0), 1), else_=0))
    chosen = (
        select(queue.trunk, queue.hour, queue.fault, func.count().label("calls"), examples.label("examples"))
        .where(queue.tenant == tenant, queue.at >= since, queue.at < until, queue.fault.is_not(None))
        .group_by(queue.trunk, queue.hour, queue.fault)
    )
    return {
        (row.trunk, row.hour, row.fault): row.calls / row.examples for row in connection.execute(chosen) if row.examples
    }


def _parts(keys: Sequence[int], size: int = 500) -> Iterable[Sequence[int]]:
    return (keys[start : start + size] for start in range(0, len(keys), size))
