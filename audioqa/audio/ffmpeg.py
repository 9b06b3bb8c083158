"""Reading by FFmpeg's libraries (PyAV): compressed audio, and whatever libsndfile does not know.

A file is opened by the demuxer that its signature names; FFmpeg never guesses, for it plays random bytes.
"""

from __future__ import annotations

import itertools
import os
import struct
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audioqa.audio.decoding import Decoding, block_length, implausible
from audioqa.audio.faults import DecodeFaults, shortfall
from audioqa.audio.resample import Resampler
from audioqa.audio.timeline import FrameReader, in_blocks, in_time
from audioqa.errors import UnreadableRecordingError
from audioqa.types import Finding

_BETTER_DECODERS = {"amrnb": "libopencore_amrnb", "amrwb": "libopencore_amrwb"}
"""FFmpeg's own AMR decoders refuse the frames of discontinuous transmission."""

_PROMISES = ("mov", "matroska", "asf", "flac", "wv", "ape", "tta", "avi", "wav", "caf")
"""Demuxers whose duration is what the header says, and not an estimate from the size of the file."""

_OPUS_RATE = 48_000

_PADDING = 0.3
"""Seconds by which a promised duration may exceed what decodes: encoder delay plus a frame."""


def open_by_ffmpeg(
    path: str,
    *,
    demuxer: str,
    container: str,
    demuxer_options: Mapping[str, str] | None = None,
) -> Decoding:
    """Open a file with FFmpeg.

    Parameters
    ----------
    path
        The file.
    demuxer
        FFmpeg's name of the container.
    container
        The container's name in reports.
    demuxer_options
        What a demuxer of headerless files must be told.

    Raises
    ------
    UnreadableRecordingError
        FFmpeg does not take it, it has no audio track, or nothing in it decodes.
    """
    import av

    try:
        # The prefix keeps a file named like "concat:..." from being taken for a protocol.
        source = av.open(
            f"file:{Path(path).absolute()}",
            format=demuxer,
            options=dict(demuxer_options or {}),
            metadata_errors="replace",
        )
    except (av.error.FFmpegError, ValueError) as refusal:
        words = getattr(refusal, "strerror", None) or str(refusal)
        cause = f"it begins as {container} but does not go on so ({words})"
        if demuxer == "mov" and not _has_index(path):
            cause = "this MP4 was never finished: its index (moov), written when the call ends, is missing"
        raise UnreadableRecordingError(path, cause) from None
    try:
        return _open_track(path, source, demuxer=demuxer, container=container)
    except BaseException:
        source.close()
        raise


def _open_track(path: str, source: Any, *, demuxer: str, container: str) -> Decoding:
    import av

    tracks = source.streams.audio
    if not tracks:
        raise UnreadableRecordingError(path, f"this {container} file has no audio track")
    track = tracks[0]
    if track.codec_context is None:
        raise UnreadableRecordingError(path, f"no decoder at hand knows the coding of its audio track ({container})")
    codec = track.codec_context.codec.canonical_name
    faults = DecodeFaults()
    try:
        decoder = _decoder(track)
        reader = FrameReader(source, track, decoder, faults)
        frames = reader.frames()
        first = next(frames, None)
    except (av.error.FFmpegError, ValueError) as refusal:
        raise UnreadableRecordingError(
            path, f"its audio ({codec} in {container}) cannot be decoded: {refusal}"
        ) from None
    if first is None:
        raise UnreadableRecordingError(path, f"it is {codec} in {container}, but no sound can be decoded from it")
    wrong = implausible(reader.rate, reader.channel_count)
    if wrong:
        raise UnreadableRecordingError(path, wrong)
    rate = _coded_rate(decoder, reader.rate)
    expected = _expected(source, track, rate=rate)
    length = None if expected is None else expected * reader.rate // rate
    delivered = [0]
    placed = in_time(
        itertools.chain([first], frames),
        rate=reader.rate,
        start=0 if demuxer == "flac" else None,
        length=length,
        faults=faults,
    )

    def resampled() -> Iterator[NDArray[np.float32]]:
        resampler = Resampler(reader.rate, rate, channels=reader.channel_count)
        for block in in_blocks(placed, rate=reader.rate, channel_count=reader.channel_count):
            yield resampler.push(block)
        yield resampler.push(np.zeros((0, reader.channel_count), np.float32), last=True)

    def blocks() -> Iterator[NDArray[np.float32]]:
        size = block_length(rate, reader.channel_count)
        for ready in resampled():
            delivered[0] += len(ready)
            for at in range(0, len(ready), size):
                yield ready[at : at + size]

    def findings() -> tuple[Finding, ...]:
        several: tuple[Finding, ...] = ()
        if len(tracks) > 1:
            message = f"The file has {len(tracks)} audio tracks; the first was read."
            several = (Finding("several-tracks", message, "notice", {"tracks": len(tracks)}),)
        promised = expected if demuxer in _PROMISES else None
        return (*faults.findings(reader.rate), *several, *shortfall(delivered[0], promised, rate, tolerance=_PADDING))

    return Decoding(
        container=container,
        codec=codec,
        sample_rate=rate,
        channel_count=reader.channel_count,
        expected_samples=expected,
        unbounded=first.samples.dtype not in (np.uint8, np.int16),
        blocks=blocks(),
        findings=findings,
        close=source.close,
    )


def _has_index(path: str) -> bool:
    """Say whether an MP4 has a ``moov`` box (ISO/IEC 14496-12, 4.2), without which nothing in it can be found."""
    with Path(path).open("rb") as stream:
        size = stream.seek(0, os.SEEK_END)
        at = 0
        while at + 8 <= size:
            stream.seek(at)
            head = stream.read(16)
            length = int.from_bytes(head[:4], "big")
            if head[4:8] == b"moov":
                return True
            if length == 1:
                length = int.from_bytes(head[8:16], "big")
            if length < 8:
                return False
            at += length
    return False


def _decoder(track: Any) -> Any:
    """Return the codec context to decode a track with."""
    import av

    decoder: Any = track.codec_context
    better = _BETTER_DECODERS.get(decoder.name)
    if better in av.codecs_available:
        decoder = av.CodecContext.create(better, "r")
        decoder.sample_rate = track.codec_context.sample_rate
        decoder.layout = "mono"
    if decoder.name == "flac":
        # Without this a frame whose checksum fails is played as if it were sound.
        decoder.options = {"err_detect": "crccheck+explode"}
    decoder.thread_count = 1
    return decoder


def _coded_rate(decoder: Any, rate: int) -> int:
    """Return the rate that went into the encoder: Opus decodes to 48 kHz whatever it was (RFC 7845, 5.1)."""
    head = decoder.extradata or b""
    if decoder.name in ("opus", "libopus") and rate == _OPUS_RATE and head[:8] == b"OpusHead" and len(head) >= 16:
        original = int(struct.unpack("<I", head[12:16])[0])
        if original in (8000, 12000, 16000, 24000):
            return original
    return rate


def _expected(source: Any, track: Any, *, rate: int) -> int | None:
    """Return the samples that the container promises or FFmpeg estimates, None where neither is had."""
    if track.duration and track.duration > 0 and track.time_base:
        return int(track.duration * track.time_base * rate)
    return source.duration * rate // 1_000_000 if source.duration and source.duration > 0 else None
