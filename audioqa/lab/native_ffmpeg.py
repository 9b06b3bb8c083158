"""The codecs of FFmpeg's libraries: AMR, G.722, G.723.1, MP3 and AAC, through PyAV.

AMR's decoders conceal a lost packet when they are given a frame that says so. AMR-NB's fades on NO_DATA (3GPP TS
26.101, table 1a). AMR-WB's mutes within one frame on SPEECH_LOST (3GPP TS 26.201, table 1a), where 3GPP TS 26.191
fades, and so it is first given the last good frame marked as bad, which it fades from.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audioqa.lab.native import amr_wb_packets

AMR_FRAME = 160
"""Samples of one AMR-NB frame: 20 ms at 8 kHz."""

G722_FRAME = 320
"""Samples of one G.722 packet: 20 ms at 16 kHz."""

G7231_FRAME = 240
"""Samples of one G.723.1 frame: 30 ms at 8 kHz."""

MP3_FRAME = 576
"""Samples of one granule, all that an MP3 frame holds at 24 kHz and below (MPEG-2 and MPEG-2.5 layer III)."""

AAC_FRAME = 1024
"""Samples of one AAC frame."""

_NO_DATA = b"\x7c"  # frame type 15, quality bit set: RFC 4867, section 5.3
_SPEECH_LOST = b"\x74"  # frame type 14, quality bit set
_QUALITY_BIT = 0x04  # of the header byte; cleared in a bad frame
_BAD_FRAMES = 4  # 80 ms: for as long the gains of TS 26.191, clause 6.2, stay near 1
_G722_RATE, _G7231_RATE = 64000, 6300  # bit/s


def amr(pcm: NDArray[np.int16], lost: NDArray[np.bool_], *, bit_rate: int) -> NDArray[np.int16]:
    """Encode and decode by AMR-NB, its delay still in.

    Parameters
    ----------
    pcm
        int16 at 8 kHz, shape (n,), n a multiple of 160.
    lost
        bool, shape (n / 160,): frames that reach the decoder as NO_DATA.
    bit_rate
        bit/s of one of the eight modes, 4750 to 12200.
    """
    packets = _encode(pcm, AMR_FRAME, "libopencore_amrnb", bit_rate)
    for index in np.flatnonzero(lost).tolist():
        packets[index] = _NO_DATA
    return _decode(packets, "libopencore_amrnb", 8000)


def amr_wb(pcm: NDArray[np.int16], lost: NDArray[np.bool_], *, mode: int) -> NDArray[np.int16]:
    """Encode and decode by AMR-WB, its delay still in.

    Parameters
    ----------
    pcm
        int16 at 16 kHz, shape (n,), n a multiple of 320.
    lost
        bool, shape (n / 320,): frames that reach the decoder as bad, from the fifth in a row on as SPEECH_LOST.
    mode
        0 (6.60 kbit/s) to 8 (23.85 kbit/s).

    Raises
    ------
    CodecUnavailableError
        libvo-amrwbenc is not installed.
    """
    return _decode(_with_bad_frames(amr_wb_packets(pcm, mode=mode), lost), "libopencore_amrwb", 16000)


def g722(pcm: NDArray[np.int16]) -> NDArray[np.int16]:
    """Encode and decode by G.722 at 64 kbit/s: int16 at 16 kHz, shape (n,), n a multiple of 320."""
    return _decode(_encode(pcm, G722_FRAME, "g722", _G722_RATE, rate=16000), "g722", 16000)


def g7231(pcm: NDArray[np.int16]) -> NDArray[np.int16]:
    """Encode and decode by G.723.1 at 6.3 kbit/s: int16 at 8 kHz, shape (n,), n a multiple of 240."""
    return _decode(_encode(pcm, G7231_FRAME, "g723_1", _G7231_RATE), "g723_1", 8000)


def mp3(pcm: NDArray[np.int16], *, rate: int, bit_rate: int) -> NDArray[np.int16]:
    """Encode by LAME and decode: int16 at `rate` Hz, shape (n,), n a multiple of 576; `bit_rate` in bit/s."""
    return _decode(_encode(pcm, MP3_FRAME, "libmp3lame", bit_rate, rate=rate, form="s16p"), "mp3", rate)


def aac(pcm: NDArray[np.int16], *, rate: int, bit_rate: int) -> NDArray[np.int16]:
    """Encode and decode by AAC-LC: int16 at `rate` Hz, shape (n,), n a multiple of 1024; `bit_rate` in bit/s."""
    floats = pcm.astype(np.float32) / np.float32(32768)
    encoder = _encoder("aac", bit_rate, rate, "fltp")
    packets = _packets(encoder, floats, AAC_FRAME)
    return _decode(packets, "aac", rate, header=encoder.extradata)


def _with_bad_frames(packets: list[bytes], lost: NDArray[np.bool_]) -> list[bytes]:
    """AMR-WB packets with each lost one replaced by what its decoder conceals from."""
    received = list(packets)
    bad, age = _SPEECH_LOST, 0
    for index, missing in enumerate(lost.tolist()):
        if missing:
            received[index] = bad if age < _BAD_FRAMES else _SPEECH_LOST
            age += 1
        else:
            good = packets[index]
            bad, age = bytes([good[0] & ~_QUALITY_BIT]) + good[1:], 0
    return received


def _encode(
    pcm: NDArray[np.int16], frame: int, encoder: str, bit_rate: int, *, rate: int = 8000, form: str = "s16"
) -> list[Any]:
    """Packets of one of FFmpeg's encoders."""
    return _packets(_encoder(encoder, bit_rate, rate, form), pcm, frame)


def _encoder(name: str, bit_rate: int, rate: int, form: str) -> Any:
    import av

    context: Any = av.CodecContext.create(name, "w")
    context.sample_rate, context.layout, context.format = rate, "mono", form
    context.bit_rate, context.thread_count = bit_rate, 1
    return context


def _packets(encoder: Any, samples: NDArray[Any], frame: int) -> list[Any]:
    """What an open encoder makes of `samples`, fed frame by frame."""
    import av

    packets: list[Any] = []
    for start in range(0, len(samples), frame):
        piece = av.AudioFrame.from_ndarray(
            samples[start : start + frame].reshape(1, -1), format=encoder.format.name, layout="mono"
        )
        piece.sample_rate, piece.pts = encoder.sample_rate, start
        packets += encoder.encode(piece)
    return packets + list(encoder.encode(None))


def _decode(packets: Iterable[Any], decoder: str, rate: int, *, header: bytes | None = None) -> NDArray[np.int16]:
    """int16 of all frames of one of FFmpeg's decoders."""
    import av

    context: Any = av.CodecContext.create(decoder, "r")
    context.sample_rate, context.layout, context.thread_count = rate, "mono", 1
    if header is not None:
        context.extradata = header
    pieces: list[NDArray[np.int16]] = []
    for packet in [*packets, None]:
        given = av.Packet(packet) if isinstance(packet, bytes) else packet
        for decoded in context.decode(given):
            values = decoded.to_ndarray().reshape(-1)
            pieces.append(to_int16(values) if values.dtype.kind == "f" else values)
    return np.concatenate([np.zeros(0, dtype=np.int16), *pieces])


def to_int16(samples: NDArray[np.floating]) -> NDArray[np.int16]:
    """Samples in [-1, 1), any shape, on the 16-bit scale; what lies outside is limited."""
    limited: NDArray[np.floating] = np.clip(np.rint(samples * 32768), -32768, 32767)
    return limited.astype(np.int16)
