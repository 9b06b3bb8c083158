"""Object stores, by a real server that speaks S3 over HTTP."""

from __future__ import annotations

import builtins
import io
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from archive_example import bad, found, one, recording
from s3_server import s3_server

from audioqa.errors import SettingsError, SourceError
from audioqa.sources import LocalCopies, SourceOptions, local_copy, read_sources
from audioqa.types import BadItem, Item, SourceFile

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning")


@pytest.fixture(scope="module")
def server() -> Iterator[Mapping[str, str]]:
    for package in ("s3fs", "moto", "flask_cors"):
        pytest.importorskip(package)
    with s3_server() as environment:
        yield environment


@pytest.fixture
def store(server: Mapping[str, str], monkeypatch: pytest.MonkeyPatch) -> Any:
    """The store, with a bucket ``calls`` that is empty."""
    import s3fs

    for name, value in server.items():
        monkeypatch.setenv(name, value)
    s3fs.S3FileSystem.clear_instance_cache()
    system = s3fs.S3FileSystem(use_listings_cache=False)
    if system.exists("calls"):
        system.rm("calls", recursive=True)
    system.mkdir("calls")
    return system


@pytest.fixture
def sounds(tmp_path: Path) -> list[bytes]:
    return [recording(tmp_path / "x.wav", seed=seed).read_bytes() for seed in range(3)]


def put(store: Any, **objects: bytes) -> None:
    for name, content in objects.items():
        store.pipe_file(f"calls/{name}", content)


def where(items: list[Item | BadItem]) -> list[str]:
    return [each.files[0].location if isinstance(each, Item) else each.location for each in items]


def test_a_bucket_is_walked_like_a_folder(store: Any, sounds: list[bytes]) -> None:
    put(store, **{"2024/b.wav": sounds[0], "2024/a.WAV": sounds[1], "2024/03/c.wav": sounds[2], "2024/notes.txt": b"x"})
    put(store, **{"2024/b.json": b'{"agent": "ann"}', "2023/old.wav": sounds[0]})
    said: list[str] = []
    items = found("s3://calls/2024", said=said)
    assert where(items) == ["s3://calls/2024/a.WAV", "s3://calls/2024/b.wav", "s3://calls/2024/03/c.wav"]
    assert [each.info.agent for each in items if isinstance(each, Item)] == [None, "ann", None]
    assert said == ["s3://calls/2024: 1 file is no recording by its name and was left out (1 .txt)"]
    assert len(found("s3://calls")) == len(found("s3://calls/")) == 4


def test_an_object_has_size_and_a_stamp_that_changes_with_it(store: Any, sounds: list[bytes]) -> None:
    put(store, **{"a.wav": sounds[0]})
    by_walk, by_name = one("s3://calls").files[0], one("s3://calls/a.wav").files[0]
    assert by_walk == by_name
    assert (by_walk.size, bool(by_walk.stamp)) == (len(sounds[0]), True)
    put(store, **{"a.wav": sounds[1]})
    assert one("s3://calls").files[0].stamp != by_walk.stamp


def test_a_copy_has_the_objects_bytes_and_is_removed(store: Any, sounds: list[bytes], tmp_path: Path) -> None:
    put(store, **{"deep/a.wav": sounds[0]})
    with LocalCopies(tmp_path / "..") as copies:
        with copies.copy(one("s3://calls").files[0]) as copy:
            assert (copy.read_bytes(), copy.suffix) == (sounds[0], ".wav")
        assert not copy.exists()
    file = SourceFile("s3://calls/deep/a.wav")
    with LocalCopies(most_bytes=10) as few, pytest.raises(SourceError, match="more than the 10"), few.copy(file):
        pass


def test_globs_manifests_archives_and_legs_are_read_there_too(store: Any, sounds: list[bytes]) -> None:
    packed, tarred = io.BytesIO(), io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("1.wav", sounds[0])
    with tarfile.open(fileobj=tarred, mode="w:gz") as archive:
        info = tarfile.TarInfo("2.wav")
        info.size = len(sounds[1])
        archive.addfile(info, io.BytesIO(sounds[1]))
    put(store, **{"p/a.zip": packed.getvalue(), "p/b.tgz": tarred.getvalue(), "l/1_in.wav": sounds[0]})
    put(store, **{"l/1_out.wav": sounds[1], "calls.csv": b"path,agent\nl/1_in.wav,ann\nl/none.wav,bob\n"})
    assert where(found("s3://calls/l/*.wav")) == ["s3://calls/l/1_in.wav", "s3://calls/l/1_out.wav"]
    first, second = found("s3://calls/p")
    for item, content in ((first, sounds[0]), (second, sounds[1])):
        assert isinstance(item, Item)
        with local_copy(item.files[0]) as copy:
            assert copy.read_bytes() == content
    assert one("s3://calls/p/a.zip") == first
    row, missing = found("s3://calls/calls.csv")
    assert isinstance(row, Item)
    assert (row.info.agent, row.files) == ("ann", one("s3://calls/l/1_in.wav").files)
    assert isinstance(missing, BadItem)
    assert (missing.location, missing.kind) == ("s3://calls/calls.csv:3", "missing")
    pair = one("s3://calls/l", options=SourceOptions(pair=True))
    assert where([pair]) == ["s3://calls/l/1_in.wav"]
    assert len(pair.files) == 2


def test_a_manifest_here_may_name_objects_there(store: Any, sounds: list[bytes], tmp_path: Path) -> None:
    put(store, **{"a.wav": sounds[0]})
    (tmp_path / "calls.csv").write_text("path,call_id\ns3://calls/a.wav,17\n", encoding="utf-8")
    item = one(tmp_path / "calls.csv")
    assert (item.info.call_id, item.files) == ("17", one("s3://calls/a.wav").files)


def test_an_object_that_went_away_and_a_bucket_that_never_was_are_missing(store: Any, sounds: list[bytes]) -> None:
    put(store, **{"a.wav": sounds[0]})
    file = one("s3://calls/a.wav").files[0]
    store.rm("calls/a.wav")
    with pytest.raises(SourceError) as caught, local_copy(file):
        pass
    assert (caught.value.location, caught.value.kind) == ("s3://calls/a.wav", "missing")
    assert bad("s3://nowhere/calls").kind == "missing"
    assert bad("s3://nowhere").kind == "missing"


def test_a_store_that_gives_no_answer_is_a_failure_with_its_cause(store: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    type(store).clear_instance_cache()
    item = bad("s3://calls/a.wav")
    assert item.kind == "access"
    assert "127.0.0.1:9" in item.message


def test_a_client_that_is_not_installed_is_named_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    ours = builtins.__import__

    def without(name: str, *args: Any) -> Any:
        if name.split(".")[0] == "gcsfs":
            raise ImportError("no gcsfs")
        return ours(name, *args)

    monkeypatch.setattr(builtins, "__import__", without)
    monkeypatch.setitem(sys.modules, "gcsfs", None)
    with pytest.raises(SettingsError, match=r"gs:// is not installed: .* pip install 'audioqa\[gs\]'"):
        read_sources(["gs://bucket/calls"])


def test_a_scheme_that_nobody_knows_is_refused() -> None:
    with pytest.raises(SettingsError, match="s4:// cannot be read"):
        read_sources(["s4://bucket/calls"])


def test_a_row_of_a_scheme_that_nobody_knows_is_a_failure_of_its_own(tmp_path: Path) -> None:
    recording(tmp_path / "a.wav")
    (tmp_path / "calls.csv").write_text("path\ns4://bucket/a.wav\na.wav\n", encoding="utf-8")
    first, second = found(tmp_path / "calls.csv")
    assert isinstance(first, BadItem)
    assert (first.location, first.kind) == (f"{tmp_path}/calls.csv:2", "settings")
    assert isinstance(second, Item)


def test_reading_folders_loads_no_client_of_object_stores(tmp_path: Path) -> None:
    recording(tmp_path / "a.wav")
    code = (
        "import sys\n"
        "from audioqa.sources import read_sources\n"
        f"assert len(list(read_sources([{str(tmp_path)!r}]))) == 1\n"
        "print(sorted({'fsspec', 's3fs', 'botocore', 'aiohttp'} & set(sys.modules)))\n"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"
