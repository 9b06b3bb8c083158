"""The tables of the review queue: what is to be reviewed, turns, ratings, verdicts, scorecards."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
WORDS = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "review_queue",
        sa.Column("call", NUMBER, nullable=False),
        sa.Column("tenant", WORDS, nullable=False),
        sa.Column("stratum", sa.String(length=7), nullable=False),
        sa.Column("place", sa.Float(), nullable=False),
        sa.Column("rank", sa.Float(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("wanted", sa.Integer(), nullable=False),
        sa.Column("given", sa.Integer(), nullable=False),
        sa.Column("trunk", WORDS, nullable=True),
        sa.Column("hour", MOMENT, nullable=True),
        sa.Column("fault", sa.Text(), nullable=True),
        sa.Column("example", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["call"], ["calls.id"], name="fk_review_queue_call", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("call", name="pk_review_queue"),
    )
    waiting = sa.column("given") < sa.column("wanted")
    op.create_index(
        "ix_review_queue_waiting",
        "review_queue",
        ["tenant", "example", "place"],
        sqlite_where=waiting,
        postgresql_where=waiting,
    )
    op.create_index("ix_review_queue_tenant_trunk_hour", "review_queue", ["tenant", "trunk", "hour"])
    op.create_index("ix_review_queue_tenant_stratum_at", "review_queue", ["tenant", "stratum", "at"])
    op.create_table(
        "review_turns",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("tenant", WORDS, nullable=False),
        sa.Column("call", NUMBER, nullable=False),
        sa.Column("reviewer", WORDS, nullable=False),
        sa.Column("team", WORDS, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("given_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.Column("outcome", sa.String(length=8), nullable=True),
        sa.Column("flagged", sa.Boolean(), nullable=False),
        sa.Column("mos", sa.Float(), nullable=True),
        sa.ForeignKeyConstraint(["call"], ["calls.id"], name="fk_review_turns_call", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_review_turns"),
    )
    op.create_index("ix_review_turns_tenant_team_day", "review_turns", ["tenant", "team", "day"])
    op.create_index("ix_review_turns_tenant_reviewer", "review_turns", ["tenant", "reviewer"])
    op.create_index("ix_review_turns_call", "review_turns", ["call"])
    still_open = sa.column("ended_at").is_(None)
    for name, columns in (
        ("uq_review_turns_open_call", ["call"]),
        ("uq_review_turns_open_reviewer", ["tenant", "reviewer"]),
    ):
        op.create_index(
            name, "review_turns", columns, unique=True, sqlite_where=still_open, postgresql_where=still_open
        )
    op.create_table(
        "review_ratings",
        sa.Column("turn", NUMBER, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("rating", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["turn"], ["review_turns.id"], name="fk_review_ratings_turn", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("turn", name="pk_review_ratings"),
    )
    op.create_table(
        "review_verdicts",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("turn", NUMBER, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("by", WORDS, nullable=False),
        sa.Column("verdict", sa.String(length=14), nullable=False),
        sa.Column("labels", sa.JSON(), nullable=False),
        sa.Column("note", WORDS, nullable=False),
        sa.ForeignKeyConstraint(["turn"], ["review_turns.id"], name="fk_review_verdicts_turn", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_review_verdicts"),
    )
    op.create_index("ix_review_verdicts_turn_id", "review_verdicts", ["turn", "id"])
    op.create_table(
        "scorecard_answers",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("tenant", WORDS, nullable=False),
        sa.Column("call", NUMBER, nullable=False),
        sa.Column("question", WORDS, nullable=False),
        sa.Column("answer", sa.String(length=3), nullable=False),
        sa.Column("evaluator", WORDS, nullable=False),
        sa.Column("answered_at", MOMENT, nullable=True),
        sa.Column("imported_at", MOMENT, nullable=False),
        sa.Column("imported_by", WORDS, nullable=False),
        sa.ForeignKeyConstraint(["call"], ["calls.id"], name="fk_scorecard_answers_call", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_scorecard_answers"),
    )
    op.create_index("ix_scorecard_answers_tenant_question_call", "scorecard_answers", ["tenant", "question", "call"])
    op.create_index("uq_scorecard_answers", "scorecard_answers", ["call", "question", "evaluator"], unique=True)


def downgrade() -> None:
    """Drop them."""
    for table in (
        "scorecard_answers",
        "review_verdicts",
        "review_ratings",
        "review_turns",
        "review_queue",
    ):
        op.drop_table(table)
