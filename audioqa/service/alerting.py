"""Alerts are kept up to date as calls are scored: reckoned, written, told to webhooks, and to a command.

A tenant's calls are held as columns from one time to the next. What is new is put in where it belongs in time, and the
days from there on are gone through again (`audioqa.alerts.watch`): the alerts are those of a replay, however the calls
came. Once a day everything is read anew, so that calls which were scored again, or deleted, count as they are.
"""

from __future__ import annotations

import hashlib
import json
import logging
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from audioqa.alerts import AlertRule, Watch
from audioqa.alerts.columns import DAY, Calls
from audioqa.alerts.day import HISTORY
from audioqa.alerts.words import told
from audioqa.settings import Settings
from audioqa.store import Store, alerting
from audioqa.store.alert_calls import last_call, streams
from audioqa.store.alerting import Change
from audioqa.store.audit import note
from audioqa.store.database import snapshot, writing
from audioqa.store.webhooks import tell

if TYPE_CHECKING:
    from sqlalchemy import Connection

_log = logging.getLogger("audioqa.service")

LONGEST = 62 * DAY
"""Seconds of calls that are gone through where nothing has been before."""

LATEST = 35 * DAY
"""Calls that come so much later than others are not looked at."""

_NEWS = 7 * DAY
_HELD = DAY
_SHARE = 10.0
"""Going through a tenant's calls may take so small a part of the time."""

_COMMAND_TIME = 30.0


@dataclass
class _Held:
    """What is held of a tenant from one time to the next."""

    last: int
    watches: dict[tuple[str, str], Watch]
    read_at: float
    again_at: float = 0.0


@dataclass
class Alerting:
    """Keeps alerts up to date.

    Parameters
    ----------
    store
        Where calls and alerts are.
    settings
        The configuration.
    """

    store: Store
    settings: Settings
    _held: dict[str, _Held] = field(default_factory=dict, init=False)

    @cached_property
    def rules(self) -> tuple[AlertRule, ...]:
        """The rules in force."""
        return self.settings.alert_rules()

    @cached_property
    def digest(self) -> str:
        """Of the rules: with others everything is gone through again."""
        return hashlib.sha256(repr(self.rules).encode()).hexdigest()

    def keep_up(self, *, whole: bool = False) -> list[Change]:
        """Look at what is new of every tenant; what is new of its alerts.

        Parameters
        ----------
        whole
            Whether nothing more is to come soon, so that the last five minutes are looked at too.
        """
        changes: list[Change] = []
        for tenant in self.store.tenants():
            held = self._held.get(tenant)
            if whole or held is None or time.monotonic() >= held.again_at:
                changes += self.look(tenant, until=None if whole else time.time())
        return changes

    def look(self, tenant: str, *, until: float | None = None) -> list[Change]:
        """Look at what is new of a tenant; what is new of its alerts.

        Parameters
        ----------
        tenant
            Whose.
        until
            The moment: five minutes that are not over are left for the next time. None: everything is over.
        """
        began = time.monotonic()
        with snapshot(self.store.engine) as connection:
            known = alerting.progress(connection, tenant)
            newest = last_call(connection, tenant)
            if known is not None and known[1] == self.digest and known[0] >= newest:
                return []
            held = self._held.get(tenant)
            if held is None or known is None or known != (held.last, self.digest) or began - held.read_at > _HELD:
                held, fresh = self._read(connection, tenant, known, newest)
            else:
                fresh = streams(connection, tenant, self._columns, after=held.last)
                fresh = {stream: self._in_time(held, stream, calls) for stream, calls in fresh.items()}
        since: dict[tuple[str, str], float] = {}
        for stream, calls in fresh.items():
            if not len(calls):
                continue
            watch = held.watches.get(stream) or Watch(self.rules, stream[0])
            watch = watch.add(calls, until=until)
            since[stream] = min(float(calls.at[0]) // DAY * DAY, max(watch.begun, default=0.0))
            held.watches[stream] = watch.without_before(float(watch.calls.at[-1]) - LATEST)
        held.last = newest
        changes = self._write(tenant, held, since, known)
        self._held[tenant] = held
        held.again_at = time.monotonic() + _SHARE * (time.monotonic() - began)
        for change in changes:
            self._run(tenant, change)
        return changes

    @property
    def _columns(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(column for rule in self.rules for column in rule.by))

    def _read(
        self, connection: Connection, tenant: str, known: tuple[int, str] | None, newest: int
    ) -> tuple[_Held, dict[tuple[str, str], Calls]]:
        """What is to be held of a tenant, and the calls that have not been looked at."""
        if known is None or known[1] != self.digest:
            everything = streams(connection, tenant, self._columns)
            recent = {
                stream: calls.between(float(calls.at[-1]) - LONGEST, float("inf"))
                for stream, calls in everything.items()
            }
            return _Held(newest, {}, time.monotonic()), recent
        fresh = streams(connection, tenant, self._columns, after=known[0])
        begun = {stream: alerting.begun_days(connection, tenant, _name(stream)) for stream in fresh}
        days = [float(calls.at[0]) // DAY * DAY for calls in fresh.values()]
        days += [max(some) for some in begun.values() if some]
        latest = max(float(calls.at[-1]) for calls in fresh.values())
        since = max(min(days), latest - LATEST) // DAY * DAY - HISTORY * DAY
        all_calls = streams(connection, tenant, self._columns, since=datetime.fromtimestamp(since, UTC))
        watches = {}
        for stream, calls in all_calls.items():
            new = fresh.get(stream)
            old = calls if new is None else _without(calls, new)
            states = begun.get(stream) or alerting.begun_days(connection, tenant, _name(stream))
            usable = {day: some for day, some in states.items() if day >= since + HISTORY * DAY}
            alerts = max(states.items(), default=(0.0, ()))[1]
            watches[stream] = Watch(self.rules, stream[0], old, usable, alerts)
        return _Held(newest, watches, time.monotonic()), {
            stream: calls.between(since + HISTORY * DAY, float("inf")) for stream, calls in fresh.items()
        }

    @staticmethod
    def _in_time(held: _Held, stream: tuple[str, str], calls: Calls) -> Calls:
        """Without what comes too late to be looked at."""
        watch = held.watches.get(stream)
        if watch is None or not len(watch.calls):
            return calls
        return calls.between(float(watch.calls.at[-1] - LATEST) // DAY * DAY, float("inf"))

    def _write(
        self, tenant: str, held: _Held, since: dict[tuple[str, str], float], known: tuple[int, str] | None
    ) -> list[Change]:
        """Write what has come of it, with what webhooks are to be told; nothing where somebody else was quicker."""

        def write(connection: Connection) -> list[Change]:
            if alerting.progress(connection, tenant) != known:
                return []
            changes: list[Change] = []
            for stream, day in since.items():
                watch = held.watches[stream]
                news = float(watch.calls.at[-1]) - _NEWS
                some = alerting.put_alerts(
                    connection, tenant, _name(stream), watch.alerts, looked_since=day - LATEST, tell_since=news
                )
                alerting.put_days(connection, tenant, _name(stream), watch.begun, since=day)
                # What is over for long when it is first heard of is no news.
                changes += [one for one in some if known is not None or one.alert.is_open]
            alerting.set_progress(connection, tenant, last=held.last, rules=self.digest)
            for change in changes:
                tell(connection, tenant, f"alert.{change.what}", f"alert-{change.key}", about(change))
            return changes

        return writing(self.store.engine, write)

    def acknowledge(self, key: int, *, tenant: str, by: str, said: str = "") -> bool:
        """Note that somebody has seen an alert; False where the tenant has none of that number."""

        def write(connection: Connection) -> bool:
            if not alerting.acknowledge(connection, key, tenant, by=by, note=said):
                return False
            note(connection, tenant, by, "acknowledged an alert", details={"alert": key})
            return True

        return writing(self.store.engine, write)

    def _run(self, tenant: str, change: Change) -> None:
        """Give what is new to the command of the configuration, as JSON on its standard input."""
        command = self.settings.alerts.command
        if not command:
            return
        message = json.dumps({"type": f"alert.{change.what}", "tenant": tenant, "data": about(change)})
        try:
            subprocess.run(  # noqa: S603 - of the configuration
                command, input=message.encode(), timeout=_COMMAND_TIME, check=True, stdout=subprocess.DEVNULL
            )
        except (OSError, subprocess.SubprocessError) as error:
            _log.error("the command for alerts failed: %s", type(error).__name__)


def about(change: Change) -> dict[str, Any]:
    """What others are told of a change: the alert, and whether calls that came late brought it about."""
    return {"id": change.key, "stream": change.stream, "late": change.late} | told(change.alert)


def _name(stream: Sequence[str]) -> str:
    return "; ".join(stream)


def _without(calls: Calls, others: Calls) -> Calls:
    import numpy as np

    return calls.take(np.flatnonzero(~np.isin(calls.key, others.key)))
