"""What the network does to speech: lost packets and what replaces them, a jitter buffer that stretches and jumps.

Loss patterns are nested: the packets lost at a lower rate are among those lost at a higher rate of the same seed.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from audioqa.errors import SettingsError
from audioqa.lab.anchors import PACKET, conceal
from audioqa.lab.simulator.condition import Loss

Samples = NDArray[np.float32]
Mask = NDArray[np.bool_]


def lost_packets(count: int, percent: float, burst: float, rng: np.random.Generator) -> Mask:
    """Which packets are lost: those where a process with memory lies in its lowest `percent`.

    Parameters
    ----------
    count
        Packets.
    percent
        Expected loss, 0 to 100.
    burst
        Correlation of neighbouring packets in a first-order Gauss-Markov process: 0 gives Bernoulli losses, .9 bursts
        of some four packets at 5 %.
    rng
        Source of chance; the same state gives nested patterns for different `percent`.
    """
    from scipy.special import ndtri

    steps = rng.standard_normal(count)
    if burst > 0:
        keep = np.sqrt(1 - burst**2)
        for i in range(1, count):
            steps[i] = burst * steps[i - 1] + keep * steps[i]
    return np.asarray(steps < ndtri(percent / 100))


def filled(samples: Samples, rate: int, lost: Mask, loss: Loss, rng: np.random.Generator) -> Samples:
    """Decoded speech with its lost packets replaced.

    Parameters
    ----------
    samples, rate
        float32, shape (n,), 8 or 16 kHz.
    lost
        One for each packet of ``loss.packet`` ms.
    loss
        Says by what: all but ``codec``, which the decoder does itself.
    rng
        Source of the noise.
    """
    size = round(loss.packet / 1000 * rate)
    hole = np.zeros(len(samples), bool)
    packets = np.repeat(lost, size)[: len(samples)]
    hole[: len(packets)] = packets
    if loss.fill == "appendix-i":
        if rate != 8000:
            raise SettingsError("G.711 Appendix I conceals 8 kHz speech only")
        return conceal(samples, np.repeat(lost, loss.packet // 10)[: -(-len(samples) // PACKET)])
    if loss.fill == "zero":
        return np.where(hole, np.float32(0), samples)
    out = samples.copy()
    if loss.fill == "noise":
        level = float(np.quantile(np.abs(samples), 0.2)) + 1e-5
        out[hole] = (level * rng.standard_normal(int(hole.sum()))).astype(np.float32)
        return out
    for packet in np.flatnonzero(lost):
        if packet > 0:
            before = out[(packet - 1) * size : packet * size]
            room = len(out) - packet * size
            if room > 0:
                out[packet * size : (packet + 1) * size] = before[:room]
    return out


def stretched(
    samples: Samples, rate: int, *, stretch: float, skips: float, rng: np.random.Generator
) -> tuple[Samples, NDArray[np.int64]]:
    """What a jitter buffer does: pitch periods repeated or left out (with a cross-fade), and hard jumps.

    Parameters
    ----------
    samples, rate
        Speech.
    stretch, skips
        Events a second: stretches of 5 to 20 periods, half of them longer and half shorter; jumps of 20 to 80 ms.
    rng
        Source of chance.

    Returns
    -------
    samples : ndarray
        As long as the input.
    source : ndarray
        int64, the input sample that each output sample comes from.
    """
    seconds = len(samples) / rate
    index = np.arange(len(samples))
    pieces: list[NDArray[np.int64]] = []
    events = [("stretch", t) for t in rng.uniform(0, seconds, rng.poisson(stretch * seconds))]
    events += [("skip", t) for t in rng.uniform(0, seconds, rng.poisson(skips * seconds))]
    position, joints = 0, []
    for kind, at in sorted(events, key=lambda event: event[1]):
        stop = max(position, min(len(samples), round(at * rate)))
        pieces.append(index[position:stop])
        position = stop
        if kind == "skip":
            jump = round(rng.uniform(0.02, 0.08) * rate) * (1 if rng.random() < 0.6 else -1)
            position = int(np.clip(position + jump, 0, len(samples)))
            joints.append((sum(map(len, pieces)), 0))
            continue
        longer = rng.random() < 0.5
        for _ in range(int(rng.integers(5, 21))):
            period = _period(samples[position : position + rate // 20], rate)
            joints.append((sum(map(len, pieces)), min(period // 2, rate // 200)))
            if longer:
                pieces.append(index[position : position + 2 * period])
                position += period
            else:
                position += period
                pieces.append(index[position : position + period])
                position += period
    pieces.append(index[position:])
    source = np.concatenate(pieces)
    source = np.concatenate([source, np.full(max(0, len(samples) - len(source)), len(samples) - 1)])[: len(samples)]
    out = samples[np.minimum(source, len(samples) - 1)]
    for at, fade in joints:
        if fade and fade < at < len(out) - fade:
            ramp = np.linspace(0, 1, fade, dtype=np.float32)
            going_on = samples[np.minimum(source[at - 1] + 1 + np.arange(fade), len(samples) - 1)]
            out[at : at + fade] = out[at : at + fade] * ramp + going_on * (1 - ramp)
    return out, source


def _period(samples: Samples, rate: int) -> int:
    """Lag of the greatest likeness between 3 and 15 ms, samples."""
    low, high = round(0.003 * rate), round(0.015 * rate)
    if len(samples) < 3 * high:
        return low
    likeness = np.correlate(samples[: 3 * high].astype(np.float64), samples[: 2 * high].astype(np.float64), "valid")
    return low + int(np.argmax(likeness[low : high + 1])) if len(likeness) > low else low
