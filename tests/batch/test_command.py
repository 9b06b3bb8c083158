"""The command as a person meets it: an archive of all sorts, exit codes, logs."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from audioqa.batch import summary
from audioqa.batch.driver import Ended
from audioqa.batch.tally import Tally
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


def test_a_file_name_sends_nothing_to_the_terminal(tmp_path: Path) -> None:
    calls = tmp_path / "calls"
    make_archive(calls, 1, seconds=1.0, bad_every=9)
    (good,) = calls.iterdir()
    good.rename(calls / f"a\n\x1b[2J{good.suffix}")
    (calls / "b\n\x1b[2J.wav").write_bytes(b"")
    shown = batch(calls, "--store", tmp_path / "store.db", "--jobs", "1")
    assert "1 scored" in shown.stdout
    assert "1 failed" in shown.stdout
    assert "\x1b" not in shown.stdout + shown.stderr
    assert shown.stderr.count("\n") == 1
    worst = Tally(_worst=[(-1.0, 0, "a\n\x1b[2J.wav", "no speech")])
    assert "\x1b" not in summary(Ended("finished", "", worst), store="store.db")


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


@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning")
def test_an_object_store_is_scored_once_and_its_copies_are_cleared_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for package in ("s3fs", "moto", "flask_cors"):
        pytest.importorskip(package)
    import s3fs
    from s3_server import s3_server

    calls, copies = tmp_path / "calls", tmp_path / "copies"
    make_archive(calls, 4, seconds=1.0, bad_every=4)
    copies.mkdir()
    with s3_server() as environment:
        for name, value in {**environment, "TMPDIR": str(copies)}.items():
            monkeypatch.setenv(name, value)
        s3fs.S3FileSystem.clear_instance_cache()
        system = s3fs.S3FileSystem()
        system.mkdir("calls")
        system.put(f"{calls}/", "calls/", recursive=True)
        first, second = (batch("s3://calls", "--store", tmp_path / "store.db", "--jobs", "2") for _ in range(2))
    assert "3 scored" in first.stdout, first.stderr
    assert "1 failed" in first.stdout
    assert "s3://calls/day-000/000003-empty.wav: it is empty" in first.stderr
    assert "3 done before and unchanged" in second.stdout
    assert (first.returncode, second.returncode) == (1, 1)
    assert [path.name for path in copies.iterdir() if "audioqa" in path.name] == []


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
