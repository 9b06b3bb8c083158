"""The tables of the service: people, sessions, keys, jobs, webhooks, the audit trail, settings of tenants."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
WORDS = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
MOMENT = sa.DateTime(timezone=True)

TABLES = (
    "users",
    "sessions",
    "api_keys",
    "jobs",
    "webhooks",
    "deliveries",
    "audit",
    "erasures",
    "tenant_settings",
    "saved_filters",
)


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "users",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("tenant", WORDS, nullable=False),
        sa.Column("name", WORDS, nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("password", sa.Text(), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("locked_until", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_users"),
        sa.UniqueConstraint("name", name="uq_users_name"),
    )
    op.create_index("ix_users_tenant_name", "users", ["tenant", "name"])
    op.create_table(
        "sessions",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("tenant", WORDS, nullable=False),
        sa.Column("user", NUMBER, nullable=False),
        sa.Column("csrf", sa.String(length=64), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("seen_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["user"], ["users.id"], name="fk_sessions_user", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("digest", name="pk_sessions"),
    )
    op.create_index("ix_sessions_expires_at", "sessions", ["expires_at"])
    op.create_index("ix_sessions_user", "sessions", ["user"])
    op.create_table(
        "api_keys",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("tenant", WORDS, nullable=False),
        sa.Column("name", WORDS, nullable=False),
        sa.Column("start", sa.String(length=16), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("created_by", WORDS, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("used_at", MOMENT, nullable=True),
        sa.Column("expires_at", MOMENT, nullable=True),
        sa.Column("revoked_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_api_keys"),
        sa.UniqueConstraint("digest", name="uq_api_keys_digest"),
    )
    op.create_index("ix_api_keys_tenant_id", "api_keys", ["tenant", "id"])
    op.create_table(
        "jobs",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("tenant", WORDS, nullable=False),
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("call_id", WORDS, nullable=False),
        sa.Column("file_name", WORDS, nullable=False),
        sa.Column("item", sa.JSON(), nullable=False),
        sa.Column("hashes", sa.JSON(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("holder", WORDS, nullable=True),
        sa.Column("lease", MOMENT, nullable=True),
        sa.Column("done", sa.Float(), nullable=True),
        sa.Column("total", sa.Float(), nullable=True),
        sa.Column("failure_kind", sa.Text(), nullable=True),
        sa.Column("failure", WORDS, nullable=True),
        sa.Column("by", WORDS, nullable=False),
        sa.Column("idempotency_key", WORDS, nullable=True),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("accepted_at", MOMENT, nullable=False),
        sa.Column("started_at", MOMENT, nullable=True),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_jobs"),
        sa.UniqueConstraint("name", name="uq_jobs_name"),
        sa.UniqueConstraint("tenant", "idempotency_key", name="uq_jobs_tenant_idempotency_key"),
    )
    op.create_index("ix_jobs_state_priority_id", "jobs", ["state", "priority", "id"])
    op.create_index("ix_jobs_tenant_call_id", "jobs", ["tenant", "call_id"])
    op.create_index("ix_jobs_tenant_id", "jobs", ["tenant", "id"])
    op.create_table(
        "webhooks",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("tenant", WORDS, nullable=False),
        sa.Column("url", WORDS, nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("events", sa.JSON(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_by", WORDS, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_webhooks"),
    )
    op.create_index("ix_webhooks_tenant_id", "webhooks", ["tenant", "id"])
    op.create_table(
        "deliveries",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("tenant", WORDS, nullable=False),
        sa.Column("webhook", NUMBER, nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("call_id", WORDS, nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.String(length=9), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_at", MOMENT, nullable=False),
        sa.Column("holder", WORDS, nullable=True),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("error", WORDS, nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["webhook"], ["webhooks.id"], name="fk_deliveries_webhook", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_deliveries"),
    )
    op.create_index("ix_deliveries_state_next_at", "deliveries", ["state", "next_at"])
    op.create_index("ix_deliveries_tenant_call_id", "deliveries", ["tenant", "call_id"])
    op.create_index("ix_deliveries_webhook", "deliveries", ["webhook"])
    op.create_table(
        "audit",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("tenant", WORDS, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("who", WORDS, nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("call_id", WORDS, nullable=True),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.Column("address", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_audit"),
    )
    op.create_index("ix_audit_tenant_call_id", "audit", ["tenant", "call_id"])
    op.create_index("ix_audit_tenant_id", "audit", ["tenant", "id"])
    op.create_table(
        "erasures",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("tenant", WORDS, nullable=False),
        sa.Column("location", WORDS, nullable=False),
        sa.Column("asked_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_erasures"),
    )
    op.create_table(
        "tenant_settings",
        sa.Column("tenant", WORDS, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.JSON(), nullable=False),
        sa.Column("changed_by", WORDS, nullable=False),
        sa.Column("changed_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "name", name="pk_tenant_settings"),
    )
    op.create_table(
        "saved_filters",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("tenant", WORDS, nullable=False),
        sa.Column("owner", WORDS, nullable=False),
        sa.Column("name", WORDS, nullable=False),
        sa.Column("query", WORDS, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_saved_filters"),
        sa.UniqueConstraint("tenant", "owner", "name", name="uq_saved_filters_tenant_owner_name"),
    )


def downgrade() -> None:
    """Drop them, those that refer to others first."""
    for table in reversed(TABLES):
        op.drop_table(table)
