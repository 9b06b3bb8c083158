"""What a tenant has set for itself, by name; and the filters that people have given a name."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, delete, select

from audioqa.store.recording import new_row
from audioqa.store.service_tables import saved_filters, tenant_settings


def get_setting(connection: Connection, tenant: str, name: str) -> Any:
    """A setting; None where the tenant has not set it."""
    mine = (tenant_settings.c.tenant == tenant) & (tenant_settings.c.name == name)
    return connection.execute(select(tenant_settings.c.value).where(mine)).scalar()


def set_setting(connection: Connection, tenant: str, name: str, value: Any, *, by: str) -> None:
    """Set it; None goes back to what the configuration says."""
    mine = (tenant_settings.c.tenant == tenant) & (tenant_settings.c.name == name)
    if value is None:
        connection.execute(delete(tenant_settings).where(mine))
        return
    changed = {"value": value, "changed_by": by, "changed_at": datetime.now(UTC)}
    statement = new_row(connection, tenant_settings).values(tenant=tenant, name=name, **changed)
    key = [tenant_settings.c.tenant, tenant_settings.c.name]
    connection.execute(statement.on_conflict_do_update(index_elements=key, set_=changed))


def settings_by_tenant(connection: Connection, name: str) -> dict[str, Any]:
    """A setting of every tenant that has set it."""
    chosen = select(tenant_settings.c.tenant, tenant_settings.c.value).where(tenant_settings.c.name == name)
    return {row.tenant: row.value for row in connection.execute(chosen)}


def save_filter(connection: Connection, tenant: str, owner: str, name: str, query: str) -> None:
    """Keep a filter under a name; one of that name is replaced.

    Parameters
    ----------
    connection
        In a transaction.
    tenant, owner
        Whose it is.
    name
        What it is called.
    query
        The query part of the list's address.
    """
    statement = new_row(connection, saved_filters).values(
        tenant=tenant, owner=owner, name=name, query=query, created_at=datetime.now(UTC)
    )
    key = [saved_filters.c.tenant, saved_filters.c.owner, saved_filters.c.name]
    connection.execute(statement.on_conflict_do_update(index_elements=key, set_={"query": query}))


def filters(connection: Connection, tenant: str, owner: str) -> list[tuple[str, str]]:
    """Names and queries of somebody's filters, by name."""
    mine = (saved_filters.c.tenant == tenant) & (saved_filters.c.owner == owner)
    chosen = select(saved_filters.c.name, saved_filters.c.query).where(mine).order_by(saved_filters.c.name)
    return [(row.name, row.query) for row in connection.execute(chosen)]


def forget_filter(connection: Connection, tenant: str, owner: str, name: str) -> bool:
    """Delete a filter; False where there is none of that name."""
    mine = (saved_filters.c.tenant == tenant) & (saved_filters.c.owner == owner) & (saved_filters.c.name == name)
    return connection.execute(delete(saved_filters).where(mine)).rowcount > 0
