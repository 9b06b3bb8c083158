"""Speech windows: what the estimator hears of a call.

Windows of 8 s start every 4 s, cut from the unedited signal; the last one ends with the recording, and a recording
shorter than a window is one window. A window is scored when it holds at least 3 s of speech, pauses under 2 s
counted in, because a dropout must not be gated away, and at least half of that without them. What a window is made of
(audio at 16 kHz, or the sums that `audioqa.perceptual.callmos` makes of every 0.4 s) is kept only until its windows
are decided, so that memory does not grow with the call.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audioqa.activity import segments
from audioqa.perceptual.estimator import RATE, WINDOW, WindowOpinion
from audioqa.types import Segment

HOP = 4.0
"""Seconds from one window to the next."""

SPEECH_THRESHOLD = 0.5
"""Probability from which a frame is speech (the network's own default)."""

BRIDGED_PAUSE = 2.0
"""Seconds: shorter pauses belong to the turn around them."""

LEAST_SPEECH = 3.0
"""Seconds of speech, bridged, that a window needs."""

LEAST_ACTIVE = 1.5
"""Seconds of speech, unbridged, that a window needs."""

_BATCH = 8  # windows handed over at once: 4 MB
_SHORTEST_LAST = 0.5  # s: a last window that adds less than this to the one before says nothing new


@dataclass(frozen=True)
class ScoredWindow:
    """One window, the seconds of active speech in it, and the estimator's opinion on its own scale."""

    segment: Segment
    speech: float
    opinion: WindowOpinion


class SpeechWindows:
    """Collects windows of every channel from a stream and has them scored.

    Parameters
    ----------
    score
        Rates windows of one channel, shape (count, window, ...), in order.
    channels
        Number of channels.
    frame
        Seconds per speech probability.
    rate
        Values a second of what windows are cut from, for each channel.
    """

    def __init__(
        self,
        score: Callable[[NDArray[np.float32]], list[WindowOpinion]],
        channels: int,
        *,
        frame: float,
        rate: float = RATE,
    ) -> None:
        self._rate_windows = score
        self._frame = frame
        self._rate = rate
        self._kept: NDArray[np.float32] | None = None
        self._offset = 0  # values before the first one kept
        self._speech = np.zeros((0, channels), dtype=np.bool_)
        self._start = 0  # values: where the next window starts
        self._waiting: list[tuple[int, Segment, float, NDArray[np.float32]]] = []
        self._scored: list[list[ScoredWindow]] = [[] for _ in range(channels)]

    def push(self, values: NDArray[np.float32], probability: NDArray[np.float32], *, last: bool = False) -> None:
        """Take the next values and the probabilities that became known.

        Parameters
        ----------
        values
            float32, shape (n, channels, ...): samples at 16 kHz, or whatever `score` takes.
        probability
            float32, shape (frames, channels); may lag behind the values.
        last
            True with the last of both.
        """
        self._kept = values if self._kept is None else np.concatenate([self._kept, values])
        self._speech = np.concatenate([self._speech, probability >= SPEECH_THRESHOLD])
        size, hop = round(WINDOW * self._rate), round(HOP * self._rate)
        end = self._offset + len(self._kept)
        known = round(len(self._speech) * self._frame * self._rate)
        while self._start + size <= min(end, known):
            self._cut(self._kept, self._start, self._start + size)
            self._start += hop
        if last:
            previous_end = self._start - hop + size
            if self._start == 0:
                self._cut(self._kept, 0, end)
            elif end - previous_end >= _SHORTEST_LAST * self._rate:
                self._cut(self._kept, end - size, end)
            self._score()
        # A last window may reach back one whole window from the end.
        keep = max(self._offset, min(self._start, end - size))
        self._kept = self._kept[keep - self._offset :].copy()
        self._offset = keep

    def scored(self) -> tuple[tuple[ScoredWindow, ...], ...]:
        """The windows of each channel, in order of time."""
        return tuple(tuple(sorted(windows, key=lambda window: window.segment)) for windows in self._scored)

    def _cut(self, kept: NDArray[np.float32], start: int, end: int) -> None:
        segment = Segment(start / self._rate, end / self._rate)
        # 1e-6: a whole number of frames must not become one more.
        first, stop = round(segment.start / self._frame), math.ceil(segment.end / self._frame - 1e-6)
        for channel in range(kept.shape[1]):
            active = self._speech[first:stop, channel]
            speech = float(np.count_nonzero(active)) * self._frame
            bridged = sum(s.duration for s in segments(active, frame=self._frame, pause=BRIDGED_PAUSE))
            if speech >= LEAST_ACTIVE and bridged >= LEAST_SPEECH:
                window = kept[start - self._offset : end - self._offset, channel].copy()
                self._waiting.append((channel, segment, speech, window))
        if len(self._waiting) >= _BATCH:
            self._score()

    def _score(self) -> None:
        if not self._waiting:
            return
        opinions = self._rate_windows(np.stack([window for _, _, _, window in self._waiting]))
        for (channel, segment, speech, _), opinion in zip(self._waiting, opinions, strict=True):
            self._scored[channel].append(ScoredWindow(segment, speech, opinion))
        self._waiting.clear()
