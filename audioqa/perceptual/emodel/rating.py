"""What the E-model says of one connection."""

from __future__ import annotations

from dataclasses import dataclass

from audioqa.perceptual.emodel.opinion import Scale, category, mos_from_r
from audioqa.perceptual.emodel.table import RatedTable


@dataclass(frozen=True, kw_only=True)
class Rating:
    """What the E-model says, and the terms it is the sum of.

    Parameters
    ----------
    no
        Sum of the noise powers, dBm0p; 0 on the wider scales, which have no such term.
    ro
        Basic signal-to-noise ratio.
    is_
        Impairments simultaneous with the voice: loudness, sidetone, quantizing.
    id_
        Impairments by delay and echo.
    ie_eff
        Impairment by codec and loss.
    a
        Advantage of access.
    scale
        Whose rating it is; ratings of different scales are not comparable.
    """

    no: float
    ro: float
    is_: float
    id_: float
    ie_eff: float
    a: float
    scale: Scale = "narrowband"

    @property
    def r(self) -> float:
        """The transmission rating factor R (G.107 eq. 7-1)."""
        return self.ro - self.is_ - self.id_ - self.ie_eff + self.a

    @property
    def mos(self) -> float:
        """MOS-CQE on `scale`, 1 to 4.5."""
        return mos_from_r(self.r, scale=self.scale)

    @property
    def category(self) -> str:
        """What users would say: ``very satisfied`` from 90 on (G.109)."""
        return category(self.r, scale=self.scale)


def rating_of(rated: RatedTable, *, a: float) -> Rating:
    """The rating in the only row of a table.

    Parameters
    ----------
    rated
        A table of one row.
    a
        The advantage of access that is in it.
    """
    terms = {name: float(getattr(rated, name)[0]) for name in ("no", "ro", "is_", "id_", "ie_eff")}
    return Rating(**terms, a=a, scale=rated.scale)
