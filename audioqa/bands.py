"""Band sets: what a MOS is called, and from where on it deserves attention.

Bands hold for the scale they were made for. The default's limits are the network-MOS habits of contact centres
(4.3, 4.0, 3.6, 3.1), so they apply to scores in the narrowband listening context and to no others.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite

from audioqa.errors import SettingsError
from audioqa.types import Context


@dataclass(frozen=True)
class BandSet:
    """Named ranges of MOS.

    Parameters
    ----------
    name
        What the set is called in reports.
    context
        The listening context that its limits are meant for.
    bands
        Pairs of lower limit and name, best first; the last limit is 1.
    attention
        MOS below which a party or a stretch deserves a look.
    painful
        MOS below which half a minute spoils a call whatever its average.

    Raises
    ------
    SettingsError
        Where the limits are no numbers, do not fall, or do not reach down to 1.
    """

    name: str
    context: Context
    bands: tuple[tuple[float, str], ...]
    attention: float
    painful: float

    def __post_init__(self) -> None:
        limits = [limit for limit, _ in self.bands]
        if not all(isfinite(limit) for limit in (*limits, self.attention, self.painful)):
            raise SettingsError(f"band set {self.name!r}: its limits are numbers from 1 to 5; given {limits}")
        if not limits or limits != sorted(set(limits), reverse=True) or limits[-1] > 1:
            raise SettingsError(
                f"band set {self.name!r}: limits must fall from the best band to the last, which starts at 1; "
                f"given {limits}"
            )

    def band(self, mos: float) -> str:
        """Name of the band that `mos`, 1 to 5, falls in."""
        return next((name for limit, name in self.bands if mos >= limit), self.bands[-1][1])


CONTACT_CENTRE = BandSet(
    name="contact-centre",
    context="narrowband",
    bands=((4.3, "Excellent"), (4.0, "Good"), (3.6, "Fair"), (3.1, "Poor"), (1.0, "Bad")),
    attention=3.6,
    painful=3.1,
)
"""The bands that contact centres use for network MOS; attention below 3.6."""

AI_VOICE = BandSet(
    name="ai-voice",
    context="narrowband",
    bands=((4.4, "Excellent"), (4.2, "Good"), (3.9, "Fair"), (3.5, "Poor"), (1.0, "Bad")),
    attention=3.9,
    painful=3.5,
)
"""For calls that a machine takes part in: it needs a clear line, target 4.2."""

BAND_SETS = {one.name: one for one in (CONTACT_CENTRE, AI_VOICE)}
"""The sets that come along, by name; the second band's limit is the line of good sound."""
