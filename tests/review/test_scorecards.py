"""The question of a scorecard, in and out."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from audioqa.errors import ReviewError
from audioqa.review.report import export_answers, import_answers, review_report
from audioqa.review.scorecards import read_answers
from tests.review.examples import Bench

QUESTION = "Was the audio clear?"


def test_answers_come_in_and_stand_against_the_flags(any_bench: Bench) -> None:
    any_bench.call("bad", "dropouts")
    any_bench.call("fine")
    text = "call_id,answer,evaluator\nbad,No,eve\nfine,yes,eve\nnobody knows it,no,eve\n"
    assert import_answers(any_bench.queue, text, by="lead") == (2, ("nobody knows it",))
    assert import_answers(any_bench.queue, "call_id,answer,evaluator\nfine,no,eve\n", by="lead") == (1, ())
    (found,) = review_report(any_bench.queue).scorecards
    assert (found.question, found.flagged_unclear, found.other_unclear, found.other_clear) == (QUESTION, 1, 1, 0)


def test_verdicts_go_out_as_answers_and_can_come_in_again(bench: Bench) -> None:
    bench.set(sample=0, twice=0)
    bench.calls(3, "dropouts")
    for verdict in ("confirmed", "false-alarm", "recorder-fault"):
        bench.review(verdict=verdict)
    text = export_answers(bench.queue)
    lines = text.splitlines()
    assert lines[0] == "call_id,question,answer,evaluator,answered_at"
    assert sorted(line.split(",")[2] for line in lines[1:]) == ["n/a", "no", "yes"]
    assert import_answers(bench.queue, text, by="lead") == (3, ())


def test_times_and_words_are_read_as_people_write_them() -> None:
    text = "\ufeffCall_ID, Answer, answered_at, comment\na, TRUE , 2026-03-02T15:00:00Z, x\nb,fail,2026-03-02,y\nc,,,\n"
    found = read_answers(text, question=QUESTION)
    assert [answer.answer for answer in found] == ["yes", "no", "n/a"]
    assert found[0].answered_at == datetime(2026, 3, 2, 15, tzinfo=UTC)
    assert found[1].answered_at == datetime(2026, 3, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "line 1: the column call_id is missing"),
        ("call_id\na\n", "line 1: the column answer is missing"),
        ("call_id,answer\na,perhaps\n", "line 2: an answer is yes, no or n/a, not 'perhaps'"),
        ("call_id,answer\n,yes\n", "line 2: there is no call_id"),
        ("call_id,answer,answered_at\na,yes,yesterday\n", "line 2: 'yesterday' is no time"),
        ("x" * 150_001, "at most 150000 characters"),
    ],
)
def test_what_cannot_be_used_is_refused_with_its_line(text: str, message: str) -> None:
    with pytest.raises(ReviewError, match=message.replace("?", "\\?")):
        read_answers(text, question=QUESTION)


def test_a_name_that_begins_like_a_formula_goes_out_harmless_and_comes_back(bench: Bench) -> None:
    bench.set(sample=0, twice=0)
    bench.call("=HYPERLINK(1)", "dropouts")
    bench.review()
    text = export_answers(bench.queue)
    assert "\n'=HYPERLINK(1)," in text
    assert import_answers(bench.queue, text, by="lead") == (1, ())


def test_a_scorecard_of_another_tenant_is_not_seen(bench: Bench) -> None:
    bench.call("mine", "dropouts")
    other = Bench(bench.store, "other")
    assert import_answers(other.queue, "call_id,answer\nmine,no\n", by="lead") == (0, ("mine",))
