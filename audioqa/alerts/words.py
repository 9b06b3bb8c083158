"""What an alert says, in a sentence and as plain values."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from audioqa.alerts.alert import Alert
from audioqa.alerts.segments import ALL


def segment(alert: Alert) -> str:
    """What it is about, in words.

    >>> from audioqa.alerts.alert import Spell
    >>> spell = Spell(0.0, 60.0)
    >>> segment(Alert("drop", "drop", "carrier", "Acme", "", (spell,), 4.2, 3.6, 9, 6.0, 5.8, 1, 9))
    'carrier Acme'
    """
    if alert.by == ALL:
        return "all calls"
    pairs = zip(alert.by.split("+"), alert.value.split(" + "), strict=True)
    return " and ".join(
        value if value.startswith(f"{column.strip()} ") else f"{column.strip()} {value}" for column, value in pairs
    )


def sentence(alert: Alert) -> str:
    """What is wrong, since when."""
    what, spell = segment(alert), alert.spells[-1]
    since = moment(spell.since)
    if alert.kind == "below":
        said = f"{what}: MOS {alert.after:.2f}, below {alert.before:.2f}, since {since}"
    elif alert.kind == "cluster":
        said = f"{what}: {alert.detail} in {alert.after:.0%} of the calls since {since}, before in {alert.before:.1%}"
    elif alert.kind == "standing":
        said = f"{what}: MOS {alert.after:.2f} where its like have {alert.before:.2f}"
    elif alert.kind == "hours":
        hours = alert.detail.replace("-", " to ")
        said = f"{what}: MOS {alert.after:.2f} from {hours} o'clock (UTC), at other hours {alert.before:.2f}"
    else:
        said = f"{what}: MOS fell from {alert.before:.2f} to {alert.after:.2f} at {since}"
    if len(alert.spells) > 1:
        said += f", the {_ordinal(len(alert.spells))} time"
    if spell.until is not None and not alert.part_of:
        said += f"; over since {moment(spell.until)}"
    return said


def told(alert: Alert) -> dict[str, Any]:
    """An alert as others are told of it: JSON values, times in UTC."""
    spell = alert.spells[-1]
    return {
        "rule": alert.rule,
        "kind": alert.kind,
        "by": alert.by,
        "value": alert.value,
        "detail": alert.detail,
        "text": sentence(alert),
        "state": alert.state,
        "since": _iso(spell.since),
        "fired_at": _iso(spell.fired),
        "ended_at": _iso(spell.until),
        "before": alert.before,
        "after": alert.after,
        "drop": spell.drop,
        "calls": alert.calls,
        "score": alert.score,
        "limit": alert.limit,
        "first_call": alert.first,
        "last_call": alert.last,
        "part_of": alert.part_of,
        "spells": [
            {
                "since": _iso(one.since),
                "fired_at": _iso(one.fired),
                "ended_at": _iso(one.until),
                "recovered_at": _iso(one.recovered),
            }
            for one in alert.spells
        ],
    }


def moment(seconds: float) -> str:
    """A moment for people: minutes, UTC."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M} UTC"


def _iso(seconds: float | None) -> str | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


def _ordinal(number: int) -> str:
    ending = "th" if 10 <= number % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"
