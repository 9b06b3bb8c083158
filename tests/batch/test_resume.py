"""What is done stays done, what changed is done again, and nothing is counted twice."""

from __future__ import annotations

import os
import shutil

import pytest
from archives import Desk, Heard, write_calls


def test_every_file_is_accounted_for_exactly_once(desk: Desk) -> None:
    write_calls(desk.folder, ["a.wav", "b.wav", "bad.wav", "c.wav"])
    ended = desk.run()
    counts = ended.tally.counts()
    assert (counts["scored"], counts["failed"], counts["failures"]) == (3, 1, {"unreadable": 1})
    assert set(desk.calls()) == {"a.wav", "b.wav", "c.wav"}
    assert desk.failures() == {"bad.wav": "unreadable"}
    assert ended.exit_code == 1


def test_what_is_done_is_not_even_opened_again(desk: Desk) -> None:
    write_calls(desk.folder, ["a.wav", "b.wav"])
    assert desk.run().exit_code == 0
    desk.noted()
    ended = desk.run()
    assert (ended.tally.unchanged, ended.tally.done, ended.exit_code) == (2, 2, 0)
    assert desk.noted() == []


def test_a_failed_call_is_not_counted_as_done_and_is_tried_again_when_asked(desk: Desk) -> None:
    write_calls(desk.folder, ["bad.wav"])
    assert desk.run().exit_code == 1
    ended = desk.run()
    assert (ended.tally.failed_before, ended.tally.unchanged, ended.exit_code) == (1, 0, 1)
    assert desk.noted() == ["score bad.wav"]
    assert desk.run(retry_failed=True).tally.failures == 1
    assert desk.noted() == ["score bad.wav"]


def test_a_file_that_changed_is_new_work_even_where_it_failed_before(desk: Desk) -> None:
    write_calls(desk.folder, ["a.wav", "bad.wav"])
    desk.run()
    before = desk.calls()
    desk.noted()
    for name in ("a.wav", "bad.wav"):
        with (desk.folder / name).open("ab") as stream:
            stream.write(b"more")
    ended = desk.run()
    assert sorted(desk.noted()) == ["score a.wav", "score bad.wav"]
    assert (ended.tally.scored, ended.tally.failures) == (1, 1)
    assert desk.calls()["a.wav"] != before["a.wav"]


def test_other_settings_are_new_work(desk: Desk) -> None:
    write_calls(desk.folder, ["a.wav", "bad.wav"])
    desk.run()
    desk.noted()
    ended = desk.run(digest="b" * 64)
    assert (ended.tally.scored, ended.tally.failures) == (1, 1)
    assert sorted(desk.noted()) == ["score a.wav", "score bad.wav"]


def test_copies_share_one_measurement_and_are_not_scored(desk: Desk) -> None:
    write_calls(desk.folder, ["a.wav", "same-size.wav"])
    desk.run()
    desk.noted()
    shutil.copy(desk.folder / "a.wav", desk.folder / "copy.wav")
    ended = desk.run()
    assert (ended.tally.shared, ended.tally.scored, ended.tally.unchanged) == (1, 0, 2)
    assert desk.noted() == ["hash copy.wav"]
    calls = desk.calls()
    assert calls["copy.wav"] == calls["a.wav"]


def test_a_file_of_a_known_size_with_other_sound_is_scored(desk: Desk) -> None:
    write_calls(desk.folder, ["a.wav"])
    desk.run()
    desk.noted()
    content = (desk.folder / "a.wav").read_bytes()
    (desk.folder / "b.wav").write_bytes(content[:-2] + b"\1\2")
    assert desk.run().tally.scored == 1
    assert desk.noted() == ["hash b.wav", "score b.wav"]


def test_a_touched_file_is_hashed_and_its_call_goes_on(desk: Desk) -> None:
    write_calls(desk.folder, ["a.wav"])
    desk.run()
    desk.noted()
    os.utime(desk.folder / "a.wav", (1, 1))
    assert desk.run().tally.scored == 0
    assert desk.noted() == ["hash a.wav"]
    assert desk.run().tally.unchanged == 1
    assert desk.noted() == []


def test_changed_metadata_updates_the_call_without_opening_it(desk: Desk) -> None:
    write_calls(desk.folder, ["a.wav"])
    manifest = desk.folder.parent / "calls.csv"
    manifest.write_text("path,call_id,agent\ncalls/a.wav,17,Smith\n")
    desk.run(sources=[str(manifest)])
    desk.noted()
    manifest.write_text("path,call_id,agent\ncalls/a.wav,17,Jones\n")
    ended = desk.run(sources=[str(manifest)])
    assert (ended.tally.updated, ended.tally.scored) == (1, 0)
    assert desk.noted() == []


def test_a_second_file_with_the_identity_of_a_call_fails_whatever_is_finished_first(desk: Desk) -> None:
    write_calls(desk.folder, ["slow-first.wav", "second.wav"])
    manifest = desk.folder.parent / "calls.csv"
    manifest.write_text("path,call_id\ncalls/slow-first.wav,17\ncalls/second.wav,17\n")
    for _ in range(2):
        heard = Heard()
        ended = desk.run(sources=[str(manifest)], heard=heard)
        assert ended.tally.counts()["failures"] == {"duplicate": 1}
        assert "another file has the call id '17' already" in next(iter(heard.failures.values())).message
        assert set(desk.calls()) == {"slow-first.wav"}
    assert desk.failures() == {"second.wav": "duplicate"}


def test_a_file_that_is_named_twice_is_one_call(desk: Desk) -> None:
    write_calls(desk.folder, ["a.wav"])
    ended = desk.run(sources=[str(desk.folder), str(desk.folder / "a.wav")])
    assert (ended.tally.scored, ended.tally.done) == (1, 1)


def test_an_empty_archive_is_no_failure(desk: Desk) -> None:
    ended = desk.run()
    assert (ended.exit_code, ended.tally.done) == (0, 0)


@pytest.mark.parametrize("name", ["crash.wav", "hang.wav"])
def test_a_file_that_takes_its_worker_down_is_recorded_with_the_reason(desk: Desk, name: str) -> None:
    from audioqa.engines import Limits

    write_calls(desk.folder, ["a.wav", name, "z.wav"])
    ended = desk.run(limits=Limits(seconds=2.0), jobs=2)
    assert (ended.tally.scored, ended.tally.failures) == (2, 1)
    assert desk.failures() == {name: "crash" if name == "crash.wav" else "timeout"}
