"""Band sets of tenants: what a MOS is called, and from where on it deserves attention, for calls that are there.

A report names the bands of the set that it was scored with. Where its tenant has set another one, names are put in anew
whenever it is read, as the names of channels are. How many seconds lay below the threshold for attention is counted
when a call is scored, and stays what it was: `threshold` says below which.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from audioqa.bands import BandSet
from audioqa.errors import SettingsError
from audioqa.store.tenant_settings import get_setting, set_setting

BANDS = "bands"
"""Name of the setting."""

MOST, LONGEST = 12, 40
"""Bands of a set, and characters of a name."""


def checked(bands: BandSet) -> BandSet:
    """A set that a tenant may have.

    Raises
    ------
    SettingsError
        Where names are empty or too long, there are too many, or a threshold makes no sense.
    """
    names = [bands.name, *(name for _, name in bands.bands)]
    if not all(1 <= len(name.strip()) <= LONGEST and name.isprintable() for name in names):
        raise SettingsError(f"a band and a set have names of 1 to {LONGEST} characters")
    if len(bands.bands) > MOST or len({name for _, name in bands.bands}) < len(bands.bands):
        raise SettingsError(f"there are at most {MOST} bands, each with a name of its own")
    if not all(1 <= limit <= 5 for limit in (*(limit for limit, _ in bands.bands), bands.attention, bands.painful)):
        raise SettingsError("limits of bands and thresholds are numbers from 1 to 5")
    if bands.painful > bands.attention:
        raise SettingsError("what is painful lies below what deserves attention")
    return bands


def bands_of(connection: Connection, tenant: str) -> BandSet | None:
    """The set of a tenant; None where the configuration's holds."""
    found = get_setting(connection, tenant, BANDS)
    if found is None:
        return None
    bands = tuple((float(limit), str(name)) for limit, name in found["bands"])
    return BandSet(found["name"], found["context"], bands, float(found["attention"]), float(found["painful"]))


def put_bands(connection: Connection, tenant: str, bands: BandSet | None, *, by: str) -> None:
    """Set it; None goes back to the configuration's."""
    value = None
    if bands is not None:
        value = {name: getattr(bands, name) for name in ("name", "context", "attention", "painful")}
        value["bands"] = [list(one) for one in bands.bands]
    set_setting(connection, tenant, BANDS, value, by=by)


def rebanded(content: Mapping[str, Any], bands: BandSet) -> dict[str, Any]:
    """A report's plain values with the names of another set.

    Parameters
    ----------
    content
        The report; not changed.
    bands
        The set.
    """

    def band(score: Mapping[str, Any], channel: str | None) -> Any:
        if score["context"] == bands.context:
            return bands.band(score["value"])
        why = f"band set {bands.name!r} is not made for the {score['context']} context of this score"
        return {"skipped": why, "kind": "band", "channel": channel}

    parties = [
        party | {"mos": party["mos"] | {"band": band(party["mos"]["score"], party["channel"])}}
        if "score" in party["mos"]
        else party
        for party in content["parties"]
    ]
    call = band(content["mos"], None) if "value" in content["mos"] else content["band"]
    return {**content, "parties": parties, "band": call, "band_set": bands.name}
