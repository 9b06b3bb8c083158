"""Flag rules that tenants have set, and their thresholds; `audioqa.judging` keeps flags up to date with them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from audioqa.bands import BandSet
from audioqa.errors import SettingsError
from audioqa.flags import FlagRules
from audioqa.flags.editing import apply_condition
from audioqa.flags.language import Name, Number, parse
from audioqa.flags.thresholds import thresholds
from audioqa.judging import RULES, Judging
from audioqa.settings import Settings
from audioqa.store import Store, banding, flagging
from audioqa.store.audit import note
from audioqa.store.database import snapshot, writing
from audioqa.store.tenant_settings import get_setting, set_setting

if TYPE_CHECKING:
    from sqlalchemy import Connection

LONGEST = 100_000
"""Characters of a tenant's rules."""


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

    @cached_property
    def judging(self) -> Judging:
        """Judges calls by the rules in force."""
        return Judging(self.settings)

    def text(self, tenant: str) -> str:
        """The rules that a tenant has set, as the configuration writes them; empty where there are none."""
        with snapshot(self.store.engine) as connection:
            return str(get_setting(connection, tenant, RULES) or "")

    def rules(self, tenant: str) -> FlagRules:
        """The rules in force: those of the configuration, changed by the tenant's own."""
        with snapshot(self.store.engine) as connection:
            return self.judging.rules(connection, tenant)

    def bands(self, tenant: str) -> BandSet:
        """The band set in force: the tenant's own, or the configuration's."""
        with snapshot(self.store.engine) as connection:
            return self.judging.bands_of(connection, tenant)

    def has_own_bands(self, tenant: str) -> bool:
        """Whether the tenant has a band set of its own."""
        with snapshot(self.store.engine) as connection:
            return banding.bands_of(connection, tenant) is not None

    def set_bands(self, bands: BandSet | None, *, tenant: str, by: str) -> None:
        """Set a tenant's band set; calls that are there take its names and thresholds, and nothing is scored again.

        Parameters
        ----------
        bands
            For the context of the configuration's set; None goes back to that one.
        tenant, by
            Whose, and who sets it.

        Raises
        ------
        SettingsError
            Where it cannot be used.
        """
        if bands is not None:
            banding.checked(bands)
            if bands.context != self.judging.bands.context:
                raise SettingsError(f"bands are of the {self.judging.bands.context} context here, as scores are")

        def change(connection: Connection) -> None:
            details = {"before": repr(banding.bands_of(connection, tenant)), "after": repr(bands)}
            banding.put_bands(connection, tenant, bands, by=by)
            note(connection, tenant, by, "changed bands", details=details)

        writing(self.store.engine, change)

    def trouble(self, tenant: str) -> str:
        """Why the rules that a tenant has set are left aside; empty where they are in force."""
        try:
            self.judging.made(self.text(tenant))
        except SettingsError as error:
            return f"your own flag rules are left aside: {error}"
        return ""

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
        self.judging.made(text)

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
        changed = self.rules(tenant).with_threshold(rule, field, value)
        (condition,) = [one.when for one in changed.rules if one.name == rule]
        self.set_text(apply_condition(self.text(tenant), rule, condition), tenant=tenant, by=by)

    def threshold(self, rule: str, field: str, *, tenant: str) -> float | None:
        """What a rule compares a field with; None where it does not, or not with one number."""
        for one in self.rules(tenant).rules:
            if one.name == rule:
                limits = [found.limit for found in thresholds(parse(one.when)) if found.field == field]
                if len(limits) == 1 and isinstance(limits[0], Number):
                    return limits[0].value
                if len(limits) == 1 and isinstance(limits[0], Name):
                    bands = self.bands(tenant)
                    return {"attention": bands.attention, "painful": bands.painful}.get(limits[0].name)
        return None

    def left(self, tenant: str) -> int:
        """How many calls are still to be judged by the rules in force."""
        with snapshot(self.store.engine) as connection:
            return flagging.count_stale(connection, tenant, self.judging.digest(connection, tenant))

    def keep_up(self) -> Iterator[int]:
        """Judge again what is to be judged; how many each time, so that the caller can stop in between."""
        return self.judging.keep_up(self.store)
