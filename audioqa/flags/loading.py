"""Rules from the configuration, on top of the default set."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from importlib import resources
from typing import Any

from audioqa.errors import SettingsError
from audioqa.flags.families import suggestion
from audioqa.flags.rule import Rule
from audioqa.flags.rules import FlagRules

MOST = 200
"""Rules that a set may have."""

KEYS: Mapping[str, tuple[type, ...]] = {
    "name": (str,),
    "for": (str,),
    "when": (str,),
    "reason": (str,),
    "which": (str,),
    "apart": (int, float),
    "once": (bool,),
    "listen": (str,),
    "enabled": (bool,),
}
_TYPES: Mapping[type, str] = {str: "a text", int: "a number", float: "a number", bool: "true or false"}


def default_rules() -> FlagRules:
    """The rules that hold where the configuration has none."""
    return make_rules([])


def make_rules(tables: Sequence[Mapping[str, Any]], *, defaults: bool = True) -> FlagRules:
    """The rules that the configuration describes.

    Parameters
    ----------
    tables
        The tables ``[[flags.rules]]``: fields of `Rule` by name, ``for`` in place of ``about``, and ``enabled``. One
        with the name of a default rule changes what it says and leaves the rest of it; others are added at the end.
    defaults
        Whether the default set holds, too.

    Raises
    ------
    SettingsError
        Where a rule cannot be used; the message names it and its field.
    """
    known = {str(table["name"]): dict(table) for table in _default_tables()} if defaults else {}
    given: set[str] = set()
    for number, table in enumerate(tables, 1):
        name = _checked(table, number)
        if name in given:
            raise SettingsError(f"two flag rules are called {name!r}")
        given.add(name)
        known[name] = known.get(name, {}) | dict(table)
    if len(known) > MOST:
        raise SettingsError(f"there can be at most {MOST} flag rules, not {len(known)}")
    return FlagRules(tuple(_rule(table) for table in known.values() if table.get("enabled", True)))


def _default_tables() -> list[dict[str, Any]]:
    text = resources.files("audioqa.flags").joinpath("default.toml").read_text(encoding="utf-8")
    tables: list[dict[str, Any]] = tomllib.loads(text)["rules"]
    return tables


def _checked(table: Mapping[str, Any], number: int) -> str:
    name = table.get("name")
    if not isinstance(name, str):
        raise SettingsError(f"flag rule {number} has no name")
    for key, value in table.items():
        if key not in KEYS:
            raise SettingsError(f"flag rule {name!r}: there is no key {key!r}; {suggestion(key, KEYS)}")
        types = KEYS[key]
        if not isinstance(value, types) or (isinstance(value, bool) and bool not in types):
            raise SettingsError(f"flag rule {name!r}: {key}: {_TYPES[types[0]]} is needed, not {value!r}")
    return name


def _rule(table: Mapping[str, Any]) -> Rule:
    for key in ("for", "when", "reason"):
        if key not in table:
            raise SettingsError(
                f"flag rule {table['name']!r} has no {key!r}, and there is no default rule of that name"
            )
    fields = {key: value for key, value in table.items() if key not in ("for", "enabled")}
    if "apart" in fields:
        fields["apart"] = float(fields["apart"])
    return Rule(about=table["for"], **fields)
