"""Deleting: on request, and what is older than its tenant wants calls to be kept.

A call goes with its recording, its report, all that was said of it, its job, what webhooks were to be told of it, and
what was derived from its recording. The audit trail keeps that it was deleted, when and by whom.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from audioqa.errors import ServiceError, SourceError
from audioqa.service.derived import Derived
from audioqa.service.keeping import Keeping
from audioqa.store import Store, alerting, audit, erasing, tenant_settings, webhooks
from audioqa.store.accounts import forget_sessions
from audioqa.store.database import forget, snapshot, writing
from audioqa.store.jobs import known_names

if TYPE_CHECKING:
    from sqlalchemy import Connection

_log = logging.getLogger("audioqa.service")

RETENTION = "retention_days"
"""Name of the setting: days that a tenant's calls are kept."""

_DELIVERIES_KEPT = timedelta(days=30)
_ALERTS_KEPT = 400.0
"""Days, where calls are kept for ever."""


@dataclass(frozen=True)
class Privacy:
    """Deletes calls.

    Parameters
    ----------
    store
        Where they are.
    keeping
        Where their files are.
    derived
        What was derived from them.
    retention_days
        How long calls are kept where their tenant has set nothing; None for always.
    audit_days
        How long the audit trail is kept.
    """

    store: Store
    keeping: Keeping
    derived: Derived
    retention_days: float | None
    audit_days: float

    def delete(self, call_id: str, *, tenant: str, by: str, address: str | None = None) -> None:
        """Delete a call and everything that belongs to it.

        Parameters
        ----------
        call_id, tenant
            The call.
        by, address
            Who wants it deleted, and from where, for the audit trail.

        Raises
        ------
        ServiceError
            Where there is nothing of such a call.
        """
        ours = self.keeping.is_ours

        def erase(connection: Connection) -> bool:
            if not erasing.erase_call(connection, tenant, call_id, is_ours=ours):
                return False
            audit.note(connection, tenant, by, "deleted", call_id=call_id, address=address)
            return True

        if not writing(self.store.engine, erase):
            raise ServiceError("there is no such call", "missing")
        self.remove_files()
        forget(self.store.engine)

    def retention(self, tenant: str) -> float | None:
        """Days that a tenant's calls are kept; None for always."""
        with snapshot(self.store.engine) as connection:
            own = tenant_settings.get_setting(connection, tenant, RETENTION)
        return self._days(own)

    def set_retention(self, days: float | None, *, tenant: str, by: str) -> None:
        """Set how long a tenant's calls are kept.

        Parameters
        ----------
        days
            From 1: a slip of the keyboard does not delete everything within minutes. None for always.
        tenant
            Whose.
        by
            Who sets it.

        Raises
        ------
        ServiceError
            Where that is no time.
        """
        if days is not None and not 1 <= days <= 36_500:
            raise ServiceError("calls are kept for 1 to 36500 days, or always", "invalid")
        value = {"days": days}

        def change(connection: Connection) -> None:
            tenant_settings.set_setting(connection, tenant, RETENTION, value, by=by)
            audit.note(connection, tenant, by, "retention changed", details=value)

        writing(self.store.engine, change)

    def keep_up(self) -> int:
        """Delete what is due, and finish what was begun: called now and then; how many calls were deleted."""
        now = datetime.now(UTC)
        with snapshot(self.store.engine) as connection:
            set_by_tenant = tenant_settings.settings_by_tenant(connection, RETENTION)
            tenants = erasing.tenants_with_work(connection)
        total = 0
        for tenant in sorted(tenants):
            days = self._days(set_by_tenant.get(tenant))
            before = now - timedelta(days=_ALERTS_KEPT if days is None else days)
            writing(self.store.engine, lambda c, of=tenant, then=before: alerting.forget_alerts(c, of, then))  # type: ignore[misc]
            if days is not None:
                total += self._delete_older(tenant, now - timedelta(days=days))
        writing(self.store.engine, lambda c: audit.forget_acts(c, now - timedelta(days=self.audit_days)))
        writing(self.store.engine, lambda c: webhooks.forget_deliveries(c, now - _DELIVERIES_KEPT))
        writing(self.store.engine, forget_sessions)
        self.remove_files()
        self.derived.sweep()

        def known(names: Sequence[str]) -> set[str]:
            with snapshot(self.store.engine) as connection:
                return known_names(connection, names)

        self.keeping.sweep(known)
        if total:
            forget(self.store.engine)
        return total

    def remove_files(self) -> None:
        """Remove the files of deleted calls; what cannot be removed is tried again later."""
        while True:
            with snapshot(self.store.engine) as connection:
                left = erasing.erasures_left(connection)
            gone: list[int] = []
            for erasure in left:
                try:
                    self.keeping.remove(erasure.location)
                    gone.append(erasure.key)
                except (OSError, SourceError) as error:
                    _log.error("a file of a deleted call cannot be removed: %s", type(error).__name__)
            if gone:
                writing(self.store.engine, lambda c, keys=tuple(gone): erasing.erased(c, keys))  # type: ignore[misc]
            self.derived.sweep()
            if not gone:
                return

    def _delete_older(self, tenant: str, before: datetime) -> int:
        ours, total = self.keeping.is_ours, 0

        def erase(connection: Connection) -> int:
            return erasing.erase_older(connection, before, tenant, is_ours=ours)

        while count := writing(self.store.engine, erase):
            total += count
        if total:
            _log.info("deleted %d calls that were kept long enough", total)
            details = {"calls": total, "before": before.isoformat()}
            writing(self.store.engine, lambda c: audit.note(c, tenant, "system", "retention", details=details))
        return total

    def _days(self, own: dict[str, float | None] | None) -> float | None:
        return self.retention_days if own is None else own["days"]
