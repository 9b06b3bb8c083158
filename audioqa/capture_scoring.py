"""A captured call, scored twice: the E-model on its packets, the estimator on its sound."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from audioqa.analysis import Analyser
from audioqa.audio import OpenOptions
from audioqa.captures import CapturedCall, Playout, Stream, StreamFigures
from audioqa.captures.measuring import MeasuredLeg, MeasuredStream, bare, measure_call, sound_of
from audioqa.disagreement import network_side
from audioqa.errors import NetworkError
from audioqa.network import CallNetwork, NetworkMos, NetworkOptions, rate_legs
from audioqa.types import CallInfo, CallReport, PartyMos, Score, Skipped


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
    options: NetworkOptions = NetworkOptions(),  # noqa: B008 - frozen
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
    options
        The receiver's jitter buffer (none: all packets that came are heard), and whether proxies are taken.
    """
    measured = measure_call(call, options.buffer)
    came = _report(path, call, analyser, measured, buffered=False)
    behind = came
    if not all(one.all_heard for leg in measured for one in leg.streams):
        behind = _report(path, call, analyser, measured, buffered=True)
    legs = []
    for leg in measured:
        (network,) = rate_legs([leg.network()], buffer=None, proxy=options.proxy)
        legs.append(
            LegScore(
                name=leg.name,
                streams=tuple(_stream(one) for one in leg.streams),
                network=network,
                received=_score(came, leg.name, network),
                heard=_score(behind, leg.name, network),
            )
        )
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    if isinstance(behind, CallReport):
        codecs = ", ".join(dict.fromkeys(one.codec for leg in measured for one in leg.streams))
        recording = replace(behind.recording, path=str(path), sha256=digest, container="capture", codec=codecs)
        behind = replace(behind, recording=recording)
        behind = replace(behind, network=network_side(behind, _info(call, measured, behind), options=options))
    return CallScore(str(path), digest, call, tuple(legs), behind)


def _info(call: CapturedCall, legs: Sequence[MeasuredLeg], report: CallReport) -> CallInfo:
    """What the packets say of a call, as every other source says it."""
    told = [leg.network() for leg in legs]
    return CallInfo(
        call.call_id,
        roles=report.recording.channels,
        network=CallNetwork(call.call_id, tuple(told)).flat(),
        tags={f"{leg.name}_codec": leg.codec for leg in told if leg.codec},
    )


def _stream(one: MeasuredStream) -> StreamScore:
    """A stream with what decoding tells of it; its sound itself is not kept."""
    bad, concealed, refused = 0, 0.0, ""
    try:
        sound = one.decoded(buffered=True)
        bad, concealed = sound.bad_frames, sound.concealed
    except NetworkError as error:
        refused = str(error)
    return StreamScore(
        stream=bare(one.stream),
        figures=one.figures,
        playout=None if one.playout is None else replace(one.playout, heard=()),
        codec=one.codec,
        refused=refused,
        bad_frames=bad,
        concealed=concealed,
    )


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
    path: Path, call: CapturedCall, analyser: Analyser, legs: Sequence[MeasuredLeg], *, buffered: bool
) -> CallReport | Skipped:
    """The report on a call's sound."""
    try:
        with sound_of(call, legs, buffered=buffered, name=path.stem) as (file, names):
            return analyser(file, options=OpenOptions(channel_names=names))
    except NetworkError:
        return Skipped("mos", None, "no stream of the call can be decoded")
