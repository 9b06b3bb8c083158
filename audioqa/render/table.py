"""The default output: a report as a table for the terminal, and many reports as a list, worst first.

What to do comes first (verdict, flags, where to listen), then the figures, then what could not be measured. Nothing
rests on colour alone, so that it reads the same through a pipe. At 80 columns text folds; only the evidence of an event
is cut short, for it stands in full in the JSON and the page.
"""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Sequence

from rich import box
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from audioqa.bands import CONTACT_CENTRE, BandSet
from audioqa.render.network_words import disagreement_words, network_lines
from audioqa.render.prompt_words import prompt_words
from audioqa.render.wording import (
    Tone,
    clock,
    evidence_words,
    interval,
    kind_counts,
    kind_words,
    ledger_words,
    length,
    listen_first,
    not_measured,
    phase_words,
    printable,
    sounds,
    tone,
    wideband,
    worst_first,
)
from audioqa.types import CallReport, Event, Party, PartyMos, Score, Severity, Skipped, Worst

EVENT_ROWS = 12
"""Events shown; the rest are counted."""

PHASE_ROWS = 12
"""Phases shown; the rest are counted."""

CAUSES = 3
"""Likely causes shown; the JSON and the page have all."""

_TONE_STYLES: dict[Tone, str] = {
    "good": "bold green",
    "fair": "bold cyan",
    "poor": "bold yellow",
    "bad": "bold red",
    "plain": "bold",
}
_SEVERITY_STYLES: dict[Severity, str] = {"severe": "bold red", "warning": "yellow", "notice": "dim"}


def report_table(report: CallReport, *, bands: BandSet = CONTACT_CENTRE) -> RenderableType:
    """One report, for `rich.console.Console.print`."""
    parts: list[RenderableType] = [_title(report), _verdict(report, bands)]
    parts += [_flag(reason) for reason in (flag.reason for flag in report.flags)]
    parts += _next_step(report)
    parts += ["", _parties(report, bands)]
    parts += _sounds(report)
    parts += _causes(report)
    parts += _network(report)
    parts += _ledgers(report)
    parts += _pesq(report)
    parts += _events(report)
    parts += _phases(report)
    parts += _notes("The file", [(finding.severity, printable(finding.message)) for finding in report.findings])
    parts += _notes("Not measured", [("notice", words) for words in map(printable, not_measured(report))])
    parts.append("")
    return Group(*parts)


def summary_table(
    reports: Sequence[CallReport], failures: Sequence[tuple[str, str]] = (), *, bands: BandSet = CONTACT_CENTRE
) -> RenderableType:
    """All calls of a run, worst first.

    Parameters
    ----------
    reports
        In any order. A call without a MOS stands among the worst, with its reason: nobody has heard yet how bad it is.
    failures
        Pairs of file and cause for recordings that could not be read; they stand on top.
    """
    table = Table(
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        title=f"{len(reports) + len(failures)} calls, worst first",
        title_justify="left",
    )
    table.add_column("MOS", justify="right", no_wrap=True)
    table.add_column("band", no_wrap=True)
    table.add_column("file", overflow="fold", ratio=2)
    table.add_column("why", overflow="fold", ratio=3)
    for file, cause in failures:
        table.add_row("—", Text("unreadable", "bold red"), Text(printable(file)), Text(printable(cause)))
    for report in sorted(reports, key=_badness):
        table.add_row(*_summary_row(report, bands))
    return table


def _badness(report: CallReport) -> tuple[int, float]:
    """Flagged calls without a MOS first, then by MOS; a call without a MOS never stands last."""
    if isinstance(report.mos, Skipped):
        return (0, 0.0)
    return (1, report.mos.value)


def _summary_row(report: CallReport, bands: BandSet) -> tuple[RenderableType, ...]:
    reasons = "; ".join(flag.reason for flag in report.flags)
    file = Text(printable(report.recording.path))
    if isinstance(report.mos, Skipped):
        return ("—", "no MOS", file, Text(printable("; ".join(filter(None, (reasons, report.mos.reason))))))
    style = _TONE_STYLES[tone(report.mos.value, report.mos, bands=bands)]
    band = "—" if isinstance(report.band, Skipped) else report.band
    return (Text(f"{report.mos.value:.2f}", style), Text(band), file, Text(printable(reasons or "nothing to review")))


def _title(report: CallReport) -> Text:
    recording = report.recording
    rate = f"{recording.sample_rate / 1000:g} kHz"
    channels = ", ".join(recording.channels) if report.separable else "one channel, parties not separable"
    about = f"{length(recording.duration)} · {recording.container} {recording.codec} · {rate} · {channels}"
    return Text.assemble((printable(recording.path), "bold"), "\n", (printable(about), "dim"))


def _verdict(report: CallReport, bands: BandSet) -> Text:
    if isinstance(report.mos, Skipped):
        return Text.assemble(("No MOS", "bold"), f": {printable(report.mos.reason)}")
    mos = report.mos
    style = _TONE_STYLES[tone(mos.value, mos, bands=bands)]
    band = "" if isinstance(report.band, Skipped) else f" {report.band}"
    text = Text.assemble(
        (f"MOS {mos.value:.2f}{band}", style), f"  90 % interval {interval(mos)}, {mos.scale} {mos.context}"
    )
    if isinstance(report.band, Skipped):
        text.append(f" (no band: {printable(report.band.reason)})")
    wide = wideband(report)
    if wide:
        text.append(f"; {wide.value:.2f} in the wideband context")
    if mos.covers:
        text.append(f"\n the interval covers {printable(mos.covers)}", "dim")
    return text


def _flag(reason: str) -> Padding:
    return Padding(Text.assemble(("! ", "bold red"), printable(reason)), (0, 0, 0, 1))


def _next_step(report: CallReport) -> list[RenderableType]:
    start = listen_first(report)
    if start is None or not (report.flags or report.events):
        return [Text(" Nothing to review.", "green")] if isinstance(report.mos, Score) else []
    files = report.recording.files
    command = f"audioqa score {'--pair ' if len(files) > 1 else ''}{shlex.join(files)} --html page.html"
    return [Text.assemble(f" Listen at {clock(start)}: ", (printable(command), "bold"))]


def _parties(report: CallReport, bands: BandSet) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("party", overflow="fold")
    for name in ("MOS", "band", "5 %", "worst 30 s", _below_heading(report), "speech", "level"):
        table.add_column(name, justify="left" if name == "band" else "right", no_wrap=True)
    for party in report.parties:
        table.add_row(*_party_row(party, bands))
    return table


def _sounds(report: CallReport) -> list[RenderableType]:
    told = [(party.channel, sounds(party.mos)) for party in report.parties if isinstance(party.mos, PartyMos)]
    lines: list[RenderableType] = [
        Padding(Text(printable(f"{channel}: {', '.join(words)}")), (0, 0, 0, 1)) for channel, words in told if words
    ]
    return [*lines, ""] if lines else []


def _causes(report: CallReport) -> list[RenderableType]:
    lines: list[RenderableType] = []
    for cause in report.causes[:CAUSES]:
        who = printable(f"{cause.origin}, {cause.channel or 'the call'}")
        why = printable(f": {'; '.join(cause.evidence)}. {cause.check}")
        lines.append(Padding(Text.assemble((who, "bold"), why), (0, 0, 0, 1)))
    return [Text("Likely causes", "bold"), *lines, ""] if lines else []


def _network(report: CallReport) -> list[RenderableType]:
    if report.network is None:
        return []
    lines = [Padding(Text(printable(words)), (0, 0, 0, 1)) for words in network_lines(report.network)]
    apart = [
        Padding(Text.assemble(("! ", "bold yellow"), printable(disagreement_words(one))), (0, 0, 0, 1))
        for one in report.network.disagreements
    ]
    return [Text("The network", "bold"), *lines, *apart, ""]


def _below_heading(report: CallReport) -> str:
    thresholds = {
        party.mos.threshold
        for party in report.parties
        if isinstance(party.mos, PartyMos) and not isinstance(party.mos.threshold, Skipped)
    }
    return f"below {thresholds.pop():g}" if len(thresholds) == 1 else "below"


def _party_row(party: Party, bands: BandSet) -> tuple[RenderableType, ...]:
    mos = party.mos
    figures: tuple[RenderableType, ...] = ("—",) * 5
    if isinstance(mos, PartyMos):
        style = _TONE_STYLES[tone(mos.score.value, mos.score, bands=bands)]
        figures = (
            Text(f"{mos.score.value:.2f}", style),
            "—" if isinstance(mos.band, Skipped) else Text(mos.band),
            f"{mos.percentile_5:.2f}",
            f"{mos.worst.mos:.2f} at {clock(mos.worst.segment.start)}" if isinstance(mos.worst, Worst) else "—",
            "—" if isinstance(mos.seconds_below, Skipped) else length(mos.seconds_below),
        )
    level = "—" if isinstance(party.level, Skipped) else f"{party.level.level:.0f} dBov"
    return (Text(printable(party.channel)), *figures, length(party.speech), level)


def _ledgers(report: CallReport) -> list[RenderableType]:
    lines: list[RenderableType] = [
        Padding(Text(printable(ledger_words(ledger))), (0, 0, 0, 1)) for ledger in report.ledgers
    ]
    return [Text("What it cost, in MOS", "bold"), *lines, ""] if lines else []


def _pesq(report: CallReport) -> list[RenderableType]:
    lines: list[RenderableType] = []
    for result in report.pesq:
        who = f" {result.channel} against {result.reference_channel}: "
        if isinstance(result.score, Skipped):
            lines.append(Text(printable(f"{who}no {result.scale}: {result.score.reason}")))
            continue
        delay = "" if isinstance(result.delay, Skipped) else f", delay {result.delay * 1000:.0f} ms"
        lines.append(
            Text(printable(f"{who}{result.scale} {result.score.value:.2f}, {len(result.windows)} windows{delay}"))
        )
    if report.prompt is not None:
        lines.insert(0, Padding(Text(printable(prompt_words(report.prompt))), (0, 0, 0, 1)))
    return [Text("Against the reference (PESQ)", "bold"), *lines, ""] if lines else []


def _events(report: CallReport) -> list[RenderableType]:
    if not report.events:
        return [Text("No events found.", "dim")]
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 1), show_header=False, expand=True)
    table.add_column("time", justify="right", no_wrap=True)
    table.add_column("length", justify="right", no_wrap=True)
    table.add_column("severity", no_wrap=True)
    table.add_column("what", overflow="fold", max_width=30)
    table.add_column("evidence", overflow="ellipsis", no_wrap=True, style="dim", ratio=1)
    ordered = worst_first(report.events)
    for event in ordered[:EVENT_ROWS]:
        table.add_row(*_event_row(event))
    counts = Counter(event.severity for event in report.events)
    heading = ", ".join(
        f"{counts[severity]} {severity}" for severity in ("severe", "warning", "notice") if counts[severity]
    )
    rest = len(ordered) - EVENT_ROWS
    more: list[RenderableType] = [Text(f" and {rest} more, see --json or --html", "dim")] if rest > 0 else []
    return [Text.assemble(("Events", "bold"), f"  {heading}"), *_counts(report), table, *more]


def _phases(report: CallReport) -> list[RenderableType]:
    if not report.phases:
        return []
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 1), show_header=False, expand=True)
    table.add_column("time", justify="right", no_wrap=True)
    table.add_column("length", justify="right", no_wrap=True)
    table.add_column("what", overflow="fold", max_width=38)
    table.add_column("evidence", overflow="ellipsis", no_wrap=True, style="dim", ratio=1)
    for phase in report.phases[:PHASE_ROWS]:
        table.add_row(
            clock(phase.segment.start),
            length(phase.segment.duration),
            Text(printable(phase_words(phase))),
            Text(printable(evidence_words(phase.evidence))),
        )
    rest = len(report.phases) - PHASE_ROWS
    more: list[RenderableType] = [Text(f" and {rest} more, see --json or --html", "dim")] if rest > 0 else []
    return ["", Text.assemble(("Phases", "bold"), "  set aside: no conversation"), table, *more]


def _counts(report: CallReport) -> list[RenderableType]:
    lines: list[RenderableType] = []
    for channel in (*report.recording.channels, None):
        counts = kind_counts(event for event in report.events if event.channel == channel)
        if counts:
            lines.append(Text(printable(f" {channel or 'whole call'}: {counts}")))
    return lines


def _event_row(event: Event) -> tuple[RenderableType, ...]:
    what = f"{kind_words(event.kind)}, {event.channel or 'call'}"
    return (
        clock(event.segment.start),
        length(event.segment.duration),
        Text(event.severity, _SEVERITY_STYLES[event.severity]),
        Text(printable(what)),
        Text(printable(evidence_words(event.evidence))),
    )


def _notes(heading: str, notes: Sequence[tuple[Severity, str]]) -> list[RenderableType]:
    lines: list[RenderableType] = [
        Padding(
            Text.assemble((f"{severity}: " if severity != "notice" else "", _SEVERITY_STYLES[severity]), words),
            (0, 0, 0, 1),
        )
        for severity, words in notes
    ]
    return ["", Text(heading, "bold"), *lines] if lines else []
