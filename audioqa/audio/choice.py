"""Choosing the reader of a file by its bytes, and saying what is the matter with a file that none reads."""

from __future__ import annotations

import itertools
import stat
from dataclasses import replace
from pathlib import Path

from audioqa.audio import sndfile
from audioqa.audio.decoding import Decoding, implausible
from audioqa.audio.ffmpeg import open_by_ffmpeg
from audioqa.audio.headerless import HeaderlessFile, resolve
from audioqa.audio.options import OpenOptions
from audioqa.audio.signature import WAV, Signature, describe_stranger, is_text, recognise, recognise_stream
from audioqa.audio.wav_header import MPEG_TAGS, NMS_TAG, WavHeader, read_wav_header
from audioqa.errors import UnreadableRecordingError
from audioqa.types import Finding

_HEAD = 4096


def decode(path: str, options: OpenOptions, *, start: int) -> Decoding:
    """Open `path` with the reader that fits it, at sample `start`, and make sure that sound comes.

    A `start` other than 0 is for samples that stand for themselves, and FLAC.
    """
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
    return _with_sound(path, decoding)


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
    count = options.channel_count or len(options.channel_names) or None
    found = resolve(suffix, coding=options.format, rate=options.rate, channel_count=count)
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
        decoding = open_by_ffmpeg(path, demuxer=demuxer, container="headerless", demuxer_options=options)
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
        if not wav.available or (wav.data_length == 0 and not wav.open_ended):
            raise UnreadableRecordingError(path, "it ends with its header: the recorder wrote no audio")
    # libsndfile's MP3 decoder writes its complaints to the terminal, and counts none.
    mpeg = wav is not None and wav.format_tag in MPEG_TAGS
    if (signature.by_libsndfile and not mpeg) or start:
        try:
            return sndfile.open_by_libsndfile(path, signature=signature, wav=wav, start=start)
        except UnreadableRecordingError:
            # FFmpeg takes NMS ADPCM for AMR; and it starts at the start.
            if start or signature.demuxer is None or (wav is not None and wav.format_tag == NMS_TAG):
                raise
    decoding = open_by_ffmpeg(path, demuxer=signature.demuxer or "", container=signature.container)
    return decoding if wav is None else _with_header_findings(decoding, wav)


def _with_header_findings(decoding: Decoding, wav: WavHeader) -> Decoding:
    return replace(decoding, findings=lambda: _merge(wav.findings(), decoding.findings()))


def _merge(header: tuple[Finding, ...], decoder: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """Join findings; one truncation is told once, by the header."""
    kinds = {finding.kind for finding in header}
    return (*header, *(finding for finding in decoder if finding.kind not in kinds))


def _with_sound(path: str, decoding: Decoding) -> Decoding:
    """Decode the first block now, so that a file without any sound is an error where it is opened."""
    first = next((block for block in decoding.blocks if len(block)), None)
    if first is None:
        complaints = " ".join(finding.message for finding in decoding.findings())
        decoding.close()
        raise UnreadableRecordingError(path, f"it holds no audio: its header stands alone. {complaints}".rstrip(" ."))
    return replace(decoding, blocks=itertools.chain([first], decoding.blocks))


def _unknown(path: str, head: bytes) -> str:
    stranger = describe_stranger(head)
    if stranger:
        return stranger
    suffix = Path(path).suffix
    return (
        f"its bytes are of no known recording format (it begins {head[:4].hex(' ')}, its name ends "
        f"{suffix or 'without an extension'}): it is damaged or encrypted, or it has no header and needs "
        "--format, --rate and perhaps --channels"
    )
