"""The files of callmos: where they are, what they must be, and how wide its intervals are.

``models/callmos/manifest.json`` names every file with its SHA-256. A file counts only if its digest is the one there,
so that a score can name the weights that made it. ``models/callmos/export.py`` writes the folder.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from audioqa.errors import WeightsError

NAME = "callmos"

FILES = ("callmos.safetensors", "frames.onnx", "frames-int8.onnx", "opinions.onnx")
"""What a folder holds: named tensors for torch; the part that runs over time in float32 and in int8; the opinions."""


@dataclass(frozen=True)
class Intervals:
    """How far the labels of held-out conditions lay from the estimates.

    Parameters
    ----------
    quantile
        Multiple of a window's spread within which `coverage` of the labels lie (conformal, each condition once).
    coverage
        Share of the labels that an interval holds, 0 to 1.
    condition_residual
        Root of the mean square difference between conditions' mean estimate and label, MOS.
    spread_limit
        Spread, MOS, beyond which a window is out of the domain of the training: 99 % of the dev windows stay below.
    wider_beyond
        Factor by which the interval of such a window is wider, at least 1.
    label_to_listener
        Standard deviation between labels and listeners, MOS; no interval holds it.

    Raises
    ------
    WeightsError
        Where a figure lies outside its range.
    """

    quantile: float
    coverage: float = 0.9
    condition_residual: float = 0.0
    spread_limit: float = math.inf
    wider_beyond: float = 1.0
    label_to_listener: float = 0.0

    def __post_init__(self) -> None:
        least = min(self.quantile, self.condition_residual, self.spread_limit, self.label_to_listener)
        if not (least >= 0 and self.quantile < math.inf and 0 < self.coverage < 1 and self.wider_beyond >= 1):
            raise WeightsError(f"intervals of callmos outside their ranges: {self}")

    def out_of_domain(self, spread: float) -> bool:
        """Whether a window of this spread, MOS, is unlike what the network was trained on."""
        return spread > self.spread_limit

    def half_width(self, spread: float) -> float:
        """Half of the interval of a window of this spread, MOS."""
        return self.quantile * spread * (self.wider_beyond if self.out_of_domain(spread) else 1.0)

    @property
    def covers(self) -> str:
        """What an interval covers, in words."""
        words = (
            f"{100 * self.coverage:.0f} % of labels of conditions it had not heard, not the step from label to listener"
        )
        return words + (f" (±{self.label_to_listener:g} MOS)" if self.label_to_listener else "")


@dataclass(frozen=True)
class CallMosWeights:
    """A folder of weights whose files are what its manifest says.

    Parameters
    ----------
    folder
        Where the files are.
    version
        Release of the weights.
    default
        The file that runs over time where no other is asked for.
    files
        Hexadecimal SHA-256 by file name.
    intervals
        Widths of the intervals.
    """

    folder: Path
    version: str
    default: str
    files: Mapping[str, str]
    intervals: Intervals = field(repr=False)

    def identity(self, file: str) -> str:
        """Name, release and digest of a file, for example ``callmos 1 sha256:b18b3ac60227``."""
        return f"{NAME} {self.version} sha256:{self.files[file][:12]}"


def callmos_folder() -> Path:
    """The folder of the weights: in the source tree, or inside the installed package."""
    package = Path(__file__).parents[1]
    installed = package / "_models" / NAME
    return installed if installed.is_dir() else package.parent / "models" / NAME


def load_weights(folder: Path | None = None) -> CallMosWeights:
    """Read a manifest and verify every file it names.

    Parameters
    ----------
    folder
        None for the weights that come along.

    Raises
    ------
    WeightsError
        Where the manifest or a file is missing, a file is not the one named, or the manifest cannot be used.
    """
    folder = folder or callmos_folder()
    path = folder / "manifest.json"
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        weights = _from_json(folder, content)
    except OSError as error:
        raise WeightsError(
            f"{path}: the weights of callmos are missing ({error.strerror}): install audioqa anew"
        ) from error
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise WeightsError(f"{path}: not a manifest of callmos: {type(error).__name__}: {error}") from error
    for name, wanted in weights.files.items():
        file = folder / name
        if not file.is_file():
            raise WeightsError(
                f"{file} is missing, though {path.name} names it: an incomplete copy; install audioqa anew"
            )
        found = _sha256(file)
        if found != wanted:
            raise WeightsError(
                f"{file} has SHA-256 {found[:12]}..., not {wanted[:12]}...: damaged, a Git LFS pointer, or exported "
                f"without its {path.name}; install audioqa anew, or export it anew with models/callmos/export.py"
            )
    return weights


def write_manifest(folder: Path, *, version: str, default: str, intervals: Intervals) -> CallMosWeights:
    """Write the manifest of the files that are in a folder, and verify them.

    Parameters
    ----------
    folder
        Holds every one of `FILES`.
    version
        Release of the weights.
    default
        Which of them runs over time where no other is asked for.
    intervals
        Widths of the intervals.

    Raises
    ------
    WeightsError
        Where a file is missing.
    """
    missing = [name for name in FILES if not (folder / name).is_file()]
    if missing:
        raise WeightsError(f"{folder} lacks {', '.join(missing)}: export them first")
    figures = {name: value for name, value in asdict(intervals).items() if value != math.inf}
    content = {
        "name": NAME,
        "version": version,
        "default": default,
        "files": {name: _sha256(folder / name) for name in FILES},
        "intervals": figures,
    }
    (folder / "manifest.json").write_text(json.dumps(content, indent=1, allow_nan=False) + "\n", encoding="utf-8")
    return load_weights(folder)


def _from_json(folder: Path, content: Any) -> CallMosWeights:
    files = {str(name): str(digest) for name, digest in content["files"].items()}
    absent = [name for name in FILES if name not in files]
    if content["name"] != NAME or absent or content["default"] not in files:
        raise ValueError(f"it must be of {NAME}, name {', '.join(FILES)}, and one of them as the default")
    figures = {str(name): float(value) for name, value in content["intervals"].items()}
    return CallMosWeights(folder, str(content["version"]), str(content["default"]), files, Intervals(**figures))


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
