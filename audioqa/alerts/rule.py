"""Rules of alerts: the default set, and what the configuration makes of it."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from importlib import resources
from typing import Any, Literal, get_args

from audioqa.bands import BAND_SETS
from audioqa.errors import SettingsError

Kind = Literal["below", "drop", "hours", "standing", "cluster"]
"""MOS below a line; a change; hours of the day that are worse; worse than its like; a fault in call after call."""


@dataclass(frozen=True)
class AlertRule:
    """One rule.

    Parameters
    ----------
    name
        What it is called.
    kind
        What it looks for.
    by
        Columns whose words are watched; ``all`` for every call together, ``carrier+site`` for pairs. Columns that the
        calls do not have are passed over.
    line
        ``below``: a MOS, or the name of a band set, whose line of good sound counts.
    scale
        ``below``: the scale that the line is meant for, as lists of calls have it; other ones are not looked at.
    minutes
        ``below``: call time that has to be below the line.
    margin
        ``below``: how far above the line it has to be to count as recovered.
    calls
        The least number of calls.
    least
        ``drop``, ``hours``, ``standing``: the least difference, in MOS.
    days
        ``hours``, ``standing``: the least number of days.
    faults
        ``cluster``: faults that are looked for; empty for all.
    certain
        Whether chance has to be ruled out (`audioqa.alerts.limits`); otherwise the figures themselves are enough.
    false_a_month
        False alarms a month that the rule may give, over everything that it watches.
    again
        Days in which it counts as the same alert when it is bad again.
    """

    name: str
    kind: Kind
    by: tuple[str, ...]
    line: float = 4.0
    scale: str = "MOS-LQO narrowband"
    minutes: float = 5.0
    margin: float = 0.05
    calls: int = 8
    least: float = 0.1
    days: int = 3
    faults: tuple[str, ...] = ()
    certain: bool = True
    false_a_month: float = 0.1
    again: float = 7.0


_KEYS = {field.name for field in fields(AlertRule)}
_WORDS = ("name", "kind", "scale")
_LISTS = ("by", "faults")
_BOUNDS: Mapping[str, tuple[float, float]] = {
    "minutes": (0, 10_000),
    "margin": (0, 4),
    "calls": (2, 100_000),
    "least": (0, 4),
    "days": (1, 28),
    "false_a_month": (1e-6, 1000),
    "again": (0, 28),
}


def make_alert_rules(tables: Sequence[Mapping[str, Any]], *, defaults: bool = True) -> tuple[AlertRule, ...]:
    """The rules that the configuration describes.

    Parameters
    ----------
    tables
        The tables ``[[alerts.rules]]``: fields of `AlertRule` by name, and ``enabled``. One with the name of a default
        rule changes what it says and leaves the rest of it; others are added at the end.
    defaults
        Whether the default set holds, too.

    Raises
    ------
    SettingsError
        Where a rule cannot be used; the message names it and its field.
    """
    known: dict[str, dict[str, Any]] = {}
    if defaults:
        text = resources.files("audioqa.alerts").joinpath("default.toml").read_text(encoding="utf-8")
        known = {table["name"]: dict(table) for table in tomllib.loads(text)["rules"]}
    given: set[str] = set()
    for number, table in enumerate(tables, 1):
        name = table.get("name")
        if not isinstance(name, str) or not name:
            raise SettingsError(f"alert rule {number} has no name")
        if name in given:
            raise SettingsError(f"two alert rules are called {name!r}")
        given.add(name)
        known[name] = known.get(name, {}) | dict(table)
    return tuple(_rule(name, table) for name, table in known.items() if table.get("enabled", True) is True)


def _rule(name: str, table: Mapping[str, Any]) -> AlertRule:
    values = {key: value for key, value in table.items() if key != "enabled"}

    def wrong(key: str, needed: str) -> SettingsError:
        return SettingsError(f"alert rule {name!r}: {key}: {needed} is needed, not {values[key]!r}")

    if unknown := sorted(set(values) - _KEYS):
        raise SettingsError(
            f"alert rule {name!r}: there is no key {unknown[0]!r}; there are {', '.join(sorted(_KEYS))}"
        )
    if values.get("kind") not in get_args(Kind):
        raise SettingsError(f"alert rule {name!r}: its kind is one of {', '.join(get_args(Kind))}")
    if not values.get("by"):
        raise SettingsError(f"alert rule {name!r}: by: say what is watched, such as ['carrier', 'trunk']")
    for key in (one for one in _WORDS if one in values):
        if not isinstance(values[key], str):
            raise wrong(key, "a text")
    for key in (one for one in _LISTS if one in values):
        if not isinstance(values[key], list | tuple) or not all(isinstance(one, str) and one for one in values[key]):
            raise wrong(key, "a list of texts")
        values[key] = tuple(dict.fromkeys(values[key]))
    for key, (low, high) in _BOUNDS.items():
        value = values.get(key)
        if key in values and (not _is_number(value) or not low <= float(value) <= high):  # type: ignore[arg-type]
            raise wrong(key, f"a number from {low:g} to {high:g}")
    for key in ("calls", "days"):
        if key in values and not isinstance(values[key], int):
            raise wrong(key, "a whole number")
    if not isinstance(values.get("certain", True), bool):
        raise wrong("certain", "true or false")
    if isinstance(values.get("line"), str):
        if values["line"] not in BAND_SETS:
            raise wrong("line", f"a MOS or one of {', '.join(BAND_SETS)}")
        values["line"] = BAND_SETS[values["line"]].bands[1][0]
    if "line" in values and not (_is_number(values["line"]) and 1 <= values["line"] <= 5):
        raise wrong("line", "a MOS from 1 to 5")
    return AlertRule(**values)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
