"""Finding a prompt in a recording: each of its pieces on its own, so that a delay that varies is seen.

A piece is sought in the whole recording by generalized cross-correlation (`audioqa.perceptual.alignment.fine_lag`). The
delay that most of the pieces agree on is the prompt's; those that do not are sought again near it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from audioqa.audio import Resampler
from audioqa.errors import PromptError
from audioqa.perceptual.alignment import fine_lag
from audioqa.testcalls.prompts import RATE, Piece, Prompt
from audioqa.types import PromptFound, PromptPiece, Segment

_DISTINCT = 20.0
"""Of a true lag; between unrelated speech it stays below 10 (`audioqa.perceptual.pesq`)."""

_TOGETHER = 2.0
"""Seconds within which the delays of one playing lie: a jitter buffer moves by less."""

_LEAST_FOUND = 0.5
"""Share of the prompt's speech."""

_MOST_CUT = 0.1
"""Share of the prompt's speech that may lie before or after the recording."""

_SPEEDS = (2.0, 0.5, 44_100 / 48_000, 48_000 / 44_100, 11_025 / 8000, 8000 / 11_025, 16_000 / 11_025, 11_025 / 16_000)
"""Of recordings whose header names another sample rate than that of their samples, and of others' tools."""

_NEAR = 0.05
"""Seconds around an edge of the recording."""


@dataclass(frozen=True)
class _Match:
    piece: Piece
    delay: int
    distinctness: float


def find_prompt(channels: Sequence[tuple[str, NDArray[np.float32]]], prompts: Sequence[Prompt]) -> PromptFound:
    """The prompt of a recording.

    Parameters
    ----------
    channels
        Name and samples, float32 ``(n,)`` at `RATE`, of each channel.
    prompts
        Those that it may be, at least one.

    Raises
    ------
    PromptError
        Where none is in the recording, it is cut off, or the recording has a wrong rate; the message says which.
    """
    longest = max(len(samples) for _, samples in channels)
    shortest = min(prompts, key=lambda prompt: prompt.duration)
    if longest < (1 - _MOST_CUT) * shortest.speech * RATE:
        raise PromptError(
            f"the recording is too short: {longest / RATE:.1f} s, and the prompt {shortest.name} lasts "
            f"{shortest.duration:.1f} s"
        )
    found = [
        (share, _loudness(samples, matches), prompt, name, samples, matches)
        for prompt in prompts
        for name, samples in channels
        for share, matches in [_matches(samples, prompt)]
        if share >= _LEAST_FOUND
    ]
    if found:
        share, _, prompt, name, samples, matches = max(found, key=lambda one: (round(one[0], 1), one[1]))
        return _told(prompt, name, samples, matches, share)
    _refuse_another_speed(channels, prompts)
    _refuse_cut(channels, prompts)
    named = ", ".join(prompt.name for prompt in prompts[:5]) + (" ..." if len(prompts) > 5 else "")
    which = f"the prompt {named} is" if len(prompts) == 1 else f"none of the prompts {named} is"
    raise PromptError(f"{which} not in the recording")


def _matches(samples: NDArray[np.float32], prompt: Prompt) -> tuple[float, list[_Match]]:
    """The pieces that are there, and which share of the prompt's speech they hold."""
    everywhere = [_seek(samples, prompt, piece, 0, len(samples)) for piece in prompt.pieces]
    sure = [match for match in everywhere if match is not None]
    if not sure:
        return 0.0, []
    reach = round(_TOGETHER * RATE)
    agreed = max(
        (match.delay for match in sure),
        key=lambda delay: sum(other.piece.speech for other in sure if abs(other.delay - delay) <= reach),
    )
    matches = []
    for piece, match in zip(prompt.pieces, everywhere, strict=True):
        if match is None or abs(match.delay - agreed) > reach:
            match = _seek(samples, prompt, piece, piece.start + agreed - reach, piece.stop + agreed + reach)
        if match is not None:
            matches.append(match)
    return sum(match.piece.speech for match in matches) / prompt.speech, matches


def _seek(samples: NDArray[np.float32], prompt: Prompt, piece: Piece, start: int, stop: int) -> _Match | None:
    """A piece within a stretch of the recording, or None where it is not there."""
    start, stop = max(0, start), min(len(samples), stop)
    wanted = prompt.samples[piece.start : piece.stop]
    stretch = samples[start:stop]
    if len(stretch) < len(wanted) or not stretch.any():
        return None
    lag = fine_lag(wanted, stretch)
    if lag.distinctness < _DISTINCT:
        return None
    return _Match(piece, start - lag.offset - piece.start, lag.distinctness)


def _told(
    prompt: Prompt, name: str, samples: NDArray[np.float32], matches: Sequence[_Match], share: float
) -> PromptFound:
    delays = np.array([match.delay for match in matches]) / RATE
    places = np.array([(match.piece.start + match.piece.stop) / 2 for match in matches]) / RATE
    begin = matches[0].piece.start + matches[0].delay
    end = matches[-1].piece.stop + matches[-1].delay
    delay = float(np.median(delays))
    missing = prompt.pieces[0].start + round(delay * RATE), prompt.pieces[-1].stop + round(delay * RATE)
    cut = max(0, -missing[0]) + max(0, missing[1] - len(samples))
    if cut > max(_NEAR * RATE, _MOST_CUT * (prompt.pieces[-1].stop - prompt.pieces[0].start)):
        raise PromptError(
            f"the recording is too short: the prompt {prompt.name} is cut off, {cut / RATE:.1f} of its "
            f"{prompt.duration:.1f} s are missing"
        )
    return PromptFound(
        name=prompt.name,
        sha256=prompt.sha256,
        channel=name,
        segment=Segment(max(0, begin) / RATE, min(len(samples), end) / RATE),
        delay=delay,
        change=float(delays.max() - delays.min()),
        drift=_drift(places, delays),
        pieces=tuple(
            PromptPiece(Segment(match.piece.start / RATE, match.piece.stop / RATE), match.delay / RATE)
            for match in matches
        ),
        lost=max(0.0, 1 - share),
    )


def _drift(places: NDArray[np.float64], delays: NDArray[np.float64]) -> float:
    """Parts per million by which the delay grows, where a line explains the delays to within a millisecond."""
    if len(places) < 3 or np.ptp(delays) < 0.001:
        return 0.0
    slope, start = np.polyfit(places, delays, 1)
    return float(1e6 * slope) if np.abs(slope * places + start - delays).max() <= 0.001 else 0.0


def _loudness(samples: NDArray[np.float32], matches: Sequence[_Match]) -> float:
    """Mean power of the found pieces: of two channels the prompt's own, and not the one that echoes it."""
    parts = [samples[max(0, m.piece.start + m.delay) : m.piece.stop + m.delay] for m in matches]
    return float(np.mean(np.concatenate(parts).astype(np.float64) ** 2)) if parts else 0.0


def _refuse_another_speed(channels: Sequence[tuple[str, NDArray[np.float32]]], prompts: Sequence[Prompt]) -> None:
    """Raise where a prompt is there at another speed: the recording's sample rate is not what its header says."""
    for prompt in prompts:
        piece = max(prompt.pieces, key=lambda one: one.speech)
        wanted = prompt.samples[piece.start : piece.stop]
        for speed in _SPEEDS:
            resampler = Resampler(round(RATE * speed), RATE, channels=1)
            sped = resampler.push(np.ascontiguousarray(wanted[:, None]), last=True)[:, 0]
            for name, samples in channels:
                if len(samples) < len(sped):
                    continue
                if fine_lag(sped, samples).distinctness >= _DISTINCT:
                    raise PromptError(
                        f"the recording has a wrong rate: the prompt {prompt.name} plays on {name} at {speed:.3g} "
                        "times its speed, so the sample rate in the header is not that of the sound"
                    )


def _finer(prompt: Prompt) -> Prompt:
    """The prompt in pieces a third as long: what is cut off leaves no whole piece of the usual length."""
    pieces = []
    for piece in prompt.pieces:
        edges = np.linspace(piece.start, piece.stop, 4).astype(int).tolist()
        pieces += [Piece(start, stop, piece.speech / 3) for start, stop in pairwise(edges)]
    return replace(prompt, pieces=tuple(pieces))


def _refuse_cut(channels: Sequence[tuple[str, NDArray[np.float32]]], prompts: Sequence[Prompt]) -> None:
    """Raise where some of a prompt is there, and the rest lies before or after the recording."""
    for prompt in map(_finer, prompts):
        for _, samples in channels:
            share, matches = _matches(samples, prompt)
            if matches:
                _told(prompt, "", samples, matches, share)  # which tells what is cut off
                raise PromptError(
                    f"only {share:.0%} of the prompt {prompt.name} is in the recording, too little to score it"
                )
