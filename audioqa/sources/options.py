"""How sources are read: what a user says of them beside their names."""

from __future__ import annotations

import fnmatch
import os
from collections.abc import Mapping
from dataclasses import dataclass, field

from audioqa.errors import SettingsError
from audioqa.sources.columns import Known, understand
from audioqa.sources.patterns import NamePattern
from audioqa.sources.times import time_zone

Defaults = Mapping[str, str]
"""Values by column name, as a row of a manifest could have them: ``{"tenant": "acme", "roles": "agent,customer"}``."""


@dataclass(frozen=True)
class SourceOptions:
    """What the user says of the sources.

    Parameters
    ----------
    pattern
        How file names are made: ``{call_id}_{agent}_{start:%Y%m%d}.wav``; see `audioqa.sources.patterns`.
    pair
        Take two files that are the legs of one call together.
    legs
        The two words that tell legs apart, in the order of the call's channels; None for the usual ones.
    sidecars
        Read what stands beside a recording in a JSON or XML file of the same name.
    extensions
        Further extensions of recordings, with their dots.
    defaults
        Values for every call that does not say.
    by_tenant, by_source
        The same for one tenant, and for locations that begin with a path or URL or match it as a glob; both win over
        `defaults`, and the source over the tenant.

    Raises
    ------
    SettingsError
        Where a value cannot be used, or a default has no meaning.
    """

    pattern: str | None = None
    pair: bool = False
    legs: tuple[str, str] | None = None
    sidecars: bool = True
    extensions: tuple[str, ...] = ()
    defaults: Defaults = field(default_factory=dict)
    by_tenant: Mapping[str, Defaults] = field(default_factory=dict)
    by_source: Mapping[str, Defaults] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for each in (self.defaults, *self.by_tenant.values(), *self.by_source.values()):
            _understood(each)
        if self.pattern is not None:
            pattern = NamePattern(self.pattern)
            if self.pair and self.legs is None and pattern.has_leg and len(pattern.fields) == 1:
                raise SettingsError(f"the pattern {self.pattern!r} names nothing that the two legs of a call share")
        if self.legs is not None and (len(set(self.legs)) != 2 or not all(self.legs)):
            raise SettingsError(f"the legs of a call are told apart by two words, not {', '.join(self.legs)}")
        for extension in self.extensions:
            if not extension.startswith("."):
                raise SettingsError(f"an extension begins with a dot: .{extension}, not {extension}")

    @property
    def names_a_time_zone(self) -> bool:
        """Whether any default says a time zone."""
        every = (self.defaults, *self.by_tenant.values(), *self.by_source.values())
        return any("timezone" in _understood(each).fields for each in every)

    def defaults_for(self, location: str, tenant: str | None) -> Known:
        """What is taken of a call where nothing else says it.

        Parameters
        ----------
        location
            Of its file.
        tenant
            As far as it is known from elsewhere.
        """
        known = _understood(self.defaults)
        of_source = Known()
        for source, each in self.by_source.items():
            if _lies_in(location, source):
                of_source = _understood(each).over(of_source)
        known = of_source.over(known)
        tenant = tenant if tenant is not None else known.fields.get("tenant")
        if tenant is not None and tenant in self.by_tenant:
            known = of_source.over(_understood(self.by_tenant[tenant]).over(known))
        return known


def _understood(defaults: Defaults) -> Known:
    try:
        known = understand(defaults.items())
        if "timezone" in known.fields:
            time_zone(known.fields["timezone"])
    except ValueError as error:
        raise SettingsError(f"defaults of sources: {error}") from None
    for name in ("path", "path_2", "call_id", "leg", "start_time"):
        if name in known.fields:
            raise SettingsError(f"defaults of sources: {name} is different for every call, so it can have no default")
    return known


def _lies_in(location: str, source: str) -> bool:
    start = source if "://" in source else os.path.abspath(source)
    return location.startswith((f"{start.rstrip('/')}/", f"{start}!")) or fnmatch.fnmatchcase(location, start)
