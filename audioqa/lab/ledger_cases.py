"""Impairments of known cost: each put into clean two-party calls, beside the true clean twin.

Every fault takes a leg at the nominal level and returns it impaired; time stays, so that the clean call is its twin.
Where no detector reports a kind, its event is taken from the truth.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from audioqa.lab.corpus import RATE
from audioqa.lab.faults.fault import Samples, limited
from audioqa.lab.inject import Fill, dropouts
from audioqa.lab.simulator import effects
from audioqa.lab.simulator.material import RATE as MATERIAL_RATE
from audioqa.lab.simulator.material import made_noise
from audioqa.lab.talk import NOMINAL
from audioqa.render.as_csv import KINDS
from audioqa.types import Event, Evidence, Segment

Impair = Callable[[Samples, Samples, np.random.Generator], tuple[Samples, Evidence]]
"""From the leg, the other leg and a source of chance to the impaired leg and the evidence of a true event."""


@dataclass(frozen=True)
class Fault:
    """One impairment of a leg.

    Parameters
    ----------
    name
        What is done, in words.
    group
        What it is counted under: ``dropouts``, ``level``, ``hum``, ``clipping``, ``noise``, ``echo``, ``clicks``.
    kinds
        Kinds of event that stand for it.
    order
        Faults that come together are made in this order: what happens in the room first, on the network last.
    impair
        Does it.
    """

    name: str
    group: str
    kinds: tuple[str, ...]
    order: int
    impair: Impair


def true_event(fault: Fault, channel: str, seconds: float, evidence: Evidence) -> Event | None:
    """The event that a detector would report, where there is no such detector; else None."""
    kind = fault.kinds[0]
    return None if kind in KINDS else Event(kind, channel, Segment(0.0, seconds), "warning", evidence)


def _loss(share: float, fill: Fill) -> Impair:
    """Packets of 20 ms lost, alone and in bursts, within loud speech."""

    def impair(leg: Samples, _other: Samples, rng: np.random.Generator) -> tuple[Samples, Evidence]:
        out = leg
        lengths = (0.020, 0.040, 0.060)
        wanted = share * len(leg) / RATE
        for _ in range(40):  # each pass leaves 1.2 s between holes
            out, truth = dropouts(out, RATE, seed=int(rng.integers(1 << 30)), lengths=lengths, fills=(fill,))
            wanted -= sum(hole.size for hole in truth)
            if wanted <= 0 or not truth:
                break
        return out, {}

    return impair


def _clipping(excess: float) -> Impair:
    def impair(leg: Samples, _other: Samples, _rng: np.random.Generator) -> tuple[Samples, Evidence]:
        return effects.overloaded(leg, excess), {}

    return impair


def _hum(below: float) -> Impair:
    def impair(leg: Samples, _other: Samples, rng: np.random.Generator) -> tuple[Samples, Evidence]:
        mains = float(rng.choice([50, 60]))
        wave = effects.hum(len(leg), RATE, mains, rng)
        return leg + wave * np.float32(10 ** ((NOMINAL - below) / 20) / np.sqrt(np.mean(wave**2))), {"mains_hz": mains}

    return impair


def _gain(decibels: float) -> Impair:
    def impair(leg: Samples, _other: Samples, _rng: np.random.Generator) -> tuple[Samples, Evidence]:
        return leg * np.float32(10 ** (decibels / 20)), {"level_dbov": NOMINAL + decibels}

    return impair


def _noise(kind: str, below: float) -> Impair:
    def impair(leg: Samples, _other: Samples, rng: np.random.Generator) -> tuple[Samples, Evidence]:
        import soxr

        made = made_noise(kind, len(leg) * MATERIAL_RATE // RATE, rng)
        narrow = np.asarray(soxr.resample(made, MATERIAL_RATE, RATE), np.float32)
        noise = effects.scaled_noise(np.resize(narrow, len(leg)), RATE, NOMINAL - below)
        return leg + noise, {"snr_db": below, "noise_dbov": NOMINAL - below}

    return impair


def _echo(milliseconds: float, below: float) -> Impair:
    def impair(leg: Samples, other: Samples, rng: np.random.Generator) -> tuple[Samples, Evidence]:
        shift = round((milliseconds + float(rng.uniform(-10, 10))) / 1000 * RATE)
        back = effects.lowpassed(np.concatenate([np.zeros(shift, np.float32), other[:-shift]]), RATE, 2500.0)
        return leg + back * np.float32(10 ** (-below / 20)), {"delay_ms": 1000 * shift / RATE, "attenuation_db": below}

    return impair


def _clicks(per_second: float) -> Impair:
    def impair(leg: Samples, _other: Samples, rng: np.random.Generator) -> tuple[Samples, Evidence]:
        return effects.clicked(leg, RATE, per_second, rng)[0], {}

    return impair


_LOST = ("dropout", "silence-gap")

FAULTS: tuple[Fault, ...] = (
    Fault("1 % of packets lost, zeros", "dropouts", _LOST, 9, _loss(0.01, "zero")),
    Fault("3 % of packets lost, zeros", "dropouts", _LOST, 9, _loss(0.03, "zero")),
    Fault("3 % of packets lost, comfort noise", "dropouts", _LOST, 9, _loss(0.03, "comfort")),
    Fault("15 dB too quiet", "level", ("too-quiet",), 5, _gain(-15.0)),
    Fault("25 dB too quiet", "level", ("too-quiet",), 5, _gain(-25.0)),
    Fault("hum, 20 dB below speech", "hum", ("hum",), 2, _hum(20.0)),
    Fault("hum, 12 dB below speech", "hum", ("hum",), 2, _hum(12.0)),
    Fault("clipped by 12 dB", "clipping", ("clipping",), 4, _clipping(12.0)),
    Fault("clipped by 18 dB", "clipping", ("clipping",), 4, _clipping(18.0)),
    Fault("white noise, 20 dB below speech", "noise", ("background-noise",), 0, _noise("white", 20.0)),
    Fault("pink noise, 12 dB below speech", "noise", ("background-noise",), 0, _noise("pink", 12.0)),
    Fault("echo after 100 ms, 15 dB weaker", "echo", ("echo",), 1, _echo(100, 15)),
    Fault("echo after 200 ms, 10 dB weaker", "echo", ("echo",), 1, _echo(200, 10)),
    Fault("clicks, 3 a second", "clicks", ("clicks",), 3, _clicks(3.0)),
)
"""Every fault, at severities at which the estimator's score moves."""

TOLD = ("dropouts", "level", "hum", "clipping")
"""Groups that have a target; the others are printed."""


def impaired(
    faults: tuple[Fault, ...], legs: Samples, rng: np.random.Generator
) -> tuple[Samples, tuple[tuple[Fault, Evidence], ...]]:
    """The call with the faults on its second leg, and the evidence of each.

    Parameters
    ----------
    faults
        One or several, of different groups.
    legs
        float32, shape (n, 2), both at the nominal level.
    rng
        Source of chance.
    """
    other, leg = np.ascontiguousarray(legs[:, 0]), np.ascontiguousarray(legs[:, 1])
    told = []
    for fault in sorted(faults, key=lambda fault: fault.order):
        leg, evidence = fault.impair(leg, other, rng)
        leg = limited(leg)
        told.append((fault, evidence))
    return np.stack([other, leg], axis=1), tuple(told)
