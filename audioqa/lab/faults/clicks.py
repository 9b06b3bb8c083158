"""Faults of single samples: clicks and crackle."""

from __future__ import annotations

import numpy as np

from audioqa.lab.corpus import RATE
from audioqa.lab.faults.fault import Fault, Make, Placed, Samples, at_nominal, limited
from audioqa.lab.simulator import effects
from audioqa.lab.talk import Talk
from audioqa.types import Segment


def _clicks(per_second: float) -> Make:
    def make(talk: Talk, rng: np.random.Generator) -> tuple[Samples, tuple[Placed, ...]]:
        samples = at_nominal(talk)
        samples[:, 1], _ = effects.clicked(np.ascontiguousarray(samples[:, 1]), RATE, per_second, rng)
        return limited(samples), (Placed(1, Segment(0.0, talk.seconds)),)

    return make


FAULTS: tuple[Fault, ...] = (
    Fault("clicks, 0.5 a second", "clicks", _clicks(0.5), onset=False),
    Fault("clicks, 2 a second", "clicks", _clicks(2.0), onset=False),
)
