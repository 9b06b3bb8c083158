"""Locks, full disks, sources that go away, Ctrl-C: a clear message, an honest exit code, and nothing lost."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from archives import Desk, Heard, write_calls

from audioqa.errors import StoreError
from audioqa.lab.postgresql import make_schema
from audioqa.store import Store, open_store
from audioqa.types import Item

MANY = [f"slow-{number:02}.wav" for number in range(12)]


def after_the_first(desk: Desk, what: Callable[[], object]) -> threading.Thread:
    """Do something as soon as the first file has been worked on."""

    def wait() -> None:
        end = time.monotonic() + 60
        while not desk.notes.exists() and time.monotonic() < end:
            time.sleep(0.02)
        what()

    thread = threading.Thread(target=wait)
    thread.start()
    return thread


def test_a_store_that_is_locked_for_a_while_is_waited_for(desk: Desk) -> None:
    write_calls(desk.folder, MANY[:4])
    open_store(desk.store).close()
    heard = Heard()
    other = sqlite3.connect(desk.store, check_same_thread=False, isolation_level=None)

    def lock() -> None:
        other.execute("BEGIN IMMEDIATE")
        time.sleep(3.0)
        other.execute("COMMIT")

    thread = after_the_first(desk, lock)
    ended = desk.run(heard=heard, store=open_store(desk.store, busy=0.2), patience=30.0)
    thread.join()
    other.close()
    assert (ended.ending, ended.tally.scored) == ("finished", 4)
    assert any("another program is writing to it" in message for message in heard.messages)
    assert "the store can be written again" in heard.messages


def test_a_store_that_stays_locked_ends_the_run_and_the_next_one_goes_on(desk: Desk) -> None:
    write_calls(desk.folder, MANY[:4])
    open_store(desk.store).close()
    other = sqlite3.connect(desk.store, check_same_thread=False, isolation_level=None)
    thread = after_the_first(desk, lambda: other.execute("BEGIN IMMEDIATE"))
    # In a process of its own: its claims end with it, for it cannot give them back.
    with driver(desk, "store=open_store(desk.store, busy=0.2), patience=1.0") as process:
        out, error = process.communicate(timeout=60)
    thread.join()
    assert process.returncode == 3, error
    assert "another program is writing to it; wait for it, or end it" in out
    other.execute("ROLLBACK")
    other.close()
    assert desk.run().tally.counts()["failed"] == 0
    assert set(desk.calls()) == set(MANY[:4])


def test_a_store_on_a_full_disk_ends_the_run_and_the_next_one_goes_on(desk: Desk) -> None:
    write_calls(desk.folder, MANY)
    from sqlalchemy import event

    store = open_store(desk.store)
    with sqlite3.connect(desk.store) as base:
        pages = base.execute("PRAGMA page_count").fetchone()[0]
    base.close()

    @event.listens_for(store.engine, "connect")
    def _small(connection: sqlite3.Connection, _: object) -> None:
        connection.execute(f"PRAGMA max_page_count = {pages + 3}").close()

    store.engine.dispose()
    heard = Heard()
    ended = desk.run(store=store, heard=heard, patience=1.0)
    assert (ended.ending, ended.exit_code) == ("stopped", 3)
    assert "the disk is full: make room" in ended.reason
    assert any("trying again" in message for message in heard.messages)
    kept = desk.calls()
    assert len(kept) < len(MANY)
    ended = desk.run()
    assert (ended.ending, ended.tally.unchanged) == ("finished", len(kept))
    assert set(desk.calls()) == set(MANY)


def test_a_full_disk_for_temporary_files_ends_the_run_without_a_failure(desk: Desk) -> None:
    write_calls(desk.folder, ["full.wav"])
    ended = desk.run(patience=2.0)
    assert (ended.ending, ended.exit_code) == ("stopped", 3)
    assert "no room in the folder for temporary files: make room" in ended.reason
    assert desk.failures() == {}


def test_one_file_that_is_too_large_for_the_disk_fails_alone(desk: Desk) -> None:
    write_calls(desk.folder, ["full.wav", *MANY[:6]])
    ended = desk.run(patience=1.0, jobs=2)
    assert (ended.ending, ended.tally.scored) == ("finished", 6)
    assert desk.failures() == {"full.wav": "disk-full"}


def test_a_source_that_goes_away_ends_the_run_and_nothing_is_taken_for_failed(desk: Desk) -> None:
    write_calls(desk.folder, MANY)
    away = desk.folder.with_name("away")
    thread = after_the_first(desk, lambda: desk.folder.rename(away))
    ended = desk.run()
    thread.join()
    assert (ended.ending, ended.exit_code) == ("stopped", 3)
    assert f"{desk.folder} has gone away" in ended.reason
    assert desk.failures() == {}
    away.rename(desk.folder)
    assert desk.run().exit_code == 0
    assert set(desk.calls()) == set(MANY)


def test_a_folder_that_goes_away_under_a_manifest_ends_the_run_too(desk: Desk) -> None:
    write_calls(desk.folder, MANY)
    manifest = desk.folder.parent / "calls.csv"
    manifest.write_text("path\n" + "".join(f"calls/{name}\n" for name in MANY))
    away = desk.folder.with_name("away")
    thread = after_the_first(desk, lambda: desk.folder.rename(away))
    ended = desk.run(sources=[str(manifest)])
    thread.join()
    assert ended.exit_code == 3
    assert f"{desk.folder} has gone away" in ended.reason
    assert desk.failures() == {}


def test_single_files_that_are_gone_fail_and_the_rest_is_scored(desk: Desk) -> None:
    write_calls(desk.folder, MANY)
    thread = after_the_first(desk, lambda: (desk.folder / MANY[-1]).unlink())
    ended = desk.run()
    thread.join()
    assert (ended.ending, ended.exit_code, ended.tally.scored) == ("finished", 1, len(MANY) - 1)
    assert desk.failures() == {MANY[-1]: "missing"}


def driver(desk: Desk, more: str = "jobs=1") -> subprocess.Popen[str]:
    """A batch in a process of its own, whose group gets the signals as from a terminal."""
    code = (
        f"import signal, sys; sys.path.insert(0, {str(Path(__file__).parent)!r})\n"
        # Tests that run in the background were born with SIGINT ignored, and so are their children.
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from pathlib import Path\n"
        "from archives import Desk, Heard\n"
        "from audioqa.batch import summary\n"
        "from audioqa.store import open_store\n"
        "if __name__ == '__main__':\n"
        f"    desk = Desk(Path({str(desk.folder)!r}), {desk.store!r}, Path({str(desk.notes)!r}), "
        f"{desk.report!r})\n"
        "    heard = Heard()\n"
        f"    ended = desk.run(heard=heard, {more})\n"
        "    print(*heard.messages, summary(ended, store='store.db'), sep='\\n')\n"
        "    sys.exit(ended.exit_code)\n"
    )
    return subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def wait_for_notes(desk: Desk, count: int) -> None:
    end = time.monotonic() + 60
    while not desk.notes.exists() or len(desk.notes.read_text().splitlines()) < count:
        assert time.monotonic() < end
        time.sleep(0.02)


def test_ctrl_c_finishes_what_is_in_flight_and_says_how_to_go_on(desk: Desk) -> None:
    write_calls(desk.folder, MANY)
    with driver(desk) as process:
        wait_for_notes(desk, 2)
        os.killpg(process.pid, signal.SIGINT)
        out, error = process.communicate(timeout=60)
    assert process.returncode == 3, error
    assert error == ""
    assert "what is in flight is finished" in out
    assert "start the same command again" in out
    kept = desk.calls()
    begun = {line.split()[1] for line in desk.noted()}
    assert set(kept) == begun
    assert 0 < len(kept) < len(MANY)
    assert desk.run().tally.unchanged == len(kept)
    assert set(desk.calls()) == set(MANY)


def test_a_second_ctrl_c_stops_at_once(desk: Desk) -> None:
    write_calls(desk.folder, ["hang.wav"])
    with driver(desk) as process:
        wait_for_notes(desk, 1)
        os.killpg(process.pid, signal.SIGINT)
        time.sleep(0.5)
        os.killpg(process.pid, signal.SIGINT)
        out, _ = process.communicate(timeout=20)
    assert process.returncode == 3
    assert "stopped at once" in out
    assert desk.failures() == {}


def test_two_batches_on_one_store_do_no_work_twice(desk: Desk) -> None:
    names = [*MANY, *(f"more-{number}.wav" for number in range(30)), "bad.wav"]
    write_calls(desk.folder, names)
    with driver(desk) as one, driver(desk) as other:
        ends = [process.communicate(timeout=120) for process in (one, other)]
    assert {one.returncode, other.returncode} <= {0, 1}, ends
    noted = desk.noted()
    scored = [line.split()[1] for line in noted if line.startswith("score")]
    assert sorted(scored) == sorted(names)
    assert set(desk.calls()) == set(names) - {"bad.wav"}
    assert desk.failures() == {"bad.wav": "unreadable"}


def test_postgresql_takes_two_batches_at_once_and_a_third_one_after(desk: Desk, postgresql_server: str) -> None:
    names = [*MANY, "bad.wav"]
    write_calls(desk.folder, names)
    desk.store = make_schema(postgresql_server, "batch")
    with driver(desk) as one, driver(desk) as other:
        ends = [process.communicate(timeout=120) for process in (one, other)]
    assert {one.returncode, other.returncode} <= {0, 1}, ends
    assert sorted(line.split()[1] for line in desk.noted()) == sorted(names)
    assert set(desk.calls()) == set(MANY)
    assert desk.failures() == {"bad.wav": "unreadable"}
    ended = desk.run()
    assert (ended.tally.unchanged, ended.tally.failed_before) == (len(MANY), 1)
    assert desk.noted() == []


def test_killed_at_any_moment_it_goes_on_and_ends_as_if_it_never_was(desk: Desk, tmp_path: Path) -> None:
    names = [f"slow-{number:02}.wav" for number in range(20)] + ["bad.wav"]
    write_calls(desk.folder, names)
    whole = Desk(desk.folder, str(tmp_path / "whole.db"), tmp_path / "other-notes", desk.report)
    whole.run(jobs=2)
    for kill in range(3):
        with driver(desk) as process:
            wait_for_notes(desk, 1 + 3 * kill)
            time.sleep(0.07 * kill)
            process.kill()
            process.communicate()
    killed = len(desk.noted())
    assert desk.run().exit_code == 1
    assert desk.calls() == whole.calls()
    assert desk.failures() == whole.failures()
    # No more was done again than what was in flight: one task, one waiting, in each of three runs.
    assert killed + len(desk.noted()) <= len(names) + 3 * 2


def test_a_store_that_is_locked_from_the_beginning_is_told_too(desk: Desk) -> None:
    write_calls(desk.folder, MANY[:1])
    open_store(desk.store).close()
    other = sqlite3.connect(desk.store, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    ended = desk.run(store=open_store(desk.store, busy=0.1), patience=0.5)
    other.close()
    assert (ended.ending, ended.exit_code) == ("stopped", 3)
    assert "another program is writing to it" in ended.reason


def test_one_report_that_the_store_refuses_is_a_failure_of_its_call_alone(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_calls(desk.folder, MANY[:3])
    record = Store.record

    def refuse(store: Store, run: int, item: Item, *more: object, **others: object) -> None:
        if item.files[0].location.endswith(MANY[1]):
            raise StoreError("no such value")
        record(store, run, item, *more, **others)  # type: ignore[arg-type]

    monkeypatch.setattr(Store, "record", refuse)
    ended = desk.run()
    assert (ended.ending, ended.exit_code, ended.tally.scored) == ("finished", 1, 2)
    assert desk.failures() == {MANY[1]: "error"}
