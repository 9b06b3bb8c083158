"""The first tables: runs, files, measurements and what they hold, calls, failures, claims."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
WORDS = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "claims",
        sa.Column("tenant", WORDS, nullable=False),
        sa.Column("call_id", WORDS, nullable=False),
        sa.Column("holder", WORDS, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "call_id", name="pk_claims"),
    )
    op.create_index("ix_claims_holder", "claims", ["holder"])
    op.create_table(
        "files",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("location", WORDS, nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=True),
        sa.Column("stamp", WORDS, nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_files"),
        sa.UniqueConstraint("location", name="uq_files_location"),
    )
    op.create_index("ix_files_size", "files", ["size"])
    op.create_table(
        "measurements",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("audio_key", sa.String(length=64), nullable=False),
        sa.Column("digest", sa.String(length=80), nullable=False),
        sa.Column("estimator", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("container", sa.Text(), nullable=False),
        sa.Column("codec", sa.Text(), nullable=False),
        sa.Column("sample_rate", sa.Integer(), nullable=False),
        sa.Column("channels", sa.Integer(), nullable=False),
        sa.Column("duration", sa.Float(), nullable=False),
        sa.Column("processing", sa.Float(), nullable=True),
        sa.Column("report", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_measurements"),
        sa.UniqueConstraint("audio_key", name="uq_measurements_audio_key"),
    )
    op.create_table(
        "runs",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("started_at", MOMENT, nullable=False),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.Column("holder", WORDS, nullable=False),
        sa.Column("sources", sa.JSON(), nullable=False),
        sa.Column("digest", sa.String(length=80), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("counts", sa.JSON(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_runs"),
    )
    op.create_table(
        "calls",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("tenant", WORDS, nullable=False),
        sa.Column("call_id", WORDS, nullable=False),
        sa.Column("location", WORDS, nullable=False),
        sa.Column("start_time", MOMENT, nullable=True),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("roles", sa.JSON(), nullable=False),
        sa.Column("own_roles", sa.JSON(), nullable=True),
        sa.Column("agent", WORDS, nullable=True),
        sa.Column("queue", WORDS, nullable=True),
        sa.Column("site", WORDS, nullable=True),
        sa.Column("carrier", WORDS, nullable=True),
        sa.Column("trunk", WORDS, nullable=True),
        sa.Column("direction", WORDS, nullable=True),
        sa.Column("codec", WORDS, nullable=True),
        sa.Column("tap", WORDS, nullable=True),
        sa.Column("network", sa.JSON(), nullable=False),
        sa.Column("tags", sa.JSON(), nullable=False),
        sa.Column("info_digest", sa.String(length=64), nullable=False),
        sa.Column("measurement", NUMBER, nullable=False),
        sa.Column("run", NUMBER, nullable=False),
        sa.Column("scored_at", MOMENT, nullable=False),
        sa.Column("rank", sa.Float(), nullable=False),
        sa.Column("mos", sa.Float(), nullable=True),
        sa.Column("scale", sa.Text(), nullable=True),
        sa.Column("band", sa.Text(), nullable=True),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("worst_kind", sa.Text(), nullable=True),
        sa.Column("worst_severity", sa.Text(), nullable=True),
        sa.Column("flagged", sa.Boolean(), nullable=False),
        sa.Column("event_count", sa.Integer(), nullable=False),
        sa.Column("channels", sa.Integer(), nullable=False),
        sa.Column("duration", sa.Float(), nullable=False),
        sa.Column("speech", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(["measurement"], ["measurements.id"], name="fk_calls_measurement"),
        sa.ForeignKeyConstraint(["run"], ["runs.id"], name="fk_calls_run"),
        sa.PrimaryKeyConstraint("id", name="pk_calls"),
        sa.UniqueConstraint("tenant", "call_id", name="uq_calls_tenant_call_id"),
    )
    op.create_index("ix_calls_measurement", "calls", ["measurement"])
    op.create_index("ix_calls_run", "calls", ["run"])
    op.create_index("ix_calls_tenant_at_id", "calls", ["tenant", "at", "id"])
    for name in ("agent", "queue", "site", "carrier", "trunk"):
        given = sa.column(name).is_not(None)
        op.create_index(
            f"ix_calls_tenant_{name}_at", "calls", ["tenant", name, "at"], sqlite_where=given, postgresql_where=given
        )
    op.create_index("ix_calls_tenant_rank_id", "calls", ["tenant", "rank", "id"])
    op.create_table(
        "events",
        sa.Column("measurement", NUMBER, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("channel", sa.Integer(), nullable=True),
        sa.Column("start", sa.Float(), nullable=False),
        sa.Column("stop", sa.Float(), nullable=False),
        sa.Column("severity", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["measurement"], ["measurements.id"], name="fk_events_measurement", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("measurement", "number", name="pk_events"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "failures",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("tenant", WORDS, nullable=False),
        sa.Column("call_id", WORDS, nullable=False),
        sa.Column("location", WORDS, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("message", WORDS, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("run", NUMBER, nullable=False),
        sa.Column("first_at", MOMENT, nullable=False),
        sa.Column("last_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["run"], ["runs.id"], name="fk_failures_run"),
        sa.PrimaryKeyConstraint("id", name="pk_failures"),
        sa.UniqueConstraint("tenant", "call_id", "location", name="uq_failures_tenant_call_id_location"),
    )
    op.create_index("ix_failures_run", "failures", ["run"])
    op.create_index("ix_failures_tenant_last_at_id", "failures", ["tenant", "last_at", "id"])
    op.create_index("ix_failures_tenant_location", "failures", ["tenant", "location"])
    op.create_table(
        "parties",
        sa.Column("measurement", NUMBER, nullable=False),
        sa.Column("channel", sa.Integer(), nullable=False),
        sa.Column("speech", sa.Float(), nullable=False),
        sa.Column("level", sa.Float(), nullable=True),
        sa.Column("mos", sa.Float(), nullable=True),
        sa.Column("mos_low", sa.Float(), nullable=True),
        sa.Column("mos_high", sa.Float(), nullable=True),
        sa.Column("band", sa.Text(), nullable=True),
        sa.Column("percentile_5", sa.Float(), nullable=True),
        sa.Column("worst", sa.Float(), nullable=True),
        sa.Column("seconds_below", sa.Float(), nullable=True),
        sa.ForeignKeyConstraint(
            ["measurement"], ["measurements.id"], name="fk_parties_measurement", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("measurement", "channel", name="pk_parties"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "phases",
        sa.Column("measurement", NUMBER, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("channel", sa.Integer(), nullable=False),
        sa.Column("seconds", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(["measurement"], ["measurements.id"], name="fk_phases_measurement", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("measurement", "kind", "channel", name="pk_phases"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "call_files",
        sa.Column("call", NUMBER, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("file", NUMBER, nullable=False),
        sa.ForeignKeyConstraint(["call"], ["calls.id"], name="fk_call_files_call", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["file"], ["files.id"], name="fk_call_files_file"),
        sa.PrimaryKeyConstraint("call", "position", name="pk_call_files"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_call_files_file", "call_files", ["file"])
    op.create_table(
        "marks",
        sa.Column("call", NUMBER, nullable=False),
        sa.Column("what", sa.String(length=5), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("tenant", WORDS, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("rank", sa.Float(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("seconds", sa.Float(), nullable=False),
        sa.Column("severity", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["call"], ["calls.id"], name="fk_marks_call", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("call", "what", "kind", name="pk_marks"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_marks_tenant_what_kind_day", "marks", ["tenant", "what", "kind", "day"])
    op.create_index("ix_marks_tenant_what_kind_rank_call", "marks", ["tenant", "what", "kind", "rank", "call"])
    op.create_table(
        "day_marks",
        sa.Column("tenant", WORDS, nullable=False),
        sa.Column("what", sa.String(length=5), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("calls", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "what", "day", "kind", name="pk_day_marks"),
        sqlite_with_rowid=False,
    )
    for statement in _POSTGRESQL if op.get_bind().dialect.name == "postgresql" else _SQLITE:
        op.get_bind().exec_driver_sql(statement)


_ADD = """
    INSERT INTO day_marks (tenant, what, day, kind, calls) VALUES (NEW.tenant, NEW.what, NEW.day, NEW.kind, 1)
    ON CONFLICT (tenant, what, day, kind) DO UPDATE SET calls = day_marks.calls + 1;
"""

_TAKE = """
    UPDATE day_marks SET calls = calls - 1
    WHERE tenant = OLD.tenant AND what = OLD.what AND day = OLD.day AND kind = OLD.kind;
    DELETE FROM day_marks
    WHERE tenant = OLD.tenant AND what = OLD.what AND day = OLD.day AND kind = OLD.kind AND calls <= 0;
"""

_SQLITE = (
    f"CREATE TRIGGER marks_added AFTER INSERT ON marks BEGIN {_ADD} END",
    f"CREATE TRIGGER marks_taken AFTER DELETE ON marks BEGIN {_TAKE} END",
    f"CREATE TRIGGER marks_moved AFTER UPDATE OF day ON marks BEGIN {_TAKE} {_ADD} END",
)

_POSTGRESQL = (
    f"""
    CREATE FUNCTION count_marks() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP <> 'INSERT' THEN {_TAKE} END IF;
        IF TG_OP <> 'DELETE' THEN {_ADD} END IF;
        RETURN NULL;
    END $$
    """,
    """
    CREATE TRIGGER marks_counted AFTER INSERT OR DELETE OR UPDATE OF day ON marks
    FOR EACH ROW EXECUTE FUNCTION count_marks()
    """,
)


def downgrade() -> None:
    """Drop them."""
    if op.get_bind().dialect.name == "postgresql":
        op.get_bind().exec_driver_sql("DROP FUNCTION count_marks() CASCADE")
    for table in (
        "day_marks",
        "marks",
        "call_files",
        "phases",
        "parties",
        "failures",
        "events",
        "calls",
        "runs",
        "measurements",
        "files",
        "claims",
    ):
        op.drop_table(table)
