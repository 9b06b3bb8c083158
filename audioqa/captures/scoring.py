"""A captured call, scored twice: the E-model on its packets, the estimator on its sound."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from audioqa.analysis import Analyser
from audioqa.audio import OpenOptions
from audioqa.captures.calls import CapturedCall
from audioqa.captures.decoding import DecodedStream, decode_stream
from audioqa.captures.figures import StreamFigures, measure_stream
from audioqa.captures.playout import Playout, play_out
from audioqa.captures.sound import write_sound
from audioqa.captures.streams import Stream
from audioqa.errors import NetworkError
from audioqa.network import Leg, NetworkMos, rate_legs
from audioqa.perceptual.emodel import JitterBuffer
from audioqa.types import CallReport, PartyMos, Score, Skipped


@dataclass(frozen=True)
class StreamScore:
    """One stream: its packets, and what became of its sound.

    Parameters
    ----------
    stream
        The stream, without its packets.
    figures
        What its packets say.
    playout
        What a jitter buffer makes of it; None where its clock is not known.
    codec
        With the mode of AMR.
    refused
        Why it has no sound; empty where it has.
    bad_frames, concealed
        Packets that did not decode, and seconds filled where packets were lost or late.
    """

    stream: Stream
    figures: StreamFigures
    playout: Playout | None
    codec: str
    refused: str
    bad_frames: int
    concealed: float


@dataclass(frozen=True)
class LegScore:
    """One party of a captured call.

    Parameters
    ----------
    name
        Its name.
    streams
        What it sent.
    network
        The E-model's MOS of its packets behind the jitter buffer.
    received, heard
        The estimator's MOS of its sound: all packets that came, and those that a jitter buffer would have played.
    """

    name: str
    streams: tuple[StreamScore, ...]
    network: NetworkMos | Skipped
    received: Score | Skipped
    heard: Score | Skipped

    @property
    def difference(self) -> float | Skipped:
        """MOS of the sound less MOS of the network, where both are in one context."""
        if isinstance(self.network, Skipped) or isinstance(self.heard, Skipped):
            return Skipped("difference", self.name, "one of the two is not known")
        if self.heard.context != self.network.scale:
            reason = f"the E-model's MOS is {self.network.scale}, the estimator's {self.heard.context}"
            return Skipped("difference", self.name, reason)
        return self.heard.value - self.network.mos


@dataclass(frozen=True)
class CallScore:
    """A captured call, scored.

    Parameters
    ----------
    path, sha256
        The capture, and the digest of its bytes.
    call
        The call.
    legs
        Its parties.
    report
        On the sound behind the jitter buffer; or why there is none.
    """

    path: str
    sha256: str
    call: CapturedCall
    legs: tuple[LegScore, ...]
    report: CallReport | Skipped


def score_call(
    path: Path,
    call: CapturedCall,
    analyser: Analyser,
    *,
    buffer: JitterBuffer | None = JitterBuffer(),  # noqa: B008 - frozen
    proxy: bool = False,
) -> CallScore:
    """Score a call of a capture.

    Parameters
    ----------
    path
        The capture.
    call
        One of its calls.
    analyser
        What scores its sound.
    buffer
        The receiver's jitter buffer; None for none: then all packets that came are heard.
    proxy
        Take another codec's values in the E-model where the ITU has published none.
    """
    measured = [[_Measured.of(stream, buffer) for stream in leg.streams] for leg in call.legs]
    came = _report(path, call, analyser, [[one.received for one in leg] for leg in measured])
    behind = came
    if any(one.playout is not None and not all(one.playout.heard) for leg in measured for one in leg):
        behind = _report(path, call, analyser, [[one.heard for one in leg] for leg in measured])
    legs = []
    for leg, streams in zip(call.legs, measured, strict=True):
        (network,) = rate_legs([_network_leg(leg.name, streams)], buffer=None, proxy=proxy)
        legs.append(
            LegScore(
                name=leg.name,
                streams=tuple(one.score() for one in streams),
                network=network,
                received=_score(came, leg.name, network),
                heard=_score(behind, leg.name, network),
            )
        )
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    if isinstance(behind, CallReport):
        codecs = ", ".join(dict.fromkeys(one.codec for leg in measured for one in leg))
        recording = replace(behind.recording, path=str(path), sha256=digest, container="capture", codec=codecs)
        behind = replace(behind, recording=recording)
    return CallScore(str(path), digest, call, tuple(legs), behind)


@dataclass(frozen=True)
class _Measured:
    stream: Stream
    figures: StreamFigures
    playout: Playout | None
    received: DecodedStream | None
    heard: DecodedStream | None
    refused: str

    @classmethod
    def of(cls, stream: Stream, buffer: JitterBuffer | None) -> _Measured:
        figures = measure_stream(stream)
        time = figures.packet_time
        playout = play_out(stream, buffer, packet_time=time) if buffer is not None else None
        try:
            received = decode_stream(stream, packet_time=time)
            heard = received
            if playout is not None and not all(playout.heard):
                heard = decode_stream(stream, heard=playout.heard, packet_time=time)
        except NetworkError as error:
            return cls(stream, figures, playout, None, None, str(error))
        return cls(stream, figures, playout, received, heard, "")

    def score(self) -> StreamScore:
        return StreamScore(
            stream=replace(self.stream, packets=()),
            figures=self.figures,
            playout=None if self.playout is None else replace(self.playout, heard=()),
            codec=self.codec,
            refused=self.refused,
            bad_frames=self.heard.bad_frames if self.heard else 0,
            concealed=self.heard.concealed if self.heard else 0.0,
        )

    @property
    def codec(self) -> str:
        return self.heard.codec if self.heard else self.figures.codec


def _network_leg(name: str, streams: Sequence[_Measured]) -> Leg:
    """What the packets of a party say together, each stream by its share of the packets."""
    sent = sum(one.figures.expected for one in streams)
    figures = {"loss": 100 * sum(one.figures.lost for one in streams) / sent}
    late = [one.playout.late * one.figures.expected for one in streams if one.playout is not None]
    if late:
        figures["discarded"] = sum(late) / sent
        lengths = [one.playout.delay * one.figures.expected for one in streams if one.playout is not None]
        figures["end_system_delay"] = sum(lengths) / sent
    worst = max(streams, key=lambda one: one.playout.loss if one.playout else one.figures.loss)
    ratio = worst.playout.burst_ratio if worst.playout else worst.figures.burst_ratio
    if ratio is not None:
        figures["burst_ratio"] = ratio
    trips = [r.figures["rtt"] for one in streams for r in one.stream.reported if "rtt" in r.figures]
    if trips:
        figures["delay"] = sum(trips) / len(trips) / 2
    longest = max(streams, key=lambda one: one.figures.received)
    return Leg(name, figures, longest.codec)


def _score(report: CallReport | Skipped, name: str, network: NetworkMos | Skipped) -> Score | Skipped:
    """A party's MOS in the listening context of the network's MOS, where the estimator has one."""
    if isinstance(report, Skipped):
        return report
    party = next((party for party in report.parties if party.channel == name), None)
    if party is None:
        return Skipped("mos", name, "no sound of it could be had")
    if not isinstance(party.mos, PartyMos):
        return party.mos
    if isinstance(network, NetworkMos) and network.scale == "wideband" and isinstance(party.mos.wideband, Score):
        return party.mos.wideband
    return party.mos.score


def _report(
    path: Path, call: CapturedCall, analyser: Analyser, decoded: Sequence[Sequence[DecodedStream | None]]
) -> CallReport | Skipped:
    """The report on a call's sound, a channel for each party that has some."""
    pairs = zip(call.legs, decoded, strict=True)
    there = [(leg, [one for one in streams if one is not None]) for leg, streams in pairs]
    there = [(leg, streams) for leg, streams in there if streams]
    if not there:
        return Skipped("mos", None, "no stream of the call can be decoded")
    names = tuple(leg.name for leg, _ in there)
    with tempfile.TemporaryDirectory(prefix="audioqa-") as folder:
        file = Path(folder) / f"{path.stem}.wav"
        write_sound(file, [streams for _, streams in there], began=call.began)
        return analyser(file, options=OpenOptions(channel_names=names))
