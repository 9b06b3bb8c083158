"""Sound out of a stream, on the sender's clock: every packet at the place of its timestamp.

Where packets are lost, the decoder is not told, and the place is filled by the concealment of G.711 Appendix I,
whatever the codec, or left silent. Pauses of discontinuous transmission, comfort noise and telephone events are silent.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from audioqa.captures.figures import NO_SOUND, numbered
from audioqa.captures.payloads import AMR_MODES, AMR_WB_MODES, DECODERS, frames_of
from audioqa.captures.signalling import Coding
from audioqa.captures.streams import Stream
from audioqa.concealment import conceal
from audioqa.errors import NetworkError

_HISTORY = 0.06
"""Seconds of sound that concealment looks back on."""

_LONGEST = 12 * 3600
"""Seconds that a stream may last; a longer one has damaged timestamps."""


@dataclass(frozen=True)
class DecodedStream:
    """The sound of one stream.

    Parameters
    ----------
    samples
        float32 ``(n,)`` in [-1, 1].
    rate
        Hz.
    began
        When its first packet was captured, ns.
    codec
        Name of the codec, with the mode of AMR where one mode makes up most frames: ``AMR-WB-12.65``.
    bad_frames
        Packets that did not decode.
    concealed
        Seconds that were lost and filled.
    """

    samples: NDArray[np.float32]
    rate: int
    began: int
    codec: str
    bad_frames: int
    concealed: float


def decode_stream(
    stream: Stream,
    *,
    heard: Sequence[bool] | None = None,
    packet_time: float | None = None,
    concealment: bool = True,
) -> DecodedStream:
    """Decode a stream.

    Parameters
    ----------
    stream
        Of a capture.
    heard
        Which packets come in time, as `Playout` tells it; None for all.
    packet_time
        Sound in a packet, ms, as `measure_stream` tells it.
    concealment
        Fill what was lost; otherwise it is silent.

    Raises
    ------
    NetworkError
        Where it is encrypted, video, of a coding that is not known or cannot be decoded, or without any sound.
    """
    coding = sound_coding(stream)
    decoder = DECODERS[coding.name]
    places = numbered(stream.packets, packet_time=packet_time)
    chosen: dict[int, int] = {}
    for index, place in enumerate(places):
        if (heard is None or heard[index]) and place not in chosen:
            chosen[place] = index
    times = _places_in_time(stream, coding, decoder.rate)
    pieces, bad, modes = _decoded(stream, [(place, chosen[place]) for place in sorted(chosen)], coding)
    if not pieces:
        raise NetworkError(f"no packet of {coding.name} could be decoded")
    origin = min(times)
    length = max(*(times[index] - origin + len(samples) for index, samples in pieces.items()), max(times) - origin)
    if length > _LONGEST * decoder.rate:
        raise NetworkError("its timestamps span more than twelve hours: they are damaged")
    sound = np.zeros(length, np.float32)
    for index in sorted(pieces, key=lambda one: times[one]):
        at = times[index] - origin
        sound[at : at + len(pieces[index])] = pieces[index]
    filled = 0
    if concealment:
        ends = {place: times[index] - origin for place, index in chosen.items()}
        sizes = {place: len(pieces[index]) for place, index in chosen.items() if index in pieces}
        filled = sum(_fill(sound, gap, decoder.rate) for gap in _gaps(ends, sizes))
    return DecodedStream(
        samples=sound,
        rate=decoder.rate,
        began=stream.packets[0].time,
        codec=_named(coding, modes),
        bad_frames=bad,
        concealed=filled / decoder.rate,
    )


def sound_coding(stream: Stream) -> Coding:
    """The coding of a stream's sound.

    Raises
    ------
    NetworkError
        Where it is encrypted, video, or there is none that can be decoded; the message names it.
    """
    if stream.secure:
        raise NetworkError("it is encrypted (SRTP): its packets can be measured, but there is no sound to be had")
    if stream.kind != "audio":
        raise NetworkError(f"it is {stream.kind}, not audio")
    counts = Counter(packet.payload_type for packet in stream.packets)
    for number, _ in counts.most_common():
        coding = stream.codings.get(number)
        if coding is None or coding.name in NO_SOUND:
            continue
        if coding.name not in DECODERS:
            raise NetworkError(f"{coding.name} cannot be decoded; {', '.join(DECODERS)} can")
        if any(packet.cut for packet in stream.packets):
            raise NetworkError("the capture has not the whole of its packets (snaplen): there is no sound to be had")
        return coding
    unknown = [number for number, _ in counts.most_common() if number not in stream.codings]
    if unknown:
        raise NetworkError(f"no SDP in the capture says what payload number {unknown[0]} is")
    raise NetworkError("it holds comfort noise or telephone events only")


def codec_of(stream: Stream) -> str:
    """Name of a stream's codec, with the mode of AMR where one mode makes up most frames; empty where it has no sound.

    Parameters
    ----------
    stream
        Of a capture; its packets are looked at, and not decoded.
    """
    try:
        coding = sound_coding(stream)
    except NetworkError:
        return ""
    modes: Counter[int] = Counter()
    if coding.name.startswith("AMR"):
        for packet in stream.packets:
            own = stream.codings.get(packet.payload_type)
            if own is not None and own.name == coding.name and packet.payload:
                with suppress(NetworkError):
                    modes.update(frame.mode for frame in frames_of(own, packet.payload) if frame.mode is not None)
    return _named(coding, modes)


def _places_in_time(stream: Stream, coding: Coding, rate: int) -> list[int]:
    """Of each packet, its place in samples of sound, by its timestamp."""
    found: list[int] = []
    units = 0
    before = stream.packets[0].timestamp
    for packet in stream.packets:
        units += (packet.timestamp - before + 0x80000000) % 0x100000000 - 0x80000000
        before = packet.timestamp
        found.append(round(units * rate / coding.clock))
    return found


def _decoded(
    stream: Stream, order: Sequence[tuple[int, int]], coding: Coding
) -> tuple[dict[int, NDArray[np.float32]], int, Counter[int]]:
    """By the packet's place in the capture its sound, packets that did not decode, and how often each mode came."""
    import av

    decoder = DECODERS[coding.name]
    context = av.CodecContext.create(decoder.name, "r")
    context.sample_rate = decoder.rate  # type: ignore[attr-defined]
    context.layout = "mono"  # type: ignore[attr-defined]
    pieces: dict[int, NDArray[np.float32]] = {}
    modes: Counter[int] = Counter()
    bad = 0
    for _, index in order:
        packet = stream.packets[index]
        own = stream.codings.get(packet.payload_type)
        if own is None or own.name != coding.name or not packet.payload:
            continue
        try:
            parts = []
            for frame in frames_of(own, packet.payload):
                if frame.mode is not None:
                    modes[frame.mode] += 1
                if frame.data:
                    parts += [_mono(sound) for sound in context.decode(av.Packet(frame.data))]  # type: ignore[attr-defined]
                elif coding.name.startswith("AMR"):
                    parts.append(np.zeros(decoder.rate // 50, np.float32))
        except (NetworkError, av.error.FFmpegError, EOFError):
            bad += 1
            continue
        if parts:
            pieces[index] = np.concatenate(parts)
    return pieces, bad, modes


def _mono(sound: object) -> NDArray[np.float32]:
    """The first channel of a decoded frame. RTP has one party on a stream; Opus may send it on two channels alike."""
    frame = sound
    values = frame.to_ndarray()  # type: ignore[attr-defined]
    channels = frame.layout.nb_channels  # type: ignore[attr-defined]
    first = values[0] if frame.format.is_planar else values.reshape(-1, channels)[:, 0]  # type: ignore[attr-defined]
    scale = 2.0 ** (1 - 8 * first.dtype.itemsize) if first.dtype.kind == "i" else 1.0
    samples: NDArray[np.float32] = np.clip(first.astype(np.float32) * np.float32(scale), -1, 1)
    return samples


def _gaps(begins: Mapping[int, int], sizes: Mapping[int, int]) -> Iterator[tuple[int, int]]:
    """Where sound was lost, as places in samples and their lengths.

    Parameters
    ----------
    begins
        By number, where each packet that was heard begins, whether it holds sound or not.
    sizes
        By number, the samples of those that hold sound.
    """
    numbers = sorted(begins)
    for before, after in pairwise(numbers):
        if after - before > 1 and before in sizes:
            end = begins[before] + sizes[before]
            # Of a pause that the sender made beside the loss, only what the lost packets can have held.
            count = min(begins[after] - end, (after - before - 1) * sizes[before])
            if count > 0:
                yield end, count


def _fill(sound: NDArray[np.float32], gap: tuple[int, int], rate: int) -> int:
    """Conceal a gap, and return its samples, or 0 where too little sound is around it."""
    start, count = gap
    if start < _HISTORY * rate or start + count >= len(sound):
        return 0
    conceal(sound, start, count, rate)
    return count


def _named(coding: Coding, modes: Counter[int]) -> str:
    names = {"AMR": AMR_MODES, "AMR-WB": AMR_WB_MODES}.get(coding.name, ())
    speech = Counter({names[mode]: count for mode, count in modes.items() if mode < len(names)})
    if speech:
        mode, count = speech.most_common(1)[0]
        if count > speech.total() / 2:
            return f"{coding.name}-{mode}"
    return coding.name
