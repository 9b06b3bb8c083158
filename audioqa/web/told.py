"""How calls are told of on pages: short names, colours, the band set in force."""

from __future__ import annotations

from pathlib import PurePosixPath

from audioqa.bands import BandSet
from audioqa.service.service import Service
from audioqa.store import CallRow

_LONG = 60


def bands_of(service: Service, tenant: str) -> BandSet:
    """The band set in force for a tenant's calls."""
    return service.flagging.bands(tenant)


def short_name(call_id: str) -> str:
    """A name of a call that fits into a table: of a path its last part, of a long one its end.

    >>> short_name("/var/calls/2026/a.wav"), short_name("s3://bucket/calls/b.wav"), short_name("17")
    ('a.wav', 'b.wav', '17')
    """
    name = PurePosixPath(call_id).name or call_id
    return name if len(name) <= _LONG else f"…{name[-_LONG:]}"


def tone_of(row: CallRow, bands: BandSet) -> str:
    """The colour of a MOS in a list: ``good``, ``fair``, ``poor``, ``bad``, or ``plain`` where no band applies."""
    if row.mos is None or row.scale is None or not row.scale.endswith(bands.context):
        return "plain"
    if row.mos < bands.painful:
        return "bad"
    if row.mos < bands.attention:
        return "poor"
    return "good" if row.mos >= bands.bands[min(1, len(bands.bands) - 1)][0] else "fair"
