"""One day of one tenant's calls: from the alerts at its beginning to those at its end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from audioqa.alerts.alert import Alert
from audioqa.alerts.below import Below
from audioqa.alerts.clusters import Clusters
from audioqa.alerts.columns import DAY, Calls
from audioqa.alerts.drops import BUCKET, Drops
from audioqa.alerts.rule import AlertRule
from audioqa.alerts.standing import judge

HISTORY = 28.0
"""Days before a day that it is judged by."""


def fold_day(
    calls: Calls, alerts: Sequence[Alert], rules: Sequence[AlertRule], *, day: float, until: float, scale: str
) -> tuple[Alert, ...]:
    """The alerts at the end of a day, or in the course of it.

    Nothing but what is given goes in: so it does not matter in how many pieces the calls came, or how late.

    Parameters
    ----------
    calls
        Those of the four weeks before the day, and those of the day.
    alerts
        Those at the beginning of the day.
    rules
        The rules.
    day
        When the day begins.
    until
        Only whole buckets before this moment are looked at.
    scale
        Of their MOS.
    """
    calls = calls.between(day - HISTORY * DAY, min(until, day + DAY))
    found = tuple(_given_up(alert, day) for alert in alerts)
    scored = calls.take(np.flatnonzero(np.isfinite(calls.mos)))
    changes = [rule for rule in rules if rule.kind in ("drop", "hours")]
    standing = [rule for rule in rules if rule.kind == "standing"]
    changed: Sequence[Alert] = found
    if changes or standing:
        for begin, end in _parts(scored, day):
            drops = Drops(scored.between(0.0, end), _history(scored, begin), changes, changed, also=standing)
            if begin == day and drops.baseline is not None and standing:
                drops.alerts = judge(
                    scored, drops.history, drops.back, drops.baseline, rules=standing, alerts=drops.alerts, now=day
                )
            _go_through(drops, day, until)
            changed = drops.alerts
    looking: list[Below | Clusters] = [
        Below(scored, _history(scored, day), rule, found)
        for rule in rules
        if rule.kind == "below" and rule.scale == scale
    ]
    looking += [Clusters(calls, _history(calls, day), rule, found) for rule in rules if rule.kind == "cluster"]
    for one in looking:
        _go_through(one, day, until)
    return _together(found, [changed, *(one.alerts for one in looking)])


def _parts(calls: Calls, day: float) -> list[tuple[float, float]]:
    """The whole day; the first one, which nothing is known before, hour by hour."""
    if len(calls) and calls.at[0] < day:
        return [(day, day + DAY)]
    return [(day + hour * 3600.0, day + (hour + 1) * 3600.0) for hour in range(24)]


def _history(calls: Calls, day: float) -> int:
    return int(np.searchsorted(calls.at, day))


def _go_through(one: Drops | Below | Clusters, day: float, until: float) -> None:
    at = one.calls.at
    first = one.history
    while first < len(at):
        end = day + (np.floor((at[first] - day) / BUCKET) + 1.0) * BUCKET
        if end > until:
            return
        last = int(np.searchsorted(at, end))
        one.step(first, last)
        first = last


def _given_up(alert: Alert, day: float) -> Alert:
    """An alert that no call has been heard of for four weeks is over: nobody knows how it goes on."""
    spell = alert.spells[-1]
    if alert.is_open and max(spell.fired, alert.cusum_at) < day - HISTORY * DAY:
        return replace(alert, spells=(*alert.spells[:-1], replace(spell, until=day, recovered=day)))
    return alert


def _together(before: Sequence[Alert], several: Sequence[Sequence[Alert]]) -> tuple[Alert, ...]:
    """What each kind of rule has made of the alerts: it changes those of its own rules, and adds to the end."""
    count = len(before)
    found = list(before)
    for alerts in several:
        for number in range(count):
            if alerts[number] != before[number]:
                found[number] = alerts[number]
    return (*found, *(alert for alerts in several for alert in alerts[count:]))
