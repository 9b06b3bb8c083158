"""The commands: table, CSV and JSON say the same; what is wrong is said in a line."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from audioqa.cli import app
from audioqa.store import open_store
from tests.store.examples import begin, event, item, put, report


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A store with 40 calls of one trunk and 2 of another."""
    path = str(tmp_path_factory.mktemp("trends") / "calls.db")
    with open_store(path) as opened:
        run = begin(opened)
        for number in range(42):
            made = report(4.0 + number % 2 / 10, events=(event(),) if number < 10 else ())
            put(
                opened, run, item(f"{number}", trunk="T1" if number < 40 else "[b]T2", tags={"csat": f"{number}"}), made
            )
    return path


def asked(store: str, *words: str, command: str = "trends") -> Result:
    return CliRunner(env={"COLUMNS": "200"}).invoke(app, [command, "--store", store, *words])


def test_table_csv_and_json_say_the_same(store: str) -> None:
    table = asked(store, "--by", "trunk")
    assert table.exit_code == 0
    for said in ("4.05", "4.03–4.07", "[b]T2", "too few", "250.0", "scores: MOS-LQO narrowband, test", "42 calls"):
        assert said in table.stdout
    rows = list(csv.DictReader(io.StringIO(asked(store, "--by", "trunk", "--csv").stdout)))
    first, few = rows
    assert (first["trunk"], first["calls"], first["mos"], first["dropout_per_1000"]) == ("T1", "40", "4.05", "250.0")
    assert (few["trunk"], few["calls"], few["mos"], few["mos_low"]) == ("[b]T2", "2", "", "")
    told = json.loads(asked(store, "--by", "trunk", "--json").stdout)
    assert told["rows"][0]["mos"]["value"] == 4.05
    assert told["rows"][1]["mos"] == {"skipped": "too few: 2 of 30 calls"}
    assert told["rows"][0]["incidents_per_1000"]["dropout"]["value"] == 250.0


def test_days_and_hours_are_those_of_the_zone(store: str) -> None:
    told = json.loads(asked(store, "--by", "day,hour", "--zone", "Pacific/Auckland", "--json").stdout)
    assert [(row["day"], row["hour"]) for row in told["rows"]] == [("2026-01-02", "01")]
    assert told["zone"] == "Pacific/Auckland"


def test_numbers_of_calls_are_correlated(store: str, tmp_path: Path) -> None:
    by_tag = json.loads(asked(store, "--correlate", "csat", "--json").stdout)
    path = tmp_path / "csat.csv"
    path.write_text("call_id,csat\n" + "".join(f"{number},{number}\n" for number in range(43)), encoding="utf-8")
    by_file = asked(store, "--numbers", str(path), "--json")
    assert json.loads(by_file.stdout) == by_tag
    assert "1 rows name no call of the store" in by_file.stderr
    assert by_tag["calls"] == 42


def test_nothing_to_show_is_said(store: str) -> None:
    assert "there are no such calls" in asked(store, "--trunk", "T9").stderr
    assert "audioqa overlap scores a sample" in asked(store, "--overlap").stderr
    assert "no call has both a MOS and size" in asked(store, "--correlate", "size").stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--zone", "Mars"), "no time zone 'Mars'"),
        (("--by", "trunk,,hour"), "different names"),
        (("--by", "trunk", "--rolling", "7"), "put calls together by day"),
        (("--percentile", "5,x"), "x is no number"),
        (("--since", "soon"), "not a time"),
        (("--numbers", "/nowhere.csv"), "cannot be read"),
    ],
)
def test_what_is_wrong_is_said(store: str, words: tuple[str, ...], said: str) -> None:
    result = asked(store, *words)
    assert result.exit_code == 2
    assert said in " ".join(result.stderr.split())


def test_a_sample_whose_recordings_are_gone_fails(store: str) -> None:
    result = asked(store, "--sample", "2", "--estimator", "none", command="overlap")
    assert result.exit_code == 1
    assert "could be scored once more" in " ".join(result.stderr.split())
