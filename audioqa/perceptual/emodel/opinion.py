"""From the rating R to a MOS and back, and R in words (G.107 Annex B and Appendix I; G.107.1 and G.107.2 Annex A).

The three scales share one curve: a wideband R is divided by 1.29 before it and a fullband R by 1.48, so that each
scale's best connection has 4.5. The figures are not comparable for that: 4.4 means another thing on each.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from audioqa.errors import SettingsError

Scale = Literal["narrowband", "wideband", "fullband"]
"""G.107, G.107.1, G.107.2."""

STRETCH: Mapping[Scale, float] = {"narrowband": 1.0, "wideband": 1.29, "fullband": 1.48}
"""What R is divided by before the curve."""

CATEGORIES: tuple[tuple[float, str], ...] = (
    (90.0, "very satisfied"),
    (80.0, "satisfied"),
    (70.0, "some users dissatisfied"),
    (60.0, "many users dissatisfied"),
    (50.0, "nearly all users dissatisfied"),
)
"""The least narrowband R of each category (G.109); below the last one a connection is not recommended."""

LEAST_INVERTIBLE = 6.515
"""Below it the curve stands at 1, and nothing says where."""


def mos_from_r(r: float, *, scale: Scale = "narrowband") -> float:
    """MOS-CQE of a rating R (G.107 Annex B), 1 to 4.5.

    The cubic dips below 1 for 0 < R < 6.515, where the standard's curve is held at 1.

    Parameters
    ----------
    r
        The rating, on `scale`.
    scale
        Whose rating it is.
    """
    return float(mos_curve(np.asarray(r, np.float64) / STRETCH[scale]))


def mos_curve(r: NDArray[np.float64]) -> NDArray[np.float64]:
    """MOS of narrowband ratings, elementwise; wider ratings are divided by `STRETCH` before."""
    held = np.clip(r, 0.0, 100.0)
    # The last coefficient is 7e-6; 7e-7 and 1e-6, which one meets, are off by a tenth at R 93.2.
    return np.maximum(1.0, 1 + 0.035 * held + held * (held - 60) * (100 - held) * 7e-6)


def r_from_mos(mos: float, *, scale: Scale = "narrowband") -> float:
    """Rating R of a MOS-CQE (G.107 Appendix I), the inverse of `mos_from_r` for a narrowband R of 6.52 to 100.

    Parameters
    ----------
    mos
        1 to 4.5.
    scale
        Whose MOS it is.

    Raises
    ------
    SettingsError
        Where `mos` lies outside 1 to 4.5: the E-model's scale ends there.
    """
    if not 1 <= mos <= 4.5:
        raise SettingsError(f"a {scale} MOS-CQE lies within 1 to 4.5, given {mos:g}")
    a = 18566 - 6750 * mos
    b = max(0.0, -903522 + 1113960 * mos - 202500 * mos**2)
    h = math.atan2(15 * math.sqrt(b), a) / 3
    return STRETCH[scale] * 20 / 3 * (8 - math.sqrt(226) * math.cos(h + math.pi / 3))


def category(r: float, *, scale: Scale = "narrowband") -> str:
    """What users would say of a connection rated R.

    Parameters
    ----------
    r
        The rating, on `scale`. The categories are defined for the narrowband scale; a wider R is divided as for its
        MOS.
    scale
        Whose rating it is.

    Examples
    --------
    >>> category(93.2), category(80.0), category(79.9), category(12)
    ('very satisfied', 'satisfied', 'some users dissatisfied', 'not recommended')
    """
    narrow = r / STRETCH[scale]
    return next((words for least, words in CATEGORIES if narrow >= least), "not recommended")
