"""Trials added up: recall, false events per hour with what chance allows, onset errors."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from audioqa.lab.trials import Quiet, Trial


@dataclass(frozen=True)
class Recall:
    """Faults found of those put in."""

    found: int
    total: int

    @property
    def share(self) -> float:
        """0 to 1; 0 where nothing was put in."""
        return self.found / self.total if self.total else 0.0

    def __str__(self) -> str:
        return f"{self.share:.2f} ({self.total})" if self.total else "–"


@dataclass(frozen=True)
class FalseEvents:
    """Events on speech without a fault."""

    events: int
    hours: float

    @property
    def rate(self) -> float:
        """Per hour; 0 for no hours."""
        return self.events / self.hours if self.hours else 0.0

    @property
    def upper(self) -> float:
        """Per hour: the rate that 95 % of the time would have given more events than were seen (Poisson, exact)."""
        from scipy.special import gammaincinv

        return float(gammaincinv(self.events + 1, 0.95)) / self.hours if self.hours else float("inf")


def recall(trials: Iterable[Trial]) -> Recall:
    """Recall over some trials."""
    outcome = [trial.found for trial in trials]
    return Recall(found=sum(outcome), total=len(outcome))


def false_events(quiet: Iterable[Quiet]) -> FalseEvents:
    """False events over some stretches."""
    stretches = list(quiet)
    return FalseEvents(
        events=sum(len(stretch.events) for stretch in stretches),
        hours=sum(stretch.seconds for stretch in stretches) / 3600,
    )


def onset_errors(trials: Iterable[Trial]) -> tuple[float, float]:
    """Median and 95th percentile, in seconds, of how far events begin from their faults; zeros where none was found."""
    errors = [abs(trial.onset) for trial in trials if trial.found]
    return (float(np.median(errors)), float(np.percentile(errors, 95))) if errors else (0.0, 0.0)
