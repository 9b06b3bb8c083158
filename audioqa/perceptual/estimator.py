"""Non-intrusive estimators: windows of one channel in, opinions on the model's own scale out.

Every estimator is a network that someone trained on listeners' ratings. What it says of a window is
raw: calibration to a reporting scale, pooling over a call and gating by speech are done elsewhere,
because a network gives silence, ringback and music a number too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from audioqa.errors import MeasurementError

RATE = 16_000
"""Sampling rate of a window, Hz."""

WINDOW = 8.0
"""Longest window, seconds."""


@dataclass(frozen=True)
class WindowOpinion:
    """What an estimator says of one window.

    Parameters
    ----------
    mos
        Overall quality on the model's own scale, nominally 1 (bad) to 5 (excellent).
    dimensions
        Further scores of the same model, 1 (worst) to 5 (best), by name; empty where it has none.
    wideband
        Overall quality in the wideband context, 1 to 5, where the model tells the contexts apart and `mos` is meant in
        the narrowband one.
    spread
        How unsure the model is of `mos`, MOS, where it says so.
    codecs
        Probabilities of families of codecs by name, which add up to 1; empty where it tells none.
    """

    mos: float
    dimensions: Mapping[str, float] = field(default_factory=dict)
    wideband: float | None = None
    spread: float | None = None
    codecs: Mapping[str, float] = field(default_factory=dict)


class Estimator(Protocol):
    """A network that rates windows of one channel without a reference."""

    @property
    def identity(self) -> str:
        """Model, release and digest of the weights."""
        ...

    @property
    def window(self) -> float:
        """Longest window that it takes, seconds."""
        ...

    def score(self, windows: NDArray[np.float32]) -> list[WindowOpinion]:
        """Rate each window; memory does not grow with their number.

        Parameters
        ----------
        windows
            float32, shape ``(count, samples)``, 16 kHz, unedited and not rescaled; 1 to 128,000 samples each.

        Returns
        -------
        list of WindowOpinion
            One for each window, in order.

        Raises
        ------
        MeasurementError
            If the shape is another one, or a sample is not finite.
        """
        ...


def check_windows(windows: NDArray[np.float32]) -> None:
    """Refuse windows that no estimator can rate.

    Parameters
    ----------
    windows
        float32, shape ``(count, samples)``, 16 kHz.

    Raises
    ------
    MeasurementError
        As `Estimator.score` says.
    """
    longest = round(WINDOW * RATE)
    if windows.ndim != 2 or not 1 <= windows.shape[1] <= longest:
        raise MeasurementError(
            f"windows must have shape (count, 1 to {longest} samples), given {windows.shape}: "
            "cut the channel into windows of 8 s at 16 kHz"
        )
    if not np.isfinite(windows).all():
        raise MeasurementError("windows must hold finite samples, given NaN or infinity")
