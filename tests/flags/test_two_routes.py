"""The default rules and a program that does the same say the same of any report, word for word."""

from __future__ import annotations

from dataclasses import replace

from built_in_flags import built_in_flags
from hand_made import judged, party, report
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from audioqa.flags import default_rules
from audioqa.flags.words import EVIDENCE, FINDINGS
from audioqa.render.as_json import from_json, to_json
from audioqa.types import Event, Finding, Flag, Segment

RULES = default_rules()
TEXTS = {"fill", "heard_by", "louder", "quieter", "by", "where", "sound"}
CHANNELS = st.sampled_from(["agent", "customer", None])
SEVERITIES = st.sampled_from(["notice", "warning", "severe"])
MOS = st.one_of(st.none(), st.sampled_from([3.1, 3.6, 3.5999999, 4.2]), st.floats(1, 4.6))
PARTIES = st.builds(
    party,
    MOS,
    worst=st.one_of(st.none(), st.floats(1, 4.6)),
    dip=st.integers(0, 270).map(lambda at: Segment(at, at + 30)),
    speech=st.sampled_from([0.0, 60.0]),
)


@st.composite
def events(draw: st.DrawFn) -> Event:
    kind = draw(st.sampled_from(["dropout", "dropout", "clipping", "dead-air", "silence-gap", *EVIDENCE]))
    start = draw(st.integers(0, 2392)) / 8  # exact to the digits of a report
    evidence = {
        name: draw(st.sampled_from(["agent", "noise"])) if name in TEXTS else draw(st.floats(-60, 4000))
        for name in EVIDENCE[kind]
    }
    # Whole numbers, as counts are.
    counts = ("packets", "clicks", "repeats", "mains_hz", "onsets", "cut_onsets")
    evidence |= {name: round(float(evidence[name])) for name in counts if name in evidence}
    return Event(
        kind,
        draw(CHANNELS),
        Segment(start, start + draw(st.sampled_from([0.125, 0.25, 0.375, 2.0, 12.0]))),
        draw(SEVERITIES),
        evidence,
    )


def in_order(flags: list[Flag]) -> list[str]:
    """The flags as texts, whatever order they came in: the program tells of silent legs before other events."""
    return sorted(map(repr, flags))


FOUND = st.builds(
    Finding, st.sampled_from(FINDINGS), st.sampled_from(["it ends.", "it wraps"]), SEVERITIES, channel=CHANNELS
)


@settings(max_examples=100, deadline=None, phases=(Phase.explicit, Phase.reuse, Phase.generate))
@given(PARTIES, PARTIES, st.lists(events(), max_size=12), st.lists(FOUND, max_size=4), st.sampled_from([0.4, 1.0, 300]))
def test_two_routes_one_answer(
    one: object, other: object, happened: list[Event], found: list[Finding], duration: float
) -> None:
    second = replace(other, channel="customer")  # type: ignore[type-var]
    ordered = sorted(happened, key=lambda event: (event.segment, event.kind, event.channel or ""))
    fresh = report(one, second, events=ordered, findings=found, duration=duration)  # type: ignore[arg-type]
    stored = from_json(to_json(fresh))
    assert in_order(judged(RULES, stored)) == in_order(built_in_flags(stored))
    assert judged(RULES, fresh) == judged(RULES, stored)
