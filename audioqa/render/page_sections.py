"""The page's words: verdict, flags and tables as HTML, legible without a line of script.

Whatever comes from outside (file and channel names, messages, evidence) passes through `text` and nothing else.
"""

from __future__ import annotations

import html
from collections import Counter
from collections.abc import Iterable, Sequence

from audioqa.bands import BandSet
from audioqa.render.wording import (
    SEVERITIES,
    clock,
    evidence_words,
    interval,
    kind_counts,
    kind_words,
    length,
    not_measured,
    printable,
    tone,
    worst_first,
)
from audioqa.types import CallReport, Event, Party, PartyMos, PesqResult, Score, Skipped, Worst

EVENT_ROWS = 2000
"""Rows of the event table: a browser stays quick; the JSON has the rest."""

AROUND = 2.0
"""Seconds played before and after an event, so that the ear has something to compare it with."""


_PLAY = '<svg class="icon" viewBox="0 0 12 12" aria-hidden="true"><path d="M2 1v10l9-5z"/></svg>'


def text(words: str) -> str:
    """Words from outside as HTML: escaped, printable."""
    return html.escape(printable(words), quote=True)


def about(report: CallReport) -> str:
    """The line under the file's name."""
    recording = report.recording
    channels = ", ".join(recording.channels) if report.separable else "one channel, parties not separable"
    kilohertz = f"{recording.sample_rate / 1000:g} kHz"
    return text(f"{length(recording.duration)} · {recording.container} {recording.codec} · {kilohertz} · {channels}")


def verdict(report: CallReport, bands: BandSet) -> str:
    """How bad the call is and why a person should review it."""
    score, reasons = _score(report, bands), _reasons(report)
    return f'<section class="card verdict"><div>{score}</div><div class="reasons">{reasons}</div></section>'


def _score(report: CallReport, bands: BandSet) -> str:
    if isinstance(report.mos, Skipped):
        return f'<p><span class="value none">No MOS</span></p><p class="note">{text(report.mos.reason)}</p>'
    mos = report.mos
    tint = f"tone-{tone(mos.value, mos, bands=bands)}"
    band = "" if isinstance(report.band, Skipped) else f'<span class="band {tint}">{text(report.band)}</span>'
    why = f'<p class="note">No band: {text(report.band.reason)}</p>' if isinstance(report.band, Skipped) else ""
    return (
        f'<p><span class="value {tint}">{mos.value:.2f}</span>{band}</p>{_scale(mos, bands)}'
        f'<p class="note">90 % interval {interval(mos)}<br>worse party, {text(mos.scale)} {text(mos.context)}</p>{why}'
    )


def _scale(mos: Score, bands: BandSet) -> str:
    """A ruler from 1 to 5 with the bands, the interval and the value."""
    upper, parts = 5.0, []
    if mos.context == bands.context:
        for index, (limit, _) in enumerate(bands.bands):
            lower = max(1.0, limit)
            parts.append(
                f'<rect class="b{min(index, 4)}" x="{_x(lower)}" y="6" width="{_x(upper) - _x(lower)}" height="12"/>'
            )
            upper = lower
    parts.append('<rect class="edge" x="0" y="6" width="400" height="12"/>')
    parts.append(
        f'<rect class="whisker" x="{_x(mos.low)}" y="11" width="{max(2, _x(mos.high) - _x(mos.low))}" height="2"/>'
    )
    parts.append(f'<circle class="dot" cx="{_x(mos.value)}" cy="12" r="7"/>')
    parts += [
        f'<text x="{_x(value)}" y="33" text-anchor="{anchor}">{value}</text>'
        for value, anchor in ((1, "start"), (2, "middle"), (3, "middle"), (4, "middle"), (5, "end"))
    ]
    label = f"{mos.value:.2f} on a scale from 1 (bad) to 5 (excellent)"
    return f'<svg class="scale" viewBox="0 0 400 34" role="img" aria-label="{label}">{"".join(parts)}</svg>'


def _x(value: float) -> int:
    return round((min(5.0, max(1.0, value)) - 1) * 100)


def _reasons(report: CallReport) -> str:
    if not report.flags:
        words = (
            "No rule asks for a review of this call."
            if isinstance(report.mos, Score)
            else "Nothing was found, and no MOS could be given."
        )
        return f"<h2>Nothing to review</h2><p>{words}</p>"
    count = len(report.flags)
    heading = "One reason to review this call" if count == 1 else f"{count} reasons to review this call"
    items = []
    for flag in report.flags:
        link = ""
        if flag.segment is not None:
            start, end = flag.segment.start, flag.segment.end
            link = f'<a class="jump" href="#t={start:.2f}" {_span(start, end)}>{_PLAY} {clock(start)}</a>'
        items.append(f"<li>{link or '<span>•</span>'}<span>{text(flag.reason)}</span></li>")
    return f"<h2>{heading}</h2><ol>{''.join(items)}</ol>"


def _span(start: float, end: float) -> str:
    return f'data-start="{start:.4f}" data-end="{end:.4f}"'


def solo(report: CallReport) -> str:
    """Buttons that choose whom to listen to; none for a single channel."""
    names = report.recording.channels
    if len(names) < 2:
        return ""
    every = "Both" if len(names) == 2 else "All"
    buttons = [f'<button type="button" data-solo="-1" aria-pressed="true">{every}</button>']
    buttons += [
        f'<button type="button" data-solo="{index}" aria-pressed="false">{text(name)}</button>'
        for index, name in enumerate(names[:8])
    ]
    return "".join(buttons)


def legend(report: CallReport) -> str:
    """What the colours of the timeline mean."""
    names = report.recording.channels[:4]
    parts = [f'<span><i class="swatch-c{index}"></i>{text(name)}</span>' for index, name in enumerate(names)]
    parts += [f'<span><i class="swatch-{severity}"></i>{severity}</span>' for severity in SEVERITIES]
    return "".join(parts)


def events(report: CallReport) -> str:
    """Every event with a button that plays it, the severest first."""
    if not report.events:
        return '<section class="card"><h2>Events</h2><p class="note">No event was found.</p></section>'
    ordered = worst_first(report.events)[:EVENT_ROWS]
    rest = len(report.events) - len(ordered)
    more = f'<p class="note">and {rest} more, in the JSON report below</p>' if rest else ""
    counts = Counter(event.severity for event in report.events)
    words = ", ".join(f"{counts[severity]} {severity}" for severity in SEVERITIES if counts[severity])
    kinds = Counter(event.kind for event in report.events)
    choices = "".join(
        f'<option value="{text(kind)}">{text(kind_words(kind))} ({count})</option>'
        for kind, count in kinds.most_common()
    )
    rows = "".join(_event_row(event) for event in ordered)
    heading = f'<h2>{len(report.events)} events <span class="note">{words}</span></h2>'
    show = f'<label>Show <select id="kind"><option value="">all kinds</option>{choices}</select></label>'
    orders = '<option value="severity">severest first</option><option value="time">by time</option>'
    order = f'<label>Order <select id="order">{orders}</select></label>'
    table = _table(("Listen", "Length", "Severity", "What", "Party", "Evidence"), rows)
    return (
        f'<section class="card"><div class="heading">{heading}<div>{show} {order}</div></div>'
        f'<div id="event-list">{table}</div>{more}</section>'
    )


def _table(heads: Sequence[str], rows: str) -> str:
    cells = "".join(f"<th>{head}</th>" for head in heads)
    return f"<table><thead><tr>{cells}</tr></thead><tbody>{rows}</tbody></table>"


def _event_row(event: Event) -> str:
    start, end, severity = event.segment.start, event.segment.end, event.severity
    button = f'type="button" class="jump" aria-label="Play from {clock(start)}"'
    cells = (
        f'<td class="listen"><button {button} {_span(start, end)}>{_PLAY} {clock(start)}</button></td>',
        f'<td class="length">{length(event.segment.duration)}</td>',
        f'<td class="rank"><span class="tag {severity}">{severity}</span></td>',
        f'<td class="name">{text(kind_words(event.kind))}</td>',
        f'<td class="party">{text(event.channel or "whole call")}</td>',
        f'<td class="words">{text(evidence_words(event.evidence))}</td>',
    )
    about = f'data-kind="{text(event.kind)}" data-rank="{SEVERITIES.index(severity)}" data-at="{start:.4f}"'
    return f"<tr {about}>{''.join(cells)}</tr>"


def parties(report: CallReport, bands: BandSet) -> str:
    """One row for each channel."""
    rows = "".join(_party_row(report, party, bands) for party in report.parties)
    heads = (
        "Party",
        "MOS",
        "Interval",
        "Band",
        "5th percentile",
        "Worst 30 s",
        "Speech",
        "Of it below",
        "Level",
        "Events",
    )
    return f'<section class="card"><h2>Parties</h2><div class="scroll">{_table(heads, rows)}</div></section>'


def _party_row(report: CallReport, party: Party, bands: BandSet) -> str:
    mos = party.mos
    own = kind_counts(event for event in report.events if event.channel == party.channel)
    level = "—" if isinstance(party.level, Skipped) else f"{party.level.level:.1f} dBov"
    if isinstance(mos, PartyMos):
        below = "—"
        if not isinstance(mos.seconds_below, Skipped) and not isinstance(mos.threshold, Skipped):
            below = f"{length(mos.seconds_below)} ({mos.threshold:g})"
        cells = [
            f'<b class="tone-{tone(mos.score.value, mos.score, bands=bands)}">{mos.score.value:.2f}</b>',
            interval(mos.score),
            "—" if isinstance(mos.band, Skipped) else text(mos.band),
            f"{mos.percentile_5:.2f}",
            _worst(mos.worst) if isinstance(mos.worst, Worst) else "—",
        ]
    else:
        cells, below = ["—"] * 5, "—"
    cells += [length(party.speech), below, level]
    middle = "".join(f'<td class="tight">{cell}</td>' for cell in cells)
    return f'<tr><td class="name">{text(party.channel)}</td>{middle}<td class="words">{text(own or "none")}</td></tr>'


def _worst(worst: Worst) -> str:
    start, end = worst.segment.start, worst.segment.end
    return f'{worst.mos:.2f} <a class="jump" href="#t={start:.2f}" {_span(start, end)}>{_PLAY} {clock(start)}</a>'


def pesq(report: CallReport) -> str:
    """Scores against a reference; nothing where none was given."""
    if not report.pesq:
        return ""
    rows = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in _pesq_cells(result))}</tr>" for result in report.pesq)
    table = _table(("Party", "Reference", "Scale", "Score", "Delay", "Windows"), rows)
    return f'<section class="card"><h2>Against the reference (PESQ)</h2><div class="scroll">{table}</div></section>'


def _pesq_cells(result: PesqResult) -> Sequence[str]:
    score = f"none: {text(result.score.reason)}" if isinstance(result.score, Skipped) else f"{result.score.value:.2f}"
    delay = text(result.delay.reason) if isinstance(result.delay, Skipped) else f"{result.delay * 1000:.0f} ms"
    return (
        text(result.channel),
        text(result.reference_channel),
        text(result.scale),
        score,
        delay,
        str(len(result.windows)),
    )


def findings(report: CallReport) -> str:
    """What the decoder and the measurements say of the file; nothing where they say nothing."""
    items = [
        f'<span class="tag {finding.severity}">{finding.severity}</span> {text(finding.message)}'
        for finding in report.findings
    ]
    return _list("The file", items)


def skipped(report: CallReport) -> str:
    """What could not be measured and why; nothing where all was."""
    return _list("Not measured", map(text, not_measured(report)))


def _list(heading: str, items: Iterable[str]) -> str:
    lines = "".join(f"<li>{item}</li>" for item in items)
    return f'<section class="card"><h2>{heading}</h2><ul class="plain">{lines}</ul></section>' if lines else ""


def details(report: CallReport) -> str:
    """What made the report, so that it can be made again."""
    pairs = [
        ("Estimator", report.estimator),
        ("Bands", report.band_set),
        ("Settings digest", report.settings_digest),
        ("Recording SHA-256", report.recording.sha256),
        ("audioqa", report.version),
    ]
    terms = "".join(f'<dt>{name}</dt><dd class="code">{text(value)}</dd>' for name, value in pairs)
    return (
        f'<section class="card"><h2>How this was made</h2><dl>{terms}</dl>'
        '<button type="button" id="download" class="download">Download the JSON report</button></section>'
    )
