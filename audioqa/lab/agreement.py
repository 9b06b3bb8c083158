"""Agreement of the estimators with listeners, before and after the calibration map: for reporting, never for fitting.

``python -m audioqa.lab.agreement`` scores the rated set noizeus_nb (8 sentence pairs in each of 12 conditions of noise
and modulated noise at 8 kHz; microsoft/P.808) and prints, per file and per condition (ITU-T P.1401), Pearson's and
Spearman's correlation, the root of the mean square error and the bias, with 95 % intervals by a bootstrap over
conditions and sentence pairs. The rating of a file is the mean opinion of its condition.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from audioqa.audio import Resampler, read_segment
from audioqa.lab.corpus import data_folder
from audioqa.perceptual.calibration import load_calibration
from audioqa.perceptual.estimator import RATE, Estimator
from audioqa.perceptual.loading import ESTIMATORS, load_estimator
from audioqa.types import Segment

ROUNDS = 2000
"""Draws of the bootstrap."""

SEED = 7

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Rated:
    """The rated set as a grid.

    Parameters
    ----------
    conditions, pairs
        Names of the rows and columns.
    paths
        File of each condition and sentence pair.
    mos
        Mean opinion of each condition, float64, shape ``(conditions,)``.
    """

    conditions: tuple[str, ...]
    pairs: tuple[str, ...]
    paths: tuple[tuple[Path, ...], ...]
    mos: Floats


def rated_set(folder: Path) -> Rated:
    """Read labels.csv of the rated set.

    Parameters
    ----------
    folder
        The folder that holds it and the files.

    Raises
    ------
    ValueError
        Where a condition lacks a sentence pair.
    """
    found: dict[str, dict[str, Path]] = {}
    mos: dict[str, float] = {}
    with (folder / "labels.csv").open(newline="", encoding="utf-8") as rows:
        for row in csv.DictReader(rows):
            found.setdefault(row["condition"], {})[row["file"].split("_")[0]] = folder / row["file"]
            mos[row["condition"]] = float(row["mos_ovrl"])
    conditions = tuple(sorted(found))
    pairs = tuple(sorted(set().union(*found.values())))
    for condition in conditions:
        if set(found[condition]) != set(pairs):
            raise ValueError(f"{folder}: condition {condition} lacks {sorted(set(pairs) - set(found[condition]))}")
    paths = tuple(tuple(found[condition][pair] for pair in pairs) for condition in conditions)
    return Rated(conditions, pairs, paths, np.array([mos[condition] for condition in conditions]))


def predict(estimator: Estimator, rated: Rated) -> Floats:
    """Raw score of every file, float64, shape ``(conditions, pairs)``; a file longer than a window gives its mean."""
    scores = np.zeros((len(rated.conditions), len(rated.pairs)))
    for row, paths in enumerate(rated.paths):
        for column, path in enumerate(paths):
            samples, rate = read_segment(path, Segment(0.0, 60.0))
            wide = Resampler(rate, RATE, channels=1).push(samples[:, :1], last=True)[:, 0]
            parts = np.array_split(wide, -(-len(wide) // round(estimator.window * RATE)))
            scores[row, column] = np.mean([estimator.score(part[None])[0].mos for part in parts])
    return scores


def plcc(predicted: Floats, observed: Floats) -> float:
    """Pearson's correlation."""
    return float(np.corrcoef(predicted, observed)[0, 1])


def srcc(predicted: Floats, observed: Floats) -> float:
    """Spearman's correlation, equal values sharing their mean rank."""
    return plcc(_ranks(predicted), _ranks(observed))


def rmse(predicted: Floats, observed: Floats) -> float:
    """Root of the mean square error."""
    return float(np.sqrt(np.mean(np.square(predicted - observed))))


def bias(predicted: Floats, observed: Floats) -> float:
    """Mean error, positive where the prediction is too high."""
    return float(np.mean(predicted - observed))


MEASURES: tuple[tuple[str, Callable[[Floats, Floats], float]], ...] = (
    ("PLCC", plcc),
    ("SRCC", srcc),
    ("RMSE", rmse),
    ("bias", bias),
)
"""What is printed, by name."""


def agreement(scores: Floats, mos: Floats, *, per_file: bool) -> list[tuple[float, float, float]]:
    """Each of `MEASURES` with its 95 % interval.

    Parameters
    ----------
    scores
        float64, shape ``(conditions, pairs)``.
    mos
        float64, shape ``(conditions,)``.
    per_file
        Against every file, or against the mean of each condition.

    Returns
    -------
    list of (value, low, high)
        By a bootstrap that draws conditions and sentence pairs with replacement.
    """

    def values(grid: Floats, opinion: Floats) -> list[float]:
        predicted = grid.ravel() if per_file else grid.mean(axis=1)
        observed = np.repeat(opinion, grid.shape[1]) if per_file else opinion
        return [measure(predicted, observed) for _, measure in MEASURES]

    rng = np.random.default_rng(SEED)
    rows, columns = scores.shape
    draws: list[list[float]] = []
    while len(draws) < ROUNDS:
        row, column = rng.integers(rows, size=rows), rng.integers(columns, size=columns)
        if len(np.unique(row)) > 2:  # two conditions always correlate perfectly
            draws.append(values(scores[np.ix_(row, column)], mos[row]))
    low, high = np.percentile(np.array(draws), [2.5, 97.5], axis=0)
    return list(zip(values(scores, mos), low.tolist(), high.tolist(), strict=True))


def main() -> int:
    """Print the table."""
    data = data_folder()
    folder = data / "rated" / "noizeus_nb" if data else None
    if folder is None or not (folder / "labels.csv").is_file():
        print("no rated set: set AUDIOQA_DATA to the folder of real audio", file=sys.stderr)  # noqa: T201
        return 1
    rated = rated_set(folder)
    count = len(rated.conditions) * len(rated.pairs)
    print(f"noizeus_nb: {count} files, {len(rated.conditions)} conditions; 95 % intervals by {ROUNDS} bootstrap draws")  # noqa: T201
    print(f"{'estimator':12}{'scale':8}{'per':11}" + "".join(f"{name:>21}" for name, _ in MEASURES))  # noqa: T201
    for name in ESTIMATORS:
        estimator = load_estimator(name)
        raw = predict(estimator, rated)
        mapped = np.vectorize(load_calibration(name, identity=estimator.identity).apply)(raw)
        for scale, scores in (("raw", raw), ("mapped", mapped)):
            for per_file in (True, False):
                cells = agreement(scores, rated.mos, per_file=per_file)
                row = "".join(f"{value:7.3f} [{low:5.2f}, {high:5.2f}]" for value, low, high in cells)
                print(f"{name:12}{scale:8}{'file' if per_file else 'condition':11}{row}")  # noqa: T201
    return 0


def _ranks(values: Floats) -> Floats:
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    return np.asarray((np.cumsum(counts) - (counts - 1) / 2)[inverse], np.float64)


if __name__ == "__main__":
    sys.exit(main())
