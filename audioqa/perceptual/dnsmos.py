"""DNSMOS P.835: speech signal, background and overall quality of 9.01 s of audio.

A convolutional network trained on P.835 ratings of noise suppressors (Reddy, Gopal and Cutler,
"DNSMOS P.835", ICASSP 2022; package ``speechmos``, MIT). It hears noise, hum and level, and hardly
codecs or bandwidth.
"""

from __future__ import annotations

from typing import cast

import numpy as np
from numpy.typing import NDArray

from audioqa.perceptual.estimator import WINDOW, WindowOpinion, check_windows
from audioqa.perceptual.session import open_session
from audioqa.weights import DNSMOS, find_model

_INPUT = 144_160
"""Samples that the network takes: 9.01 s at 16 kHz."""

# From the network's outputs to P.835 MOS: polynomials of degree two, highest power first, as in
# speechmos/dnsmos.py, get_polyfit_val (the same in dnsmos_local.py of microsoft/DNS-Challenge).
_SIGNAL = (-0.08397278, 1.22083953, 0.0052439)
_BACKGROUND = (-0.13166888, 1.60915514, -0.39604546)
_OVERALL = (-0.06766283, 1.11546468, 0.04602535)


class Dnsmos:
    """The estimator ``dnsmos``; see `audioqa.perceptual.estimator.Estimator`.

    `WindowOpinion.mos` is OVRL; the dimensions are ``sig`` and ``bak``. A window is repeated until it
    fills the network's 9.01 s, as the package does with short clips, and is rated once. The package
    rates several shifts of the repeated clip and loses some of them to a rounding error.

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

    identity = DNSMOS.identity.replace("speechmos", "dnsmos")
    window = WINDOW

    def __init__(self, *, threads: int = 1) -> None:
        self._session = open_session(find_model(DNSMOS), threads=threads)

    def score(self, windows: NDArray[np.float32]) -> list[WindowOpinion]:
        """Rate each window; see `audioqa.perceptual.estimator.Estimator.score`."""
        check_windows(windows)
        # A larger batch is no faster and takes 75 MB more a window.
        return [self._rate(window) for window in windows]

    def _rate(self, window: NDArray[np.float32]) -> WindowOpinion:
        repeated = np.resize(window, (1, _INPUT)).astype(np.float32, copy=False)
        ((raw,),) = self._session.run(None, {"input_1": repeated})
        signal, background, overall = cast(list[float], raw.tolist())
        return WindowOpinion(
            mos=float(np.polyval(_OVERALL, overall)),
            dimensions={
                "sig": float(np.polyval(_SIGNAL, signal)),
                "bak": float(np.polyval(_BACKGROUND, background)),
            },
        )
