"""From streams to calls: who sent what to whom, and whether both could be heard.

Streams of one SIP call belong together. Without SIP in the capture, two streams that run between the same two addresses
in opposite directions are a call, and any other stream is a call of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from audioqa.captures.signalling import Media
from audioqa.captures.streams import Capture, Stream

OneWay = Literal["no", "fault", "announced", "not known"]
"""Whether only one party sent: a fault; as SDP said (``sendonly``); or only one direction was captured."""

_HARDLY = 0.1
"""A direction that lasts less than this share of the other one is as good as none."""

_LEAST = 5.0
"""Seconds of the other direction from which on its absence tells."""

_OTHER = {"caller": "callee", "callee": "caller"}


@dataclass(frozen=True)
class CapturedLeg:
    """Everything that one party sent.

    Parameters
    ----------
    name
        ``caller`` or ``callee`` where SIP tells, else the address that it sent from.
    streams
        In the order in which they begin, at least one. A new SSRC is a new stream of the same party.
    """

    name: str
    streams: tuple[Stream, ...]

    @property
    def began(self) -> int:
        """When its first packet was captured, ns."""
        return min(stream.packets[0].time for stream in self.streams)

    @property
    def ended(self) -> int:
        """When its last packet was captured, ns."""
        return max(stream.packets[-1].time for stream in self.streams)


@dataclass(frozen=True)
class CapturedCall:
    """One call of a capture.

    Parameters
    ----------
    call_id
        SIP's; without SIP its addresses.
    legs
        One or two, the caller first; more where others sent, too.
    one_way
        Whether only one party sent.
    silent
        Who sent nothing, or hardly anything, where `one_way` is not ``no``; empty where that is not known.
    refused
        Kinds of media that were announced or sent and are not looked at, such as ``video``.
    """

    call_id: str
    legs: tuple[CapturedLeg, ...]
    one_way: OneWay
    silent: str = ""
    refused: tuple[str, ...] = ()

    @property
    def began(self) -> int:
        """When its first packet of sound was captured, ns."""
        return min(leg.began for leg in self.legs)

    @property
    def duration(self) -> float:
        """From the first to the last packet of sound, s."""
        return (max(leg.ended for leg in self.legs) - self.began) / 1e9


def calls_of(capture: Capture) -> tuple[CapturedCall, ...]:
    """The calls of a capture, in the order in which they begin.

    Parameters
    ----------
    capture
        What `read_capture` found.

    Returns
    -------
    tuple of CapturedCall
        Calls without any sound are left out, and so are streams of video: `CapturedCall.refused` and
        `video_only` name them.
    """
    groups: dict[object, list[Stream]] = {}
    for stream in capture.streams:
        groups.setdefault(_key(stream), []).append(stream)
    calls = [_call(streams, capture.media) for streams in groups.values()]
    return tuple(sorted((call for call in calls if call is not None), key=lambda call: call.began))


def video_only(capture: Capture) -> tuple[Stream, ...]:
    """Streams of video and the like in calls that have no sound at all.

    Parameters
    ----------
    capture
        What `read_capture` found.
    """
    with_sound = {_key(stream) for stream in capture.streams if stream.kind == "audio"}
    return tuple(stream for stream in capture.streams if _key(stream) not in with_sound)


def _key(stream: Stream) -> object:
    return stream.call_id or frozenset((stream.source, stream.destination))


def _call(streams: Sequence[Stream], media: Sequence[Media]) -> CapturedCall | None:
    sounding = [stream for stream in streams if stream.kind == "audio"]
    if not sounding:
        return None
    call_id = sounding[0].call_id
    legs: dict[str, list[Stream]] = {}
    for stream in sounding:
        legs.setdefault(stream.sender or str(stream.source), []).append(stream)
    made = tuple(CapturedLeg(name, tuple(legs[name])) for name in sorted(legs, key=_caller_first))
    own = [medium for medium in media if medium.call_id == call_id and call_id]
    one_way, silent = _one_way(made, [medium for medium in own if medium.kind == "audio"])
    kinds = {stream.kind for stream in streams} | {medium.kind for medium in own if medium.address.port}
    ends = " - ".join(sorted((str(sounding[0].source), str(sounding[0].destination))))
    return CapturedCall(call_id or ends, made, one_way, silent, tuple(sorted(kinds - {"audio"})))


def _caller_first(name: str) -> tuple[int, str]:
    return {"caller": 0, "callee": 1}.get(name, 2), name


def _one_way(legs: Sequence[CapturedLeg], media: Sequence[Media]) -> tuple[OneWay, str]:
    """Whether only one party sent, and who did not."""
    longest = max(legs, key=lambda leg: leg.ended - leg.began)
    length = (longest.ended - longest.began) / 1e9
    others = [leg for leg in legs if leg is not longest]
    hardly = [leg for leg in others if (leg.ended - leg.began) / 1e9 < _HARDLY * length and length >= _LEAST]
    if others and len(hardly) < len(others):
        return "no", ""
    silent = hardly[0].name if hardly else _OTHER.get(longest.name, "")
    if silent in _OTHER and not _may_send(silent, media):
        return "announced", silent
    if others or media:
        return "fault", silent
    return "not known", ""


def _may_send(role: str, media: Sequence[Media]) -> bool:
    """Say whether SDP lets a party send sound, by what either party said last."""
    own = [medium for medium in media if medium.role == role]
    other = [medium for medium in media if medium.role == _OTHER[role]]
    sends = not own or own[-1].direction in ("sendrecv", "sendonly")
    wanted = not other or other[-1].direction in ("sendrecv", "recvonly")
    return sends and wanted
