"""The narrowband E-model (ITU-T G.107), one connection at a time."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from audioqa.perceptual.emodel.inputs import checked
from audioqa.perceptual.emodel.rating import Rating, rating_of
from audioqa.perceptual.emodel.table import rate_table


@dataclass(frozen=True, kw_only=True)
class EModel:
    """The inputs of G.107, at their default values unless given.

    Parameters
    ----------
    slr, rlr
        Send and receive loudness rating, dB.
    stmr, lstr
        Sidetone masking rating and listener sidetone rating, dB.
    ds, dr
        D-value of the telephone at the send and the receive side, dB.
    telr, wepl
        Talker echo loudness rating and weighted echo path loss, dB.
    t, tr, ta
        Delays, ms, at least 0: one way in the echo path, round trip in the four-wire loop, one way from mouth to ear.
    qdu
        Quantizing distortion units, at least 1.
    ie, bpl
        The codec's values (`codec_row` looks them up), 0 to 95 and above 0.
    ppl
        Random packet loss in **per cent**, 0 to 100. One per cent is 1, not 0.01.
    burst_r
        Burst ratio, at least 1 (1 is random loss).
    nc
        Circuit noise at the 0 dBr point, dBm0p.
    nfor
        Noise floor at the receive side, dBmp.
    ps, pr
        Room noise at the send and the receive side, dB(A).
    a
        Advantage of access, 0 (wired) to 20 (satellite).
    st, mt
        The delay class: sensitivity to delay, and the shortest delay, in ms, that is perceived.

    Raises
    ------
    SettingsError
        Where a value lies outside its range or is not finite. A fraction cannot be told from a small loss.

    Examples
    --------
    >>> rating = EModel(ie=10, ta=150).rating()
    >>> round(rating.r, 2), round(rating.mos, 2)
    (83.04, 4.13)
    """

    slr: float = 8.0
    rlr: float = 2.0
    stmr: float = 15.0
    lstr: float = 18.0
    ds: float = 3.0
    dr: float = 3.0
    telr: float = 65.0
    wepl: float = 110.0
    t: float = 0.0
    tr: float = 0.0
    ta: float = 0.0
    qdu: float = 1.0
    ie: float = 0.0
    bpl: float = 4.3
    ppl: float = 0.0
    burst_r: float = 1.0
    nc: float = -70.0
    nfor: float = -64.0
    ps: float = 35.0
    pr: float = 35.0
    a: float = 0.0
    st: float = 1.0
    mt: float = 100.0

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            checked(name, value)

    def rating(self) -> Rating:
        """Rate the connection."""
        return rating_of(rate_table(asdict(self)), a=self.a)
