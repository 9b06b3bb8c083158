"""One channel through callmos's network over time, in chunks that add up to one whole run.

A chunk is run with the rows that it hears to either side, so that what is kept of it is what one run over everything
would give. At the ends of the recording there are no such rows, and the convolutions see zeros as in one run.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audioqa.errors import MeasurementError
from audioqa.perceptual.callmos_features import FEATURES, features
from audioqa.perceptual.callmos_layout import CONTEXT, KINDS, ROWS, SPEECH, SUMS

FramesRun = Callable[[NDArray[np.uint8]], tuple[NDArray[np.float32], NDArray[np.float32]]]
"""Rows (T, 80), T a multiple of 20, to logits of the kinds (T, 5) and sums (T / 20, 258)."""

LONG_CHUNK = 3000
"""Rows at a time, 60 s: 8 % is run twice."""

SHORT_CHUNK = 500
"""Rows at a time, 10 s, where audio waits for the answer."""


@dataclass(frozen=True)
class Heard:
    """What became known of a channel.

    Parameters
    ----------
    speech
        float32, shape (n,): probability of speech, one per 20 ms.
    kinds
        uint8, shape (n,): the likeliest of `KINDS`.
    sums
        float32, shape (bins, 258): one row for each whole 0.4 s.
    """

    speech: NDArray[np.float32]
    kinds: NDArray[np.uint8]
    sums: NDArray[np.float32]


class CallMosStream:
    """Takes the feature rows of one channel as they come; the answers do not depend on the blocks.

    Parameters
    ----------
    run
        The network over time.
    chunk
        Rows run at a time, a multiple of 20. The answers lag by up to so many rows and 2.4 s.

    Raises
    ------
    MeasurementError
        Where `chunk` is no positive multiple of 20.
    """

    def __init__(self, run: FramesRun, *, chunk: int = LONG_CHUNK) -> None:
        if chunk < ROWS or chunk % ROWS:
            raise MeasurementError(f"a chunk must be a multiple of {ROWS} rows, given {chunk}")
        self._run = run
        self._chunk = chunk
        self._blocks: list[NDArray[np.uint8]] = []
        self._first = 0  # the recording's row that the blocks kept start with
        self._known = 0  # rows taken in all
        self._told = 0  # rows answered; a multiple of 20 until the end

    def push(self, rows: NDArray[np.uint8], *, last: bool = False) -> Heard:
        """Take the next rows and return what became known.

        Parameters
        ----------
        rows
            uint8, shape (n, 80), of `audioqa.perceptual.callmos_features`; may be empty.
        last
            True with the last rows of the recording. Up to 19 of them that fill no 0.4 s get kinds, but no sums.
        """
        self._blocks.append(rows)
        self._known += len(rows)
        answers = []
        while self._known >= self._told + self._chunk + CONTEXT:
            answers.append(self._answer(self._told + self._chunk))
        if last and self._told < self._known:
            answers.append(self._answer(self._known))
        return Heard(
            np.concatenate([np.zeros(0, np.float32), *(heard.speech for heard in answers)]),
            np.concatenate([np.zeros(0, np.uint8), *(heard.kinds for heard in answers)]),
            np.concatenate([np.zeros((0, SUMS), np.float32), *(heard.sums for heard in answers)]),
        )

    def _answer(self, stop: int) -> Heard:
        """Run rows up to `stop` and forget what no later chunk hears."""
        kept = np.concatenate(self._blocks)
        start = self._told
        low, high = max(0, start - CONTEXT), min(self._known, stop + CONTEXT)
        logits, sums = self._run(whole_bins(kept[low - self._first : high - self._first]))
        logits = logits[start - low : stop - low]
        self._told = stop
        forget = max(0, stop - CONTEXT)
        self._blocks = [kept[forget - self._first :]]
        self._first = forget
        return Heard(
            speech_probability(logits),
            logits.argmax(axis=1).astype(np.uint8),
            sums[(start - low) // ROWS : (stop - low) // ROWS],
        )


def whole_bins(rows: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Rows followed by digital silence up to a multiple of 20, at least 20."""
    missing = max(ROWS - len(rows), -len(rows) % ROWS)
    return np.concatenate([rows, np.repeat(_silence(), missing, axis=0)]) if missing else np.ascontiguousarray(rows)


def speech_probability(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Softmax over the kinds, of speech: float32, shape (n,), of logits of shape (n, 5)."""
    weight = np.exp(logits - logits.max(axis=1, keepdims=True))
    share: NDArray[np.float32] = weight[:, SPEECH] / weight.sum(axis=1)
    return share


def heard_instead(kinds: NDArray[np.uint8], *, frame: float) -> dict[str, float]:
    """Seconds of every kind of `KINDS` in rows of `frame` seconds each."""
    counts = np.bincount(kinds, minlength=len(KINDS))
    return {name: float(count) * frame for name, count in zip(KINDS, counts, strict=True)}


def _silence() -> NDArray[np.uint8]:
    """The row of digital silence, shape (1, 80)."""
    return features(np.zeros(160, np.float32), 8000).reshape(1, FEATURES)
