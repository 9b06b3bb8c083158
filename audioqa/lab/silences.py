"""Silence put into real speech at known places: gaps within a turn, leading and trailing silence, dead air.

Pure functions of samples and a seed, like those of `audioqa.lab.inject`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from audioqa.lab.inject import LOUD, STEP, Injected, frame_levels, noise
from audioqa.types import Segment

GAP_LENGTHS = (0.5, 1.0, 2.0, 3.0, 5.0, 10.0)
"""Seconds of silence."""


def silence_gaps(
    samples: NDArray[np.float32],
    rate: int,
    *,
    seed: int,
    lengths: Sequence[float] = GAP_LENGTHS,
) -> tuple[NDArray[np.float32], tuple[Injected, ...]]:
    """Put silence into a call: muting what was said, or inserted in a pause; zeros or a noise floor.

    Muted gaps begin in loud speech and take the place of what was there; as speech would run out, only those of up
    to 2 s are muted. All others are inserted where the call pauses, except up to a second at the noise floor, which
    is what a pause is: clean read speech holds some 30 an hour. Gaps are 4 s of speech apart.

    Parameters
    ----------
    samples
        float32, shape (n,).
    rate
        Hz.
    seed
        Chooses order, places and fills.
    lengths
        Seconds.
    """
    rng = np.random.default_rng(seed)
    plan = [(length, how, fill) for length in lengths for how in ("mute", "pause") for fill in ("zero", "floor")]
    plan = [plan[i] for i in rng.permutation(len(plan)) if _makes_sense(*plan[i])]
    level, floor = frame_levels(samples, rate)
    high = np.percentile(level, 90) if len(level) else 0.0
    pieces: list[NDArray[np.float32]] = []
    truth: list[Injected] = []
    done, shift = 0, 0
    for length, how, fill in plan:
        wanted = level > high - LOUD if how == "mute" else _resting(level, max(high - 30, floor + 6))
        after = round((done / rate + 4.0) / STEP)
        places = np.flatnonzero(wanted[after:]) + after
        first = round(int(places[0]) * STEP * rate) if len(places) else len(samples)
        n = round(length * rate)
        taken = n if how == "mute" else 0
        if first + taken + 3.0 * rate > len(samples):
            continue
        filling = noise(n, floor, rng) if fill == "floor" else np.zeros(n, dtype=np.float32)
        pieces += [samples[done:first], filling]
        truth.append(Injected(Segment((first + shift) / rate, (first + shift + n) / rate), f"{how} {fill}", length))
        done, shift = first + taken, shift + n - taken
    return np.concatenate([*pieces, samples[done:]]), tuple(truth)


def edge_silence(
    samples: NDArray[np.float32],
    rate: int,
    *,
    seed: int,
    leading: float,
    trailing: float,
    fill: Literal["zero", "floor"],
) -> tuple[NDArray[np.float32], tuple[Injected, ...]]:
    """Silence before and after a call.

    Parameters
    ----------
    samples
        float32, shape (n,).
    rate
        Hz.
    seed
        Of the noise.
    leading, trailing
        Seconds, 0 for none.
    fill
        Zeros, or noise at the call's own floor.
    """
    rng = np.random.default_rng(seed)
    _, floor = frame_levels(samples, rate)
    before, after = (
        noise(round(s * rate), floor, rng) if fill == "floor" else np.zeros(round(s * rate), dtype=np.float32)
        for s in (leading, trailing)
    )
    whole = np.concatenate([before, samples, after])
    truth = [Injected(Segment(0.0, len(before) / rate), f"leading {fill}", leading)] if leading else []
    if trailing:
        truth.append(
            Injected(Segment((len(whole) - len(after)) / rate, len(whole) / rate), f"trailing {fill}", trailing)
        )
    return whole, tuple(truth)


def dead_air(
    first: NDArray[np.float32], second: NDArray[np.float32], rate: int, *, seed: int, seconds: float
) -> tuple[NDArray[np.float32], tuple[Injected, ...]]:
    """A two-channel call in which, after the first party's turn, nobody speaks for a while.

    Parameters
    ----------
    first, second
        float32, shape (n,) and (m,): what the two parties say, one after the other.
    rate
        Hz.
    seed
        Of the noise: each channel has its own floor wherever its party does not speak.
    seconds
        Length of the dead air.

    Returns
    -------
    samples
        float32, shape (n + silence + m, 2).
    truth
        One entry.
    """
    rng = np.random.default_rng(seed)
    n = round(seconds * rate)
    one = np.concatenate([first, noise(n + len(second), frame_levels(first, rate)[1], rng)])
    two = np.concatenate([noise(len(first) + n, frame_levels(second, rate)[1], rng), second])
    truth = Injected(Segment(len(first) / rate, (len(first) + n) / rate), "dead air", seconds)
    return np.stack([one, two], axis=1), (truth,)


def _makes_sense(length: float, how: str, fill: str) -> bool:
    return length <= 2.0 if how == "mute" else fill == "zero" or length >= 2.0


def _resting(level: NDArray[np.float64], line: float) -> NDArray[np.bool_]:
    """True in the middle of 100 ms and more below a line."""
    frames = round(0.1 / STEP)
    quiet = np.convolve(level < line, np.ones(frames), mode="same") > frames - 0.5
    return np.asarray(quiet)
