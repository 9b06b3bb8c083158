"""MPEG audio (MP3) and ADTS (AAC) streams, told from chance bytes.

Neither has a file header: a stream is a chain of frames, each of which starts with a sync word and says
its own length. A sync word alone turns up in random bytes every few kilobytes, and decoders take it for
music; a chain in which every frame ends where the next begins does not (ISO/IEC 11172-3, 2.4.1.3;
ISO/IEC 13818-7, 6.2).
"""

from __future__ import annotations

from collections.abc import Callable

_BITRATES = {  # kbit/s by (MPEG-1?, layer); index 0 is "free" and 15 forbidden
    (True, 3): (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (True, 2): (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (False, 3): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (False, 2): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_RATES = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}  # by version bits

_JUNK = 65_536
"""Bytes searched for a first frame, where a stream was cut out of another or its start is damaged."""

_CHAIN_AT_START, _CHAIN_AFTER_JUNK = 2, 4
"""Frame headers that must follow one another. One header in random bytes has a chance of about 2**-12 and
a second in its place about 2**-19, so two at the start are certain; 65,536 places need more."""


def mpeg_frame(data: bytes, at: int) -> tuple[int, int] | None:
    """Return length in bytes and kind of the MPEG audio frame (layer II or III) at `at`, or None."""
    if at + 4 > len(data) or data[at] != 0xFF or data[at + 1] & 0xE0 != 0xE0:
        return None
    version, layer = data[at + 1] >> 3 & 3, 4 - (data[at + 1] >> 1 & 3)
    bitrate, rate = data[at + 2] >> 4, data[at + 2] >> 2 & 3
    if version == 1 or layer not in (2, 3) or bitrate in (0, 15) or rate == 3 or data[at + 3] & 3 == 2:
        return None
    samples = 576 if layer == 3 and version != 3 else 1152
    bits = _BITRATES[version == 3, layer][bitrate - 1] * 1000
    length = samples // 8 * bits // _RATES[version][rate] + (data[at + 2] >> 1 & 1)
    return length, version << 8 | layer << 4 | rate


def adts_frame(data: bytes, at: int) -> tuple[int, int] | None:
    """Return length in bytes and kind of the ADTS frame at `at`, or None."""
    if at + 7 > len(data) or data[at] != 0xFF or data[at + 1] & 0xF6 != 0xF0:
        return None
    rate = data[at + 2] >> 2 & 15
    length = (data[at + 3] & 3) << 11 | data[at + 4] << 3 | data[at + 5] >> 5
    if rate > 12 or length < 8:
        return None
    return length, (data[at + 1] & 8) << 8 | data[at + 2] & 0xFD


def holds_stream(data: bytes, frame: Callable[[bytes, int], tuple[int, int] | None], *, whole: bool) -> bool:
    """Say whether `data` starts, perhaps after junk, a chain of frames.

    Parameters
    ----------
    data
        First bytes of the file, after any ID3 tag.
    frame
        `mpeg_frame` or `adts_frame`.
    whole
        True where `data` reaches to the end of the file.

    Returns
    -------
    bool
        True for two frames or more at the very start (or one that is the whole file), or four further on.
    """
    if _chain(data, 0, frame, whole=whole) >= _CHAIN_AT_START:
        return True
    at = data.find(b"\xff", 1, _JUNK)
    while at >= 0:
        if _chain(data, at, frame, whole=False) >= _CHAIN_AFTER_JUNK:
            return True
        at = data.find(b"\xff", at + 1, _JUNK)
    return False


def _chain(data: bytes, at: int, frame: Callable[[bytes, int], tuple[int, int] | None], *, whole: bool) -> int:
    """Count frames that follow one another from `at`, up to four; the end of the file counts as one."""
    count, kind = 0, None
    while count < _CHAIN_AFTER_JUNK:
        if whole and count and at == len(data):
            return count + 1
        found = frame(data, at)
        if found is None or kind not in (None, found[1]):
            return count
        at, kind, count = at + found[0], found[1], count + 1
    return count
