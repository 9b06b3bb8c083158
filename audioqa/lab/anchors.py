"""Telephone conditions whose MOS the E-model gives: what to do to clean speech, and the MOS that is to come out.

Codecs by their equipment impairment, G.711 under random loss with and without concealment, circuit noise, and the
modulated noise of ITU-T P.810 through the quantizing distortion unit: ``Q = 37 - 15 log10 qdu`` (G.107 7.3). Everything
works on 8 kHz and is seeded.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from audioqa.lab.codecs import transcode
from audioqa.perceptual.emodel import EModel, codec

RATE = 8000
"""Hz."""

PACKET = 80
"""Samples of a packet of 10 ms, for which the loss robustness of G.711 holds."""

Samples = NDArray[np.float32]

_LOSSES = (1.0, 2.0, 5.0, 10.0, 20.0)  # per cent
_MNRU = (8.0, 12.0, 16.0, 20.0, 24.0, 28.0, 32.0)  # Q, dB
_NOISE = (0.0, 5.0, 10.0, 15.0, 20.0, 25.0, 30.0, 40.0)  # speech over noise, dB
_CODECS = (
    ("ulaw", "g711"),
    ("alaw", "g711"),
    ("g726-40", "g726-40"),
    ("g726-32", "g726-32"),
    ("g726-24", "g726-24"),
    ("g726-16", "g726-16"),
    ("g729", "g729"),
    ("gsm", "gsm-fr"),
    ("g723.1", "g723.1-6.3"),
)

LEVEL = -26.0
"""Active level of the clean speech, dBov: the nominal one of telephone speech."""

_DBM0 = 6.15  # dBm0 at 0 dBov: in G.711 a full-scale sine, -3.01 dBov, is +3.14 dBm0
_WEIGHTED = -3.6  # dB: psophometric weighting (ITU-T O.41) of white noise up to 4 kHz

# G.711 Appendix I at 8 kHz
_SHORTEST_PITCH, _LONGEST_PITCH = 40, 120  # samples: 5 to 15 ms
_MATCH = 160  # samples over which the pitch is sought
_FADE = 0.2  # loss of amplitude in each 10 ms after the first, so that 60 ms end in silence


@dataclass(frozen=True)
class Anchor:
    """A condition.

    Parameters
    ----------
    name, family
        What it is called, and what kind of impairment it is.
    mos
        MOS-CQE of the E-model without delay or echo.
    impair
        From clean speech at 8 kHz and `LEVEL`, float32 of shape ``(n,)``, and a random generator to speech in this
        condition, same shape.
    """

    name: str
    family: Literal["codec", "loss", "concealed loss", "noise", "mnru"]
    mos: float
    impair: Callable[[Samples, np.random.Generator], Samples]


def anchors() -> tuple[Anchor, ...]:
    """Every condition, always in the same order."""

    def through(name: str) -> Callable[[Samples, np.random.Generator], Samples]:
        return lambda samples, _: transcode(samples, RATE, name)

    def lossy(percent: float, fill: Callable[[Samples, NDArray[np.bool_]], Samples]) -> Callable[..., Samples]:
        def impair(samples: Samples, rng: np.random.Generator) -> Samples:
            coded = transcode(samples, RATE, "ulaw")
            return fill(coded, rng.random(-(-len(coded) // PACKET)) < percent / 100)

        return impair

    def modulated(q: float) -> Callable[[Samples, np.random.Generator], Samples]:
        return lambda samples, rng: transcode(mnru(samples, q, rng), RATE, "ulaw")

    def noisy(snr: float) -> Callable[[Samples, np.random.Generator], Samples]:
        def impair(samples: Samples, rng: np.random.Generator) -> Samples:
            noise = 10 ** ((LEVEL - snr) / 20) * rng.standard_normal(len(samples))
            return transcode((samples + noise).astype(np.float32), RATE, "ulaw")

        return impair

    plain, concealed = codec("g711"), codec("g711-plc")
    assert plain.bpl  # noqa: S101 - both rows have one
    assert concealed.bpl  # noqa: S101
    return (
        *(Anchor(name, "codec", EModel(ie=codec(row).ie).rating().mos, through(name)) for name, row in _CODECS),
        *(
            Anchor(f"loss {p:g} %", "loss", EModel(ppl=p, bpl=plain.bpl).rating().mos, lossy(p, zero_fill))
            for p in _LOSSES
        ),
        *(
            Anchor(
                f"loss {p:g} %, concealed",
                "concealed loss",
                EModel(ppl=p, bpl=concealed.bpl).rating().mos,
                lossy(p, conceal),
            )
            for p in _LOSSES
        ),
        *(Anchor(f"noise {s:g} dB", "noise", EModel(nc=circuit_noise(s)).rating().mos, noisy(s)) for s in _NOISE),
        *(
            Anchor(f"MNRU {q:g} dB", "mnru", EModel(qdu=10 ** ((37 - q) / 15)).rating().mos, modulated(q))
            for q in _MNRU
        ),
    )


def circuit_noise(snr: float) -> float:
    """Circuit noise Nc of the E-model, dBm0p, for white noise `snr` dB below speech at `LEVEL`."""
    return LEVEL - snr + _DBM0 + _WEIGHTED


def mnru(samples: Samples, q: float, rng: np.random.Generator) -> Samples:
    """Add noise that follows the speech (ITU-T P.810, the modulated noise reference unit).

    Parameters
    ----------
    samples
        float32, shape ``(n,)``.
    q
        Speech over noise, dB.
    rng
        Source of the noise.
    """
    noise = rng.standard_normal(len(samples))
    return (samples * (1 + 10 ** (-q / 20) * noise)).astype(np.float32)


def zero_fill(samples: Samples, lost: NDArray[np.bool_]) -> Samples:
    """Silence in place of lost packets.

    Parameters
    ----------
    samples
        float32, shape ``(n,)``, 8 kHz.
    lost
        bool, one for each packet of 10 ms.
    """
    return np.where(np.repeat(lost, PACKET)[: len(samples)], np.float32(0), samples)


def conceal(samples: Samples, lost: NDArray[np.bool_]) -> Samples:
    """Conceal lost packets as G.711 Appendix I does, in its essentials.

    The last pitch period is repeated, two of them after 10 ms of loss and three after 20 ms; from 10 ms the repetition
    fades, and is silent at 60 ms. A quarter of a period is cross-faded where the real signal takes over again.

    Parameters
    ----------
    samples, lost
        As for `zero_fill`.
    """
    out = samples.copy()
    start = 0
    while start < len(lost):
        if not lost[start]:
            start += 1
            continue
        stop = start
        while stop < len(lost) and lost[stop]:
            stop += 1
        first, last = start * PACKET, min(stop * PACKET, len(samples))
        history = out[:first]
        if len(history) < _MATCH + 3 * _LONGEST_PITCH:
            out[first:last] = 0
        else:
            pitch = _pitch(history)
            overlap = pitch // 4 + 32 * min(stop - start - 1, 2)  # longer after longer losses, as the standard has it
            synthetic = _repeat(history, pitch, last - first + overlap)
            out[first:last] = synthetic[: last - first]
            tail = min(overlap, len(samples) - last)
            if tail > 0:
                ramp = (np.arange(tail, dtype=np.float32) + 0.5) / tail
                out[last : last + tail] = samples[last : last + tail] * ramp + synthetic[last - first :][:tail] * (
                    1 - ramp
                )
        start = stop
    return out


def _pitch(history: Samples) -> int:
    """The lag at which the last 20 ms resemble what came before them best, samples."""
    recent = history[-_MATCH:].astype(np.float64)
    best, pitch = -np.inf, _LONGEST_PITCH
    for lag in range(_SHORTEST_PITCH, _LONGEST_PITCH + 1):
        earlier = history[-_MATCH - lag : -lag].astype(np.float64)
        likeness = float(recent @ earlier) / float(np.sqrt(earlier @ earlier) + 1e-9)
        if likeness > best:
            best, pitch = likeness, lag
    return pitch


def _repeat(history: Samples, pitch: int, length: int) -> Samples:
    """The concealment signal: its phase within the pitch period goes on where more periods come into use."""
    index = np.arange(length)
    span = pitch * np.minimum(1 + index // PACKET, 3)
    gain = np.clip(1 - _FADE * (index / PACKET - 1), 0, 1)
    return np.asarray(history[-span + index % span] * gain, np.float32)
