"""Estimators against listeners: agreement per file and per condition, with intervals and paired differences.

The intervals are percentile bootstrap intervals of 95 %. A draw takes conditions with replacement and, within each,
files with replacement; without conditions it takes files. Mappings are fitted anew in each draw, for they were
fitted to the very data. Every draw serves all estimators, so that their differences are paired: what makes a set of
files easy or hard for all of them cancels.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audioqa.errors import MeasurementError
from audioqa.evaluation.labels import LEAST_CONDITIONS, Label, by_condition
from audioqa.evaluation.mapping import fit_mapping, mapping_order
from audioqa.evaluation.measures import MEASURES, NO_INTERVALS, UNDEFINED, Floats, measured
from audioqa.evaluation.results import Agreement, Estimate, EstimatorAgreement, Evaluation, Figures
from audioqa.types import Skipped

DRAWS = 2000
"""Draws of the bootstrap."""

SEED = 7
"""Seed of the draws."""

LEAST_POINTS = 3
"""Files, or conditions, that agreement needs: two always correlate perfectly."""


@dataclass(frozen=True)
class _Opinions:
    """The labels as arrays: opinions, intervals or None, and whether a file carries the figures of its condition."""

    mos: Floats
    ci: Floats | None
    shared: NDArray[np.bool_]


@dataclass(frozen=True)
class _Sample:
    """One draw: places of the files and, where there are conditions, how many belong to each in turn."""

    places: NDArray[np.int64]
    counts: NDArray[np.int64] | None


@dataclass(frozen=True)
class _Points:
    """What is compared on one level: predictions, shape ``(estimators, n)``, opinions and their intervals."""

    predicted: Floats
    observed: Floats
    ci: Floats | None


def evaluate(
    labels: Sequence[Label],
    scores: Mapping[str, Sequence[float]],
    *,
    sources: Mapping[str, str] | None = None,
    draws: int = DRAWS,
    seed: int = SEED,
) -> Evaluation:
    """Compare estimators with listeners.

    Parameters
    ----------
    labels
        At least `LEAST_POINTS`.
    scores
        By estimator, a score for each label in the same order; at least one estimator.
    sources
        Identity of each estimator, by name.
    draws, seed
        Of the bootstrap; at least one draw.

    Raises
    ------
    MeasurementError
        Where there are too few labels, or a list of scores has another length or holds what is not finite.
    """
    kept = tuple(labels)
    if len(kept) < LEAST_POINTS:
        raise MeasurementError(f"agreement with listeners needs {LEAST_POINTS} scored files, given {len(kept)}")
    if any(len(values) != len(kept) or not np.isfinite(values).all() for values in scores.values()):
        raise MeasurementError(f"every estimator needs {len(kept)} finite scores, one for each label")
    grid = np.array([list(values) for values in scores.values()], dtype=np.float64)
    groups = [np.array(places) for places in by_condition(kept).values()]
    opinions = _opinions(kept)
    everything = np.concatenate(groups) if groups else np.arange(len(kept))
    counts = np.array([len(places) for places in groups]) if groups else None
    whole = _levels(grid, opinions, _Sample(everything, counts))
    orders = [mapping_order(len(points.observed)) for points in whole]
    values = _figures(whole, orders)
    rng = np.random.default_rng(seed)
    drawn = np.stack([_figures(_levels(grid, opinions, _draw(len(kept), groups, rng)), orders) for _ in range(draws)])
    too_few = Skipped("agreement", None, f"fewer than {LEAST_CONDITIONS} conditions are labelled")
    estimators = []
    for index, (name, given) in enumerate(scores.items()):
        per = [
            _agreement(points, order, index, values[:, level], drawn[:, :, level], has_ci=points.ci is not None)
            for level, (points, order) in enumerate(zip(whole, orders, strict=True))
        ]
        estimators.append(
            EstimatorAgreement(
                name=name,
                source=(sources or {}).get(name, name),
                scores=tuple(map(float, given)),
                per_file=per[0],
                per_condition=per[1] if groups else too_few,
            )
        )
    return Evaluation(kept, tuple(estimators), "conditions" if groups else "files", draws, seed)


def _draw(files: int, groups: Sequence[NDArray[np.int64]], rng: np.random.Generator) -> _Sample:
    """Units with replacement, until there are as many different ones as agreement needs."""
    units = len(groups) or files
    while True:
        drawn = rng.integers(units, size=units)
        if len(np.unique(drawn)) >= LEAST_POINTS:
            break
    if not groups:
        return _Sample(drawn, None)
    inner = [rng.choice(groups[unit], size=len(groups[unit])) for unit in drawn]
    return _Sample(np.concatenate(inner), np.array(list(map(len, inner))))


def _opinions(labels: Sequence[Label]) -> _Opinions:
    carried: dict[str | None, set[tuple[float, float | None]]] = {}
    for label in labels:
        carried.setdefault(label.condition, set()).add((label.mos, label.ci))
    intervals = [label.ci for label in labels if label.ci is not None]
    return _Opinions(
        mos=np.array([label.mos for label in labels]),
        ci=np.array(intervals) if len(intervals) == len(labels) else None,
        shared=np.array([len(carried[label.condition]) == 1 for label in labels]),
    )


def _levels(grid: Floats, opinions: _Opinions, sample: _Sample) -> list[_Points]:
    """The points of one draw per file and, where there are conditions, per condition.

    A condition's opinion is the mean over its files, and so is its prediction. The intervals of n files that were
    rated on their own combine to ``sqrt(sum(ci^2)) / n``. Where all files of a condition carry one opinion and one
    interval, these are the condition's own already.
    """
    at = sample.places
    predicted, observed = grid[:, at], opinions.mos[at]
    ci = None if opinions.ci is None else opinions.ci[at]
    levels = [_Points(predicted, observed, ci)]
    if sample.counts is not None:
        starts = np.cumsum(sample.counts) - sample.counts
        means = [np.add.reduceat(values, starts, axis=-1) / sample.counts for values in (predicted, observed)]
        if ci is not None:
            combined = np.sqrt(np.add.reduceat(np.square(ci), starts)) / sample.counts
            ci = np.where(opinions.shared[at[starts]], ci[starts], combined)
        levels.append(_Points(means[0], means[1], ci))
    return levels


def _figures(levels: Sequence[_Points], orders: Sequence[int]) -> Floats:
    """Every measure: float64, shape ``(estimators, levels, 2, measures)``, before and after the mapping."""
    return np.array(
        [
            [_before_and_after(points, order, index) for points, order in zip(levels, orders, strict=True)]
            for index in range(len(levels[0].predicted))
        ]
    )


def _before_and_after(points: _Points, order: int, index: int) -> tuple[Floats, Floats]:
    predicted = points.predicted[index]
    mapped = fit_mapping(predicted, points.observed, order=order)(predicted)
    return (
        measured(predicted, points.observed, points.ci, fitted=0),
        measured(mapped, points.observed, points.ci, fitted=order + 1),
    )


def _agreement(points: _Points, order: int, index: int, values: Floats, drawn: Floats, *, has_ci: bool) -> Agreement:
    own, own_drawn = values[index], drawn[:, index]
    difference, difference_drawn = own - values[0], own_drawn - drawn[:, 0]
    return Agreement(
        points=len(points.observed),
        order=order,
        mapping=fit_mapping(points.predicted[index], points.observed, order=order),
        unmapped=_estimates(own[0], own_drawn[:, 0], has_ci=has_ci),
        mapped=_estimates(own[1], own_drawn[:, 1], has_ci=has_ci),
        unmapped_difference=_estimates(difference[0], difference_drawn[:, 0], has_ci=has_ci) if index else {},
        mapped_difference=_estimates(difference[1], difference_drawn[:, 1], has_ci=has_ci) if index else {},
    )


def _estimates(values: Floats, drawn: Floats, *, has_ci: bool) -> Figures:
    """By measure, the value with the middle 95 % of its draws; draws that leave it undefined do not count."""
    found: dict[str, Estimate | Skipped] = {}
    for measure, value, column in zip(MEASURES, values.tolist(), drawn.T, strict=True):
        defined = column[np.isfinite(column)]
        if math.isnan(value) or len(defined) == 0:
            missing = not has_ci and measure in ("RMSE*", "outliers")
            found[measure] = Skipped(measure, None, NO_INTERVALS if missing else UNDEFINED[measure])
        else:
            low, high = np.percentile(defined, [2.5, 97.5])
            found[measure] = Estimate(value, float(low), float(high))
    return found
