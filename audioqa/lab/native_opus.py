"""Opus as a call uses it (RFC 6716, RFC 7587): 20 ms packets, VoIP, variable bit rate, by libopus itself.

Encoder and decoder both run at the rate of the speech, 8 kHz or 16 kHz, so that nothing is resampled, and a lost
packet is concealed by the decoder that a telephone has. Called through ctypes: the encoder's packet goes straight
into the decoder.
"""

from __future__ import annotations

import ctypes

import numpy as np
from numpy.typing import NDArray

from audioqa.errors import AudioqaError
from audioqa.lab.native import load_library

_APPLICATION_VOIP = 2048  # this and the requests: opus_defines.h
_SET_BITRATE = 4002
_SET_VBR = 4006
_SET_COMPLEXITY = 4010
_SET_VBR_CONSTRAINT = 4020
_COMPLEXITY = 10  # the slowest and best of 0 to 10
_LARGEST_PACKET = 1275  # bytes: RFC 6716, section 3.2.1
_PACKETS_PER_SECOND = 50


def opus(samples: NDArray[np.int16], lost: NDArray[np.bool_], *, rate: int, bit_rate: int) -> NDArray[np.int16]:
    """Encode and decode by Opus, its delay still in.

    Parameters
    ----------
    samples
        int16 at `rate`, shape (n,), n a multiple of 20 ms.
    lost
        bool, shape (n / (rate / 50),): packets that never reach the decoder, which conceals them.
    rate
        Hz: 8000, which limits Opus to narrowband, or 16000, to wideband.
    bit_rate
        bit/s, 6000 to 510000: the mean that the encoder aims at.

    Returns
    -------
    int16, shape (n,)

    Raises
    ------
    CodecUnavailableError
        libopus is not installed.
    AudioqaError
        libopus refuses the rate, the bit rate or a frame.
    """
    library = load_library("libopus.so.0", package="libopus0")
    library.opus_encoder_create.restype = library.opus_decoder_create.restype = ctypes.c_void_p
    encode, decode = library.opus_encode, library.opus_decode
    encode.argtypes = (ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p, ctypes.c_int32)
    decode.argtypes = (*(ctypes.c_void_p,) * 2, ctypes.c_int32, ctypes.c_void_p, ctypes.c_int, ctypes.c_int)
    source = np.ascontiguousarray(samples)
    decoded = np.zeros_like(source)
    packet = ctypes.create_string_buffer(_LARGEST_PACKET)
    frame = rate // _PACKETS_PER_SECOND
    read, write, step = source.ctypes.data, decoded.ctypes.data, frame * source.itemsize
    status = ctypes.c_int()
    encoder = ctypes.c_void_p(library.opus_encoder_create(rate, 1, _APPLICATION_VOIP, ctypes.byref(status)))
    decoder = ctypes.c_void_p(library.opus_decoder_create(rate, 1, ctypes.byref(status)))
    try:
        if not (encoder and decoder):
            raise AudioqaError(f"needed 8000 or 16000 Hz for Opus, got {rate} Hz")
        for request, value in (
            (_SET_BITRATE, bit_rate),
            (_SET_VBR, 1),
            (_SET_VBR_CONSTRAINT, 0),
            (_SET_COMPLEXITY, _COMPLEXITY),
        ):
            _checked(library.opus_encoder_ctl(encoder, request, ctypes.c_int32(value)))
        for missing in lost.tolist():
            size = _checked(encode(encoder, read, frame, packet, _LARGEST_PACKET))
            _checked(decode(decoder, None if missing else packet, 0 if missing else size, write, frame, 0))
            read, write = read + step, write + step
    finally:
        library.opus_encoder_destroy(encoder)
        library.opus_decoder_destroy(decoder)
    return decoded


def _checked(status: int) -> int:
    """What libopus returned, if it is not one of its negative error codes."""
    if status < 0:
        raise AudioqaError(f"libopus refused a call with error {status}")
    return status
