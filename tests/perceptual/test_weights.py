"""Model files: found without importing their package, verified, and derived files cached."""

from __future__ import annotations

import hashlib
import threading
from pathlib import Path

import pytest

from audioqa.errors import WeightsError
from audioqa.weights import DISTILLMOS, DNSMOS, SILERO, ModelFile, cache_folder, cached, find_model

CONTENT = b"weights"


@pytest.fixture
def published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModelFile:
    """A model file inside a package that cannot be imported."""
    package = tmp_path / "published_model"
    package.mkdir()
    (package / "__init__.py").write_text("raise RuntimeError('the package was imported')")
    (package / "model.onnx").write_bytes(CONTENT)
    monkeypatch.syspath_prepend(tmp_path)
    return ModelFile("published_model", ("published-model==1.2",), "model.onnx", hashlib.sha256(CONTENT).hexdigest())


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "cache"
    monkeypatch.setenv("AUDIOQA_CACHE", str(folder))
    return folder


def test_a_model_file_is_found_without_importing_its_package(published: ModelFile) -> None:
    assert find_model(published).read_bytes() == CONTENT


def test_a_damaged_model_file_is_refused_with_the_command_that_mends_it(published: ModelFile) -> None:
    find_model(published).write_bytes(CONTENT + b"!")
    with pytest.raises(WeightsError, match=r"SHA-256.*pip install --no-deps published-model==1\.2 --force-reinstall"):
        find_model(published)


def test_a_release_without_the_file_is_refused_with_the_command_that_installs_it(published: ModelFile) -> None:
    find_model(published).unlink()
    with pytest.raises(WeightsError, match=r"is missing.*pip install --no-deps published-model==1\.2"):
        find_model(published)


def test_a_missing_package_is_named_with_the_command_that_installs_it() -> None:
    absent = ModelFile("no_such_package_here", ("no-such-package==3", "its-part==1"), "model.onnx", "0" * 64)
    with pytest.raises(WeightsError, match=r"not installed: .*--no-deps no-such-package==3 its-part==1"):
        find_model(absent)


@pytest.mark.parametrize("model", [DISTILLMOS, DNSMOS, SILERO], ids=lambda model: model.package)
def test_the_pinned_packages_hold_the_pinned_files(model: ModelFile) -> None:
    assert hashlib.sha256(find_model(model).read_bytes()).hexdigest() == model.sha256


def test_what_the_code_asks_for_is_what_packages_txt_installs() -> None:
    listing = Path(__file__).parents[2] / "models" / "packages.txt"
    pinned = {line for line in listing.read_text().splitlines() if not line.startswith("#")}
    assert pinned == {requirement for model in (DISTILLMOS, DNSMOS, SILERO) for requirement in model.requirements}


def test_a_derived_file_is_made_once(cache: Path) -> None:
    first = cached("net-1", lambda path: path.write_bytes(b"derived"))
    assert first.parent == cache
    assert first.read_bytes() == b"derived"
    assert cached("net-1", _must_not_be_called) == first


def test_a_derived_file_of_another_version_is_not_taken(cache: Path) -> None:
    cached("net-1", lambda path: path.write_bytes(b"one"))
    assert cached("net-2", lambda path: path.write_bytes(b"two")).read_bytes() == b"two"
    assert len(list(cache.iterdir())) == 2


def test_a_derived_file_damaged_on_disk_is_made_again(cache: Path) -> None:
    cached("net-1", lambda path: path.write_bytes(b"derived")).write_bytes(b"deriv")
    again = cached("net-1", lambda path: path.write_bytes(b"derived"))
    assert again.parent == cache
    assert again.read_bytes() == b"derived"


def test_a_derivation_that_fails_leaves_nothing_behind(cache: Path) -> None:
    def half(path: Path) -> None:
        path.write_bytes(b"half")
        raise WeightsError("the exporter failed")

    with pytest.raises(WeightsError, match="the exporter failed"):
        cached("net-1", half)
    assert list(cache.iterdir()) == []


def test_two_that_make_the_same_file_at_once_both_get_all_of_it(cache: Path) -> None:
    both_at_work = threading.Barrier(2, timeout=10)
    got: list[bytes] = []

    def make(path: Path) -> None:
        path.write_bytes(b"first half, ")
        both_at_work.wait()
        with path.open("ab") as file:
            file.write(b"second half")

    threads = [threading.Thread(target=lambda: got.append(cached("net-1", make).read_bytes())) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert got == [b"first half, second half"] * 2
    assert len(list(cache.iterdir())) == 1


def test_a_cache_folder_that_cannot_be_written_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("AUDIOQA_CACHE", str(tmp_path / "file" / "cache"))
    with pytest.raises(WeightsError, match=r"cannot write to the cache folder.*AUDIOQA_CACHE"):
        cached("net-1", _must_not_be_called)


def test_the_cache_follows_the_xdg_specification(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AUDIOQA_CACHE", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache_folder() == tmp_path / "xdg" / "audioqa"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative/is/ignored")
    assert cache_folder() == tmp_path / "home" / ".cache" / "audioqa"


def _must_not_be_called(path: Path) -> None:
    raise AssertionError(f"{path} was made although it need not be")
