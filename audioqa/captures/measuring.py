"""A captured call before anyone listens: its streams measured and played through a jitter buffer, and their sound."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from audioqa.captures.calls import CapturedCall
from audioqa.captures.decoding import DecodedStream, codec_of, decode_stream
from audioqa.captures.figures import StreamFigures, measure_stream
from audioqa.captures.playout import Playout, play_out
from audioqa.captures.sound import write_sound
from audioqa.captures.streams import Stream
from audioqa.errors import NetworkError
from audioqa.network import Leg
from audioqa.network.statistics import completed
from audioqa.perceptual.emodel import JitterBuffer


@dataclass(frozen=True)
class MeasuredStream:
    """A stream and what its packets say.

    Parameters
    ----------
    stream, figures
        The stream, and its figures.
    playout
        What a jitter buffer makes of it; None without one, or where its clock is not known.
    codec
        With the mode of AMR; empty where it is not known.
    """

    stream: Stream
    figures: StreamFigures
    playout: Playout | None
    codec: str

    @property
    def all_heard(self) -> bool:
        """Whether every packet that came was in time."""
        return self.playout is None or all(self.playout.heard)

    def decoded(self, *, buffered: bool) -> DecodedStream:
        """Its sound: of all packets that came, or of those that a buffer would have played.

        Raises
        ------
        NetworkError
            Where there is none; the message names why.
        """
        heard = self.playout.heard if buffered and self.playout is not None else None
        return decode_stream(self.stream, heard=heard, packet_time=self.figures.packet_time)


@dataclass(frozen=True)
class MeasuredLeg:
    """Everything that one party sent, measured."""

    name: str
    streams: tuple[MeasuredStream, ...]

    def network(self) -> Leg:
        """What its packets say together, each stream by its share of the packets."""
        streams = self.streams
        sent = sum(one.figures.expected for one in streams)
        lost = sum(one.figures.lost for one in streams)
        figures = {"packets": float(sum(one.figures.received for one in streams)), "packets_lost": float(lost)}
        for name in ("jitter", "max_jitter"):
            values = [(v, one.figures.expected) for one in streams if (v := getattr(one.figures, name)) is not None]
            if values and name == "jitter":
                figures[name] = sum(value * weight for value, weight in values) / sum(weight for _, weight in values)
            elif values:
                figures[name] = max(value for value, _ in values)
        played = [(one.playout, one.figures.expected) for one in streams if one.playout is not None]
        if played:
            figures["discarded"] = sum(playout.late * count for playout, count in played) / sent
            figures["end_system_delay"] = sum(playout.delay * count for playout, count in played) / sent
        worst = max(streams, key=lambda one: one.playout.loss if one.playout else one.figures.loss)
        ratio = worst.playout.burst_ratio if worst.playout else worst.figures.burst_ratio
        if ratio is not None:
            figures["burst_ratio"] = ratio
        trips = [report.figures["rtt"] for one in streams for report in one.stream.reported if "rtt" in report.figures]
        if trips:
            figures["rtt"] = sum(trips) / len(trips)
        # A duplicate makes up for no loss: the share is of what was sent.
        figures["loss"] = 100 * lost / sent
        return Leg(self.name, completed(figures), max(streams, key=lambda one: one.figures.received).codec)


def measure_call(call: CapturedCall, buffer: JitterBuffer | None) -> tuple[MeasuredLeg, ...]:
    """Measure the streams of a call.

    Parameters
    ----------
    call
        Of a capture.
    buffer
        The receiver's jitter buffer; None for none: then all packets that came are heard.
    """
    return tuple(MeasuredLeg(leg.name, tuple(_measured(one, buffer) for one in leg.streams)) for leg in call.legs)


@contextmanager
def sound_of(
    call: CapturedCall, legs: Sequence[MeasuredLeg], *, buffered: bool, name: str = "call"
) -> Iterator[tuple[Path, tuple[str, ...]]]:
    """The sound of a call as a temporary WAV file, a channel for each party that has some.

    Parameters
    ----------
    call, legs
        The call, and its streams measured.
    buffered
        Only what came in time.
    name
        Of the file, without its extension.

    Yields
    ------
    tuple of Path and tuple of str
        The file, and the parties on its channels.

    Raises
    ------
    NetworkError
        Where no stream has any sound; the message says of each why.
    """
    sound: list[list[DecodedStream]] = []
    names: list[str] = []
    refused: list[str] = []
    for leg in legs:
        streams: list[DecodedStream] = []
        for one in leg.streams:
            try:
                streams.append(one.decoded(buffered=buffered))
            except NetworkError as error:
                refused.append(f"{leg.name}: {error}")
        if streams:
            sound.append(streams)
            names.append(leg.name)
    if not sound:
        raise NetworkError("; ".join(dict.fromkeys(refused)))
    with TemporaryDirectory(prefix="audioqa-") as folder:
        file = Path(folder) / f"{name}.wav"
        write_sound(file, sound, began=call.began)
        yield file, tuple(names)


def bare(stream: Stream) -> Stream:
    """The stream without its packets."""
    return replace(stream, packets=())


def _measured(stream: Stream, buffer: JitterBuffer | None) -> MeasuredStream:
    figures = measure_stream(stream)
    playout = play_out(stream, buffer, packet_time=figures.packet_time) if buffer is not None else None
    return MeasuredStream(stream, figures, playout, codec_of(stream) or figures.codec)
