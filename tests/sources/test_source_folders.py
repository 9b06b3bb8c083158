"""Folders, globs and files: every recording once, in order, and nothing left out in silence."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from archive_example import bad, found, names, one, recording

from audioqa.sources import SourceOptions
from audioqa.types import BadItem, Item


def test_a_folder_is_walked_in_order_and_counts_what_it_leaves_out(tmp_path: Path) -> None:
    for name in ("b.wav", "a.WAV", "z/c.flac", "m/d.mp3.wav", ".hidden.wav", "m/__MACOSX/._d.wav"):
        recording(tmp_path / name)
    for name in ("notes.txt", "list.pdf", "plan", "other.json"):
        (tmp_path / name).write_text("{}", encoding="utf-8")
    said: list[str] = []
    items = found(tmp_path, said=said)
    assert names(items, tmp_path) == ["a.WAV", "b.wav", "m/d.mp3.wav", "z/c.flac"]
    assert len(said) == 1
    assert said[0].startswith(f"{tmp_path}: 6 files are no recordings by their names and were left out")
    assert "2 .wav" in said[0]
    assert "1 no extension" in said[0]


def test_a_file_has_its_size_and_a_stamp_that_changes_with_it(tmp_path: Path) -> None:
    path = recording(tmp_path / "a.wav")
    first = one(tmp_path).files[0]
    assert (first.location, first.size) == (str(path), path.stat().st_size)
    assert one(tmp_path).files[0] == first
    os.utime(path, ns=(1, 1))
    assert one(tmp_path).files[0].stamp != first.stamp


def test_a_relative_name_becomes_an_absolute_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recording(tmp_path / "calls" / "a.wav")
    monkeypatch.chdir(tmp_path)
    for source in ("calls", "./calls/../calls/a.wav", "calls/*.wav", f"file://{tmp_path}/calls/a.wav"):
        item = one(source)
        assert item.files[0].location == item.info.call_id == f"{tmp_path}/calls/a.wav"


def test_a_named_file_is_taken_whatever_its_extension(tmp_path: Path) -> None:
    path = recording(tmp_path / "a.wav").rename(tmp_path / "a.dat")
    assert found(tmp_path) == []
    assert one(path).files[0].location == str(path)
    assert one(tmp_path, options=SourceOptions(extensions=(".dat",))).files[0].location == str(path)


def test_a_glob_that_names_an_extension_takes_all_and_another_only_recordings(tmp_path: Path) -> None:
    for name in ("a.wav", "b.wav", "deep/er/c.wav"):
        recording(tmp_path / name)
    (tmp_path / "a.dat").write_bytes(b"x")
    said: list[str] = []
    assert names(found(tmp_path / "a.*", said=said), tmp_path) == ["a.wav"]
    assert said == [f"{tmp_path}/a.*: 1 file is no recording by its name and was left out (1 .dat)"]
    assert names(found(tmp_path / "*.dat"), tmp_path) == ["a.dat"]
    assert names(found(tmp_path / "**" / "*.wav"), tmp_path) == ["a.wav", "b.wav", "deep/er/c.wav"]


def test_a_name_with_signs_of_a_glob_is_first_taken_for_itself(tmp_path: Path) -> None:
    recording(tmp_path / "call[1].wav")
    recording(tmp_path / "call1.wav")
    assert names(found(tmp_path / "call[1].wav"), tmp_path) == ["call[1].wav"]


@pytest.mark.parametrize(("source", "cause"), [("none.wav", "no such file or folder"), ("*.wav", "nothing matches")])
def test_a_source_that_is_not_there_is_a_failure(tmp_path: Path, source: str, cause: str) -> None:
    item = bad(tmp_path / source)
    assert item.kind == "missing"
    assert cause in item.message


def test_an_empty_folder_is_said(tmp_path: Path) -> None:
    said: list[str] = []
    assert found(tmp_path, said=said) == []
    assert said == [f"{tmp_path}: there is no recording in it"]


def test_a_broken_link_and_a_pipe_are_failures_and_the_rest_goes_on(tmp_path: Path) -> None:
    recording(tmp_path / "c.wav")
    (tmp_path / "a.wav").symlink_to(tmp_path / "gone.wav")
    os.mkfifo(tmp_path / "b.wav")
    items = found(tmp_path)
    assert [each.kind if isinstance(each, BadItem) else "" for each in items] == ["missing", "unreadable", ""]


def test_a_folder_that_may_not_be_read_is_one_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recording(tmp_path / "a" / "a.wav")
    recording(tmp_path / "b.wav")
    scandir = os.scandir

    def refusing(path: str) -> object:
        if path == f"{tmp_path}/a":
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refusing)
    first, second = found(tmp_path)
    assert isinstance(first, Item)
    assert isinstance(second, BadItem)
    assert (second.location, second.kind) == (f"{tmp_path}/a", "permission")


def test_links_in_a_circle_and_links_within_a_folder_name_no_file_twice(tmp_path: Path) -> None:
    recording(tmp_path / "calls" / "in" / "a.wav")
    recording(tmp_path / "elsewhere" / "b.wav")
    (tmp_path / "calls" / "in" / "circle").symlink_to(tmp_path / "calls")
    (tmp_path / "calls" / "again").symlink_to(tmp_path / "calls" / "in")
    (tmp_path / "calls" / "out").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere" / "circle").symlink_to(tmp_path / "elsewhere")
    assert names(found(tmp_path / "calls"), tmp_path / "calls") == ["in/a.wav", "out/b.wav"]


def test_a_file_of_two_sources_is_named_once(tmp_path: Path) -> None:
    recording(tmp_path / "a.wav")
    recording(tmp_path / "b.wav")
    said: list[str] = []
    items = found(tmp_path / "b.wav", tmp_path, tmp_path / "*.wav", said=said)
    assert names(items, tmp_path) == ["b.wav", "a.wav"]
    assert said == [
        f"{tmp_path}: 1 call was named already",
        f"{tmp_path}/*.wav: 2 calls were named already",
    ]


def test_a_name_that_is_not_text_is_a_failure_whose_location_is(tmp_path: Path) -> None:
    recording(tmp_path / "a.wav")
    with open(os.fsencode(tmp_path) + b"/caf\xe9.wav", "wb") as stream:  # noqa: PTH123 - no Path has such a name
        stream.write(b"RIFF")
    items = found(tmp_path)
    assert len(items) == 2
    assert isinstance(items[1], BadItem)
    assert items[1].location.encode("utf-8").endswith(rb"/caf\udce9.wav")
    assert "not in UTF-8" in items[1].message


def test_a_walk_reads_a_folder_only_when_it_comes_to_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from audioqa.sources import read_sources

    for number in range(5):
        recording(tmp_path / str(number) / "a.wav")
    read: list[str] = []
    scandir = os.scandir

    def counting(path: str) -> object:
        read.append(path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", counting)
    items = read_sources([str(tmp_path)])
    next(items)
    assert read == [str(tmp_path), f"{tmp_path}/0"]
    assert len(list(items)) == 4
