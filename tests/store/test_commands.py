"""The commands over a store say what is in it, and their exit codes tell the truth."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from audioqa.cli import app
from audioqa.render.as_csv import COLUMNS
from audioqa.render.as_json import from_plain, to_json
from audioqa.store import Store, open_store
from audioqa.types.calls import BadItem, Failure
from tests.store.examples import DIGEST, begin, event, flag, item, put, report


@pytest.fixture
def place(url: str) -> str:
    """A store with four calls, one of them without a MOS, and two failures."""
    with open_store(url) as store:
        fill(store, begin(store))
    return url


def fill(store: Store, number: int, *, order: str = "abcd") -> None:
    """Four calls and two failures."""
    for name in order:
        day = "abcd".index(name)
        mos = None if name == "c" else 2.0 + day / 2
        made = report(mos, events=(event(),), flags=(flag(),)) if name in "ab" else report(mos)
        roles = ("agent", "customer")
        one = item(name, day=day, tenant="t" if name == "d" else "", roles=roles, agent="=Zoë", tags={"wave": "1"})
        put(store, number, one, made)
    store.fail(number, item("broken"), Failure("unreadable", "it is empty"), digest=DIGEST)
    store.fail(number, BadItem("calls.csv:7", "manifest", "no path in this row"))


def run(*words: str) -> Result:
    """Run a command."""
    return CliRunner().invoke(app, list(words), env={"COLUMNS": "160", "TERMINAL_WIDTH": "160"})


def test_calls_lists_the_worst_first_and_those_without_a_mos_with_their_reason(place: str) -> None:
    shown = run("calls", "--store", place)
    assert shown.exit_code == 0, shown.stderr
    lines = shown.stdout.splitlines()
    assert [line.split()[:4] for line in lines[1:3]] == [["—", "no", "MOS", "c"], ["2.00", "Bad", "a", "2026-01-01"]]
    assert "too little speech on agent" in lines[1]
    assert "customer: dropouts at 0:03" in lines[2]


def test_calls_takes_what_is_asked_for(place: str) -> None:
    words = ("calls", "--store", place, "--json", "--sort", "newest")
    found = [json.loads(line) for line in run(*words, "--until", "2026-01-03").stdout.splitlines()]
    assert [one["call_id"] for one in found] == ["c", "b", "a"]
    assert found[2]["why"] == "customer: dropouts at 0:03"
    assert [json.loads(line)["call_id"] for line in run(*words, "--flagged", "-n", "1").stdout.splitlines()] == ["b"]
    assert [
        json.loads(line)["call_id"] for line in run(*words, "--tenant", "t", "--tag", "wave=1").stdout.splitlines()
    ] == ["d"]
    nothing = run(*words, "--mos-below", "1.5")
    assert (nothing.exit_code, nothing.stdout) == (0, "")
    assert "the store holds 4 calls and 2 failures" in nothing.stderr


def test_calls_counts_and_tells_failures(place: str) -> None:
    by_flag = [
        json.loads(line) for line in run("calls", "--store", place, "--by", "day,flag", "--json").stdout.splitlines()
    ]
    assert by_flag == [
        {"day": "2026-01-01", "flag": "dropouts", "calls": 1},
        {"day": "2026-01-02", "flag": "dropouts", "calls": 1},
    ]
    table = run("calls", "--store", place, "--by", "agent").stdout.splitlines()
    assert [line.split() for line in table] == [["agent", "calls", "flagged", "MOS"], ["=Zoë", "4", "2", "2.67"]]
    failures = run("calls", "--store", place, "--failed").stdout
    assert "unreadable" in failures
    assert "it is empty" in failures
    assert "calls.csv:7" in failures


def test_show_is_the_report_of_the_call(place: str) -> None:
    shown = run("show", "a", "--store", place)
    assert shown.exit_code == 0, shown.stderr
    for words in ("roles     agent, customer", "tags      wave: 1", "/calls/a.wav", "customer: dropouts at 0:03"):
        assert words in shown.stdout
    as_json = run("show", "a", "--store", place, "--json").stdout
    with open_store(place) as store:
        assert as_json == to_json(from_plain(store.show("a").content), indent=None) + "\n"


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("show", "nobody"), 1, "there is no call nobody"),
        (("show", "broken"), 1, "could not be scored: it is empty"),
        (("calls", "--sort", "shoe"), 2, "there are worst, best, newest, oldest"),
        (("calls", "--since", "yesterday"), 2, "not a time"),
        (("calls", "--tag", "wave"), 2, "a tag is NAME=VALUE"),
        (("calls", "--by", "shoe"), 2, "cannot be counted by shoe"),
        (("calls", "--failed", "--agent", "x"), 2, "by --tenant, --since and --until"),
        (("export", "--format", "xml"), 2, "there are csv, jsonl, parquet"),
        (("export", "--format", "parquet"), 2, "name a file with --output"),
        (("export", "--output", "nowhere/calls.csv"), 1, "cannot write nowhere/calls.csv"),
        (("roles",), 2, "say who is on each channel"),
        (("roles", "agent,customer"), 2, "name calls, choose them"),
        (("roles", "a", "agent,agent"), 2, "a name of its own"),
        (("roles", "a", "agent"), 1, "1 left as they were"),
        (("roles", "nobody", "agent,customer"), 1, "there is no call nobody"),
        (("purge",), 2, "--older-than 365d, or --call"),
        (("purge", "--call", "nobody"), 1, "there is no call nobody"),
    ],
)
def test_what_cannot_be_done_is_said(
    place: str, words: tuple[str, ...], code: int, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shown = run(*words, "--store", place)
    assert (shown.exit_code, shown.stdout.startswith("Traceback")) == (code, False)
    assert said in shown.stderr


def test_a_store_that_is_not_there_is_bad_usage_and_is_not_made(tmp_path: Path) -> None:
    shown = run("calls", "--store", str(tmp_path / "calls.db"))
    assert shown.exit_code == 2
    assert "there is no store" in shown.stderr
    assert list(tmp_path.iterdir()) == []


def test_csv_has_a_row_for_each_channel_and_no_formula(place: str) -> None:
    shown = run("export", "--store", place)
    assert shown.exit_code == 0, shown.stderr
    rows = list(csv.DictReader(io.StringIO(shown.stdout)))
    assert [(row["tenant"], row["call_id"], row["channel"]) for row in rows] == [
        (tenant, name, channel)
        for tenant, name in (("", "a"), ("", "b"), ("", "c"), ("t", "d"))
        for channel in ("agent", "customer")
    ]
    assert set(COLUMNS) < set(rows[0])
    assert (rows[0]["agent"], rows[0]["mos_pred"], rows[0]["tags"]) == ("'=Zoë", "2", '{"wave": "1"}')
    assert (rows[0]["start_time"], rows[1]["flagged"]) == ("2026-01-01T12:00:00+00:00", "yes")
    assert datetime.fromisoformat(rows[0]["scored_at"]).tzinfo is not None


def test_json_lines_hold_the_whole_call(place: str, tmp_path: Path) -> None:
    output = tmp_path / "calls.jsonl"
    shown = run("export", "--store", place, "--format", "jsonl", "-o", str(output), "--flagged")
    assert (shown.exit_code, shown.stdout) == (0, "")
    assert "2 lines" in shown.stderr
    lines = [json.loads(line) for line in output.read_text(encoding="utf-8").splitlines()]
    assert [line["call"]["call_id"] for line in lines] == ["a", "b"]
    assert lines[0]["files"][0]["location"] == "/calls/a.wav"
    assert lines[0]["run"] == 1
    with open_store(place) as store:
        assert lines[0]["report"] == store.show("a").content


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_the_canonical_export_does_not_tell_how_it_came_about(place: str, form: str, tmp_path: Path) -> None:
    other = str(tmp_path / "other.db")
    with open_store(other) as store:
        begin(store)
        fill(store, begin(store), order="dc")
        fill(store, begin(store), order="bacd")
    words = ("export", "--format", form, "--canonical")
    one, same = (run(*words, "--store", where).stdout for where in (place, other))
    assert one == same
    assert one.count("\n") == (9 if form == "csv" else 4)
    assert run(*words[:-1], "--store", place).stdout != run(*words[:-1], "--store", other).stdout
    failed = [run(*words, "--failed", "--store", where).stdout for where in (place, other)]
    assert failed[0] == failed[1]
    assert "unreadable" in failed[0]


def test_parquet_is_read_by_duckdb_and_pandas(place: str, tmp_path: Path) -> None:
    duckdb = pytest.importorskip("duckdb")
    pandas = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    output = tmp_path / "calls.parquet"
    shown = run("export", "--store", place, "--format", "parquet", "--output", str(output))
    assert shown.exit_code == 0, shown.stderr
    assert [path.name for path in tmp_path.glob("*.parquet*")] == ["calls.parquet"]
    asked = (
        "SELECT call_id, min(mos_pred), max(dropout_count), bool_or(flagged) FROM read_parquet(?) GROUP BY 1 ORDER BY 1"
    )
    assert duckdb.execute(asked, [str(output)]).fetchall() == [
        ("a", 2.0, 1, True),
        ("b", 2.5, 1, True),
        ("c", None, 0, False),
        ("d", 3.5, 0, False),
    ]
    frame = pandas.read_parquet(output)
    assert list(frame["agent"].unique()) == ["=Zoë"]
    assert frame["start_time"].iloc[0] == pandas.Timestamp(datetime(2026, 1, 1, 12, tzinfo=UTC))
    assert frame["dropout_seconds"].dtype == "float64"


def test_roles_are_put_right_by_call_and_by_filter(place: str) -> None:
    assert run("roles", "a", "b", "customer,agent", "--store", place).stdout == "2 calls changed\n"
    assert "agent: dropouts" in run("calls", "--store", place).stdout
    assert run("roles", "x,y", "--tenant", "t", "--store", place).stdout == "1 call changed\n"
    assert run("roles", "--reset", "--all", "--store", place).stdout == "4 calls changed\n"
    assert "agent: dropouts" not in run("calls", "--store", place).stdout


def test_purge_says_what_it_would_do_and_does_it_when_told(place: str) -> None:
    words = ("purge", "--store", place, "--older-than", "2026-01-03")
    assert run(*words).stdout.startswith("would delete 2 calls")
    assert run(*words, "--tenant", "t").stdout.startswith("would delete 0 calls")
    assert run(*words, "--yes").stdout.startswith("deleted 2 calls and 0 failures")
    assert run("purge", "--store", place, "--call", "c").stdout == "would delete call c; say --yes\n"
    assert run("purge", "--store", place, "--call", "c", "--yes").exit_code == 0
    assert run("purge", "--store", place, "--call", "broken", "--yes").stdout == "deleted call broken\n"
    with open_store(place) as store:
        assert [row.info.call_id for row in store.calls()] == ["d"]
        assert [row.call_id for row in store.failures()] == ["calls.csv:7"]


def test_an_export_into_a_pipe_that_closes_says_nothing(tmp_path: Path) -> None:
    place = tmp_path / "calls.db"
    with open_store(str(place)) as store:
        number = begin(store)
        for name in range(60):
            put(store, number, item(str(name)))
    command = f"{sys.executable} -m audioqa export --store {place} --format jsonl | head -n 1"
    shown = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True)
    assert shown.stdout.count("\n") == 1
    assert shown.stderr == ""


def test_a_store_that_is_locked_or_read_only_or_full_says_so(tmp_path: Path) -> None:
    from audioqa.errors import StoreError

    place = tmp_path / "calls.db"
    with open_store(str(place), busy=0.1) as store:
        number = begin(store)
        with sqlite3.connect(place, isolation_level=None) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(StoreError, match="another program is writing to it") as locked:
                put(store, number, item("a"))
            assert list(store.calls()) == []
            other.execute("ROLLBACK")
        other.close()
        put(store, number, item("a"))
        with store.engine.connect() as connection:
            connection.connection.driver_connection.execute("PRAGMA max_page_count = 1")  # type: ignore[union-attr]
        with pytest.raises(StoreError, match="the disk is full: make room") as full:  # noqa: PT012 - one of them is it
            for name in range(200):
                put(store, number, item(f"b{name}"))
        assert store.show("a").info.call_id == "a"
        with store.engine.connect() as connection:
            connection.connection.driver_connection.execute("PRAGMA max_page_count = 1000000")  # type: ignore[union-attr]
            connection.connection.driver_connection.execute("PRAGMA query_only = ON")  # type: ignore[union-attr]
        with pytest.raises(StoreError, match="cannot be written: check the owner") as closed:
            put(store, number, item("c"))
    assert (locked.value.kind, full.value.kind, closed.value.kind) == ("locked", "disk-full", "read-only")
    assert (locked.value.passing, full.value.passing, closed.value.passing) == (True, True, False)


def test_a_server_that_goes_away_is_said_and_found_again() -> None:
    from audioqa.errors import StoreError
    from audioqa.lab import postgresql

    if postgresql.programs() is None:
        pytest.skip("PostgreSQL is not installed")
    with postgresql.server() as url:
        store = open_store(f"{url}/postgres")
        put(store, begin(store), item("a"))
    with pytest.raises(StoreError, match="the server does not answer") as gone:
        put(store, 1, item("b"))
    store.close()
    assert gone.value.passing
