"""Archives: members are calls, copies of them are their bytes, and what is damaged or made to swell is refused."""

from __future__ import annotations

import io
import os
import random
import struct
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from archive_example import bad, found, names, one, recording

from audioqa.errors import SourceError
from audioqa.sources import LocalCopies, SourceOptions, members, tars
from audioqa.types import BadItem, Item, SourceFile

Packer = Callable[[Path, dict[str, bytes]], Path]


def pack_zip(path: Path, content_of: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in content_of.items():
            archive.writestr(zipfile.ZipInfo(name, (2024, 3, 1, 10, 0, 0)), content, zipfile.ZIP_DEFLATED)
    return path


def pack_tar(path: Path, content_of: dict[str, bytes]) -> Path:
    mode = {".tar": "w", ".tgz": "w:gz", ".2": "w:bz2", ".xz": "w:xz"}[path.suffix]
    with tarfile.open(path, mode) as archive:
        for name, content in content_of.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path


PACKED = {"a.zip": pack_zip, "a.tar": pack_tar, "a.tgz": pack_tar, "a.tar.bz2": pack_tar, "A.TAR.XZ": pack_tar}
for_every_kind = pytest.mark.parametrize("name", PACKED)


def pack(folder: Path, name: str, content_of: dict[str, bytes]) -> Path:
    path = folder / name
    if name == "A.TAR.XZ":
        return pack_tar(folder / "a.tar.xz", content_of).rename(path)
    if name == "a.tar.bz2":
        return pack_tar(folder / "a.2", content_of).rename(path)
    return PACKED[name](path, content_of)


@pytest.fixture
def sounds(tmp_path: Path) -> list[bytes]:
    return [recording(tmp_path / "made" / "x.wav", seed=seed).read_bytes() for seed in range(4)]


@for_every_kind
def test_members_are_calls_and_their_copies_are_their_bytes(tmp_path: Path, sounds: list[bytes], name: str) -> None:
    content = {"b/2.wav": sounds[0], "b/1.WAV": sounds[1], "readme.txt": b"x", "b/2.json": b'{"agent": "ann"}'}
    path = pack(tmp_path, name, content)
    said: list[str] = []
    items = found(path, said=said)
    assert names(items, tmp_path) == [f"{name}!b/2.wav", f"{name}!b/1.WAV"]
    assert [each.info.agent for each in items if isinstance(each, Item)] == ["ann", None]
    assert said == [f"{path}: 1 file is no recording by its name and was left out (1 .txt)"]
    with LocalCopies(tmp_path) as copies:
        for item in (*items, *reversed(items)):
            assert isinstance(item, Item)
            file = item.files[0]
            assert file.size == len(sounds[0])
            assert file.stamp
            with copies.copy(file) as copy:
                assert copy.read_bytes() == content[file.location.partition("!")[2]]
                assert copy.suffix == Path(file.location).suffix
            assert not copy.exists()
    assert list(tmp_path.glob("audioqa-*")) == []


@for_every_kind
def test_a_member_may_be_named_by_itself_and_in_a_manifest(tmp_path: Path, sounds: list[bytes], name: str) -> None:
    path = pack(tmp_path, name, {"1.wav": sounds[0], "2.wav": sounds[1]})
    assert one(f"{path}!2.wav").files[0].location == f"{path}!2.wav"
    assert bad(f"{path}!3.wav").kind == "missing"
    (tmp_path / "calls.csv").write_text(f"path\n{name}!2.wav\n{name}!1.wav\n{name}!3.wav\n", encoding="utf-8")
    items = found(tmp_path / "calls.csv")
    assert names(items[:2], tmp_path) == [f"{name}!2.wav", f"{name}!1.wav"]
    assert isinstance(items[0], Item)
    assert items[0].files[0] == one(f"{path}!2.wav").files[0]
    assert isinstance(items[2], BadItem)
    assert items[2].kind == "missing"


def test_an_archive_in_a_folder_is_read_and_one_in_an_archive_is_not(tmp_path: Path, sounds: list[bytes]) -> None:
    inner = pack_zip(tmp_path / "inner.zip", {"1.wav": sounds[0]})
    (tmp_path / "calls").mkdir()
    pack_tar(tmp_path / "calls" / "a.tar", {"2.wav": sounds[1], "inner.zip": inner.read_bytes()})
    said: list[str] = []
    assert names(found(tmp_path / "calls", said=said), tmp_path / "calls") == ["a.tar!2.wav"]
    assert "1 .zip" in said[0]


def test_the_legs_of_a_call_may_be_members(tmp_path: Path, sounds: list[bytes]) -> None:
    path = pack_tar(tmp_path / "a.tar", {"17_out.wav": sounds[0], "17_in.wav": sounds[1]})
    item = one(path, options=SourceOptions(pair=True))
    assert [file.location for file in item.files] == [f"{path}!17_in.wav", f"{path}!17_out.wav"]
    with LocalCopies(tmp_path) as copies, copies.copy(item.files[0]) as first, copies.copy(item.files[1]) as second:
        assert (first.read_bytes(), second.read_bytes()) == (sounds[1], sounds[0])


def test_a_member_of_a_packed_tar_is_reached_in_one_pass(
    tmp_path: Path, sounds: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = pack_tar(tmp_path / "a.tgz", {f"{number}.wav": sounds[number % 4] for number in range(40)})
    items = found(path)
    begun: list[int] = []
    rewind = tars.TarMembers._rewind
    monkeypatch.setattr(tars.TarMembers, "_rewind", lambda tar: (begun.append(1), rewind(tar))[1])
    with LocalCopies(tmp_path) as copies:
        for item in items:
            assert isinstance(item, Item)
            with copies.copy(item.files[0]):
                pass
    assert begun == []


@pytest.mark.parametrize("name", ["a.zip", "a.tar", "a.tgz"])
def test_an_archive_that_was_cut_off_is_a_failure_and_what_comes_before_is_kept(
    tmp_path: Path, sounds: list[bytes], name: str
) -> None:
    path = pack(tmp_path, name, {f"{number}.wav": sounds[number] for number in range(4)})
    kept = 6000 if name == "a.tar" else path.stat().st_size // 2
    path.write_bytes(path.read_bytes()[:kept])
    items = found(path)
    last = items[-1]
    assert isinstance(last, BadItem)
    assert last.kind == "archive"
    if name != "a.zip":
        assert len(items) > 1


@pytest.mark.parametrize(("name", "content"), [("a.zip", b""), ("a.tar", b"nothing" * 99), ("a.tgz", b"nothing" * 99)])
def test_what_is_no_archive_is_a_failure(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    item = bad(tmp_path / name)
    assert (item.location, item.kind) == (f"{tmp_path}/{name}", "archive")


def test_a_member_whose_bytes_are_damaged_is_a_failure_where_it_is_copied(tmp_path: Path, sounds: list[bytes]) -> None:
    path = pack_zip(tmp_path / "a.zip", {"1.wav": sounds[0], "2.wav": sounds[1]})
    content = bytearray(path.read_bytes())
    content[300:400] = bytes(100)
    path.write_bytes(content)
    first, second = found(path)
    assert isinstance(first, Item)
    assert isinstance(second, Item)
    with LocalCopies(tmp_path) as copies:
        with pytest.raises(SourceError, match=r"1\.wav: the archive is damaged") as caught, copies.copy(first.files[0]):
            pass
        assert caught.value.kind == "archive"
        with copies.copy(second.files[0]) as copy:
            assert copy.read_bytes() == sounds[1]


def test_an_encrypted_member_is_a_failure(tmp_path: Path, sounds: list[bytes]) -> None:
    path = pack_zip(tmp_path / "a.zip", {"1.wav": sounds[0]})
    content = bytearray(path.read_bytes())
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(mark) + place] |= 1
    path.write_bytes(content)
    item = bad(path)
    assert item.kind == "archive"
    assert "encrypted" in item.message


def test_a_member_that_swells_without_reason_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = pack_zip(tmp_path / "a.zip", {"1.wav": bytes(10_000_000)})
    assert len([each for each in found(path) if isinstance(each, Item)]) == 1
    monkeypatch.setattr(members, "FREE_EXPANSION", 1_000_000)
    item = bad(path)
    assert item.kind == "archive"
    assert "would swell" in item.message


def test_a_packed_stream_that_swells_without_reason_is_not_read_on(
    tmp_path: Path, sounds: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(members, "FREE_EXPANSION", 1_000_000)
    path = pack_tar(tmp_path / "a.tgz", {"1.wav": sounds[0], "2.wav": bytes(50_000_000), "3.wav": sounds[1]})
    items = found(path)
    assert isinstance(items[-1], BadItem)
    assert "swells" in items[-1].message
    assert "3.wav" not in str(items)


def test_members_that_lie_over_each_other_are_refused(tmp_path: Path, sounds: list[bytes]) -> None:
    path = pack_zip(tmp_path / "a.zip", {"1.wav": sounds[0]})
    content = path.read_bytes()
    start = content.index(b"PK\x01\x02")
    end = content.index(b"PK\x05\x06")
    header = content[start:end]
    tail = bytearray(content[end:])
    struct.pack_into("<HHI", tail, 8, 9, 9, 9 * len(header))
    path.write_bytes(content[:start] + 9 * header + tail)
    item = bad(path)
    assert item.kind == "archive"
    assert "over each other" in item.message


def test_a_name_that_leads_out_is_only_a_name(tmp_path: Path, sounds: list[bytes]) -> None:
    (tmp_path / "deep").mkdir()
    path = pack_tar(tmp_path / "deep" / "a.tar", {"../../evil.wav": sounds[0], "/etc/evil.wav": sounds[1]})
    with LocalCopies(tmp_path / "deep") as copies:
        for item in found(path):
            assert isinstance(item, Item)
            with copies.copy(item.files[0]) as copy:
                assert (tmp_path / "deep") in copy.parents
    assert not list(tmp_path.rglob("evil.wav"))


def test_a_name_that_stands_twice_is_read_once_and_said(tmp_path: Path, sounds: list[bytes]) -> None:
    with tarfile.open(tmp_path / "a.tar", "w") as archive:
        for content in sounds[:2]:
            info = tarfile.TarInfo("1.wav")
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    first, second = found(tmp_path / "a.tar")
    assert isinstance(first, Item)
    assert isinstance(second, BadItem)
    assert second.kind == "duplicate"


@pytest.mark.parametrize("name", ["a.rar", "a.7z", "calls.gz"])
def test_an_archive_of_another_kind_says_so(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"x")
    assert "unpack it" in bad(tmp_path / name).message


def test_a_changed_member_has_another_stamp(tmp_path: Path, sounds: list[bytes]) -> None:
    before = one(pack_zip(tmp_path / "a.zip", {"1.wav": sounds[0]})).files[0]
    assert one(pack_zip(tmp_path / "a.zip", {"1.wav": sounds[0], "x.txt": b""})).files[0] == before
    assert one(pack_zip(tmp_path / "a.zip", {"1.wav": sounds[1]})).files[0] != before


def test_a_file_whose_name_looks_like_a_member_is_a_file(tmp_path: Path) -> None:
    path = recording(tmp_path / "a.zip!b.wav")
    item = one(path)
    with LocalCopies(tmp_path) as copies, copies.copy(item.files[0]) as copy:
        assert copy == path
    assert isinstance(item.files[0], SourceFile)


@pytest.mark.parametrize("name", PACKED)
def test_damage_anywhere_is_a_failure_with_its_cause_and_never_a_crash(
    tmp_path: Path, sounds: list[bytes], name: str
) -> None:
    path = pack(tmp_path, name, {f"{number}.wav": sounds[number][:700] for number in range(4)})
    whole = path.read_bytes()
    rng = random.Random(1)
    kinds = set()
    for _ in range(60):
        damaged = bytearray(whole)
        for _ in range(rng.choice([1, 3, 20])):
            damaged[rng.randrange(len(damaged))] ^= 1 << rng.randrange(8)
        path.write_bytes(damaged[: rng.choice([len(damaged), rng.randrange(1, len(damaged))])])
        with LocalCopies(tmp_path) as copies:
            for item in found(path):
                if isinstance(item, BadItem):
                    kinds.add(item.kind)
                    continue
                try:
                    with copies.copy(item.files[0]) as copy:
                        assert copy.stat().st_size == item.files[0].size
                except SourceError as error:
                    kinds.add(error.kind)
    assert "archive" in kinds
    assert kinds <= {"archive", "missing", "duplicate", "unreadable", "too-large"}


def test_an_archive_that_is_written_anew_meanwhile_is_opened_anew(tmp_path: Path, sounds: list[bytes]) -> None:
    with LocalCopies(tmp_path) as copies:
        for number in (0, 1):
            path = pack_zip(tmp_path / "a.zip", {"1.wav": sounds[number]})
            os.utime(path, ns=(number, number))
            with copies.copy(one(path).files[0]) as copy:
                assert copy.read_bytes() == sounds[number]
