"""Likely causes: the table ranks as a person would, names its evidence, and never counts a recorder against a party."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hand_made import party

from audioqa.causes import CHECKS, RULES, likely_causes
from audioqa.render.as_csv import KINDS
from audioqa.types import Event, Finding, LikelyCodec, Segment, Severity


def event(
    kind: str, start: float = 10.0, *, channel: str | None = "agent", severity: Severity = "warning", **figures: float
) -> Event:
    return Event(kind, channel, Segment(start, start + 0.5), severity, figures)


@pytest.mark.parametrize(
    ("kind", "origin"),
    [
        ("clipping", "endpoint"),
        ("hum", "endpoint"),
        ("echo", "far end"),
        ("background-noise", "room"),
        ("one-way-audio", "network"),
        ("narrowband-content", "codec"),
    ],
)
def test_one_fault_has_the_cause_that_people_expect(kind: str, origin: str) -> None:
    first = likely_causes([party()], [event(kind)], [])[0]
    assert (first.origin, first.channel) == (origin, "agent")
    assert first.check


def test_losses_of_whole_packets_point_to_the_network_more_than_odd_ones() -> None:
    on = likely_causes([party()], [event("dropout", packet_ms=20)], [])
    off = likely_causes([party()], [event("dropout", packet_ms=0)], [])
    assert on[0].points > off[0].points
    assert [cause.origin for cause in on] == ["network"]
    assert [cause.origin for cause in off] == ["network", "endpoint"]


def test_more_events_weigh_more_but_not_in_proportion() -> None:
    few = likely_causes([party()], [event("clicks")], [])[0].points
    many = likely_causes([party()], [event("clicks", float(start)) for start in range(10)], [])[0].points
    assert few < many < 4 * few


def test_holes_on_both_channels_at_once_are_the_recorders() -> None:
    both = [event("dropout", 10.0, packet_ms=20), event("dropout", 10.004, channel="customer", packet_ms=20)]
    causes = likely_causes([party()], both, [])
    assert [(cause.origin, cause.channel) for cause in causes] == [("recorder", None)]
    apart = [event("dropout", 10.0, packet_ms=20), event("dropout", 10.2, channel="customer", packet_ms=20)]
    assert {cause.origin for cause in likely_causes([party()], apart, [])} == {"network"}


def test_a_finding_is_the_recorders_and_a_notice_is_none() -> None:
    grave = Finding("truncated", "the file ends early", "warning")
    causes = likely_causes([party()], [], [grave, Finding("trailing-data", "12 bytes more", "notice")])
    assert [(cause.origin, cause.evidence) for cause in causes] == [("recorder", ("the file ends early",))]


def test_the_sentence_of_a_finding_becomes_a_clause() -> None:
    (cause,) = likely_causes([], [], [Finding("padded-leg", "agent: its end was filled.", "warning")])
    assert cause.evidence == ("agent: its end was filled",)


def test_a_low_score_without_any_fault_points_to_the_codec() -> None:
    low = party(3.1)
    coded = replace(low, mos=replace(low.mos, codec=LikelyCodec("GSM", 0.9)))  # type: ignore[type-var]
    cause = likely_causes([coded], [], [])[0]
    assert cause.origin == "codec"
    assert "GSM" in cause.evidence[0]
    assert not likely_causes([party(4.1)], [], [])
    assert all(cause.origin != "codec" for cause in likely_causes([low], [event("clipping", severity="severe")], []))


def test_every_rule_is_about_a_kind_that_is_found_and_has_something_to_check() -> None:
    assert {rule.kind for rule in RULES} <= set(KINDS)
    assert all(0 < rule.share <= 1 and (rule.check or CHECKS[rule.origin]) for rule in RULES)


def test_every_kind_but_silences_that_may_be_anyones_has_a_cause() -> None:
    silences = {"dead-air", "leading-silence", "trailing-silence"}
    assert set(KINDS) - {rule.kind for rule in RULES} == silences
