"""The speech level, restored: a gain for a party that is too quiet or too loud, and steps taken out at level jumps.

Telephone codecs work on 13 bits (G.711's finest step at mu-law, the linear PCM of GSM and AMR): a gain raises their
rounding noise with the speech, where it is heard. It is white, its level is known, and it is lowered.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from audioqa.mend.noise import without_white_noise
from audioqa.mend.stretch import Samples, Stretch
from audioqa.types import Event

NOMINAL = -26.0
"""dBov: nominal active speech level (ITU-T P.56, P.800)."""

ROUNDING = -81.0
"""dBov: noise of rounding to 13 bits, -83 dBov (a step of 8, squared, over 12), and 2 dB for the coarser steps of G.711
above its first segment. Measured on the tuning side of `audioqa.lab.ledger`, level through G.711 and GSM: at 0 and 6 dB
above -83 dBov fewer mended calls came within 0.3 MOS of their twins than at 2 or 3."""

_RAMP = 0.050  # s at the ends of a gain
_FRAME = 0.020  # s
_LEAST = 0.5  # s of speech that a level needs
_SILENCE = -80.0  # dBov
_GREATEST_GAIN = 45.0  # dB: what would need more is not speech but the line


def at_nominal(stretch: Stretch, events: Sequence[Event]) -> Samples:
    """Brought to the nominal level by one gain for each event (``too-quiet``, ``too-loud``).

    Parameters
    ----------
    stretch
        The party's audio.
    events
        Their ``level_dbov`` is the party's active level; without it that of the stretch is taken.
    """
    out = stretch.samples.copy()
    for event, first, stop in stretch.places(events):
        named = event.evidence.get("level_dbov")
        level = float(named) if named is not None else active_level(stretch.samples[first:stop], stretch.rate)
        if level is not None and abs(NOMINAL - level) <= _GREATEST_GAIN:
            out = _raised(stretch, out, event, NOMINAL - level)
    return out


def without_jumps(stretch: Stretch, events: Sequence[Event]) -> Samples:
    """The pieces between level jumps brought to the level of that which lies nearest to nominal.

    Parameters
    ----------
    stretch
        The party's audio, and its level, which is that of its loudest piece, about.
    events
        ``level-jump``, all that the party has: each begins where the level rises by ``change_db``.
    """
    jumps = sorted((event.segment.start, float(event.evidence.get("change_db", 0.0))) for event in events)
    if not jumps:
        return stretch.samples
    steps = np.concatenate([[0.0], np.cumsum([change for _, change in jumps])])
    loudest = NOMINAL if stretch.level is None else stretch.level
    levels = steps - steps.max() + loudest
    gains = np.clip(levels[int(np.argmin(np.abs(levels - NOMINAL)))] - levels, -_GREATEST_GAIN, _GREATEST_GAIN)
    time = stretch.start + np.arange(len(stretch.samples)) / stretch.rate
    piece = np.searchsorted([start for start, _ in jumps], time, side="right")
    return np.asarray(stretch.samples * 10 ** (gains[piece] / 20), np.float32)


def active_level(samples: NDArray[np.float32], rate: int) -> float | None:
    """Level of the frames within 15.9 dB of itself (P.56), dBov; None where there is too little of it."""
    size = round(_FRAME * rate)
    if len(samples) < size:
        return None
    power = np.mean(samples[: len(samples) // size * size].reshape(-1, size).astype(np.float64) ** 2, axis=1)
    level = float(10 * np.log10(power.mean() + 1e-13))
    if level <= _SILENCE:
        return None
    active = power >= 0
    for _ in range(6):
        active = power >= 10 ** ((level - 15.9) / 10)
        level = float(10 * np.log10(power[active].mean() + 1e-13))
    return level if np.count_nonzero(active) * _FRAME >= _LEAST else None


def _raised(stretch: Stretch, samples: Samples, event: Event, decibels: float) -> Samples:
    share = stretch.share([event], fade=_RAMP)
    decibels = float(np.clip(decibels, -_GREATEST_GAIN, _GREATEST_GAIN))
    raised = samples * np.float32(10 ** (decibels / 20))
    if decibels > 0:
        raised = without_white_noise(raised, stretch.rate, level=ROUNDING + decibels)
    return np.asarray(samples + share * (raised - samples), np.float32)
