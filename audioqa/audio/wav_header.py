"""What a RIFF/WAVE header promises, held against the file it stands in.

Recorders write the header first and correct its lengths when the call ends. One that died, or that
streams, leaves 0 or 0xFFFFFFFF there; one whose disk filled up promises more than came. Layout:
Multimedia Programming Interface and Data Specifications 1.0 (1991), "Waveform Audio File Format".
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import BinaryIO

from audioqa.types import Finding

MPEG_TAGS = (0x50, 0x55)
"""Format tags of MPEG audio layer II and III in a WAV."""

NMS_TAG = 0x38
"""Format tag of Natural MicroSystems ADPCM, which FFmpeg takes for AMR."""

_OPEN_LENGTH = 0x7FFF0000
"""Recorders that do not know the length yet write 0, 0x7FFFFFFF, 0xFFFFFFFF or a little less. No file with an
honest length that high is cut so short that it matters."""

_MOST_CHUNKS = 1000


@dataclass(frozen=True)
class WavHeader:
    """The figures of a WAV header that matter for trust.

    Parameters
    ----------
    format_tag, channel_count, rate
        As the ``fmt`` chunk has them; `rate` in Hz.
    bytes_per_second
        What one second takes, 0 where the header does not say.
    length_at
        Place of the data chunk's length field.
    data_at
        Place of the first audio byte.
    data_length
        Bytes of audio that the header promises.
    file_length
        Bytes in the file.
    trailing
        Bytes after the audio that belong to no chunk.
    """

    format_tag: int
    channel_count: int
    rate: int
    bytes_per_second: int
    length_at: int
    data_at: int
    data_length: int
    file_length: int
    trailing: int

    @property
    def available(self) -> int:
        """Bytes from the first audio byte to the end of the file."""
        return self.file_length - self.data_at

    @property
    def open_ended(self) -> bool:
        """Whether the length was left open, so that the file is to be read to its end."""
        if self.data_length == 0:
            return self.trailing > 0  # else what follows is further chunks, and there is no audio
        return self.data_length >= _OPEN_LENGTH and self.data_length > self.available

    def findings(self) -> tuple[Finding, ...]:
        """Say where header and file disagree."""
        if self.open_ended:
            message = (
                "The header leaves the length of the audio open (the recorder did not close the file); read to the end."
            )
            return (Finding("header-length", message, "notice", {"declared_bytes": self.data_length}),)
        if self.data_length > self.available:
            missing = self.data_length - self.available
            seconds = missing / self.bytes_per_second if self.bytes_per_second else 0.0
            message = f"The file ends {seconds:.1f} s of audio before the length in its header."
            evidence = {"missing_bytes": missing, "missing_seconds": round(seconds, 3)}
            return (Finding("truncated", message, "warning", evidence),)
        if self.trailing:
            message = f"{self.trailing} bytes after the end of the audio belong to nothing and were not read."
            return (Finding("trailing-data", message, "notice", {"trailing_bytes": self.trailing}),)
        return ()


def read_wav_header(stream: BinaryIO) -> WavHeader | None:
    """Walk the chunks of a WAV file.

    Parameters
    ----------
    stream
        The file, at its beginning, ``RIFF`` (little-endian) already seen.

    Returns
    -------
    WavHeader or None
        None where there is no ``fmt`` chunk before a ``data`` chunk.
    """
    file_length = stream.seek(0, 2)
    stream.seek(12)
    form: tuple[int, int, int, int] | None = None
    for _ in range(_MOST_CHUNKS):
        head = stream.read(8)
        if len(head) < 8:
            return None
        name, length = head[:4], int(struct.unpack("<I", head[4:])[0])
        at = stream.tell()
        if name == b"fmt " and length >= 14:
            body = stream.read(12)
            if len(body) < 12:
                return None
            tag, channels, rate, per_second = struct.unpack("<HHII", body)
            form = tag, channels, rate, per_second
        elif name == b"data":
            if form is None:
                return None
            return WavHeader(
                *form, at - 4, at, length, file_length, _trailing(stream, at + length + length % 2, file_length)
            )
        stream.seek(at + length + length % 2)
    return None


def _trailing(stream: BinaryIO, at: int, file_length: int) -> int:
    """Count the bytes from `at` on that do not read as chunks; a lone padding byte is none."""
    while at + 8 <= file_length:
        stream.seek(at)
        head = stream.read(8)
        length = int(struct.unpack("<I", head[4:])[0])
        if not all(32 <= letter < 127 for letter in head[:4]) or at + 8 + length > file_length:
            return file_length - at
        at += 8 + length + length % 2
    return file_length - at if file_length - at > 1 else 0
