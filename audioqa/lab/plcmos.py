"""PLCMOS v2: what packet loss and its concealment cost, by a network that heard such clips.

Diener, Purin, Sootla, Saabas, Aichner and Cutler, "PLCMOS", Interspeech 2023.

The weights come with the package ``speechmos`` (MIT). They take a random vector in a rater's place, so that the package
gives another score at every call; here the vector is zero, which lies .22 below the mean of many (r .998).
"""

from __future__ import annotations

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from audioqa.perceptual.estimator import WindowOpinion, check_windows
from audioqa.perceptual.session import open_session
from audioqa.weights import ModelFile, find_model

PLCMOS = ModelFile(
    package="speechmos",
    requirements=("speechmos==0.0.1.1",),
    path="plcmos_models/plcmos_v2.onnx",
    sha256="c0ad3fc64ef9682b4749c0e96636b41c73b4b30bd123b9348feea06a96895286",
)

_POINTS, _HOP = 512, 256  # 32 ms and 16 ms at 16 kHz
_EMBEDDING = 64


class Plcmos:
    """Rates windows; the same interface as `audioqa.perceptual.estimator.Estimator`.

    Parameters
    ----------
    threads
        Threads that one window may use, at least 1.

    Raises
    ------
    WeightsError
        If the model is not installed.
    """

    identity = PLCMOS.identity.replace("speechmos", "plcmos")
    window = 8.0

    def __init__(self, *, threads: int = 1) -> None:
        self._session = open_session(find_model(PLCMOS), threads=threads)

    def score(self, windows: NDArray[np.float32]) -> list[WindowOpinion]:
        """Rate each window; see `audioqa.perceptual.estimator.Estimator.score`."""
        check_windows(windows)
        return [self._rate(window) for window in windows]

    def _rate(self, window: NDArray[np.float32]) -> WindowOpinion:
        rater = np.zeros((1, _EMBEDDING), np.float32)
        inputs = {"degraded_audio": _log_power(window)[None, None], "rater_embed": rater}
        return WindowOpinion(mos=float(self._session.run(None, inputs)[0]))


def _log_power(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Natural log power over 20, shape (frames, 257), from Hamming frames that begin one hop before the signal."""
    frames = -(-(len(samples) + _POINTS - _HOP) // _HOP)
    padded = np.zeros((frames - 1) * _HOP + _POINTS)
    padded[_POINTS - _HOP : _POINTS - _HOP + len(samples)] = samples
    windowed = np.lib.stride_tricks.sliding_window_view(padded, _POINTS)[::_HOP] * np.hamming(_POINTS + 1)[:-1]
    power = np.abs(scipy.fft.rfft(windowed, axis=1)) ** 2
    audible = power > 0
    log = np.full(power.shape, -80 / 10 * np.log(10))
    if audible.any():
        log[audible] = np.log(power[audible])
        log[~audible] = log[audible].min() - 12 * np.log(10)
    return (log / 20).astype(np.float32)
