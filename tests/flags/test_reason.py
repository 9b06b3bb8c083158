"""Reasons: values in their forms, and clauses that go where a value is missing."""

from __future__ import annotations

import pytest

from audioqa.errors import SettingsError
from audioqa.flags.reason import LONGEST_VALUE, check_form, clock, parse_reason, render
from audioqa.flags.words import NUMBER, TEXT, TIME, Kind, Value

VALUES: dict[str, Value | None] = {
    "mos": 3.14159,
    "count": 1,
    "many": 14,
    "seconds": 0.28,
    "start": 130.4,
    "rise": -11.6,
    "who": "agent",
    "message": "it ends early.",
    "noisy": "a\n\tb\x00",
    "there": True,
    "none": None,
}
KINDS: dict[str, Kind] = {"start": TIME, "who": TEXT, "message": TEXT}


def told(template: str) -> str:
    return render(parse_reason(template), VALUES.__getitem__, lambda name: KINDS.get(name, NUMBER))


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("{who}: MOS {mos:.1f}", "agent: MOS 3.1"),
        ("{mos:.0f} {mos:.4f} {mos}", "3 3.1416 3.14159"),
        ("{count:a dropout|# dropouts}, {many:a dropout|# dropouts}", "a dropout, 14 dropouts"),
        ("{seconds:ms} from {start}", "280 ms from 2:10"),
        ("{start:.1f}", "130.4"),
        ("{rise:up or down} dB, {many:up or down} dB", "down by 12 dB, up by 14 dB"),
        ("{message:clause}; {message}", "it ends early; it ends early."),
        ("a[, MOS {mos:.1f}][, {none:.1f} there]", "a, MOS 3.1"),
        ("MOS {none:.1f}", "MOS unknown"),
        ("{{who}} [[x]]", "{who} [x]"),
        ("{there}", "yes"),
        ("[optional]", "optional"),
    ],
)
def test_a_template_becomes_a_sentence(template: str, words: str) -> None:
    assert told(template) == words


def test_a_value_is_one_line_and_not_endless() -> None:
    assert told("{noisy}") == "a b\x00".replace("\x00", "")
    VALUES["long"] = "x" * 5000
    assert len(told("{long}")) == LONGEST_VALUE + 1


def test_the_clock_has_hours_from_an_hour_on() -> None:
    assert (clock(59.9), clock(3600)) == ("0:59", "1:00:00")


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("", "1 to 1000 characters"),
        ("x" * 1001, "this one 1001"),
        ("[a [b]]", r"'\[' at character 4 has no partner"),
        ("[a", "not closed"),
        ("a]", r"'\]' at character 2"),
        ("{who", "'{' at character 1"),
        ("who}", "'}' at character 4"),
        ("{mos:.99f}", "after a colon may stand"),
        ("{mos:>1000000}", "after a colon may stand"),
        ("{who.__class__:x}", "after a colon may stand"),
    ],
)
def test_mistakes_are_named(template: str, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        parse_reason(template)


def test_a_form_that_does_not_fit_is_refused() -> None:
    (part,) = parse_reason("{who:.1f}")
    (place,) = part.pieces
    assert not isinstance(place, str)
    with pytest.raises(SettingsError, match="for a number, and who is none"):
        check_form(place, TEXT)
    check_form(place, NUMBER)
