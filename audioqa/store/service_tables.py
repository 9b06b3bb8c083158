"""The tables of the service: people, keys, jobs, webhooks, the audit trail, and what a tenant has set.

Every row says whose it is. What is known by a secret (a session, a key) is kept as the secret's SHA-256 only, and a
password as an Argon2 hash.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from audioqa.store.tables import Number, Utc, Words, metadata


def _number() -> Column[Any]:
    return Column("id", Number, primary_key=True)


def _tenant() -> Column[Any]:
    return Column("tenant", Words, nullable=False)


users = Table(
    "users",
    metadata,
    _number(),
    _tenant(),
    Column("name", Words, nullable=False, unique=True),  # people sign in with it: one a person, whoever's they are
    Column("role", Text, nullable=False),
    Column("password", Text),  # none: signed in by a proxy only
    Column("active", Boolean, nullable=False),
    Column("created_at", Utc, nullable=False),
    Column("failures", Integer, nullable=False),  # wrong passwords in a row
    Column("locked_until", Utc),
    Index(None, "tenant", "name"),
)
"""People who may sign in."""

sessions = Table(
    "sessions",
    metadata,
    Column("digest", String(64), primary_key=True),
    _tenant(),
    Column("user", Number, ForeignKey("users.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("csrf", String(64), nullable=False),
    Column("created_at", Utc, nullable=False),
    Column("seen_at", Utc, nullable=False),
    Column("expires_at", Utc, nullable=False, index=True),
)
"""Who is signed in, by the SHA-256 of the cookie."""

api_keys = Table(
    "api_keys",
    metadata,
    _number(),
    _tenant(),
    Column("name", Words, nullable=False),
    Column("start", String(16), nullable=False),  # its first characters, for people to tell keys apart
    Column("digest", String(64), nullable=False, unique=True),
    Column("scopes", JSON, nullable=False),
    Column("created_by", Words, nullable=False),
    Column("created_at", Utc, nullable=False),
    Column("used_at", Utc),
    Column("expires_at", Utc),
    Column("revoked_at", Utc),
    Index(None, "tenant", "id"),
)
"""Keys of programs, by their SHA-256."""

jobs = Table(
    "jobs",
    metadata,
    _number(),
    _tenant(),
    Column("name", String(32), nullable=False, unique=True),  # by which it is asked after
    Column("call_id", Words, nullable=False),
    Column("file_name", Words, nullable=False),
    Column("item", JSON, nullable=False),
    Column("hashes", JSON, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("priority", Integer, nullable=False),  # the least goes first
    Column("state", String(8), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("holder", Words),
    Column("lease", Utc),
    Column("done", Float),
    Column("total", Float),
    Column("failure_kind", Text),
    Column("failure", Words),
    Column("by", Words, nullable=False),
    Column("idempotency_key", Words),
    Column("fingerprint", String(64), nullable=False),
    Column("accepted_at", Utc, nullable=False),
    Column("started_at", Utc),
    Column("ended_at", Utc),
    UniqueConstraint("tenant", "idempotency_key"),
    Index(None, "tenant", "call_id"),
    Index(None, "tenant", "id"),
    Index(None, "state", "priority", "id"),
)
"""Accepted work: ``waiting``, ``running``, ``scored`` or ``failed``; held by a server until its lease runs out."""

webhooks = Table(
    "webhooks",
    metadata,
    _number(),
    _tenant(),
    Column("url", Words, nullable=False),
    Column("secret", Text, nullable=False),  # it signs: it has to be known
    Column("events", JSON, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("created_by", Words, nullable=False),
    Column("created_at", Utc, nullable=False),
    Index(None, "tenant", "id"),
)
"""Addresses that are told what happens."""

deliveries = Table(
    "deliveries",
    metadata,
    _number(),
    _tenant(),
    Column("webhook", Number, ForeignKey("webhooks.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("name", String(40), nullable=False),  # the receiver's key against hearing it twice
    Column("event", Text, nullable=False),
    Column("call_id", Words, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("state", String(9), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_at", Utc, nullable=False),
    Column("holder", Words),
    Column("status", Integer),
    Column("error", Words),
    Column("created_at", Utc, nullable=False),
    Column("ended_at", Utc),
    Index(None, "state", "next_at"),
    Index(None, "tenant", "call_id"),
)
"""What is to be told, written with the report itself: ``waiting``, ``delivered`` or ``given up``."""

audit = Table(
    "audit",
    metadata,
    _number(),
    _tenant(),
    Column("at", Utc, nullable=False),
    Column("who", Words, nullable=False),
    Column("what", Text, nullable=False),
    Column("call_id", Words),
    Column("details", JSON, nullable=False),
    Column("address", Text),
    Index(None, "tenant", "id"),
    Index(None, "tenant", "call_id"),
)
"""Who did what: one row an act, never changed."""

erasures = Table(
    "erasures",
    metadata,
    _number(),
    _tenant(),
    Column("location", Words, nullable=False),
    Column("asked_at", Utc, nullable=False),
)
"""Files of deleted calls that are still to be removed; a row goes with its file."""

tenant_settings = Table(
    "tenant_settings",
    metadata,
    Column("tenant", Words, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("value", JSON, nullable=False),
    Column("changed_by", Words, nullable=False),
    Column("changed_at", Utc, nullable=False),
)
"""What a tenant has set for itself, by name."""

saved_filters = Table(
    "saved_filters",
    metadata,
    _number(),
    _tenant(),
    Column("owner", Words, nullable=False),
    Column("name", Words, nullable=False),
    Column("query", Words, nullable=False),
    Column("created_at", Utc, nullable=False),
    UniqueConstraint("tenant", "owner", "name"),
)
"""Filters of the list of calls that a person has given a name."""
