"""Distill-MOS, the overall quality of 7.68 s of speech.

A convolutional transformer distilled from an XLS-R estimator (Stahl and Gamper, "Distillation and
pruning for scalable self-supervised representation-based speech quality assessment", ICASSP 2025;
package ``distillmos``, MIT). Its torch weights are exported once to ONNX, in a process of its own, so
that the process that scores never imports torch.

The network divides its input by its largest absolute sample: it cannot hear level.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from audioqa.errors import WeightsError
from audioqa.perceptual.estimator import WINDOW, WindowOpinion, check_windows
from audioqa.perceptual.session import open_session
from audioqa.weights import DISTILLMOS, cached, find_model

_INPUT = 122_880
"""Samples that the network takes: 7.68 s at 16 kHz."""

_EXPORTER = 1
"""Raised whenever the exported graph changes; part of the name in the cache."""


class DistillMos:
    """The estimator ``distillmos``; see `audioqa.perceptual.estimator.Estimator`.

    The package rates a file by overlapping segments of 7.68 s and averages them. Here a window is rated
    by one segment, its central 7.68 s; a shorter one is followed by zeros, as the package does.

    Parameters
    ----------
    threads
        Threads that one window may use, at least 1.

    Raises
    ------
    WeightsError
        If the weights are not installed or cannot be exported.
    SettingsError
        If `threads` is below 1.
    """

    identity = DISTILLMOS.identity
    window = WINDOW

    def __init__(self, *, threads: int = 1) -> None:
        path = cached(f"distillmos-{DISTILLMOS.sha256[:12]}-export{_EXPORTER}", _export)
        self._session = open_session(path, threads=threads)

    def score(self, windows: NDArray[np.float32]) -> list[WindowOpinion]:
        """Rate each window; see `audioqa.perceptual.estimator.Estimator.score`."""
        check_windows(windows)
        # One at a time is the fastest (a larger batch leaves the processor's cache) and takes the least memory.
        return [WindowOpinion(mos=self._rate(window)) for window in windows]

    def _rate(self, window: NDArray[np.float32]) -> float:
        segment = np.zeros((1, _INPUT), np.float32)
        start = max(0, (len(window) - _INPUT) // 2)
        part = window[start : start + _INPUT]
        segment[0, : len(part)] = part
        (mos,) = self._session.run(None, {"samples": segment})
        return float(mos[0])


def _export(path: Path) -> None:
    """Write the network to `path` as ONNX, by torch in a process of its own."""
    weights = find_model(DISTILLMOS)
    script = Path(__file__).with_name("distillmos_export.py")
    # -P: without it the script's folder comes first, and this module would stand in for the package.
    command = [sys.executable, "-P", str(script), str(weights), str(path)]
    done = subprocess.run(  # noqa: S603  our own script, on paths found here
        command, capture_output=True, text=True, env={**os.environ, "CUDA_VISIBLE_DEVICES": ""}, check=False
    )
    if done.returncode != 0:
        said = done.stderr.strip().splitlines()
        raise WeightsError(
            f"Distill-MOS could not be exported to ONNX ({said[-1] if said else f'exit code {done.returncode}'}); "
            f"it needs torch and: python -m pip install --no-deps {' '.join(DISTILLMOS.requirements)}"
        )
