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
    # Imported here: only who changes a configuration needs it.
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    try:
        document: Any = tomlkit.parse(text)
        flags = document.setdefault("flags", tomlkit.table())
        tables = flags.get("rules", [])
        plain = [table.unwrap() for table in tables]
    except (TOMLKitError, AttributeError) as error:
        raise SettingsError(f"the configuration is not as it should be: {error}") from None
    changed = make_rules(plain, defaults=flags.get("defaults", True)).with_threshold(rule, field, value)
    (condition,) = [one.when for one in changed.rules if one.name == rule]
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
    again = tomllib.loads(written)["flags"]
    assert make_rules(again["rules"], defaults=again.get("defaults", True)) == changed  # noqa: S101
    return written
