"""Speech codecs that only exist as C libraries: G.729 (libbcg729) and the AMR-WB encoder (libvo-amrwbenc).

Both are called through ctypes, one state a call, freed before returning. Frames and bit streams are
those of the libraries: G.729 10 ms and 10 bytes, AMR-WB 20 ms in the storage format of RFC 4867.
"""

from __future__ import annotations

import ctypes

import numpy as np
from numpy.typing import NDArray

from audioqa.errors import AudioqaError

G729_FRAME = 80
"""Samples of one G.729 frame: 10 ms at 8 kHz."""

AMR_WB_FRAME = 320
"""Samples of one AMR-WB frame: 20 ms at 16 kHz."""

_G729_BYTES = 10  # 8 kbit/s
_AMR_WB_BYTES = 61  # the longest frame, 23.85 kbit/s with its header byte


class CodecUnavailableError(AudioqaError):
    """A codec of the laboratory needs a library that is not installed."""


def g729(samples: NDArray[np.int16], lost: NDArray[np.bool_]) -> NDArray[np.int16]:
    """Encode and decode by G.729 Annex A, without voice activity detection.

    Parameters
    ----------
    samples
        int16 at 8 kHz, shape (n,), n a multiple of 80.
    lost
        bool, shape (n / 80,): frames that the decoder is told are erased (ITU-T G.729, clause 4.4).

    Raises
    ------
    CodecUnavailableError
        libbcg729 is not installed.
    """
    library = load_library("libbcg729.so.0", package="libbcg729-0")
    library.initBcg729EncoderChannel.restype = ctypes.c_void_p
    library.initBcg729DecoderChannel.restype = ctypes.c_void_p
    encode, decode = library.bcg729Encoder, library.bcg729Decoder
    encode.argtypes = (ctypes.c_void_p,) * 4
    decode.argtypes = (ctypes.c_void_p, ctypes.c_void_p, *(ctypes.c_uint8,) * 4, ctypes.c_void_p)
    source = np.ascontiguousarray(samples)
    decoded = np.zeros_like(source)
    bits = (ctypes.c_uint8 * _G729_BYTES)()
    length = ctypes.c_uint8()
    size = ctypes.addressof(length)
    read, write, step = source.ctypes.data, decoded.ctypes.data, G729_FRAME * source.itemsize
    encoder = ctypes.c_void_p(library.initBcg729EncoderChannel(ctypes.c_uint8(0)))
    decoder = ctypes.c_void_p(library.initBcg729DecoderChannel())
    try:
        for erased in lost.tolist():
            encode(encoder, read, bits, size)
            decode(decoder, bits, length, erased, 0, 0, write)
            read, write = read + step, write + step
    finally:
        library.closeBcg729EncoderChannel(encoder)
        library.closeBcg729DecoderChannel(decoder)
    return decoded


def amr_wb_packets(samples: NDArray[np.int16], *, mode: int) -> list[bytes]:
    """Encode by AMR-WB, without discontinuous transmission.

    Parameters
    ----------
    samples
        int16 at 16 kHz, shape (n,), n a multiple of 320.
    mode
        0 (6.60 kbit/s) to 8 (23.85 kbit/s); 2 is 12.65.

    Returns
    -------
    list of bytes
        One packet per 20 ms, each with its header byte.

    Raises
    ------
    CodecUnavailableError
        libvo-amrwbenc is not installed.
    """
    library = load_library("libvo-amrwbenc.so.0", package="libvo-amrwbenc0")
    library.E_IF_init.restype = ctypes.c_void_p
    source = np.ascontiguousarray(samples)
    packet = (ctypes.c_uint8 * _AMR_WB_BYTES)()
    packets: list[bytes] = []
    state = ctypes.c_void_p(library.E_IF_init())
    try:
        for start in range(0, len(source), AMR_WB_FRAME):
            pointer = ctypes.c_void_p(source.ctypes.data + start * source.itemsize)
            size = library.E_IF_encode(state, mode, pointer, packet, 0)
            packets.append(bytes(packet[:size]))
    finally:
        library.E_IF_exit(state)
    return packets


def load_library(name: str, *, package: str) -> ctypes.CDLL:
    """A C library by its file name.

    Raises
    ------
    CodecUnavailableError
        It is not installed; the message names the Debian `package` that holds it.
    """
    try:
        return ctypes.CDLL(name)
    except OSError as error:
        raise CodecUnavailableError(f"needed {name}, which is not installed: apt-get install {package}") from error
