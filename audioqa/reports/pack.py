"""An evidence pack: one zip with a page, tables as CSV, masked clips, and a manifest of SHA-256.

``index.html`` opens by double click once the zip is unpacked. ``SHA256SUMS`` is read by ``sha256sum -c``, and
``manifest.json`` says the same with what the pack was made of.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import zipfile
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import audioqa
from audioqa.errors import SettingsError
from audioqa.render.as_csv import csv_line
from audioqa.render.markup import table, text
from audioqa.render.report_sheet import player, rows, sheet
from audioqa.render.wording import clock, kind_words
from audioqa.reports.evidence import EvidenceCall

CALL_COLUMNS = (
    "call_id",
    "start_utc",
    "duration_s",
    "carrier",
    "trunk",
    "direction",
    "codec",
    "mos",
    "mos_low",
    "mos_high",
    "scale",
    "without_mos",
    "recording_sha256",
    "clip",
    "clip_sha256",
    "clip_from_s",
    "clip_to_s",
    "clip_start_utc",
)
"""Columns of ``calls.csv``; figures of the network follow, each with ``network_`` before its name."""

EVENT_COLUMNS = ("call_id", "kind", "severity", "channel", "start_s", "end_s", "call_clock", "start_utc")
"""Columns of ``events.csv``."""

_MOST_SHOWN = 12
"""Events of a call that the page shows; ``events.csv`` has all."""


def write_pack(
    calls: Sequence[EvidenceCall],
    path: str | os.PathLike[str],
    *,
    about: Mapping[str, str],
    summary: Sequence[str] = (),
    alerts: Sequence[str] = (),
) -> None:
    """Write a pack, whole or not at all.

    Parameters
    ----------
    calls
        The calls, in the order of the page.
    path
        The zip file; one that exists is replaced.
    about
        What was asked for: carrier, since, until ...
    summary
        What is said of all calls of the carrier, a sentence each.
    alerts
        What was said of it, a sentence each.

    Raises
    ------
    SettingsError
        Where the file cannot be written.
    """
    files = pack_files(calls, about=about, summary=summary, alerts=alerts)
    target = Path(path)
    partial = target.with_name(f".{target.name}.part")
    try:
        with zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED) as pack:
            for name, data in files.items():
                pack.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), data, zipfile.ZIP_DEFLATED)
        partial.replace(target)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise SettingsError(f"{target}: the pack cannot be written: {error.strerror}") from None


def pack_files(
    calls: Sequence[EvidenceCall], *, about: Mapping[str, str], summary: Sequence[str], alerts: Sequence[str]
) -> dict[str, bytes]:
    """The files of a pack by name; parameters as for `write_pack`."""
    names = _clip_names(calls)
    files = {
        name: call.clip.data
        for call, name in zip(calls, names, strict=True)
        if call.clip is not None and call.clip.data
    }
    files["calls.csv"] = _calls_csv(calls, names).encode("utf-8")
    files["events.csv"] = _events_csv(calls).encode("utf-8")
    files["index.html"] = _page(calls, names, about=about, summary=summary, alerts=alerts).encode("utf-8")
    hashes = {name: hashlib.sha256(data).hexdigest() for name, data in sorted(files.items())}
    manifest = {
        "made_by": f"audioqa {audioqa.__version__}",
        "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "about": dict(about),
        "calls": len(calls),
        "files": {name: {"sha256": digest, "bytes": len(files[name])} for name, digest in hashes.items()},
    }
    files["manifest.json"] = (json.dumps(manifest, indent=2, allow_nan=False) + "\n").encode("ascii")
    files["SHA256SUMS"] = "".join(f"{digest}  {name}\n" for name, digest in hashes.items()).encode("utf-8")
    return files


def _clip_names(calls: Sequence[EvidenceCall]) -> list[str]:
    """A name for the clip of each call, that every file system takes."""
    return [
        f"clips/{number:03d}-{re.sub(r'[^A-Za-z0-9._-]+', '_', call.call_id)[-60:] or 'call'}.wav"
        for number, call in enumerate(calls, 1)
    ]


def _calls_csv(calls: Sequence[EvidenceCall], names: Sequence[str]) -> str:
    figures = sorted({name for call in calls for name in call.network})
    lines = [csv_line((*CALL_COLUMNS, *(f"network_{name}" for name in figures)))]
    for call, name in zip(calls, names, strict=True):
        clip = call.clip if call.clip is not None and call.clip.data else None
        values: list[Any] = [
            call.call_id,
            _utc(call.began),
            call.duration,
            call.carrier,
            call.trunk,
            call.direction,
            call.codec,
            call.mos,
            call.low,
            call.high,
            call.scale,
            call.why,
            " ".join(call.sha256),
            name if clip else None,
            clip.sha256 if clip else None,
            clip.stretch.start if clip else None,
            clip.stretch.end if clip else None,
            _utc(clip.began) if clip else None,
        ]
        lines.append(csv_line([*values, *(call.network.get(name) for name in figures)]))
    return "".join(lines)


def _events_csv(calls: Sequence[EvidenceCall]) -> str:
    lines = [csv_line(EVENT_COLUMNS)]
    for call in calls:
        lines += [
            csv_line(
                (
                    call.call_id,
                    event.kind,
                    event.severity,
                    event.channel,
                    event.start,
                    event.end,
                    clock(event.start),
                    _utc(event.began),
                )
            )
            for event in call.events
        ]
    return "".join(lines)


def _page(
    calls: Sequence[EvidenceCall],
    names: Sequence[str],
    *,
    about: Mapping[str, str],
    summary: Sequence[str],
    alerts: Sequence[str],
) -> str:
    title = "Evidence: " + ", ".join(f"{name} {value}" for name, value in about.items() if name in ("carrier", "trunk"))
    parts = [f"<h1>{text(title)}</h1>"]
    asked = "; ".join(f"{name}: {value}" for name, value in about.items())
    parts.append(f'<p class="note">{text(asked)}. Times are UTC; the call clock begins with the recording.</p>')
    lines = "".join(f"<p>{text(one)}</p>" for one in summary)
    if alerts:
        lines += "<ul>" + "".join(f"<li>{text(one)}</li>" for one in alerts) + "</ul>"
    if lines:
        parts.append(f'<section class="card"><h2>In short</h2>{lines}</section>')
    parts += [_call(call, name) for call, name in zip(calls, names, strict=True)]
    parts.append(
        '<p class="note">The clips hold the faults of the calls and nothing that was said. calls.csv and events.csv '
        "have everything that is shown here; SHA256SUMS proves that nothing was changed (sha256sum -c SHA256SUMS).</p>"
    )
    return sheet(title, "\n".join(parts), beside=True)


def _call(call: EvidenceCall, name: str) -> str:
    mos = f"MOS {call.mos:.2f} ({call.low:.2f} to {call.high:.2f}, {call.scale})" if call.mos is not None else call.why
    known = [("began", _utc(call.began)), ("length", clock(call.duration)), ("quality", mos)]
    known += [(word, value) for word in ("carrier", "trunk", "direction", "codec") if (value := getattr(call, word))]
    known += [
        (f"network: {name}", f"{value:g}" if isinstance(value, float) else str(value))
        for name, value in call.network.items()
    ]
    facts = rows([(text(word), text(str(value))) for word, value in known if value])
    hashes = "".join(
        f'<tr><td>SHA-256 of the recording</td><td class="hash">{text(one)}</td></tr>' for one in call.sha256
    )
    events = [
        (
            text(kind_words(event.kind)),
            text(event.severity),
            "" if event.channel is None else str(event.channel),
            f"{clock(event.start)} to {clock(event.end)}",
            text(_utc(event.began) or ""),
        )
        for event in call.events[:_MOST_SHOWN]
    ]
    shown = table(("Fault", "Severity", "Channel", "Call clock", "UTC"), rows(events)) if events else "<p>No fault.</p>"
    if len(call.events) > _MOST_SHOWN:
        shown += f'<p class="note">and {len(call.events) - _MOST_SHOWN} more in events.csv</p>'
    sound = ""
    if call.clip is not None and call.clip.data:
        place = f"{clock(call.clip.stretch.start)} to {clock(call.clip.stretch.end)}"
        sound = f"<p>{player(text(name), f'masked clip of {call.call_id}')}</p>"
        began = text(_utc(call.clip.began) or "an unknown time")
        sound += f'<p class="note">Masked clip, call clock {place}, from {began}; SHA-256 {call.clip.sha256}</p>'
    elif call.clip is not None:
        sound = f'<p class="note">{text("; ".join(call.clip.about))}</p>'
    return (
        f'<section class="card"><h2>{text(call.call_id)}</h2>{sound}<div class="scroll"><table><tbody>{facts}{hashes}'
        f'</tbody></table></div><div class="scroll">{shown}</div></section>'
    )


def _utc(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
