"""Holes in the level curve, and what each of them looks like.

A hole is a stretch of 10 to 500 ms between an abrupt fall and a rise of the 2.5 ms levels, one of them abrupt, with
sound on both sides. Speech is full of them (stop consonants, glottal stops, creaky voice), so that each is described by
figures from which a classifier decides. All levels here are bytes of half decibels, as the frame table stores them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

LONGEST = 208
"""Subframes: holes up to 520 ms, so that one of 500 ms is whole wherever it lies on the grid."""

SHORTEST = 3
"""Subframes: a hole of 10 ms that does not lie on the grid covers three whole ones."""

LEAST_EDGE = 14
"""Half decibels that the level falls or rises by within three subframes: 7 dB, as GSM leaves holes 9 to 23 dB deep."""

CONTEXT = 64
"""Subframes on either side that the description of a hole takes in."""

FACTS = 126
"""Figures per hole."""

_UNHEARD = 100  # half decibels below speech under which nothing makes a difference
_LONG = 60  # subframes: natural stops are closed for 150 ms at most
_SETTLED = 10  # subframes from an edge after which a codec has settled
_STILL = 24  # half decibels over the inside's mean that it may leave then

_UNDER_FLOOR = 12  # half decibels under the noise floor at which noise is rarely met in 2.5 ms

_BANDS = 13  # up to 3400 Hz, which every telephone band has
_QUIETEST = 2 * 16  # half decibels below the channel's speech: quieter surroundings are a pause or its edge


@dataclass(frozen=True)
class Holes:
    """Holes of one stretch of one channel.

    Parameters
    ----------
    start, end
        int64, shape (holes,): first subframe inside, first one after.
    """

    start: NDArray[np.int64]
    end: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.start)


def find_holes(level: NDArray[np.uint8], *, speech: float) -> Holes:
    """Every hole whose fall or rise is abrupt.

    Parameters
    ----------
    level
        uint8, shape (subframes,): half decibels.
    speech
        The channel's speech level in the same unit.
    """
    start, end = _after_falls(level, speech)
    last, first = _after_falls(level[::-1], speech)
    size = len(level)
    keys = np.concatenate([start * 1024 + (end - start), (size - first) * 1024 + (first - last)])
    keys = np.unique(keys)
    start, end = keys // 1024, keys // 1024 + keys % 1024
    sudden = ~_slow(level, start, end, speech)
    return Holes(start[sudden], end[sudden])


def _slow(
    level: NDArray[np.uint8], start: NDArray[np.int64], end: NDArray[np.int64], speech: float
) -> NDArray[np.bool_]:
    """Whether a long hole still falls well after its start, or rises well before its end, as pauses of speech do."""
    if len(start) == 0:
        return np.zeros(0, dtype=np.bool_)
    heard = np.maximum(level.astype(np.float64), speech - _UNHEARD)
    sums = np.concatenate([[0.0], np.cumsum(heard)])
    mean = (sums[end] - sums[start]) / (end - start)
    four = sliding_window_view(np.pad(heard, 16, mode="edge"), 4)
    edges = np.maximum(four[start + _SETTLED + 16].max(axis=1), four[end - _SETTLED - 4 + 16].max(axis=1))
    return np.asarray((end - start > _LONG) & (edges > mean + _STILL))


def _after_falls(level: NDArray[np.uint8], speech: float) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Holes that begin with an abrupt fall: starts and ends."""
    none = np.zeros(0, dtype=np.int64)
    if len(level) < 16:
        return none, none
    size = len(level)
    signed = level.astype(np.int16)
    pair = np.maximum(signed[:-1], signed[1:])
    before = np.maximum(pair[:-2], pair[2:])  # [i]: greatest of i to i+3
    after = np.maximum(pair[:-1], signed[2:])  # [i]: greatest of i to i+2
    # fall[j] is the fall at subframe k = j + 4: from the four before it to the three after it.
    count = size - 8 + 1
    before = before[:count]
    fall = before - after[5 : 5 + count]
    peak = np.zeros(count, dtype=np.bool_)
    peak[1:-1] = (fall[1:-1] >= LEAST_EDGE) & (fall[1:-1] > fall[:-2]) & (fall[1:-1] >= fall[2:])
    peak &= before >= speech - _QUIETEST
    j = np.flatnonzero(peak)
    if len(j) == 0:
        return none, none
    threshold = before[j] - np.maximum(fall[j] // 2, 8)
    inside = j + 4 + (signed[j + 4] > threshold)
    padded = np.concatenate([signed, np.full(LONGEST + 2, 1000, dtype=np.int16)])
    above = sliding_window_view(padded, LONGEST + 1)[inside] > threshold[:, None]
    length = above.argmax(axis=1)
    end = inside + length
    good = (length >= SHORTEST) & (length <= LONGEST) & (end < size - 1)
    inside, end = inside[good], end[good]
    # The rise, less strictly: within four subframes by half the least edge, to something that is not a pause.
    rise_to = sliding_window_view(padded, 5)[end].max(axis=1)
    rise_from = sliding_window_view(padded, 2)[end - 3].max(axis=1)
    good = (rise_to - rise_from >= LEAST_EDGE // 2) & (rise_to >= speech - _QUIETEST) & (rise_to < 1000)
    return inside[good], end[good]


def describe(
    level: NDArray[np.uint8], bands: NDArray[np.uint8], holes: Holes, *, speech: float, floor: float
) -> NDArray[np.float32]:
    """What each hole looks like.

    Parameters
    ----------
    level
        uint8, shape (subframes,): half decibels.
    bands
        uint8, shape (band frames, 16): half decibels, of the same stretch.
    holes
        The holes.
    speech, floor
        The channel's speech level and noise floor, half decibels.

    Returns
    -------
    ndarray
        float32, shape (holes, `FACTS`), about -3 to 3 each.
    """
    start, end = holes.start, holes.end
    if len(holes) == 0:
        return np.zeros((0, FACTS), dtype=np.float32)
    lowest = max(speech - _UNHEARD, 0)
    padded = np.maximum(np.pad(level, CONTEXT, mode="edge").astype(np.float32), np.float32(lowest))
    a, b = start + CONTEXT, end + CONTEXT
    before = sliding_window_view(padded, 4)[a - 4].max(axis=1)
    after = sliding_window_view(padded, 5)[b].max(axis=1)
    around = np.minimum(before, after)
    ref = around[:, None]
    falling = _relative(sliding_window_view(padded, 28)[a - 16], ref)
    rising = _relative(sliding_window_view(padded, 28)[b - 12], ref)

    sums = np.cumsum(np.concatenate([[0.0], padded], dtype=np.float64))
    squares = np.cumsum(np.concatenate([[0.0], np.square(padded)], dtype=np.float64))
    low, high = a + 1, np.maximum(b - 1, a + 2)
    mean = (sums[high] - sums[low]) / (high - low)
    spread = np.sqrt(np.maximum((squares[high] - squares[low]) / (high - low) - mean**2, 0))
    # reduceat reduces from each index to the next: every other of its answers is one hole's.
    bounds = np.stack([low, high], axis=1).reshape(-1)
    greatest = np.maximum.reduceat(padded, bounds)[::2]
    least = np.minimum.reduceat(padded, bounds)[::2]

    # A hole of zeros lies under the channel's own noise floor, even where a codec's decay or noise covers part of it.
    bare = np.pad(level, CONTEXT, mode="edge").astype(np.float32)
    under = np.concatenate([[0], np.cumsum(bare < floor - _UNDER_FLOOR)])
    share = (under[high] - under[low]) / (high - low)
    bottom = np.minimum.reduceat(bare, bounds)[::2]
    on_rise = sliding_window_view(bare, 4)[b - 6].min(axis=1)
    on_fall = sliding_window_view(bare, 4)[a + 2].min(axis=1)

    # 10 ms levels further out, and bands before, inside and after.
    far_before = _relative(sliding_window_view(padded, 48)[a - 64].reshape(-1, 6, 8).mean(axis=2), ref)
    far_after = _relative(sliding_window_view(padded, 48)[b + 16 - 0].reshape(-1, 6, 8).mean(axis=2), ref)
    last = len(bands) - 1
    # Band frame i sees from 12 ms before its 20 ms to their end.
    i_before = np.clip(start // 8 - 1, 0, last)
    i_after = np.clip(-(-(end * 5 + 24) // 40), 0, last)
    i_inside = np.clip(((start + end) * 5 // 2 - 8 + 20) // 40, 0, last)
    spectrum = np.maximum(bands[:, :_BANDS].astype(np.float32), np.float32(lowest - 20))
    three = [spectrum[i] for i in (i_before, i_inside, i_after)]
    change = np.abs((three[0] - before[:, None]) - (three[2] - after[:, None])).mean(axis=1)

    length = (end - start).astype(np.float32)
    turn = 2 * np.pi * length
    single = np.stack(
        [
            (mean - around) / 30,
            (greatest - around) / 30,
            (least - around) / 30,
            spread / 10,
            np.log2(length) - 4,
            length / 50 - 1,
            np.cos(turn / 4),
            np.sin(turn / 4),
            np.cos(turn / 8),
            np.sin(turn / 8),
            np.clip((before - after) / 20, -3, 3),
            np.clip((around - speech) / 20, -3, 3),
            np.clip((mean - floor) / 30, -3, 3),
            np.clip((floor - around) / 30 + 2, -3, 3),
            np.clip(change / 10 - 1, -3, 3),
            share,
            np.clip((bottom - floor) / 20, -3, 3),
            np.clip((on_rise - floor) / 20, -3, 3),
            np.clip((on_fall - floor) / 20, -3, 3),
        ],
        axis=1,
    )
    facts = [falling, rising, far_before, far_after, *(_relative(s, ref) for s in three), single]
    return np.concatenate(facts, axis=1, dtype=np.float32)


def _relative(values: NDArray[np.float32], reference: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.clip((values - reference) / 30 + 1, -3, 2)
