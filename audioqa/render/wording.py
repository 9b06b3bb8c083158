"""Figures put into words, the same words in the table, the plot and the page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Literal

from audioqa.bands import CONTACT_CENTRE, BandSet
from audioqa.types import (
    CallReport,
    Event,
    Evidence,
    Ledger,
    Party,
    PartyMos,
    Phase,
    Score,
    Segment,
    Severity,
    Skipped,
    Worst,
)

SEVERITIES: tuple[Severity, ...] = ("severe", "warning", "notice")
"""Worst first."""

Tone = Literal["good", "fair", "poor", "bad", "plain"]
"""Colour of a MOS; ``plain`` where the scale has no bands."""


def clock(seconds: float) -> str:
    """Time from the start of the recording as ``m:ss.s``, or ``h:mm:ss.s`` from an hour on.

    >>> clock(130.04), clock(3600.0), clock(59.97)
    ('2:10.0', '1:00:00.0', '1:00.0')
    """
    tenths = round(max(0.0, seconds) * 10)
    minutes, rest = divmod(tenths, 600)
    hours, minutes = divmod(minutes, 60)
    tail = f"{rest // 10:02d}.{rest % 10}"
    return f"{hours}:{minutes:02d}:{tail}" if hours else f"{minutes}:{tail}"


def length(seconds: float) -> str:
    """Length of a stretch of time, as precise as is of use.

    >>> length(0.0), length(0.0624), length(4.2), length(200.4), length(3725.0), length(119.97)
    ('0 s', '62 ms', '4.2 s', '3 min 20 s', '1 h 02 min', '2 min 00 s')
    """
    if 0 < seconds < 0.9995:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 59.95:
        return f"{seconds:.1f} s" if seconds > 0 else "0 s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    minutes = round(seconds / 60)
    return f"{minutes // 60} h {minutes % 60:02d} min"


def kind_words(kind: str) -> str:
    """A kind of event, finding or measurement as words: ``dead-air`` is "dead air"."""
    return kind.replace("-", " ").replace("_", " ")


def place(segment: Segment) -> str:
    """Where a segment starts and how long it is."""
    return f"{clock(segment.start)} for {length(segment.duration)}"


def interval(score: Score) -> str:
    """The interval of a score, with the en dash that ranges take."""
    return f"{score.low:.1f}–{score.high:.1f}"


_DIMENSIONS = {
    "noi": "noisiness",
    "dis": "discontinuity",
    "col": "coloration",
    "loud": "loudness",
    "sig": "speech signal",
    "bak": "background",
}  # NISQA's and DNSMOS's short names


def wideband(report: CallReport) -> Score | None:
    """The wideband-context score of the worse party, whose score is the call's; None where there is none."""
    for party in report.parties:
        if isinstance(party.mos, PartyMos) and party.mos.score == report.mos and isinstance(party.mos.wideband, Score):
            return party.mos.wideband
    return None


def sounds(mos: PartyMos) -> list[str]:
    """What a party sounded like beside its MOS: wideband context, dimensions, codec; what is not known is left out."""
    words = []
    if isinstance(mos.wideband, Score):
        words.append(f"wideband context {mos.wideband.value:.2f} ({interval(mos.wideband)})")
    words += [f"{_DIMENSIONS.get(name, kind_words(name))} {value:.1f}" for name, value in mos.dimensions.items()]
    if not isinstance(mos.codec, Skipped):
        words.append(f"codec {mos.codec.family} ({mos.codec.probability:.0%})")
    return words


def tone(value: float, score: Score, *, bands: BandSet = CONTACT_CENTRE) -> Tone:
    """Colour of a MOS on the scale of `score`: the two best bands, down to attention, down to painful, below."""
    if score.context != bands.context:
        return "plain"
    if value >= bands.bands[min(1, len(bands.bands) - 1)][0]:
        return "good"
    if value >= bands.attention:
        return "fair"
    return "poor" if value >= bands.painful else "bad"


def evidence_words(evidence: Evidence) -> str:
    """Evidence on one line, in the order in which the detector gave it.

    >>> evidence_words({"fill": "zero", "length_ms": 62, "before_codec": False})
    'fill zero, length 62 ms, before codec no'
    """
    return ", ".join(_figure(name, value) for name, value in evidence.items())


_UNITS = {"ms": "ms", "s": "s", "db": "dB", "dbov": "dBov", "hz": "Hz"}


def _figure(name: str, value: float | int | str | bool) -> str:
    stem, _, last = name.rpartition("_")
    if isinstance(value, bool):
        return f"{kind_words(name)} {'yes' if value else 'no'}"
    words = (f"{value:.3g}" if abs(value) < 1000 else f"{value:.0f}") if isinstance(value, float) else str(value)
    if stem and last in _UNITS:
        return f"{kind_words(stem)} {words} {_UNITS[last]}"
    return f"{kind_words(name)} {words}"


def worst_first(events: Iterable[Event]) -> list[Event]:
    """Events by severity, then by time."""
    return sorted(events, key=lambda event: (SEVERITIES.index(event.severity), event.segment.start))


def kind_counts(events: Iterable[Event]) -> str:
    """Events counted by kind, most frequent first: ``dropout × 14, dead air``."""
    counts = Counter(event.kind for event in events)
    return ", ".join(kind_words(kind) + (f" × {count}" if count > 1 else "") for kind, count in counts.most_common())


def phase_words(phase: Phase) -> str:
    """A phase in words: ``hold music, customer``."""
    return f"{kind_words(phase.kind)}, {phase.channel or 'both legs'}"


def not_measured(report: CallReport) -> list[str]:
    """What could not be measured and why, each reason once though a party and its call may share it."""
    values = [value for party in report.parties for value in _gaps(party)]
    named = {(value.kind, value.reason) for value in values}
    of_call = [value for value in (report.mos, report.band, *report.skipped) if isinstance(value, Skipped)]
    values += [value for value in of_call if value.channel or (value.kind, value.reason) not in named]
    return [
        f"{kind_words(value.kind)}{f' ({value.channel})' if value.channel else ''}, because {value.reason}"
        for value in dict.fromkeys(values)
    ]


def _gaps(party: Party) -> list[Skipped]:
    values: tuple[object, ...] = (party.level, party.mos)
    if not isinstance(party.mos, Skipped):
        values += (party.mos.band, party.mos.worst)
    return [value for value in values if isinstance(value, Skipped)]


def ledger_words(ledger: Ledger | Skipped) -> str:
    """What each kind of impairment cost a party, as one sentence, and what could not be told.

    >>> from audioqa.types import LedgerRow
    >>> rows = (LedgerRow("dropout", 0.61, 0.7), LedgerRow("hum", 0.3, 0.2), LedgerRow("echo", 0.0, -0.1))
    >>> ledger_words(Ledger("customer", 2.9, 3.81, 4.41, rows, 0.6))
    'customer: MOS 2.90; mended 3.81: dropout cost 0.61, hum 0.30; codec, band and unexplained 0.60; not credited: \
mending echo alone changed the MOS by -0.10'
    """
    if isinstance(ledger, Skipped):
        return f"{ledger.channel}: {ledger.reason}"
    text = f"{ledger.channel}: MOS {ledger.mos:.2f}"
    paid = [row for row in ledger.rows if row.cost > 0]
    if paid:
        first, *others = paid
        costs = [f"{kind_words(first.kind)} cost {first.cost:.2f}"]
        costs += [f"{kind_words(row.kind)} {row.cost:.2f}" for row in others]
        text += f"; mended {ledger.mended:.2f}: {', '.join(costs)}"
    if not isinstance(ledger.rest, Skipped):
        text += f"; codec, band and unexplained {ledger.rest:.2f}"
    unpaid = [f"mending {kind_words(row.kind)} {_change(row.alone)}" for row in ledger.rows[len(paid) :]]
    if unpaid:
        text += f"; not credited: {', '.join(unpaid)}"
    if ledger.left_out:
        text += "; " + ", ".join(f"{kind_words(one.kind)}: {one.reason}" for one in ledger.left_out)
    return text


def _change(alone: float) -> str:
    return f"alone changed the MOS by {alone:+.2f}" if abs(alone) >= 0.005 else "changed nothing"


def listen_first(report: CallReport) -> float | None:
    """Where to listen first, in seconds: the first flag's place, the worst event or the worst stretch; or None."""
    for flag in report.flags:
        if flag.segment is not None:
            return flag.segment.start
    if report.events:
        return worst_first(report.events)[0].segment.start
    stretches = [
        (party.mos.worst.mos, party.mos.worst.segment.start)
        for party in report.parties
        if not isinstance(party.mos, Skipped) and isinstance(party.mos.worst, Worst)
    ]
    return min(stretches)[1] if stretches else None


def printable(text: str) -> str:
    """`text` without what UTF-8 cannot carry (undecodable bytes of a file name) and without control characters.

    A file name is anyone's to choose: a line break or an escape sequence in it must not reach a terminal.
    """
    sound = text.encode("utf-8", "replace").decode("utf-8")
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in sound)
