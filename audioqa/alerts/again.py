"""The same alert again: within some days it is one alert with several spells, and it is found a little sooner."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from audioqa.alerts.alert import Alert
from audioqa.alerts.columns import DAY

SOONER = 1.2
"""Standard deviations. What was bad at the same hours in the days before needs so much less: it is looked at so for a
few hours and some days only."""

_EARLIER, _LONGEST = 3600.0, 43_200.0
"""Seconds before the hours of a spell that count as the same, and of a spell that says anything of hours."""


def sooner(alerts: Iterable[Alert], now: float, days: float) -> float:
    """How much less certain another spell has to be.

    Parameters
    ----------
    alerts
        Those of the same name.
    now
        The moment.
    days
        In which it counts as the same alert.
    """
    for alert in alerts:
        for spell in alert.spells:
            length = (spell.until or spell.fired) - spell.since
            into = (now - spell.since + _EARLIER) % DAY
            if now - spell.since <= days * DAY and length <= _LONGEST and into <= length + _EARLIER:
                return SOONER
    return 0.0


def put(alerts: list[Alert], found: Alert, days: float) -> int:
    """Put a new alert into a list, as another spell of the same one where that is over for some days only; its place.

    Parameters
    ----------
    alerts
        Changed in place.
    found
        The new one, with one spell.
    days
        In which it counts as the same alert.
    """
    before = [number for number, alert in enumerate(alerts) if alert.name == found.name and not alert.is_open]
    if before and found.spells[0].since - (alerts[before[-1]].end or 0.0) <= days * DAY:
        alerts[before[-1]] = replace(found, spells=(*alerts[before[-1]].spells, *found.spells))
        return before[-1]
    alerts.append(found)
    return len(alerts) - 1


def by_name(alerts: Sequence[Alert], rule: str) -> dict[tuple[str, str, str], list[Alert]]:
    """The alerts of a rule by column, word and detail."""
    found: dict[tuple[str, str, str], list[Alert]] = {}
    for alert in alerts:
        if alert.rule == rule:
            found.setdefault((alert.by, alert.value, alert.detail), []).append(alert)
    return found
