"""Real telephone codecs in memory: what a call sounds like after one.

`transcode` encodes and decodes by the codec's own implementation (libsndfile, FFmpeg's libraries, libbcg729,
libvo-amrwbenc), at the codec's own rate, and takes the codec's delay out, so that a fault put into the input lies
at the same place in the output. Nothing is written to disk; the same input gives the same output.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audioqa.errors import SettingsError
from audioqa.lab.native import AMR_WB_FRAME, G729_FRAME, CodecUnavailableError, amr_wb_packets, g729

TELEPHONE_CODECS = ("none", "ulaw", "alaw", "gsm", "amr-12.2", "amr-4.75", "g729", "opus-12k")
"""The codecs that detectors are judged through."""

AMR_RATES: Mapping[str, int] = {
    "amr-4.75": 4750,
    "amr-5.15": 5150,
    "amr-5.9": 5900,
    "amr-6.7": 6700,
    "amr-7.4": 7400,
    "amr-7.95": 7950,
    "amr-10.2": 10200,
    "amr-12.2": 12200,
}
"""Bit/s of the AMR-NB modes."""

DELAYS: Mapping[str, int] = {
    "none": 0,
    "ulaw": 0,
    "alaw": 0,
    "gsm": 0,
    "g726-16": 0,
    "g726-24": 0,
    "g726-32": 0,
    "g726-40": 0,
    "g729": 40,
    "g723.1": 60,
    "opus-12k": 52,
    "opus-24k": 52,
    "g722": 22,
    "amr-wb-12.65": 95,
    "mp3-16k": 0,
    "mp3-32k": 0,
} | dict.fromkeys(AMR_RATES, 40)
"""Samples by which each codec's output lags its input, at the rate of `codec_rate`: measured by cross-correlation
of speech, as tests/lab/test_codecs.py does again. FFmpeg takes MP3's delay out itself."""

CODECS = tuple(DELAYS)
"""Every codec that `transcode` knows."""

_WIDEBAND = ("g722", "amr-wb-12.65")
_SNDFILE: Mapping[str, tuple[str, str]] = {
    "ulaw": ("AU", "ULAW"),
    "alaw": ("AU", "ALAW"),
    "gsm": ("WAV", "GSM610"),
    "g726-16": ("WAV", "NMS_ADPCM_16"),
    "g726-24": ("AU", "G723_24"),
    "g726-32": ("AU", "G721_32"),
    "g726-40": ("AU", "G723_40"),
}
_OPUS_RATES: Mapping[str, int] = {"opus-12k": 12000, "opus-24k": 24000}
_MP3_RATES: Mapping[str, int] = {"mp3-16k": 16000, "mp3-32k": 32000}
_OPUS_DECODED_RATE = 48000  # Hz, whatever was encoded (RFC 6716)
_OPUS_FRAME = 160  # 20 ms at 8 kHz
_AMR_FRAME = 160  # 20 ms at 8 kHz
_G723_FRAME = 240  # 30 ms at 8 kHz
_G722_FRAME = 320  # 20 ms at 16 kHz
_MP3_FRAME = 576  # one granule: MPEG-2.5 layer III
_AMR_WB_12_65 = 2  # mode number (3GPP TS 26.201)
_TAIL = 4096  # samples of silence appended, so that no codec's delay cuts the end off


def codec_rate(codec: str) -> int:
    """Rate in Hz that a codec works at; 0 for ``none``, which works at any.

    Raises
    ------
    SettingsError
        No such codec.
    """
    if codec not in DELAYS:
        raise SettingsError(f"needed one of {', '.join(CODECS)}, got codec {codec!r}")
    if codec == "none":
        return 0
    return 16000 if codec in _WIDEBAND else 8000


def transcode(samples: NDArray[np.float32], rate: int, codec: str) -> NDArray[np.float32]:
    """Encode and decode one channel, aligned in time with the input.

    Parameters
    ----------
    samples
        float32 in [-1, 1), shape (n,); what lies outside is limited, as a converter would.
    rate
        Hz; resampled to the codec's own rate and back where it differs.
    codec
        One of `CODECS`. ``none`` returns a copy.

    Returns
    -------
    float32, shape (n,)
        At `rate`. Values are multiples of 1/32768 where no resampling back was needed.

    Raises
    ------
    SettingsError
        No such codec.
    CodecUnavailableError
        Its library is not installed.
    """
    inner = codec_rate(codec)
    if codec == "none" or len(samples) == 0:
        return samples.astype(np.float32)
    pcm = _to_int16(_resample(samples, rate, inner))
    decoded = _round_trip(np.concatenate([pcm, np.zeros(_TAIL, dtype=np.int16)]), codec)
    delay = DELAYS[codec]
    aligned = decoded[delay : delay + len(pcm)].astype(np.float32) / np.float32(32768)
    return _fit(_resample(aligned, inner, rate), len(samples))


def _round_trip(pcm: NDArray[np.int16], codec: str) -> NDArray[np.int16]:
    """Encode and decode at the codec's rate, its delay still in."""
    if codec in _SNDFILE:
        return _sndfile(pcm, *_SNDFILE[codec])
    if codec in AMR_RATES:
        frames = _whole(pcm, _AMR_FRAME)
        return _decode(_encode(frames, _AMR_FRAME, "libopencore_amrnb", AMR_RATES[codec]), "libopencore_amrnb", 8000)
    if codec in _OPUS_RATES:
        options = {"application": "voip", "frame_duration": "20", "vbr": "on"}
        packets = _encode(_whole(pcm, _OPUS_FRAME), _OPUS_FRAME, "libopus", _OPUS_RATES[codec], options=options)
        wide = _decode(packets, "libopus", _OPUS_DECODED_RATE).astype(np.float32) / np.float32(32768)
        return _to_int16(_resample(wide, _OPUS_DECODED_RATE, 8000))
    if codec in _MP3_RATES:
        return _decode(_encode(_whole(pcm, _MP3_FRAME), _MP3_FRAME, "libmp3lame", _MP3_RATES[codec]), "mp3", 8000)
    if codec == "g723.1":
        return _decode(_encode(_whole(pcm, _G723_FRAME), _G723_FRAME, "g723_1", 6300), "g723_1", 8000)
    if codec == "g722":
        return _decode(_encode(_whole(pcm, _G722_FRAME), _G722_FRAME, "g722", 64000, rate=16000), "g722", 16000)
    if codec == "amr-wb-12.65":
        packets = amr_wb_packets(_whole(pcm, AMR_WB_FRAME), mode=_AMR_WB_12_65)
        return _decode(packets, "libopencore_amrwb", 16000)
    return g729(_whole(pcm, G729_FRAME))


def _sndfile(pcm: NDArray[np.int16], container: str, subtype: str) -> NDArray[np.int16]:
    import soundfile

    buffer = io.BytesIO()
    soundfile.write(buffer, pcm, 8000, format=container, subtype=subtype)
    buffer.seek(0)
    decoded, _ = soundfile.read(buffer, dtype="int16")
    return np.asarray(decoded, dtype=np.int16)


def _encode(
    pcm: NDArray[np.int16],
    frame: int,
    encoder: str,
    bit_rate: int,
    *,
    rate: int = 8000,
    options: Mapping[str, str] | None = None,
) -> list[Any]:
    """Packets of one of FFmpeg's encoders, fed frame by frame."""
    import av

    context: Any = av.CodecContext.create(encoder, "w")
    planar = encoder == "libmp3lame"
    context.sample_rate, context.layout, context.format = rate, "mono", "s16p" if planar else "s16"
    context.bit_rate, context.thread_count, context.options = bit_rate, 1, dict(options or {})
    packets: list[Any] = []
    for start in range(0, len(pcm), frame):
        piece = av.AudioFrame.from_ndarray(
            pcm[start : start + frame].reshape(1, -1), format=context.format.name, layout="mono"
        )
        piece.sample_rate, piece.pts = rate, start
        packets += context.encode(piece)
    return packets + list(context.encode(None))


def _decode(packets: Iterable[Any], decoder: str, rate: int) -> NDArray[np.int16]:
    """int16 of all frames of one of FFmpeg's decoders."""
    import av

    context: Any = av.CodecContext.create(decoder, "r")
    context.sample_rate, context.layout, context.thread_count = rate, "mono", 1
    pieces: list[NDArray[np.int16]] = []
    for packet in [*packets, None]:
        given = av.Packet(packet) if isinstance(packet, bytes) else packet
        for decoded in context.decode(given):
            values = decoded.to_ndarray().reshape(-1)
            pieces.append(_to_int16(values) if values.dtype.kind == "f" else values)
    return np.concatenate([np.zeros(0, dtype=np.int16), *pieces])


def _resample(samples: NDArray[np.float32], rate: int, wanted: int) -> NDArray[np.float32]:
    if rate == wanted:
        return samples
    import soxr

    return np.asarray(soxr.resample(samples, rate, wanted), dtype=np.float32)


def _to_int16(samples: NDArray[np.floating]) -> NDArray[np.int16]:
    limited: NDArray[np.floating] = np.clip(np.rint(samples * 32768), -32768, 32767)
    return limited.astype(np.int16)


def _whole(pcm: NDArray[np.int16], frame: int) -> NDArray[np.int16]:
    """Padded with zeros to whole frames."""
    return np.concatenate([pcm, np.zeros(-len(pcm) % frame, dtype=np.int16)])


def _fit(samples: NDArray[np.float32], length: int) -> NDArray[np.float32]:
    return np.concatenate([samples[:length], np.zeros(max(0, length - len(samples)), dtype=np.float32)])


__all__ = ["AMR_RATES", "CODECS", "DELAYS", "TELEPHONE_CODECS", "CodecUnavailableError", "codec_rate", "transcode"]
