"""One channel of a recording as a tape: read forwards at any rate, with a little of the past kept."""

from __future__ import annotations

from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from audioqa.audio import OpenOptions, RecordingPath, Resampler, open_recording

_KEPT = 30.0  # seconds kept behind the latest start: more than a running lag can move between two windows


class Tape:
    """Samples of one channel by position, decoded and resampled as they are needed; use it in a ``with`` statement.

    Memory does not grow with the recording as long as the positions asked for move forwards.

    Parameters
    ----------
    path, options
        The recording and how to open it.
    channel
        Index of the channel, from 0.
    rate
        Hz at which the samples are wanted; equal to the file's own rate, they come unchanged.

    Raises
    ------
    UnreadableRecordingError
        Where the file yields no samples.
    """

    def __init__(self, path: RecordingPath, *, options: OpenOptions, channel: int, rate: int) -> None:
        self._opened = open_recording(path, options=options)
        self._blocks = self._opened.blocks()
        self._resampler = Resampler(self._opened.sample_rate, rate, channels=1)
        self._channel = channel
        self._rate = rate
        self._first = 0
        self._samples = np.zeros(0, np.float32)
        self._finished = False

    def __enter__(self) -> Tape:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._opened.close()

    def read(self, start: int, stop: int) -> NDArray[np.float32]:
        """Samples from `start` to before `stop`; zeros where the recording has none.

        Parameters
        ----------
        start, stop
            Samples at the tape's rate; `start` may go back by up to 30 s behind the largest one so far.

        Returns
        -------
        ndarray
            float32, shape ``(stop - start,)``.

        Raises
        ------
        ValueError
            Where `start` lies further back than what is kept.
        """
        if max(start, 0) < self._first:
            raise ValueError(f"samples before {self._first} are no longer kept, asked for {start}")
        self._drop(start - round(_KEPT * self._rate))
        parts = [self._samples]
        end = self._first + len(self._samples)
        while end < stop and not self._finished:
            block = next(self._blocks, None)
            self._finished = block is None
            fresh = np.zeros((0, 1), np.float32) if block is None else block[:, self._channel : self._channel + 1]
            parts.append(self._resampler.push(fresh, last=self._finished)[:, 0])
            end += len(parts[-1])
            if stop - end > 60 * self._rate:  # far from where reading begins: what has passed is not wanted
                self._samples, parts = np.concatenate(parts), []
                self._drop(start - round(_KEPT * self._rate))
                parts.append(self._samples)
        self._samples = np.concatenate(parts)
        out = np.zeros(stop - start, np.float32)
        low, high = max(start, self._first), min(stop, self._first + len(self._samples))
        if high > low:
            out[low - start : high - start] = self._samples[low - self._first : high - self._first]
        return out

    def _drop(self, position: int) -> None:
        """Forget what lies before a position."""
        passed = min(max(position - self._first, 0), len(self._samples))
        self._samples = self._samples[passed:].copy()
        self._first += passed
