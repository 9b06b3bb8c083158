"""The network's side of a call, PESQ where there was a reference, and which calls are test calls."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_COLUMNS = (
    ("network_side", sa.JSON),
    ("network_mos", sa.Float),
    ("network_scale", sa.Text),
    ("disagreement", sa.Text),
    ("pesq", sa.Float),
    ("pesq_scale", sa.Text),
)


def upgrade() -> None:
    """Add the columns and their indexes."""
    op.add_column("calls", sa.Column("test_call", sa.Boolean(), nullable=False, server_default=sa.false()))
    for name, kind in _COLUMNS:
        op.add_column("calls", sa.Column(name, kind(), nullable=True))
    op.create_index(
        "ix_calls_tenant_disagreement_at",
        "calls",
        ["tenant", "disagreement", "at"],
        sqlite_where=sa.text("disagreement IS NOT NULL"),
        postgresql_where=sa.text("disagreement IS NOT NULL"),
    )
    op.create_index(
        "ix_calls_tenant_test_call_at",
        "calls",
        ["tenant", "test_call", "at"],
        sqlite_where=sa.text("test_call IS 1"),
        postgresql_where=sa.text("test_call IS true"),
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_index("ix_calls_tenant_test_call_at", "calls")
    op.drop_index("ix_calls_tenant_disagreement_at", "calls")
    # One by one: a table made anew would be without its triggers.
    for name in (*(name for name, _ in reversed(_COLUMNS)), "test_call"):
        op.drop_column("calls", name)
