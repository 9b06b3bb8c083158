"""Two-party calls made of one-party speech: turns that follow each other, each party on its own channel."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audioqa.activity import segments
from audioqa.lab.corpus import RATE, Call
from audioqa.lab.inject import STEP, frame_levels, noise
from audioqa.lab.simulator import effects
from audioqa.types import Segment

Samples = NDArray[np.float32]

_TURN = (2.0, 7.0)  # s
_PAUSE = (0.15, 0.7)  # s between turns
_EDGE = 0.5  # s of quiet line before the first turn and after the last
_FADE = 0.020
_LULL = 0.8  # s: a longer pause is shortened to this
_ZEROS = 0.2  # s of digital silence, which no microphone gives
_NOTHING = -80.0  # dBov

NOMINAL = -26.0
"""dBov: active level of each party."""

_LEAST_FLOOR = -75.0  # dBov: below that a line is dead, not quiet


@dataclass(frozen=True)
class Talk:
    """A call of two parties.

    Parameters
    ----------
    samples
        float32, shape (n, 2), at 8 kHz.
    turns
        Of each party, in order.
    speakers
        Their names.
    """

    samples: Samples
    turns: tuple[tuple[Segment, ...], tuple[Segment, ...]]
    speakers: tuple[str, str]

    @property
    def seconds(self) -> float:
        """Length in seconds."""
        return len(self.samples) / RATE


def talk(first: Call, second: Call, *, seed: int) -> Talk:
    """Let two speakers take turns of 2 to 7 s until one has nothing more to say.

    While a party listens its channel carries noise at its own floor, at least -75 dBov.

    Parameters
    ----------
    first, second
        Clean speech; `first` begins.
    seed
        Of lengths, pauses and noise.
    """
    rng = np.random.default_rng(seed)
    spoken = [_without_lulls(effects.at_level(call.samples, RATE, NOMINAL)) for call in (first, second)]
    pieces = [list(_turns(samples, rng)) for samples in spoken]
    floors = [max(_LEAST_FLOOR, frame_levels(samples, RATE)[1]) for samples in spoken]
    count = min(map(len, pieces))
    channels: list[list[Samples]] = [[], []]
    turns: tuple[list[Segment], list[Segment]] = ([], [])
    length = 0

    def both(samples: Samples | None, party: int, n: int) -> None:
        nonlocal length
        for k in range(2):
            channels[k].append(samples if k == party and samples is not None else noise(n, floors[k], rng))
        length += n

    both(None, 0, round(_EDGE * RATE))
    for number in range(count):
        for party in range(2):
            piece = pieces[party][number]
            turns[party].append(Segment(length / RATE, (length + len(piece)) / RATE))
            both(piece, party, len(piece))
            both(None, 0, round(float(rng.uniform(*_PAUSE)) * RATE))
    both(None, 0, round(_EDGE * RATE))
    samples = np.stack([np.concatenate(channel) for channel in channels], axis=1)
    names = (f"{first.corpus}/{first.speaker}", f"{second.corpus}/{second.speaker}")
    return Talk(np.clip(samples, -1, 32767 / 32768), (tuple(turns[0]), tuple(turns[1])), names)


def talks(calls: Iterable[Call], *, seed: int = 0) -> Iterator[Talk]:
    """Calls paired with one of another speaker, each used once.

    Parameters
    ----------
    calls
        Clean speech, in any order.
    seed
        Of the pairing.
    """
    waiting: list[Call] = []
    every = list(calls)
    order = np.random.default_rng(seed).permutation(len(every))
    for number, index in enumerate(order):
        call = every[index]
        partner = next((other for other in waiting if other.speaker != call.speaker), None)
        if partner is None:
            waiting.append(call)
            continue
        waiting = [other for other in waiting if other is not partner]
        yield talk(partner, call, seed=seed + number)


def _without_lulls(samples: Samples) -> Samples:
    """Speech without what lies between prompts or commands: long pauses are shortened, digital silence cut out."""
    level, floor = frame_levels(samples, RATE)
    size, fade = round(STEP * RATE), round(_FADE * RATE)
    keep = np.ones(len(samples), dtype=bool)
    quiet = np.asarray(level < max(floor + 10.0, NOMINAL - 20.0))
    lulls = [
        Segment(pause.start + _LULL / 2, pause.end - _LULL / 2)
        for pause in segments(quiet, frame=STEP, shortest=_LULL + STEP)
    ]
    lulls += segments(np.asarray(level < _NOTHING), frame=STEP, shortest=_ZEROS)
    for lull in lulls:
        keep[round(lull.start / STEP) * size : round(lull.end / STEP) * size] = False
    joints = np.flatnonzero(np.diff(np.cumsum(~keep)[keep], prepend=0))
    kept = samples[keep].copy()
    ramp = np.abs(np.linspace(-1, 1, 2 * fade, dtype=np.float32))
    for joint in joints.tolist():
        low, high = max(0, joint - fade), min(len(kept), joint + fade)
        kept[low:high] *= ramp[low - joint + fade : high - joint + fade]
    return kept


def _turns(samples: Samples, rng: np.random.Generator) -> Iterator[Samples]:
    """Speech cut into turns where it pauses, faded at both ends."""
    level, _ = frame_levels(samples, RATE)
    quiet = np.convolve(level, np.full(10, 0.1), mode="same")
    position, size = 0, round(STEP * RATE)
    fade = round(_FADE * RATE)
    while position < len(level):
        wanted = position + round(float(rng.uniform(*_TURN)) / STEP)
        if wanted >= len(level) - round(_TURN[0] / STEP):
            break
        low, high = max(position + 50, wanted - 80), wanted + 80
        stop = low + int(np.argmin(quiet[low:high]))
        piece = samples[position * size : stop * size].copy()
        ramp = np.linspace(0, 1, fade, dtype=np.float32)
        piece[:fade] *= ramp
        piece[-fade:] *= ramp[::-1]
        yield piece
        position = stop
