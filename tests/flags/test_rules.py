"""Rules of one's own: what they are about, which fields they see, and that nothing is measured for them."""

from __future__ import annotations

import pickle
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hand_made import judged, party, report

from audioqa.bands import CONTACT_CENTRE
from audioqa.errors import SettingsError
from audioqa.flags import FlagRules, Rule, default_rules, make_rules, reflag
from audioqa.types import Cause, Event, Finding, PartyMos, Phase, Segment, Skipped
from audioqa.types.calls import CallInfo

AGENT, CUSTOMER = party(3.9, worst=3.2, dip=Segment(60, 90), seconds_below=40.0), party(4.2, name="customer")
DROPS = [
    Event("dropout", "agent", Segment(start, end), "warning", {"depth_db": 30.0})
    for start, end in ((10, 10.1), (20, 20.2), (200, 200.1))
]
INFO = CallInfo(
    "7",
    tenant="t1",
    start_time=datetime(2026, 3, 2, 17, 5, tzinfo=UTC),
    queue="sales",
    trunk="sip-3",
    network={"loss": 1.5},
    tags={"headset": "Poly"},
)


def rule(about: Any, when: str, reason: str = "x", **more: Any) -> FlagRules:
    return FlagRules((Rule("mine", about, when, reason, **more),))


def reasons(rules: FlagRules, **more: Any) -> list[str]:
    made = report(AGENT, CUSTOMER, events=DROPS)
    return [flag.reason for flag in judged(rules, made, **more)]


@pytest.mark.parametrize(
    ("about", "when", "count"),
    [
        ("party", "mos < 4", 1),
        ("party", "mos < 4.5", 2),
        ("party", "seconds_below >= 30", 1),
        ("party", "worst < 3.5", 1),
        ("party", 'party = "customer"', 1),
        ("party", "events.dropout.count >= 3", 1),
        ("party", "figure.bandwidth_hz > 3000", 2),
        ("party", "dimension.noisiness < 4", 2),
        ("party", "level < -20", 2),
        ("call", "mos < 4", 1),
        ("call", "speech = 120", 1),
        ("call", "events.dropout.seconds > 0.35 and events.dropout.seconds < 0.45", 1),
        ("call", 'events.dropout.severity = "warning"', 1),
        ("call", "events.dropout.longest < 0.21", 1),
        ("call", "parties = 2 and separable", 1),
        ("event", 'kind = "dropout" and evidence.depth_db > 20', 3),
        ("event", "start > 15 and seconds < 0.21", 2),
        ("event", 'severity > "warning"', 0),
        ("event", 'severity >= "notice"', 3),
        ("events", "count = 3", 1),
        ("call", 'call.queue = "sales" and call.tenant = "t1"', 1),
        ("call", "call.hour >= 17 and call.weekday = 'Monday'", 1),
        ("call", "tag.headset = 'Poly' and network.loss > 1", 1),
        ("call", "tag.other is known", 0),
        ("call", "drop.trunk > 0.25 and drop.trunk < 0.35", 1),
        ("call", "median.trunk = 4.2", 1),
        ("call", "drop.queue > 0", 0),
    ],
)
def test_a_condition_sees_report_and_metadata(about: Any, when: str, count: int) -> None:
    assert len(reasons(rule(about, when), info=INFO, medians={"trunk": 4.2})) == count


def test_without_metadata_rules_about_it_do_not_fire() -> None:
    assert reasons(rule("call", 'call.queue != "x"')) == []
    assert reasons(rule("call", "drop.trunk > -5")) == []


@pytest.mark.parametrize(("apart", "counts"), [(0.0, ["3"]), (15.0, ["2", "1"]), (5.0, ["1", "1", "1"])])
def test_events_are_gathered_by_the_pause_between_them(apart: float, counts: list[str]) -> None:
    assert reasons(rule("events", "count > 0", "{count}", apart=apart)) == counts


def test_only_those_events_are_gathered_that_are_asked_for() -> None:
    assert reasons(rule("events", "count > 0", "{count}", which="start > 15")) == ["2"]


@pytest.mark.parametrize(
    ("about", "listen", "place"),
    [
        ("events", "all", Segment(10, 200.1)),
        ("events", "first", Segment(10, 10.1)),
        ("events", "longest", Segment(20, 20.2)),
        ("call", "worst", Segment(60, 90)),
        ("call", "nothing", None),
        ("party", "worst", Segment(60, 90)),
    ],
)
def test_a_flag_says_where_to_listen(about: Any, listen: Any, place: Segment | None) -> None:
    (flag, *_) = judged(rule(about, "duration > 1", listen=listen), report(AGENT, CUSTOMER, events=DROPS))
    assert flag.segment == place


def test_flags_stand_party_by_party_and_single_events_in_order_of_time() -> None:
    events = [
        replace(DROPS[0], channel=name, segment=Segment(at, at + 0.1)) for at, name in ((5, "b"), (7, "a"), (9, "b"))
    ]
    rules = FlagRules(
        (
            Rule("of-call", "call", "duration > 1", "call"),
            Rule("one", "event", "start > 6", "one {start:.0f}"),
            Rule("two", "event", "start > 1", "two {start:.0f}"),
            Rule("all", "events", "count > 0", "all {count}"),
            Rule("score", "party", "mos > 1", "{party}"),
        )
    )
    flags = judged(rules, report(party(4.0, name="a"), party(4.0, name="b"), events=events))
    assert [flag.reason for flag in flags] == [
        "a",
        "b",
        "one 7",
        "two 7",
        "all 1",
        "two 5",
        "one 9",
        "two 9",
        "all 2",
        "call",
    ]


def test_an_event_of_the_call_has_no_party() -> None:
    events = [Event("dead-air", None, Segment(5, 25), "severe")]
    flags = judged(
        rule("event", "party is missing", "{who}[, {party}][, MOS {mos_there:.1f}]"), report(AGENT, events=events)
    )
    assert [(flag.channel, flag.reason) for flag in flags] == [(None, "the call")]


def test_findings_phases_and_causes_can_be_asked_for() -> None:
    made = report(
        AGENT,
        findings=[Finding("truncated", "it ends early.", "warning", channel="agent")],
        phases=[Phase("hold-music", "agent", Segment(0, 130))],
        causes=[Cause("far end", "agent", 2.0, ("echo",), "Test it.")],
    )
    assert [flag.reason for flag in judged(rule("finding", 'kind = "truncated"', "{message}"), made)] == [
        "it ends early."
    ]
    assert len(judged(rule("call", "phases.hold-music.seconds > 120 and phases.mute.count = 0"), made)) == 1
    assert len(judged(rule("call", "findings.truncated.count = 1"), made)) == 1
    (flag,) = judged(rule("cause", 'origin = "far end" and points > 1', "{check}"), made)
    assert (flag.channel, flag.reason) == ("agent", "Test it.")
    assert len(judged(rule("call", 'causes."far end".points > 1 and likely_origin = "far end"'), made)) == 1


def test_of_findings_of_a_kind_one_is_told_where_once_is_asked() -> None:
    made = report(AGENT, findings=[Finding("truncated", str(n), "warning") for n in range(3)])
    assert len(judged(rule("finding", 'severity >= "warning"', "{message}"), made)) == 3
    assert [f.reason for f in judged(rule("finding", 'severity >= "warning"', "{message}", once=True), made)] == ["0"]


def test_a_mos_on_a_models_own_scale_is_no_mos_with_bands() -> None:
    assert isinstance(AGENT.mos, PartyMos)
    raw = replace(AGENT, mos=replace(AGENT.mos, band=Skipped("band", None, "not calibrated")))
    assert judged(rule("party", "mos < 5"), report(raw)) == []
    assert len(judged(rule("party", "model_mos < 5"), report(raw))) == 1
    assert judged(rule("party", "model_mos < 5"), report(AGENT)) == []


def test_a_threshold_is_told_as_the_condition_has_it() -> None:
    assert reasons(rule("party", "mos < attention + 0.5", "{mos:.1f} < {threshold.mos:.1f}")) == ["3.9 < 4.1"]
    assert reasons(rule("party", "4 > mos", "{threshold.mos}")) == ["4"]


def test_other_rules_change_the_flags_and_their_digest_and_nothing_else() -> None:
    made = reflag(report(AGENT, CUSTOMER, events=DROPS), default_rules(), bands=CONTACT_CENTRE)
    assert [flag.rule for flag in made.flags] == ["dropouts"]
    stricter = make_rules([{"name": "low-mos", "when": "mos < 4"}])
    again = reflag(made, stricter, bands=CONTACT_CENTRE)
    assert [flag.rule for flag in again.flags] == ["low-mos", "dropouts"]
    assert again.rules_digest == stricter.digest != made.rules_digest == default_rules().digest
    assert replace(again, flags=made.flags, rules_digest=made.rules_digest) == made


def test_rules_travel_to_other_processes_and_say_the_same_there() -> None:
    rules = default_rules()
    made = report(party(3.0), events=DROPS)
    before = judged(rules, made)
    sent: FlagRules = pickle.loads(pickle.dumps(rules))  # noqa: S301 - made here
    assert sent == rules
    assert judged(sent, made) == before


def test_the_medians_that_rules_ask_for_are_known() -> None:
    rules = FlagRules(
        (
            Rule("a", "call", "drop.trunk > 0.5 or mos < 2", "[{median.agent:.1f}]"),
            Rule("b", "events", "count > 2", "x", which='drop."tag.Head set" > 1 and kind = "echo"'),
        )
    )
    assert rules.median_columns == {"trunk", "agent", "tag.Head set"}
    assert default_rules().median_columns == frozenset()


def test_what_another_threshold_would_flag_can_be_tried() -> None:
    made = report(party(3.8), events=DROPS)
    (dropouts,) = [one for one in default_rules().rules if one.name == "dropouts"]
    assert [(one.field, one.sign) for one in dropouts.thresholds] == [("count", ">="), ("seconds", ">=")]
    assert [flag.rule for flag in judged(default_rules(), made)] == ["dropouts"]
    assert judged(default_rules().with_threshold("dropouts", "seconds", 0.35), made) == []
    assert len(judged(default_rules().with_threshold("low-mos", "mos", 3.9), made)) == 2


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"name": "Low MOS"}, "'Low MOS': a name has lower-case words"),
        ({"about": "calls"}, "'mine': for: 'calls' is nothing to judge; did you mean 'call'"),
        ({"when": "moss < 3"}, "'mine': when: there is no field 'moss'; did you mean 'mos'.*at character 1"),
        ({"when": "mos <"}, "'mine': when: a field, a number"),
        ({"which": "mos < 3"}, "'mine': which: only a rule for events"),
        ({"about": "events", "which": "count > 3"}, "'mine': which: a rule for 'event' has no field 'count'"),
        ({"apart": 3.0}, "'mine': apart: only a rule for events"),
        ({"about": "events", "apart": -1.0}, "'mine': apart: seconds from 0 on are needed"),
        ({"once": True}, "'mine': once: only"),
        ({"listen": "first"}, "'mine': listen: 'first' cannot be"),
        ({"reason": "{moss}"}, "'mine': reason: there is no field 'moss'"),
        ({"reason": "{threshold.worst}"}, "'mine': reason: {threshold.worst} needs a condition"),
        ({"reason": "{party:.1f}"}, "'mine': reason: .*for a number"),
    ],
)
def test_mistakes_name_the_rule_and_the_field(fields: dict[str, Any], message: str) -> None:
    whole: dict[str, Any] = {"name": "mine", "about": "party", "when": "mos < 3", "reason": "x"} | fields
    with pytest.raises(SettingsError, match=message):
        Rule(**whole)


def test_two_rules_of_a_name_are_refused() -> None:
    one = Rule("mine", "party", "mos < 3", "x")
    with pytest.raises(SettingsError, match="two flag rules are called 'mine'"):
        FlagRules((one, one))
