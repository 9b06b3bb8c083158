"""How a tenant reviews, as it was set; every change is noted in the audit trail."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from audioqa.store.audit import note
from audioqa.store.tenant_settings import get_setting, set_setting

NAME = "review"
"""Under which the settings are kept."""

FILLED = "review_filled"
"""Under which it stands when the queue was last brought up to date."""


def get_settings(connection: Connection, tenant: str) -> Mapping[str, Any]:
    """What was set; empty where nothing was."""
    return get_setting(connection, tenant, NAME) or {}


def put_settings(connection: Connection, tenant: str, values: Mapping[str, Any], *, by: str) -> None:
    """Put settings into force.

    Parameters
    ----------
    connection
        In a transaction.
    tenant
        Whose.
    values
        All of them.
    by
        Who says so.
    """
    before = get_settings(connection, tenant)
    set_setting(connection, tenant, NAME, dict(values), by=by)
    changed = {name: [before.get(name), value] for name, value in values.items() if before.get(name) != value}
    note(connection, tenant, by, "changed review settings", details=changed)


def last_filled(connection: Connection, tenant: str) -> datetime | None:
    """When the queue was last brought up to date; None where that is not known."""
    found = get_setting(connection, tenant, FILLED)
    return datetime.fromisoformat(found) if found else None


def note_filled(connection: Connection, tenant: str, now: datetime) -> None:
    """Note that the queue is brought up to date."""
    set_setting(connection, tenant, FILLED, now.isoformat(), by="system")
