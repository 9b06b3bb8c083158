"""The inputs of the three models: their defaults, and the ranges outside of which nobody can mean them.

G.107 recommends narrower ranges for planning; here only what is impossible is refused, and what would leave the
formulas undefined.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from audioqa.errors import SettingsError
from audioqa.perceptual.emodel.opinion import Scale


@dataclass(frozen=True)
class Range:
    """Where an input may lie.

    Parameters
    ----------
    low, high
        Its least and its greatest value.
    rule
        The same in words, after the input's name.
    open_below
        True where `low` itself is not allowed.
    """

    low: float
    high: float
    rule: str
    open_below: bool = False


CEILING: Mapping[Scale, float] = {"narrowband": 95.0, "wideband": 95.0, "fullband": 132.0}
"""What Ie,eff reaches as everything is lost (G.107 7-29, G.107.1 7-15, G.107.2): 95 on the wideband scale, too."""

_DECIBELS = Range(-200, 200, "is a figure in dB and must lie within -200 to 200")
_DELAY = Range(0, 1e6, "is a delay in ms, and delays are at least 0 ms")

RANGES: Mapping[str, Range] = {
    "slr": Range(-60, 100, "is a loudness rating in dB and must lie within -60 to 100"),
    "rlr": Range(-60, 100, "is a loudness rating in dB and must lie within -60 to 100"),
    "stmr": Range(-10, 200, "is a sidetone masking rating in dB and must lie within -10 to 200"),
    "lstr": Range(-50, 200, "is a sidetone rating in dB and must lie within -50 to 200"),
    "ds": _DECIBELS,
    "dr": _DECIBELS,
    "telr": Range(-10, 200, "is an echo loudness rating in dB and must lie within -10 to 200"),
    "wepl": _DECIBELS,
    "t": _DELAY,
    "tr": _DELAY,
    "ta": _DELAY,
    "qdu": Range(1, 1e6, "must be at least 1"),
    "bpl": Range(0, 1e6, "above 0 is needed", open_below=True),
    "ppl": Range(0, 100, "is a packet loss in per cent, 0 to 100"),
    "burst_r": Range(1, 1e6, "must be at least 1"),
    "nc": _DECIBELS,
    "nfor": _DECIBELS,
    "ps": _DECIBELS,
    "pr": _DECIBELS,
    "a": Range(0, 20, "must lie within 0 to 20"),
    "st": Range(0, 10, "is a sensitivity to delay and must be above 0 and at most 10", open_below=True),
    "mt": Range(0, 1e6, "is a delay in ms and must be above 0", open_below=True),
}
"""Of every input but ``ie``, whose range is the scale's."""

DEFAULTS: Mapping[Scale, Mapping[str, float]] = {
    "narrowband": {
        "slr": 8.0,
        "rlr": 2.0,
        "stmr": 15.0,
        "lstr": 18.0,
        "ds": 3.0,
        "dr": 3.0,
        "telr": 65.0,
        "wepl": 110.0,
        "t": 0.0,
        "tr": 0.0,
        "ta": 0.0,
        "qdu": 1.0,
        "ie": 0.0,
        "bpl": 4.3,
        "ppl": 0.0,
        "burst_r": 1.0,
        "nc": -70.0,
        "nfor": -64.0,
        "ps": 35.0,
        "pr": 35.0,
        "a": 0.0,
        "st": 1.0,
        "mt": 100.0,
    },
    "wideband": {"ta": 0.0, "ie": 0.0, "bpl": 4.3, "ppl": 0.0, "burst_r": 1.0, "a": 0.0},
    "fullband": {"ta": 0.0, "ie": 0.0, "bpl": 4.3, "ppl": 0.0, "burst_r": 1.0, "a": 0.0},
}
"""The inputs of each model at their default values."""


def checked(name: str, values: ArrayLike, *, scale: Scale = "narrowband") -> NDArray[np.float64]:
    """The values of an input as float64.

    Parameters
    ----------
    name
        The input.
    values
        One value, or one for each row.
    scale
        The model that they are for.

    Raises
    ------
    SettingsError
        Where one is no finite number or lies outside its range; of several rows the first such is named.
    """
    try:
        numbers = np.asarray(values, np.float64)
    except (TypeError, ValueError):
        raise SettingsError(f"{name} holds something that is no number") from None
    _refuse(name, numbers, ~np.isfinite(numbers), "must be a finite number")
    allowed = range_of(name, scale)
    below = numbers <= allowed.low if allowed.open_below else numbers < allowed.low
    _refuse(name, numbers, below | (numbers > allowed.high), allowed.rule)
    return numbers


def range_of(name: str, scale: Scale) -> Range:
    """Where an input of a model may lie."""
    if name != "ie":
        return RANGES[name]
    return Range(0, CEILING[scale], f"must lie within 0 to {CEILING[scale]:g} on the {scale} scale")


def _refuse(name: str, numbers: NDArray[np.float64], wrong: NDArray[np.bool_], rule: str) -> None:
    if not wrong.any():
        return
    if numbers.ndim == 0:
        raise SettingsError(f"{name} {rule}, given {float(numbers):g}")
    row = int(np.argmax(wrong))
    raise SettingsError(f"{name} {rule}, given {float(numbers.reshape(-1)[row]):g} in row {row + 1}")
