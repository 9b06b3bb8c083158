"""Flags are kept up to date: with the rules of the configuration, those that a tenant has set, and what is known of a
call. Nothing is scored again.

A call notes the digest of the rules that made its flags; those with another one are judged again, some at a time, the
newest first. So it does not matter when a rule was changed, by whom, or how often the service was started meanwhile.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from audioqa.bands import CONTACT_CENTRE, BandSet
from audioqa.errors import SettingsError
from audioqa.flags import FlagRules, apply_threshold, make_rules
from audioqa.flags.language import Name, Number, parse
from audioqa.flags.names import names_in
from audioqa.flags.thresholds import thresholds
from audioqa.render.as_json import from_plain, plain
from audioqa.settings import Settings
from audioqa.store import Store, StoredCall, flagging
from audioqa.store.audit import note
from audioqa.store.database import snapshot, writing
from audioqa.store.tenant_settings import get_setting, set_setting

if TYPE_CHECKING:
    from sqlalchemy import Connection

RULES = "flag_rules"
"""Name of the setting: a tenant's rules, as the configuration writes them."""

AT_ONCE = 50
"""Calls that are judged again in one transaction."""

MEDIAN_DAYS = 30
"""Days of the medians that rules may ask for."""

LONGEST = 100_000
"""Characters of a tenant's rules."""

_OF_METADATA = ("call.", "tag.", "network.", "median.", "drop.")


@dataclass(frozen=True)
class Flagging:
    """Keeps flags up to date.

    Parameters
    ----------
    store
        Where the calls are.
    settings
        The configuration.
    """

    store: Store
    settings: Settings

    def text(self, tenant: str) -> str:
        """The rules that a tenant has set, as the configuration writes them; empty where there are none."""
        with snapshot(self.store.engine) as connection:
            return str(get_setting(connection, tenant, RULES) or "")

    def rules(self, tenant: str) -> FlagRules:
        """The rules in force: those of the configuration, changed by the tenant's own."""
        return self._made(self.text(tenant))

    def set_text(self, text: str, *, tenant: str, by: str) -> None:
        """Set a tenant's rules.

        Parameters
        ----------
        text
            ``[[flags.rules]]`` as in the configuration; they change rules of the same name, and add others.
        tenant, by
            Whose, and who sets them.

        Raises
        ------
        SettingsError
            Where they cannot be used; the message names the rule and the field.
        """
        if len(text) > LONGEST:
            raise SettingsError(f"flag rules have at most {LONGEST} characters")
        self._made(text)

        def change(connection: Connection) -> None:
            before = get_setting(connection, tenant, RULES)
            set_setting(connection, tenant, RULES, text or None, by=by)
            note(connection, tenant, by, "changed flag rules", details={"before": before or "", "after": text})

        writing(self.store.engine, change)

    def set_threshold(self, rule: str, field: str, value: float, *, tenant: str, by: str) -> None:
        """Set another threshold of a rule.

        Raises
        ------
        SettingsError
            Where there is no such rule or threshold.
        """
        self.set_text(apply_threshold(self.text(tenant), rule, field=field, value=value), tenant=tenant, by=by)

    def threshold(self, rule: str, field: str, *, tenant: str) -> float | None:
        """What a rule compares a field with; None where it does not, or not with one number."""
        for one in self.rules(tenant).rules:
            if one.name == rule:
                limits = [found.limit for found in thresholds(parse(one.when)) if found.field == field]
                if len(limits) == 1 and isinstance(limits[0], Number):
                    return limits[0].value
                if len(limits) == 1 and isinstance(limits[0], Name):
                    return {"attention": self._bands.attention, "painful": self._bands.painful}.get(limits[0].name)
        return None

    def left(self, tenant: str) -> int:
        """How many calls are still to be judged by the rules in force."""
        digest = _digest(self.rules(tenant))
        with snapshot(self.store.engine) as connection:
            return flagging.count_stale(connection, tenant, digest)

    def keep_up(self) -> Iterator[int]:
        """Judge again what is to be judged; how many each time, so that the caller can stop in between."""
        for tenant in self.store.tenants():
            rules = self.rules(tenant)
            while done := self._some(tenant, rules):
                yield done

    def _some(self, tenant: str, rules: FlagRules) -> int:
        digest = _digest(rules)
        with snapshot(self.store.engine) as connection:
            found = flagging.stale(connection, tenant, digest, AT_ONCE)
            judged = [(number, call, self._flags(connection, rules, call)) for number, call in found]

        def write(connection: Connection) -> None:
            for number, call, flags in judged:
                if flags == call.content["flags"]:
                    flagging.mark_checked(connection, number, digest)
                else:
                    flagging.put_flags(connection, number, flags, digest=digest)

        if judged:
            writing(self.store.engine, write)
        return len(judged)

    def _flags(self, connection: Connection, rules: FlagRules, call: StoredCall) -> list[dict[str, Any]]:
        began = call.info.start_time or datetime.now(UTC)
        medians = {}
        for column in rules.median_columns:
            known = call.info.tags.get(column[4:]) if column.startswith("tag.") else getattr(call.info, column)
            if known:
                since = began - timedelta(days=MEDIAN_DAYS)
                found = flagging.median_mos(connection, call.info.tenant, column, known, since=since, until=began)
                if found is not None:
                    medians[column] = found
        flags = rules(from_plain(call.content), bands=self._bands, info=call.info, medians=medians)
        made: list[dict[str, Any]] = plain(flags, "flags")
        return made

    @property
    def _bands(self) -> BandSet:
        own = self.settings.bands
        if own is None:
            return CONTACT_CENTRE
        return BandSet(**{name: getattr(own, name) for name in type(own).model_fields})

    def _made(self, text: str) -> FlagRules:
        try:
            flags = tomllib.loads(text).get("flags", {})
            tables = flags.get("rules", [])
            names = [table["name"] for table in tables]
        except (tomllib.TOMLDecodeError, AttributeError, KeyError, TypeError) as error:
            raise SettingsError(f"these are no flag rules as in the configuration: {error}") from None
        if set(flags) - {"rules"} or not all(isinstance(name, str) for name in names):
            raise SettingsError("only [[flags.rules]] can be set here, each with a name")
        merged = {str(table["name"]): dict(table) for table in self.settings.flags.rules}
        for name, table in zip(names, tables, strict=True):
            merged[name] = merged.get(name, {}) | dict(table)
        return make_rules(list(merged.values()), defaults=self.settings.flags.defaults)


def _digest(rules: FlagRules) -> str:
    """Of the rules; another one where they ask for what is known beside the report, so that no report has it."""
    asks = any(name.startswith(_OF_METADATA) for rule in rules.rules for name in names_in(rule)) or any(
        re.search(r"\bparty\b", f"{rule.when} {rule.which}") for rule in rules.rules
    )
    return f"{rules.digest}+info" if asks else rules.digest
