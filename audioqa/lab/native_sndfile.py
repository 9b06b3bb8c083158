"""The codecs of libsndfile: G.711, G.726, IMA ADPCM and GSM full rate, the last with its lost frames replaced.

GSM's decoder is given, for a lost frame, what GSM 06.11 has the telephone give it: the last good frame once more,
then the same with its block amplitude lowered frame by frame, and silence from 320 ms on. A steady vowel holds until
then, because its long-term predictor needs no pulses.
"""

from __future__ import annotations

import io
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

GSM_FRAME = 160
"""Samples of one GSM full-rate frame: 20 ms at 8 kHz."""

SNDFILE_FORMATS: Mapping[str, tuple[str, str]] = {
    "ulaw": ("AU", "ULAW"),
    "alaw": ("AU", "ALAW"),
    "g726-16": ("WAV", "NMS_ADPCM_16"),
    "g726-24": ("AU", "G723_24"),
    "g726-32": ("AU", "G721_32"),
    "g726-40": ("AU", "G723_40"),
    "ima-adpcm": ("WAV", "IMA_ADPCM"),
}
"""Container and subtype by which libsndfile knows each codec without concealment."""

_GSM_BYTES = 33
_SIGNATURE = (0xD, 4)  # value and width of a frame's first field; all fields: GSM 06.10, table 1.1, RFC 3551 order
_FLAT_SPECTRUM = ((32, 6), (32, 6), (20, 5), (11, 5), (8, 4), (4, 4), (3, 3), (2, 3))  # log area ratios of 0
_QUIET_SUBFRAME = ((40, 7), (0, 2), (0, 2), (0, 6), *((4, 3),) * 13)  # lag, gain, grid, block amplitude, pulses
_SUBFRAME_STARTS = (40, 96, 152, 208)  # bits
_AMPLITUDE = slice(11, 17)  # bits of a subframe: xmaxc, 0 to 63
_AMPLITUDE_STEP = 4  # of xmaxc a frame: GSM 06.11, clause 3
_MUTED_AFTER = 16  # frames: 320 ms, GSM 06.11, clause 2


def sndfile(pcm: NDArray[np.int16], container: str, subtype: str) -> NDArray[np.int16]:
    """Encode and decode by one of `SNDFILE_FORMATS`.

    Parameters
    ----------
    pcm
        int16 at 8 kHz, shape (n,).
    container, subtype
        libsndfile's names.

    Returns
    -------
    int16, shape (m,)
        m is n, or more where the codec fills its last block.
    """
    import soundfile

    buffer = io.BytesIO()
    soundfile.write(buffer, pcm, 8000, format=container, subtype=subtype)
    buffer.seek(0)
    decoded, _ = soundfile.read(buffer, dtype="int16")
    return np.asarray(decoded, dtype=np.int16)


def gsm(pcm: NDArray[np.int16], lost: NDArray[np.bool_]) -> NDArray[np.int16]:
    """Encode and decode by GSM full rate (GSM 06.10).

    Parameters
    ----------
    pcm
        int16 at 8 kHz, shape (n,), n a multiple of 160.
    lost
        bool, shape (n / 160,): frames that the decoder gets a substitute for.

    Returns
    -------
    int16, shape (n,)
    """
    import soundfile

    buffer = io.BytesIO()
    soundfile.write(buffer, pcm, 8000, format="RAW", subtype="GSM610")
    frames = np.frombuffer(buffer.getvalue(), dtype=np.uint8).reshape(-1, _GSM_BYTES)
    received = io.BytesIO(_substituted(frames, lost).tobytes() if lost.any() else buffer.getvalue())
    decoded, _ = soundfile.read(received, dtype="int16", format="RAW", subtype="GSM610", samplerate=8000, channels=1)
    return np.asarray(decoded, dtype=np.int16)


def _substituted(frames: NDArray[np.uint8], lost: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Frames, shape (k, 33), with each lost one replaced by what the frames before it allow."""
    silence = _silent_frame()
    result = frames.copy()
    last, age = silence, 0
    for index, missing in enumerate(lost.tolist()):
        if not missing:
            last, age = frames[index], 0
            continue
        result[index] = silence if age >= _MUTED_AFTER else _lowered(last, age * _AMPLITUDE_STEP)
        age += 1
    return result


def _lowered(frame: NDArray[np.uint8], steps: int) -> NDArray[np.uint8]:
    """A frame whose four block amplitudes are `steps` lower, none below 0."""
    bits = np.unpackbits(frame)
    for start in _SUBFRAME_STARTS:
        field = bits[start : start + 17][_AMPLITUDE]
        amplitude = max(0, int(field @ (1 << np.arange(5, -1, -1))) - steps)
        field[:] = _field_bits(amplitude, 6)
    return np.packbits(bits)


def _silent_frame() -> NDArray[np.uint8]:
    fields = (_SIGNATURE, *_FLAT_SPECTRUM, *_QUIET_SUBFRAME * 4)
    return np.packbits([bit for value, width in fields for bit in _field_bits(value, width)])


def _field_bits(value: int, width: int) -> list[int]:
    return [value >> place & 1 for place in range(width - 1, -1, -1)]
