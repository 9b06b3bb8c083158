"""Real telephone codecs in memory: what a call sounds like after one, with or without packet loss.

`transcode` encodes and decodes by the codec's own implementation (libsndfile, FFmpeg's libraries, libopus, libbcg729,
libvo-amrwbenc, libspeex, libcodec2), at the codec's own rate, and takes the codec's delay out, so that a fault put into
the input lies at the same place in the output. Nothing is written to disk; the same input gives the same output.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audioqa.errors import SettingsError
from audioqa.lab.native import AMR_WB_FRAME, G729_FRAME, CodecUnavailableError, g729
from audioqa.lab.native_ffmpeg import AAC_FRAME, G7231_FRAME, MP3_FRAME, aac, amr, amr_wb, g722, g7231, mp3, to_int16
from audioqa.lab.native_opus import opus
from audioqa.lab.native_sndfile import SNDFILE_FORMATS, gsm, sndfile
from audioqa.lab.native_vocoders import codec2, speex

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


@dataclass(frozen=True)
class _Codec:
    """What `transcode` has to know of one codec."""

    family: str
    setting: int = 0  # bit/s; AMR-WB's mode; Speex's quality
    delay: int = 0  # samples by which the output lags the input
    rate: int = 8000  # Hz
    frame: int = 160  # samples; of codecs that have no frames, a packet of 20 ms (RFC 3551, section 4.2)


_AMR_WB_MODES = ("6.6", "8.85", "12.65", "14.25", "15.85", "18.25", "19.85", "23.05", "23.85")  # 3GPP TS 26.201
_CODECS: Mapping[str, _Codec] = {
    "none": _Codec("none", rate=0),
    **{name: _Codec("sndfile") for name in SNDFILE_FORMATS},
    "gsm": _Codec("gsm"),
    "g729": _Codec("g729", delay=40, frame=G729_FRAME),
    "g723.1": _Codec("g723.1", delay=60, frame=G7231_FRAME),
    **{f"opus-{kbits}k": _Codec("opus", kbits * 1000, delay=52) for kbits in (6, 8, 12, 16, 24)},
    **{f"opus-wb-{kbits}k": _Codec("opus", kbits * 1000, delay=104, rate=16000, frame=320) for kbits in (16, 24, 32)},
    "g722": _Codec("g722", delay=22, rate=16000, frame=320),
    **{
        f"amr-wb-{kbits}": _Codec("amr-wb", mode, delay=95, rate=16000, frame=AMR_WB_FRAME)
        for mode, kbits in enumerate(_AMR_WB_MODES)
    },
    **{f"mp3-{kbits}k": _Codec("mp3", kbits * 1000, frame=MP3_FRAME) for kbits in (8, 16, 32)},
    "mp3-wb-32k": _Codec("mp3", 32000, rate=16000, frame=MP3_FRAME),
    "aac-16k": _Codec("aac", 16000, delay=1024, frame=AAC_FRAME),
    "aac-wb-32k": _Codec("aac", 32000, delay=1024, rate=16000, frame=AAC_FRAME),
    "speex-8k": _Codec("speex", 4, delay=80),
    "speex-15k": _Codec("speex", 8, delay=80),
    "codec2-3200": _Codec("codec2", delay=160),
    **{name: _Codec("amr", bit_rate, delay=40) for name, bit_rate in AMR_RATES.items()},
}

DELAYS: Mapping[str, int] = {name: codec.delay for name, codec in _CODECS.items()}
"""Samples by which each codec's output lags its input, at the rate of `codec_rate`: measured by cross-correlation
of speech, as tests/lab/test_codecs.py does again; of its envelope for Codec 2, which keeps no phase, so that its
delay is good to 6 ms. FFmpeg takes MP3's delay out itself."""

CODECS = tuple(_CODECS)
"""Every codec that `transcode` knows."""

_CONCEALING_FAMILIES = ("gsm", "g729", "opus", "amr", "amr-wb", "speex")

CONCEALING_CODECS = tuple(name for name, codec in _CODECS.items() if codec.family in _CONCEALING_FAMILIES)
"""The codecs whose decoder conceals lost frames: those that `transcode` takes `lost` for."""

_PACKET = 0.02  # seconds: what ``none`` is cut into
_TAIL = 4096  # samples of silence appended, so that no codec's delay cuts the end off


def codec_rate(codec: str) -> int:
    """Rate in Hz that a codec works at; 0 for ``none``, which works at any.

    Raises
    ------
    SettingsError
        No such codec.
    """
    return _known(codec).rate


def frame_seconds(codec: str) -> float:
    """Length in seconds of one codec frame, the least that a lost packet takes away.

    Codecs that have no frames (G.711, G.722, G.726, IMA ADPCM, ``none``) count as sent in packets of 20 ms.

    Raises
    ------
    SettingsError
        No such codec.
    """
    known = _known(codec)
    return known.frame / known.rate if known.rate else _PACKET


def frame_count(length: int, rate: int, codec: str) -> int:
    """Number of codec frames that `length` samples at `rate` Hz fill, the last perhaps in part.

    Raises
    ------
    SettingsError
        No such codec.
    """
    known = _known(codec)
    if not known.rate:
        return -(-length // round(rate * _PACKET))
    return -(-length * known.rate // (rate * known.frame))


def transcode(
    samples: NDArray[np.float32], rate: int, codec: str, *, lost: NDArray[np.bool_] | None = None
) -> NDArray[np.float32]:
    """Encode and decode one channel, aligned in time with the input.

    Parameters
    ----------
    samples
        float32 in [-1, 1), shape (n,); what lies outside is limited, as a converter would.
    rate
        Hz; resampled to the codec's own rate and back where it differs.
    codec
        One of `CODECS`. ``none`` returns a copy.
    lost
        bool, shape (``frame_count(n, rate, codec)``,): True where the packet was lost and the decoder conceals.
        Frame k is heard from k `frame_seconds` minus the codec's delay on. Only for `CONCEALING_CODECS`.

    Returns
    -------
    float32, shape (n,)
        At `rate`. Values are multiples of 1/32768 where no resampling back was needed.

    Raises
    ------
    SettingsError
        No such codec; `lost` has another shape or type, or was given for a codec whose decoder has no concealment.
    CodecUnavailableError
        Its library is not installed.
    """
    known = _known(codec)
    if lost is not None:
        _check_lost(lost, codec, frame_count(len(samples), rate, codec))
    if codec == "none" or len(samples) == 0:
        return samples.astype(np.float32)
    pcm = to_int16(_resample(samples, rate, known.rate))
    padding = _TAIL + -(len(pcm) + _TAIL) % known.frame
    padded = np.concatenate([pcm, np.zeros(padding, dtype=np.int16)])
    missing = np.zeros(len(padded) // known.frame, dtype=np.bool_)
    if lost is not None:
        missing[: len(lost)] = lost
    decoded = _round_trip(padded, codec, missing)
    aligned = decoded[known.delay : known.delay + len(pcm)].astype(np.float32) / np.float32(32768)
    return _fit(_resample(aligned, known.rate, rate), len(samples))


def missing_codecs(codecs: Sequence[str]) -> dict[str, str]:
    """Those codecs whose libraries are not installed, and the line that says what is missing.

    Raises
    ------
    SettingsError
        No such codec.
    """
    missing: dict[str, str] = {}
    for codec in codecs:
        try:
            transcode(np.zeros(160, dtype=np.float32), 8000, codec)
        except CodecUnavailableError as error:
            missing[codec] = str(error)
    return missing


def _known(codec: str) -> _Codec:
    if codec not in _CODECS:
        raise SettingsError(f"needed one of {', '.join(CODECS)}, got codec {codec!r}")
    return _CODECS[codec]


def _check_lost(lost: NDArray[np.bool_], codec: str, frames: int) -> None:
    if codec not in CONCEALING_CODECS:
        raise SettingsError(f"the decoder of {codec} conceals no lost frames: put the loss in after decoding")
    if lost.dtype != np.bool_ or lost.shape != (frames,):
        raise SettingsError(
            f"needed lost as bool of shape ({frames},), one per frame of {codec}, got {lost.dtype} of {lost.shape}"
        )


def _round_trip(pcm: NDArray[np.int16], codec: str, lost: NDArray[np.bool_]) -> NDArray[np.int16]:
    """Encode and decode whole frames at the codec's rate, its delay still in."""
    known = _CODECS[codec]
    match known.family:
        case "sndfile":
            return sndfile(pcm, *SNDFILE_FORMATS[codec])
        case "gsm":
            return gsm(pcm, lost)
        case "g729":
            return g729(pcm, lost)
        case "g723.1":
            return g7231(pcm)
        case "opus":
            return opus(pcm, lost, rate=known.rate, bit_rate=known.setting)
        case "g722":
            return g722(pcm)
        case "amr":
            return amr(pcm, lost, bit_rate=known.setting)
        case "amr-wb":
            return amr_wb(pcm, lost, mode=known.setting)
        case "mp3":
            return mp3(pcm, rate=known.rate, bit_rate=known.setting)
        case "aac":
            return aac(pcm, rate=known.rate, bit_rate=known.setting)
        case "speex":
            return speex(pcm, lost, quality=known.setting)
        case _:
            return codec2(pcm)


def _resample(samples: NDArray[np.float32], rate: int, wanted: int) -> NDArray[np.float32]:
    if rate == wanted:
        return samples
    import soxr

    return np.asarray(soxr.resample(samples, rate, wanted), dtype=np.float32)


def _fit(samples: NDArray[np.float32], length: int) -> NDArray[np.float32]:
    return np.concatenate([samples[:length], np.zeros(max(0, length - len(samples)), dtype=np.float32)])


__all__ = [
    "AMR_RATES",
    "CODECS",
    "CONCEALING_CODECS",
    "DELAYS",
    "TELEPHONE_CODECS",
    "CodecUnavailableError",
    "codec_rate",
    "frame_count",
    "frame_seconds",
    "missing_codecs",
    "transcode",
]
