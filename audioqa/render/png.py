"""Greyscale PNG (ISO/IEC 15948) of an array: enough for a spectrogram, without an imaging library."""

from __future__ import annotations

import struct
import zlib

import numpy as np
from numpy.typing import NDArray


def greyscale_png(levels: NDArray[np.uint8]) -> bytes:
    """An 8-bit greyscale PNG.

    Parameters
    ----------
    levels
        uint8, shape (height, width), both at least 1: 0 is black; the first row stands on top.

    Examples
    --------
    >>> greyscale_png(np.zeros((2, 3), np.uint8))[:4]
    b'\\x89PNG'
    """
    height, width = levels.shape
    # Filter 1 (each byte minus its left neighbour) leaves the runs of a quiet band to the compressor.
    differences = np.diff(levels, axis=1, prepend=np.zeros((height, 1), np.uint8))
    lines = np.concatenate([np.ones((height, 1), np.uint8), differences.astype(np.uint8)], axis=1)
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunks = (b"IHDR", header), (b"IDAT", zlib.compress(lines.tobytes(), 9)), (b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, content) for kind, content in chunks)


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
