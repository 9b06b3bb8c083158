"""Calls with the same fault on the same trunk in the same hour are one incident."""

from __future__ import annotations

from audioqa.review.incidents import collapse
from audioqa.store.review.rows import Queued
from tests.review.examples import TODAY, Bench


def queued(call: int, *rules: str, touched: bool = False) -> Queued:
    return Queued(call, call / 100, frozenset(rules), touched, None, True)


def test_calls_that_share_a_fault_are_one_incident_with_examples() -> None:
    found = collapse([queued(call, "dropouts") for call in range(8)], examples=3)
    assert [one.fault for one in found] == ["dropouts"] * 8
    assert sorted(one.call for one in found if one.example) == [0, 1, 2]


def test_a_call_with_several_faults_belongs_to_the_one_that_most_calls_share() -> None:
    group = [queued(1, "clipping", "dropouts"), queued(2, "dropouts"), queued(3, "dropouts"), queued(4, "clipping")]
    found = {one.call: one.fault for one in collapse(group, examples=9)}
    assert found == {1: "dropouts", 2: "dropouts", 3: "dropouts", 4: "clipping"}


def test_a_low_score_is_no_fault_where_there_is_another() -> None:
    group = [queued(1, "low-mos", "echo"), queued(2, "low-mos"), queued(3, "low-mos", "echo")]
    found = {one.call: one.fault for one in collapse(group, examples=9)}
    assert found == {1: "echo", 2: "low-mos", 3: "echo"}


def test_those_that_were_judged_are_the_examples() -> None:
    group = [queued(call, "dropouts", touched=call in (6, 7)) for call in range(8)]
    assert sorted(one.call for one in collapse(group, examples=3) if one.example) == [0, 6, 7]
    group = [queued(call, "dropouts", touched=call > 3) for call in range(8)]
    assert sorted(one.call for one in collapse(group, examples=3) if one.example) == [4, 5, 6, 7]


def test_an_outage_is_handed_out_as_some_examples(any_bench: Bench) -> None:
    any_bench.set(sample=0, twice=0, examples=2)
    any_bench.calls(9, "dropouts", name="outage", trunk="T1", hours=24.2)
    any_bench.call("later", "dropouts", trunk="T1", hours=22.9)
    any_bench.call("elsewhere", "dropouts", trunk="T2", hours=24.2)
    any_bench.call("other fault", "echo", trunk="T1", hours=24.2)
    any_bench.calls(2, "dropouts", name="no trunk", hours=24.2)
    names = [turn.call_id for turn in any_bench.drain()]
    assert sum(name.startswith("outage") for name in names) == 2
    assert {name for name in names if not name.startswith("outage")} == {
        "later",
        "elsewhere",
        "other fault",
        "no trunk-0",
        "no trunk-1",
    }
    (incident,) = any_bench.queue.incidents()
    assert (incident.trunk, incident.fault, incident.calls, incident.examples, incident.judged) == (
        "T1",
        "dropouts",
        9,
        2,
        2,
    )
    assert incident.hour == TODAY.replace(day=1, hour=14)
    assert {name for _, name in incident.shown} == {name for name in names if name.startswith("outage")}


def test_a_call_that_joins_an_incident_later_is_not_handed_out(bench: Bench) -> None:
    bench.set(sample=0, twice=0, examples=2)
    bench.calls(4, "dropouts", trunk="T1")
    assert len(bench.drain()) == 2
    bench.call("one more", "dropouts", trunk="T1")
    assert bench.drain() == []
    assert bench.queue.incidents()[0].calls == 5


def test_all_of_an_incident_can_be_handed_out(bench: Bench) -> None:
    bench.set(sample=0, twice=0, examples=2)
    bench.calls(5, "dropouts", trunk="T1")
    assert len(bench.drain()) == 2
    (incident,) = bench.queue.incidents()
    assert bench.queue.hand_out_all(incident.trunk, incident.hour, incident.fault) == 3
    assert len(bench.drain()) == 3


def test_an_incident_whose_call_is_no_longer_flagged_hands_out_another(bench: Bench) -> None:
    bench.set(sample=0, twice=0, examples=1)
    bench.calls(3, "dropouts", trunk="T1")
    first = bench.take()
    bench.queue.give_back(first.key, "ann")
    bench.call(first.call_id, mos=4.2, trunk="T1")  # scored anew: nothing is wrong with it
    assert bench.review("bob").call_id != first.call_id
