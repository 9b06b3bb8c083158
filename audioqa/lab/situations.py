"""Situations of a two-party call in which a leg is silent, or a machine speaks, and nothing is at fault.

Each is put into a call of clean speech (`audioqa.lab.talk`), with the phases that it is; a listener is none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audioqa.lab.corpus import RATE
from audioqa.lab.inject import frame_levels, noise
from audioqa.lab.music import STYLES, hold_music
from audioqa.lab.signals import keys
from audioqa.lab.talk import Talk
from audioqa.types import Segment

Samples = NDArray[np.float32]

FAULTS = ("one-way-audio", "silence-gap", "dropout", "digital-silence")
"""Kinds of event that must not be found in a situation."""


@dataclass(frozen=True)
class Situation:
    """A call with something in it.

    Parameters
    ----------
    samples
        float32, shape (n, 2), 8 kHz.
    placed
        Phases that must be found: kind, channel (None for the call), where.
    watched
        Where no fault must be found.
    leg
        On which leg, or on the call; None for both. Who speaks to a listener was put in from another call and may have
        cuts of its own.
    """

    samples: Samples
    placed: tuple[tuple[str, int | None, Segment], ...]
    watched: Segment
    leg: int | None = None


def listener(talk: Talk, other: Talk, rng: np.random.Generator) -> Situation:
    """One party says nothing for 30 s and more while the other one speaks; its line has its own noise."""
    said = other.samples[:, 0]
    spoken = np.concatenate([said[round(t.start * RATE) : round(t.end * RATE)] for t in other.turns[0]])
    spoken = np.resize(spoken, round(31 * RATE))
    at = round((talk.turns[1][0].end + 0.3) * RATE)
    floor = max(-75.0, frame_levels(np.ascontiguousarray(talk.samples[:, 1]), RATE)[1])
    quiet = noise(len(spoken), floor, rng)
    inserted = np.stack([spoken, quiet], axis=1)
    return Situation(_inserted(talk.samples, at, inserted), (), Segment(at / RATE, at / RATE + 31), leg=1)


def muted(talk: Talk, other: Talk, rng: np.random.Generator) -> Situation:
    """The same, and the listener is muted for 20 to 30 s of it."""
    call = listener(talk, other, rng)
    start = call.watched.start + float(rng.uniform(0.2, 1.0))
    place = Segment(start, start + float(rng.uniform(20, 29)))
    samples = call.samples.copy()
    samples[round(place.start * RATE) : round(place.end * RATE), 1] = 0
    return Situation(samples, (("mute", 1, place),), call.watched, leg=1)


def paused(talk: Talk, _: Talk, rng: np.random.Generator) -> Situation:
    """The recording is paused for 8 to 40 s: digital silence on both legs."""
    at = round((talk.turns[1][0].end + 0.1) * RATE)
    length = round(float(rng.uniform(8, 40)) * RATE)
    place = Segment(at / RATE, (at + length) / RATE)
    samples = _inserted(talk.samples, at, np.zeros((length, 2), np.float32))
    return Situation(samples, (("pause-and-resume", None, place),), place)


def toned(talk: Talk, _: Talk, rng: np.random.Generator) -> Situation:
    """The recording is paused and a tone stands on both legs."""
    at = round((talk.turns[1][0].end + 0.1) * RATE)
    length = round(float(rng.uniform(8, 40)) * RATE)
    pitch = float(rng.choice([440.0, 800.0, 1000.0]))
    tone = 0.1 * np.sin(2 * np.pi * pitch * np.arange(length) / RATE)
    place = Segment(at / RATE, (at + length) / RATE)
    samples = _inserted(talk.samples, at, np.stack([tone, tone], axis=1).astype(np.float32))
    return Situation(samples, (("pause-and-resume", None, place),), place)


def prompted(talk: Talk, other: Talk, rng: np.random.Generator) -> Situation:
    """A machine speaks on the first leg, keys are pressed on the other, then music; then the parties talk."""
    turns = other.turns[0][:2]
    placed: list[tuple[str, int | None, Segment]] = []
    floor = max(-75.0, frame_levels(np.ascontiguousarray(talk.samples[:, 1]), RATE)[1])
    position = RATE
    whole = np.zeros((0, 2), np.float32)

    def add(sound: Samples, leg: int, kind: str, level: float) -> None:
        nonlocal position, whole
        needed = position + len(sound) + RATE
        quiet = np.stack([noise(needed - len(whole), floor, rng) for _ in range(2)], axis=1)
        whole = np.concatenate([whole, quiet])
        loud = sound * np.float32(10 ** (level / 20) / np.sqrt(np.mean(np.square(sound[sound != 0]))))
        whole[position : position + len(sound), leg] += np.clip(loud, -0.99, 0.99)
        placed.append((kind, leg, Segment(position / RATE, (position + len(sound)) / RATE)))
        position += len(sound) + RATE // 2

    for turn in turns:
        add(other.samples[round(turn.start * RATE) : round(turn.end * RATE), 0], 0, "announcement", -26.0)
        add(keys(rng).samples, 1, "dtmf", -20.0)
    style = list(STYLES)[int(rng.integers(len(STYLES)))]
    add(hold_music(style, 20, RATE, rng), 0, "hold-music", -26.0)
    samples = np.concatenate([whole, talk.samples])
    return Situation(samples.astype(np.float32), tuple(placed), Segment(0, len(whole) / RATE))


SITUATIONS: Mapping[str, Callable[[Talk, Talk, np.random.Generator], Situation]] = {
    "a party listens for 31 s": listener,
    "a party is muted": muted,
    "payment, digital silence": paused,
    "payment, a tone": toned,
    "prompts, keys, hold music": prompted,
}
"""What makes each, by name: from a call, another one to take speech from, and a source of chance."""


def _inserted(samples: Samples, at: int, piece: Samples) -> Samples:
    return np.concatenate([samples[:at], piece, samples[at:]]).astype(np.float32)
