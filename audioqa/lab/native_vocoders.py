"""Two vocoders of old internet and radio telephony: Speex (libspeex) and Codec 2 (libcodec2).

Both are called through ctypes, one state a call, freed before returning; both have frames of 20 ms at 8 kHz.
Speex conceals lost packets itself; Codec 2 leaves that to whoever uses it.
"""

from __future__ import annotations

import _ctypes
import ctypes

import numpy as np
from numpy.typing import NDArray

from audioqa.errors import AudioqaError
from audioqa.lab.native import load_library

VOCODER_FRAME = 160
"""Samples of one frame of Speex narrowband and of Codec 2: 20 ms at 8 kHz."""

_SPEEX_NARROWBAND = 0  # this and the request: speex.h
_SPEEX_SET_QUALITY = 4
_SPEEX_BITS_BYTES = 256  # several times what struct SpeexBits takes
_CODEC2_3200 = 0  # codec2.h
_CODEC2_3200_BYTES = 8  # 64 bits in 20 ms


def speex(samples: NDArray[np.int16], lost: NDArray[np.bool_], *, quality: int) -> NDArray[np.int16]:
    """Encode and decode by Speex narrowband at a constant bit rate, its delay still in.

    Parameters
    ----------
    samples
        int16 at 8 kHz, shape (n,), n a multiple of 160.
    lost
        bool, shape (n / 160,): packets that never reach the decoder, which conceals them.
    quality
        0 to 10: 4 is 8 kbit/s, 8 is 15 kbit/s.

    Raises
    ------
    CodecUnavailableError
        libspeex is not installed.
    """
    library = load_library("libspeex.so.1", package="libspeex1")
    for made in (library.speex_lib_get_mode, library.speex_encoder_init, library.speex_decoder_init):
        made.restype = ctypes.c_void_p
    encode, decode = library.speex_encode_int, library.speex_decode_int
    encode.argtypes = decode.argtypes = (ctypes.c_void_p,) * 3
    source = np.array(samples, dtype=np.int16)  # a copy: the encoder may write into its input
    decoded = np.zeros_like(source)
    read, write, step = source.ctypes.data, decoded.ctypes.data, VOCODER_FRAME * source.itemsize
    mode = ctypes.c_void_p(library.speex_lib_get_mode(_SPEEX_NARROWBAND))
    bits = ctypes.create_string_buffer(_SPEEX_BITS_BYTES)
    library.speex_bits_init(bits)
    encoder = ctypes.c_void_p(library.speex_encoder_init(mode))
    decoder = ctypes.c_void_p(library.speex_decoder_init(mode))
    try:
        library.speex_encoder_ctl(encoder, _SPEEX_SET_QUALITY, ctypes.byref(ctypes.c_int(quality)))
        for missing in lost.tolist():
            library.speex_bits_reset(bits)
            encode(encoder, read, bits)
            library.speex_bits_rewind(bits)
            decode(decoder, None if missing else bits, write)
            read, write = read + step, write + step
    finally:
        library.speex_encoder_destroy(encoder)
        library.speex_decoder_destroy(decoder)
        library.speex_bits_destroy(bits)
    return decoded


def codec2(samples: NDArray[np.int16]) -> NDArray[np.int16]:
    """Encode and decode by Codec 2 at 3200 bit/s, its delay still in.

    Parameters
    ----------
    samples
        int16 at 8 kHz, shape (n,), n a multiple of 160.

    Raises
    ------
    CodecUnavailableError
        libcodec2 is not installed.
    AudioqaError
        It was built without the 3200 bit/s mode.
    """
    library = load_library("libcodec2.so.1.0", package="libcodec2-1.0")
    library.codec2_create.restype = ctypes.c_void_p
    encode, decode = library.codec2_encode, library.codec2_decode
    encode.argtypes = decode.argtypes = (ctypes.c_void_p,) * 3
    source = np.array(samples, dtype=np.int16)
    decoded = np.zeros_like(source)
    read, write, step = source.ctypes.data, decoded.ctypes.data, VOCODER_FRAME * source.itemsize
    bits = ctypes.create_string_buffer(_CODEC2_3200_BYTES)
    state = ctypes.c_void_p(library.codec2_create(_CODEC2_3200))
    try:
        if not state:
            raise AudioqaError("needed a libcodec2 with the 3200 bit/s mode, got one without")
        for _ in range(len(source) // VOCODER_FRAME):
            encode(state, bits, read)
            decode(state, write, bits)
            read, write = read + step, write + step
    finally:
        if state:
            library.codec2_destroy(state)
        # The decoder's noise comes from a counter inside the library; unloading starts it anew for the next call.
        del encode, decode
        _ctypes.dlclose(library._handle)
    return decoded
