"""Flags that were made again, on the call itself, with the rules that made them; and an index of what is flagged."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns."""
    op.add_column("calls", sa.Column("own_flags", sa.JSON(), nullable=True))
    op.add_column("calls", sa.Column("rules", sa.String(length=80), nullable=True))
    op.create_index("ix_calls_tenant_rules_id", "calls", ["tenant", "rules", "id"])
    op.create_index("ix_calls_tenant_flagged_rank_id", "calls", ["tenant", "flagged", "rank", "id"])


def downgrade() -> None:
    """Drop them."""
    op.drop_index("ix_calls_tenant_flagged_rank_id", "calls")
    op.drop_index("ix_calls_tenant_rules_id", "calls")
    with op.batch_alter_table("calls") as table:
        table.drop_column("rules")
        table.drop_column("own_flags")
