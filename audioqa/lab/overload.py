"""Clipped speech, and speech that is loud without being clipped.

`clip` overdrives and limits hard, as a converter does. Its negative twins are what a detector of clipping must leave
alone: peak-normalised speech, speech through a look-ahead limiter, and speech through an automatic gain control.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from audioqa.lab.inject import Injected
from audioqa.types import Segment

CLIPPING = (3.0, 6.0, 9.0, 12.0)
"""dB between a clip's own peak and the ceiling it is cut at."""

FULL_SCALE = 0.999
"""Peak of what is normalised."""

_MERGE = 0.5  # s: clipped samples closer than this make one stretch


def clip(
    samples: NDArray[np.float32], rate: int, *, below_peak: float, seed: int
) -> tuple[NDArray[np.float32], tuple[Injected, ...]]:
    """Cut peaks off, then bring the result to some level, as a gain behind the converter would.

    Parameters
    ----------
    samples
        float32, shape (n,).
    rate
        Hz.
    below_peak
        dB: the ceiling lies this far below the largest magnitude.
    seed
        Half the clips are peak-normalised; the others end up 0 to 12 dB below full scale.

    Returns
    -------
    samples
        float32, shape (n,).
    truth
        Stretches with clipped samples less than 0.5 s apart.
    """
    rng = np.random.default_rng(seed)
    peak = float(np.abs(samples).max(initial=0.0))
    ceiling = peak / 10 ** (below_peak / 20)
    limited = np.clip(samples, -ceiling, ceiling)
    gain = FULL_SCALE / max(ceiling, 1e-9)
    if rng.random() < 0.5:
        gain *= 10 ** (rng.uniform(-12.0, 0.0) / 20)
    over = np.flatnonzero(np.abs(samples) > ceiling)
    if len(over) == 0:
        return limited, ()
    cuts = np.flatnonzero(np.diff(over) > _MERGE * rate)
    firsts, lasts = over[np.concatenate([[0], cuts + 1])], over[np.concatenate([cuts, [len(over) - 1]])]
    truth = tuple(
        Injected(Segment(int(a) / rate, (int(b) + 1) / rate), "clipped", below_peak)
        for a, b in zip(firsts, lasts, strict=True)
    )
    return np.asarray(limited * gain, dtype=np.float32), truth


def normalised(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Scaled so that the largest magnitude is just below full scale."""
    return np.asarray(samples * (FULL_SCALE / max(float(np.abs(samples).max(initial=0.0)), 1e-9)), dtype=np.float32)


def limited(samples: NDArray[np.float32], rate: int, *, seed: int) -> NDArray[np.float32]:
    """Driven 3 to 12 dB into a limiter that looks 5 ms ahead: peaks come up to its ceiling, none above, none flat.

    Parameters
    ----------
    samples
        float32, shape (n,).
    rate
        Hz.
    seed
        Chooses the drive, the ceiling (0 to 6 dB below full scale) and the release (10 to 80 ms).
    """
    from scipy.ndimage import convolve1d, minimum_filter1d

    rng = np.random.default_rng(seed)
    ceiling = FULL_SCALE * 10 ** (-rng.uniform(0.0, 6.0) / 20)
    driven = normalised(samples).astype(np.float64) * 10 ** (rng.uniform(3.0, 12.0) / 20)
    needed = np.minimum(1.0, ceiling / np.maximum(np.abs(driven), 1e-9))
    ahead, release = round(0.005 * rate), round(rng.uniform(0.010, 0.080) * rate)
    window = np.hanning(2 * ahead + 3)[1:-1]
    # The least gain from `ahead` before to `ahead` behind, averaged within that reach, is never above the gain needed;
    # reaching further back holds the gain down after a peak.
    held = minimum_filter1d(needed, 2 * ahead + release + 1, origin=release // 2)
    gain = convolve1d(held, window / window.sum(), mode="nearest")
    return np.asarray(driven * gain, dtype=np.float32)


def levelled(samples: NDArray[np.float32], rate: int, *, seed: int) -> NDArray[np.float32]:
    """Automatic gain control: the level over half a second is brought near one target, gains within 20 dB.

    Parameters
    ----------
    samples
        float32, shape (n,).
    rate
        Hz.
    seed
        Chooses the target level (-24 to -16 dBov) and how far it is approached (half to nine tenths of the way in dB).
    """
    from scipy.ndimage import uniform_filter1d

    rng = np.random.default_rng(seed)
    target, share = rng.uniform(-24.0, -16.0), rng.uniform(0.5, 0.9)
    power = uniform_filter1d(samples.astype(np.float64) ** 2, round(0.5 * rate), mode="nearest")
    level = 10 * np.log10(np.maximum(power, 1e-9))
    gain = np.clip(share * (target - level), -20.0, 20.0)
    gain[level < np.percentile(level, 95) - 25] = 0.0  # pauses are not pumped up
    smooth = uniform_filter1d(gain, round(0.2 * rate), mode="nearest")
    raised = samples.astype(np.float64) * 10 ** (smooth / 20)
    within = raised.astype(np.float32)
    return normalised(within) if np.abs(within).max(initial=0.0) > FULL_SCALE else within
