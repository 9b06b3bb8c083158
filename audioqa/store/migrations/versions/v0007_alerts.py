"""Alerts: what they are, how they stood at the beginning of each day, and how far calls have been looked at."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
WORDS = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "alerts",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("tenant", WORDS, nullable=False),
        sa.Column("stream", WORDS, nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("by", WORDS, nullable=False),
        sa.Column("value", WORDS, nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=9), nullable=False),
        sa.Column("since", MOMENT, nullable=False),
        sa.Column("fired_at", MOMENT, nullable=False),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.Column("drop", sa.Float(), nullable=False),
        sa.Column("late", sa.Boolean(), nullable=False),
        sa.Column("figures", sa.JSON(), nullable=False),
        sa.Column("changed_at", MOMENT, nullable=False),
        sa.Column("acknowledged_by", WORDS, nullable=True),
        sa.Column("acknowledged_at", MOMENT, nullable=True),
        sa.Column("note", WORDS, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_alerts"),
    )
    op.create_index("ix_alerts_tenant_state_fired_at", "alerts", ["tenant", "state", "fired_at"])
    op.create_index("ix_alerts_tenant_fired_at", "alerts", ["tenant", "fired_at"])
    op.create_index("ix_alerts_tenant_stream", "alerts", ["tenant", "stream"])
    op.create_table(
        "alert_days",
        sa.Column("tenant", WORDS, nullable=False),
        sa.Column("stream", WORDS, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("alerts", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "stream", "day", name="pk_alert_days"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "alert_progress",
        sa.Column("tenant", WORDS, nullable=False),
        sa.Column("last", NUMBER, nullable=False),
        sa.Column("rules", sa.String(length=64), nullable=False),
        sa.Column("changed_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("tenant", name="pk_alert_progress"),
    )


def downgrade() -> None:
    """Drop the tables."""
    for name in ("alert_progress", "alert_days", "alerts"):
        op.drop_table(name)
