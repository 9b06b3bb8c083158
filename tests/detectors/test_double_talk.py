"""Double talk and interruptions: who speaks when is known."""

from __future__ import annotations

import numpy as np
import pytest
from conversation import AGENT, CUSTOMER, SECONDS, Samples, conversation, measured, turns

from audioqa.detectors.double_talk import DoubleTalk
from audioqa.types import Event

Stretches = tuple[tuple[float, float], ...]


def found(agent: Stretches, customer: Stretches) -> list[Event]:
    parties: list[Samples] = [turns(SECONDS, agent, seed=1), turns(SECONDS, customer, seed=2)]
    return list(DoubleTalk()(measured(parties, [agent, customer])).events)


def test_turns_that_follow_each_other_are_no_double_talk() -> None:
    assert found(AGENT, CUSTOMER) == []


def test_both_at_once_for_two_seconds_is_double_talk() -> None:
    (event,) = [e for e in found(((1.0, 9.0),), ((3.0, 5.5),)) if e.kind == "double-talk"]
    assert event.segment.start == pytest.approx(3.0, abs=0.35)
    assert event.segment.end == pytest.approx(5.5, abs=0.8)  # the last syllable may end before its turn
    assert event.severity == "notice"


def test_a_back_channel_is_neither() -> None:
    assert found(((1.0, 9.0),), ((4.0, 4.5),)) == []


def test_who_gives_way_was_interrupted() -> None:
    (event,) = found(((1.0, 6.0),), ((5.2, 12.0),))
    assert (event.kind, event.channel) == ("interruption", "agent")
    assert event.evidence["by"] == "customer"


def test_an_echo_does_not_talk() -> None:
    agent, customer = conversation()
    both = measured([agent, customer + agent * 0.05], [AGENT, tuple(sorted((*AGENT, *CUSTOMER)))])
    assert DoubleTalk()(both).events == ()


def test_on_one_channel_it_abstains() -> None:
    agent, _ = conversation()
    assert {skip.kind for skip in DoubleTalk()(measured([agent], [AGENT])).skipped} == {"double-talk", "interruption"}


def test_smooth_turn_taking_with_a_little_overlap_is_neither() -> None:
    assert found(((1.0, 6.0),), ((5.7, 12.0),)) == []


def test_crosstalk_on_a_leg_whose_party_is_silent_is_no_double_talk() -> None:
    agent, customer = conversation()
    leaked = np.concatenate([np.zeros(800, np.float32), agent[:-800]]) * np.float32(0.1) + customer * np.float32(1e-3)
    late = tuple((start + 0.1, end + 0.1) for start, end in AGENT)
    assert DoubleTalk()(measured([agent, leaked], [AGENT, late])).events == ()


def test_two_legs_that_are_one_do_not_talk_at_once() -> None:
    agent, _ = conversation()
    assert DoubleTalk()(measured([agent, agent], [AGENT, AGENT])).events == ()


def neighbour(level: float, during: Stretches) -> Samples:
    """A third voice on the line, so many times as loud as a party."""
    return turns(SECONDS, during, seed=7) * np.float32(level)


def test_a_voice_far_under_the_party_s_own_is_no_double_talk() -> None:
    agent, customer = conversation()
    heard = tuple(sorted((*AGENT, *CUSTOMER)))
    assert DoubleTalk()(measured([agent, customer + neighbour(0.2, AGENT)], [AGENT, heard])).events == ()


def test_double_talk_begins_and_ends_with_the_party_not_with_a_weaker_voice_around_it() -> None:
    talking: Stretches = ((1.0, 9.0),)
    parties = [turns(SECONDS, talking, seed=1), turns(SECONDS, ((3.0, 5.5),), seed=2) + neighbour(0.05, talking)]
    (event,) = [e for e in DoubleTalk()(measured(parties, [talking, talking])).events if e.kind == "double-talk"]
    assert event.segment.start == pytest.approx(3.0, abs=0.35)
    assert event.segment.end == pytest.approx(5.5, abs=0.8)
