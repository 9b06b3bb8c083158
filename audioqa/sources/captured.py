"""The calls in a capture of packets, as an archive whose members are their sounds.

A call stands at ``/x/a.pcap!call-1.wav``: its sound behind the jitter buffer, a channel for each party. With it come
its call id, its codec, its beginning, and what its packets say of the network.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from audioqa.errors import NetworkError, SourceError
from audioqa.sources.calls import CallReader
from audioqa.sources.columns import Known
from audioqa.sources.items import make_item
from audioqa.types import BadItem, CallInfo, Item, SourceFile

if TYPE_CHECKING:
    from audioqa.captures import CapturedCall, MeasuredLeg
    from audioqa.perceptual.emodel import JitterBuffer


_LEAST_YEAR = 1990
"""An earlier time is that of a clock that was not set."""


class OpenCapture:
    """A capture that has been read, for as long as its calls are asked for.

    Parameters
    ----------
    path
        Where it can be read.
    location
        What it is called in messages.
    buffer
        The jitter buffer that its calls are heard behind; None for none.

    Raises
    ------
    SourceError
        Where it cannot be read, or holds no call with sound.
    """

    def __init__(self, path: Path, location: str, buffer: JitterBuffer | None) -> None:
        from audioqa.captures import calls_of, read_capture
        from audioqa.captures.calls import video_only

        self.location = location
        self._buffer = buffer
        try:
            capture = read_capture(path)
        except NetworkError as error:
            raise SourceError(location, "unreadable", str(error).replace(f"{path}: ", "")) from None
        self._calls = {f"call-{number}.wav": call for number, call in enumerate(calls_of(capture), 1)}
        if not self._calls:
            kinds = ", ".join(sorted({stream.kind for stream in video_only(capture)}))
            none = f"it holds {kinds} only, and no audio" if kinds else "there is no RTP stream in it"
            raise SourceError(location, "unreadable", none)

    def calls(self) -> Iterator[tuple[str, CapturedCall, tuple[MeasuredLeg, ...]]]:
        """Every call with the name of its member, and its streams measured."""
        from audioqa.captures import measure_call

        for name, call in self._calls.items():
            yield name, call, measure_call(call, self._buffer)

    @contextmanager
    def sound(self, name: str) -> Iterator[Path]:
        """The sound of a call as a temporary file.

        Raises
        ------
        SourceError
            Where there is no such call, or it has no sound.
        """
        from audioqa.captures import measure_call
        from audioqa.captures.measuring import sound_of

        where = f"{self.location}!{name}"
        call = self._calls.get(name)
        if call is None:
            raise SourceError(where, "missing", "the capture has no such call")
        try:
            with sound_of(call, measure_call(call, self._buffer), buffered=True) as (path, _):
                yield path
        except NetworkError as error:
            raise SourceError(where, "unreadable", str(error)) from None


def calls_in_capture(file: SourceFile, path: Path, reader: CallReader) -> Iterator[Item | BadItem]:
    """The calls of a capture in the order in which they begin.

    Parameters
    ----------
    file
        The capture, as its source names it.
    path
        Where it can be read.
    reader
        Makes calls of files.

    Yields
    ------
    Item or BadItem
        A call whose sound is encrypted or cannot be decoded is a bad item that says so.
    """
    try:
        capture = OpenCapture(path, file.location, reader.options.buffer)
        named = reader.named(file.location)
    except SourceError as error:
        yield BadItem(error.location, error.kind, error.cause, CallInfo(file.location))
        return
    except ValueError as error:
        yield BadItem(file.location, "pattern", str(error), CallInfo(file.location))
        return
    # Another buffer makes another sound of the same packets.
    stamp = f"{file.size} {file.stamp} {reader.options.buffer!r}" if file.stamp else ""
    for name, call, legs in capture.calls():
        where = f"{file.location}!{name}"
        known = _known(call, legs)
        # What the pattern says of the file holds for its calls, but its identity is that of one call only.
        said = Known({key: text for key, text in named.fields.items() if key != "call_id"}, named.network, named.tags)
        item = make_item((SourceFile(where, None, stamp),), known.over(said), reader.options, call_id=where)
        reasons = {leg.name: _refusal(leg) for leg in legs}
        if all(reasons.values()):
            told = "; ".join(f"{leg}: {reason}" for leg, reason in reasons.items())
            info = item.info if isinstance(item, Item) else None
            yield BadItem(where, "unreadable", told, info or CallInfo(where))
        else:
            yield item


def _known(call: CapturedCall, legs: tuple[MeasuredLeg, ...]) -> Known:
    from audioqa.network.statistics import CallNetwork

    told = [leg.network() for leg in legs]
    codecs = {leg.codec for leg in told}
    fields = {}
    began = datetime.fromtimestamp(call.began / 1e9, UTC)
    if began.year >= _LEAST_YEAR:
        fields["start_time"] = began.isoformat()
    if call.legs[0].streams[0].call_id:
        fields["call_id"] = call.call_id
    fields["roles"] = ",".join(leg.name for leg in legs if not _refusal(leg))
    if codecs != {""} and len(codecs) == 1:
        fields["codec"] = codecs.pop()
    tags = {f"{leg.name}_codec": leg.codec for leg in told if leg.codec and "codec" not in fields}
    if call.one_way == "not known":
        tags["one_way"] = "not known: one direction was captured"
    elif call.one_way != "no":
        tags["one_way"] = f"{call.one_way}: {call.silent or 'one party'} sent nothing, or hardly anything"
    if call.refused:
        tags["not_looked_at"] = ", ".join(call.refused)
    tags |= {f"{leg.name}_refused": reason for leg in legs if (reason := _refusal(leg))}
    return Known(fields, CallNetwork(call.call_id, tuple(told)).flat(), tags)


def _refusal(leg: MeasuredLeg) -> str:
    """Why a party has no sound, or an empty string."""
    from audioqa.captures.decoding import sound_coding

    reasons = []
    for one in leg.streams:
        try:
            sound_coding(one.stream)
        except NetworkError as error:
            reasons.append(str(error))
    return "; ".join(dict.fromkeys(reasons)) if len(reasons) == len(leg.streams) else ""
