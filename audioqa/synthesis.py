"""Speech made by formula, the same everywhere: vowels by harmonics and formants, hisses and stops between them.

No words, but what tells speech from other sounds: pitch that falls over a phrase, formants that glide from vowel to
vowel, syllables of uneven length, fricatives, closures and pauses. Formants of the vowels: Peterson and Barney, Control
Methods Used in a Study of the Vowels, JASA 24 (1952), table II, men; bandwidths: Fant, Acoustic Theory of Speech
Production (1960).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

VOWELS = (
    (270, 2290, 3010),
    (390, 1990, 2550),
    (530, 1840, 2480),
    (660, 1720, 2410),
    (730, 1090, 2440),
    (570, 840, 2410),
    (440, 1020, 2240),
    (300, 870, 2240),
    (640, 1190, 2390),
)
"""Hz of three formants."""

_BANDWIDTHS = (60.0, 90.0, 150.0)  # Hz
_STEP = 0.005  # s between points of the tracks of pitch, formants and loudness
_FLOOR = -72.0  # dBov of the room
_PHRASE = (5, 10)  # syllables
_PAUSE = (0.25, 0.6)  # s between phrases


def synthetic_speech(seconds: float, *, seed: int, rate: int = 8000, pitch: float = 120.0) -> NDArray[np.float32]:
    """One speaker's speech.

    Parameters
    ----------
    seconds
        Length.
    seed
        What is said.
    rate
        Hz.
    pitch
        Hz at which phrases begin, about.

    Returns
    -------
    float32, shape (n,)
        Peak 0.35.
    """
    rng = np.random.default_rng(seed)
    n = round(seconds * rate)
    points = int(np.ceil(seconds / _STEP)) + 1
    tracks = _tracks(points, pitch, rng)
    time, grid = np.arange(n) / rate, np.arange(points) * _STEP
    f0, voiced, hiss, *formants = (np.interp(time, grid, track) for track in tracks)
    phase = 2 * np.pi * np.cumsum(f0) / rate
    voice = np.zeros(n)
    for harmonic in range(1, int(0.48 * rate / f0.min()) + 1):
        hertz = harmonic * f0
        gain = _tract(hertz, formants) / (1 + (hertz / 400) ** 1.2)
        voice += np.where(hertz < 0.48 * rate, gain, 0.0) * np.cos(harmonic * phase + 0.1 * harmonic**2)
    breath = rng.standard_normal(n)
    rough = np.diff(breath, prepend=0.0)  # a hiss is louder towards high frequencies
    sound = voiced * (voice + 0.01 * breath) + 0.12 * hiss * rough
    sound *= 0.35 / np.abs(sound).max()
    return np.asarray(sound + 10 ** (_FLOOR / 20) * rng.standard_normal(n), dtype=np.float32)


def _tract(hertz: NDArray[np.float64], formants: list[NDArray[np.float64]]) -> NDArray[np.float64]:
    """Gain of the vocal tract at one frequency over time: resonances in a row, as poles."""
    gain = np.ones_like(hertz)
    for centre, width in zip(formants, _BANDWIDTHS, strict=True):
        gain *= centre**2 / np.sqrt((centre**2 - hertz**2) ** 2 + (width * hertz) ** 2)
    return gain


def _tracks(points: int, pitch: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """Pitch, loudness of the voice, loudness of hisses and three formants, each at every 5 ms; shape (6, points)."""
    columns: list[NDArray[np.float64]] = []
    made = 0
    before = np.array(VOWELS[0], dtype=np.float64)
    while made < points:
        count = int(rng.integers(*_PHRASE))
        top = pitch * rng.uniform(0.9, 1.15)
        for syllable in range(count):
            vowel = np.array(VOWELS[int(rng.integers(len(VOWELS)))]) * rng.uniform(0.96, 1.04)
            columns.append(_syllable(before, vowel, top * (1.1 - 0.3 * syllable / count), rng))
            made += columns[-1].shape[1]
            before = vowel
        rest = np.zeros((6, round(rng.uniform(*_PAUSE) / _STEP)))
        rest[0], rest[3:] = pitch, before[:, None]
        columns.append(rest)
        made += rest.shape[1]
    return np.concatenate(columns, axis=1)[:, :points]


def _syllable(
    before: NDArray[np.float64], vowel: NDArray[np.float64], f0: float, rng: np.random.Generator
) -> NDArray[np.float64]:
    """A consonant and a vowel."""
    start = round(rng.uniform(0.04, 0.11) / _STEP)
    length = start + round(rng.uniform(0.09, 0.24) / _STEP)
    place = np.arange(length)
    glide = np.clip((place - start / 2) / 10, 0, 1)
    kind = rng.choice(["fricative", "stop", "sonorant"], p=[0.3, 0.35, 0.35])
    rise = np.clip((place - start) / 5, 0, 1) * np.clip((length - place) / 8, 0, 1)
    voiced = rise * 10 ** (rng.uniform(-6, 0) / 20)
    hiss = np.zeros(length)
    if kind == "sonorant":
        voiced = np.maximum(voiced, 0.25 * np.clip(place / 4, 0, 1) * (place < start + 4))
    elif kind == "fricative":
        hiss[:start] = rng.uniform(0.3, 1.0) * np.hanning(start + 2)[1:-1]
    else:
        hiss[max(0, start - 4) : start] = rng.uniform(0.5, 1.0)
    sway = 1 + 0.03 * np.sin(2 * np.pi * place / length + rng.uniform(0, 6)) + 0.004 * rng.standard_normal(length)
    formants = before[:, None] + (vowel - before)[:, None] * glide
    return np.vstack([f0 * sway, voiced, hiss, formants])
