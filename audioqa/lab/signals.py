"""Signalling tones put into a leg, with where and what they are: what `audioqa.lab.phases` judges by."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audioqa.lab.corpus import RATE
from audioqa.phases.tones import COLUMNS, KEYS, ROWS
from audioqa.types import Segment

Samples = NDArray[np.float32]


@dataclass(frozen=True)
class Signal:
    """One signal.

    Parameters
    ----------
    kind
        Kind of the phase that it is.
    name
        What is shown.
    keys
        Keys that are pressed.
    samples
        float32, shape (n,), 8 kHz, its peak at 1.
    """

    kind: str
    name: str
    samples: Samples
    keys: str = ""


@dataclass(frozen=True)
class Placed:
    """A signal and where it lies."""

    signal: Signal
    segment: Segment


_RINGBACK = {
    "ringback, 440 + 480 Hz": ((440.0, 480.0), (2.0,), (4.0,)),
    "ringback, 400 + 450 Hz": ((400.0, 450.0), (0.4, 0.4), (0.2, 2.0)),
    "ringback, 425 Hz": ((425.0,), (1.0,), (4.0,)),
}
_BUSY = {
    "busy, 480 + 620 Hz": ((480.0, 620.0), (0.5,), (0.5,)),
    "busy, 425 Hz": ((425.0,), (0.5,), (0.5,)),
    "busy, 400 Hz": ((400.0,), (0.375,), (0.375,)),
    "congestion, 425 Hz": ((425.0,), (0.25,), (0.25,)),
}
"""Hz together, seconds of sound and of pause in turn (E.180, supplement 2)."""


def signals(count: int, rng: np.random.Generator) -> Iterator[Signal]:
    """Signals of every kind, `count` of each name.

    Parameters
    ----------
    count
        Of each.
    rng
        Draws keys, pitches, lengths and how many bursts there are.
    """
    for _ in range(count):
        yield keys(rng)
        for name, (pitches, sounds, pauses) in _RINGBACK.items():
            yield Signal("ringback", name, _cadence(pitches, sounds, pauses, int(rng.integers(1, 4)) * len(sounds)))
        for name, (pitches, sounds, pauses) in _BUSY.items():
            yield Signal("busy", name, _cadence(pitches, sounds, pauses, int(rng.integers(4, 10))))
        yield _information(rng)
        yield _beep("beep, recorder", rng.uniform(1260, 1540), rng.uniform(0.17, 0.25))
        yield _beep("beep, voicemail", float(rng.choice([440.0, 800.0, 1000.0, 1400.0, 2000.0])), rng.uniform(0.2, 0.7))


def leg(every: Sequence[Signal], rng: np.random.Generator, *, speech: Samples) -> tuple[Samples, list[Placed]]:
    """Signals after each other on one leg, 1 to 3 s of line noise or speech between them; and where they are.

    Parameters
    ----------
    every
        The signals.
    rng
        Draws levels (-36 to -12 dBov), what is between, and for how long.
    speech
        Speech, at 8 kHz, as long as it takes; used from its beginning.
    """
    parts: list[Samples] = []
    placed: list[Placed] = []
    position, spoken = 0, 0
    for signal in every:
        between = round(rng.uniform(5.5, 8.0) * RATE)
        quiet = np.zeros(between, np.float32)
        if rng.random() < 0.4:
            said = speech[spoken : spoken + between - 3 * RATE]
            quiet[RATE : RATE + len(said)] = said
            spoken += len(said)
        gain = 10 ** (rng.uniform(-36, -12) / 20) / np.sqrt(np.mean(signal.samples[np.abs(signal.samples) > 0] ** 2))
        sound = np.clip(signal.samples * np.float32(gain), -0.99, 0.99)
        placed.append(
            Placed(signal, Segment((position + between) / RATE, (position + between + len(sound)) / RATE)),
        )
        parts += [quiet, sound.astype(np.float32)]
        position += between + len(sound)
    parts.append(np.zeros(3 * RATE, np.float32))
    whole = np.concatenate(parts)
    return whole + (rng.standard_normal(len(whole)) * 10 ** (-70 / 20)).astype(np.float32), placed


def keys(rng: np.random.Generator) -> Signal:
    """One to eleven keys, detuned and twisted within what a receiver must accept (Q.24)."""
    parts: list[NDArray[np.float64]] = []
    pressed = ""
    on, off = rng.uniform(0.06, 0.2), rng.uniform(0.06, 0.2)
    for _ in range(int(rng.integers(1, 12))):
        row, column = int(rng.integers(4)), int(rng.integers(3))
        detune, twist = 1 + rng.uniform(-0.015, 0.015), 10 ** (rng.uniform(-6, 4) / 20)
        time = np.arange(round(on * RATE)) / RATE
        parts += [
            np.sin(2 * np.pi * ROWS[row] * detune * time) + twist * np.sin(2 * np.pi * COLUMNS[column] * detune * time),
            np.zeros(round(off * RATE)),
        ]
        pressed += KEYS[row][column]
    return Signal("dtmf", "DTMF", _scaled(np.concatenate(parts[:-1])), pressed)


def _cadence(pitches: Sequence[float], sounds: Sequence[float], pauses: Sequence[float], bursts: int) -> Samples:
    parts = []
    for number in range(bursts):
        time = np.arange(round(sounds[number % len(sounds)] * RATE)) / RATE
        parts += [sum(np.sin(2 * np.pi * pitch * time) for pitch in pitches)]
        parts += [np.zeros(round(pauses[number % len(pauses)] * RATE))]
    return _scaled(np.concatenate(parts[:-1]))


def _information(rng: np.random.Generator) -> Signal:
    table = ((950.0, 1400.0, 1800.0), (913.8, 1370.6, 1776.7), (985.2, 1428.5, 1776.7))
    pitches = table[int(rng.integers(3))]
    parts = [np.sin(2 * np.pi * pitch * np.arange(round(rng.uniform(0.274, 0.38) * RATE)) / RATE) for pitch in pitches]
    return Signal("information-tone", "special information tone", _scaled(np.concatenate(parts)))


def _beep(name: str, pitch: float, seconds: float) -> Signal:
    time = np.arange(round(seconds * RATE)) / RATE
    edge = np.minimum(np.minimum(time, seconds - time) / 0.005, 1)
    return Signal("beep", name, _scaled(np.sin(2 * np.pi * pitch * time) * edge))


def _scaled(wave: NDArray[np.float64]) -> Samples:
    return np.asarray(wave / np.abs(wave).max(), np.float32)
