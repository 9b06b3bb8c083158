"""Faults of the signal: lost packets, gaps and silence, clipping.

`audioqa.lab.evaluate` varies them in length, fill and depth on one party; here they stand at the severities of
docs/severities.md among all the others, so that every detector meets them.
"""

from __future__ import annotations

import numpy as np

from audioqa.lab import overload
from audioqa.lab.corpus import RATE
from audioqa.lab.faults.fault import Fault, Make, Placed, Samples, at_nominal
from audioqa.lab.inject import Fill, dropouts, frame_levels, noise
from audioqa.lab.talk import Talk
from audioqa.types import Segment

_MUTED = 1.0  # s: well over the 0.4 s from which a cut is reported, well under dead air
_DEAD = 4.0  # s: over the 2 and 3 s in use
_INSIDE = 1.0  # s of the turn on either side of a gap


def _loss(length: float, fill: Fill) -> Make:
    def make(talk: Talk, rng: np.random.Generator) -> tuple[Samples, tuple[Placed, ...]]:
        samples = at_nominal(talk)
        holed, truth = dropouts(
            np.ascontiguousarray(samples[:, 1]), RATE, seed=int(rng.integers(2**31)), lengths=(length,), fills=(fill,)
        )
        samples[:, 1] = holed
        return samples, tuple(Placed(1, one.segment) for one in truth)

    return make


def _mute(talk: Talk, rng: np.random.Generator) -> tuple[Samples, tuple[Placed, ...]]:
    """The longest turn of one party goes silent for a second, from loud speech on."""
    samples = at_nominal(talk)
    turn = max(talk.turns[1], key=lambda one: one.duration)
    level, _ = frame_levels(np.ascontiguousarray(samples[:, 1]), RATE)
    first, last = round((turn.start + _INSIDE) * 100), round((turn.end - _INSIDE - _MUTED) * 100)
    loud = np.flatnonzero(level[first : max(first, last)] > np.percentile(level, 90) - 12.0)
    if len(loud) == 0:
        return samples, ()
    start = (first + int(rng.choice(loud))) / 100
    samples[round(start * RATE) : round((start + _MUTED) * RATE), 1] = 0.0
    return samples, (Placed(1, Segment(start, start + _MUTED)),)


def _dead_air(talk: Talk, rng: np.random.Generator) -> tuple[Samples, tuple[Placed, ...]]:
    """Where one party has finished a turn and the other one has not begun, nobody speaks for 4 s.

    The onset is not compared: a turn ends somewhere in the pause after its last word.
    """
    samples = at_nominal(talk)
    every = sorted((*talk.turns[0], *talk.turns[1]))
    ends = np.maximum.accumulate([turn.end for turn in every])
    pauses = [(end, after.start) for end, after in zip(ends[:-1].tolist(), every[1:], strict=True) if after.start > end]
    if not pauses:
        return samples, ()
    end, start = pauses[int(rng.integers(len(pauses)))]
    cut = round((end + start) / 2 * RATE)
    floors = [frame_levels(np.ascontiguousarray(column), RATE)[1] for column in samples.T]
    quiet = np.stack([noise(round(_DEAD * RATE), floor, rng) for floor in floors], axis=1)
    return np.concatenate([samples[:cut], quiet, samples[cut:]]), (Placed(None, Segment(end, start + _DEAD)),)


def _silent_edge(*, leading: bool) -> Make:
    def make(talk: Talk, rng: np.random.Generator) -> tuple[Samples, tuple[Placed, ...]]:
        samples = at_nominal(talk)
        floors = [frame_levels(np.ascontiguousarray(column), RATE)[1] for column in samples.T]
        quiet = np.stack([noise(round(_DEAD * RATE), floor, rng) for floor in floors], axis=1)
        if leading:
            return np.concatenate([quiet, samples]), (Placed(None, Segment(0.0, _DEAD)),)
        place = Segment(talk.seconds, talk.seconds + _DEAD)
        return np.concatenate([samples, quiet]), (Placed(None, place),)

    return make


def _clipped(below_peak: float) -> Make:
    def make(talk: Talk, rng: np.random.Generator) -> tuple[Samples, tuple[Placed, ...]]:
        samples = at_nominal(talk)
        column = np.ascontiguousarray(samples[:, 1])
        samples[:, 1], truth = overload.clip(column, RATE, below_peak=below_peak, seed=int(rng.integers(2**31)))
        return samples, (Placed(1, Segment(truth[0].segment.start, truth[-1].segment.end)),) if truth else ()

    return make


FAULTS: tuple[Fault, ...] = (
    Fault("20 ms lost, zeros", "dropout", _loss(0.020, "zero")),
    Fault("20 ms lost, packet repeated", "dropout", _loss(0.020, "repeat"), onset=False, told_as=("concealed-loss",)),
    Fault("60 ms lost, Appendix I", "dropout", _loss(0.060, "fade"), onset=False, told_as=("concealed-loss",)),
    Fault("1 s muted in a turn", "silence-gap", _mute, brings=("dropout",)),
    Fault("4 s of dead air", "dead-air", _dead_air, onset=False),
    Fault("4 s of silence at the start", "leading-silence", _silent_edge(leading=True), onset=False),
    Fault("4 s of silence at the end", "trailing-silence", _silent_edge(leading=False), onset=False),
    Fault("clipping, 3 dB off the peak", "clipping", _clipped(3.0), onset=False, brings=("unbalanced", "too-loud")),
    Fault("clipping, 6 dB off the peak", "clipping", _clipped(6.0), onset=False, brings=("unbalanced", "too-loud")),
    Fault("clipping, 12 dB off the peak", "clipping", _clipped(12.0), onset=False, brings=("unbalanced", "too-loud")),
)
