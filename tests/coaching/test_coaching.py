"""Evaluations on bad audio: which calls are bad, for how many seconds, and which lists are refused."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from audioqa.coaching import Evaluated, affected, judge, read_evaluations, unheard
from audioqa.errors import SettingsError
from audioqa.lab.month import make_month
from audioqa.lab.month_plan import Fact, read_plan
from audioqa.lab.month_store import fill
from audioqa.render.coaching import by_agent, evaluations_csv, evaluations_page, headline
from audioqa.store import open_store

ONE = Evaluated("e1", "c1", "J. Doe", 71.0)


def report(*events: tuple[str, float, float, str], mos: float | None = 4.2, windows: tuple[float, ...] = ()) -> Any:
    """A report with these events, and windows of 8 s one behind the other."""
    score = {"value": mos} if mos is not None else {"skipped": "too little speech", "kind": "mos", "channel": None}
    found = [
        {"segment": {"start": 8.0 * place, "end": 8.0 * place + 8.0}, "mos": value}
        for place, value in enumerate(windows)
    ]
    party = {"mos": {"score": score, "threshold": 3.6, "windows": found} if mos is not None else score}
    return {
        "recording": {"duration": 60.0},
        "mos": score,
        "parties": [party],
        "events": [
            {"kind": kind, "segment": {"start": start, "end": end}, "severity": severity}
            for kind, start, end, severity in events
        ],
    }


def test_seconds_with_faults_count_once_however_many_faults_there_are() -> None:
    content = report(
        ("dropout", 10.0, 12.0, "warning"), ("echo", 11.0, 15.0, "severe"), ("hum", 15.0, 16.0, "warning"),
        ("clicks", 40.0, 40.5, "warning"), windows=(4.0, 3.0),
    )  # fmt: skip
    lengths, stretches = affected(content)
    assert stretches == ((8.0, 16.0), (40.0, 40.5))
    assert lengths == {"dropout": 2.0, "echo": 4.0, "hum": 1.0, "clicks": 0.5, "low-mos": 8.0}
    heard = judge(ONE, content)
    assert (heard.verdict, heard.seconds, heard.kinds[:2]) == ("bad", 8.5, ("low-mos", "echo"))


def test_conversation_and_notices_are_no_bad_audio() -> None:
    content = report(
        ("double-talk", 0.0, 30.0, "severe"), ("dead-air", 0.0, 30.0, "warning"), ("hum", 0.0, 9.0, "notice")
    )
    heard = judge(ONE, content)
    assert (heard.verdict, heard.seconds, heard.stretches) == ("fine", 0.0, ())


def test_a_low_mos_alone_makes_a_call_bad() -> None:
    heard = judge(ONE, report(mos=3.2))
    assert (heard.verdict, heard.why) == ("bad", "MOS 3.2, below 3.6")


def test_how_many_seconds_are_bad_can_be_said() -> None:
    content = report(("dropout", 1.0, 3.0, "warning"))
    assert judge(ONE, content).verdict == "fine"
    assert judge(ONE, content, at_least=2.0).verdict == "bad"


def test_what_could_not_be_measured_is_not_fine() -> None:
    heard = judge(ONE, report(mos=None))
    assert (heard.verdict, heard.why) == ("unknown", "no MOS: too little speech")
    assert judge(ONE, report(("one-way-audio", 0.0, 9.0, "severe"), mos=None)).verdict == "bad"


def test_another_agent_in_the_store_is_said() -> None:
    assert judge(ONE, report(), agent="A. Other").note == "in the store the agent is A. Other"
    assert judge(ONE, report(), agent="J. Doe").note == ""


def test_agents_are_told_with_their_mean_without_bad_audio() -> None:
    heard = [
        judge(replace(ONE, evaluation_id="e1", score=40.0), report(mos=2.0)),
        judge(replace(ONE, evaluation_id="e2", score=80.0), report()),
        unheard(replace(ONE, evaluation_id="e3", score=90.0), "there is no call c1 in the store"),
        judge(Evaluated("e4", "c4", "B. Fine", 10.0), report()),
    ]
    assert by_agent(heard) == [["J. Doe", "3", "1", "1", "70.00", "85.00"]]
    assert headline(heard) == "1 of 4 evaluations are of calls whose audio was bad. Of 1 nothing can be said."
    rows = list(csv.DictReader(io.StringIO(evaluations_csv(heard))))
    assert [(row["evaluation_id"], row["audio"]) for row in rows] == [("e1", "bad"), ("e3", "unknown")]
    assert rows[1]["affected_seconds"] == ""


def test_words_from_a_list_stay_words_in_csv_and_page() -> None:
    evil = replace(ONE, evaluation_id='=cmd("x")', agent="<script>alert(1)</script>")
    heard = [judge(evil, report(mos=2.0))]
    assert next(csv.DictReader(io.StringIO(evaluations_csv(heard))))["evaluation_id"].startswith("'=")
    page = evaluations_page(heard, "list.csv")
    assert "<script>alert" not in page
    assert not re.search(r"(src|href)=", page)


HEADER = "evaluation_id,call_id,agent,score\n"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "evaluation_id,call_id,score\n1,2,3\n",
            "line 1: the column agent is missing; there is evaluation_id, call_id",
        ),
        ("", "line 1: the column evaluation_id is missing; there is nothing"),
        (HEADER, "there are no evaluations below the header"),
        (HEADER + "e1,c1,A,7\ne2,c2,A\n", "line 3: 3 fields where the header has 4"),
        (HEADER + "e1,c1,A,seven\n", "line 2: score must be a number, given 'seven'"),
        (HEADER + "e1,c1,A,nan\n", "line 2: score must be a number, given 'nan'"),
        (HEADER + "e1,,A,7\n", "line 2: there is no call_id"),
        (HEADER + "e1,c1,A,7\n\ne1,c2,A,7\n", "line 4: the evaluation 'e1' stands in line 2 already"),
        (HEADER + 'e1,c1,"A,7\n', "not a CSV file"),
        (HEADER + "e1,c1,A,x\ne2,,A,7\n", "line 2: score must be a number, given 'x'; line 3: there is no call_id"),
        ("evaluation_id,call_id,agent,score,score\n", "the column score stands there twice"),
    ],
)
def test_a_list_that_cannot_be_used_is_refused_by_line(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "list.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError) as caught:
        read_evaluations(path)
    assert words in str(caught.value)
    assert str(path) in str(caught.value)


def test_other_columns_and_a_byte_order_mark_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text("form,score,agent, call_id ,evaluation_id,tenant\nx,7.5,A,c1,e1,north\n", encoding="utf-8-sig")
    assert read_evaluations(path) == (Evaluated("e1", "c1", "A", 7.5, "north"),)


def test_the_command_lists_the_planted_agent_and_leaves_nothing_out(tmp_path: Path) -> None:
    fact = Fact("headset", where={"agent": "agent 017"}, drop=1.5, events={"background-noise": 1.0})
    month = make_month(replace(read_plan(), calls=1500, facts=(fact,)))
    store = str(tmp_path / "calls.db")
    with open_store(store) as opened:
        fill(opened, month)
    bad = month.met["headset"].nonzero()[0][:3].tolist()
    agents = month.labels["agent"]
    lines = [f"e{number},month-{number:08d},{agents.names[agents.codes[number]]},70" for number in bad]
    listed = tmp_path / "list.csv"
    listed.write_text(HEADER + "\n".join([*lines, "lost,no-such-call,agent 001,50"]) + "\n", encoding="utf-8")
    page = tmp_path / "list.html"
    command = [sys.executable, "-m", "audioqa", "evaluations", str(listed), "--store", store]
    shown = subprocess.run([*command, "--json", "--page", str(page)], capture_output=True, text=True, check=False)
    assert shown.returncode == 1  # of one nothing can be said
    found = [json.loads(line) for line in shown.stdout.splitlines()]
    assert [one["audio"] for one in found] == ["bad", "bad", "bad", "unknown"]
    assert all(one["affected_seconds"] > 0 for one in found[:3])
    assert "there is no call no-such-call" in found[3]["why"]
    assert "By agent" in page.read_text(encoding="utf-8")
    refused = subprocess.run([*command, "--csv", "--json"], capture_output=True, text=True, check=False)
    assert (refused.returncode, refused.stdout) == (2, "")
