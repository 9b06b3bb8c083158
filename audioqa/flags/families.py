"""Fields with a part of their own choice: events by kind, evidence, figures, metadata, tags, medians."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Sequence

from audioqa.errors import SettingsError
from audioqa.flags.field import Family
from audioqa.flags.subject import Subject
from audioqa.flags.words import ANY, EVIDENCE, FINDINGS, NUMBER, ORIGIN, SEVERITIES, SEVERITY, TEXT, Kind, Value
from audioqa.phases import KINDS as PHASES
from audioqa.rounding import rounded
from audioqa.types import Event, PartyMos, Phase, Score

COLUMNS = ("agent", "queue", "site", "carrier", "trunk", "direction", "codec", "tap", "tenant")
"""Metadata by which calls are told apart; medians are taken by them and by tags."""

FIGURES = ("dc_offset", "peak_dbov", "clipped_share", "bandwidth_hz")
DIMENSIONS = ("noisiness", "discontinuity", "coloration", "loudness", "noi", "dis", "col", "loud", "sig", "bak")
"""Of callmos, of NISQA and of DNSMOS."""

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_WHAT: dict[str, Kind] = {"count": NUMBER, "seconds": NUMBER, "longest": NUMBER, "severity": SEVERITY}


def suggestion(given: str, known: Iterable[str]) -> str:
    """A clause that names what was probably meant, or all that there is."""
    names = list(known)
    close = difflib.get_close_matches(given, names, n=1, cutoff=0.6)
    return f"did you mean {close[0]!r}?" if close else f"there are {', '.join(names)}"


def one_of(what: str, words: Sequence[str], kind: Kind) -> Callable[[str], Kind]:
    """A function that takes one of the words, and says what it can be."""

    def found(rest: str) -> Kind:
        if rest not in words:
            raise SettingsError(f"there is no {what} {rest!r}; {suggestion(rest, words)}")
        return kind

    return found


def _counted(what: str, words: Sequence[str], ends: dict[str, Kind]) -> Callable[[str], Kind]:
    def found(rest: str) -> Kind:
        word, _, end = rest.rpartition(".")
        one_of(what, words, NUMBER)(word or rest)
        one_of(f"field of a {what}", list(ends), NUMBER)(end)
        return ends[end]

    return found


def _column(rest: str) -> Kind:
    return NUMBER if rest.startswith("tag.") else one_of("column with a median", (*COLUMNS, "tag.NAME"), NUMBER)(rest)


def _metadata(rest: str) -> Kind:
    if rest == "hour":
        return NUMBER
    return (
        Kind("text", WEEKDAYS)
        if rest == "weekday"
        else one_of("metadata", (*COLUMNS, "call_id", "hour", "weekday"), TEXT)(rest)
    )


def _lengths(found: Sequence[Event | Phase]) -> list[float]:
    return [rounded(one.segment.end) - rounded(one.segment.start) for one in found]


def _event(subject: Subject, rest: str) -> Value | None:
    kind, _, what = rest.rpartition(".")
    found = [e for e in subject.call.events if e.kind == kind]
    if subject.party:
        found = [event for event in found if event.channel == subject.party.channel]
    if what == "count":
        return len(found)
    if what == "seconds":
        return sum(_lengths(found))
    if what == "longest":
        return max(_lengths(found), default=None)
    return max((event.severity for event in found), key=SEVERITIES.index, default=None)


def _phase(subject: Subject, rest: str) -> Value | None:
    kind, _, what = rest.rpartition(".")
    found = [phase for phase in subject.call.report.phases if phase.kind == kind]
    if subject.party:
        found = [phase for phase in found if phase.channel == subject.party.channel]
    return len(found) if what == "count" else sum(_lengths(found))


def _finding(subject: Subject, rest: str) -> Value | None:
    return sum(finding.kind == rest.rpartition(".")[0] for finding in subject.call.report.findings)


def _cause(subject: Subject, rest: str) -> Value | None:
    origin = rest.rpartition(".")[0]
    return sum(cause.points for cause in subject.call.report.causes if cause.origin == origin)


def _evidence(subject: Subject, rest: str) -> Value | None:
    return subject.events[0].evidence.get(rest) if subject.events else None


def _figure(subject: Subject, rest: str) -> Value | None:
    return subject.party.figures.get(rest) if subject.party else None


def _dimension(subject: Subject, rest: str) -> Value | None:
    found = [party.mos.dimensions[rest] for party in subject.parties if _has(party.mos, rest)]  # type: ignore[union-attr]
    return min(found, default=None)


def _has(mos: object, dimension: str) -> bool:
    return isinstance(mos, PartyMos) and dimension in mos.dimensions


def _pesq(subject: Subject, rest: str) -> Value | None:
    scale = "MOS-LQON" if rest == "narrowband" else "MOS-LQOW"
    names = {party.channel for party in subject.parties}
    results = [result for result in subject.call.report.pesq if result.channel in names and result.scale == scale]
    return min((result.score.value for result in results if isinstance(result.score, Score)), default=None)


def _of_call(subject: Subject, rest: str) -> Value | None:
    info = subject.call.info
    if info is None or rest in ("hour", "weekday"):
        if info is None or info.start_time is None:
            return None
        return info.start_time.hour if rest == "hour" else WEEKDAYS[info.start_time.weekday()]
    value: str | None = getattr(info, rest)
    return value or None


def _tag(subject: Subject, rest: str) -> Value | None:
    return subject.call.info.tags.get(rest) if subject.call.info else None


def _network(subject: Subject, rest: str) -> Value | None:
    return subject.call.info.network.get(rest) if subject.call.info else None


def _median(subject: Subject, rest: str) -> Value | None:
    return subject.call.medians.get(rest)


def _drop(subject: Subject, rest: str) -> Value | None:
    median = subject.call.medians.get(rest)
    values = [mos.score.value for mos in Subject(subject.call, "call").scored]
    return None if median is None or not values else rounded(median) - rounded(min(values))


def _anything(kind: Kind) -> Callable[[str], Kind]:
    return lambda _: kind


FAMILIES: tuple[Family, ...] = (
    Family(
        "events.KIND.WHAT",
        "`count`, `seconds`, `longest` or gravest `severity` of the events of a kind, of the party or of the call",
        _counted("kind of event", tuple(EVIDENCE), _WHAT),
        _event,
    ),
    Family(
        "phases.KIND.WHAT",
        "`count` or `seconds` of the phases of a kind (docs/phases-explained.md), of the party or of the call",
        _counted("kind of phase", PHASES, {"count": NUMBER, "seconds": NUMBER}),
        _phase,
    ),
    Family(
        "findings.KIND.count",
        "how many findings of a kind there are on the recording",
        _counted("kind of finding", FINDINGS, {"count": NUMBER}),
        _finding,
    ),
    Family(
        "causes.ORIGIN.points",
        'points of the likely causes of an origin, 0 where there are none; `causes."far end".points`',
        _counted("origin", ORIGIN.words, {"points": NUMBER}),
        _cause,
    ),
    Family(
        "evidence.NAME",
        "evidence of an event (docs/detectors)",
        one_of("evidence", tuple(dict.fromkeys(name for names in EVIDENCE.values() for name in names)), ANY),
        _evidence,
        ("event",),
    ),
    Family(
        "figure.NAME",
        f"a party's {', '.join(f'`{name}`' for name in FIGURES)}",
        one_of("figure", FIGURES, NUMBER),
        _figure,
    ),
    Family(
        "dimension.NAME",
        "a dimension of the estimator, 1 (worst) to 5, such as `noisiness`, `discontinuity`, `coloration`, `loudness`",
        one_of("dimension", DIMENSIONS, NUMBER),
        _dimension,
    ),
    Family(
        "pesq.MODE",
        "PESQ in the mode `narrowband` or `wideband`, where a reference was given",
        one_of("mode of PESQ", ("narrowband", "wideband"), NUMBER),
        _pesq,
    ),
    Family(
        "call.NAME",
        f"metadata: {', '.join(f'`{name}`' for name in COLUMNS)}, `call_id`, and `hour` (0 to 23) and `weekday` of its "
        "start in UTC",
        _metadata,
        _of_call,
    ),
    Family("tag.NAME", 'metadata by any other name; `tag."Head set"` where it is no plain word', _anything(ANY), _tag),
    Family(
        "network.NAME",
        "a figure of the network that came with the call, such as `loss`, `jitter`, `delay`",
        _anything(NUMBER),
        _network,
    ),
    Family(
        "median.COLUMN",
        "median MOS, over 30 days, of the calls with the same `trunk`, `agent` ... or `tag.NAME` as this one",
        _column,
        _median,
    ),
    Family("drop.COLUMN", "how far the call's MOS lies below that median", _column, _drop),
)
"""Every family."""
