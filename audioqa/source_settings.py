"""The table ``[sources]`` of the configuration, and how options of a command go before it.

::

    [sources]
    pattern = "{call_id}_{agent}_{start:%Y%m%d}.wav"
    pair = true
    legs = ["rx", "tx"]
    sidecars = false
    extensions = [".rec"]
    temporary = "/var/tmp"

    [sources.defaults]              # of every call that does not say itself
    timezone = "Europe/Berlin"
    roles = "agent,customer"

    [sources.tenant.acme]           # of the calls of one tenant
    roles = "customer,agent"

    [sources.source."/archive/oslo"]    # of what lies there: a folder, an archive, a URL, or a glob
    tenant = "acme"
    encoding = "alaw"
    rate = 8000

The names in the last three are those of a manifest's columns.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from audioqa.perceptual.emodel import JitterBuffer
from audioqa.sources import SourceOptions

_Values = dict[str, str | int | float | list[str]]


class SourceSettings(BaseModel):
    """What is configured of sources; `audioqa.sources.SourceOptions` says what the keys mean.

    Parameters
    ----------
    pattern, pair, legs, sidecars, extensions, defaults
        As there.
    temporary
        Folder for copies of members and objects; None for the system's.
    tenant, source
        Defaults by tenant and by source.
    """

    model_config = ConfigDict(extra="forbid")

    pattern: str | None = None
    pair: bool = False
    legs: tuple[str, str] | None = None
    sidecars: bool = True
    extensions: tuple[str, ...] = ()
    temporary: Path | None = None
    defaults: _Values = Field(default_factory=dict)
    tenant: dict[str, _Values] = Field(default_factory=dict)
    source: dict[str, _Values] = Field(default_factory=dict)

    def options(
        self,
        *,
        pattern: str | None = None,
        pair: bool | None = None,
        sidecars: bool | None = None,
        tenant: str | None = None,
        channels: str | None = None,
        encoding: str | None = None,
        rate: int | None = None,
        timezone: str | None = None,
        tap: str | None = None,
        buffer: JitterBuffer | None = JitterBuffer(),  # noqa: B008 - frozen
    ) -> SourceOptions:
        """How sources are read, by the configuration and what a command was given.

        What was given wins over every default of the configuration, and what a manifest, a side-car or a file name says
        of a call wins over both.

        Parameters
        ----------
        pattern, pair, sidecars
            ``--pattern``, ``--pair`` and ``--sidecars/--no-sidecars``; None where not given.
        tenant, encoding, rate, timezone, tap
            ``--tenant``, ``--format``, ``--rate``, ``--timezone`` and ``--tap``.
        channels
            ``--channels``: names in file order, or the number of channels of files without a header.
        buffer
            The jitter buffer that calls of captures are heard behind.

        Raises
        ------
        SettingsError
            Where a value cannot be used.
        """
        given = {
            "tenant": tenant,
            "roles": channels,
            "encoding": encoding,
            "rate": None if rate is None else str(rate),
            "timezone": timezone,
            "tap": tap,
        }
        return SourceOptions(
            pattern=self.pattern if pattern is None else pattern,
            pair=self.pair if pair is None else pair,
            legs=self.legs,
            sidecars=self.sidecars if sidecars is None else sidecars,
            extensions=self.extensions,
            buffer=buffer,
            given={name: value for name, value in given.items() if value is not None},
            defaults=_texts(self.defaults),
            by_tenant={name: _texts(values) for name, values in self.tenant.items()},
            by_source={name: _texts(values) for name, values in self.source.items()},
        )


def _texts(values: Mapping[str, str | int | float | list[str]]) -> dict[str, str]:
    return {name: ",".join(value) if isinstance(value, list) else str(value) for name, value in values.items()}
