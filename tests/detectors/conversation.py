"""Calls of two parties that take turns, made of a signal that has syllables, with speech activity as it was put in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from speechlike import speechlike

from audioqa.measure import Measurements, measure

RATE = 8000
SPEECH_FRAME = 0.02

Samples = NDArray[np.float32]


def turns(seconds: float, spoken: Sequence[tuple[float, float]], *, seed: int, floor: float = -75.0) -> Samples:
    """One party: syllables at -26 dBov in the given stretches, noise at `floor` dBov everywhere."""
    rng = np.random.default_rng(seed)
    out = rng.standard_normal(round(seconds * RATE)) * 10 ** (floor / 20)
    voice = speechlike(seconds, seed=seed)
    voice = voice * np.float32(10 ** (-26 / 20) / np.sqrt(np.mean(voice[np.abs(voice) > 0.01] ** 2)))
    for start, end in spoken:
        first, last = round(start * RATE), round(end * RATE)
        attack = np.clip(np.arange(last - first) / (0.05 * RATE), 0, 1)  # voices do not begin at once
        out[first:last] += voice[first:last] * attack
    return out.astype(np.float32)


def measured(
    parties: Sequence[Samples], spoken: Sequence[Sequence[tuple[float, float]]], *, rate: int = RATE
) -> Measurements:
    """Measurements of a call in which speech activity is what was put in."""
    samples = np.clip(np.stack(parties, axis=1), -1, 32767 / 32768).astype(np.float32)
    samples = (np.rint(samples * 32768) / 32768).astype(np.float32)
    names = ("agent", "customer", "third", "fourth")[: len(parties)]
    plain = measure([samples], rate, channels=names, activity=None)
    frames = round(len(samples) / rate / SPEECH_FRAME)
    channels = []
    for channel, stretches in zip(plain.channels, spoken, strict=True):
        speech = np.zeros(frames, dtype=np.float32)
        for start, end in stretches:
            speech[round(start / SPEECH_FRAME) : round(end / SPEECH_FRAME)] = 1.0
        kinds = speech.astype(np.uint8)
        channels.append(replace(channel, speech=speech, speech_frame=SPEECH_FRAME, kinds=kinds))
    return replace(plain, channels=tuple(channels))


AGENT = ((0.5, 6.0), (12.0, 19.0), (26.0, 33.0), (39.0, 45.0))
CUSTOMER = ((6.4, 11.6), (19.4, 25.6), (33.4, 38.6))
SECONDS = 46.0


def conversation(*, seed: int = 1, floor: float = -75.0) -> list[Samples]:
    """The two parties of a clean call of 46 s."""
    return [turns(SECONDS, AGENT, seed=seed, floor=floor), turns(SECONDS, CUSTOMER, seed=seed + 1, floor=floor)]
