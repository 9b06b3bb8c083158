"""What is heard in a call and is not speech: ringback, busy, information tones, DTMF, beeps, hold music, silence.

Frequencies and cadences are those of ITU-T E.180 and Q.23 (DTMF).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from audioqa.perceptual.callmos_layout import KINDS

Samples = NDArray[np.float32]
_Cadence = tuple[tuple[float, ...], float, float]  # Hz together, s of sound, s of pause

__all__ = ["KINDS", "dtmf", "made_music", "signal_tones"]

_RINGBACK: tuple[_Cadence, ...] = (
    ((440, 480), 2.0, 4.0),
    ((400, 450), 0.4, 0.2),
    ((425,), 1.0, 4.0),
    ((425,), 1.0, 3.0),
)
_BUSY: tuple[_Cadence, ...] = (((480, 620), 0.5, 0.5), ((425,), 0.5, 0.5), ((400,), 0.375, 0.375), ((425,), 0.25, 0.25))
_INFORMATION: tuple[float, ...] = (985.0, 1428.0, 1777.0)
_ROWS, _COLUMNS = (697, 770, 852, 941), (1209, 1336, 1477, 1633)


def signal_tones(length: int, rate: int, rng: np.random.Generator) -> tuple[Samples, NDArray[np.bool_]]:
    """One of ringback, busy tone, special information tone, a beep; and where it sounds.

    Parameters
    ----------
    length, rate
        Samples and Hz.
    rng
        Source of chance.
    """
    out, on = np.zeros(length), np.zeros(length, bool)
    choice = rng.random()
    if choice < 0.75:
        table = _RINGBACK if choice < 0.5 else _BUSY
        pitches, sound, pause = table[int(rng.integers(len(table)))]
        period = round((sound + pause) * rate)
        shift = round(rng.uniform(0, sound + pause) * rate)
        on = (np.arange(length) + shift) % period < round(sound * rate)
        out = _sum_of(pitches, np.arange(length) / rate) * on
    else:
        pitches = _INFORMATION if choice < 0.9 else (float(rng.choice([400, 800, 1000, 1400, 2000, 440])),)
        position = round(rng.uniform(0, 0.5) * rate)
        while position < length:
            for pitch in pitches:
                stop = min(length, position + round((0.33 if len(pitches) > 1 else rng.uniform(0.1, 1.0)) * rate))
                out[position:stop] = _sum_of((pitch,), np.arange(stop - position) / rate)
                on[position:stop] = True
                position = stop
            position += round(rng.uniform(0.5, 3.0) * rate)
    return out.astype(np.float32), on


def dtmf(length: int, rate: int, rng: np.random.Generator) -> tuple[Samples, NDArray[np.bool_]]:
    """Keys pressed now and then, 60 to 300 ms each; and where they sound."""
    out, on = np.zeros(length), np.zeros(length, bool)
    position = round(rng.uniform(0, 0.6) * rate)
    while position < length:
        stop = min(length, position + round(rng.uniform(0.06, 0.3) * rate))
        time = np.arange(stop - position) / rate
        detune = 1 + rng.uniform(-0.015, 0.015)
        twist = 10 ** (rng.uniform(-4, 4) / 20)
        key = (_ROWS[int(rng.integers(4))] * detune, _COLUMNS[int(rng.integers(4))] * detune)
        out[position:stop] = np.sin(2 * np.pi * key[0] * time) + twist * np.sin(2 * np.pi * key[1] * time)
        on[position:stop] = True
        position = stop + round((rng.uniform(0.05, 0.4) if rng.random() < 0.8 else rng.uniform(0.5, 2.0)) * rate)
    return out.astype(np.float32), on


def made_music(length: int, rate: int, rng: np.random.Generator) -> Samples:
    """Chords, a bass, a melody and perhaps drums, of plucked or held sounds: hold music of no merit.

    Parameters
    ----------
    length, rate
        Samples and Hz.
    rng
        Source of chance.
    """
    beat = 60 / rng.uniform(70, 150)
    root = 110 * 2 ** (int(rng.integers(0, 12)) / 12)
    chords = [(0, 4, 7), (9, 12, 16), (5, 9, 12), (7, 11, 14), (2, 5, 9), (0, 3, 7)]
    scale = (0, 2, 4, 5, 7, 9, 11, 12, 14, 16)
    out = np.zeros(length)
    held, vibrato = rng.random() < 0.5, rng.uniform(0, 0.004)
    order = rng.integers(0, len(chords), size=8)
    for bar in range(int(length / rate / (4 * beat)) + 1):
        chord = chords[order[bar % 8]]
        for step in chord:
            _add(out, rate, bar * 4 * beat, 4 * beat, root * 2 ** (step / 12), 0.25, held, vibrato, rng)
        _add(out, rate, bar * 4 * beat, 2 * beat, root / 2 * 2 ** (chord[0] / 12), 0.5, False, 0.0, rng)
        for note in range(8):
            if rng.random() < 0.6:
                pitch = 2 * root * 2 ** (scale[int(rng.integers(len(scale)))] / 12)
                _add(out, rate, (bar * 8 + note) * beat / 2, beat / 2, pitch, 0.5, held, vibrato, rng)
    if rng.random() < 0.5:
        for k in range(int(length / rate / (beat / 2))):
            start = round(k * beat / 2 * rate)
            hit = rng.standard_normal(min(round(0.05 * rate), length - start))
            out[start : start + len(hit)] += (
                hit * np.exp(-np.arange(len(hit)) / (0.012 * rate)) * (0.8 if k % 4 == 2 else 0.25)
            )
    return out.astype(np.float32)


def _add(
    out: NDArray[np.float64],
    rate: int,
    start: float,
    seconds: float,
    pitch: float,
    gain: float,
    held: bool,
    vibrato: float,
    rng: np.random.Generator,
) -> None:
    first = round(start * rate)
    time = np.arange(max(0, min(round(seconds * rate), len(out) - first))) / rate
    phase = 2 * np.pi * pitch * time * (1 + vibrato * np.sin(2 * np.pi * 5.5 * time))
    sound = np.zeros(len(time))
    for k in range(1, 7):
        if k * pitch < rate / 2:
            sound += np.sin(k * phase + rng.uniform(0, 6.28)) / k ** (1.2 if held else 1.0)
    envelope = np.minimum(time / 0.02, 1) * (np.minimum((seconds - time) / 0.05, 1) if held else np.exp(-time / 0.4))
    out[first : first + len(time)] += gain * sound * envelope


def _sum_of(pitches: Sequence[float], time: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(sum(np.sin(2 * np.pi * pitch * time) for pitch in pitches))
