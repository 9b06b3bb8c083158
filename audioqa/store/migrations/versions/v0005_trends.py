"""Trends: columns of calls in segments, marks on hours that changed, calls that were scored with two estimators.

Every hour that has calls is marked: their segments are made by whoever asks for trends first, or by the service.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
WORDS = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the tables and the triggers; mark every hour that has calls."""
    op.create_table(
        "trend_segments",
        sa.Column("tenant", WORDS, nullable=False),
        sa.Column("name", WORDS, nullable=False),
        sa.Column("start", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("hours", sa.Integer(), nullable=False),
        sa.Column("calls", sa.Integer(), nullable=False),
        sa.Column("codes", sa.LargeBinary(), nullable=False),
        sa.Column("words", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("tenant", "name", "start", name="pk_trend_segments"),
    )
    op.create_index("ix_trend_segments_tenant_start", "trend_segments", ["tenant", "start"])
    op.create_table(
        "trend_marks",
        sa.Column("tenant", WORDS, nullable=False),
        sa.Column("hour", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("writer", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "hour", "writer", name="pk_trend_marks"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "trend_overlaps",
        sa.Column("call", NUMBER, nullable=False),
        sa.Column("estimator", sa.Text(), nullable=False),
        sa.Column("scale", sa.String(length=80), nullable=False),
        sa.Column("other_estimator", sa.Text(), nullable=False),
        sa.Column("other_scale", sa.String(length=80), nullable=False),
        sa.Column("mos", sa.Float(), nullable=False),
        sa.Column("other_mos", sa.Float(), nullable=False),
        sa.Column("scored_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["call"], ["calls.id"], name="fk_trend_overlaps_call", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint(
            "call", "estimator", "scale", "other_estimator", "other_scale", name="pk_trend_overlaps"
        ),
        sqlite_with_rowid=False,
    )
    for statement in _POSTGRESQL if op.get_bind().dialect.name == "postgresql" else _SQLITE:
        op.get_bind().exec_driver_sql(statement)


_WATCHED = (
    "tenant, at, agent, queue, site, carrier, trunk, direction, codec, tap, network, tags, measurement, mos, scale, "
    "flagged, own_flags"
)
"""What a segment is made of: the roles, the place of the file and the like are no part of it."""

_MARK = """
    INSERT INTO trend_marks (tenant, hour, writer)
    VALUES ({of}.tenant, CAST(strftime('%s', {of}.at) AS INTEGER) / 3600, 0) ON CONFLICT DO NOTHING;
"""

_NEW, _OLD = _MARK.format(of="NEW"), _MARK.format(of="OLD")

_SQLITE = (
    f"CREATE TRIGGER trends_added AFTER INSERT ON calls BEGIN {_NEW} END",
    f"CREATE TRIGGER trends_taken AFTER DELETE ON calls BEGIN {_OLD} END",
    f"CREATE TRIGGER trends_moved AFTER UPDATE OF {_WATCHED} ON calls BEGIN {_OLD} {_NEW} END",
    """
    INSERT INTO trend_marks (tenant, hour, writer)
    SELECT DISTINCT tenant, CAST(strftime('%s', at) AS INTEGER) / 3600, 0 FROM calls
    """,
)

_MARK_ON_POSTGRESQL = """
    INSERT INTO trend_marks (tenant, hour, writer)
    VALUES ({of}.tenant, floor(extract(epoch FROM {of}.at) / 3600), pg_backend_pid())
    ON CONFLICT (tenant, hour, writer) DO UPDATE SET writer = EXCLUDED.writer;
"""
"""The mark is locked until the change is there for all to see: whoever makes segments passes it over till then."""

_POSTGRESQL = (
    "ALTER TABLE trend_segments ALTER COLUMN codes SET STORAGE EXTERNAL",
    f"""
    CREATE FUNCTION mark_trends() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP <> 'INSERT' THEN {_MARK_ON_POSTGRESQL.format(of="OLD")} END IF;
        IF TG_OP <> 'DELETE' THEN {_MARK_ON_POSTGRESQL.format(of="NEW")} END IF;
        RETURN NULL;
    END $$
    """,
    f"""
    CREATE TRIGGER trends_marked AFTER INSERT OR DELETE OR UPDATE OF {_WATCHED} ON calls
    FOR EACH ROW EXECUTE FUNCTION mark_trends()
    """,
    """
    INSERT INTO trend_marks (tenant, hour, writer)
    SELECT DISTINCT tenant, floor(extract(epoch FROM at) / 3600)::bigint, 0 FROM calls
    """,
)


def downgrade() -> None:
    """Drop them."""
    if op.get_bind().dialect.name == "postgresql":
        op.get_bind().exec_driver_sql("DROP FUNCTION mark_trends() CASCADE")
    else:
        for name in ("trends_added", "trends_taken", "trends_moved"):
            op.get_bind().exec_driver_sql(f"DROP TRIGGER {name}")
    for table in ("trend_overlaps", "trend_marks", "trend_segments"):
        op.drop_table(table)
