"""How sources are read: what a user says of them beside their names."""

from __future__ import annotations

import fnmatch
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from audioqa.audio.headerless import FORMATS
from audioqa.errors import SettingsError
from audioqa.perceptual.emodel import JitterBuffer
from audioqa.sources.columns import Known, understand
from audioqa.sources.patterns import NamePattern
from audioqa.sources.times import time_zone

Defaults = Mapping[str, str]
"""Values by column name, as a row of a manifest could have them: ``{"tenant": "acme", "roles": "agent,customer"}``."""

_ENCODINGS = {
    **dict.fromkeys(("mulaw", "mu-law", "u-law", "pcmu", "g711u"), "ulaw"),
    **dict.fromkeys(("a-law", "pcma", "g711a"), "alaw"),
    **dict.fromkeys(("linear", "pcm", "s16le", "pcm_s16le"), "slin"),
    **dict.fromkeys(("gsm-fr", "gsm610"), "gsm"),
    "g.722": "g722",
    "g.729": "g729",
    "g.723": "g723",
}


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
    buffer
        The jitter buffer that calls of captures are heard behind; None for none.
    given
        Values for every call that does not say, before all other defaults: options of a command.
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
    buffer: JitterBuffer | None = JitterBuffer()  # noqa: RUF009 - frozen
    given: Defaults = field(default_factory=dict)
    defaults: Defaults = field(default_factory=dict)
    by_tenant: Mapping[str, Defaults] = field(default_factory=dict)
    by_source: Mapping[str, Defaults] = field(default_factory=dict)
    _known: Mapping[tuple[str, str], Known] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_known", {kind: _understood(each) for kind, each in self._every()})
        if self.pattern is not None:
            pattern = NamePattern(self.pattern)
            if self.pair and pattern.fields == ("leg",):
                raise SettingsError(f"the pattern {self.pattern!r} names nothing that the two legs of a call share")
        if self.legs is not None and (len(set(self.legs)) != 2 or not all(self.legs)):
            raise SettingsError(f"the legs of a call are told apart by two words, not {', '.join(self.legs)}")
        for extension in self.extensions:
            if not extension.startswith("."):
                raise SettingsError(f"an extension begins with a dot: .{extension}, not {extension}")

    @property
    def names_a_time_zone(self) -> bool:
        """Whether any default says a time zone."""
        return any("timezone" in known.fields for known in self._known.values())

    def defaults_for(self, location: str, tenant: str | None) -> Known:
        """What is taken of a call where nothing else says it.

        Parameters
        ----------
        location
            Of its file.
        tenant
            As far as it is known from elsewhere.
        """
        above, below = self._known["given", ""], self._known["defaults", ""]
        for source in reversed(list(self.by_source)):
            if _lies_in(location, source):
                above = above.over(self._known["source", source])
        if tenant is None:
            tenant = above.over(below).fields.get("tenant")
        if tenant is not None and tenant in self.by_tenant:
            below = self._known["tenant", tenant].over(below)
        return above.over(below)

    def _every(self) -> Iterator[tuple[tuple[str, str], Defaults]]:
        yield ("given", ""), self.given
        yield ("defaults", ""), self.defaults
        yield from ((("tenant", name), each) for name, each in self.by_tenant.items())
        yield from ((("source", name), each) for name, each in self.by_source.items())


def headerless_encoding(text: str | None) -> str | None:
    """The coding of `audioqa.audio.headerless.FORMATS` that a word means, None where it means none."""
    name = (text or "").strip().lower()
    name = _ENCODINGS.get(name, name)
    return name if name in FORMATS else None


def _understood(defaults: Defaults) -> Known:
    try:
        known = understand(defaults.items())
        if "timezone" in known.fields:
            time_zone(known.fields["timezone"])
    except ValueError as error:
        raise SettingsError(f"defaults of sources: {error}") from None
    if known.tags:
        names = ", ".join(sorted(known.tags))
        raise SettingsError(
            f"defaults of sources: {names} is no name that a call's data has; docs/sources.md lists them"
        )
    for name in ("path", "path_2", "call_id", "start_time", "time", "leg", "reference"):
        if name in known.fields:
            raise SettingsError(f"defaults of sources: {name} is another for every call, so it can have no default")
    encoding = known.fields.get("encoding")
    if encoding is not None and headerless_encoding(encoding) is None:
        raise SettingsError(f"no headerless format {encoding!r}; there are {', '.join(FORMATS)}")
    return known


def _lies_in(location: str, source: str) -> bool:
    start = source if "://" in source else os.path.abspath(source)
    return location.startswith((f"{start.rstrip('/')}/", f"{start}!")) or fnmatch.fnmatchcase(location, start)
