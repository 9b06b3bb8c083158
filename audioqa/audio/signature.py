"""What a file is, judged by its bytes and never by its name.

Only a signature that is sure opens a decoder: FFmpeg, left to guess, plays random bytes as MP3.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import BinaryIO

from audioqa.audio.mpeg import adts_frame, holds_stream, mpeg_frame

_HEAD = 131_072
"""Bytes looked at: the search for MPEG frames, and the frames of a chain that begins at its end."""


@dataclass(frozen=True)
class Signature:
    """A container that audioqa opens.

    Parameters
    ----------
    container
        Its name, as reports have it.
    demuxer
        FFmpeg's name for it, or None where only libsndfile reads it.
    by_libsndfile
        Whether libsndfile is tried first.
    """

    container: str
    demuxer: str | None
    by_libsndfile: bool = False


WAV = Signature("WAV", "wav", by_libsndfile=True)
MP3 = Signature("MP3", "mp3")
ADTS = Signature("AAC", "aac")
MP4 = Signature("MP4", "mov")
AMR = Signature("AMR", "amr")
FLAC = Signature("FLAC", "flac")

# Where the bytes stand, the bytes, what they mean. FLAC and Ogg, which libsndfile reads too, go to FFmpeg:
# libsndfile gives a FLAC up at its first damaged frame, and decodes Opus at a third of the speed.
_MAGIC: tuple[tuple[int, bytes, Signature], ...] = (
    (8, b"AVI ", Signature("AVI", "avi")),
    (8, b"QLCM", Signature("QCP", "qcp")),
    (8, b"WAVE", WAV),
    (0, b"RIFX", Signature("RIFX", None, by_libsndfile=True)),
    (0, b"RF64", Signature("RF64", "wav", by_libsndfile=True)),
    (0, b"BW64", Signature("RF64", "wav", by_libsndfile=True)),
    (0, b"riff\x2e\x91\xcf\x11\xa5\xd6\x28\xdb\x04\xc1", Signature("W64", "w64", by_libsndfile=True)),
    (0, b"FORM", Signature("AIFF", "aiff", by_libsndfile=True)),
    (0, b".snd", Signature("AU", "au", by_libsndfile=True)),
    (0, b"dns.", Signature("AU", None, by_libsndfile=True)),
    (0, b"caff", Signature("CAF", "caf", by_libsndfile=True)),
    (0, b"NIST_1A", Signature("SPH", "nistsphere", by_libsndfile=True)),
    (0, b"Creative Voice File", Signature("VOC", "voc", by_libsndfile=True)),
    (0, b"fLaC", FLAC),
    (0, b"OggS", Signature("Ogg", "ogg")),
    (0, b"#!AMR", AMR),
    (0, b"#!iLBC", Signature("iLBC", "ilbc")),
    (0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", Signature("ASF", "asf")),
    (0, b"\x1a\x45\xdf\xa3", Signature("Matroska", "matroska")),
    (4, b"ftyp", MP4),
    (4, b"moov", MP4),
    (4, b"mdat", MP4),
    (4, b"wide", MP4),
    (4, b"skip", MP4),
    (4, b"free", MP4),
    (0, b"wvpk", Signature("WavPack", "wv")),
    (0, b"FLV\x01", Signature("FLV", "flv")),
    (0, b"MAC ", Signature("APE", "ape")),
    (0, b"TTA1", Signature("TTA", "tta")),
    (0, b"\x00\x00\x01\xba", Signature("MPEG-PS", "mpeg")),
)
_TRANSPORT_PACKET = 188

_CAPTURE = "it is a capture of packets: audioqa score takes it alone, a batch by its extension (.pcap, .pcapng)"

_OTHERS: tuple[tuple[bytes, str], ...] = (
    (b"%PDF", "it is a PDF document"),
    (b"PK\x03\x04", "it is a zip archive (or an office document): unpack it first"),
    (b"\x1f\x8b", "it is compressed by gzip: unpack it first"),
    (b"BZh", "it is compressed by bzip2: unpack it first"),
    (b"\xfd7zXZ", "it is compressed by xz: unpack it first"),
    (b"\x28\xb5\x2f\xfd", "it is compressed by zstd: unpack it first"),
    (b"7z\xbc\xaf", "it is a 7z archive: unpack it first"),
    (b"Rar!", "it is a rar archive: unpack it first"),
    (b"\x89PNG", "it is a picture (PNG)"),
    (b"\xff\xd8\xff", "it is a picture (JPEG)"),
    (b"GIF8", "it is a picture (GIF)"),
    (b"MThd", "it is a MIDI file, which holds notes and no sound"),
    (b"SQLite format 3", "it is an SQLite database"),
    (b"\x7fELF", "it is a program"),
    (b"\xd4\xc3\xb2\xa1", _CAPTURE),
    (b"\xa1\xb2\xc3\xd4", _CAPTURE),
    (b"\x0a\x0d\x0d\x0a", _CAPTURE),
    (b"#!SILK", "it is SILK, for which no decoder is at hand: convert it first"),
    (b"ajkg", "it is Shorten, for which no decoder is at hand: convert it first"),
)


def recognise(stream: BinaryIO) -> Signature | None:
    """Tell the container by signatures that cannot stand in a headerless file by chance.

    Parameters
    ----------
    stream
        The file, seekable.

    Returns
    -------
    Signature or None
        None where the file has no such signature; it may still be an MPEG stream (`recognise_stream`).
    """
    stream.seek(0)
    head = stream.read(_TRANSPORT_PACKET * 4 + 1)
    for at, magic, signature in _MAGIC:
        if head[at : at + len(magic)] == magic and (at != 8 or head[:4] == b"RIFF"):
            return signature
    if len(head) > _TRANSPORT_PACKET * 4 and set(head[::_TRANSPORT_PACKET]) == {0x47}:
        return Signature("MPEG-TS", "mpegts")
    return None


def recognise_stream(stream: BinaryIO) -> Signature | None:
    """Tell an MP3 or ADTS stream by its chain of frames, or FLAC; each may follow an ID3 tag."""
    start = 0
    while True:
        stream.seek(start)
        tag = stream.read(10)
        if len(tag) < 10 or tag[:3] != b"ID3":
            break
        length = sum((byte & 0x7F) << shift for byte, shift in zip(tag[6:], (21, 14, 7, 0), strict=True))
        start += 10 + length
    stream.seek(start)
    data = stream.read(_HEAD)
    whole = len(data) < _HEAD
    if start and data.startswith(b"fLaC"):
        return FLAC
    if holds_stream(data, mpeg_frame, whole=whole):
        return MP3
    if holds_stream(data, adts_frame, whole=whole):
        return ADTS
    return None


def is_text(head: bytes) -> bool:
    """Say whether bytes are plain text: at least eight, printable, UTF-8 or Latin letters."""
    if len(head) < 8:
        return False
    controls = sum(byte < 32 and byte not in b"\t\n\r\f\x1b" for byte in head)
    if controls or b"\x7f" in head:
        return False
    try:
        head.decode("utf-8")
    except UnicodeDecodeError as broken:
        return broken.start > len(head) - 4  # a character cut in two by the end of the head
    return True


def describe_stranger(head: bytes) -> str:
    """Say what a file without any signature probably is, in one clause, or return an empty string."""
    for magic, words in _OTHERS:
        if head.startswith(magic):
            return words
    if not head.strip(b"\0"):
        return "it holds nothing but zero bytes: it was reserved on the disk and never written"
    start = head.lstrip()[:64].lower()
    if start.startswith((b"<!doctype html", b"<html")):
        return "it is a web page: perhaps an error page saved in place of the recording"
    if is_text(head):
        return "it is a text file"
    return ""
