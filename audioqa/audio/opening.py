"""Opening a call recording, whatever it is: choose a reader by the file's bytes, and guard what it delivers."""

from __future__ import annotations

import hashlib
import itertools
import os
import stat
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from audioqa.audio import ffmpeg, sndfile
from audioqa.audio.decoding import Decoding, implausible
from audioqa.audio.faults import SampleBounds
from audioqa.audio.headerless import HeaderlessFile, resolve
from audioqa.audio.options import OpenOptions
from audioqa.audio.signature import WAV, Signature, describe_stranger, is_text, recognise, recognise_stream
from audioqa.audio.wav_header import MPEG_TAGS, NMS_TAG, WavHeader, read_wav_header
from audioqa.errors import UnreadableRecordingError
from audioqa.types import Finding, Recording, Segment

_DEFAULTS = OpenOptions()
_HEAD = 4096
_MANY_CHANNELS = 8


class OpenedRecording:
    """A recording that has been opened and from which sound can be had; made by `open_recording`.

    Attributes
    ----------
    path
        The file as the caller named it.
    sample_rate
        Hz, the file's own.
    channels
        A name for each channel, in file order.
    container, codec
        As `audioqa.types.Recording` has them.
    expected_samples
        Samples per channel that the file promises, None where it does not say; for progress only.
    """

    def __init__(self, path: str, decoding: Decoding, channels: tuple[str, ...]) -> None:
        self.path = path
        self.sample_rate = decoding.sample_rate
        self.channels = channels
        self.container = decoding.container
        self.codec = decoding.codec
        self.expected_samples = decoding.expected_samples
        self._decoding = decoding
        self._bounds = SampleBounds()
        self._samples = 0
        self._exhausted = False

    def __enter__(self) -> OpenedRecording:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        self._decoding.close()

    def blocks(self) -> Iterator[NDArray[np.float32]]:
        """Yield the samples once, in order.

        Yields
        ------
        ndarray
            float32 ``(n, channels)`` in [-1, 1), at most 10 s each. 16-bit samples are exactly their
            value divided by 32768.
        """
        for block in self._decoding.blocks:
            if not len(block):
                continue
            self._samples += len(block)
            yield self._bounds.apply(block) if self._decoding.unbounded else block
        self._exhausted = True

    def recording(self) -> Recording:
        """Return what was learnt of the file.

        Returns
        -------
        Recording
            With the SHA-256 of the bytes, which are read once more for it.

        Raises
        ------
        RuntimeError
            `blocks` has not been read to its end.
        """
        if not self._exhausted:
            raise RuntimeError("read blocks() to the end first: what is known of a recording is known only then")
        with Path(self.path).open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        findings = (*self._decoding.findings(), *self._bounds.findings())
        if len(self.channels) > _MANY_CHANNELS:
            message = f"The file has {len(self.channels)} channels; a call has one for each party."
            findings += (Finding("many-channels", message, "notice", {"channels": len(self.channels)}),)
        return Recording(
            path=self.path,
            sha256=digest,
            container=self.container,
            codec=self.codec,
            sample_rate=self.sample_rate,
            samples=self._samples,
            channels=self.channels,
            findings=findings,
        )


def open_recording(path: str | os.PathLike[str], *, options: OpenOptions = _DEFAULTS) -> OpenedRecording:
    """Open a call recording of any format.

    Parameters
    ----------
    path
        A regular file.
    options
        What the file does not say of itself.

    Returns
    -------
    OpenedRecording
        To be used in a ``with`` statement.

    Raises
    ------
    UnreadableRecordingError
        No sound can be had from the file, or the options contradict it.
    """
    name = os.fspath(path)
    decoding = _decode(name, options, start=0)
    try:
        _hold_against(name, decoding, options)
        channels = _channel_names(name, decoding.channel_count, options)
    except UnreadableRecordingError:
        decoding.close()
        raise
    return OpenedRecording(name, decoding, channels)


def read_segment(
    path: str | os.PathLike[str], segment: Segment, *, options: OpenOptions = _DEFAULTS
) -> tuple[NDArray[np.float32], int]:
    """Read one stretch of a recording again.

    What comes is what `OpenedRecording.blocks` gave there, bit for bit. PCM, G.711 and FLAC are read from the
    place itself; other codings have a memory, and are decoded from the start.

    Parameters
    ----------
    path, options
        As for `open_recording`.
    segment
        Seconds from the start; what lies outside of the recording is left out.

    Returns
    -------
    samples : ndarray
        float32 ``(n, channels)``, from sample ``round(start * rate)`` to before ``round(end * rate)``.
    rate : int
        Hz.

    Raises
    ------
    UnreadableRecordingError
        As for `open_recording`.
    """
    with open_recording(path, options=options) as opened:
        rate = opened.sample_rate
        first, last = max(0, round(segment.start * rate)), max(0, round(segment.end * rate))
        decoding = opened._decoding
        seekable = sndfile.starts_anywhere(decoding) or ffmpeg.starts_anywhere(decoding)
        empty = np.zeros((0, len(opened.channels)), np.float32)
        if not seekable:
            return _cut(opened.blocks(), 0, first, last, empty), rate
    if opened.expected_samples is not None and first >= opened.expected_samples:
        return empty, rate
    with OpenedRecording(opened.path, _decode(opened.path, options, start=first), opened.channels) as again:
        return _cut(again.blocks(), first, first, last, empty), rate


def _cut(
    blocks: Iterator[NDArray[np.float32]], at: int, first: int, last: int, empty: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return samples `first` to before `last` of blocks that begin at sample `at`."""
    parts = [empty]
    for block in blocks:
        if at >= last:
            break
        parts.append(block[max(0, first - at) : last - at])
        at += len(block)
    return np.concatenate(parts)


def _decode(path: str, options: OpenOptions, *, start: int) -> Decoding:
    """Open `path` with the reader that fits it, at sample `start`, and make sure that sound comes."""
    size = _examine(path)
    try:
        with Path(path).open("rb") as stream:
            head = stream.read(_HEAD)
            signature = recognise(stream)
            unheaded = None if signature else _resolve_headerless(path, head, options)
            if signature is None and unheaded is None:
                signature = recognise_stream(stream)
            wav = None
            if signature == WAV:
                stream.seek(0)
                wav = read_wav_header(stream)
    except OSError as refusal:
        raise UnreadableRecordingError(path, f"cannot be read: {refusal.strerror}") from None
    if unheaded is not None:
        decoding = _open_headerless(path, unheaded, size=size, start=start)
    elif signature is not None:
        decoding = _open_known(path, signature, wav, start=start)
    else:
        raise UnreadableRecordingError(path, _unknown(path, head))
    return _with_sound(path, decoding, start=start)


def _examine(path: str) -> int:
    """Return the size of a regular, non-empty file in bytes; say what is the matter with any other."""
    try:
        status = Path(path).stat()
    except (OSError, ValueError) as refusal:
        if isinstance(refusal, FileNotFoundError):
            raise UnreadableRecordingError(path, "there is no such file") from None
        raise UnreadableRecordingError(path, f"cannot be opened: {getattr(refusal, 'strerror', refusal)}") from None
    if stat.S_ISDIR(status.st_mode):
        raise UnreadableRecordingError(path, "it is a directory: name the recordings in it")
    if not stat.S_ISREG(status.st_mode):
        raise UnreadableRecordingError(path, "it is a pipe or a device: save the recording to a file first")
    if not status.st_size:
        raise UnreadableRecordingError(path, "it is empty (0 bytes): the recorder wrote nothing")
    return status.st_size


def _resolve_headerless(path: str, head: bytes, options: OpenOptions) -> HeaderlessFile | None:
    suffix = Path(path).suffix.lower()
    found = resolve(suffix, coding=options.format, rate=options.rate, channel_count=options.channel_count)
    if found is not None and is_text(head):
        raise UnreadableRecordingError(path, "it is a text file")
    if isinstance(found, str):
        raise UnreadableRecordingError(path, found)
    return found


def _open_headerless(path: str, file: HeaderlessFile, *, size: int, start: int) -> Decoding:
    form = file.format
    if size < form.frame_bytes * file.channel_count:
        raise UnreadableRecordingError(path, f"it has {size} bytes, less than one {file.name} frame")
    if file.name == "gsm":
        _check_gsm(path)
    signature = Signature("headerless", form.demuxer)
    if form.subtype is not None:
        decoding = sndfile.open_by_libsndfile(path, signature=signature, headerless=file, start=start)
    else:
        options, demuxer = form.demuxer_options, form.demuxer or ""
        decoding = ffmpeg.open_by_ffmpeg(path, demuxer=demuxer, container="headerless", demuxer_options=options)
    ragged = size % (form.frame_bytes * file.channel_count)
    if not ragged:
        return decoding
    message = f"The file ends within a frame; its last {ragged} bytes were not read."
    odd = Finding("truncated", message, "notice", {"trailing_bytes": ragged})
    return replace(decoding, findings=lambda: (odd, *decoding.findings()))


def _check_gsm(path: str) -> None:
    """Refuse what has not GSM's mark, a first half-byte of 13, on most of its first frames (GSM 06.10, 1.7)."""
    with Path(path).open("rb") as stream:
        marks = stream.read(_HEAD)[::33]
    if sum(mark >> 4 == 13 for mark in marks) < len(marks) / 2:
        raise UnreadableRecordingError(path, "its bytes are not GSM 06.10 frames, in spite of its name or options")


def _open_known(path: str, signature: Signature, wav: WavHeader | None, *, start: int) -> Decoding:
    if signature == WAV:
        if wav is None:
            raise UnreadableRecordingError(path, "it begins as WAV but has no audio: it was cut off in its header")
        wrong = implausible(wav.rate, wav.channel_count)
        if wrong:
            raise UnreadableRecordingError(path, wrong)
        if not wav.available:
            raise UnreadableRecordingError(path, "it ends with its header: the recorder wrote no audio")
        if wav.format_tag in MPEG_TAGS:
            return _open_mpeg_wav(path, wav)
    if signature.by_libsndfile:
        try:
            return sndfile.open_by_libsndfile(path, signature=signature, wav=wav, start=start)
        except UnreadableRecordingError:
            if signature.demuxer is None or (wav is not None and wav.format_tag == NMS_TAG):
                raise
    decoding = ffmpeg.open_by_ffmpeg(path, demuxer=signature.demuxer or "", container=signature.container, start=start)
    return decoding if wav is None else _with_header_findings(decoding, wav)


def _open_mpeg_wav(path: str, wav: WavHeader) -> Decoding:
    return _with_header_findings(ffmpeg.open_by_ffmpeg(path, demuxer="wav", container="WAV"), wav)


def _with_header_findings(decoding: Decoding, wav: WavHeader) -> Decoding:
    return replace(decoding, findings=lambda: _merge(wav.findings(), decoding.findings()))


def _merge(header: tuple[Finding, ...], decoder: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """Join findings; one truncation is told once, by the header."""
    kinds = {finding.kind for finding in header}
    return (*header, *(finding for finding in decoder if finding.kind not in kinds))


def _with_sound(path: str, decoding: Decoding, *, start: int) -> Decoding:
    """Decode the first block now, so that a file without any sound is an error where it is opened."""
    first = next((block for block in decoding.blocks if len(block)), None)
    if first is None and not start:
        complaints = " ".join(finding.message for finding in decoding.findings())
        decoding.close()
        raise UnreadableRecordingError(path, f"it holds no audio: its header stands alone. {complaints}".rstrip(" ."))
    ahead = [] if first is None else [first]
    return replace(decoding, blocks=itertools.chain(ahead, decoding.blocks))


def _unknown(path: str, head: bytes) -> str:
    stranger = describe_stranger(head)
    if stranger:
        return stranger
    suffix = Path(path).suffix
    return (
        f"its bytes are of no known recording format (it begins {head[:4].hex(' ')}, its name ends "
        f"{suffix or 'without an extension'}): it is damaged or encrypted, or it has no header and needs "
        "--format, --rate and --channel-count"
    )


def _hold_against(path: str, decoding: Decoding, options: OpenOptions) -> None:
    """Refuse options that contradict a header."""
    if decoding.container == "headerless":
        return
    header = f"its {decoding.container} header"
    if options.rate not in (None, decoding.sample_rate):
        wrong = f"{header} says {decoding.sample_rate} Hz, not {options.rate}: leave --rate out"
    elif options.channel_count not in (None, decoding.channel_count):
        wrong = f"{header} says {decoding.channel_count} channels, not {options.channel_count}: leave the count out"
    elif options.format is not None and options.format not in decoding.codec.lower().replace("_", "-"):
        wrong = f"{header} says {decoding.codec}, not {options.format}: leave --format out"
    else:
        return
    raise UnreadableRecordingError(path, wrong)


def _channel_names(path: str, count: int, options: OpenOptions) -> tuple[str, ...]:
    if not options.channel_names:
        return tuple(f"channel {number}" for number in range(1, count + 1))
    if len(options.channel_names) != count:
        given = ", ".join(options.channel_names)
        plural = "channel" if count == 1 else "channels"
        raise UnreadableRecordingError(
            path, f"it has {count} {plural}, but {len(options.channel_names)} names were given ({given})"
        )
    return options.channel_names
