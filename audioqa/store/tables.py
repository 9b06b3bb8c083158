"""The tables of the store, the same on SQLite and PostgreSQL.

A **measurement** is what one sound gave with one set of settings; a **call** is what a person asks for. Calls with the
same sound share one measurement. What lists sort and filter by stands on the call itself, written in the same
transaction, so that no list opens a report. `audioqa.store.migrations` makes these tables, step by step; a test holds
the two together.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    false,
)
from sqlalchemy.types import TypeEngine

from audioqa.store.keys import storable

Number = BigInteger().with_variant(Integer(), "sqlite")
"""A key that counts up: SQLite does so for its own INTEGER only."""

FILTERED = ("agent", "queue", "site", "carrier", "trunk")
"""Columns of a call that lists are filtered by, each with an index by tenant and time."""


class Words(TypeDecorator[str]):
    """Text from outside, which sorts by its bytes everywhere: a file name's undecodable bytes and NUL, which no
    database takes, are written as escapes."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """PostgreSQL would sort by a language's rules otherwise."""
        return dialect.type_descriptor(Text(collation="C") if dialect.name == "postgresql" else Text())

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002 - SQLAlchemy's
        """Text that every database takes."""
        return None if value is None else storable(value)


class Utc(TypeDecorator[datetime]):
    """A moment, aware and in UTC on both sides; SQLite keeps it as text."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """The moment in UTC; SQLite takes it without zone."""
        if value is None:
            return None
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """The moment in UTC, aware."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

runs = Table(
    "runs",
    metadata,
    Column("id", Number, primary_key=True),
    Column("started_at", Utc, nullable=False),
    Column("ended_at", Utc),
    Column("holder", Words, nullable=False),
    Column("sources", JSON, nullable=False),
    Column("digest", String(80), nullable=False),
    Column("version", Text, nullable=False),
    Column("outcome", Text),
    Column("counts", JSON),
)
"""One for each time that an archive was worked on."""

files = Table(
    "files",
    metadata,
    Column("id", Number, primary_key=True),
    Column("location", Words, nullable=False, unique=True),
    Column("size", BigInteger),
    Column("stamp", Words, nullable=False),
    Column("sha256", String(64), nullable=False),
    Index(None, "size"),
)
"""What was read, by location: while size and stamp are the same, it is not read again."""

measurements = Table(
    "measurements",
    metadata,
    Column("id", Number, primary_key=True),
    Column("audio_key", String(64), nullable=False, unique=True),
    Column("digest", String(80), nullable=False),
    Column("estimator", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("container", Text, nullable=False),
    Column("codec", Text, nullable=False),
    Column("sample_rate", Integer, nullable=False),
    Column("channels", Integer, nullable=False),
    Column("duration", Float, nullable=False),
    Column("processing", Float),
    Column("report", LargeBinary, nullable=False),
)
"""A report (JSON, deflated, with neutral names and without a path), by what it was made of."""


def _of_measurement() -> Column[Any]:
    return Column("measurement", Number, ForeignKey("measurements.id", ondelete="CASCADE"), primary_key=True)


parties = Table(
    "parties",
    metadata,
    _of_measurement(),
    Column("channel", Integer, primary_key=True),
    Column("speech", Float, nullable=False),
    Column("level", Float),
    Column("mos", Float),
    Column("mos_low", Float),
    Column("mos_high", Float),
    Column("band", Text),
    Column("percentile_5", Float),
    Column("worst", Float),
    Column("seconds_below", Float),
    sqlite_with_rowid=False,
)
"""The score of each channel, numbered from 1 in file order."""

events = Table(
    "events",
    metadata,
    _of_measurement(),
    Column("number", Integer, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("channel", Integer),
    Column("start", Float, nullable=False),
    Column("stop", Float, nullable=False),
    Column("severity", Text, nullable=False),
    sqlite_with_rowid=False,
)
"""Every event in its place; no channel where it is of the whole call."""

phases = Table(
    "phases",
    metadata,
    _of_measurement(),
    Column("kind", Text, primary_key=True),
    Column("channel", Integer, primary_key=True),
    Column("seconds", Float, nullable=False),
    sqlite_with_rowid=False,
)
"""Seconds of each kind of phase; channel 0 where it is of the whole call."""

calls = Table(
    "calls",
    metadata,
    Column("id", Number, primary_key=True),
    Column("tenant", Words, nullable=False),
    Column("call_id", Words, nullable=False),
    Column("location", Words, nullable=False),
    Column("start_time", Utc),
    Column("at", Utc, nullable=False),  # its start, or where that is not known the moment of its first score
    Column("day", Date, nullable=False),
    Column("roles", JSON, nullable=False),
    Column("own_roles", JSON(none_as_null=True)),  # set by hand: no later word of the source changes them
    *(Column(name, Words) for name in FILTERED),
    *(Column(name, Words) for name in ("direction", "codec", "tap")),
    Column("network", JSON, nullable=False),
    Column("tags", JSON, nullable=False),
    Column("test_call", Boolean, nullable=False, server_default=false()),
    Column("network_side", JSON(none_as_null=True)),  # as a report has it; none where nothing is known of the network
    Column("network_mos", Float),
    Column("network_scale", Text),
    Column("disagreement", Text),  # of sound and network: which is worse, and the likely reason
    Column("info_digest", String(64), nullable=False),
    Column("measurement", Number, ForeignKey("measurements.id"), nullable=False, index=True),
    Column("run", Number, ForeignKey("runs.id"), nullable=False, index=True),
    Column("scored_at", Utc, nullable=False),
    Column("rank", Float, nullable=False),
    Column("mos", Float),
    Column("scale", Text),
    Column("band", Text),
    Column("pesq", Float),
    Column("pesq_scale", Text),
    Column("why", Text, nullable=False),
    Column("worst_kind", Text),
    Column("worst_severity", Text),
    Column("flagged", Boolean, nullable=False),
    Column("own_flags", JSON(none_as_null=True)),  # made again by other rules, or with metadata; none: as in the report
    Column("rules", String(80)),  # digest of the rules that made its flags
    Column("event_count", Integer, nullable=False),
    Column("channels", Integer, nullable=False),
    Column("duration", Float, nullable=False),
    Column("speech", Float, nullable=False),
    UniqueConstraint("tenant", "call_id"),
    Index(None, "tenant", "rank", "id"),
    Index(None, "tenant", "at", "id"),
    Index(None, "tenant", "rules", "id"),
    Index(None, "tenant", "flagged", "rank", "id"),
)
"""Every call that has a measurement; `rank` sorts the worst first: the MOS, and below 1 where there is none."""

for _name in FILTERED:
    Index(
        f"ix_calls_tenant_{_name}_at",
        calls.c.tenant,
        calls.c[_name],
        calls.c.at,
        sqlite_where=calls.c[_name].is_not(None),
        postgresql_where=calls.c[_name].is_not(None),
    )

Index(
    "ix_calls_tenant_disagreement_at",
    calls.c.tenant,
    calls.c.disagreement,
    calls.c.at,
    sqlite_where=calls.c.disagreement.is_not(None),
    postgresql_where=calls.c.disagreement.is_not(None),
)
Index(
    "ix_calls_tenant_test_call_at",
    calls.c.tenant,
    calls.c.test_call,
    calls.c.at,
    sqlite_where=calls.c.test_call.is_(True),
    postgresql_where=calls.c.test_call.is_(True),
)

call_files = Table(
    "call_files",
    metadata,
    Column("call", Number, ForeignKey("calls.id", ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("file", Number, ForeignKey("files.id"), nullable=False, index=True),
    sqlite_with_rowid=False,
)
"""The files of a call by position; -1 is its reference."""

marks = Table(
    "marks",
    metadata,
    Column("call", Number, ForeignKey("calls.id", ondelete="CASCADE"), primary_key=True),
    Column("what", String(5), primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("tenant", Words, nullable=False),
    Column("day", Date, nullable=False),
    Column("rank", Float, nullable=False),
    Column("count", Integer, nullable=False),
    Column("seconds", Float, nullable=False),
    Column("severity", Text),
    Index(None, "tenant", "what", "kind", "rank", "call"),
    Index(None, "tenant", "what", "kind", "day"),
    sqlite_with_rowid=False,
)
"""What stands against a call: each rule that flags it (``flag``) and each kind of event in it (``event``) once; of test
calls ``tflag`` and ``tevnt``, so that no count of customers' calls has them."""

day_marks = Table(
    "day_marks",
    metadata,
    Column("tenant", Words, primary_key=True),
    Column("what", String(5), primary_key=True),
    Column("day", Date, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("calls", Integer, nullable=False),
    sqlite_with_rowid=False,
)
"""How many calls of a day have a mark: triggers of the database count along, whoever writes marks or deletes them."""

failures = Table(
    "failures",
    metadata,
    Column("id", Number, primary_key=True),
    Column("tenant", Words, nullable=False),
    Column("call_id", Words, nullable=False),
    Column("location", Words, nullable=False),
    Column("kind", Text, nullable=False),
    Column("message", Words, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("fingerprint", String(64), nullable=False),
    Column("run", Number, ForeignKey("runs.id"), nullable=False, index=True),
    Column("first_at", Utc, nullable=False),
    Column("last_at", Utc, nullable=False),
    UniqueConstraint("tenant", "call_id", "location"),
    Index(None, "tenant", "location"),
    Index(None, "tenant", "last_at", "id"),
)
"""What could not be scored, and why; gone as soon as it can."""

claims = Table(
    "claims",
    metadata,
    Column("tenant", Words, primary_key=True),
    Column("call_id", Words, primary_key=True),
    Column("holder", Words, nullable=False, index=True),
    Column("expires_at", Utc, nullable=False),
)
"""Who works on which call, until when."""
