"""The review queue: what is in it, whose turn it is, and what stays of it."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from audioqa.errors import ReviewError
from audioqa.review import Nothing
from audioqa.store.database import snapshot
from audioqa.store.review import turns
from audioqa.store.review.rows import Turn
from tests.review.examples import Bench


def test_every_flagged_call_is_handed_out_once_and_then_the_queue_is_empty(any_bench: Bench) -> None:
    any_bench.set(sample=0, twice=0)
    any_bench.calls(7, "dropouts")
    any_bench.calls(5, name="fine")
    found = {turn.call_id for turn in any_bench.drain()}
    assert found == {f"call-{number}" for number in range(7)}
    assert any_bench.queue.next("ann") == Nothing("empty")
    assert any_bench.queue.next("bob") == Nothing("empty")


def test_a_share_of_the_unflagged_is_mixed_in_and_told_apart_by_nothing(bench: Bench) -> None:
    bench.set(sample=0.25, twice=0)
    bench.calls(30, "dropouts")
    bench.calls(60, name="fine")
    order = [turn.flagged for turn in bench.drain()]
    assert order.count(True) == 30
    assert order.count(False) == 10  # a quarter of 40
    assert False in order[:20]
    assert False in order[20:]


def test_by_default_a_twentieth_of_what_is_handed_out_is_unflagged(bench: Bench) -> None:
    bench.set(twice=0)
    bench.calls(38, "dropouts")
    bench.calls(100, name="fine")
    order = [turn.flagged for turn in bench.drain()]
    assert order.count(False) == 2 == len(order) * 0.05


def test_a_sample_is_drawn_from_all_unflagged_calls_alike(bench: Bench) -> None:
    bench.set(sample=0.5, twice=0)
    bench.calls(40, name="fine")
    bench.calls(20, "dropouts")
    drawn = {turn.call_id for turn in bench.drain() if not turn.flagged}
    assert len(drawn) == 20
    assert {int(name.partition("-")[2]) // 20 for name in drawn} == {0, 1}


def test_a_call_is_in_the_hands_of_one_reviewer_at_a_time(bench: Bench) -> None:
    bench.set(sample=0, twice=0)
    bench.calls(2, "dropouts")
    one, other = bench.take("ann"), bench.take("bob")
    assert one.call != other.call
    assert bench.take("ann") == one  # asking again gives the same one
    assert bench.queue.next("cleo") == Nothing("empty")


def test_many_who_ask_at_once_never_get_the_same_call(any_bench: Bench) -> None:
    any_bench.set(sample=0, twice=0)
    any_bench.calls(6, "dropouts")
    any_bench.queue.refresh()
    found: list[Turn | Nothing] = []
    threads = [
        threading.Thread(target=lambda who: found.append(any_bench.queue.next(who)), args=(f"reviewer {number}",))
        for number in range(9)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    given = [turn.call for turn in found if isinstance(turn, Turn)]
    assert len(given) == len(set(given)) == 6
    assert len(found) == 9


def test_a_call_comes_back_when_its_reviewer_is_gone(any_bench: Bench) -> None:
    any_bench.set(sample=0, twice=0, lease=30)
    any_bench.call("call", "dropouts")
    turn = any_bench.take("ann")
    any_bench.clock.pass_minutes(29)
    any_bench.queue.renew(turn.key, "ann")
    any_bench.clock.pass_minutes(29)
    assert any_bench.queue.next("bob") == Nothing("empty")
    any_bench.clock.pass_minutes(2)
    assert any_bench.take("bob").call == turn.call
    with pytest.raises(ReviewError, match="no longer yours"):
        any_bench.queue.rate(turn.key, "ann", 3)


def test_a_call_that_is_given_back_goes_to_somebody_else(bench: Bench) -> None:
    bench.set(sample=0, twice=0)
    bench.call("call", "dropouts")
    turn = bench.take("ann")
    bench.queue.give_back(turn.key, "ann")
    assert bench.queue.next("ann") == Nothing("empty")
    assert bench.take("bob").call == turn.call


def test_a_team_has_no_more_calls_in_a_day_than_its_limit(any_bench: Bench) -> None:
    any_bench.set(sample=0, twice=0, daily_limit=3, limits={"night": 1}, teams={"nora": "night", "nils": "night"})
    any_bench.calls(9, "dropouts")
    any_bench.review("ann")
    any_bench.review("bob")
    held = any_bench.take("ann")
    assert any_bench.queue.next("bob") == Nothing("limit")
    any_bench.review("nora")
    assert any_bench.queue.next("nils") == Nothing("limit")
    any_bench.queue.give_back(held.key, "ann")  # what is given back is not counted
    any_bench.review("bob")
    assert any_bench.queue.next("ann") == Nothing("limit")
    any_bench.clock.pass_minutes(24 * 60)
    assert any_bench.take("nils")
    assert any_bench.take("ann")


def test_a_share_is_reviewed_by_two_and_by_no_one_twice(bench: Bench) -> None:
    bench.set(sample=0, twice=1)
    bench.calls(6, "dropouts")
    alone = bench.drain(["ann"])
    assert len(alone) == 6
    assert bench.queue.next("ann") == Nothing("empty")
    both = bench.drain(["bob"])
    assert {turn.call for turn in both} == {turn.call for turn in alone}
    assert bench.queue.next("cleo") == Nothing("empty")


def test_the_share_that_two_review_is_about_as_set(bench: Bench) -> None:
    bench.set(sample=0, twice=0.3)
    bench.calls(60, "dropouts")
    bench.drain(["ann"])
    assert 8 <= len(bench.drain(["bob"])) <= 30


def test_the_rating_comes_before_the_verdict_and_is_given_once(bench: Bench) -> None:
    bench.call("call", "dropouts")
    turn = bench.take()
    with pytest.raises(ReviewError, match="rating comes first"):
        bench.queue.judge(turn.key, "ann", "confirmed")
    assert bench.queue.rate(turn.key, "ann", 2).rating == 2
    with pytest.raises(ReviewError, match="rated already"):
        bench.queue.rate(turn.key, "ann", 5)
    assert bench.queue.turn(turn.key, "ann").rating == 2
    with pytest.raises(ReviewError, match="is rated"):
        bench.queue.give_back(turn.key, "ann")
    assert bench.queue.judge(turn.key, "ann", "confirmed").outcome == "judged"


@pytest.mark.parametrize("rating", [0, 6, 2.5, True, "3", None])
def test_what_is_no_rating_is_refused(bench: Bench, rating: object) -> None:
    bench.call("call", "dropouts")
    turn = bench.take()
    with pytest.raises(ReviewError, match="a rating is 1"):
        bench.queue.rate(turn.key, "ann", rating)  # type: ignore[arg-type]


def test_words_that_are_not_known_are_refused(bench: Bench) -> None:
    bench.call("call", "dropouts")
    turn = bench.take()
    bench.queue.rate(turn.key, "ann", 2)
    with pytest.raises(ReviewError, match="a verdict is confirmed, false-alarm, recorder-fault, not 'maybe'"):
        bench.queue.judge(turn.key, "ann", "maybe")
    with pytest.raises(ReviewError, match="no label 'crackle'"):
        bench.queue.judge(turn.key, "ann", "confirmed", labels=["crackle"])
    with pytest.raises(ReviewError, match="at most 4000 characters"):
        bench.queue.judge(turn.key, "ann", "confirmed", note="x" * 4001)


def test_nobody_gets_at_the_turn_of_another_person_or_tenant(bench: Bench) -> None:
    bench.call("call", "dropouts")
    turn = bench.take("ann")
    for queue, who in ((bench.queue, "bob"), (Bench(bench.store, "other").queue, "ann")):
        for act in (
            lambda q=queue, w=who: q.turn(turn.key, w),
            lambda q=queue, w=who: q.rate(turn.key, w, 3),
            lambda q=queue, w=who: q.judge(turn.key, w, "confirmed"),
            lambda q=queue, w=who: q.give_back(turn.key, w),
            lambda q=queue, w=who: q.renew(turn.key, w),
        ):
            with pytest.raises(ReviewError, match="no such turn"):
                act()


def test_the_trail_says_who_did_what_and_keeps_a_changed_verdict(any_bench: Bench) -> None:
    any_bench.set(sample=0, twice=0)
    any_bench.call("call", "dropouts")
    turn = any_bench.take("ann")
    any_bench.clock.pass_minutes(1)
    any_bench.queue.rate(turn.key, "ann", 2)
    any_bench.clock.pass_minutes(1)
    any_bench.queue.judge(turn.key, "ann", "confirmed", labels=["echo", "choppy_robotic"], note="from 0:30 on")
    any_bench.clock.pass_minutes(1)
    any_bench.queue.judge(turn.key, "ann", "recorder-fault")
    trail = any_bench.queue.trail("call")
    assert [(act.by, act.what) for act in trail] == [
        ("ann", "given"),
        ("ann", "rated"),
        ("ann", "judged"),
        ("ann", "changed"),
    ]
    assert trail[1].rating == 2
    assert (trail[2].verdict, trail[2].labels, trail[2].note) == (
        "confirmed",
        ("choppy_robotic", "echo"),
        "from 0:30 on",
    )
    assert trail[3].verdict == "recorder-fault"
    assert any_bench.queue.next("bob") == Nothing("empty")  # changing a verdict counts as no second review


def test_settings_that_change_are_told_of_in_the_audit(bench: Bench) -> None:
    from sqlalchemy import select

    from audioqa.store.service_tables import audit

    bench.set(sample=0.1)
    with snapshot(bench.store.engine) as connection:
        row = connection.execute(select(audit)).one()
    assert (row.who, row.what, row.details["sample"]) == ("lead", "changed review settings", [None, 0.1])


def test_a_call_that_no_rule_flags_any_more_leaves_the_queue_unless_it_is_judged(any_bench: Bench) -> None:
    any_bench.set(sample=0, twice=0)
    any_bench.calls(3, "dropouts")
    first = any_bench.review()
    for number in range(3):
        any_bench.call(f"call-{number}", mos=4.2)
    assert any_bench.queue.next("ann") == Nothing("empty")
    assert [act.what for act in any_bench.queue.trail(first.call_id)] == ["given", "rated", "judged"]


def test_a_call_older_than_the_days_of_the_queue_is_not_handed_out(bench: Bench) -> None:
    bench.set(sample=0, twice=0, days=2)
    bench.call("old", "dropouts", hours=49)
    bench.call("new", "dropouts", hours=47)
    assert [turn.call_id for turn in bench.drain()] == ["new"]


def test_worst_first_hands_out_the_worst_first_and_the_sample_between(any_bench: Bench) -> None:
    any_bench.set(sample=0.2, twice=0, order="worst")
    for number in range(16):
        any_bench.call(f"call-{number}", "low-mos", mos=3.5 - number / 10)
    any_bench.calls(20, name="fine")
    turns_given = any_bench.drain()
    flagged = [turn.mos for turn in turns_given if turn.flagged]
    assert flagged == sorted(flagged)
    assert [turn.flagged for turn in turns_given].count(False) == 4


def test_deleting_a_call_takes_what_was_said_of_it_along(any_bench: Bench) -> None:
    any_bench.set(sample=0, twice=0)
    any_bench.calls(2, "dropouts")
    turn = any_bench.review(note="private")
    assert any_bench.store.delete(turn.call_id)
    assert any_bench.queue.trail(turn.call_id) == []
    with snapshot(any_bench.store.engine) as connection:
        assert turns.find_turn(connection, "", turn.key) is None


def test_how_much_there_is_to_do_shrinks_with_every_verdict(bench: Bench) -> None:
    bench.set(sample=0, twice=0, daily_limit=5)
    bench.calls(3, "dropouts")
    bench.queue.refresh()
    before = bench.queue.waiting("ann")
    bench.review()
    after = bench.queue.waiting("ann")
    assert (before.calls, before.today, before.limit) == (3, 0, 5)
    assert (after.calls, after.today) == (2, 1)


def test_a_queue_that_is_filled_now_and_then_hands_out_nothing_that_is_no_longer_flagged(bench: Bench) -> None:
    bench.set(sample=0, twice=0)
    queue = bench.queue = replace(bench.queue, fresh=60.0)
    bench.calls(3, "dropouts")
    assert isinstance(queue.next("ann"), Turn)
    bench.calls(3)  # scored anew: nothing is wrong with them
    bench.call("new", "dropouts")
    assert bench.take("bob").call_id == "new"  # the queue was empty, so it was filled again
    bench.call("later", "dropouts")
    assert bench.queue.waiting("cleo").calls == 2  # ann's and bob's, should they give them back
    bench.clock.pass_minutes(1)
    queue.refresh()
    assert bench.queue.waiting("cleo").calls == 3
