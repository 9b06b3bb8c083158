"""Decoded frames laid out in time.

Containers give each frame a time stamp. Where a frame could not be decoded, or a recorder left frames out
because they were lost or nobody spoke, the stamps jump; silence of that length goes there, so that
everything after it stays where it was in the call.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audioqa.audio.decoding import block_length
from audioqa.audio.faults import DecodeFaults

_JUMP = 0.015
"""Seconds. Containers round stamps to a millisecond and live recorders let them jitter; the shortest frame
that a call leaves out lasts 20 ms."""

_LONGEST_GAP = 600.0
"""Seconds; a longer jump is a damaged stamp unless the file's duration bears it out."""


@dataclass(frozen=True)
class Frame:
    """One decoded frame: ``(n, channels)`` in the decoder's own type, and its place in samples, if stamped."""

    samples: NDArray[Any]
    place: int | None
    after_fault: bool


class FrameReader:
    """Decode one audio stream of an open FFmpeg container, past frames that are broken.

    Parameters
    ----------
    source, stream, decoder
        PyAV's container, its stream, and the codec context to decode with.
    faults
        Where complaints are counted.
    """

    def __init__(self, source: Any, stream: Any, decoder: Any, faults: DecodeFaults) -> None:
        self._source, self._stream, self._decoder, self._faults = source, stream, decoder, faults
        self.rate = 0
        self.channel_count = 0

    def frames(self) -> Iterator[Frame]:
        """Yield frames; `rate` and `channel_count` are those of the first, and others do not come through."""
        import av

        after_fault = False
        for packet in self._packets():
            try:
                decoded = self._decoder.decode(packet)
            except (av.error.FFmpegError, EOFError):
                if packet.size:
                    self._faults.bad_frames += 1
                    after_fault = True
                continue
            for frame in decoded:
                rate, channel_count = frame.sample_rate, frame.layout.nb_channels
                if not self.rate:
                    self.rate, self.channel_count = rate, channel_count
                if (rate, channel_count) != (self.rate, self.channel_count):
                    self._faults.bad_frames += 1
                    after_fault = True
                    continue
                samples = frame.to_ndarray()
                samples = samples.T if frame.format.is_planar else samples.reshape(-1, channel_count)
                place = None
                if frame.pts is not None and frame.time_base:
                    place = round(frame.pts * frame.time_base * rate)
                if len(samples):
                    yield Frame(samples, place, after_fault)
                    after_fault = False

    def _packets(self) -> Iterator[Any]:
        import av

        packets = self._source.demux(self._stream)
        while True:
            try:
                packet = next(packets)
            except StopIteration:
                return
            except (av.error.FFmpegError, EOFError) as complaint:
                self._faults.stopped = f"FFmpeg says {getattr(complaint, 'strerror', None) or complaint}"
                return
            yield packet


def in_time(
    frames: Iterator[Frame], *, rate: int, start: int | None, length: int | None, faults: DecodeFaults
) -> Iterator[NDArray[Any]]:
    """Put silence where frames are missing.

    Parameters
    ----------
    frames
        All with the same channels and type.
    rate
        Hz.
    start
        Stamp of the recording's first sample, where it is known and stamps are exact; None to begin with the
        first frame wherever it is stamped, and to let stamps jitter.
    length
        Samples that the file promises, if any.
    faults
        Where silence is counted.

    Yields
    ------
    ndarray
        ``(n, channels)``.
    """
    end = start
    for frame in frames:
        samples, place = frame.samples, frame.place
        if place is not None and end is not None:
            jump = place - end
            believed = jump <= _LONGEST_GAP * rate or (length is not None and place <= length)
            if believed and jump > (0 if frame.after_fault or start is not None else _JUMP * rate):
                faults.filled += jump
                if start is not None and not frame.after_fault:
                    faults.bad_frames += 1  # exact stamps leave nothing out but what was dropped as broken
                for at in range(0, jump, rate):
                    yield np.full((min(rate, jump - at), samples.shape[1]), _silence(samples.dtype), samples.dtype)
        if place is not None:
            end = place + len(frame.samples)
        elif end is not None:
            end += len(frame.samples)
        yield samples


def in_blocks(pieces: Iterator[NDArray[Any]], *, rate: int, channel_count: int) -> Iterator[NDArray[np.float32]]:
    """Join pieces to float32 blocks ``(n, channels)`` of at most a block's length."""
    size = block_length(rate, channel_count)
    waiting: list[NDArray[Any]] = []
    count = 0
    for piece in pieces:
        for at in range(0, len(piece), size):
            part = piece[at : at + size]
            if count + len(part) > size:
                yield _to_float(np.concatenate(waiting))
                waiting, count = [], 0
            waiting.append(part)
            count += len(part)
    if waiting:
        yield _to_float(np.concatenate(waiting))


def _silence(kind: np.dtype[Any]) -> int:
    return 128 if kind == np.uint8 else 0


def _to_float(samples: NDArray[Any]) -> NDArray[np.float32]:
    """Scale integers of any width to [-1, 1); floating point stays as it is."""
    if samples.dtype == np.uint8:
        return (samples.astype(np.float32) - np.float32(128.0)) * np.float32(1 / 128)
    if samples.dtype.kind == "i":
        scale = np.float32(2.0 ** (1 - 8 * samples.dtype.itemsize))
        return samples.astype(np.float32, order="C") * scale
    return np.ascontiguousarray(samples, dtype=np.float32)
