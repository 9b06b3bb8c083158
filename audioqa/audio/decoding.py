"""What a reader hands over: a file that is open, what it says of itself, and its samples to come."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audioqa.types import Finding

BLOCK_SECONDS = 10.0
"""Longest block, in seconds: long enough that the work per block outweighs Python's, short enough for any cache."""

BLOCK_VALUES = 2**21
"""Largest block, in samples times channels (8 MiB of float32): bounds memory on many channels and high rates."""

MOST_CHANNELS = 64
"""More than any call platform records; a header that says more is taken for a damaged one."""

LOWEST_RATE, HIGHEST_RATE = 1000, 768_000
"""Hz; a rate outside is taken for a damaged header."""


@dataclass(frozen=True)
class Decoding:
    """An open file, whichever library reads it.

    Parameters
    ----------
    container, codec
        As `audioqa.types.Recording` has them.
    sample_rate
        Hz.
    channel_count
        Channels in the file.
    expected_samples
        Samples per channel that the file promises or lets one work out, None where it does neither.
    unbounded
        True where samples can be not-a-number or beyond full scale: floating-point files and codecs.
    blocks
        float32 ``(n, channels)``, in order, once.
    findings
        What the decoder complained about; complete once `blocks` is exhausted.
    close
        Let go of the file; may be called twice.
    """

    container: str
    codec: str
    sample_rate: int
    channel_count: int
    expected_samples: int | None
    unbounded: bool
    blocks: Iterator[NDArray[np.float32]]
    findings: Callable[[], tuple[Finding, ...]]
    close: Callable[[], None]


def block_length(rate: int, channel_count: int) -> int:
    """Samples per channel of a full block at `rate` Hz, at least 1."""
    return max(1, min(int(BLOCK_SECONDS * rate), BLOCK_VALUES // channel_count))


def implausible(rate: int, channel_count: int) -> str:
    """Say what no call recording has, in one clause, or return an empty string where all is well."""
    if channel_count < 1:
        return "its header says 0 channels"
    if channel_count > MOST_CHANNELS:
        return f"its header says {channel_count} channels; more than {MOST_CHANNELS} are taken for a damaged header"
    if not LOWEST_RATE <= rate <= HIGHEST_RATE:
        return f"its header says {rate} Hz; outside {LOWEST_RATE} to {HIGHEST_RATE} Hz it is taken for damaged"
    return ""
