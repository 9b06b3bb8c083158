"""Answers of scorecards that were filled in elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from sqlalchemy import Connection, select

from audioqa.store.recording import new_row
from audioqa.store.review.rows import Answer
from audioqa.store.review_tables import scorecard_answers
from audioqa.store.tables import calls


def put_answers(
    connection: Connection, tenant: str, answers: Sequence[Answer], *, by: str, now: datetime
) -> list[bool]:
    """Keep answers, each in place of the same evaluator's earlier one; False for each whose call is not known.

    Parameters
    ----------
    connection
        In a transaction.
    tenant
        Whose.
    answers
        What was answered.
    by, now
        Who brings them in, and when.
    """
    names = sorted({answer.call_id for answer in answers})
    known: dict[str, int] = {}
    for start in range(0, len(names), 500):
        part = names[start : start + 500]
        chosen = select(calls.c.call_id, calls.c.id).where(calls.c.tenant == tenant, calls.c.call_id.in_(part))
        known |= {row.call_id: row.id for row in connection.execute(chosen)}
    for answer in answers:
        if answer.call_id not in known:
            continue
        told = {
            "answer": answer.answer,
            "answered_at": answer.answered_at,
            "imported_at": now,
            "imported_by": by,
        }
        statement = new_row(connection, scorecard_answers).values(
            tenant=tenant,
            call=known[answer.call_id],
            question=answer.question,
            evaluator=answer.evaluator,
            **told,
        )
        keys = [scorecard_answers.c.call, scorecard_answers.c.question, scorecard_answers.c.evaluator]
        connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=told))
    return [answer.call_id in known for answer in answers]


def list_answers(
    connection: Connection, tenant: str, question: str, *, since: datetime, until: datetime
) -> Iterator[tuple[Answer, bool]]:
    """Answers to a question about calls of a time, each with whether rules flag the call now."""
    chosen = (
        select(scorecard_answers, calls.c.call_id, calls.c.flagged)
        .join_from(scorecard_answers, calls)
        .where(scorecard_answers.c.tenant == tenant, scorecard_answers.c.question == question)
        .where(calls.c.at >= since, calls.c.at < until)
        .order_by(calls.c.call_id, scorecard_answers.c.evaluator)
    )
    for row in connection.execute(chosen):
        yield Answer(row.call_id, row.question, row.answer, row.evaluator, row.answered_at), row.flagged


def questions(connection: Connection, tenant: str) -> list[str]:
    """Every question that has answers, in order."""
    chosen = select(scorecard_answers.c.question).where(scorecard_answers.c.tenant == tenant).distinct()
    return sorted(connection.execute(chosen).scalars())
