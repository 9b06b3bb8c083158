"""Faults of coding and of the packet network that leave no hole: muffled speech, concealed and repeated packets."""

from __future__ import annotations

import numpy as np

from audioqa.lab.corpus import RATE
from audioqa.lab.faults.fault import Fault, Make, Placed, Samples, at_nominal, limited
from audioqa.lab.simulator import effects
from audioqa.lab.simulator.condition import Fill, Loss
from audioqa.lab.simulator.network import filled, lost_packets
from audioqa.lab.talk import NOMINAL, Talk
from audioqa.types import Segment

_PACKET = 160  # samples in 20 ms
_LOUD = 12.0  # dB under the nominal level that a loud packet may have

_BRINGS = ("dropout",)  # what is exact is a dropout, too, until a report tells it once


def _customers(talk: Talk) -> tuple[Placed, ...]:
    """The whole of the customer's channel."""
    return (Placed(1, Segment(0.0, talk.seconds)),)


def _gently(cutoff: float) -> Make:
    def make(talk: Talk, _: np.random.Generator) -> tuple[Samples, tuple[Placed, ...]]:
        samples = at_nominal(talk)
        samples[:, 1] = effects.lowpassed(np.ascontiguousarray(samples[:, 1]), RATE, cutoff)
        return limited(samples), _customers(talk)

    return make


def _steeply(cutoff: float) -> Make:
    """A filter that falls by 50 dB within a tenth of its cut-off, as a codec's or a resampler's does."""

    def make(talk: Talk, _: np.random.Generator) -> tuple[Samples, tuple[Placed, ...]]:
        samples = at_nominal(talk)
        hertz, gain = np.array([0, cutoff, 1.1 * cutoff, 64000.0]), np.array([0, 0, -50, -80.0])
        samples[:, 1] = effects.filtered(np.ascontiguousarray(samples[:, 1]), RATE, hertz, gain)
        return limited(samples), _customers(talk)

    return make


def _lossy(percent: float, fill: Fill) -> Make:
    """Packets of 20 ms lost at random on the customer's channel, at any phase against the frames.

    Where fewer than two of them are loud there is no stretch to find, and no fault.
    """

    def make(talk: Talk, rng: np.random.Generator) -> tuple[Samples, tuple[Placed, ...]]:
        samples = at_nominal(talk)
        phase = int(rng.integers(0, _PACKET))
        leg = np.ascontiguousarray(samples[phase:, 1])
        lost = lost_packets(-(-len(leg) // _PACKET), percent, 0.0, rng)
        packets = leg[: len(leg) // _PACKET * _PACKET].reshape(-1, _PACKET)
        loud = np.mean(packets**2, axis=1) > 10 ** ((NOMINAL - _LOUD) / 10)
        samples[phase:, 1] = filled(leg, RATE, lost, Loss(percent, 0.0, 20, fill), rng)
        heard = int(np.sum(lost[: len(loud)] & loud))
        return limited(samples), _customers(talk) if heard > 1 else ()

    return make


def _robotic(talk: Talk, rng: np.random.Generator) -> tuple[Samples, tuple[Placed, ...]]:
    """From the middle of the call on one packet in place of three to ten, again and again while the customer speaks."""
    samples = at_nominal(talk)
    leg = np.ascontiguousarray(samples[:, 1])
    size = _PACKET // 2
    power = np.mean(leg[: len(leg) // size * size].reshape(-1, size) ** 2, axis=1)
    loud = power > 10 ** ((NOMINAL - _LOUD) / 10)
    packet, places = round(talk.seconds / 2 * RATE) // _PACKET, []
    while (packet + 10) * _PACKET < len(leg):
        length = int(rng.integers(3, 11))
        if loud[2 * (packet - 1) : 2 * (packet + 1)].all():
            before = leg[(packet - 1) * _PACKET : packet * _PACKET].copy()
            leg[packet * _PACKET : (packet + length) * _PACKET] = np.tile(before, length)
            places.append(Segment(packet * _PACKET / RATE, (packet + length) * _PACKET / RATE))
            packet += length + int(rng.integers(10, 40))
        else:
            packet += 1
    samples[:, 1] = leg
    return samples, (Placed(1, Segment(places[0].start, places[-1].end)),) if places else ()


FAULTS: tuple[Fault, ...] = (
    Fault("muffled from 1.5 kHz on, 24 dB an octave", "muffled", _gently(1498.0), onset=False),
    Fault("cut off at 2.5 kHz", "muffled", _steeply(2500.0), onset=False),
    Fault("0.7 % of packets played twice", "concealed-loss", _lossy(0.7, "repeat"), onset=False, brings=_BRINGS),
    Fault("1.2 % of packets, Appendix I", "concealed-loss", _lossy(1.2, "appendix-i"), onset=False, brings=_BRINGS),
    Fault("3 % of packets played twice", "concealed-loss", _lossy(3.0, "repeat"), onset=False, brings=_BRINGS),
    Fault("packets repeated for 60 to 200 ms", "robotic", _robotic, brings=("dropout", "concealed-loss")),
)
"""At the severities of docs/severities.md, and some that are plainer."""
