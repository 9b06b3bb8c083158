"""Keeping alerts: what they are now, how they stood at the beginning of each day, and who has seen them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from audioqa.alerts.alert import Alert, from_plain, to_plain
from audioqa.alerts.columns import DAY
from audioqa.store.alert_calls import TEST_CALLS
from audioqa.store.alert_tables import alert_days, alert_progress, alerts
from audioqa.store.keys import storable
from audioqa.store.recording import new_row

STATES = ("open", "re-opened", "recovered", "withdrawn")
"""Bad now; bad again; over; taken back, since calls that came late spoke against it."""


@dataclass(frozen=True)
class StoredAlert:
    """An alert as it is kept.

    Parameters
    ----------
    key
        The store's number of it.
    tenant
        Whose.
    stream
        Scale and model of the MOS that it is reckoned from.
    alert
        What is said.
    state
        One of `STATES`.
    late
        Whether calls that came late changed what had been said.
    changed_at
        When it was last changed.
    acknowledged_by, acknowledged_at, note
        Who has seen it, when, and what they say; None where nobody has.
    """

    key: int
    tenant: str
    stream: str
    alert: Alert
    state: str
    late: bool
    changed_at: datetime
    acknowledged_by: str | None
    acknowledged_at: datetime | None
    note: str | None

    @property
    def test_calls(self) -> bool:
        """Whether it is of test calls, which have alerts of their own."""
        return self.stream.endswith(TEST_CALLS)


@dataclass(frozen=True)
class Change:
    """What is new of an alert: ``opened``, ``reopened``, ``recovered`` or ``withdrawn``."""

    what: str
    key: int
    alert: Alert
    stream: str
    late: bool


def list_alerts(
    connection: Connection,
    tenant: str,
    *,
    states: Sequence[str] = (),
    since: datetime | None = None,
    until: datetime | None = None,
    most: int = 200,
) -> list[StoredAlert]:
    """A tenant's alerts, the latest first.

    Parameters
    ----------
    connection
        In a transaction.
    tenant
        Whose.
    states
        Only these; empty for all.
    since, until
        Only those of which the last spell fired then.
    most
        How many.
    """
    mine = [alerts.c.tenant == storable(tenant)]
    if states:
        mine.append(alerts.c.state.in_(list(states)))
    if since is not None:
        mine.append(alerts.c.fired_at >= since)
    if until is not None:
        mine.append(alerts.c.fired_at < until)
    chosen = select(alerts).where(*mine).order_by(alerts.c.fired_at.desc(), alerts.c.id.desc()).limit(most)
    return [_stored(row) for row in connection.execute(chosen)]


def find_alert(connection: Connection, key: int, tenant: str) -> StoredAlert | None:
    """A tenant's alert by its number; None where there is none."""
    mine = alerts.c.id == key, alerts.c.tenant == storable(tenant)
    row = connection.execute(select(alerts).where(*mine)).first()
    return None if row is None else _stored(row)


def acknowledge(connection: Connection, key: int, tenant: str, *, by: str, note: str) -> bool:
    """Note that somebody has seen an alert; False where the tenant has none of that number."""
    mine = alerts.c.id == key, alerts.c.tenant == storable(tenant)
    values = {"acknowledged_by": by, "acknowledged_at": datetime.now(UTC), "note": note or None}
    return connection.execute(update(alerts).where(*mine).values(values)).rowcount > 0


def progress(connection: Connection, tenant: str) -> tuple[int, str] | None:
    """The number of the last call that has been looked at, and the digest of the rules; None where none has been."""
    row = connection.execute(select(alert_progress).where(alert_progress.c.tenant == storable(tenant))).first()
    return None if row is None else (row.last, row.rules)


def set_progress(connection: Connection, tenant: str, *, last: int, rules: str) -> None:
    """Note how far a tenant's calls have been looked at, and by which rules."""
    values = {"last": last, "rules": rules, "changed_at": datetime.now(UTC)}
    statement = new_row(connection, alert_progress).values(tenant=tenant, **values)
    connection.execute(statement.on_conflict_do_update(index_elements=[alert_progress.c.tenant], set_=values))


def begun_days(connection: Connection, tenant: str, stream: str) -> dict[float, tuple[Alert, ...]]:
    """The alerts at the beginning of each day that is kept, by day in seconds since 1970."""
    mine = alert_days.c.tenant == storable(tenant), alert_days.c.stream == storable(stream)
    return {
        _seconds(row.day): tuple(from_plain(one) for one in row.alerts)
        for row in connection.execute(select(alert_days).where(*mine))
    }


def put_days(
    connection: Connection, tenant: str, stream: str, begun: Mapping[float, Sequence[Alert]], *, since: float
) -> None:
    """Keep how the alerts stood at the beginning of each day from one on; what was kept of those is gone."""
    first = datetime.fromtimestamp(since, UTC).date()
    mine = alert_days.c.tenant == storable(tenant), alert_days.c.stream == storable(stream), alert_days.c.day >= first
    connection.execute(delete(alert_days).where(*mine))
    rows = [
        {
            "tenant": tenant,
            "stream": stream,
            "day": datetime.fromtimestamp(day, UTC).date(),
            "alerts": [to_plain(alert) for alert in some],
        }
        for day, some in sorted(begun.items())
        if day >= since
    ]
    if rows:
        connection.execute(insert(alert_days), rows)


def put_alerts(
    connection: Connection,
    tenant: str,
    stream: str,
    now: Sequence[Alert],
    *,
    looked_since: float,
    tell_since: float,
) -> list[Change]:
    """Write the alerts of a stream as they are now, and say what is new of them.

    Parameters
    ----------
    connection
        In a transaction.
    tenant, stream
        Whose, and of which scale and model.
    now
        All of them.
    looked_since
        Those that are kept and not among them are withdrawn, but for those that were over before this moment.
    tell_since
        Only what happened at that moment or later is news.
    """
    mine = alerts.c.tenant == storable(tenant), alerts.c.stream == storable(stream)
    kept = [_stored(row) for row in connection.execute(select(alerts).where(*mine).order_by(alerts.c.id))]
    left = [one for one in kept if one.state != "withdrawn"]
    changes: list[Change] = []
    for alert in now:
        old = next((one for one in left if one.alert.name == alert.name and _same(one.alert, alert)), None)
        if old is not None:
            left.remove(old)
            if old.alert == alert:
                continue
        change = _write(connection, tenant, stream, alert, old)
        moment = alert.spells[-1].recovered if change.what == "recovered" else alert.spells[-1].fired
        if change.what and (moment or 0.0) >= tell_since and not alert.part_of:
            changes.append(change)
    for old in left:
        if old.alert.end is not None and old.alert.end < looked_since:
            continue
        values = {"state": "withdrawn", "late": True, "changed_at": datetime.now(UTC)}
        connection.execute(update(alerts).where(alerts.c.id == old.key).values(values))
        changes.append(Change("withdrawn", old.key, old.alert, stream, late=True))
    return changes


def forget_alerts(connection: Connection, tenant: str, before: datetime) -> int:
    """Delete alerts that ended before a moment, and what was kept of days before it; how many alerts they were."""
    days = alert_days.c.tenant == storable(tenant), alert_days.c.day < before.date()
    connection.execute(delete(alert_days).where(*days))
    old = alerts.c.tenant == storable(tenant), alerts.c.ended_at < before
    return connection.execute(delete(alerts).where(*old)).rowcount


def _write(connection: Connection, tenant: str, stream: str, alert: Alert, old: StoredAlert | None) -> Change:
    spell = alert.spells[-1]
    before = old.alert if old else None
    late = bool(old and old.late)
    if before is not None and before.end is not None and before.spells[-1].fired == spell.fired and alert.is_open:
        late = True  # it had been said to be over
        what = "reopened"
    elif before is None or len(alert.spells) > len(before.spells):
        what = "opened" if len(alert.spells) == 1 else "reopened"
        if not alert.is_open:
            what = "recovered"
    else:
        what = "recovered" if before.is_open and not alert.is_open else ""
    state = "re-opened" if alert.is_open and (late or len(alert.spells) > 1) else alert.state
    values: dict[str, Any] = {
        "tenant": tenant,
        "stream": stream,
        "rule": alert.rule,
        "kind": alert.kind,
        "by": alert.by,
        "value": alert.value,
        "detail": alert.detail,
        "state": state,
        "since": _moment(spell.since),
        "fired_at": _moment(spell.fired),
        "ended_at": None if spell.until is None else _moment(spell.until),
        "drop": spell.drop or max(0.0, alert.before - alert.after),
        "late": late,
        "figures": to_plain(alert),
        "changed_at": datetime.now(UTC),
    }
    if old is None:
        key = int(connection.execute(insert(alerts).values(values).returning(alerts.c.id)).scalar_one())
    else:
        key = old.key
        if what == "reopened":
            values |= {"acknowledged_by": None, "acknowledged_at": None}
        connection.execute(update(alerts).where(alerts.c.id == key).values(values))
    return Change(what, key, alert, stream, late)


def _same(one: Alert, other: Alert) -> bool:
    """Whether two alerts of one name are of the same time."""
    first, last = one.spells[0].since, other.spells[0].since
    ends = [alert.end if alert.end is not None else float("inf") for alert in (one, other)]
    return first <= ends[1] and last <= ends[0]


def _stored(row: Row[Any]) -> StoredAlert:
    return StoredAlert(
        row.id,
        row.tenant,
        row.stream,
        from_plain(row.figures),
        row.state,
        row.late,
        row.changed_at,
        row.acknowledged_by,
        row.acknowledged_at,
        row.note,
    )


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _seconds(day: date) -> float:
    return (day - date(1970, 1, 1)) / timedelta(days=1) * DAY
