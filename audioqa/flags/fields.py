"""The fields that conditions and reasons may name: one line each, for what they are there, and where they come from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from audioqa.errors import SettingsError
from audioqa.flags.families import FAMILIES, suggestion
from audioqa.flags.field import Field
from audioqa.flags.subject import About, Subject
from audioqa.flags.words import (
    EVENT_KIND,
    FINDING_KIND,
    NUMBER,
    ORIGIN,
    SEVERITIES,
    SEVERITY,
    TEXT,
    TIME,
    YES_OR_NO,
    Value,
)
from audioqa.recorder_faults import RECORDER_FAULTS
from audioqa.types import ActiveLevel, LikelyCodec, PartyMos, Score, Segment


def _least(values: Iterable[float]) -> float | None:
    return min(values, default=None)


def _of(*names: str) -> Callable[[Subject], Value | None]:
    """Reads an attribute of an attribute of the subject; None where one is missing on the way."""

    def found(subject: Subject) -> Value | None:
        value: Any = subject
        for name in names:
            value = None if value is None else getattr(value, name)
        return value  # type: ignore[no-any-return]

    return found


def _of_party(read: Callable[[PartyMos], Value | None]) -> Callable[[Subject], Value | None]:
    def found(subject: Subject) -> Value | None:
        return read(subject.scored[0]) if subject.party and subject.scored else None

    return found


def _level(subject: Subject, what: str) -> Value | None:
    level = subject.party.level if subject.party else None
    return getattr(level, what) if isinstance(level, ActiveLevel) else None


def _below(subject: Subject) -> Value | None:
    found = [mos.seconds_below for mos in subject.scored]
    return max((value for value in found if isinstance(value, float | int)), default=None)


def _band(subject: Subject) -> Value | None:
    worse = min(subject.scored, key=lambda mos: mos.score.value, default=None)
    return str(worse.band) if worse else None


def _model_mos(subject: Subject) -> Value | None:
    found = [party.mos.score.value for party in subject.parties if isinstance(party.mos, PartyMos)]
    return None if subject.scored else _least(found)


def _seconds(segments: Sequence[Segment]) -> float:
    return sum(segment.duration for segment in segments)


def _gravest(subject: Subject) -> Value | None:
    return max((event.severity for event in subject.events), key=SEVERITIES.index, default=None)


def _one_kind(subject: Subject) -> Value | None:
    kinds = {event.kind for event in subject.events}
    return kinds.pop() if len(kinds) == 1 else None


def _check(subject: Subject) -> Value | None:
    fault = RECORDER_FAULTS.get(subject.finding.kind) if subject.finding else None
    return fault.check if fault else None


_EVENTS: tuple[About, ...] = ("event", "events")
_MANY: tuple[About, ...] = ("events",)
_FINDING: tuple[About, ...] = ("finding",)
_CAUSE: tuple[About, ...] = ("cause",)

FIELDS: tuple[Field, ...] = (
    Field(
        "party",
        TEXT,
        "name of the party; missing where it is the call as a whole",
        _of("party", "channel"),
    ),
    Field(
        "who",
        TEXT,
        "the same for reasons: 'the call' where there is no party",
        lambda s: s.party.channel if s.party else "the call",
    ),
    Field("mos", NUMBER, "MOS on a scale that has bands", lambda s: _least(mos.score.value for mos in s.scored)),
    Field("mos_low", NUMBER, "lower end of its interval", lambda s: _least(mos.score.low for mos in s.scored)),
    Field("band", TEXT, "name of the band that it falls in", _band),
    Field(
        "percentile_5",
        NUMBER,
        "MOS that 5 % of the speech falls below",
        lambda s: _least(mos.percentile_5 for mos in s.scored),
    ),
    Field("worst", NUMBER, "MOS of the worst 30 s", _of("worst", "mos")),
    Field("worst_from", TIME, "where they begin", _of("worst", "segment", "start")),
    Field("worst_to", TIME, "where they end", _of("worst", "segment", "end")),
    Field(
        "dip",
        NUMBER,
        "MOS of a party's worst 30 s where they lie 0.2 and more below its average",
        _of("dip", "mos"),
    ),
    Field("dip_from", TIME, "where they begin", _of("dip", "segment", "start")),
    Field("dip_to", TIME, "where they end", _of("dip", "segment", "end")),
    Field("seconds_below", NUMBER, "seconds of speech below the band set's attention threshold", _below),
    Field(
        "wideband_mos",
        NUMBER,
        "a party's MOS for listeners who know wideband calls",
        _of_party(lambda m: m.wideband.value if isinstance(m.wideband, Score) else None),
    ),
    Field("model_mos", NUMBER, "MOS on a model's own scale, which has no bands", _model_mos),
    Field("attention", NUMBER, "the band set's threshold for attention", lambda s: s.call.bands.attention),
    Field("painful", NUMBER, "the band set's threshold for a painful half minute", lambda s: s.call.bands.painful),
    Field(
        "likely_codec",
        TEXT,
        "family of codecs that a party's speech most likely went through",
        _of_party(lambda m: m.codec.family if isinstance(m.codec, LikelyCodec) else None),
    ),
    Field("spoilt_by", TEXT, "faults of the recorder that spoil a party's score", lambda s: s.spoilt_by),
    Field("speech", NUMBER, "seconds of speech", lambda s: sum(party.speech for party in s.parties)),
    Field("level", NUMBER, "a party's active speech level, dBov", lambda s: _level(s, "level")),
    Field("activity", NUMBER, "share of the time in which a party speaks, 0 to 1", lambda s: _level(s, "activity")),
    Field("duration", NUMBER, "seconds of the recording", lambda s: s.call.report.recording.duration),
    Field("parties", NUMBER, "channels of the recording", lambda s: len(s.call.report.parties)),
    Field("separable", YES_OR_NO, "whether each party has a channel of its own", lambda s: s.call.report.separable),
    Field("sample_rate", NUMBER, "Hz", lambda s: s.call.report.recording.sample_rate),
    Field("container", TEXT, "kind of file, as the decoder names it", lambda s: s.call.report.recording.container),
    Field("file_codec", TEXT, "coding of the file, as the decoder names it", lambda s: s.call.report.recording.codec),
    Field("estimator", TEXT, "what made the MOS", lambda s: s.call.report.estimator),
    Field(
        "likely_origin",
        ORIGIN,
        "origin of the likeliest cause",
        lambda s: s.call.report.causes[0].origin if s.call.report.causes else None,
    ),
    Field("kind", EVENT_KIND, "kind of the event; missing where several kinds are gathered", _one_kind, _EVENTS),
    Field("severity", SEVERITY, "how much it matters; the gravest of several", _gravest, _EVENTS),
    Field("count", NUMBER, "how many", lambda s: len(s.events), _MANY),
    Field(
        "seconds", NUMBER, "how long, all together", lambda s: _seconds([event.segment for event in s.events]), _EVENTS
    ),
    Field("start", TIME, "where the event, or the first one, begins", _of("stretch", "start"), _EVENTS),
    Field("end", TIME, "where the event, or the last one, ends", _of("stretch", "end"), _EVENTS),
    Field("mos_there", NUMBER, "the party's MOS from start to end", lambda s: s.mos_at(s.stretch), _EVENTS),
    Field("longest", NUMBER, "seconds of the longest event", _of("longest", "duration"), _MANY),
    Field("longest_from", TIME, "where it begins", _of("longest", "start"), _MANY),
    Field("mos_longest", NUMBER, "the party's MOS there", lambda s: s.mos_at(s.longest), _MANY),
    Field("kind", FINDING_KIND, "kind of the finding", _of("finding", "kind"), _FINDING),
    Field("severity", SEVERITY, "how much it matters", _of("finding", "severity"), _FINDING),
    Field("message", TEXT, "what was found, in a sentence", _of("finding", "message"), _FINDING),
    Field(
        "recorder_check", TEXT, "what to look at in the recorder; missing where it is not at fault", _check, _FINDING
    ),
    Field("origin", ORIGIN, "where the fault probably lies", _of("cause", "origin"), _CAUSE),
    Field("points", NUMBER, "how strongly the evidence speaks for it", _of("cause", "points"), _CAUSE),
    Field("check", TEXT, "what people check next", _of("cause", "check"), _CAUSE),
)
"""Every field with a name of its own."""


_BY_NAME = {(about, one.name): one for one in FIELDS for about in one.about}


def find_field(name: str, about: About) -> Field:
    """The field of a name, in rules about something.

    Raises
    ------
    SettingsError
        Where there is none; the message says what was probably meant.
    """
    if (about, name) in _BY_NAME:
        return _BY_NAME[about, name]
    elsewhere = any(one.name == name for one in FIELDS)
    for family in FAMILIES:
        if name.startswith(family.prefix):
            if about in family.about:
                return family.field(name)
            elsewhere = True
    if elsewhere:
        raise SettingsError(f"a rule for {about!r} has no field {name!r}, though others have")
    names = [one.name for one in FIELDS if about in one.about]
    names += [family.pattern for family in FAMILIES if about in family.about]
    raise SettingsError(f"there is no field {name!r}; {suggestion(name, names)}")
