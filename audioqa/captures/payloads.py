"""From RTP payloads to the frames that a decoder takes (RFC 3551, RFC 4867, RFC 7587)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from audioqa.captures.signalling import Coding
from audioqa.errors import NetworkError


@dataclass(frozen=True)
class Decoder:
    """What decodes a coding.

    Parameters
    ----------
    name
        FFmpeg's decoder.
    rate
        Hz of what comes out.
    frame
        Bytes of one frame where payloads hold whole frames of a fixed size; 0 where a payload is given as it is.
    """

    name: str
    rate: int
    frame: int = 0


DECODERS: Mapping[str, Decoder] = {
    "PCMU": Decoder("pcm_mulaw", 8000),
    "PCMA": Decoder("pcm_alaw", 8000),
    "G722": Decoder("g722", 16_000),
    "G729": Decoder("g729", 8000, 10),
    "GSM": Decoder("gsm", 8000, 33),
    "OPUS": Decoder("libopus", 48_000),
    "AMR": Decoder("libopencore_amrnb", 8000),
    "AMR-WB": Decoder("libopencore_amrwb", 16_000),
}
"""By the encoding name of SDP. G.722's RTP clock runs at 8,000 Hz for historical reasons; its sound has 16,000."""

_AMR_BITS = (95, 103, 118, 134, 148, 159, 204, 244, 39)
_AMR_WB_BITS = (132, 177, 253, 285, 317, 365, 397, 461, 477, 40)
AMR_MODES = ("4.75", "5.15", "5.9", "6.7", "7.4", "7.95", "10.2", "12.2")
AMR_WB_MODES = ("6.6", "8.85", "12.65", "14.25", "15.85", "18.25", "19.85", "23.05", "23.85")
"""Modes by frame type, kbit/s (RFC 4867; 3GPP TS 26.101 and 26.201)."""


@dataclass(frozen=True)
class Frame:
    """One frame for a decoder.

    Parameters
    ----------
    data
        Its bytes; empty where the sender had nothing to say (AMR's NO_DATA).
    mode
        Frame type of AMR; None of other codings.
    """

    data: bytes
    mode: int | None = None


def frames_of(coding: Coding, payload: bytes) -> list[Frame]:
    """The frames in a payload.

    Parameters
    ----------
    coding
        The payload's.
    payload
        Its bytes.

    Raises
    ------
    NetworkError
        Where the coding cannot be decoded, or the payload breaks off.
    """
    decoder = DECODERS.get(coding.name)
    if decoder is None:
        raise NetworkError(f"{coding.name or 'a payload of unknown coding'} cannot be decoded")
    if coding.name in ("AMR", "AMR-WB"):
        return list(_amr(coding, payload))
    if not decoder.frame:
        return [Frame(payload)]
    # A rest that is shorter than a frame is comfort noise of G.729 Annex B.
    return [Frame(payload[at : at + decoder.frame]) for at in range(0, len(payload) - decoder.frame + 1, decoder.frame)]


def _amr(coding: Coding, payload: bytes) -> Iterator[Frame]:
    """Frames of RFC 4867 as files have them: a byte with type and quality, then the bits, filled up to bytes."""
    wide = coding.name == "AMR-WB"
    sizes = _AMR_WB_BITS if wide else _AMR_BITS
    aligned = coding.format.get("octet-align", "0") == "1"
    if coding.format.get("interleaving") or coding.format.get("crc", "0") == "1":
        raise NetworkError(f"{coding.name} with interleaving or checksums cannot be decoded")
    bits = _Bits(payload)
    bits.take(8 if aligned else 4)
    table: list[tuple[int, int]] = []
    more = 1
    while more:
        more, kind, quality = bits.take(1), bits.take(4), bits.take(1)
        if aligned:
            bits.take(2)
        table.append((kind, quality))
    for kind, quality in table:
        count = sizes[kind] if kind < len(sizes) else 0
        body = bits.take_bytes(count)
        if aligned and count % 8:
            bits.take(8 - count % 8)
        yield Frame(bytes([kind << 3 | quality << 2]) + body if count else b"", kind)


class _Bits:
    """Reads bits off a payload."""

    def __init__(self, data: bytes) -> None:
        self._number = int.from_bytes(data, "big")
        self._left = 8 * len(data)

    def take(self, count: int) -> int:
        if count > self._left:
            raise NetworkError("a payload of AMR breaks off in the middle of a frame")
        self._left -= count
        return self._number >> self._left & ((1 << count) - 1)

    def take_bytes(self, count: int) -> bytes:
        """Bits, filled up with zeros at the end of the last byte."""
        whole = (count + 7) // 8
        return (self.take(count) << (8 * whole - count)).to_bytes(whole, "big")
