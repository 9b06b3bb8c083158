"""Takes the faults out of recordings of speech, so that what a detector finds afterwards was put there.

Sound islands (stretches between pauses) that hold a fault are left out whole, because a splice inside a word would
itself be a fault. A fault here is a constant run of 5 ms and more (exact zeros among them), two neighbouring
samples at full scale, a click, or an island that the file's own edge cuts off. Pauses that an editor muted are left
out, long ones are shortened. All splices lie in room tone and are cross-faded with constant power.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FRAME = 0.010
"""Seconds: the grid on which islands and pauses are found."""

CONSTANT_RUN = 0.005
"""Seconds: a constant run from this length on is a fault; the longest in real pauses at 16 bits is about 2 ms."""

FULL_SCALE = 0.998
"""Magnitude from which two neighbouring samples count as clipped by the converter."""

CLICK_RATIO = 8.0
"""A second difference so many times the largest other one within 10 ms is a click. Releases of plosives and creaky
pulses reach 6; a test set without them would flatter a detector."""

ROOM_TONE, NO_TONE = -70.0, -80.0
"""dBov: pauses above the first have room tone; below the second, in the same recording, an editor muted them."""

FADE = 0.020
"""Seconds of cross-fade at a splice."""

LONGEST_PAUSE = 0.4
"""Seconds that are left of a longer pause: far enough below the 1 s that a silence detector reports, since it may hear
the pause begin earlier and end later than the level does."""

_CLICK_FLOOR = 0.01  # least second difference of a click: quieter ones are noise
_SHORTEST_PAUSE = 5  # frames


@dataclass(frozen=True)
class CleanSpeech:
    """What is left of one recording.

    Parameters
    ----------
    samples
        float32, shape (n,): begins and ends in a pause; empty where nothing was left.
    tone
        float32, shape (m,): the longest pause, its edges off, as room tone; may be empty.
    dropped
        Seconds left out because of faults.
    """

    samples: NDArray[np.float32]
    tone: NDArray[np.float32]
    dropped: float


def clean(samples: NDArray[np.float32], rate: int, *, longest_pause: float = LONGEST_PAUSE) -> CleanSpeech:
    """One recording of speech without its faults.

    Parameters
    ----------
    samples
        float32 in [-1, 1), shape (n,), as recorded: a resampled signal hides its faults.
    rate
        Hz.
    longest_pause
        Seconds; longer pauses are shortened to this.
    """
    size = round(FRAME * rate)
    frames = len(samples) // size
    nothing = np.zeros(0, dtype=np.float32)
    if frames < 2 * _SHORTEST_PAUSE:
        return CleanSpeech(nothing, nothing, len(samples) / rate)
    pause, faulty = _pauses(samples[: frames * size].reshape(frames, size))
    for first, last in _faults(samples, rate):
        faulty[max(0, first // size) : last // size + 1] = True
    keep = np.ones(frames, dtype=bool)
    for first, last in _true_runs(~pause):
        cut_off = first == 0 or last == frames
        if cut_off or faulty[first:last].any():
            keep[first:last] = False
    dropped = int(np.count_nonzero(~keep))
    keep &= ~faulty
    half = round(longest_pause / FRAME / 2)
    for first, last in _true_runs(keep & pause):
        # Half a pause is kept beside speech; nothing at the ends of the file and beside what was left out.
        head = half if first > 0 and keep[first - 1] else 0
        tail = half if last < frames and keep[last] else 0
        keep[first + head : max(first + head, last - tail)] = False
    tone = max(_true_runs(pause & ~faulty), key=lambda run: run[1] - run[0], default=(0, 0))
    pieces = [samples[first * size : last * size] for first, last in _true_runs(keep) if last - first >= 8]
    return CleanSpeech(
        samples=splice(pieces, rate),
        tone=samples[(tone[0] + 2) * size : max(tone[0] + 2, tone[1] - 2) * size].astype(np.float32),
        dropped=dropped * FRAME,
    )


def splice(pieces: Sequence[NDArray[np.float32]], rate: int, *, fade: float = FADE) -> NDArray[np.float32]:
    """Pieces one after the other, each overlapping the one before by `fade` seconds with constant power.

    Parameters
    ----------
    pieces
        float32, shape (n,) each; at their edges room tone, which is uncorrelated.
    rate
        Hz.
    fade
        Seconds; shortened to half of a piece that is too short for it.
    """
    if not pieces:
        return np.zeros(0, dtype=np.float32)
    parts = [pieces[0].astype(np.float32)]
    for piece in pieces[1:]:
        overlap = min(round(fade * rate), len(parts[-1]) // 2, len(piece) // 2)
        angle = (np.arange(overlap, dtype=np.float32) + 0.5) / max(1, overlap) * np.float32(np.pi / 2)
        before = parts[-1]
        parts[-1] = before[: len(before) - overlap]
        parts.append(before[len(before) - overlap :] * np.cos(angle) + piece[:overlap] * np.sin(angle))
        parts.append(piece[overlap:].astype(np.float32))
    return np.concatenate(parts)


def is_clipped(samples: NDArray[np.float32]) -> bool:
    """True where a recording's own peaks are clipped, wherever its ceiling lies.

    The peaks of speech thin out: of the samples in the top 5 % of the magnitudes in use, few lie in the top 0.2 %.
    Clipped speech has a wall there; four samples and two fifths of the top 5 % are taken for one.

    Parameters
    ----------
    samples
        float32, shape (n,).
    """
    magnitude = np.abs(samples)
    peak = float(magnitude.max(initial=0.0))
    top = int(np.count_nonzero(magnitude >= 0.998 * peak))
    near = int(np.count_nonzero(magnitude >= 0.95 * peak))
    return peak > 0 and top >= 4 and top > 0.4 * near


def _pauses(framed: NDArray[np.float32]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Frames in pauses of 50 ms and more, and those among them without room tone where other pauses have it."""
    level = 10 * np.log10(np.mean(framed.astype(np.float64) ** 2, axis=1) + 1e-12)
    floor, active = np.percentile(level, [5, 95])
    line = min(max(floor + 10, active - 32), active - 15)
    pause = np.asarray(level < line)
    for first, last in _true_runs(pause):
        if last - first < _SHORTEST_PAUSE and first > 0 and last < len(pause):
            pause[first:last] = False
    sounding = np.count_nonzero(pause & (level > ROOM_TONE)) > 0.1 * np.count_nonzero(pause)
    return pause, pause & (level < NO_TONE) & sounding


def _faults(samples: NDArray[np.float32], rate: int) -> list[tuple[int, int]]:
    """First and last sample of every fault."""
    equal = _true_runs(np.diff(samples) == 0)
    found = [(first, last) for first, last in equal if last - first + 1 >= CONSTANT_RUN * rate]
    full = np.abs(samples) >= FULL_SCALE
    found += [(int(i), int(i) + 1) for i in np.flatnonzero(full[1:] & full[:-1])]
    return found + [(i, i + 2) for i in _clicks(samples, rate)]


def _clicks(samples: NDArray[np.float32], rate: int) -> list[int]:
    """Where a step or spike of one or two samples stands out of everything within 10 ms of it."""
    second = np.abs(np.diff(samples.astype(np.float64), n=2))
    reach = round(FRAME * rate)
    found: list[int] = []
    typical = np.sqrt(np.convolve(second**2, np.ones(2 * reach + 1) / (2 * reach + 1), mode="same"))
    for i in np.flatnonzero((second > _CLICK_FLOOR) & (second > 6 * typical)):
        apart = np.concatenate([second[max(0, i - reach) : max(0, i - 2)], second[i + 3 : i + reach]])
        if second[i] > CLICK_RATIO * apart.max(initial=0.0):
            found.append(int(i))
    return found


def _true_runs(mask: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Starts and ends (half-open) of the runs of True."""
    change = np.flatnonzero(np.diff(np.concatenate([[0], mask.astype(np.int8), [0]])))
    return [(int(first), int(last)) for first, last in zip(change[0::2], change[1::2], strict=True)]
