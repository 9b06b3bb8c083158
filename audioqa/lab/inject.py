"""Lost packets put into real speech at known places.

Pure functions of samples and a seed: the same call, the same faults. Each returns the faulted samples and the
truth, one `Injected` for each fault. What they imitate: a lost packet filled by zeros, by comfort noise,
by the packet before, or by the concealment of ITU-T G.711 Appendix I.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from audioqa.concealment import conceal
from audioqa.types import Segment

Fill = Literal["zero", "comfort", "repeat", "fade"]

FILLS: tuple[Fill, ...] = ("zero", "comfort", "repeat", "fade")
"""What fills a dropout: zeros, noise from 10 dB below to at the floor, the packet before, pitch repeats that fade."""

DROPOUT_LENGTHS = (0.010, 0.020, 0.030, 0.040, 0.060, 0.080, 0.100, 0.200, 0.300)
"""Seconds, multiples of the packets in use (10, 20, 30 ms)."""

STEP = 0.010
"""Seconds: the grid of levels."""

LOUD = 12.0
"""dB below the 90th percentile of frame levels: what is above is loud active speech, within a syllable."""

_GUARD = 0.020  # s of loud speech needed on either side of a hole
_APART = 1.2  # s between two holes: each is found or missed for itself
_LEAST_LEVEL = -80.0  # dBov of the quietest noise put in; below this, 16 bits hold nothing


@dataclass(frozen=True)
class Injected:
    """One fault and where it is.

    Parameters
    ----------
    segment
        Seconds in the faulted recording.
    condition
        How it was made: ``zero``, ``comfort``; ``mute floor``, ``pause zero`` ...
    size
        Seconds of a hole or gap, dB of clipping.
    """

    segment: Segment
    condition: str
    size: float


def dropouts(
    samples: NDArray[np.float32],
    rate: int,
    *,
    seed: int,
    lengths: Sequence[float] = DROPOUT_LENGTHS,
    fills: Sequence[Fill] = FILLS,
) -> tuple[NDArray[np.float32], tuple[Injected, ...]]:
    """Lose packets in loud active speech, with loud speech on both sides, at least 1.2 s apart.

    Parameters
    ----------
    samples
        float32, shape (n,).
    rate
        Hz.
    seed
        Chooses order, places and the grid of packets.
    lengths
        Seconds; each combination of length and fill comes up equally often.
    fills
        See `FILLS`.
    """
    rng = np.random.default_rng(seed)
    plan = [(length, fill) for length in lengths for fill in fills]
    level, floor = frame_levels(samples, rate)
    loud = level > np.percentile(level, 90) - LOUD if len(level) else np.zeros(0, dtype=bool)
    phase = int(rng.integers(round(0.020 * rate)))
    faulted = samples.copy()
    truth: list[Injected] = []
    position = 0.5
    while True:
        if len(truth) % len(plan) == 0:
            order = rng.permutation(len(plan))
        length, fill = plan[order[len(truth) % len(plan)]]
        packet = packet_of(length)
        start = _loud_place(loud, position, length, packet, phase / rate)
        if start is None:
            return faulted, tuple(truth)
        first, n = round(start * rate), round(length * rate)
        _fill_hole(faulted, first, n, rate, fill=fill, packet=round(packet * rate), floor=floor, rng=rng)
        truth.append(Injected(Segment(first / rate, (first + n) / rate), fill, length))
        position = start + length + _APART


def packet_of(length: float) -> float:
    """Seconds of the packet, 10, 20 or 30 ms, whose loss makes a hole of `length` seconds; 20 where it fits."""
    milliseconds = round(length * 1000)
    return next((packet for packet in (0.020, 0.030) if milliseconds % round(packet * 1000) == 0), 0.010)


def frame_levels(samples: NDArray[np.float32], rate: int) -> tuple[NDArray[np.float64], float]:
    """Level in dBov of every 10 ms, float64, and the floor: their 5th percentile, -80 at least."""
    size = round(STEP * rate)
    framed = samples[: len(samples) // size * size].reshape(-1, size).astype(np.float64)
    level = 10 * np.log10(np.mean(framed**2, axis=1) + 1e-12)
    return level, max(_LEAST_LEVEL, float(np.percentile(level, 5))) if len(level) else _LEAST_LEVEL


def noise(n: int, level: float, rng: np.random.Generator) -> NDArray[np.float32]:
    """White Gaussian noise at a level in dBov."""
    return np.asarray(rng.standard_normal(n) * 10 ** (level / 20), dtype=np.float32)


def _loud_place(loud: NDArray[np.bool_], after: float, length: float, packet: float, phase: float) -> float | None:
    """First start on the grid of packets from `after` on with loud speech on both sides and mostly inside."""
    number = int(np.ceil((after - phase) / packet))
    guard = round(_GUARD / STEP)
    while True:
        start = phase + number * packet
        first, last = int(np.floor(start / STEP)), int(np.ceil((start + length) / STEP))
        if last + guard > len(loud):
            return None
        inside = float(np.mean(loud[first:last]))
        if loud[first - guard : first].all() and loud[last : last + guard].all() and inside >= 0.7:
            return start
        number += 1


def _fill_hole(
    samples: NDArray[np.float32],
    first: int,
    n: int,
    rate: int,
    *,
    fill: Fill,
    packet: int,
    floor: float,
    rng: np.random.Generator,
) -> None:
    """Replace `n` samples from `first` on, in place."""
    if fill == "zero":
        samples[first : first + n] = 0.0
    elif fill == "comfort":
        samples[first : first + n] = noise(n, max(_LEAST_LEVEL, floor - rng.uniform(0.0, 10.0)), rng)
    elif fill == "repeat":
        samples[first : first + n] = np.resize(samples[first - packet : first], n)
    else:
        conceal(samples, first, n, rate)
