"""Faults of level: too quiet, too loud, parties far apart, a gain that is switched or pumps."""

from __future__ import annotations

import numpy as np

from audioqa.lab.corpus import RATE
from audioqa.lab.faults.fault import Fault, Make, Placed, Samples, at_nominal, limited
from audioqa.lab.inject import STEP, frame_levels, noise
from audioqa.lab.simulator import effects
from audioqa.lab.talk import NOMINAL, Talk
from audioqa.types import Segment

_JUMP = 10.0  # dB
_LOUD = 12.0  # dB under the active level: what is louder lies within a word


def _gain(decibels: float) -> Make:
    def make(talk: Talk, _: np.random.Generator) -> tuple[Samples, tuple[Placed, ...]]:
        samples = at_nominal(talk)
        samples[:, 1] *= np.float32(10 ** (decibels / 20))
        turns = talk.turns[1]
        figures = (("level_dbov", NOMINAL + decibels, 3.0),)
        return limited(samples), (Placed(1, Segment(turns[0].start, turns[-1].end), figures),)

    return make


def _unbalanced(talk: Talk, _: np.random.Generator) -> tuple[Samples, tuple[Placed, ...]]:
    samples = at_nominal(talk)
    samples[:, 0] *= np.float32(10 ** (7 / 20))
    samples[:, 1] *= np.float32(10 ** (-7 / 20))
    return limited(samples), (Placed(None, Segment(0.0, talk.seconds), (("difference_db", 14.0, 3.0),)),)


def _jump(within_word: bool) -> Make:
    """The gain of one party is switched in the middle turn, in loud speech or in its quietest moment."""

    def make(talk: Talk, rng: np.random.Generator) -> tuple[Samples, tuple[Placed, ...]]:
        samples = at_nominal(talk)
        turn = talk.turns[1][len(talk.turns[1]) // 2]
        third = turn.duration / 3
        first = round((turn.start + third) * RATE)
        level, _ = frame_levels(samples[first : round((turn.end - third) * RATE), 1], RATE)
        smooth = np.convolve(level, np.full(5, 0.2), mode="same")
        loud = np.flatnonzero(smooth[3:-3] > NOMINAL - _LOUD) + 3
        at = int(rng.choice(loud)) if within_word and len(loud) else 3 + int(np.argmin(smooth[3:-3]))
        place = first + round(at * STEP * RATE)
        gain = np.float32(10 ** (-_JUMP / 20))
        if rng.random() < 0.5:
            samples[:place, 1] *= gain
        else:
            samples[place:, 1] *= gain
        return samples, (Placed(1, Segment(place / RATE, place / RATE + 1.0)),)

    return make


def _pumping(talk: Talk, rng: np.random.Generator) -> tuple[Samples, tuple[Placed, ...]]:
    samples = at_nominal(talk)
    noisy = samples[:, 1] + noise(len(samples), NOMINAL - 35, rng)
    samples[:, 1] = effects.at_level(effects.pumped(noisy, RATE, 12.0), RATE, NOMINAL)
    return limited(samples), (Placed(1, Segment(0.0, talk.seconds)),)


FAULTS: tuple[Fault, ...] = (
    Fault("8.5 dB too quiet", "too-quiet", _gain(-8.5), onset=False),
    Fault("14.5 dB too loud", "too-loud", _gain(14.5), onset=False, brings=("unbalanced", "clipping")),
    Fault("parties 14 dB apart", "unbalanced", _unbalanced, onset=False, brings=("too-quiet", "too-loud")),
    Fault("level jumps by 10 dB within a word", "level-jump", _jump(True)),
    Fault("level jumps by 10 dB in a pause", "level-jump", _jump(False)),
    Fault("gain pumps by 12 dB over noise", "gain-pumping", _pumping, onset=False, brings=("background-noise",)),
)
