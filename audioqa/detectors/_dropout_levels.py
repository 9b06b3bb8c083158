"""Levels of one channel as the dropout detector sees them: half decibels, with the channel's speech level and floor."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audioqa.frames import SUBFRAME
from audioqa.measure import ChannelMeasurements
from audioqa.types import ActiveLevel


@dataclass(frozen=True)
class ChannelLevels:
    """Levels of one channel in half decibels: each subframe, speech, and the noise floor."""

    level: NDArray[np.uint8]
    speech: float
    floor: float

    def greatest(self, start: float, end: float) -> int:
        """Greatest level from `start` to `end`, seconds; 0 outside the recording."""
        stretch = self.level[max(0, int(start / SUBFRAME)) : max(0, int(end / SUBFRAME) + 1)]
        return int(stretch.max()) if len(stretch) else 0

    @staticmethod
    def of(channel: ChannelMeasurements) -> ChannelLevels | None:
        """The levels, or None where the channel holds nothing."""
        power = channel.frames.power
        if len(power) < 10:
            return None
        counts = np.bincount(power[:, 1], minlength=256)
        share = np.cumsum(counts) / counts.sum()
        tenth, ninetieth = (int(np.searchsorted(share, part)) for part in (0.1, 0.9))
        speech = 2 * (channel.level.level + 127.5) if isinstance(channel.level, ActiveLevel) else float(ninetieth)
        if speech < 2 * (127.5 - 70):
            return None
        return ChannelLevels(power.reshape(-1), speech, max(float(tenth), 2 * (127.5 - 75)))


def fill_of(inside: NDArray[np.uint8], floor: float) -> str:
    """What a hole was filled with, by its levels."""
    values = inside.astype(np.float32)
    third = max(1, len(values) // 3)
    if len(values) >= 16 and float(values[:third].mean() - values[-third:].mean()) > 2 * 10:
        return "fade"
    middle = values[1:-1] if len(values) > 2 else values
    if float(middle.max()) < 2 * (127.5 - 75):
        return "zero"
    return "comfort noise" if float(middle.std()) < 2 * 4 and float(middle.mean()) < floor + 2 * 15 else "low level"
