"""PLCMOS 2: quality of packet loss concealment, for comparison with the product's estimators and not one of them.

A convolutional and recurrent network trained on crowd ratings of concealed speech (Diener, Purin, Sootla, Saabas,
Aichner and Cutler, "PLCMOS: a data-driven non-intrusive metric for the evaluation of packet loss concealment
algorithms", Interspeech 2023; package ``speechmos``, MIT). Beside the speech it takes an embedding of the rater, for
which the package draws random ones and averages. Here it is all zeros, the average rater, so that a score repeats.
"""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from audioqa.perceptual.estimator import WINDOW, WindowOpinion, check_windows
from audioqa.perceptual.session import open_session
from audioqa.weights import ModelFile, find_model

PLCMOS = ModelFile(
    package="speechmos",
    requirements=("speechmos==0.0.1.1",),
    path="plcmos_models/plcmos_v2.onnx",
    sha256="c0ad3fc64ef9682b4749c0e96636b41c73b4b30bd123b9348feea06a96895286",
)

_FRAME = 512
_HOP = 256
_RATER = 64  # values in the embedding of a rater
_WEIGHTS = np.hamming(_FRAME + 1)[:-1]
_SILENT_BIN = 1e-12  # a bin of exactly zero has this power relative to the weakest other (speechmos/plcmos.py)
_SILENCE = 1e-8  # power of every bin where all are exactly zero


class Plcmos:
    """PLCMOS with the interface of `audioqa.perceptual.estimator.Estimator`.

    Parameters
    ----------
    threads
        Threads that one window may use, at least 1.

    Raises
    ------
    WeightsError
        If the model is not installed.
    SettingsError
        If `threads` is below 1.
    """

    identity = PLCMOS.identity.replace("speechmos", "plcmos")
    window = WINDOW

    def __init__(self, *, threads: int = 1) -> None:
        self._session = open_session(find_model(PLCMOS), threads=threads)
        self._rater = np.zeros((1, _RATER), np.float32)

    def score(self, windows: NDArray[np.float32]) -> list[WindowOpinion]:
        """Rate each window; see `audioqa.perceptual.estimator.Estimator.score`."""
        check_windows(windows)
        return [WindowOpinion(mos=self._rate(window)) for window in windows]

    def _rate(self, window: NDArray[np.float32]) -> float:
        inputs = {"degraded_audio": log_spectrum(window)[None, None], "rater_embed": self._rater}
        (mos,) = self._session.run(None, inputs)
        return float(np.asarray(mos).item())


def log_spectrum(window: NDArray[np.float32]) -> NDArray[np.float32]:
    """What the network sees: a twentieth of the natural logarithm of the power spectrum.

    Parameters
    ----------
    window
        float32, shape ``(samples,)``, 16 kHz.

    Returns
    -------
    ndarray
        float32, shape ``(frames, 257)``: frames of 32 ms every 16 ms, the first one half before the window.
    """
    frames = -(-(len(window) + _HOP) // _HOP)
    padded = np.zeros((frames - 1) * _HOP + _FRAME)
    padded[_HOP : _HOP + len(window)] = window
    spectrum = np.fft.rfft(sliding_window_view(padded, _FRAME)[::_HOP] * _WEIGHTS)
    power = np.square(spectrum.real) + np.square(spectrum.imag)
    weakest = power[power > 0].min() * _SILENT_BIN if power.any() else _SILENCE
    return (np.log(np.where(power > 0, power, weakest)) / 20).astype(np.float32)
