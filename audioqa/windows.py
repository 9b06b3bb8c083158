"""Speech windows: what the estimator hears of a call.

Windows of 8 s start every 4 s, cut from the unedited signal; the last one ends with the recording, and a recording
shorter than a window is one window. A window is scored when it holds at least 3 s of speech, pauses under 2 s
counted in, because a dropout must not be gated away, and at least half of that without them. Audio is
kept only until its windows are decided, so that memory does not grow with the call.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audioqa.activity import segments
from audioqa.perceptual.estimator import RATE, WINDOW, Estimator, WindowOpinion
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
    estimator
        What scores them.
    channels
        Number of channels.
    frame
        Seconds per speech probability.
    """

    def __init__(self, estimator: Estimator, channels: int, *, frame: float) -> None:
        self._estimator = estimator
        self._frame = frame
        self._audio = np.zeros((0, channels), dtype=np.float32)
        self._offset = 0  # samples before the first one kept
        self._speech = np.zeros((0, channels), dtype=np.bool_)
        self._start = 0  # samples: where the next window starts
        self._waiting: list[tuple[int, Segment, float, NDArray[np.float32]]] = []
        self._scored: list[list[ScoredWindow]] = [[] for _ in range(channels)]

    def push(self, audio: NDArray[np.float32], probability: NDArray[np.float32], *, last: bool = False) -> None:
        """Take the next audio and the probabilities that became known.

        Parameters
        ----------
        audio
            float32, shape (n, channels), 16 kHz.
        probability
            float32, shape (frames, channels); may lag behind the audio.
        last
            True with the last of both.
        """
        self._audio = np.concatenate([self._audio, audio])
        self._speech = np.concatenate([self._speech, probability >= SPEECH_THRESHOLD])
        size, hop = round(WINDOW * RATE), round(HOP * RATE)
        end = self._offset + len(self._audio)
        known = round(len(self._speech) * self._frame * RATE)
        while self._start + size <= min(end, known):
            self._cut(self._start, self._start + size)
            self._start += hop
        if last:
            previous_end = self._start - hop + size
            if self._start == 0:
                self._cut(0, end)
            elif end - previous_end >= _SHORTEST_LAST * RATE:
                self._cut(end - size, end)
            self._score()
        # A last window may reach back one whole window from the end.
        keep = max(self._offset, min(self._start, end - size))
        self._audio = self._audio[keep - self._offset :]
        self._offset = keep

    def scored(self) -> tuple[tuple[ScoredWindow, ...], ...]:
        """The windows of each channel, in order of time."""
        return tuple(tuple(sorted(windows, key=lambda window: window.segment)) for windows in self._scored)

    def _cut(self, start: int, end: int) -> None:
        first, stop = round(start / RATE / self._frame), -(-end // round(RATE * self._frame))
        for channel in range(self._audio.shape[1]):
            active = self._speech[first:stop, channel]
            speech = float(np.count_nonzero(active)) * self._frame
            bridged = sum(s.duration for s in segments(active, frame=self._frame, pause=BRIDGED_PAUSE))
            if speech >= LEAST_ACTIVE and bridged >= LEAST_SPEECH:
                samples = self._audio[start - self._offset : end - self._offset, channel].copy()
                self._waiting.append((channel, Segment(start / RATE, end / RATE), speech, samples))
        if len(self._waiting) >= _BATCH:
            self._score()

    def _score(self) -> None:
        if not self._waiting:
            return
        opinions = self._estimator.score(np.stack([samples for _, _, _, samples in self._waiting]))
        for (channel, segment, speech, _), opinion in zip(self._waiting, opinions, strict=True):
            self._scored[channel].append(ScoredWindow(segment, speech, opinion))
        self._waiting.clear()
