"""Resampling by the SoX resampler (soxr), one stream a recording.

A stream carries the filter's state from block to block, so that blocks of any length give the samples
that one call over the whole recording would give, bit for bit, and the output is in step with the input
(soxr takes its own filter delay out).
"""

from __future__ import annotations

from typing import cast

import numpy as np
from numpy.typing import NDArray


class Resampler:
    """Resample all channels of one recording, block by block.

    Parameters
    ----------
    rate_in, rate_out
        Hz, at least 1. Equal rates pass every sample through unchanged.
    channels
        Number of channels, at least 1.

    Raises
    ------
    ValueError
        A rate or the channel count is below 1.

    Examples
    --------
    >>> double = Resampler(8000, 16000, channels=2)
    >>> double.push(np.zeros((800, 2), np.float32), last=True).shape
    (1600, 2)
    """

    def __init__(self, rate_in: int, rate_out: int, *, channels: int) -> None:
        if rate_in < 1 or rate_out < 1 or channels < 1:
            raise ValueError(
                f"rates and channels must be at least 1, not {rate_in} to {rate_out} Hz, {channels} channels"
            )
        self._channels = channels
        self._finished = False
        self._stream = None
        if rate_in != rate_out:
            import soxr

            self._stream = soxr.ResampleStream(rate_in, rate_out, channels, dtype="float32", quality="HQ")

    def push(self, block: NDArray[np.float32], *, last: bool = False) -> NDArray[np.float32]:
        """Hand in the next samples and take what has become ready.

        Parameters
        ----------
        block
            float32 ``(n, channels)``, n may be 0.
        last
            True with the recording's final block, which draws out the filter's tail; nothing may follow.

        Returns
        -------
        ndarray
            float32 ``(m, channels)``; m varies from call to call. All calls together return the input's
            length times ``rate_out / rate_in``, rounded.

        Raises
        ------
        ValueError
            `block` has another shape, or the last block has been handed in already.
        """
        if self._finished:
            raise ValueError("the last block has been handed in already; make a new Resampler for another recording")
        if block.ndim != 2 or block.shape[1] != self._channels:
            raise ValueError(f"a block of shape (n, {self._channels}) is needed, not {block.shape}")
        self._finished = last
        if self._stream is None:
            return block
        # soxr lets a strided or float64 array through unread, so it is given what it asked for.
        block = np.ascontiguousarray(block, dtype=np.float32)
        return cast("NDArray[np.float32]", self._stream.resample_chunk(block, last=last))
