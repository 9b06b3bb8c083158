"""The table for the terminal: what matters first, legible without colour, true to the file's name."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from call_example import example_report, silent_report
from rich.console import Console, RenderableType

from audioqa.render.table import EVENT_ROWS, report_table, summary_table
from audioqa.types import CallReport, Event, Score, Segment


def _text(renderable: RenderableType, width: int = 80, colour: bool = False) -> str:
    buffer = io.StringIO()
    console = Console(file=buffer, width=width, force_terminal=colour, color_system="standard" if colour else None)
    console.print(renderable)
    return buffer.getvalue()


def _of_mos(path: str, value: float) -> CallReport:
    report = example_report(path)
    assert isinstance(report.mos, Score)
    return replace(report, mos=replace(report.mos, value=value))


@pytest.mark.parametrize("width", [80, 120])
def test_the_verdict_and_the_reasons_stand_before_the_figures(width: int) -> None:
    text = " ".join(_text(report_table(example_report()), width).split())
    places = [
        text.index(words)
        for words in ("MOS 3.8", "agent: MOS 2.3 for 30 s", "Listen at 2:04.8", "worst 30 s", "Events")
    ]
    assert places == sorted(places)


def test_the_wideband_context_and_what_the_interval_covers_stand_beside_the_headline() -> None:
    report = example_report()
    text = " ".join(_text(report_table(report), 120).split())
    head, _, rest = text.partition("worst 30 s")
    assert "MOS-LQO narrowband; 3.00 in the wideband context" in head
    assert "the interval covers 90 % of <labels>" in head
    assert "agent: wideband context 3.00 (2.6–3.4), noisiness 3.9, coloration 3.2, codec CELP" in rest
    assert "customer: wideband" not in rest


@pytest.mark.parametrize("width", [40, 80, 200])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    assert max(map(len, _text(report_table(example_report()), width).splitlines())) <= width


def test_clock_and_severity_of_an_event_are_never_cut_off() -> None:
    lines = _text(report_table(example_report())).splitlines()
    (dead_air,) = [line for line in lines if "dead air, call" in line]
    assert dead_air.split()[:4] == ["1:12.0", "12.0", "s", "severe"]


def test_the_severest_events_come_first_and_the_rest_are_counted() -> None:
    report = example_report()
    text = _text(report_table(report))
    assert f"and {len(report.events) - EVENT_ROWS} more, see --json" in text
    rows = [line.split() for line in text.splitlines() if "dropout, agent" in line or "dead air, call" in line]
    words = [row[3] for row in rows]
    assert {"severe", "warning"} == set(words)
    assert words == sorted(words, key=["severe", "warning", "notice"].index)


def test_nothing_but_text_reaches_a_pipe() -> None:
    assert "\x1b" not in _text(report_table(example_report()))
    assert "\x1b[" in _text(report_table(example_report()), colour=True)


def test_a_file_name_with_markup_is_shown_as_it_is() -> None:
    report = silent_report("calls/[red]x.wav")
    assert "calls/[red]x.wav" in _text(report_table(report))
    assert "calls/[red]x.wav" in _text(summary_table([report]))
    assert "[bold]oops.wav" in _text(summary_table([], [("[bold]oops.wav", "empty")]))


def test_a_file_name_cannot_send_commands_to_the_terminal() -> None:
    assert "\x1b" not in _text(report_table(silent_report("a\x1b[2Jb.wav")))


def test_a_channel_with_markup_is_shown_as_it_is() -> None:
    event = Event("dropout", "[blink]", Segment(0.0, 1.0), "severe", {})
    assert "dropout, [blink]" in _text(report_table(replace(silent_report(), events=(event,))))


def test_the_likely_cause_stands_with_its_evidence_and_what_to_check() -> None:
    shown = " ".join(_text(report_table(example_report())).split())
    assert "network, agent: 14 × dropout, 0.4 s in all. Compare loss and jitter." in shown


def test_a_call_without_a_mos_says_why_once() -> None:
    text = _text(report_table(silent_report()))
    assert "No MOS: only 0.0 s of speech" in text
    assert text.count("because only 0.0 s of speech") == 1


def test_the_summary_is_worst_first_and_calls_without_a_mos_are_never_last() -> None:
    reports = [_of_mos("good.wav", 4.2), silent_report("silent.wav"), _of_mos("bad.wav", 2.1)]
    text = _text(summary_table(reports, [("broken.wav", "it is empty")]), 120)
    places = [text.index(name) for name in ("broken.wav", "silent.wav", "bad.wav", "good.wav")]
    assert places == sorted(places)


def test_a_call_with_nothing_wrong_says_so() -> None:
    report = replace(example_report(), flags=(), events=())
    assert "Nothing to review." in _text(report_table(report))


def test_what_it_cost_is_told_for_each_party_with_what_was_not_credited() -> None:
    text = " ".join(_text(report_table(example_report()), 200).split())
    assert "What it cost, in MOS agent: MOS 3.8" in text
    assert "dropout cost 0.31; codec, band and unexplained" in text
    assert "not credited: mending echo alone changed the MOS by -0.05" in text
    assert "customer: no MOS to account for: too little speech in one place" in text
    assert "What it cost" not in _text(report_table(replace(example_report(), ledgers=())))
