"""The tables of a page: parties, events, PESQ, what is the matter with the file, what was not measured."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from audioqa.bands import BandSet
from audioqa.render.markup import PLAY, jump, place_data, table, text
from audioqa.render.network_words import disagreement_words, network_lines
from audioqa.render.prompt_words import prompt_words
from audioqa.render.wording import (
    SEVERITIES,
    clock,
    evidence_words,
    interval,
    kind_counts,
    kind_words,
    ledger_words,
    length,
    not_measured,
    sounds,
    tone,
    worst_first,
)
from audioqa.types import CallReport, Event, Ledger, Party, PartyMos, PesqResult, Skipped, Worst

EVENT_ROWS = 2000
"""Rows of the event table: a browser stays quick; the JSON has the rest."""


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
    many = "s" if len(report.events) > 1 else ""
    heading = f'<h2>{len(report.events)} event{many} <span class="note">{words}</span></h2>'
    show = f'<label>Show <select id="kind"><option value="">all kinds</option>{choices}</select></label>'
    orders = '<option value="severity">severest first</option><option value="time">by time</option>'
    order = f'<label>Order <select id="order">{orders}</select></label>'
    whole = table(("Listen", "Length", "Severity", "What", "Party", "Evidence"), rows)
    return (
        f'<section class="card"><div class="heading">{heading}<div>{show} {order}</div></div>'
        f'<div id="event-list">{whole}</div>{more}</section>'
    )


def _event_row(event: Event) -> str:
    severity = event.severity
    start = event.segment.start
    button = f'type="button" class="jump" aria-label="Play from {clock(start)}"'
    cells = (
        f'<td class="listen"><button {button} {place_data(event.segment)}>{PLAY} {clock(start)}</button></td>',
        f'<td class="length">{length(event.segment.duration)}</td>',
        f'<td class="rank"><span class="tag {severity}">{severity}</span></td>',
        f'<td class="name">{text(kind_words(event.kind))}</td>',
        f'<td class="party">{text(event.channel or "whole call")}</td>',
        f'<td class="words">{text(evidence_words(event.evidence))}</td>',
    )
    about = f'data-kind="{text(event.kind)}" data-rank="{SEVERITIES.index(severity)}" data-at="{start:.4f}"'
    return f"<tr {about}>{''.join(cells)}</tr>"


def phases(report: CallReport) -> str:
    """What is no conversation, in order of time; nothing where there is none."""
    if not report.phases:
        return ""
    rows = "".join(
        f'<tr><td class="listen">{jump(phase.segment)}</td><td class="length">{length(phase.segment.duration)}</td>'
        f'<td class="name">{text(kind_words(phase.kind))}</td>'
        f'<td class="party">{text(phase.channel or "both legs")}</td>'
        f'<td class="words">{text(evidence_words(phase.evidence))}</td></tr>'
        for phase in report.phases[:EVENT_ROWS]
    )
    heading = '<h2>Phases <span class="note">set aside: no conversation</span></h2>'
    whole = table(("Listen", "Length", "What", "Party", "Evidence"), rows)
    return f'<section class="card" id="phases">{heading}<div class="scroll">{whole}</div></section>'


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
    told = [(party.channel, sounds(party.mos)) for party in report.parties if isinstance(party.mos, PartyMos)]
    items = "".join(f"<li>{text(channel)}: {text(', '.join(words))}</li>" for channel, words in told if words)
    beside = f'<ul class="plain">{items}</ul>' if items else ""
    return f'<section class="card"><h2>Parties</h2><div class="scroll">{table(heads, rows)}</div>{beside}</section>'


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
            f"{mos.worst.mos:.2f} {jump(mos.worst.segment)}" if isinstance(mos.worst, Worst) else "—",
        ]
    else:
        cells, below = ["—"] * 5, "—"
    cells += [length(party.speech), below, level]
    middle = "".join(f'<td class="tight">{cell}</td>' for cell in cells)
    return f'<tr><td class="name">{text(party.channel)}</td>{middle}<td class="words">{text(own or "none")}</td></tr>'


def ledgers(report: CallReport) -> str:
    """What each kind of impairment cost each party; nothing where that was not asked for."""
    if not report.ledgers:
        return ""
    rows = "".join(_ledger_rows(ledger) for ledger in report.ledgers)
    whole = table(("Party", "MOS", "Mended", "What", "Cost", "Mended alone"), rows)
    items = "".join(f"<li>{text(ledger_words(ledger))}</li>" for ledger in report.ledgers)
    said = f'<ul class="plain">{items}</ul>'
    return f'<section class="card"><h2>What it cost, in MOS</h2><div class="scroll">{whole}</div>{said}</section>'


def _ledger_rows(ledger: Ledger | Skipped) -> str:
    name = f'<td class="name">{text(ledger.channel or "")}</td>'
    if isinstance(ledger, Skipped):
        return f'<tr>{name}<td class="words" colspan="5">{text(ledger.reason)}</td></tr>'
    lines = [(kind_words(row.kind), f"{row.cost:.2f}", f"{row.alone:+.2f}") for row in ledger.rows]
    if not isinstance(ledger.rest, Skipped):
        lines.append(("codec, band and unexplained", f"{ledger.rest:.2f}", "—"))
    figures = f"<td>{ledger.mos:.2f}</td><td>{ledger.mended:.2f}</td>"
    return "".join(
        f"<tr>{name}{figures}<td>{text(what)}</td><td>{cost}</td><td>{alone}</td></tr>" for what, cost, alone in lines
    )


def pesq(report: CallReport) -> str:
    """Scores against a reference; nothing where none was given."""
    if not report.pesq:
        return ""
    rows = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in _pesq_cells(result))}</tr>" for result in report.pesq)
    whole = table(("Party", "Reference", "Scale", "Score", "Delay", "Windows"), rows)
    found = f'<p class="note">{text(prompt_words(report.prompt))}</p>' if report.prompt else ""
    return (
        f'<section class="card"><h2>Against the reference (PESQ)</h2>{found}<div class="scroll">{whole}</div></section>'
    )


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


def causes(report: CallReport) -> str:
    """Likely causes with their evidence and what to check next, the likeliest first; nothing where there are none."""
    items = [
        f"<b>{text(cause.origin)}</b>, {text(cause.channel or 'the call')}: {text('; '.join(cause.evidence))}. "
        f'<span class="note">{text(cause.check)}</span>'
        for cause in report.causes
    ]
    return _list("Likely causes", items)


def network(report: CallReport) -> str:
    """The network's MOS beside that of the sound, and where the two disagree; nothing where it is not known."""
    if report.network is None:
        return ""
    apart = [
        f'<span class="tag warning">disagree</span> {text(disagreement_words(one))}'
        for one in report.network.disagreements
    ]
    return _list("The network", [*apart, *map(text, network_lines(report.network))])


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
