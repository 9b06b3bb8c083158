"""Faults of the line: hum, echo, one-way audio."""

from __future__ import annotations

import numpy as np

from audioqa.lab.corpus import RATE
from audioqa.lab.faults.fault import Fault, Make, Placed, Samples, at_nominal, audible_from
from audioqa.lab.inject import noise
from audioqa.lab.simulator import effects
from audioqa.lab.talk import NOMINAL, Talk
from audioqa.types import Segment

_LEAST = 21.0  # s: one-way audio is reported from 20 s on


_TAKEN = 13.0  # dB that codecs may take off a hum, and what of it lies above 500 Hz


def _hum(below: float) -> Make:
    def make(talk: Talk, rng: np.random.Generator) -> tuple[Samples, tuple[Placed, ...]]:
        samples = at_nominal(talk)
        mains = float(rng.choice([50, 60]))
        wave = effects.hum(len(samples), RATE, mains, rng)
        samples[:, 1] += wave * np.float32(10 ** ((NOMINAL - below) / 20) / np.sqrt(np.mean(wave**2)))
        figures = (("mains_hz", mains, 0.0), ("below_speech_db", below, _TAKEN))
        return samples, (Placed(1, Segment(0.0, talk.seconds), figures),)

    return make


def _echo(milliseconds: float, below: float) -> Make:
    def make(talk: Talk, rng: np.random.Generator) -> tuple[Samples, tuple[Placed, ...]]:
        samples = at_nominal(talk)
        delay = milliseconds + float(rng.uniform(-10, 10))
        shift = round(delay / 1000 * RATE)
        back = np.concatenate([np.zeros(shift, np.float32), samples[:-shift, 0]])
        samples[:, 1] += effects.lowpassed(back, RATE, 2500.0) * np.float32(10 ** (-below / 20))
        turns = talk.turns[0]
        first = turns[0].start + audible_from(samples[:, 0], turns[0])
        place = Segment(first + shift / RATE, min(talk.seconds, turns[-1].end + shift / RATE))
        return samples, (Placed(1, place, (("delay_ms", delay, 10.0), ("attenuation_db", below, 5.0))),)

    return make


def _one_way(level: float | None) -> Make:
    def make(talk: Talk, rng: np.random.Generator) -> tuple[Samples, tuple[Placed, ...]]:
        samples = at_nominal(talk)
        place = Segment(talk.turns[0][0].start, talk.seconds)
        if place.duration < _LEAST:
            return samples, ()
        samples[:, 1] = 0.0 if level is None else noise(len(samples), level, rng)
        return samples, (Placed(1, place),)

    return make


def _dies(talk: Talk, _: np.random.Generator) -> tuple[Samples, tuple[Placed, ...]]:
    """One leg falls to digital silence after its first turn, for good."""
    samples = at_nominal(talk)
    start = talk.turns[1][0].end
    if talk.seconds - start < _LEAST:
        return samples, ()
    samples[round(start * RATE) :, 1] = 0.0
    return samples, (Placed(1, Segment(start, talk.seconds)),)


_UNHEARD = ("dead-air", "leading-silence", "trailing-silence")
"""What the turns of a party that is not heard are to the call."""

_DEAD = (*_UNHEARD, "digital-silence")
"""The same, and nothing is on the leg."""

FAULTS: tuple[Fault, ...] = (
    Fault("hum, 27 dB below speech", "hum", _hum(27.0)),
    Fault("hum, 20 dB below speech", "hum", _hum(20.0)),
    Fault("echo after 50 ms, 18 dB weaker", "echo", _echo(50, 18)),
    Fault("echo after 100 ms, 25 dB weaker", "echo", _echo(100, 25)),
    Fault("echo after 200 ms, 31 dB weaker", "echo", _echo(200, 31)),
    Fault("echo after 400 ms, 37 dB weaker", "echo", _echo(400, 37)),
    Fault("one-way, digital silence", "one-way-audio", _one_way(None), onset=False, brings=_DEAD),
    Fault("one-way, comfort noise", "one-way-audio", _one_way(-62.0), onset=False, brings=_UNHEARD),
    Fault("one-way, the leg dies", "one-way-audio", _dies, brings=_DEAD),
)
