"""The equations of G.107, each on arrays: one value, or one for each call.

Arguments broadcast. What is the same for all calls is worked out once, because a scalar stays a scalar until it meets
a column.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]

_LOG_10 = math.log(10)


def noise_sum(
    *, slr: Values, rlr: Values, ds: Values, lstr: Values, nc: Values, nfor: Values, ps: Values, pr: Values
) -> Values:
    """No: the sum of the noise powers at the 0 dBr point, dBm0p (7.2). Dr is no part of it: it acts through LSTR."""
    nos = ps - slr - ds - 100 + 0.004 * (ps - (slr + rlr) - ds - 14) ** 2
    pre = pr + 10 * np.log10(1 + _ten_to((10 - lstr) / 10))
    nor = rlr - 121 + pre + 0.008 * (pre - 35) ** 2
    nfo = nfor + rlr
    return 10 * np.log10(_ten_to(nc / 10) + _ten_to(nos / 10) + _ten_to(nor / 10) + _ten_to(nfo / 10))


def signal_to_noise(*, slr: Values, no: Values) -> Values:
    """Ro: the basic signal-to-noise ratio (7.2)."""
    return 15 - 1.5 * (slr + no)


def loudness(*, slr: Values, rlr: Values, no: Values) -> Values:
    """Iolr: the impairment of too low an overall loudness rating (7.3)."""
    x = (slr + rlr + 0.2 * (64 + no - rlr)) / 8
    return 20 * (_corner(x, 8) - x)


def sidetone(*, stmr: Values, telr: Values, t: Values) -> Values:
    """Ist: the impairment of a sidetone that is not optimum (7.3)."""
    stmro = -10 * np.log10(_ten_to(-stmr / 10) + np.exp(-t / 4) * _ten_to(-telr / 10))
    return (
        12 * _corner((stmro - 13) / 6, 8)
        - 28 * _corner((stmro + 1) / 19.4, 35)
        - 13 * _corner((stmro - 3) / 33, 13)
        + 29
    )


def quantizing(*, qdu: Values, ro: Values) -> Values:
    """Iq: the impairment of quantizing distortion (7.3)."""
    q = 37 - 15 * np.log10(qdu)
    g = 1.07 + 0.258 * q + 0.0602 * q**2
    y = (ro - 100) / 15 + 46 / 8.4 - g / 9
    z = 46 / 30 - g / 40
    return 15 * np.log10(1 + _ten_to(y) + _ten_to(z))


def talker_echo(*, telr: Values, stmr: Values, t: Values, rlr: Values, no: Values, ist: Values) -> Values:
    """Idte (7.4), which takes up the sidetone's impairment where the sidetone is weak."""
    terv = telr - 40 * np.log10((1 + t / 10) / (1 + t / 150)) + 6 * np.exp(-0.3 * t**2)
    terv = terv + np.where(stmr < 9, ist / 2, 0.0)
    difference = -1.5 * (no - rlr) - (80 + 2.5 * (terv - 14))
    echo = (difference / 2 + np.sqrt(difference**2 / 4 + 100) - 1) * -np.expm1(-t)
    echo = np.where(stmr > 20, np.hypot(echo, ist), echo)
    return np.where(t < 1, 0.0, echo)


def listener_echo(*, wepl: Values, tr: Values, ro: Values) -> Values:
    """Idle (7.4)."""
    difference = ro - 10.5 * (wepl + 7) / np.sqrt(np.sqrt(tr + 1))
    return difference / 2 + np.sqrt(difference**2 / 4 + 169)


def pure_delay(*, ta: Values, st: Values, mt: Values) -> Values:
    """Idd: the impairment of delay alone (7.4), by the sensitivity sT and the least delay mT of the delay class."""
    x = np.log2(np.maximum(ta, mt) / mt)
    n = 6 * float(st) if st.ndim == 0 else 6 * st
    return np.where(ta <= mt, 0.0, 25 * (_corner(x, n) - 3 * _corner(x / 3, n) + 2))


def equipment(*, ie: Values, bpl: Values, ppl: Values, burst_r: Values, most: float) -> Values:
    """Ie,eff (7.5): the codec's impairment, raised towards `most` by loss. One of the two losses is over BurstR."""
    return ie + (most - ie) * ppl / (ppl / burst_r + bpl)


def _ten_to(x: Values) -> Values:
    """``10**x``, in half the time of ``np.power``."""
    return np.exp(x * _LOG_10)


def _corner(x: Values, n: float | Values) -> Values:
    """``(1 + x**n) ** (1 / n)``, the smooth corner of which the E-model is built."""
    whole = isinstance(n, float | int) and float(n).is_integer()
    power = _whole_power(x, int(n)) if whole else np.power(x, n)
    return np.exp(np.log1p(power) / n)


def _whole_power(x: Values, n: int) -> Values:
    """``x**n`` by squaring: much faster than ``np.power``, and right for negative `x`."""
    power: Values | None = None
    square = x
    while n:
        if n & 1:
            power = square if power is None else power * square
        n >>= 1
        square = square * square if n else square
    return np.ones_like(x) if power is None else power
