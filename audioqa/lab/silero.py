"""Silero as a teacher of speech activity: how likely each 32 ms of each channel is speech.

The network is Silero VAD 6 (package ``silero-vad``, MIT) in its sequence form, which rates many frames
in one call. It is opened from its package by ONNX Runtime; importing the package would import torch.

The level is left as it is: of the frames found in read speech at -22 dBov, 98 % are still found at -42 dBov,
96 % at -52 dBov and 71 % at -62 dBov (``python -m audioqa.lab.networks``).
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from audioqa.errors import MeasurementError
from audioqa.perceptual.session import open_session
from audioqa.weights import SILERO, find_model

RATE = 16_000
"""Sampling rate of the input, Hz."""

_FRAME = 512
_CONTEXT = 64
"""Samples before a frame that the network sees with it."""

# Frames rated in one call, counted from the start of the recording so that the answer cannot depend on
# how the recording is cut into blocks. Throughput is flat from 16 to 256.
_RUN = 64


class SpeechActivity:
    """Streaming speech probability, one per 32 ms frame and channel, of 16 kHz input.

    Frame ``i`` covers ``i * 0.032 <= t < (i + 1) * 0.032``; the last one is completed with zeros. A
    frame whose samples are all exactly zero has probability 0.

    Parameters
    ----------
    channels
        Number of channels, at least 1.
    threads
        Threads that the network may use, at least 1.

    Raises
    ------
    WeightsError
        If the model is not installed.
    SettingsError
        If `threads` is below 1.
    """

    frame: Final = _FRAME / RATE

    def __init__(self, channels: int, *, threads: int = 1) -> None:
        self._session = open_session(find_model(SILERO), threads=threads)
        self._states = [(np.zeros((1, 1, 128), np.float32),) * 2 for _ in range(channels)]
        # The context and then the samples of one run, for each channel.
        self._samples = np.zeros((channels, _CONTEXT + _RUN * _FRAME), np.float32)
        self._filled = 0
        self._ended = False

    def push(self, block: NDArray[np.float32], *, last: bool = False) -> NDArray[np.float32]:
        """Take the next block and return the probabilities that became known.

        Parameters
        ----------
        block
            float32 in [-1, 1], shape ``(samples, channels)``, 16 kHz; may be empty. Samples beyond full
            scale are limited to it.
        last
            True with the last block of the recording.

        Returns
        -------
        ndarray
            float32 in [0, 1], shape ``(frames, channels)``, possibly no frames. After `last` there has
            been one frame for each 512 samples begun.

        Raises
        ------
        MeasurementError
            If the number of channels is another one, a sample is not a number, or the recording had ended.
        """
        if self._ended:
            raise MeasurementError("the recording had ended (last=True); make a new SpeechActivity for another one")
        if block.ndim != 2 or block.shape[1] != len(self._states):
            raise MeasurementError(f"a block must have shape (samples, {len(self._states)}), given {block.shape}")
        found = []
        done = 0
        while done < len(block):
            part = block[done : done + _RUN * _FRAME - self._filled]
            start = _CONTEXT + self._filled
            np.clip(part.T, -1, 1, out=self._samples[:, start : start + len(part)])
            self._filled += len(part)
            done += len(part)
            if self._filled == _RUN * _FRAME:
                found.append(self._rate(_RUN))
        if last:
            self._ended = True
            self._samples[:, _CONTEXT + self._filled :] = 0
            found.append(self._rate(-(-self._filled // _FRAME)))
        return np.concatenate([np.zeros((0, len(self._states)), np.float32), *found])

    def _rate(self, frames: int) -> NDArray[np.float32]:
        """Rate the first `frames` frames in the buffer and make it ready for the next run."""
        probability = np.zeros((frames, len(self._states)), np.float32)
        if np.isnan(self._samples).any():
            raise MeasurementError("samples must be numbers, given NaN")
        for channel, samples in enumerate(self._samples):
            seen = sliding_window_view(samples, _CONTEXT + _FRAME)[::_FRAME][:frames]
            if frames:
                hidden, cell = self._states[channel]
                speech, hidden, cell = self._session.run(
                    ["speech_probs", "hn", "cn"], {"input": seen, "h": hidden, "c": cell}
                )
                self._states[channel] = (hidden, cell)
                probability[:, channel] = np.where(seen[:, _CONTEXT:].any(axis=1), speech, 0)
        self._samples[:, :_CONTEXT] = self._samples[:, -_CONTEXT:]
        self._filled = 0
        return probability
