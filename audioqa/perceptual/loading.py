"""Estimators by name; each is imported only where it is asked for."""

from __future__ import annotations

from pathlib import Path

from audioqa.errors import SettingsError
from audioqa.perceptual.estimator import Estimator

ESTIMATORS = ("callmos", "distillmos", "dnsmos")
"""Estimators whose weights come along or are in packages."""

DEFAULT_ESTIMATOR = "callmos"
"""Estimator where none is named."""

TAKE_WEIGHTS = ("nisqa",)
"""Estimators whose weights the user supplies, because their licence keeps them out of any package here."""


def load_estimator(name: str, *, threads: int = 1, weights: Path | None = None, device: str = "cpu") -> Estimator:
    """Load an estimator by name.

    Parameters
    ----------
    name
        ``callmos``, ``distillmos``, ``dnsmos`` or ``nisqa``.
    threads
        Threads that one window may use, at least 1.
    weights
        The file of weights, for one of `TAKE_WEIGHTS`; None for any other.
    device
        Where callmos runs: ``cpu``, ``cuda`` or ``auto``; the others run on the processor.

    Returns
    -------
    Estimator
        Ready to score.

    Raises
    ------
    SettingsError
        If there is no estimator of that name, it lacks a file of weights or takes none, or `threads` is below 1.
    WeightsError
        If its weights are not installed, or the file holds no weights of it.
    """
    if weights is not None and name in ESTIMATORS:
        raise SettingsError(
            f"the estimator {name} takes no weights, given {weights}: only {', '.join(TAKE_WEIGHTS)} does"
        )
    match name:
        case "callmos":
            from audioqa.perceptual.callmos import CallMos

            return CallMos(threads=threads, device=device)
        case "distillmos":
            from audioqa.perceptual.distillmos import DistillMos

            return DistillMos(threads=threads)
        case "dnsmos":
            from audioqa.perceptual.dnsmos import Dnsmos

            return Dnsmos(threads=threads)
        case "nisqa":
            if weights is None:
                raise SettingsError(
                    "the estimator nisqa needs a file of weights (--weights, AUDIOQA_WEIGHTS or weights = in the "
                    "configuration): nisqa.tar from github.com/gabrielmittag/NISQA, CC BY-NC-SA 4.0"
                )
            from audioqa.perceptual.nisqa import Nisqa

            return Nisqa(weights, threads=threads)
        case _:
            known = ", ".join((*ESTIMATORS, *TAKE_WEIGHTS))
            raise SettingsError(f"there is no estimator {name!r}; there are {known}")
