"""CSV: one row for each channel of each file, with the call's own figures repeated on every row.

Rows stream: a header once, then the rows of one report after another. ``mos_pred`` and the dimensions carry NISQA's
names (Mittag et al. 2021), the rest ours. A cell is empty only where the column beside it (``skipped``) says why.

A cell whose text comes from outside (file, channel, reason) and begins like a formula gets an apostrophe in front, so
that a spreadsheet shows it instead of running it (OWASP, "CSV Injection").
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping

from audioqa.render.network_words import disagreement_words
from audioqa.render.wording import ledger_words, printable
from audioqa.types import CallReport, Event, Party, PartyMos, Score, Skipped, Worst

KINDS = (
    "dropout",
    "clipping",
    "dead-air",
    "silence-gap",
    "leading-silence",
    "trailing-silence",
    "digital-silence",
    "hum",
    "echo",
    "one-way-audio",
    "clicks",
    "abrupt-end",
    "delayed-start",
    "front-end-clipping",
    "double-talk",
    "interruption",
    "too-quiet",
    "too-loud",
    "unbalanced",
    "level-jump",
    "gain-pumping",
    "background-noise",
    "noise-burst",
    "muffled",
    "narrowband-content",
    "concealed-loss",
    "robotic",
)
"""Kinds of event with columns of their own; events of any other kind are summed in ``other``."""

DIMENSIONS = {
    "noi_pred": ("noisiness", "noi"),
    "dis_pred": ("discontinuity", "dis"),
    "col_pred": ("coloration", "col"),
    "loud_pred": ("loudness", "loud"),
}
"""NISQA's column of each dimension, and its names: ours and NISQA's; empty unless the estimator gives them."""

_BEFORE = ("file", "channel", "duration", "speech", "level", "activity", "mos_pred", *DIMENSIONS, "mos_low", "mos_high")
_WIDEBAND = ("mos_wideband", "mos_wideband_low", "mos_wideband_high", "codec", "codec_probability")
_MOS = (
    "mos_scale",
    *_WIDEBAND,
    "band",
    "percentile_5",
    "worst_30s_mos",
    "worst_30s_start",
    "seconds_below",
    "threshold",
)
_PROMPT = ("pesq_nb", "pesq_wb", "prompt", "prompt_start", "prompt_delay_change")
_NETWORK = ("network_mos", "network_scale", "disagreement")
_CALL = (
    *("phases", "call_mos", "call_band", "flagged", "flags", "likely_causes", *_NETWORK, *_PROMPT),
    *("ledger", "findings", "skipped"),
)
_IDENTITY = ("sha256", "estimator", "band_set", "settings_digest", "version")
_COUNTS = tuple(f"{kind.replace('-', '_')}_{what}" for kind in (*KINDS, "other") for what in ("count", "seconds"))

Value = str | float | int | bool | None
"""A cell: text, a figure, yes or no, or nothing."""

COLUMNS = (*_BEFORE, *_MOS, *_COUNTS, *_CALL, *_IDENTITY)
"""Every column, in order."""


def csv_header() -> str:
    """The header row, with its line break."""
    return csv_line(COLUMNS)


def csv_rows(report: CallReport) -> str:
    """One row for each channel of the report, each with its line break.

    An event of the whole call (dead air) counts on every row, since it happened to every party.
    """
    return "".join(csv_line(row.get(column) for column in COLUMNS) for row in report_rows(report))


def csv_line(values: Iterable[Value]) -> str:
    """One row of CSV, with its line break: figures short, text so that no spreadsheet runs it."""
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerow(map(_cell, values))
    return buffer.getvalue()


def report_rows(report: CallReport) -> list[dict[str, Value]]:
    """One row for each channel of the report, by `COLUMNS`; what is not known is left out."""
    return [_row(report, party) for party in report.parties]


def _row(report: CallReport, party: Party) -> dict[str, Value]:
    return {
        "file": report.recording.path,
        "channel": party.channel,
        "duration": report.recording.duration,
        "speech": party.speech,
        **_level(party),
        **_mos(party.mos),
        **_events([event for event in report.events if event.channel in (party.channel, None)]),
        "phases": _phases(report, party),
        "call_mos": report.mos.value if isinstance(report.mos, Score) else None,
        "call_band": None if isinstance(report.band, Skipped) else report.band,
        "flagged": bool(report.flags),
        "flags": "; ".join(flag.reason for flag in report.flags),
        "likely_causes": "; ".join(cause.origin for cause in report.causes if cause.channel in (party.channel, None)),
        **_network(report),
        **_reference(report, party),
        "ledger": " ".join(ledger_words(one) for one in report.ledgers if one.channel == party.channel),
        "findings": "; ".join(finding.message for finding in report.findings),
        "skipped": _skipped(report, party),
        "sha256": report.recording.sha256,
        "estimator": report.estimator,
        "band_set": report.band_set,
        "settings_digest": report.settings_digest,
        "version": report.version,
    }


def _network(report: CallReport) -> dict[str, Value]:
    """Of the call: its worst direction, and where sound and network disagree."""
    side = report.network
    if side is None:
        return {}
    told = "; ".join(map(disagreement_words, side.disagreements))
    if isinstance(side.mos, Skipped):
        return {"disagreement": told}
    scale = f"{side.mos.kind} {side.mos.scale}"
    return {"network_mos": side.mos.mos, "network_scale": scale, "disagreement": told}


def _reference(report: CallReport, party: Party) -> dict[str, Value]:
    """PESQ of a channel, and the known prompt where it was found on it."""
    row: dict[str, Value] = {
        _PESQ[one.scale]: one.score.value
        for one in report.pesq
        if one.channel == party.channel and one.scale in _PESQ and isinstance(one.score, Score)
    }
    found = report.prompt
    if found is not None and found.channel == party.channel:
        row |= {"prompt": found.name, "prompt_start": found.segment.start, "prompt_delay_change": found.change}
    return row


_PESQ = {"MOS-LQON": "pesq_nb", "MOS-LQOW": "pesq_wb"}


def _level(party: Party) -> dict[str, Value]:
    if isinstance(party.level, Skipped):
        return {}
    return {"level": party.level.level, "activity": party.level.activity}


def _mos(mos: PartyMos | Skipped) -> dict[str, Value]:
    if isinstance(mos, Skipped):
        return {}
    row: dict[str, Value] = {
        "mos_pred": mos.score.value,
        "mos_low": mos.score.low,
        "mos_high": mos.score.high,
        "mos_scale": f"{mos.score.scale} {mos.score.context}",
        "percentile_5": mos.percentile_5,
    }
    if not isinstance(mos.band, Skipped):
        row["band"] = mos.band
    if isinstance(mos.worst, Worst):
        row |= {"worst_30s_mos": mos.worst.mos, "worst_30s_start": mos.worst.segment.start}
    if not isinstance(mos.seconds_below, Skipped) and not isinstance(mos.threshold, Skipped):
        row |= {"seconds_below": mos.seconds_below, "threshold": mos.threshold}
    if isinstance(mos.wideband, Score):
        row |= dict(zip(_WIDEBAND, (mos.wideband.value, mos.wideband.low, mos.wideband.high), strict=False))
    if not isinstance(mos.codec, Skipped):
        row |= {"codec": mos.codec.family, "codec_probability": mos.codec.probability}
    given = {
        column: mos.dimensions.get(ours, mos.dimensions.get(theirs)) for column, (ours, theirs) in DIMENSIONS.items()
    }
    return row | {column: value for column, value in given.items() if value is not None}


def _events(events: Iterable[Event]) -> Mapping[str, Value]:
    counts = dict.fromkeys((*KINDS, "other"), 0)
    seconds = dict.fromkeys((*KINDS, "other"), 0.0)
    for event in events:
        kind = event.kind if event.kind in KINDS else "other"
        counts[kind] += 1
        seconds[kind] += event.segment.duration
    row: dict[str, Value] = {f"{kind.replace('-', '_')}_count": count for kind, count in counts.items()}
    return row | {f"{kind.replace('-', '_')}_seconds": total for kind, total in seconds.items()}


def _phases(report: CallReport, party: Party) -> str:
    """Seconds of each kind of phase on the channel or of the call, longest first: ``hold-music 32 s; dtmf 3 s``."""
    seconds: dict[str, float] = {}
    for phase in report.phases:
        if phase.channel in (party.channel, None):
            seconds[phase.kind] = seconds.get(phase.kind, 0.0) + phase.segment.duration
    order = sorted(seconds, key=lambda kind: -seconds[kind])
    return "; ".join(f"{kind} {seconds[kind]:.3g} s" for kind in order)


def _skipped(report: CallReport, party: Party) -> str:
    """What this row lacks, and why, each reason once."""
    own: list[Skipped] = [value for value in (party.level, party.mos) if isinstance(value, Skipped)]
    if isinstance(party.mos, PartyMos):
        parts = (
            party.mos.band,
            party.mos.worst,
            party.mos.seconds_below,
            party.mos.threshold,
            party.mos.wideband,
            party.mos.codec,
        )
        own += [value for value in parts if isinstance(value, Skipped)]
    own += [value for value in (report.mos, report.band) if isinstance(value, Skipped)]
    own += [value for value in report.skipped if value.channel in (party.channel, None)]
    return "; ".join(dict.fromkeys(f"{value.kind}: {value.reason}" for value in own))


def _cell(value: Value) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return str(value)
    return f"{value:.4f}".rstrip("0").rstrip(".") if isinstance(value, float) else outside(value)


def outside(text: str) -> str:
    """Text from outside, that no spreadsheet takes for a formula and no line break or control character splits."""
    text = printable(text)
    return f"'{text}" if text.lstrip().startswith(("=", "+", "-", "@")) else text
