"""The tables of the review queue, in the metadata of `audioqa.store.tables`.

Nothing in them is ever written over that somebody said of a call: a rating is given once, and a verdict that is changed
is one more row. The rows in the order of their moments are the audit trail. With its call goes all that was said of it.
"""

from __future__ import annotations

from sqlalchemy import JSON, Boolean, Column, Date, Float, ForeignKey, Index, Integer, String, Table, Text

from audioqa.store.tables import Number, Utc, Words, metadata


def _of_call(*, primary_key: bool = False) -> Column[int]:
    return Column("call", Number, ForeignKey("calls.id", ondelete="CASCADE"), primary_key=primary_key, nullable=False)


review_queue = Table(
    "review_queue",
    metadata,
    _of_call(primary_key=True),
    Column("tenant", Words, nullable=False),
    Column("stratum", String(7), nullable=False),  # flagged, or sample: one of the others, drawn at random
    Column("place", Float, nullable=False),  # 0 to 1 at random: the order in which calls are handed out
    Column("rank", Float, nullable=False),  # of the call when it was drawn
    Column("at", Utc, nullable=False),  # when the call began
    Column("wanted", Integer, nullable=False),  # reviews by different people
    Column("given", Integer, nullable=False),
    Column("trunk", Words),
    Column("hour", Utc),  # in which it began; none where its start or its trunk is not known
    Column("fault", Text),  # what it has in common with others of that hour on that trunk
    Column("example", Boolean, nullable=False),  # handed out; not so where others stand for it
    Index(None, "tenant", "trunk", "hour"),
    Index(None, "tenant", "stratum", "at"),
)
"""What is to be reviewed or was: every flagged call, and the sample of the others."""

_WAITING = review_queue.c.given < review_queue.c.wanted

Index(
    "ix_review_queue_waiting",
    review_queue.c.tenant,
    review_queue.c.example,
    review_queue.c.place,
    sqlite_where=_WAITING,
    postgresql_where=_WAITING,
)

review_turns = Table(
    "review_turns",
    metadata,
    Column("id", Number, primary_key=True),
    Column("tenant", Words, nullable=False),
    _of_call(),
    Column("reviewer", Words, nullable=False),
    Column("team", Words, nullable=False),
    Column("day", Date, nullable=False),
    Column("given_at", Utc, nullable=False),
    Column("expires_at", Utc, nullable=False),
    Column("ended_at", Utc),
    Column("outcome", String(8)),  # judged, returned, expired
    Column("flagged", Boolean, nullable=False),  # as it was when it was given
    Column("mos", Float),  # as it was when it was given
    Index(None, "tenant", "team", "day"),
    Index(None, "tenant", "reviewer"),
)
"""Who has a call to review, from when, and how that ended."""

_OPEN = review_turns.c.ended_at.is_(None)

Index("uq_review_turns_open_call", review_turns.c.call, unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN)
Index(
    "uq_review_turns_open_reviewer",
    review_turns.c.tenant,
    review_turns.c.reviewer,
    unique=True,
    sqlite_where=_OPEN,
    postgresql_where=_OPEN,
)
Index("ix_review_turns_call", review_turns.c.call)

review_ratings = Table(
    "review_ratings",
    metadata,
    Column("turn", Number, ForeignKey("review_turns.id", ondelete="CASCADE"), primary_key=True),
    Column("at", Utc, nullable=False),
    Column("rating", Integer, nullable=False),
)
"""The blind rating of a turn, 1 to 5, given once and before anything was shown."""

review_verdicts = Table(
    "review_verdicts",
    metadata,
    Column("id", Number, primary_key=True),
    Column("turn", Number, ForeignKey("review_turns.id", ondelete="CASCADE"), nullable=False),
    Column("at", Utc, nullable=False),
    Column("by", Words, nullable=False),
    Column("verdict", String(14), nullable=False),
    Column("labels", JSON, nullable=False),
    Column("note", Words, nullable=False),
    Index(None, "turn", "id"),
)
"""The verdicts of a turn: the last one counts, those before it stay."""

scorecard_answers = Table(
    "scorecard_answers",
    metadata,
    Column("id", Number, primary_key=True),
    Column("tenant", Words, nullable=False),
    _of_call(),
    Column("question", Words, nullable=False),
    Column("answer", String(3), nullable=False),  # yes, no, n/a
    Column("evaluator", Words, nullable=False),
    Column("answered_at", Utc),
    Column("imported_at", Utc, nullable=False),
    Column("imported_by", Words, nullable=False),
    Index(None, "tenant", "question", "call"),
    Index("uq_scorecard_answers", "call", "question", "evaluator", unique=True),
)
"""What an evaluator answered on a scorecard elsewhere, such as: was the audio clear?"""
