"""Files that hold coded samples and nothing else, as Asterisk and other switches write them.

What such a file is stands only in its name or in the caller's knowledge. Extensions and their rates are
Asterisk's (``formats/format_*.c``); a rate that neither says is asked for, never guessed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class HeaderlessFormat:
    """How one coding is opened.

    Parameters
    ----------
    rate
        Hz where the coding has one rate, None where the caller must say.
    frame_bytes
        Bytes of the smallest piece that decodes (of one sample and channel for PCM), 1 where frames vary.
    subtype
        libsndfile's name, or None where FFmpeg reads it.
    demuxer, demuxer_options
        FFmpeg's name and what its demuxer must be told.
    interleaved
        Whether more than one channel can be interleaved in it.
    """

    rate: int | None
    frame_bytes: int
    subtype: str | None = None
    demuxer: str | None = None
    demuxer_options: Mapping[str, str] = field(default_factory=dict)
    interleaved: bool = False


def _g726(bits: int) -> HeaderlessFormat:
    options = {"code_size": str(bits), "sample_rate": "8000"}
    # Asterisk keeps G.726 as it travels in RTP (RFC 3551, 4.5.4): first sample in the lowest bits.
    return HeaderlessFormat(8000, 1, demuxer="g726le", demuxer_options=options)


FORMATS: Mapping[str, HeaderlessFormat] = {
    "ulaw": HeaderlessFormat(8000, 1, subtype="ULAW", interleaved=True),
    "alaw": HeaderlessFormat(8000, 1, subtype="ALAW", interleaved=True),
    "slin": HeaderlessFormat(None, 2, subtype="PCM_16", interleaved=True),
    "g722": HeaderlessFormat(16000, 1, demuxer="g722"),
    "gsm": HeaderlessFormat(8000, 33, demuxer="gsm"),
    "g729": HeaderlessFormat(8000, 10, demuxer="g729"),
    "g723": HeaderlessFormat(8000, 1, demuxer="g723_1"),
    "g726-40": _g726(5),
    "g726-32": _g726(4),
    "g726-24": _g726(3),
    "g726-16": _g726(2),
    "vox": HeaderlessFormat(None, 1, subtype="VOX_ADPCM"),
}
"""Codings by name. The rates of ulaw and alaw are those of G.711, which an explicit rate overrules."""

_OVERRULED = ("ulaw", "alaw")

EXTENSIONS: Mapping[str, tuple[str, int | None]] = {
    **dict.fromkeys((".ulaw", ".ul", ".ulw", ".mu", ".mulaw", ".pcmu"), ("ulaw", None)),
    **dict.fromkeys((".alaw", ".al", ".alw", ".pcma"), ("alaw", None)),
    ".sln": ("slin", 8000),
    **{f".sln{kilo}": ("slin", kilo * 1000) for kilo in (8, 12, 16, 24, 32, 48, 96, 192)},
    ".sln44": ("slin", 44100),
    ".slin": ("slin", None),
    ".g722": ("g722", None),
    ".gsm": ("gsm", None),
    ".g729": ("g729", None),
    ".g723": ("g723", None),
    ".g723sf": ("g723", None),
    **{f".g726-{kilobit}": (f"g726-{kilobit}", None) for kilobit in (40, 32, 24, 16)},
    ".vox": ("vox", None),
}
"""Coding, and rate in Hz where the extension names it. ``.pcm`` and ``.raw`` mean different things to different
programs and are not here."""


@dataclass(frozen=True)
class HeaderlessFile:
    """A headerless file of which enough is known to open it."""

    name: str
    format: HeaderlessFormat
    rate: int
    channel_count: int


def resolve(
    suffix: str,
    *,
    coding: str | None,
    rate: int | None,
    channel_count: int | None,
) -> HeaderlessFile | str | None:
    """Work out what a headerless file is from its extension and what the caller says.

    Parameters
    ----------
    suffix
        Extension in lower case with its dot, or empty.
    coding, rate, channel_count
        As `format`, `rate` and `channel_count` in `audioqa.audio.OpenOptions`; one channel
        where the caller does not say.

    Returns
    -------
    HeaderlessFile, str or None
        A string says what is missing or contradictory, in one clause. None: nothing suggests that the
        file is headerless.
    """
    by_suffix = EXTENSIONS.get(suffix)
    name = coding or (by_suffix[0] if by_suffix else None)
    if name is None:
        return None
    found = FORMATS[name]
    named = by_suffix[1] if by_suffix and by_suffix[0] == name else None
    fixed = named if named is not None else found.rate
    if rate is not None and fixed is not None and rate != fixed and name not in _OVERRULED:
        return f"a {suffix if named else name} file is at {fixed} Hz, but {rate} Hz was asked for"
    if rate is None and fixed is None:
        return f"it has no header, and nothing says its rate: give the rate of this {name} file in Hz (--rate)"
    if channel_count not in (None, 1) and not found.interleaved:
        return f"{name} holds one channel, but {channel_count} were asked for"
    return HeaderlessFile(name, found, rate or fixed or 0, channel_count or 1)
