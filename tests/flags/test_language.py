"""The language of conditions: what it reads, how it reads it, and that no text is too much for it."""

from __future__ import annotations

import pytest
from hand_made import report
from hypothesis import given
from hypothesis import strategies as st

from audioqa.bands import CONTACT_CENTRE
from audioqa.errors import SettingsError
from audioqa.flags.checking import check
from audioqa.flags.evaluation import holds
from audioqa.flags.language import DEEPEST, LONGEST, parse
from audioqa.flags.subject import Call, Subject
from audioqa.types.calls import CallInfo

INFO = CallInfo("1", queue="sales", tags={"csat": "2", "Head set": "Poly", "words": "many"}, network={"loss": 2.5})


WORDS = (
    *("duration", "mos", "separable", "'a'", "1", "<", "=", "(", ")", "+", "*", "-", ","),
    *("and", "or", "not", "in", "is", "known"),
)


def answer(condition: str) -> bool | None:
    """What a condition says of a call with metadata, one mono channel short of nothing, and without a MOS."""
    tree = parse(condition)
    check(tree, "call")
    return holds(tree, Subject(Call(report(duration=120), CONTACT_CENTRE, INFO), "call"))


@pytest.mark.parametrize(
    "condition",
    [
        "duration = 120",
        "duration >= 120 and duration <= 120",
        "duration > 119.5",
        "duration != 1",
        "1 < duration",
        "duration + 10 = 130",
        "duration - 10 * 2 = 100",
        "(duration - 10) * 2 = 220",
        "2 * (duration - 10) > -3",
        "((duration)) > 1",
        "not duration < 100",
        "not (duration < 100 or duration > 200)",
        "duration < 1 or duration > 2 and duration > 3",
        "not separable",
        "not separable and duration > 1",
        "call.queue = 'sales'",
        'call.queue in ("support", "sales")',
        "call.queue not in ('support', 'billing')",
        "duration in (60, 120)",
        "call.trunk is missing",
        "call.queue is known",
        "network.loss > 2",
        'tag."Head set" = "Poly"',
        "tag.csat < 3",
        "tag.csat = 2",
        'tag.csat = "2"',
        "tag.csat + 1 = 3",
        "events.dropout.count = 0",
        "events.silence-gap.seconds = 0",
        'causes."far end".points = 0',
        "not (call.queue = 'support')",
    ],
)
def test_true_is_true_and_its_contrary_false(condition: str) -> None:
    assert answer(condition) is True
    assert answer(f"not ({condition})") is False


@pytest.mark.parametrize(
    "condition",
    [
        "mos < 3.6",
        "mos >= 3.6",
        "not mos < 3.6",
        "mos != 3.6",
        "mos in (1, 2)",
        "mos not in (1, 2)",
        "mos + 1 < 9",
        "call.trunk = 'a'",
        "call.trunk != 'a'",
        "network.jitter > 30",
        "tag.words > 3",
        "drop.trunk > 0.5",
        "mos < 3.6 or duration < 1",
        "mos < 3.6 and duration > 1",
    ],
)
def test_what_is_not_known_is_neither_true_nor_false(condition: str) -> None:
    assert answer(condition) is None
    assert answer(f"not ({condition})") is None


def test_one_part_that_decides_is_enough_whatever_is_unknown() -> None:
    assert answer("mos < 3.6 or duration > 1") is True
    assert answer("mos < 3.6 and duration < 1") is False


def test_and_binds_closer_than_or_and_not_closest() -> None:
    assert answer("duration > 1 or duration < 1 and duration < 1") is True
    assert answer("not duration < 1 and duration < 1") is False


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ("", "was expected at character 1, not nothing"),
        ("duration <", "a field, a number or a text in quotes was expected at character 11, not nothing"),
        ("duration == 3", "'is equal to' is written ="),
        ("duration < 3 < 4", "'and' or 'or' after a comparison was expected at character 14"),
        ("duration < 3 mos", "the end, 'and' or 'or' was expected at character 14, not 'mos'"),
        ("(duration < 3", r"'\)' was expected at character 14"),
        ("duration < 3)", "not '\\)'"),
        ("call.queue = 'sales", "a text ends with the quote that it begins with"),
        ("duration; 3", "';' at character 9 does not belong"),
        ("__import__('os').system('id') = 1", "'.' at character 17 does not belong"),
        ("duration", "'duration' at character 1 must be compared with something"),
        ("not 3", "a condition was expected at character 5"),
        ("duration < 'x'", 'a number is compared with a text at character 10: duration < "x"'),
        ("call.queue < 'x'", "texts have no order"),
        ("call.queue + 1 < 3", "needs numbers, and call.queue is none"),
        ("separable = 1", "stands alone or after 'not'"),
        ("(duration < 3) < 4", "a number, a text or a field was expected"),
        ("3 is known", "follow the name of a field"),
        ("duration in ()", "a field, a number or a text in quotes was expected"),
        ("durations > 3", "no field 'durations'; did you mean 'duration'"),
        ("events.dropuot.count > 3", "no kind of event 'dropuot'; did you mean 'dropout'"),
        ("events.dropout.number > 3", "no field of a kind of event 'number'; there are count"),
        ("call.quue = 'x'", "no metadata 'quue'; did you mean 'queue'"),
        ("drop.trunc > 1", "did you mean 'trunk'"),
        ("evidence.delay_ms > 1", "a rule for 'call' has no field 'evidence.delay_ms', though others have"),
        ("kind = 'dropout'", "though others have"),
        ("likely_origin = 'netwrk'", "'netwrk' at character 15 is none of the words there; did you mean 'network'"),
        ("1.2.3 < duration", "does not belong in a condition"),
        ("- duration < 3", "a number was expected"),
    ],
)
def test_mistakes_are_named_with_their_place(condition: str, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        answer(condition)


@pytest.mark.parametrize(
    "condition",
    [
        "(" * (DEEPEST + 1) + "duration < 1" + ")" * (DEEPEST + 1),
        "not " * (DEEPEST + 1) + "duration < 1",
        "duration < " + "+".join(["1"] * 1000),
        "duration < 1" + " " * LONGEST,
    ],
)
def test_what_is_too_long_or_too_deep_is_refused(condition: str) -> None:
    with pytest.raises(SettingsError, match="at most"):
        answer(condition)


def test_what_is_just_not_too_deep_is_read() -> None:
    assert answer("(" * DEEPEST + "duration < 1" + ")" * DEEPEST) is False
    assert answer("duration < " + "+".join(["1"] * 148)) is True


@given(st.lists(st.sampled_from(WORDS), max_size=25))
def test_any_words_are_read_or_refused_and_never_more(words: list[str]) -> None:
    try:
        answer(" ".join(words))
    except SettingsError:
        return


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused_and_never_more(text: str) -> None:
    try:
        answer(text)
    except SettingsError:
        return
