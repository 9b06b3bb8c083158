"""Reading by libsndfile: PCM, G.711, ADPCM and GSM in WAV and its relatives, AIFF, AU, CAF, SPH and VOC."""

from __future__ import annotations

import io
import os
import re
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audioqa.audio.decoding import Decoding, block_length, implausible
from audioqa.audio.faults import DecodeFaults, shortfall
from audioqa.audio.headerless import HeaderlessFile
from audioqa.audio.signature import Signature
from audioqa.audio.wav_header import WavHeader
from audioqa.errors import UnreadableRecordingError
from audioqa.types import Finding

SAMPLE_CODED = ("PCM_S8", "PCM_U8", "PCM_16", "PCM_24", "PCM_32", "ULAW", "ALAW", "FLOAT", "DOUBLE")
"""Codings in which every sample stands for itself, so that decoding may begin anywhere."""

_BOUNDED = ("PCM_S8", "PCM_U8", "PCM_16", "PCM_24", "ULAW", "ALAW", "GSM610")

_CORRECTED = re.compile(r"^\s*([\w ]+?)\s*: (\d+) \(should be (\d+)\)", re.MULTILINE)
"""Line of libsndfile's log on a length that it did not believe."""

_GSM_BLOCK = (65, 320)  # bytes and samples of a block of GSM 6.10 in WAV (two frames)
_UNKNOWN_LENGTH = 2**60


class _Overlay(io.RawIOBase):
    """A file of which four bytes read differently from what is on the disk."""

    def __init__(self, path: str, at: int, instead: bytes) -> None:
        super().__init__()
        self._file = Path(path).open("rb")  # noqa: SIM115 - closed by close()
        self._at, self._instead = at, instead

    def readinto(self, buffer: Any) -> int:
        at = self._file.tell()
        count = self._file.readinto(buffer)
        view = memoryview(buffer).cast("B")
        for place, byte in enumerate(self._instead, self._at - at):
            if 0 <= place < count:
                view[place] = byte
        return count

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def close(self) -> None:
        self._file.close()
        super().close()


def open_by_libsndfile(
    path: str,
    *,
    signature: Signature,
    wav: WavHeader | None = None,
    headerless: HeaderlessFile | None = None,
    start: int = 0,
) -> Decoding:
    """Open a file with libsndfile.

    Parameters
    ----------
    path
        The file.
    signature
        What it is.
    wav
        Its header, where it is a WAV: a length left open is mended on the way.
    headerless
        What it holds, where it has no header.
    start
        Sample to begin at; honoured only where every sample stands for itself (else 0 is needed).

    Raises
    ------
    UnreadableRecordingError
        libsndfile does not take it, or it has no samples.
    """
    import soundfile

    overlay = None
    if wav is not None and wav.open_ended and wav.data_length == 0:
        # libsndfile believes a length of 0, but corrects one that is too long.
        overlay = _Overlay(path, wav.length_at, struct.pack("<I", min(wav.available, 0xFFFFFFFF)))
    try:
        if headerless is None:
            sound = soundfile.SoundFile(overlay or os.fsencode(path))
        else:
            sound = soundfile.SoundFile(
                os.fsencode(path),
                samplerate=headerless.rate,
                channels=headerless.channel_count,
                format="RAW",
                subtype=headerless.format.subtype,
                endian="LITTLE" if headerless.name == "slin" else None,
            )
    except (soundfile.LibsndfileError, TypeError) as refusal:  # TypeError: a coding that soundfile has no name for
        if overlay is not None:
            overlay.close()
        raise UnreadableRecordingError(path, _refusal(signature, refusal)) from None
    faults = DecodeFaults()
    length = sound.frames if sound.frames < _UNKNOWN_LENGTH else None
    limit = None
    if wav is not None and sound.subtype == "GSM610":
        # libsndfile decodes the byte that pads an odd number of 65-byte blocks as one block more.
        data = wav.available if wav.open_ended else min(wav.data_length, wav.available)
        length = limit = data // _GSM_BLOCK[0] * _GSM_BLOCK[1]
    delivered = [start]

    def close() -> None:
        sound.close()
        if overlay is not None:
            overlay.close()

    def blocks() -> Iterator[NDArray[np.float32]]:
        size = block_length(sound.samplerate, sound.channels)
        try:
            if start:
                sound.seek(min(start, sound.frames))
            while len(block := _read(sound, size)[: _left(limit, delivered[0])]):
                delivered[0] += len(block)
                yield block
        except soundfile.LibsndfileError as complaint:
            faults.stopped = f"libsndfile says {complaint.error_string.strip(' .') or 'that it cannot go on'}"

    def findings() -> tuple[Finding, ...]:
        header = wav.findings() if wav is not None else _corrections(log, signature)
        promised = length if signature.container != "SPH" else _sphere_length(path)
        short = () if header else shortfall(delivered[0], promised, rate, tolerance=0.0)
        return (*header, *faults.findings(rate), *short)

    rate, log = int(sound.samplerate), str(sound.extra_info)
    wrong = implausible(rate, sound.channels)
    if wrong:
        close()
        raise UnreadableRecordingError(path, wrong)
    return Decoding(
        container=signature.container,
        codec=sound.subtype,
        sample_rate=rate,
        channel_count=int(sound.channels),
        expected_samples=length,
        unbounded=sound.subtype not in _BOUNDED,
        blocks=blocks(),
        findings=findings,
        close=close,
    )


def _left(limit: int | None, delivered: int) -> int | None:
    return None if limit is None else max(0, limit - delivered)


def _read(sound: Any, size: int) -> NDArray[np.float32]:
    """Read the next `size` samples per channel or what there is, float32 ``(n, channels)``."""
    if sound.seekable() and sound.subtype == "PCM_16":
        # To the same samples as libsndfile's own floats, in half the time.
        whole: NDArray[np.int16] = sound.read(size, dtype="int16", always_2d=True)
        return np.multiply(whole, np.float32(1 / 32768), dtype=np.float32)
    if sound.seekable():
        block: NDArray[np.float32] = sound.read(size, dtype="float32", always_2d=True)
        return block
    block = np.empty((size, sound.channels), np.float32)
    return block[: sound.buffer_read_into(block, dtype="float32")]


def _corrections(log: str, signature: Signature) -> tuple[Finding, ...]:
    """Turn the lengths that libsndfile corrected into a finding, by the largest disagreement."""
    wrong = [(int(said), int(real)) for _, said, real in _CORRECTED.findall(log)]
    if not wrong:
        return ()
    said, real = max(wrong, key=lambda pair: abs(pair[0] - pair[1]))
    evidence = {"declared_bytes": said, "actual_bytes": real}
    if said in (0, 2**31 - 1, 2**32 - 1) or said >= _UNKNOWN_LENGTH:
        message = f"The {signature.container} header leaves the length of the audio open; read to the end."
        return (Finding("header-length", message, "notice", evidence),)
    if said > real:
        message = f"The file ends {said - real} bytes before the length in its {signature.container} header."
        return (Finding("truncated", message, "warning", evidence),)
    message = f"The file is {real - said} bytes longer than its {signature.container} header says."
    return (Finding("header-length", message, "notice", evidence),)


def _sphere_length(path: str) -> int | None:
    """Return the samples that a NIST SPHERE header promises: libsndfile goes by the size of the file alone."""
    with Path(path).open("rb") as stream:
        found = re.search(rb"^sample_count -i (\d+)", stream.read(1024), re.MULTILINE)
    return int(found[1]) if found else None


def _refusal(signature: Signature, refusal: Exception) -> str:
    words = getattr(refusal, "error_string", "") or "its coding is unknown"
    return f"it begins as {signature.container} but cannot be decoded (libsndfile: {words.strip(' .')})"
