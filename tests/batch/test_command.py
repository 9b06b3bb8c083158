"""The command as a person meets it: an archive of all sorts, exit codes, logs."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from audioqa.lab.archive import accounted
from audioqa.lab.archive_files import GOOD, bad_kinds, make_archive
from audioqa.store import open_store


def batch(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "audioqa", "batch", *map(str, words)],
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
    )


def test_every_format_is_scored_and_every_bad_file_fails_by_its_cause(tmp_path: Path) -> None:
    expected = make_archive(tmp_path / "calls", 2 * max(len(GOOD), len(bad_kinds())), seconds=1.0, bad_every=2)
    store = tmp_path / "store.db"
    shown = batch(tmp_path / "calls", "--store", store, "--log-json")
    assert shown.returncode == 1
    assert accounted(store, expected) == []
    events = [json.loads(line) for line in shown.stderr.splitlines()]
    ended = events[-1]
    assert (ended["event"], ended["ending"], ended["exit_code"]) == ("ended", "finished", 1)
    failed = {event["location"] for event in events if event["event"] == "failed"}
    scored = {event["location"] for event in events if event["event"] == "scored"}
    assert failed == {path for path, kind in expected.items() if kind}
    assert scored == set(expected) - failed
    assert shown.stdout == ""


def test_the_summary_says_what_failed_and_how_to_see_it(tmp_path: Path) -> None:
    calls = tmp_path / "calls"
    make_archive(calls, 2, seconds=1.0, bad_every=2)
    shown = batch(calls, "--store", tmp_path / "store.db", "--jobs", "1")
    assert shown.returncode == 1
    assert "all done: 2 recordings" in shown.stdout
    assert "1 scored" in shown.stdout
    assert "1 failed" in shown.stdout
    assert "audioqa calls --store" in shown.stdout
    assert "it is empty (0 bytes)" in shown.stderr
    again = batch(calls, "--store", tmp_path / "store.db", "--jobs", "1")
    assert "1 done before and unchanged" in again.stdout
    assert "--retry-failed" in again.stdout
    assert again.returncode == 1


def test_a_member_of_an_archive_fails_under_its_own_name(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "calls.zip", "w") as archive:
        archive.writestr("day/broken.wav", b"RIFF but no more")
    shown = batch(tmp_path / "calls.zip", "--store", tmp_path / "store.db", "--jobs", "1")
    assert shown.returncode == 1
    with open_store(str(tmp_path / "store.db")) as store:
        (row,) = store.failures()
    assert row.location == f"{tmp_path}/calls.zip!day/broken.wav"
    assert row.failure.kind == "unreadable"
    assert "audioqa-" not in row.failure.message + shown.stderr


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--engine", "dask"], "there is no engine 'dask'"),
        (["--address", "10.0.0.1:6379"], "needs --engine ray"),
        (["--estimator", "nothing"], "nothing"),
        (["--store", "no-such-folder/store.db"], "there is no folder"),
        (["--rate", "3"], "a rate of 3 is not one of audio"),
    ],
)
def test_bad_usage_ends_with_2_before_anything_is_begun(tmp_path: Path, words: list[str], message: str) -> None:
    store = [] if "--store" in words else ["--store", str(tmp_path / "store.db")]
    shown = batch(tmp_path, *store, *words)
    assert shown.returncode == 2, shown.stderr
    assert message in shown.stderr
    assert "Traceback" not in shown.stderr
