"""From an estimator's own scale to the MOS scale of the narrowband context, on which clean G.711 is about 4.4.

An estimator's figures carry the listening test it was trained on: clean telephone speech gets 3.3 to 3.9 from one
of them. A `Calibration` is a strictly rising, piecewise-linear map. Those that come along were fitted on averages over
conditions, real speech through codecs, losses and noise whose MOS the E-model (ITU-T G.107) gives; `audioqa calibrate`
fits others to one's own listeners (`audioqa.perceptual.named_calibration`). A map moves and stretches the scale and
changes no order; what one score cannot tell apart, it cannot either.
"""

from __future__ import annotations

import itertools
import json
from bisect import bisect_left
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from audioqa.errors import WeightsError
from audioqa.perceptual.estimator import Estimator
from audioqa.types import Context


@dataclass(frozen=True)
class Calibration:
    """A monotone map from a raw score to a MOS.

    Parameters
    ----------
    name
        Name and version of the map.
    estimator
        Identity of the estimator that it was fitted for: another release or other weights need another map.
    context
        Listening context of the mapped scale.
    knots_x, knots_y
        Raw scores and their MOS, both strictly rising, at least two; `knots_y` within 1 to 5.
    residual
        Root of the mean square difference between map and anchor over single clips of conditions that the fit had not
        seen, MOS, at least 0: it holds how the estimator takes to one voice and to one condition. An interval of 90 %
        for one party is 1.645 times as wide to either side. It covers the anchors, not the difference between the
        anchors and listeners.

    Raises
    ------
    WeightsError
        Where the knots do not rise or the figures lie outside their ranges.

    Examples
    --------
    >>> straight = Calibration("straight", "example", "narrowband", (1.0, 4.0), (1.0, 4.5), 0.3)
    >>> straight.apply(2.5)
    2.75
    """

    name: str
    estimator: str
    context: Context
    knots_x: tuple[float, ...]
    knots_y: tuple[float, ...]
    residual: float

    def __post_init__(self) -> None:
        figures = (*self.knots_x, *self.knots_y, self.residual)
        rising = all(a < b for knots in (self.knots_x, self.knots_y) for a, b in itertools.pairwise(knots))
        if len(self.knots_x) != len(self.knots_y) or len(self.knots_x) < 2 or not rising:
            raise WeightsError(f"calibration {self.name}: two or more knots are needed that rise strictly in x and y")
        if not np.isfinite(figures).all() or self.knots_y[0] < 1 or self.knots_y[-1] > 5 or self.residual < 0:
            raise WeightsError(
                f"calibration {self.name}: its MOS must lie within 1 to 5 and its residual be at least 0"
            )

    @property
    def identity(self) -> str:
        """Name of the map, for the source of a score."""
        return self.name

    def apply(self, raw: float) -> float:
        """Map a raw score.

        Parameters
        ----------
        raw
            A finite score on the estimator's own scale.

        Returns
        -------
        float
            MOS; outside the knots the end segments go on, up to 1 and 5.
        """
        segment, slope = self._segment(raw), self.slope(raw)
        return float(min(5.0, max(1.0, self.knots_y[segment] + slope * (raw - self.knots_x[segment]))))

    def slope(self, raw: float) -> float:
        """MOS for each unit of the estimator's own scale, around a raw score; above 0."""
        x, y, segment = self.knots_x, self.knots_y, self._segment(raw)
        return (y[segment + 1] - y[segment]) / (x[segment + 1] - x[segment])

    def _segment(self, raw: float) -> int:
        return min(max(bisect_left(self.knots_x, raw) - 1, 0), len(self.knots_x) - 2)


def load_calibration(estimator: str, *, identity: str | None = None) -> Calibration:
    """Load the narrowband map that comes with audioqa for an estimator.

    Parameters
    ----------
    estimator
        Name, such as ``distillmos``.
    identity
        Identity of the estimator in use; where given, it must be the one that the map was fitted for.

    Returns
    -------
    Calibration
        From ``models/calibration/<estimator>-narrowband.json``.

    Raises
    ------
    WeightsError
        Where there is no such map, it cannot be read, or it belongs to another release of the estimator.
    """
    path = calibration_folder() / f"{estimator}-narrowband.json"
    calibration = read_calibration(path, of=repr(estimator))
    if identity is not None and calibration.estimator != identity:
        raise WeightsError(
            f"{path} was fitted for {calibration.estimator}, not {identity}: "
            f"fit it anew with python -m audioqa.lab.calibrate {estimator}"
        )
    return calibration


def calibrated_identity(estimator: Estimator) -> str:
    """The identity that a calibration names: the estimator's own; for callmos that of the release's default file."""
    from audioqa.perceptual.callmos import CallMos

    return estimator.calibrated if isinstance(estimator, CallMos) else estimator.identity


def read_calibration(path: Path, *, of: str) -> Calibration:
    """Read a map from its JSON file.

    Parameters
    ----------
    path
        The file.
    of
        What it is the map of, for the message.

    Raises
    ------
    WeightsError
        Where there is none or it cannot be used.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise WeightsError(f"{path}: there is no usable calibration for {of}: {error}") from error
    return _from_json(content, path)


def calibration_folder() -> Path:
    """The folder of the maps: in the source tree, or inside the installed package."""
    package = Path(__file__).parents[1]
    installed = package / "_models" / "calibration"
    return installed if installed.is_dir() else package.parent / "models" / "calibration"


def _from_json(content: Any, path: Path) -> Calibration:
    try:
        return Calibration(
            name=str(content["name"]),
            estimator=str(content["estimator"]),
            context=content["context"],
            knots_x=tuple(float(x) for x in content["knots_x"]),
            knots_y=tuple(float(y) for y in content["knots_y"]),
            residual=float(content["residual"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise WeightsError(f"{path}: not a calibration: {type(error).__name__}: {error}") from error
