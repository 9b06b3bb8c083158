"""A calibration fitted to one's own listeners, from an estimator's raw scores of the recordings that they rated.

The map is isotonic (`audioqa.perceptual.isotonic`): through the means of the conditions where at least three are
labelled, else through the files. Its residual is that of single files, cross-validated: each condition, or each tenth
of the files, is mapped by a fit to all others.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from audioqa.errors import MeasurementError, SettingsError
from audioqa.evaluation.labels import Label, by_condition
from audioqa.evaluation.measures import Floats, spearman
from audioqa.perceptual.calibration import Calibration
from audioqa.perceptual.isotonic import isotonic, rising_map

LEAST_FILES = 8
"""Files that a fit needs."""

LEAST_OPINIONS = 3
"""Different opinions that a fit needs."""

LOW_CORRELATION = 0.6
"""Rank correlation below which a fit is doubtful: a map cannot mend an order that the listeners do not share. The
estimators that come along reach 0.9 on the rated set of docs/agreement.md."""

FOLDS = 10
"""Parts of the files for cross-validation, where there are no conditions."""

SEED = 11
"""Seed of the parts."""

_Places = NDArray[np.int64]

ListenersContext = Literal["narrowband", "wideband"]

CEILING: dict[ListenersContext, float] = {"narrowband": 4.5, "wideband": 5.0}
"""MOS of raw 5 where the labels do not go as far: the highest of the narrowband E-model (ITU-T G.107), and the end of
the scale."""


@dataclass(frozen=True)
class ListenersFit:
    """A calibration and what it rests on.

    Parameters
    ----------
    calibration
        The map.
    files, conditions
        How many files, and conditions (0 where files were fitted).
    srcc
        Rank correlation of raw scores and opinions over what was fitted, above 0, at most 1.
    """

    calibration: Calibration
    files: int
    conditions: int
    srcc: float

    @property
    def doubtful(self) -> bool:
        """Whether estimator and listeners hardly agree on the order."""
        return self.srcc < LOW_CORRELATION

    def provenance(self, labels: Path) -> dict[str, Any]:
        """For the stored file; `labels` is the CSV file, whose digest is kept."""
        return {
            "made_by": "audioqa calibrate",
            "labels": labels.name,
            "labels_sha256": hashlib.sha256(labels.read_bytes()).hexdigest(),
            "files": self.files,
            "conditions": self.conditions,
            "srcc": round(self.srcc, 4),
        }


def listeners_context(name: str) -> ListenersContext:
    """The listening context of that name.

    Raises
    ------
    SettingsError
        Where it is neither ``narrowband`` nor ``wideband``.
    """
    for context in CEILING:
        if context == name:
            return context
    raise SettingsError(f"a listening context is {' or '.join(CEILING)}, given {name!r}")


def fit_listeners(
    labels: Sequence[Label], raw: Sequence[float], *, name: str, estimator: str, context: ListenersContext
) -> ListenersFit:
    """Fit a map from raw scores to listeners' opinions.

    Parameters
    ----------
    labels
        At least `LEAST_FILES`, with at least `LEAST_OPINIONS` different opinions.
    raw
        The estimator's score of each, on its own scale.
    name
        Name of the calibration.
    estimator
        Identity of the estimator.
    context
        What the listeners knew as best: telephone band, or wideband too.

    Raises
    ------
    MeasurementError
        Where there are too few files or opinions, or the scores do not rise with the opinions.
    """
    kept, scores = tuple(labels), np.array(raw, dtype=np.float64)
    mos = np.array([label.mos for label in kept])
    if len(kept) < LEAST_FILES:
        raise MeasurementError(f"a calibration needs {LEAST_FILES} scored files at least, given {len(kept)}")
    if len(np.unique(mos)) < LEAST_OPINIONS:
        raise MeasurementError(
            f"a calibration needs {LEAST_OPINIONS} different mos at least, given {len(np.unique(mos))}: "
            "have recordings of other quality rated as well"
        )
    groups = [np.array(places) for places in by_condition(kept).values()]
    units = groups or [np.array([place]) for place in range(len(kept))]
    x, y = _means(scores, units), _means(mos, units)
    correlation = spearman(x, y)
    if not correlation > 0 or len(isotonic(x, y)[0]) < 2:
        raise MeasurementError("the scores do not rise with the listeners' mos, so that no rising map fits them")
    folds = groups or _folds(len(kept))
    knots = rising_map(x, y, ceiling=CEILING[context])
    residual = _residual(scores, mos, units, folds, ceiling=CEILING[context])
    return ListenersFit(
        Calibration(name, estimator, context, *knots, round(residual, 4)), len(kept), len(groups), correlation
    )


def _means(values: Floats, units: Sequence[_Places]) -> Floats:
    return np.array([values[places].mean() for places in units])


def _folds(files: int) -> list[_Places]:
    return np.array_split(np.random.default_rng(SEED).permutation(files), FOLDS)


def _residual(
    scores: Floats, mos: Floats, units: Sequence[_Places], folds: Sequence[_Places], *, ceiling: float
) -> float:
    """Root mean square error over single files, each mapped by a fit to the units that share no file with its fold."""
    errors: list[float] = []
    for fold in folds:
        others = [places for places in units if not np.isin(places, fold).any()]
        x, y = rising_map(_means(scores, others), _means(mos, others), ceiling=ceiling)
        left_out = Calibration("", "", "narrowband", x, y, 0.0)
        errors += [left_out.apply(float(scores[place])) - float(mos[place]) for place in fold]
    return math.sqrt(float(np.mean(np.square(errors))))
