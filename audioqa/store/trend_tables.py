"""The tables of trends: what is known of calls, laid out column by column, and calls that were scored twice.

A **segment** is one column of a tenant's calls of one day (or of one hour, where a day has very many), as an array: ten
million calls are some thousand segments, and a trend reads only the columns that it asks for. Triggers of the database
note each hour whose calls change, whoever changes them; `audioqa.store.trend_keeping` makes the segments of such hours
anew, and until then `audioqa.store.trend_reading` reads those calls themselves.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Float, ForeignKey, Index, Integer, LargeBinary, String, Table, Text

from audioqa.store.tables import Number, Utc, Words, metadata

HOUR, DAY = 3600, 24
"""Seconds of an hour; hours of the larger kind of segment."""

trend_segments = Table(
    "trend_segments",
    metadata,
    Column("tenant", Words, primary_key=True),
    Column("name", Words, primary_key=True),
    Column("start", BigInteger, primary_key=True, autoincrement=False),
    Column("hours", Integer, nullable=False),
    Column("calls", Integer, nullable=False),
    Column("codes", LargeBinary, nullable=False),
    Column("words", LargeBinary),
    Index(None, "tenant", "start"),
)
"""A column of the calls that began in some hours, 24 or 1, from `start` on (hours since 1970 UTC)."""

trend_marks = Table(
    "trend_marks",
    metadata,
    Column("tenant", Words, primary_key=True),
    Column("hour", BigInteger, primary_key=True, autoincrement=False),
    Column("writer", BigInteger, primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,
)
"""Hours (since 1970 UTC) whose calls changed since their segments were made. On PostgreSQL each connection has a mark
of its own, so that none waits for another."""

trend_overlaps = Table(
    "trend_overlaps",
    metadata,
    Column("call", Number, ForeignKey("calls.id", ondelete="CASCADE"), primary_key=True),
    Column("estimator", Text, primary_key=True),
    Column("scale", String(80), primary_key=True),
    Column("other_estimator", Text, primary_key=True),
    Column("other_scale", String(80), primary_key=True),
    Column("mos", Float, nullable=False),
    Column("other_mos", Float, nullable=False),
    Column("scored_at", Utc, nullable=False),
    sqlite_with_rowid=False,
)
"""The same sound scored with two estimators: the earlier one, and the other one that came after it."""
