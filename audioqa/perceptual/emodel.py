"""The E-model (ITU-T G.107), narrowband: from what is known of a connection to a rating R and a MOS-CQE.

It hears nothing: noise, level, echo, delay, codec and loss are told to it. Here it anchors the maps that
bring estimators to the narrowband-context scale, and tells what a network's figures would sound like.

Jitter is not an input: it acts through the delay of the jitter buffer (``ta``) and the packets that come too late
(``ppl``). The wideband (G.107.1) and fullband (G.107.2) models have scales of their own and are not here.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields

from audioqa.errors import SettingsError

_PACKET_LOSS_CEILING = 95.0  # G.107: Ie,eff reaches 95 as everything is lost
_SENSITIVITY = 1  # sT, default delay class
_LEAST_DELAY = 100.0  # mT, ms: the shortest delay that the default class perceives


@dataclass(frozen=True)
class Codec:
    """How a codec impairs speech (ITU-T G.113 Appendix I, narrowband).

    Parameters
    ----------
    ie
        Equipment impairment factor without loss, 0 (none) to 95.
    bpl
        Packet-loss robustness, above 0; None where no value is published, and then loss cannot be rated.
    """

    ie: float
    bpl: float | None = None


CODECS: Mapping[str, Codec] = {
    "g711": Codec(0, 4.3),
    "g711-plc": Codec(0, 25.1),
    "g726-40": Codec(2),
    "g726-32": Codec(7),
    "g726-24": Codec(25),
    "g726-16": Codec(50),
    "g728": Codec(7),
    "g729": Codec(10),
    "g729a-vad": Codec(11, 19.0),
    "g723.1-6.3": Codec(15, 16.1),
    "g723.1-5.3": Codec(19),
    "gsm-fr": Codec(20),
    "gsm-hr": Codec(23),
    "gsm-efr": Codec(5),
}
"""Narrowband codecs by name. The values of G.711 under loss hold for packets of 10 ms; ``-plc`` is with the concealment
of G.711 Appendix I. For GSM-EFR a Bpl of 10 is often quoted; without its source at hand it is left out."""

_WITHOUT_ROW = ("amr", "opus", "ilbc")


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
        The codec's values (`codec` looks them up), 0 to 95 and above 0.
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

    def __post_init__(self) -> None:
        for entry in fields(self):
            if not math.isfinite(getattr(self, entry.name)):
                raise SettingsError(f"{entry.name} must be a finite number, given {getattr(self, entry.name)}")
        if not 0 <= self.ppl <= 100:
            raise SettingsError(f"ppl is a packet loss in per cent, 0 to 100, given {self.ppl:g}")
        if self.qdu < 1 or self.burst_r < 1 or self.bpl <= 0:
            raise SettingsError(
                "qdu and burst_r must be at least 1 and bpl above 0, "
                f"given {self.qdu:g}, {self.burst_r:g} and {self.bpl:g}"
            )
        if not 0 <= self.ie <= _PACKET_LOSS_CEILING or not 0 <= self.a <= 20:
            raise SettingsError(f"ie must lie within 0 to 95 and a within 0 to 20, given {self.ie:g} and {self.a:g}")
        if min(self.t, self.tr, self.ta) < 0:
            raise SettingsError(f"delays are at least 0 ms, given {self.t:g}, {self.tr:g}, {self.ta:g}")

    def rating(self) -> Rating:
        """Rate the connection."""
        ro, no = self._signal_to_noise()
        ist = self._sidetone()
        is_ = self._loudness(no) + ist + self._quantizing(ro)
        id_ = self._talker_echo(no, ist) + self._listener_echo(ro) + _pure_delay(self.ta)
        ie_eff = self.ie + (_PACKET_LOSS_CEILING - self.ie) * self.ppl / (self.ppl / self.burst_r + self.bpl)
        return Rating(no=no, ro=ro, is_=is_, id_=id_, ie_eff=ie_eff, a=self.a)

    def _signal_to_noise(self) -> tuple[float, float]:
        """Ro and the sum of noise powers No, dBm0p (G.107 7.2)."""
        olr = self.slr + self.rlr
        nos = self.ps - self.slr - self.ds - 100 + 0.004 * (self.ps - olr - self.ds - 14) ** 2
        pre = self.pr + 10 * math.log10(1 + 10 ** ((10 - self.lstr) / 10))
        nor = self.rlr - 121 + pre + 0.008 * (pre - 35) ** 2
        nfo = self.nfor + self.rlr
        no = 10 * math.log10(sum(10 ** (noise / 10) for noise in (self.nc, nos, nor, nfo)))
        return 15 - 1.5 * (self.slr + no), no

    def _loudness(self, no: float) -> float:
        """Iolr: the impairment of too low an overall loudness rating (7.3)."""
        x = (self.slr + self.rlr + 0.2 * (64 + no - self.rlr)) / 8
        return 20 * (_root(x, 8) - x)

    def _sidetone(self) -> float:
        """Ist: the impairment of a sidetone that is not optimum (7.3)."""
        stmro = -10 * math.log10(10 ** (-self.stmr / 10) + math.exp(-self.t / 4) * 10 ** (-self.telr / 10))
        return (
            12 * _root((stmro - 13) / 6, 8) - 28 * _root((stmro + 1) / 19.4, 35) - 13 * _root((stmro - 3) / 33, 13) + 29
        )

    def _quantizing(self, ro: float) -> float:
        """Iq: the impairment of quantizing distortion (7.3)."""
        q = 37 - 15 * math.log10(self.qdu)
        g = 1.07 + 0.258 * q + 0.0602 * q**2
        y = (ro - 100) / 15 + 46 / 8.4 - g / 9
        z = 46 / 30 - g / 40
        return 15 * math.log10(1 + 10**y + 10**z)

    def _talker_echo(self, no: float, ist: float) -> float:
        """Idte (7.4), which takes the place of the sidetone where that is weak."""
        if self.t < 1:
            return 0.0
        terv = self.telr - 40 * math.log10((1 + self.t / 10) / (1 + self.t / 150)) + 6 * math.exp(-0.3 * self.t**2)
        if self.stmr < 9:
            terv += ist / 2
        difference = -1.5 * (no - self.rlr) - (80 + 2.5 * (terv - 14))
        echo = (difference / 2 + math.sqrt(difference**2 / 4 + 100) - 1) * (1 - math.exp(-self.t))
        return math.hypot(echo, ist) if self.stmr > 20 else echo

    def _listener_echo(self, ro: float) -> float:
        """Idle (7.4)."""
        difference = ro - 10.5 * (self.wepl + 7) * math.pow(self.tr + 1, -0.25)
        return difference / 2 + math.sqrt(difference**2 / 4 + 169)


@dataclass(frozen=True, kw_only=True)
class Rating:
    """What the E-model says, and the terms it is the sum of.

    Parameters
    ----------
    no
        Sum of the noise powers, dBm0p.
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
    """

    no: float
    ro: float
    is_: float
    id_: float
    ie_eff: float
    a: float

    @property
    def r(self) -> float:
        """The transmission rating factor R (G.107 eq. 7-1): 90 very satisfied, 80 satisfied, 70 some dissatisfied."""
        return self.ro - self.is_ - self.id_ - self.ie_eff + self.a

    @property
    def mos(self) -> float:
        """MOS-CQE, 1 to 4.5."""
        return mos_from_r(self.r)


def codec(name: str) -> Codec:
    """Look up a narrowband codec.

    Parameters
    ----------
    name
        A key of `CODECS`.

    Raises
    ------
    SettingsError
        Where G.113 has no narrowband row of that name, as for AMR-NB, Opus and iLBC.
    """
    if name in CODECS:
        return CODECS[name]
    if name.lower().startswith(_WITHOUT_ROW):
        raise SettingsError(f"G.113 has no narrowband row for {name!r}: the E-model cannot rate AMR, Opus or iLBC")
    raise SettingsError(f"there is no codec {name!r} in the narrowband E-model; there are {', '.join(CODECS)}")


def mos_from_r(r: float) -> float:
    """MOS-CQE of a rating R (G.107 Annex B), 1 to 4.5.

    The cubic dips below 1 for 0 < R < 6.515, where the standard's curve is held at 1.
    """
    if r <= 0:
        return 1.0
    if r >= 100:
        return 4.5
    return max(1.0, 1 + 0.035 * r + r * (r - 60) * (100 - r) * 7e-6)


def r_from_mos(mos: float) -> float:
    """Rating R of a MOS-CQE (G.107 Appendix I), the inverse of `mos_from_r` for R of 6.52 to 100.

    Parameters
    ----------
    mos
        1 to 4.5.

    Raises
    ------
    SettingsError
        Where `mos` lies outside 1 to 4.5: the E-model's scale ends there.
    """
    if not 1 <= mos <= 4.5:
        raise SettingsError(f"a narrowband MOS-CQE lies within 1 to 4.5, given {mos:g}")
    a = 18566 - 6750 * mos
    b = max(0.0, -903522 + 1113960 * mos - 202500 * mos**2)
    h = math.atan2(15 * math.sqrt(b), a) / 3
    return 20 / 3 * (8 - math.sqrt(226) * math.cos(h + math.pi / 3))


def _pure_delay(ta: float) -> float:
    """Idd: the impairment of delay alone (7.4)."""
    if ta <= _LEAST_DELAY:
        return 0.0
    x = math.log2(ta / _LEAST_DELAY)
    return 25 * (_root(x, 6 * _SENSITIVITY) - 3 * _root(x / 3, 6 * _SENSITIVITY) + 2)


def _root(x: float, n: int) -> float:
    """``(1 + x**n) ** (1 / n)``, the smooth corner of which the E-model is built."""
    return math.pow(1 + math.pow(x, n), 1 / n)
