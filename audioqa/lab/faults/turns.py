"""Faults of how a call and its turns begin and end: cut in mid-word, and laid over each other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from audioqa.activity import segments
from audioqa.lab.corpus import RATE
from audioqa.lab.faults.fault import Fault, Make, Placed, Samples, at_nominal
from audioqa.lab.inject import noise
from audioqa.lab.simulator import effects
from audioqa.lab.talk import NOMINAL, Talk
from audioqa.types import Segment

_EDGE = 0.06  # s at the edge of the call in which the event is looked for
_FADE = 0.02  # s
_STEP = 0.01  # s
_FLOOR = -75.0  # dBov of a quiet line
_WITHIN = 15.9  # dB: within it of the active level there is speech (P.56)


def _cut_end(talk: Talk, rng: np.random.Generator) -> tuple[Samples, tuple[Placed, ...]]:
    samples = at_nominal(talk)
    stop = _in_mid_word(samples[:, 1], talk.turns[1][-1], rng)
    return samples[:stop], (Placed(1, Segment(stop / RATE - _EDGE, stop / RATE)),)


def _cut_start(talk: Talk, rng: np.random.Generator) -> tuple[Samples, tuple[Placed, ...]]:
    samples = at_nominal(talk)
    start = _in_mid_word(samples[:, 0], talk.turns[0][0], rng)
    return samples[start:], (Placed(0, Segment(0.0, _EDGE)),)


def _in_mid_word(samples: Samples, turn: Segment, rng: np.random.Generator) -> int:
    """A sample within a turn with loud speech for 50 ms on either side."""
    loud = _levels(samples, turn) > NOMINAL - 8
    around = np.convolve(loud, np.ones(11), mode="same") > 10.5
    places = np.flatnonzero(around[30:-30]) + 30
    place = int(rng.choice(places)) if len(places) else len(loud) // 2
    return round((turn.start + place * _STEP) * RATE)


def _front(milliseconds: float, *, gated: bool = False) -> Make:
    """The beginning of every utterance of a party is lost; where the line is gated, its pauses are digital silence."""

    def make(talk: Talk, _: np.random.Generator) -> tuple[Samples, tuple[Placed, ...]]:
        samples = at_nominal(talk)
        column = np.ascontiguousarray(samples[:, 1])
        active = effects.speech_mask(column, RATE)
        cut = effects.onset_clipped(column, active, RATE, milliseconds)
        if gated:
            hangover = np.convolve(active, np.ones(9))[: len(active)] > 0  # 160 ms
            kept = np.zeros(len(cut), bool)
            kept[: len(active) * 160] = np.repeat(hangover, 160)
            cut[~kept] = 0
        samples[:, 1] = cut
        # The first word that is cut begins where the first zeros end.
        start = int(np.flatnonzero((cut == 0) & (column != 0))[0]) if gated else int(np.flatnonzero(cut != column)[0])
        begins = start + int(np.flatnonzero(cut[start:] != 0)[0])
        return samples, (Placed(1, Segment(begins / RATE, talk.turns[1][-1].end)),)

    return make


def _overlap(seconds: float) -> Make:
    """The second party says something for so many seconds while the first one goes on speaking."""

    def make(talk: Talk, _: np.random.Generator) -> tuple[Samples, tuple[Placed, ...]]:
        samples = at_nominal(talk)
        said = _longest_run(samples[:, 0], talk.turns[0], before=0.0)
        start = max(said.start, min(said.start + 0.3, said.end - seconds))
        place = Segment(start, start + seconds)
        return _spoken_over(samples, talk, place), (Placed(None, place),)

    return make


def _interrupted(seconds: float) -> Make:
    """The second party begins while the first one is in mid-turn, who falls silent so many seconds later."""

    def make(talk: Talk, rng: np.random.Generator) -> tuple[Samples, tuple[Placed, ...]]:
        samples = at_nominal(talk)
        said = _longest_run(samples[:, 0], talk.turns[0], before=3.0)
        place = Segment(said.end - _STEP - seconds, said.end - _STEP)
        samples = _spoken_over(samples, talk, Segment(place.start, place.start + 3.0))
        stop, fade = round(place.end * RATE), round(_FADE * RATE)
        end = min(len(samples), stop + round(3.0 * RATE))
        kept = samples[stop : stop + fade, 0] * np.linspace(1, 0, fade, dtype=np.float32)
        samples[stop:end, 0] = noise(end - stop, _FLOOR, rng)
        samples[stop : stop + fade, 0] += kept
        return samples, (Placed(0, place),)

    return make


def _spoken_over(samples: Samples, talk: Talk, place: Segment) -> Samples:
    """The call with speech of the second party's put on its channel at `place`, faded at both ends."""
    run = _longest_run(samples[:, 1], talk.turns[1], before=0.0)
    first, start = round(run.start * RATE), round(place.start * RATE)
    length = min(round(place.duration * RATE), len(samples) - first, len(samples) - start)
    spoken = samples[first : first + length, 1].copy()
    ramp = np.linspace(0, 1, round(_FADE * RATE), dtype=np.float32)
    spoken[: len(ramp)] *= ramp
    spoken[-len(ramp) :] *= ramp[::-1]
    out = samples.copy()
    out[start : start + length, 1] = spoken
    return out


def _longest_run(samples: Samples, turns: Sequence[Segment], *, before: float) -> Segment:
    """The longest speech without a pause of 0.35 s in it that ends `before` seconds after its turn began, or later."""
    size = round(_STEP * RATE)
    spoken = [
        Segment(turn.start + run.start, turn.start + run.end)
        for turn in turns
        for run in segments(_active(samples, turn), frame=size / RATE, pause=0.35)
        if run.end >= before
    ]
    return max(spoken, key=lambda run: run.duration)


def _active(samples: Samples, turn: Segment) -> NDArray[np.bool_]:
    return np.asarray(_levels(samples, turn) > NOMINAL - _WITHIN)


def _levels(samples: Samples, turn: Segment) -> NDArray[np.float64]:
    """dBov of every 10 ms of a turn."""
    size = round(_STEP * RATE)
    spoken = samples[round(turn.start * RATE) : round(turn.end * RATE)].astype(np.float64)
    framed = spoken[: len(spoken) // size * size].reshape(-1, size)
    return np.asarray(10 * np.log10(np.mean(np.square(framed), axis=1) + 1e-12))


_HOLES = ("dropout", "silence-gap")  # what a detector that opens late leaves between words

FAULTS: tuple[Fault, ...] = (
    Fault("the call ends in mid-word", "abrupt-end", _cut_end),
    Fault("the call begins in mid-word", "delayed-start", _cut_start),
    Fault("60 ms off the start of every utterance", "front-end-clipping", _front(60.0), brings=_HOLES),
    Fault("the same, pauses gated", "front-end-clipping", _front(60.0, gated=True), brings=_HOLES),
    Fault("both parties at once for 1 s", "double-talk", _overlap(1.0), brings=("interruption",)),
    Fault("both parties at once for 1.5 s", "double-talk", _overlap(1.5), brings=("interruption",)),
    Fault("interrupted, silent after 0.8 s", "interruption", _interrupted(0.8), brings=("double-talk",)),
)
