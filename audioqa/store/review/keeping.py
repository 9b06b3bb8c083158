"""How a tenant reviews, as it was set; every change is noted in the audit trail."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select

from audioqa.store.recording import upsert
from audioqa.store.service_tables import audit, tenant_settings

NAME = "review"
"""Under which the settings are kept."""


def get_settings(connection: Connection, tenant: str) -> Mapping[str, Any]:
    """What was set; empty where nothing was."""
    kept = tenant_settings.c
    found = connection.execute(select(kept.value).where(kept.tenant == tenant, kept.name == NAME)).scalar()
    return found or {}


def put_settings(connection: Connection, tenant: str, values: Mapping[str, Any], *, by: str, now: datetime) -> None:
    """Put settings into force.

    Parameters
    ----------
    connection
        In a transaction.
    tenant
        Whose.
    values
        All of them.
    by, now
        Who says so, and when.
    """
    before = get_settings(connection, tenant)
    told = {"value": dict(values), "changed_by": by, "changed_at": now}
    statement = upsert(connection, tenant_settings).values(tenant=tenant, name=NAME, **told)
    keys = [tenant_settings.c.tenant, tenant_settings.c.name]
    connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=told))
    changed = {name: [before.get(name), value] for name, value in values.items() if before.get(name) != value}
    note(connection, tenant, by, "review settings changed", details=changed, now=now)


def note(
    connection: Connection,
    tenant: str,
    who: str,
    what: str,
    *,
    now: datetime,
    details: Mapping[str, Any],
    call_id: str | None = None,
) -> None:
    """Write one act into the audit trail."""
    row = {"tenant": tenant, "at": now, "who": who, "what": what, "call_id": call_id, "details": dict(details)}
    connection.execute(insert(audit).values(**row))
