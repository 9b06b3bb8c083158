"""Packets that may have been played twice, and what each of them looks like, from the frame table alone.

A packet of 20 ms that stands for a lost one has the levels of the packet before it. A codec that comes after it leaves
nothing exact, but the levels of the eight subframes still agree with those 20 ms earlier, for just that long, and begin
to differ at both of its edges. A steady vowel agrees as well, but goes on agreeing.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from audioqa.frames import FrameTable

PACKET = 8
"""Subframes in 20 ms."""

LIKE = 5.0
"""dB by which the levels of a packet and the one before may differ on the average."""

_BEFORE, _AFTER = 12, 20  # subframes looked at from the beginning of a packet
_MARGIN = 24  # subframes at both ends of a recording that are left out
_FRAMES = np.arange(-1, 4)

FACTS = 2 * (_BEFORE + _AFTER) + 3 + 3 * len(_FRAMES) + 4 + 4
"""Figures that describe a packet."""


def find_twins(frames: FrameTable, least: float) -> NDArray[np.int64]:
    """Subframes at which a packet may begin that was played twice.

    Parameters
    ----------
    frames
        The channel's.
    least
        dBov that both halves of a packet have at their loudest.
    """
    level = frames.power.reshape(-1)
    if len(level) < 2 * _MARGIN + PACKET:
        return np.zeros(0, dtype=np.int64)
    low = max(0, round(2 * (least + 127.5)))
    loud = frames.power.max(axis=1) >= low
    loud[:-1] |= loud[1:]  # of the frame in which a packet begins and the next, one is loud
    found = (4 * np.flatnonzero(loud)[:, None] + np.arange(4)).reshape(-1)
    found = found[(found >= _MARGIN) & (found < len(level) - _MARGIN)]
    differs = np.maximum(level[PACKET:], level[:-PACKET]) - np.minimum(level[PACKET:], level[:-PACKET])
    apart = differs.astype(np.int32)  # of the packet that begins `PACKET` subframes later
    for shift in (1, 2, 4):
        apart = apart[:-shift] + apart[shift:]
    found = found[apart[found - PACKET] <= 2 * LIKE * PACKET]
    for half in (0, PACKET // 2):
        loudest = level[found + half]
        for k in range(1, PACKET // 2):
            np.maximum(loudest, level[found + half + k], out=loudest)
        found = found[loudest >= low]
    here = apart[found - PACKET]
    lowest = np.ones(len(found), dtype=bool)
    for step in (1, 2, 3, 4):
        lowest &= (here <= apart[found - PACKET + step]) & (here < apart[found - PACKET - step])
    chosen: NDArray[np.int64] = found[lowest]
    return chosen


def describe(frames: FrameTable, twins: NDArray[np.int64]) -> NDArray[np.float32]:
    """What each packet and its surroundings look like, float32, shape (packets, FACTS)."""
    level = frames.power.reshape(-1)
    around = twins[:, None] + np.arange(-_BEFORE, _AFTER)
    here = level[around].astype(np.float32) / 2
    apart = np.abs(here - level[around - PACKET].astype(np.float32) / 2)
    inside = slice(_BEFORE, _BEFORE + PACKET)
    mean = here[:, inside].mean(axis=1, keepdims=True)
    other = [
        np.abs(here[:, inside] - level[around[:, inside] - shift].astype(np.float32) / 2).mean(axis=1)
        for shift in (PACKET // 2, 3 * PACKET // 2)
    ]
    places = np.clip(twins[:, None] // 4 + _FRAMES, 0, len(frames) - 1)
    band = np.clip(twins[:, None] // PACKET + np.arange(-2, 3), 0, len(frames.bands) - 1)
    bands = frames.bands[band].astype(np.float32) / 2
    facts = [
        (here - mean) / 3,
        apart / 3,
        apart[:, inside].mean(axis=1, keepdims=True),
        np.stack(other, axis=1),
        frames.similarity[places] / np.float32(25.5),
        (frames.lag[places] == 20).astype(np.float32),
        frames.bends[places, 1] / np.float32(20),
        np.abs(bands[:, 1:] - bands[:, :-1]).mean(axis=2),
        (twins[:, None] % 4 == np.arange(4)).astype(np.float32),
    ]
    return np.concatenate(facts, axis=1, dtype=np.float32)
