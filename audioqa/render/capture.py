"""Calls of a capture as a table and as JSON: the network's MOS and the sound's MOS side by side."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from audioqa.capture_scoring import CallScore, LegScore, StreamScore
from audioqa.render.as_json import to_json
from audioqa.render.wording import length, printable
from audioqa.types import CallReport, Score, Skipped

if TYPE_CHECKING:
    from rich.console import RenderableType

SCHEMA = "audioqa.capture/1"

_COLUMNS = (
    *("sent by", "codec", "packets", "lost", "burst", "jitter", "reordered", "late"),
    *("network MOS", "sound MOS", "without buffer"),
)

_ONE_WAY = {
    "no": "",
    "fault": "one-way: {silent} sent nothing, or hardly anything",
    "announced": "one-way, as SIP announced: {silent} was not to send",
    "not known": "one direction was captured; whether there was another, the capture does not say",
}


def capture_json(score: CallScore) -> str:
    """One call as a JSON object on one line.

    Parameters
    ----------
    score
        The call. Times are seconds or ms as their names say, and what could not be measured is an object with a reason.
    """
    call = score.call
    content = {
        "schema": SCHEMA,
        "path": score.path,
        "sha256": score.sha256,
        "call_id": call.call_id,
        "began": call.began / 1e9,
        "duration_s": call.duration,
        "one_way": call.one_way,
        "silent": call.silent,
        "refused": list(call.refused),
        "legs": [_leg(leg) for leg in score.legs],
        "report": json.loads(to_json(score.report)) if isinstance(score.report, CallReport) else _gap(score.report),
    }
    return json.dumps(content, allow_nan=False) + "\n"


def capture_table(score: CallScore) -> RenderableType:
    """One call as a table for the terminal: a line for each party."""
    from rich.console import Group
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    call = score.call
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 1))
    for name in _COLUMNS:
        table.add_column(name, justify="left" if name in ("sent by", "codec") else "right", no_wrap=True)
    for leg in score.legs:
        for number, stream in enumerate(leg.streams):
            table.add_row(*(Text(printable(cell)) for cell in _row(leg, stream, first=number == 0)))
    notes = [words for words in (_one_way(score), *_refusals(score), *_reasons(score)) if words]
    head = Text.assemble((printable(f"{score.path}  {call.call_id}"), "bold"), f"  {length(call.duration)}")
    return Group(head, table, *(Padding(Text(printable(words)), (0, 0, 0, 1)) for words in notes), "")


def _row(leg: LegScore, stream: StreamScore, *, first: bool) -> tuple[str, ...]:
    figures = stream.figures
    late = "-" if stream.playout is None else f"{stream.playout.late:.2f} %"
    return (
        leg.name if first else "",
        stream.codec or "not known",
        str(figures.received),
        f"{figures.lost} ({figures.loss:.2f} %)",
        "-" if figures.burst_ratio is None else f"{figures.burst_ratio:.2f}",
        "-" if figures.jitter is None else f"{figures.jitter:.2f} ms",
        str(figures.reordered),
        late,
        _network(leg) if first else "",
        _mos(leg.heard) if first else "",
        _mos(leg.received) if first else "",
    )


def _network(leg: LegScore) -> str:
    if isinstance(leg.network, Skipped):
        return "-"
    return f"{leg.network.mos:.2f} {leg.network.scale}"


def _mos(score: Score | Skipped) -> str:
    return "-" if isinstance(score, Skipped) else f"{score.value:.2f}"


def _one_way(score: CallScore) -> str:
    return _ONE_WAY[score.call.one_way].format(silent=score.call.silent or "one party")


def _refusals(score: CallScore) -> list[str]:
    kinds = ", ".join(score.call.refused)
    told = [f"not looked at: {kinds}"] if kinds else []
    return told + [f"{leg.name}: {stream.refused}" for leg in score.legs for stream in leg.streams if stream.refused]


def _reasons(score: CallScore) -> list[str]:
    told = []
    for leg in score.legs:
        if isinstance(leg.network, Skipped):
            told.append(f"{leg.name}: no network MOS: {leg.network.reason}")
        if isinstance(leg.heard, Skipped) and not any(stream.refused for stream in leg.streams):
            told.append(f"{leg.name}: no sound MOS: {leg.heard.reason}")
    return told


def _leg(leg: LegScore) -> dict[str, Any]:
    difference = leg.difference
    return {
        "name": leg.name,
        "streams": [_stream(stream) for stream in leg.streams],
        "network": _gap(leg.network) if isinstance(leg.network, Skipped) else _network_json(leg),
        "sound_received": _score(leg.received),
        "sound_heard": _score(leg.heard),
        "difference": _gap(difference) if isinstance(difference, Skipped) else difference,
    }


def _stream(score: StreamScore) -> dict[str, Any]:
    figures, playout = score.figures, score.playout
    return {
        "source": str(score.stream.source),
        "destination": str(score.stream.destination),
        "ssrc": score.stream.ssrc,
        "codec": score.codec,
        "encrypted": score.stream.secure,
        "packets": figures.received,
        "expected": figures.expected,
        "lost": figures.lost,
        "loss_percent": figures.loss,
        "cumulative_lost": figures.cumulative_lost,
        "burst_ratio": figures.burst_ratio,
        "duplicates": figures.duplicates,
        "reordered": figures.reordered,
        "jitter_ms": figures.jitter,
        "max_jitter_ms": figures.max_jitter,
        "longest_gap_s": figures.longest_gap,
        "duration_s": figures.duration,
        "packet_time_ms": figures.packet_time,
        "events": figures.events,
        "comfort_noise": figures.comfort_noise,
        "late_percent": None if playout is None else playout.late,
        "buffer_ms": None if playout is None else playout.delay,
        "bad_frames": score.bad_frames,
        "concealed_s": score.concealed,
        "refused": score.refused,
        "reported": [dict(report.figures) for report in score.stream.reported],
    }


def _network_json(leg: LegScore) -> dict[str, Any]:
    found = leg.network
    if isinstance(found, Skipped):
        return _gap(found)
    return {
        "scale": found.scale,
        "kind": found.kind,
        "r": found.r,
        "mos": found.mos,
        "category": found.category,
        "inputs": dict(found.inputs),
        "codec": found.codec.name,
        "provenance": found.codec.provenance,
        "bpl_provenance": found.codec.bpl_provenance,
    }


def _score(score: Score | Skipped) -> dict[str, Any]:
    if isinstance(score, Skipped):
        return _gap(score)
    return {
        "scale": score.scale,
        "context": score.context,
        "value": score.value,
        "low": score.low,
        "high": score.high,
        "source": score.source,
    }


def _gap(gap: Skipped) -> dict[str, Any]:
    return {"not_measured": gap.kind, "reason": gap.reason}
