"""Nonsense in place of a party's speech: speech made by formula, of which any stretch can be had."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audioqa.audio import Resampler
from audioqa.mend.level import active_level
from audioqa.synthesis import synthetic_speech

Samples = NDArray[np.float64]

LEVEL = -26.0
"""dBov: active level of the nonsense."""

_STEP = 0.01  # s
_LULL = 0.03  # s of a pause that stay
_QUIET = -44.0  # dBov
_PITCHES = (100.0, 210.0)  # Hz
_LONGEST = 60.0  # s made at most; more is taken from anywhere in it
_HIGHEST = 16_000  # Hz: a voice has nothing above 8 kHz that anyone would miss
_LOUD = 5.0  # dB under the active level that a loud stretch may have
_RISE, _FALL = 0.010, 0.120  # s: a turn that ended at once would sound as if it were cut off


@dataclass(frozen=True)
class Nonsense:
    """One made-up speaker.

    Parameters
    ----------
    samples
        float64, shape (n,), at `LEVEL`.
    rate
        Hz.
    """

    samples: Samples
    rate: int

    @staticmethod
    def new(seconds: float, rate: int, *, bandwidth: float | None, rng: np.random.Generator) -> Nonsense:
        """A speaker who is nobody, with a pitch by chance.

        Parameters
        ----------
        seconds
            How much is needed.
        rate
            Hz.
        bandwidth
            Hz where the speech ends, or None.
        rng
            Where chance comes from.
        """
        length = min(max(seconds * 1.3, 10.0), _LONGEST)
        made = min(rate, _HIGHEST)
        seed = int(rng.integers(2**63))
        spoken = synthetic_speech(length, seed=seed, rate=made, pitch=float(rng.uniform(*_PITCHES)))
        if made != rate:
            spoken = Resampler(made, rate, channels=1).push(spoken[:, None], last=True)[:, 0]
        samples = _without_lulls(_shaped(spoken.astype(np.float64), rate, bandwidth), rate)
        level = active_level(samples.astype(np.float32), rate)
        return Nonsense(samples * 10 ** ((LEVEL - (LEVEL if level is None else level)) / 20), rate)

    def anything(self, count: int, rng: np.random.Generator) -> Samples:
        """So many samples of it from anywhere, faded at the ends."""
        return _faded(np.resize(np.roll(self.samples, -int(rng.integers(len(self.samples)))), count), self.rate)

    def loud(self, count: int, rng: np.random.Generator) -> Samples:
        """So many samples of it without a quiet moment, from the loudest vowels there are."""
        size = round(_STEP * self.rate)
        power = np.mean(self.samples[: len(self.samples) // size * size].reshape(-1, size) ** 2, axis=1)
        level = 10 * np.log10(power + 1e-12)
        frames = min(-(-count // size) + 1, len(level))
        least = np.lib.stride_tricks.sliding_window_view(level, frames).min(axis=1)
        fit = np.flatnonzero(least >= min(LEVEL - _LOUD, np.percentile(least, 99)))
        first = int(rng.choice(fit)) * size
        return np.resize(self.samples[first : first + count], count)


def _shaped(samples: Samples, rate: int, bandwidth: float | None) -> Samples:
    """Brighter above 1 kHz than the formula makes it, and nothing above the bandwidth."""
    spectrum = np.fft.rfft(samples)
    hertz = np.fft.rfftfreq(len(samples), 1 / rate)
    gain = np.sqrt(1 + (hertz / 1000) ** 2)
    if bandwidth is not None:
        gain *= 1 / (1 + (hertz / max(bandwidth, 500.0)) ** 24)
    return np.asarray(np.fft.irfft(spectrum * gain, len(samples)))


def _without_lulls(samples: Samples, rate: int) -> Samples:
    """Pauses cut short: when nothing is said must not come from the original, nor look as if it did."""
    size = round(_STEP * rate)
    framed = samples[: len(samples) // size * size].reshape(-1, size)
    quiet = 10 * np.log10(np.mean(framed**2, axis=1) + 1e-12) < _QUIET
    since = np.arange(len(quiet)) - np.maximum.accumulate(np.where(~quiet, np.arange(len(quiet)), 0))
    return np.asarray(framed[since < round(_LULL / _STEP)].reshape(-1))


def _faded(samples: Samples, rate: int) -> Samples:
    rise, fall = (min(round(seconds * rate), len(samples) // 2) for seconds in (_RISE, _FALL))
    out = samples.copy()
    out[:rise] *= np.linspace(0, 1, rise)
    out[len(out) - fall :] *= np.linspace(1, 0, fall) ** 3
    return out
