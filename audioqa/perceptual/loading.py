"""Estimators by name; each is imported only where it is asked for."""

from __future__ import annotations

from audioqa.errors import SettingsError
from audioqa.perceptual.estimator import Estimator

ESTIMATORS = ("distillmos", "dnsmos")
"""Names that `load_estimator` knows."""


def load_estimator(name: str, *, threads: int = 1) -> Estimator:
    """Load an estimator by name.

    Parameters
    ----------
    name
        ``distillmos`` or ``dnsmos``.
    threads
        Threads that one window may use, at least 1.

    Returns
    -------
    Estimator
        Ready to score.

    Raises
    ------
    SettingsError
        If there is no estimator of that name, or `threads` is below 1.
    WeightsError
        If its weights are not installed.
    """
    match name:
        case "distillmos":
            from audioqa.perceptual.distillmos import DistillMos

            return DistillMos(threads=threads)
        case "dnsmos":
            from audioqa.perceptual.dnsmos import Dnsmos

            return Dnsmos(threads=threads)
        case _:
            raise SettingsError(f"there is no estimator {name!r}; there are {', '.join(ESTIMATORS)}")
