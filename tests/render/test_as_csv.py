"""CSV: what a spreadsheet and a script get of many reports."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

import pytest
from call_example import example_report, silent_report

from audioqa.render.as_csv import COLUMNS, csv_header, csv_rows
from audioqa.types import CallReport, Event, Score, Segment


def _read(*reports: CallReport) -> list[dict[str, str]]:
    text = csv_header() + "".join(csv_rows(report) for report in reports)
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_each_channel_of_each_file_has_a_row_with_the_calls_own_mos() -> None:
    report = example_report()
    assert isinstance(report.mos, Score)
    rows = _read(report, silent_report())
    assert [(row["file"], row["channel"]) for row in rows] == [
        (report.recording.path, "agent"),
        (report.recording.path, "customer"),
        ("calls/silent.wav", "channel 1"),
    ]
    assert {float(row["call_mos"]) for row in rows[:2]} == {round(report.mos.value, 4)}
    assert rows[0]["mos_pred"] != rows[1]["mos_pred"]


def test_rows_have_exactly_the_columns_of_the_header() -> None:
    assert len(set(COLUMNS)) == len(COLUMNS)
    lines = list(csv.reader(io.StringIO(csv_header() + csv_rows(example_report()), newline="")))
    assert {len(line) for line in lines} == {len(COLUMNS)}


def test_events_are_counted_on_their_channel_and_those_of_the_call_on_both() -> None:
    agent, customer = _read(example_report())
    assert (agent["dropout_count"], customer["dropout_count"]) == ("14", "0")
    assert (agent["dead_air_count"], customer["dead_air_count"]) == ("1", "1")
    assert float(agent["dead_air_seconds"]) == pytest.approx(12.0)
    assert (agent["clipping_count"], customer["clipping_count"]) == ("0", "3")


def test_an_event_of_a_kind_without_a_column_is_counted_as_other() -> None:
    event = Event("something-new", "channel 1", Segment(1.0, 3.5), "notice")
    (row,) = _read(replace(silent_report(), events=(event,)))
    assert (row["other_count"], row["other_seconds"]) == ("1", "2.5")


def test_a_missing_mos_is_an_empty_cell_with_its_reason() -> None:
    (row,) = _read(silent_report())
    assert row["mos_pred"] == row["call_mos"] == row["level"] == ""
    assert "mos: only 0.0 s of speech" in row["skipped"]
    assert row["flagged"] == "yes"


def test_dimensions_stand_only_where_the_estimator_gives_them() -> None:
    agent, customer = _read(example_report())
    assert float(agent["noi_pred"]) == pytest.approx(3.9)
    assert agent["dis_pred"] == customer["noi_pred"] == ""


def test_the_wideband_context_and_the_codec_stand_in_columns_or_their_reasons_do() -> None:
    agent, customer = _read(example_report())
    assert float(agent["mos_wideband_low"]) < float(agent["mos_wideband"]) < float(agent["mos_wideband_high"])
    assert (agent["codec"], agent["codec_probability"]) == ("CELP (G.729, G.723.1, AMR)", "0.83")
    assert customer["mos_wideband"] == customer["codec"] == ""
    assert (
        "wideband-mos: this estimator has one scale only; codec: this estimator tells no codec" in customer["skipped"]
    )


@pytest.mark.parametrize("name", ["=cmd()", "+1", "-1.wav", "@x", " =x"])
def test_a_file_name_that_looks_like_a_formula_is_neutralised(name: str) -> None:
    report = silent_report()
    (row,) = _read(replace(report, recording=replace(report.recording, path=name)))
    assert row["file"].startswith("'")


def test_a_file_name_with_quotes_and_line_breaks_stays_one_cell() -> None:
    report = silent_report()
    (row,) = _read(replace(report, recording=replace(report.recording, path='a,"b"\nc\udcff.wav')))
    assert row["file"] == 'a,"b"\N{REPLACEMENT CHARACTER}c?.wav'
    row["file"].encode()


def test_the_ledger_of_a_party_stands_in_its_row() -> None:
    agent, customer = _read(example_report())
    assert "dropout cost 0.31" in agent["ledger"]
    assert "no MOS to account for" in customer["ledger"]
    assert _read(silent_report())[0]["ledger"] == ""
