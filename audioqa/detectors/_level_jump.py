"""Where exactly a gain was switched.

Two kinds of evidence are added for every frame near the place. Levels of speech: how likely those before it are at the
one gain and those after it at the other, by the spread of levels that this party's speech has. The moment itself: all
bands of the telephone band and the whole level change at once by the amount of the jump, which words do not; in a pause
the noise does. The weights were set on 137 jumps of 10 dB put into the speech of the tuning speakers.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from audioqa.frames import levels
from audioqa.party import TELEPHONE_BANDS, PartyView

_REACH = 200  # frames looked at on either side
_COMPARED = 400  # frames of speech on either side that tell the levels
_LEVELS, _BANDS, _WHOLE = 0.1, 1.0, 0.6  # weights; neighbouring frames repeat each other, hence the tenth
_SPREAD = 3.0  # dB by which a band changes within 40 ms of speech anyway
_LOWEST, _HIGHEST = -60, 30  # dB relative to the mean power of the speech


def place_of(view: PartyView, near: int, change: float) -> int:
    """The frame before which the level of a party changes by `change` dB, within 2 s of the frame `near`."""
    speech = np.flatnonzero(view.speaking)
    here = int(np.searchsorted(speech, near))
    before = view.levels[speech[max(0, here - _COMPARED) : here]]
    after = view.levels[speech[here : here + _COMPARED]]
    first, stop = max(4, near - _REACH), min(len(view.levels) - 6, near + _REACH)
    if stop <= first or not len(before) or not len(after):
        return near
    level = view.levels[first:stop]
    known = _log_density(np.concatenate([before - _power(before), after - _power(after)]))
    here_before = _at(known, level - _power(before)) - _at(known, level - _power(before) - change)
    evidence = _LEVELS * np.concatenate([[0.0], np.cumsum(np.where(view.speaking[first:stop], here_before, 0.0))])
    # A band frame's window is around its own 20 ms: compared are the one before and the one after that which holds
    # the moment, whose middle is 4 ms after its frame's beginning.
    bands = levels(view.channel.frames.bands[first // 2 - 2 : stop // 2 + 3, TELEPHONE_BANDS])
    changes = _at_once(bands[2:] - bands[:-2], change).mean(axis=1)
    middles = (first // 2 - 1 + np.arange(len(changes))) * 2 + 0.4
    evidence += _BANDS * np.interp(np.arange(first, stop + 1), middles, changes)
    whole = view.levels[first - 2 : stop + 3]
    evidence += _WHOLE * _at_once(whole[3:] - whole[:-3], change)[: len(evidence)]
    return first + int(np.argmax(evidence))


def _at_once(difference: NDArray[np.float32], change: float) -> NDArray[np.float32]:
    """Log-likelihood that a difference holds the change rather than not, with the heavy tails that speech has."""
    without = np.log1p(np.square(difference / _SPREAD))
    return np.asarray(without - np.log1p(np.square((difference - change) / _SPREAD)), np.float32)


def _power(level: NDArray[np.float32]) -> float:
    return float(10 * np.log10(np.mean(10 ** (level / 10))))


def _log_density(level: NDArray[np.float32]) -> NDArray[np.float64]:
    """Log share of frames by level from `_LOWEST` on in steps of 1 dB, smoothed over 2.5 dB; never quite nothing."""
    counts = np.histogram(level, bins=np.arange(_LOWEST, _HIGHEST + 1))[0].astype(float)
    smooth = np.convolve(counts, np.exp(-0.5 * (np.arange(-6, 7) / 2.5) ** 2), mode="same")
    smooth += 0.02 * smooth.mean() + 1e-3
    return np.asarray(np.log(smooth / smooth.sum()))


def _at(density: NDArray[np.float64], level: NDArray[np.float32]) -> NDArray[np.float64]:
    return np.asarray(density[np.clip(np.floor(level - _LOWEST).astype(int), 0, len(density) - 1)])
