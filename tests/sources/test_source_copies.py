"""Local copies: bounded, removed, and clear where they cannot be made."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from archive_example import one, recording

from audioqa.errors import SettingsError, SourceError
from audioqa.sources import LocalCopies, local_copy
from audioqa.sources import local as module
from audioqa.types import SourceFile


@pytest.fixture
def member(tmp_path: Path) -> SourceFile:
    path = recording(tmp_path / "a.wav")
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.write(path, "a.wav")
    return one(tmp_path / "a.zip").files[0]


def refused(copies: LocalCopies, file: SourceFile) -> SourceError:
    with pytest.raises(SourceError) as caught, copies.copy(file):
        pass
    assert str(caught.value).startswith(f"{file.location}: ")
    return caught.value


def test_a_file_of_this_machine_is_not_copied(tmp_path: Path) -> None:
    path = recording(tmp_path / "a.wav")
    with local_copy(one(path).files[0]) as copy:
        assert copy == path
    assert path.exists()


def test_one_copy_leaves_nothing_behind(member: SourceFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with local_copy(member) as copy:
        assert tmp_path in copy.parents
        assert copy.read_bytes() == (tmp_path / "a.wav").read_bytes()
    assert list(tmp_path.glob("audioqa-*")) == []


def test_a_file_that_went_away_is_missing(tmp_path: Path, member: SourceFile) -> None:
    file = one(tmp_path / "a.wav").files[0]
    (tmp_path / "a.wav").unlink()
    (tmp_path / "a.zip").unlink()
    with LocalCopies(tmp_path) as copies:
        assert refused(copies, file).kind == "missing"
        error = refused_archive(copies, member)
        assert error.kind == "missing"


def refused_archive(copies: LocalCopies, file: SourceFile) -> SourceError:
    with pytest.raises(SourceError) as caught, copies.copy(file):
        pass
    return caught.value


def test_a_file_that_may_not_be_read_is_told_from_a_damaged_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = one(recording(tmp_path / "a.wav")).files[0]
    with LocalCopies(tmp_path) as copies:
        monkeypatch.setattr(os, "access", lambda *_: False)
        assert refused(copies, file).kind == "permission"


def test_what_is_too_large_is_refused(tmp_path: Path, member: SourceFile) -> None:
    with LocalCopies(tmp_path, most_bytes=100) as copies:
        assert refused(copies, member).kind == "too-large"
        assert refused(copies, one(tmp_path / "a.wav").files[0]).kind == "too-large"


def test_a_disk_without_room_is_told_before_and_while_it_is_written(
    tmp_path: Path, member: SourceFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    with LocalCopies(tmp_path) as copies:
        usage = shutil.disk_usage(tmp_path)
        monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=10))
        error = refused(copies, member)
        assert error.kind == "disk-full"
        assert "10 are free" in error.cause
        monkeypatch.undo()

        def full(*_: object, **__: object) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr(module.os, "fdopen", full)
        error = refused(copies, member)
        assert error.kind == "disk-full"
        assert "TMPDIR" in error.cause
        monkeypatch.undo()
        with copies.copy(member) as copy:
            assert copy.stat().st_size == member.size


def test_a_folder_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="temporary files cannot be written there"):
        LocalCopies(tmp_path / "none")


def test_what_a_killed_process_left_is_removed_and_what_a_living_one_holds_is_not(
    tmp_path: Path, member: SourceFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = (
        "import os, sys\n"
        "from audioqa.sources import LocalCopies\n"
        "from audioqa.types import SourceFile\n"
        f"copies = LocalCopies({str(tmp_path)!r})\n"
        f"with copies.copy(SourceFile({member.location!r})) as copy:\n"
        "    print(copy, flush=True)\n"
        "    sys.stdin.read(1)\n"
    )
    child = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    assert child.stdin is not None
    try:
        left = Path(child.stdout.readline().strip())
        monkeypatch.setattr(module, "_YOUNG", -1.0)
        with LocalCopies(tmp_path):
            assert left.exists()
        child.kill()
        child.wait()
        assert left.exists()
        with LocalCopies(tmp_path):
            assert not left.exists()
    finally:
        child.kill()
        child.wait()
        child.stdin.close()
        child.stdout.close()
