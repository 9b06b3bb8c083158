"""Lists of calls, failures and groups, for a terminal and as JSON lines, and what is known of one call."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from rich.console import Group as Stack
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from audioqa.render.archive import failure_rows, info_line
from audioqa.render.network_words import network_cell, stored_words
from audioqa.render.roles import misfit
from audioqa.render.wording import length, printable
from audioqa.types.stored import CallRow, FailureRow, Group, StoredCall


def call_table(rows: Iterable[CallRow]) -> Table:
    """A line for each call: score, identity, who and where, reasons."""
    listed = list(rows)
    several = len({row.info.tenant for row in listed}) > 1
    beside = [name for name, told in _BESIDE.items() if any(told(row) for row in listed)]
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("MOS", "", *beside, "call", "start", "length", "who", "why"):
        table.add_column(name, justify="right" if name in ("MOS", "length") else "left", overflow="fold")
    for row in listed:
        info = row.info
        start = "" if info.start_time is None else f"{info.start_time:%Y-%m-%d %H:%M}"
        table.add_row(
            "—" if row.mos is None else f"{row.mos:.2f}",
            "no MOS" if row.mos is None else row.band or "",
            *(_text(_BESIDE[name](row)) for name in beside),
            _text(f"{info.tenant}/{info.call_id}" if several and info.tenant else info.call_id),
            start,
            length(row.duration),
            _text(" · ".join(filter(None, (info.agent, info.queue, info.site, info.carrier, info.trunk)))),
            _text("; ".join(filter(None, (row.why, row.disagreement and stored_words(row.disagreement)))) or _NOTHING),
        )
    return table


_NOTHING = "nothing to review"


def _pesq(row: CallRow) -> str:
    return "" if row.pesq is None else f"{row.pesq:.2f} {(row.pesq_scale or '').removeprefix('MOS-')}"


_BESIDE: Mapping[str, Callable[[CallRow], str]] = {"network": network_cell, "PESQ": _pesq}
"""Columns that a list has where a call of it has something to say in them."""


def failure_table(rows: Iterable[FailureRow]) -> Table:
    """A line for each failure: kind, place, cause, attempts."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("failure", "call", "why", "tries"):
        table.add_column(name, justify="right" if name == "tries" else "left", overflow="fold")
    for row in rows:
        place = row.location if row.location == row.call_id else f"{row.call_id} ({row.location})"
        table.add_row(_text(row.failure.kind), _text(place), _text(row.failure.message), str(row.attempts))
    return table


def group_table(by: Sequence[str], groups: Iterable[Group]) -> Table:
    """A line for each group: what its calls have in common, how many, how many flagged, mean MOS."""
    listed = list(groups)
    scored = any(group.flagged is not None for group in listed)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in by:
        table.add_column(name, overflow="fold")
    for name in ("calls", *(("flagged", "MOS") if scored else ())):
        table.add_column(name, justify="right")
    for group in listed:
        cells = [_text("—" if value is None else value) for value in group.values]
        figures = [str(group.calls)]
        if scored:
            figures += [str(group.flagged), "—" if group.mos is None else f"{group.mos:.2f}"]
        table.add_row(*cells, *figures)
    return table


def call_about(call: StoredCall) -> RenderableType:
    """What is known of a call beside its sound, a line each."""
    info = call.info
    start = None if info.start_time is None else info.start_time.isoformat(sep=" ", timespec="seconds")
    known: list[tuple[str, str | None]] = [
        ("call", info.call_id),
        ("tenant", info.tenant or None),
        ("start", start),
        ("roles", ", ".join(info.roles) or None),
        *((name, getattr(info, name)) for name in _ABOUT),
        ("network", ", ".join(f"{name} {value:g}" for name, value in info.network.items()) or None),
        ("tags", ", ".join(f"{name}: {value}" for name, value in info.tags.items()) or None),
        ("scored", f"{call.scored_at:%Y-%m-%d %H:%M} UTC, run {call.run}"),
    ]
    if info.roles and (unnamed := misfit(info.roles, len(call.content["recording"]["channels"]))):
        known.append(("note", unnamed))
    return Stack(*(Text.assemble((f"{name:<10}", "dim"), printable(value)) for name, value in known if value))


_ABOUT = ("agent", "queue", "site", "carrier", "trunk", "direction", "codec", "tap")


def _text(text: str) -> Text:
    return Text(printable(text))


def call_lines(rows: Iterable[CallRow]) -> str:
    """A JSON object for each call, one a line."""
    return "".join(_line(_call(row)) for row in rows)


def failure_lines(rows: Iterable[FailureRow]) -> str:
    """A JSON object for each failure, one a line."""
    return "".join(_line(row) for row in failure_rows(rows))


def group_lines(by: Sequence[str], groups: Iterable[Group]) -> str:
    """A JSON object for each group, one a line."""
    return "".join(
        _line(dict(zip(by, group.values, strict=True)) | {"calls": group.calls} | _figures(group)) for group in groups
    )


def _call(row: CallRow) -> dict[str, Any]:
    return {
        **info_line(row.info),
        "location": row.location,
        "mos": row.mos,
        "scale": row.scale,
        "band": row.band,
        "network_mos": row.network_mos,
        "network_scale": row.network_scale,
        "disagreement": row.disagreement,
        "pesq": row.pesq,
        "pesq_scale": row.pesq_scale,
        "flagged": row.flagged,
        "why": row.why,
        "events": row.events,
        "worst_event": row.worst_kind,
        "worst_severity": row.worst_severity,
        "channels": row.channels,
        "duration": row.duration,
        "speech": row.speech,
        "scored_at": row.scored_at.isoformat(),
    }


def _figures(group: Group) -> dict[str, Any]:
    return {} if group.flagged is None else {"flagged": group.flagged, "mos": group.mos}


def _line(content: Mapping[str, Any]) -> str:
    return json.dumps(content, allow_nan=False) + "\n"
