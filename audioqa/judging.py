"""The rules in force for the calls of a store, applied when a call is written and whenever rules or metadata change.

The analysis flags by what it hears alone, so that one measurement serves every call with that sound. What is known of a
call beside its sound (who is on which channel, queue, trunk, the median of calls like it) comes in here, for a batch
and for the service alike: the rules of the configuration, changed by those that the call's tenant has set. Nothing is
measured again.

A call notes the digest of the rules that made its flags; those with another one are judged again, some at a time, the
newest first. So it does not matter when a rule was changed, by whom, or how often a program was started meanwhile.
"""

from __future__ import annotations

import logging
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from audioqa.bands import BandSet
from audioqa.errors import SettingsError
from audioqa.flags import FlagRules, make_rules
from audioqa.flags.names import names_in
from audioqa.render.as_json import from_plain, plain
from audioqa.settings import Settings
from audioqa.store import Store, StoredCall, banding, flagging
from audioqa.store.database import snapshot, writing
from audioqa.store.tenant_settings import get_setting

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from audioqa.types import CallInfo

_log = logging.getLogger("audioqa.service")

RULES = "flag_rules"
"""Name of the setting: a tenant's rules, as the configuration writes them."""

AT_ONCE = 50
"""Calls that are judged again in one transaction."""

MEDIAN_DAYS = 30
"""Days of the medians that rules may ask for."""

_OF_METADATA = ("call.", "tag.", "network.", "median.", "drop.")

_OF_NAMES = re.compile(
    r"""\b(?:party|who|message|recorder_check)\b(?!\s+is\s+(?:known|missing)\b)
    |\bevidence\.\w+\s*(?:!?=|(?:not\s+)?in\b)\s*["'(]""",
    re.VERBOSE,
)
"""In a condition, what depends on the names of the channels: the report that it was made of has none."""


@dataclass(frozen=True)
class Judging:
    """Judges calls by the rules in force.

    Parameters
    ----------
    settings
        The configuration.
    """

    settings: Settings
    _known: dict[str, FlagRules] = field(default_factory=dict, repr=False, compare=False)

    def rules(self, connection: Connection, tenant: str) -> FlagRules:
        """The rules in force for a tenant's calls: those of the configuration, changed by the tenant's own.

        Where the tenant's own no longer fit the configuration, which may have changed since, they are left aside: one
        tenant's mistake must not keep the calls of others from being scored.
        """
        try:
            return self.made(str(get_setting(connection, tenant, RULES) or ""))
        except SettingsError as error:
            _log.warning("rules that a tenant has set can no longer be used and are left aside: %s", error)
            return self.made("")

    def made(self, text: str) -> FlagRules:
        """The rules of the configuration, changed by what a tenant wrote.

        Raises
        ------
        SettingsError
            Where that cannot be used; the message names the rule and the field.
        """
        if text in self._known:
            return self._known[text]
        try:
            flags = tomllib.loads(text).get("flags", {})
            tables = flags.get("rules", [])
            names = [table["name"] for table in tables]
        except RecursionError:
            raise SettingsError("these are no flag rules: they are nested too deep") from None
        except (tomllib.TOMLDecodeError, AttributeError, KeyError, TypeError) as error:
            raise SettingsError(f"these are no flag rules as in the configuration: {error}") from None
        if set(flags) - {"rules"} or not all(isinstance(name, str) for name in names):
            raise SettingsError("only [[flags.rules]] can be set here, each with a name")
        merged = {str(table["name"]): dict(table) for table in self.settings.flags.rules}
        for name, table in zip(names, tables, strict=True):
            merged[name] = merged.get(name, {}) | dict(table)
        found = make_rules(list(merged.values()), defaults=self.settings.flags.defaults)
        self._known[text] = found
        return found

    @property
    def bands(self) -> BandSet:
        """The band set in force."""
        return self.settings.band_set()

    def bands_of(self, connection: Connection, tenant: str) -> BandSet:
        """The band set in force for a tenant's calls: its own, or the configuration's."""
        return banding.bands_of(connection, tenant) or self.bands

    def digest(self, connection: Connection, tenant: str) -> str:
        """Of all that flags of a tenant's calls depend on beside the calls; in the form in which calls note it."""
        own = banding.bands_of(connection, tenant)
        made = digest_of(self.rules(connection, tenant))
        return made if own is None else f"{made}+{sha256(repr(own).encode()).hexdigest()[:8]}"

    def __call__(self, connection: Connection, info: CallInfo) -> None:
        """Judge one call by what is known of it, in the transaction that has just written it.

        Parameters
        ----------
        connection
            In that transaction.
        info
            The call; one that is not there is left alone.
        """
        digest = self.digest(connection, info.tenant)
        for number, call in flagging.unlike(connection, info, digest):
            rules = self.rules(connection, info.tenant)
            _write(connection, digest, number, call, self.flags(connection, rules, call))

    def keep_up(self, store: Store) -> Iterator[int]:
        """Judge again what is to be judged; how many each time, so that the caller can stop in between.

        Parameters
        ----------
        store
            Where the calls are.
        """
        for tenant in store.tenants():
            while done := self._some(store, tenant):
                yield done

    def forget(self, connection: Connection, run: int) -> None:
        """Have calls of a run judged again where their flags rest on medians: of those that came later, too."""
        for tenant in flagging.tenants_of_run(connection, run):
            if self.rules(connection, tenant).median_columns:
                flagging.forget(connection, tenant, run)

    def _some(self, store: Store, tenant: str) -> int:
        with snapshot(store.engine) as connection:
            digest, rules = self.digest(connection, tenant), self.rules(connection, tenant)
            found = flagging.stale(connection, tenant, digest, AT_ONCE)
            judged = [(number, call, self.flags(connection, rules, call)) for number, call in found]

        def write(connection: Connection) -> None:
            for number, call, flags in judged:
                _write(connection, digest, number, call, flags)

        if judged:
            writing(store.engine, write)
        return len(judged)

    def flags(self, connection: Connection, rules: FlagRules, call: StoredCall) -> list[dict[str, Any]]:
        """The flags of a call by some rules, as its report's JSON has them.

        Parameters
        ----------
        connection
            In a transaction.
        rules
            The rules.
        call
            The call.
        """
        medians = self.medians(connection, rules, call.info)
        flags = rules(
            from_plain(call.content), bands=self.bands_of(connection, call.info.tenant), info=call.info, medians=medians
        )
        made: list[dict[str, Any]] = plain(flags, "flags")
        return made

    @staticmethod
    def medians(connection: Connection, rules: FlagRules, info: CallInfo) -> dict[str, float]:
        """The medians that rules ask for of a call, by column; those that too few calls give are left out."""
        began = info.start_time or datetime.now(UTC)
        medians = {}
        for column in rules.median_columns:
            known = info.tags.get(column[4:]) if column.startswith("tag.") else getattr(info, column)
            if known:
                since = began - timedelta(days=MEDIAN_DAYS)
                found = flagging.median_mos(connection, info.tenant, column, known, since=since, until=began)
                if found is not None:
                    medians[column] = found
        return medians


def digest_of(rules: FlagRules) -> str:
    """Of rules; another one where they ask for what is known beside the report, so that no report alone has it."""
    asks = any(name.startswith(_OF_METADATA) for rule in rules.rules for name in names_in(rule)) or any(
        _OF_NAMES.search(f"{rule.when} {rule.which}") for rule in rules.rules
    )
    return f"{rules.digest}{flagging.WITH_INFO}" if asks else rules.digest


def _write(connection: Connection, digest: str, number: int, call: StoredCall, flags: list[dict[str, Any]]) -> None:
    band = call.content["band"]
    flagging.put_band(connection, number, band if isinstance(band, str) else None)
    if flags == call.content["flags"]:
        flagging.mark_checked(connection, number, digest)
    else:
        flagging.put_flags(connection, number, flags, digest=digest)
