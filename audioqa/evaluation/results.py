"""What an evaluation says: estimates with intervals, per file and per condition, for each estimator."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from audioqa.evaluation.labels import Label
from audioqa.evaluation.mapping import MappingFunction
from audioqa.types import Skipped


@dataclass(frozen=True)
class Estimate:
    """A figure with its 95 % interval."""

    value: float
    low: float
    high: float


Figures = Mapping[str, Estimate | Skipped]
"""Estimates by measure."""


@dataclass(frozen=True)
class Agreement:
    """Agreement over all files, or over the means of all conditions.

    Parameters
    ----------
    points
        Number of files, or of conditions.
    order
        Order of the mapping: 3, or 1 with few points.
    mapping
        The mapping of P.1401.
    unmapped, mapped
        Figures before and after the mapping, by measure.
    unmapped_difference, mapped_difference
        The same, minus those of the first estimator; empty for the first one.
    """

    points: int
    order: int
    mapping: MappingFunction
    unmapped: Figures
    mapped: Figures
    unmapped_difference: Figures
    mapped_difference: Figures


@dataclass(frozen=True)
class EstimatorAgreement:
    """One estimator.

    Parameters
    ----------
    name, source
        Its name, and the identity of model, weights and calibration.
    scores
        Its score of each file, MOS.
    per_file, per_condition
        Its agreement with the listeners.
    """

    name: str
    source: str
    scores: tuple[float, ...]
    per_file: Agreement
    per_condition: Agreement | Skipped


@dataclass(frozen=True)
class Evaluation:
    """Estimators next to listeners.

    Parameters
    ----------
    labels
        The files that were compared.
    estimators
        In the order given; differences are to the first.
    drawn
        What the bootstrap drew: ``conditions`` (and files in them) or ``files``.
    draws, seed
        How many draws, and their seed.
    """

    labels: tuple[Label, ...]
    estimators: tuple[EstimatorAgreement, ...]
    drawn: str
    draws: int
    seed: int
