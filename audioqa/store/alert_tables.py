"""The tables of alerts, in the metadata of `audioqa.store.tables`."""

from __future__ import annotations

from sqlalchemy import JSON, Boolean, Column, Date, Float, Index, String, Table, Text

from audioqa.store.tables import Number, Utc, Words, metadata

alerts = Table(
    "alerts",
    metadata,
    Column("id", Number, primary_key=True),
    Column("tenant", Words, nullable=False),
    Column("stream", Words, nullable=False),  # whose figures may be compared: the scale, and the model
    Column("rule", Text, nullable=False),
    Column("kind", String(8), nullable=False),
    Column("by", Words, nullable=False),
    Column("value", Words, nullable=False),
    Column("detail", Text, nullable=False),
    Column("state", String(9), nullable=False),
    Column("since", Utc, nullable=False),  # of the last spell, as all that follow
    Column("fired_at", Utc, nullable=False),
    Column("ended_at", Utc),
    Column("drop", Float, nullable=False),
    Column("late", Boolean, nullable=False),  # calls that came late changed what had been said
    Column("figures", JSON, nullable=False),  # the alert as it is reckoned with
    Column("changed_at", Utc, nullable=False),
    Column("acknowledged_by", Words),
    Column("acknowledged_at", Utc),
    Column("note", Words),
    Index(None, "tenant", "state", "fired_at"),
    Index(None, "tenant", "fired_at"),
    Index(None, "tenant", "stream"),
)
"""Every alert: ``open``, ``re-opened``, ``recovered``, or ``withdrawn`` where calls that came late spoke against it."""

alert_days = Table(
    "alert_days",
    metadata,
    Column("tenant", Words, primary_key=True),
    Column("stream", Words, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("alerts", JSON, nullable=False),
    sqlite_with_rowid=False,
)
"""The alerts at the beginning of each day, from which it can be gone through again."""

alert_progress = Table(
    "alert_progress",
    metadata,
    Column("tenant", Words, primary_key=True),
    Column("last", Number, nullable=False),  # the greatest number of a call that has been looked at
    Column("rules", String(64), nullable=False),  # digest of the rules
    Column("changed_at", Utc, nullable=False),
)
"""How far a tenant's calls have been looked at."""
