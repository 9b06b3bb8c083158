"""Hold music that is made here: styles that telephone systems play, at any tempo, key and level.

Written anew for judging; the simulator's own (`audioqa.lab.simulator.tones.made_music`), which the network has heard,
takes no part in it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]
_Wave = NDArray[np.float64]

_MAJOR, _MINOR = (0, 4, 7), (0, 3, 7)
_PROGRESSIONS: tuple[tuple[tuple[int, tuple[int, ...]], ...], ...] = (
    ((0, _MAJOR), (7, _MAJOR), (9, _MINOR), (5, _MAJOR)),
    ((0, _MAJOR), (9, _MINOR), (2, _MINOR), (7, _MAJOR)),
    ((9, _MINOR), (5, _MAJOR), (0, _MAJOR), (7, _MAJOR)),
    ((0, _MAJOR), (5, _MAJOR), (7, _MAJOR), (5, _MAJOR)),
)
"""Roots in semitones above the key and the chord on each, a bar each."""

_SCALE = (0, 2, 4, 7, 9, 12, 14, 16)


def hold_music(style: str, seconds: float, rate: int, rng: np.random.Generator) -> Samples:
    """One piece, its peak at 1.

    Parameters
    ----------
    style
        One of `STYLES`.
    seconds, rate
        Length, and Hz.
    rng
        Draws tempo, key, progression and melody.
    """
    length = round(seconds * rate)
    beat = 60 / rng.uniform(68, 132)
    key = 130.8 * 2 ** (int(rng.integers(-5, 6)) / 12)
    chords = _PROGRESSIONS[int(rng.integers(len(_PROGRESSIONS)))]
    out = np.zeros(length + 2 * rate)
    for bar in range(int(seconds / (4 * beat)) + 1):
        root, chord = chords[bar % len(chords)]
        pitches = [key * 2 ** ((root + step) / 12) for step in chord]
        STYLES[style](out, rate, bar * 4 * beat, beat, pitches, key, rng)
    out = out[:length]
    return (out / max(1e-9, float(np.abs(out).max()))).astype(np.float32)


def _piano(
    out: _Wave, rate: int, at: float, beat: float, pitches: Sequence[float], key: float, rng: np.random.Generator
) -> None:
    """Broken chords in eighths under a plucked melody."""
    _put(out, rate, at, _struck(pitches[0] / 2, 3 * beat, rate, 1.2), 0.6)
    order = [0, 1, 2, 1, 0, 1, 2, 1]
    for eighth, which in enumerate(order):
        _put(out, rate, at + eighth * beat / 2, _struck(2 * pitches[which], 1.5 * beat, rate, 0.5), 0.35)
    for quarter in range(4):
        if rng.random() < 0.7:
            _put(out, rate, at + quarter * beat, _struck(4 * key * _step(rng), beat, rate, 0.4), 0.4)


def _pads(
    out: _Wave, rate: int, at: float, beat: float, pitches: Sequence[float], key: float, rng: np.random.Generator
) -> None:
    """Slow strings, detuned against each other, and now and then a bell."""
    for pitch in pitches:
        for detune in (-0.004, 0.0, 0.0035):
            _put(out, rate, at, _bowed(2 * pitch * (1 + detune), 4.3 * beat, rate), 0.2)
    if rng.random() < 0.6:
        _put(out, rate, at + beat * float(rng.integers(4)), _bell(4 * key * _step(rng), 3 * beat, rate), 0.35)


def _pop(
    out: _Wave, rate: int, at: float, beat: float, pitches: Sequence[float], key: float, rng: np.random.Generator
) -> None:
    """Drums, bass, chords off the beat and a lead."""
    for quarter in range(4):
        kick = quarter % 2 == 0
        _put(out, rate, at + quarter * beat, _kick(rate) if kick else _snare(rate, rng), 0.8 if kick else 0.5)
        for half in (0.0, 0.5):
            _put(out, rate, at + (quarter + half) * beat, _hat(rate, rng), 0.15)
        _put(out, rate, at + quarter * beat, _struck(pitches[0] / 2, 0.9 * beat, rate, 0.3), 0.6)
        for pitch in pitches:
            _put(out, rate, at + (quarter + 0.5) * beat, _struck(2 * pitch, 0.4 * beat, rate, 0.15), 0.25)
        if rng.random() < 0.75:
            _put(out, rate, at + quarter * beat, _bowed(4 * key * _step(rng), 0.9 * beat, rate, vibrato=0.006), 0.3)


def _box(
    out: _Wave, rate: int, at: float, beat: float, pitches: Sequence[float], key: float, rng: np.random.Generator
) -> None:
    """A music box: one bell-like line, as old telephones play."""
    for eighth in range(8):
        if eighth % 4 == 0 or rng.random() < 0.7:
            pitch = 4 * pitches[int(rng.integers(3))] if eighth % 2 == 0 else 4 * key * _step(rng)
            _put(out, rate, at + eighth * beat / 2, _bell(pitch, 1.6 * beat, rate), 0.6)


def _guitar(
    out: _Wave, rate: int, at: float, beat: float, pitches: Sequence[float], key: float, rng: np.random.Generator
) -> None:
    """Strummed strings (Karplus and Strong 1983) with a bass."""
    for quarter in range(4):
        for number, pitch in enumerate([*pitches, 2 * pitches[0]]):
            start = at + quarter * beat + 0.012 * number
            _put(out, rate, start, _string(pitch * (2 if number else 1), 1.2 * beat, rate, rng), 0.4)
    _put(out, rate, at, _struck(key / 2 * _step(rng), 2 * beat, rate, 0.6), 0.3)


def _dance(
    out: _Wave, rate: int, at: float, beat: float, pitches: Sequence[float], _: float, rng: np.random.Generator
) -> None:
    """Four to the floor, a square-wave arpeggio in sixteenths, a held bass."""
    _put(out, rate, at, _bowed(pitches[0] / 2, 4 * beat, rate), 0.4)
    for quarter in range(4):
        _put(out, rate, at + quarter * beat, _kick(rate), 0.8)
        _put(out, rate, at + (quarter + 0.5) * beat, _hat(rate, rng), 0.25)
        for sixteenth in range(4):
            pitch = pitches[int(rng.integers(3))] * float(rng.choice([2, 4]))
            _put(out, rate, at + (quarter + sixteenth / 4) * beat, _square(pitch, beat / 4.5, rate), 0.25)


_Style = Callable[[_Wave, int, float, float, Sequence[float], float, np.random.Generator], None]

STYLES: Mapping[str, _Style] = {
    "piano": _piano,
    "pads": _pads,
    "pop": _pop,
    "music box": _box,
    "guitar": _guitar,
    "dance": _dance,
}
"""What plays one bar, by style."""


def _step(rng: np.random.Generator) -> float:
    return float(2 ** (_SCALE[int(rng.integers(len(_SCALE)))] / 12))


def _put(out: _Wave, rate: int, at: float, sound: _Wave, gain: float) -> None:
    first = round(at * rate)
    piece = sound[: max(0, len(out) - first)]
    out[first : first + len(piece)] += gain * piece


def _time(seconds: float, rate: int) -> _Wave:
    return np.arange(round(seconds * rate)) / rate


def _partials(phase: _Wave, pitch: float, rate: int, slope: float, *, odd: bool = False) -> _Wave:
    total = np.zeros_like(phase)
    for number in range(1, 12, 2 if odd else 1):
        if number * pitch < 0.45 * rate:
            total += np.sin(number * phase) / number**slope
    return total


def _struck(pitch: float, seconds: float, rate: int, decay: float) -> _Wave:
    time = _time(seconds, rate)
    edge = np.minimum(time / 0.004, 1) * np.minimum((seconds - time) / 0.02, 1)
    return np.asarray(_partials(2 * np.pi * pitch * time, pitch, rate, 1.4) * np.exp(-time / decay) * edge)


def _bowed(pitch: float, seconds: float, rate: int, *, vibrato: float = 0.002) -> _Wave:
    time = _time(seconds, rate)
    phase = 2 * np.pi * pitch * (time + vibrato / 33 * np.sin(2 * np.pi * 5.3 * time))
    edge = np.minimum(time / (0.2 * seconds), 1) * np.minimum((seconds - time) / (0.2 * seconds), 1)
    return np.asarray(_partials(phase, pitch, rate, 1.2) * edge)


def _bell(pitch: float, seconds: float, rate: int) -> _Wave:
    time = _time(seconds, rate)
    total = np.zeros_like(time)
    for ratio, gain, decay in ((1.0, 1.0, 0.7), (2.76, 0.4, 0.3), (5.4, 0.2, 0.1)):
        if ratio * pitch < 0.45 * rate:
            total += gain * np.sin(2 * np.pi * ratio * pitch * time) * np.exp(-time / decay)
    return np.asarray(total * np.minimum(time / 0.002, 1) * np.minimum((seconds - time) / 0.02, 1))


def _square(pitch: float, seconds: float, rate: int) -> _Wave:
    time = _time(seconds, rate)
    edge = np.minimum(time / 0.003, 1) * np.minimum((seconds - time) / 0.01, 1)
    return np.asarray(_partials(2 * np.pi * pitch * time, pitch, rate, 1.0, odd=True) * edge)


def _string(pitch: float, seconds: float, rate: int, rng: np.random.Generator) -> _Wave:
    period = max(2, round(rate / pitch))
    turn = rng.uniform(-1, 1, period)
    turns = []
    for _ in range(round(seconds * rate) // period + 1):
        turns.append(turn)
        turn = 0.996 * (turn + np.roll(turn, 1)) / 2
    whole = np.concatenate(turns)[: round(seconds * rate)]
    return np.asarray(whole * np.minimum(np.arange(len(whole), 0, -1) / (0.02 * rate), 1))


def _kick(rate: int) -> _Wave:
    time = _time(0.18, rate)
    return np.asarray(np.sin(2 * np.pi * (50 * time - 4 * np.exp(-time / 0.03))) * np.exp(-time / 0.06))


def _snare(rate: int, rng: np.random.Generator) -> _Wave:
    time = _time(0.15, rate)
    return np.asarray(rng.standard_normal(len(time)) * 0.4 * np.exp(-time / 0.04))


def _hat(rate: int, rng: np.random.Generator) -> _Wave:
    noise = np.diff(rng.standard_normal(round(0.05 * rate) + 1))
    return np.asarray(noise * 0.5 * np.exp(-np.arange(len(noise)) / (0.012 * rate)))
