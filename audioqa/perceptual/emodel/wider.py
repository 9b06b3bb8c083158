"""The wideband (ITU-T G.107.1) and the fullband E-model (G.107.2), one connection at a time.

Both are rated at default loudness, noise and echo: R is 129 or 148, less what delay, codec and loss take. What the
standards say of talker echo and room noise beyond that is not here, because no text of theirs was at hand to check it
against. The impairment by delay is that of G.107 on the wideband scale, which extends the narrowband one upwards, and
1.48 times as much on the fullband scale.
"""

from __future__ import annotations

from dataclasses import dataclass

from audioqa.errors import SettingsError
from audioqa.perceptual.emodel.inputs import checked
from audioqa.perceptual.emodel.opinion import Scale
from audioqa.perceptual.emodel.rating import Rating, rating_of
from audioqa.perceptual.emodel.table import rate_table


@dataclass(frozen=True, kw_only=True)
class WiderEModel:
    """The inputs of G.107.1 or G.107.2, at their default values unless given.

    Parameters
    ----------
    scale
        ``wideband`` or ``fullband``.
    ie, bpl
        The codec's values **on that scale**: 0 to 95 (wideband) or 132 (fullband), and above 0. A narrowband Ie means
        nothing here.
    ppl
        Random packet loss in **per cent**, 0 to 100.
    burst_r
        Burst ratio, at least 1 (1 is random loss).
    ta
        Delay from mouth to ear, ms, at least 0.
    a
        Advantage of access, 0 to 20; neither standard gives a value but 0.

    Raises
    ------
    SettingsError
        Where a value lies outside its range or is not finite, or the scale is the narrowband one.

    Examples
    --------
    >>> round(WiderEModel(scale="wideband", ie=13).rating().mos, 6)
    4.337096
    >>> round(WiderEModel(scale="fullband", ta=200).rating().r, 3)
    143.494
    """

    scale: Scale
    ie: float = 0.0
    bpl: float = 4.3
    ppl: float = 0.0
    burst_r: float = 1.0
    ta: float = 0.0
    a: float = 0.0

    def __post_init__(self) -> None:
        if self.scale not in ("wideband", "fullband"):
            raise SettingsError(f"the scale is wideband or fullband, given {self.scale!r}: use EModel for G.107")
        for name, value in self._inputs().items():
            checked(name, value, scale=self.scale)

    def rating(self) -> Rating:
        """Rate the connection."""
        return rating_of(rate_table(self._inputs(), scale=self.scale), a=self.a)

    def _inputs(self) -> dict[str, float]:
        return {name: getattr(self, name) for name in ("ie", "bpl", "ppl", "burst_r", "ta", "a")}
