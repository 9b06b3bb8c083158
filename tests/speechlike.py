"""A signal that PESQ and a correlator take for speech: voiced syllables with pauses, different for every seed."""

from __future__ import annotations

import functools

import numpy as np
from numpy.typing import NDArray

RATE = 8000


def speechlike(seconds: float, *, seed: int, rate: int = RATE) -> NDArray[np.float32]:
    """Pulses through gliding resonances, in syllables of random length and loudness, peak 0.5."""
    return _made(seconds, seed, rate).copy()


@functools.cache
def _made(seconds: float, seed: int, rate: int) -> NDArray[np.float32]:
    rng = np.random.default_rng(seed)
    parts: list[NDArray[np.float64]] = []
    made = 0
    while made < seconds * rate:
        length = int(rng.uniform(0.08, 0.3) * rate)
        time = np.arange(length) / rate
        pitch = rng.uniform(90, 220) * (1 + 0.1 * np.sin(2 * np.pi * rng.uniform(1, 4) * time + rng.uniform(0, 6)))
        phase = 2 * np.pi * np.cumsum(pitch) / rate
        formants = rng.uniform((300, 900, 2200), (800, 2000, 3000))
        voice = np.zeros(length)
        for harmonic in range(1, int(0.45 * rate / 220)):
            gains = 1 / (1 + ((harmonic * pitch[:, None] - formants) / 120) ** 2)
            voice += gains.sum(axis=1) * np.cos(harmonic * phase + rng.uniform(0, 6))
        voice += 0.05 * rng.standard_normal(length)
        envelope = np.sin(np.pi * (np.arange(length) + 0.5) / length) ** 0.5
        parts.append(10 ** (rng.uniform(-12, 0) / 20) * envelope * voice)
        pause = int(rng.choice([0.0, 0.02, 0.15, 0.6], p=[0.4, 0.3, 0.2, 0.1]) * rate)
        parts.append(1e-4 * rng.standard_normal(pause))
        made += length + pause
    samples = np.concatenate(parts)[: round(seconds * rate)]
    return (0.5 * samples / np.abs(samples).max()).astype(np.float32)
