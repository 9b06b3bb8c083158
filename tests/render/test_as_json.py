"""JSON is a report's only serial form: exact, finite and readable by anything."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from call_example import example_report, silent_report

from audioqa.errors import AudioqaError
from audioqa.render.as_json import from_json, to_dict, to_json
from audioqa.types import ActiveLevel, CallReport, Event, Segment, Skipped


@pytest.mark.parametrize("report", [example_report(), silent_report()], ids=["rich", "silent"])
def test_what_was_written_reads_back_as_written(report: CallReport) -> None:
    text = to_json(report)
    again = from_json(text)
    assert to_json(again) == text
    assert from_json(to_json(again, indent=None)) == again


def test_a_report_of_round_figures_survives_unchanged() -> None:
    report = silent_report()
    assert from_json(to_json(report)) == report


def test_times_keep_a_tenth_of_a_millisecond_after_three_hours() -> None:
    event = Event("dropout", "agent", Segment(10_799.12344, 10_799.2), "warning")
    again = from_json(to_json(replace(silent_report(), events=(event,))))
    assert again.events[0].segment.start == 10_799.1234


def test_small_figures_keep_their_digits() -> None:
    event = Event("clipping", "agent", Segment(0.0, 1.0), "notice", {"share": 0.000123456})
    assert to_dict(replace(silent_report(), events=(event,)))["events"][0]["evidence"]["share"] == 0.0001235


def test_a_skipped_is_never_null_or_a_figure() -> None:
    plain = to_dict(silent_report())
    assert plain["mos"] == {"skipped": "only 0.0 s of speech, and a MOS needs 6 s", "kind": "mos", "channel": None}
    assert isinstance(from_json(to_json(silent_report())).parties[0].level, Skipped)


def test_numpy_figures_become_plain_ones() -> None:
    event = Event("dropout", "agent", Segment(np.float64(1.0), 2.0), "notice", {"n": np.int64(3), "x": np.float32(0.5)})  # type: ignore[dict-item]
    plain = json.loads(to_json(replace(silent_report(), events=(event,))))["events"][0]
    assert plain["evidence"] == {"n": 3, "x": 0.5}


def test_an_infinite_figure_is_refused_by_name() -> None:
    party = replace(silent_report().parties[0], level=ActiveLevel(float("-inf"), 0.0))
    with pytest.raises(ValueError, match=r"report\.parties\[0\]\.level\.level is -inf"):
        to_json(replace(silent_report(), parties=(party,)))


def test_the_duration_stands_in_the_json_for_its_readers() -> None:
    assert to_dict(example_report(seconds=240.0))["recording"]["duration"] == 240.0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("RIFF", "not a JSON report"),
        ("[1]", "no field 'schema'"),
        ('{"schema": 2}', "schema 2, but this version reads schema 1"),
        ('{"schema": 1}', "damaged JSON report: KeyError 'recording'"),
    ],
)
def test_what_is_no_report_is_refused_in_one_line(text: str, message: str) -> None:
    with pytest.raises(AudioqaError, match=message):
        from_json(text)


def test_a_word_that_no_severity_has_is_refused() -> None:
    text = to_json(silent_report()).replace('"severe"', '"dire"')
    with pytest.raises(AudioqaError, match="'dire' is none of"):
        from_json(text)
