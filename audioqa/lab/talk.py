"""Two-party calls made of one-party speech: turns that follow each other, each party on its own channel."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audioqa.lab.corpus import RATE, Call
from audioqa.lab.inject import STEP, frame_levels, noise
from audioqa.types import Segment

Samples = NDArray[np.float32]

_TURN = (2.0, 7.0)  # s
_PAUSE = (0.15, 0.7)  # s between turns
_EDGE = 0.5  # s of quiet line before the first turn and after the last
_FADE = 0.020
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
    pieces = [list(_turns(call.samples, rng)) for call in (first, second)]
    floors = [max(_LEAST_FLOOR, frame_levels(call.samples, RATE)[1]) for call in (first, second)]
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
