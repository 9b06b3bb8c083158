"""Precision, recall and the size of the queue, against archives whose truth is known."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from audioqa.review.quality import FlagQuality, Share, flag_quality, wilson
from audioqa.review.report import review_report
from audioqa.store.review.figures import Sort
from audioqa.store.review.rows import Judged, Opinion, Turn
from audioqa.types import Skipped
from tests.review.examples import TODAY, Bench

TIME = {"since": TODAY, "until": TODAY}


def judged(call: int, *, bad: bool, flagged: bool, mos: float = 3.0, verdict: str = "", **more: object) -> Judged:
    said = Opinion("ann", 2 if bad else 4, verdict or ("confirmed" if bad else "false-alarm"))
    rules = frozenset({"low-mos"}) if flagged else frozenset()
    one = Judged(call, f"call {call}", "flagged" if flagged else "sample", flagged, mos, rules, (said,))
    return replace(one, **more)  # type: ignore[arg-type]


def figures(flagged: int, others: int, known: list[Judged], *, representative: bool = True) -> FlagQuality:
    sorts = [Sort(True, False, (), flagged), Sort(False, False, (), others)]
    return flag_quality(sorts, known, **TIME, representative=representative, thresholds=())


def known(count: int, bad: int, *, flagged: bool, first: int = 0) -> list[Judged]:
    return [judged(first + number, bad=number < bad, flagged=flagged) for number in range(count)]


def test_recall_counts_a_bad_call_of_the_sample_for_all_that_it_stands_for() -> None:
    # 80 of 100 flagged calls are bad. Of 1000 others 50 were judged and one was bad: 20 of them are.
    found = figures(100, 1000, known(100, 80, flagged=True) + known(50, 1, flagged=False, first=500))
    assert found.rate == pytest.approx(0.05)
    assert isinstance(found.recall, Share)
    assert found.recall.value == pytest.approx(80 / (80 + 20))
    assert found.recall.low < 0.65
    assert 0.9 < found.recall.high < 1


def test_where_everything_is_judged_nothing_is_uncertain() -> None:
    found = figures(10, 40, known(10, 6, flagged=True) + known(40, 2, flagged=False, first=500))
    assert found.recall == Share(pytest.approx(0.75), pytest.approx(0.75), pytest.approx(0.75))
    assert found.precision == Share(pytest.approx(0.6), pytest.approx(0.6), pytest.approx(0.6))


def test_a_sample_without_a_bad_call_does_not_make_recall_certain() -> None:
    found = figures(10, 1000, known(10, 10, flagged=True) + known(40, 0, flagged=False, first=500))
    assert isinstance(found.recall, Share)
    assert found.recall.value == 1
    assert found.recall.low < 0.3


def test_without_enough_of_the_sample_recall_is_not_told() -> None:
    found = figures(10, 1000, known(10, 10, flagged=True) + known(19, 0, flagged=False, first=500))
    assert found.recall == Skipped("recall", None, "not told yet: of the unflagged sample 19 judged, 20 needed")
    assert figures(10, 1000, known(10, 0, flagged=True) + known(30, 0, flagged=False, first=500)).recall == Skipped(
        "recall", None, "no bad call is known"
    )


def test_where_the_worst_came_first_the_judged_do_not_stand_for_the_rest() -> None:
    some = known(10, 10, flagged=True) + known(40, 1, flagged=False, first=500)
    told = figures(100, 1000, some, representative=False)
    assert isinstance(told.recall, Skipped)
    assert isinstance(told.precision, Skipped)
    assert "worst calls were judged first" in told.recall.reason
    assert isinstance(figures(100, 1000, some).recall, Share)


def test_an_example_stands_for_the_calls_of_its_incident() -> None:
    # An incident of 30 calls, of which 3 were judged and were bad, and 10 single calls, all judged and fine.
    some = [judged(number, bad=True, flagged=True, weight=10.0) for number in range(3)]
    some += [judged(10 + number, bad=False, flagged=True) for number in range(10)]
    found = figures(40, 100, some + known(30, 0, flagged=False, first=500))
    assert isinstance(found.precision, Share)
    assert found.precision.value == pytest.approx(30 / 40)
    assert found.precision.low < 0.5


def test_two_reviewers_who_differ_count_half_each() -> None:
    both = (Opinion("ann", 2, "confirmed"), Opinion("bob", 4, "false-alarm"))
    found = figures(2, 0, [judged(1, bad=True, flagged=True), judged(2, bad=True, flagged=True, opinions=both)])
    (rule,) = found.rules
    assert (rule.judged, rule.confirmed, rule.false_alarms) == (2, 1.5, 0.5)
    assert isinstance(rule.precision, Share)
    assert rule.precision.value == pytest.approx(0.75)


def test_a_recorder_fault_is_right_for_the_rules_on_the_recorder_only() -> None:
    said = (Opinion("ann", 2, "recorder-fault"),)
    rules = frozenset({"recorder-fault", "low-mos"})
    found = figures(1, 0, [judged(1, bad=True, flagged=True, opinions=said, rules=rules)])
    precision = {rule.rule: rule.precision.value for rule in found.rules if isinstance(rule.precision, Share)}
    assert precision == {"recorder-fault": 1.0, "low-mos": 0.0}


def test_what_was_flagged_under_another_rule_stands_for_itself_alone() -> None:
    former = [judged(900 + n, bad=True, flagged=False, stratum="flagged") for n in range(10)]
    found = figures(100, 1000, known(100, 80, flagged=True) + known(50, 0, flagged=False, first=500) + former)
    assert isinstance(found.recall, Share)
    assert found.recall.value == pytest.approx(80 / 90)


def test_a_rating_without_a_verdict_is_not_counted() -> None:
    silent = judged(3, bad=True, flagged=True, opinions=(Opinion("ann", 2, None),))
    assert figures(2, 0, [judged(1, bad=True, flagged=True), silent]).judged == 1


def test_wilsons_interval_is_the_published_one() -> None:
    # E. B. Wilson (1927) as tabulated for 0 of 10 and 5 of 10 at 95 %.
    assert (round(wilson(0, 10).low, 4), round(wilson(0, 10).high, 4)) == (0.0, 0.2775)
    assert (round(wilson(5, 10).low, 4), round(wilson(5, 10).high, 4)) == (0.2366, 0.7634)


def test_the_interval_of_recall_holds_the_truth_as_often_as_it_says() -> None:
    chance = random.Random(8)
    held = 0
    for _ in range(150):
        flagged = [chance.random() < 0.8 for _ in range(200)]
        others = [chance.random() < 0.04 for _ in range(2000)]
        truth = sum(flagged) / (sum(flagged) + sum(others))
        some = [judged(n, bad=bad, flagged=True) for n, bad in enumerate(chance.sample(flagged, 120))]
        some += [judged(500 + n, bad=bad, flagged=False) for n, bad in enumerate(chance.sample(others, 100))]
        recall = figures(200, 2000, some).recall
        assert isinstance(recall, Share)
        held += recall.low <= truth <= recall.high
    assert held >= 0.9 * 150


def test_each_threshold_has_its_queue_precision_and_recall(bench: Bench) -> None:
    bench.set(sample=0.5, twice=0)
    for number in range(30):  # the rule on the MOS fires below 3.6
        bench.call(f"low-{number}", "low-mos", mos=2.55 + number / 30)
    bench.calls(5, "dropouts", mos=4.3, name="dropouts")
    for number in range(40):
        bench.call(f"fine-{number}", mos=3.61 + number / 100)
    while isinstance(turn := bench.queue.next("ann"), Turn):
        bench.queue.rate(turn.key, "ann", 2)
        bad = turn.call_id.startswith("dropouts") or (turn.mos is not None and turn.mos < 3.0)
        bench.queue.judge(turn.key, "ann", "confirmed" if bad else "false-alarm")
    report = review_report(bench.queue).flags
    assert (report.calls, report.flagged, report.judged, report.sampled) == (75, 35, 35, 35)
    by = {one.threshold: one for one in report.thresholds}
    assert (by[2.0].queue, by[3.0].queue, by[3.6].queue, by[4.4].queue) == (5, 5 + 14, 35, 75)
    assert by[3.0].precision == Share(1, 1, 1)
    assert isinstance(by[3.0].recall, Share)
    assert by[3.0].recall.value == 1
    assert isinstance(by[2.0].recall, Share)
    assert by[2.0].recall.value == pytest.approx(5 / 19)
    assert isinstance(by[3.6].precision, Share)
    assert by[3.6].precision.value == pytest.approx(19 / 35)


def test_the_report_needs_days_that_there_are(bench: Bench) -> None:
    from audioqa.errors import ReviewError

    with pytest.raises(ReviewError, match="1 to 3660 days, not 0"):
        review_report(bench.queue, days=0)
