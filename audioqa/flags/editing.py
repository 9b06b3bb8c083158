"""The text of a configuration with a changed rule; comments and order stay."""

from __future__ import annotations

import tomllib
from typing import Any

from audioqa.errors import SettingsError
from audioqa.flags.loading import make_rules


def apply_threshold(text: str, rule: str, *, field: str, value: float) -> str:
    """The configuration with another threshold of a rule; what it leaves out is written into it.

    Parameters
    ----------
    text
        A configuration file's text, TOML; may be empty.
    rule
        Name of a rule, of the text or of the default set.
    field
        The field that the rule's condition compares, once, with a number or another field.
    value
        The new threshold.

    Raises
    ------
    SettingsError
        Where the text is not TOML or its rules cannot be used, there is no such rule, or its condition has no such
        threshold.
    """
    _, flags, plain = _parsed(text)
    changed = make_rules(plain, defaults=flags.get("defaults", True)).with_threshold(rule, field, value)
    (condition,) = [one.when for one in changed.rules if one.name == rule]
    written = apply_condition(text, rule, condition)
    again = tomllib.loads(written)["flags"]
    assert make_rules(again["rules"], defaults=again.get("defaults", True)) == changed  # noqa: S101
    return written


def apply_condition(text: str, rule: str, condition: str) -> str:
    """The configuration with another condition of a rule, which is written into it where it has none of that name.

    Parameters
    ----------
    text
        A configuration file's text, TOML; may be empty.
    rule
        Name of the rule. Nothing is looked up: it may be one of another text that this one changes.
    condition
        The new condition.

    Raises
    ------
    SettingsError
        Where the text is not TOML.
    """
    import tomlkit

    document, flags, _ = _parsed(text)
    tables = flags.get("rules", [])
    for table in tables:
        if table["name"] == rule:
            table["when"] = condition
            break
    else:
        within_line = isinstance(tables, tomlkit.items.Array) and tables
        added = tomlkit.inline_table() if within_line else tomlkit.table()
        added.update({"name": rule, "when": condition})
        if not tables:
            flags["rules"] = tomlkit.aot()
        flags["rules"].append(added)
    written: str = tomlkit.dumps(document)
    return written


def _parsed(text: str) -> tuple[Any, Any, list[dict[str, Any]]]:
    """The document, its table of flags, and its rules as plain values."""
    # Imported here: only who changes a configuration needs it.
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    try:
        document: Any = tomlkit.parse(text)
        flags = document.setdefault("flags", tomlkit.table())
        plain = [table.unwrap() for table in flags.get("rules", [])]
    except (TOMLKitError, AttributeError) as error:
        raise SettingsError(f"the configuration is not as it should be: {error}") from None
    return document, flags, plain
