"""callmos, our own estimator: the quality of a call, and what is heard in it.

A small temporal convolutional network (`audioqa.perceptual.callmos_network`) on feature rows that the measuring pass
makes anyway (`audioqa.perceptual.callmos_features`). It is trained in ``models/callmos`` on simulated telephone calls,
labelled by several teachers and by what the simulation knows. One part runs over time and tells speech, tones and music
apart; the other makes opinions of any span's sums. Levels are absolute: it hears a call that is too quiet.

On the processor it runs in ONNX Runtime and never imports torch; on a GPU in torch, where that is asked for.
"""

from __future__ import annotations

from pathlib import Path
from typing import cast

import numpy as np
from numpy.typing import NDArray

from audioqa.errors import MeasurementError, SettingsError
from audioqa.perceptual.callmos_features import HOP, features
from audioqa.perceptual.callmos_layout import CODECS, DIMENSIONS, ROWS
from audioqa.perceptual.callmos_stream import (
    LONG_CHUNK,
    CallMosStream,
    FramesRun,
    speech_probability,
    whole_bins,
)
from audioqa.perceptual.callmos_weights import CallMosWeights, load_weights
from audioqa.perceptual.estimator import RATE, WINDOW, WindowOpinion, check_windows
from audioqa.perceptual.session import open_session

DEVICES = ("auto", "cpu", "cuda")
"""Where the network may run; ``auto`` takes a GPU where torch finds one."""

SUMS_RATE = 1 / (ROWS * HOP)
"""Rows of sums a second: 2.5."""

_LEAST_LOG_SPREAD, _GREATEST_LOG_SPREAD = -4.0, 1.0  # beyond these the training let the spread drift


class CallMos:
    """The estimator ``callmos``; see `audioqa.perceptual.estimator.Estimator`.

    `WindowOpinion.mos` is meant in the narrowband context, `wideband` in the wideband one.

    Parameters
    ----------
    threads
        Threads that one chunk may use, at least 1.
    device
        ``cpu``, ``cuda`` or ``auto``; torch is imported for the last two only.
    folder
        Weights in place of those that come along.
    file
        The file that runs over time, in place of the manifest's default; on a GPU it is always the tensors.

    Raises
    ------
    WeightsError
        If the weights are missing, or a file is not the one that the manifest names.
    SettingsError
        If there is no such device, or `threads` is below 1.
    """

    window = WINDOW

    frame = HOP
    """Seconds per row: of speech probabilities and kinds."""

    def __init__(
        self, *, threads: int = 1, device: str = "cpu", folder: Path | None = None, file: str | None = None
    ) -> None:
        if device not in DEVICES:
            raise SettingsError(f"there is no device {device!r}; there are {', '.join(DEVICES)}")
        self.weights: CallMosWeights = load_weights(folder)
        self._run: FramesRun
        if _use_torch(device):
            from audioqa.perceptual.callmos_torch import load_network

            file = "callmos.safetensors"
            self._run, self._opinions = load_network(self.weights.folder / file, device="cuda")
        else:
            file = file or self.weights.default
            if file not in self.weights.files:
                raise SettingsError(
                    f"there is no {file!r} among the weights of callmos: {', '.join(self.weights.files)}"
                )
            over_time = open_session(self.weights.folder / file, threads=threads)
            of_sums = open_session(self.weights.folder / "opinions.onnx", threads=threads)

            def run(rows: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
                kinds, sums = over_time.run(["kinds", "sums"], {"rows": rows[None]})
                return cast(NDArray[np.float32], kinds[0]), cast(NDArray[np.float32], sums[0])

            def opinions(sums: NDArray[np.float32]) -> NDArray[np.float32]:
                return cast(NDArray[np.float32], of_sums.run(["opinions"], {"sums": sums})[0])

            self._run, self._opinions = run, opinions
        self.identity = self.weights.identity(file)

    @property
    def calibrated(self) -> str:
        """Identity that a calibration names: that of the default file, for every form of a release scores alike."""
        return self.weights.identity(self.weights.default)

    def stream(self, *, chunk: int = LONG_CHUNK) -> CallMosStream:
        """A channel to be heard as it comes; see `CallMosStream`."""
        return CallMosStream(self._run, chunk=chunk)

    def score(self, windows: NDArray[np.float32]) -> list[WindowOpinion]:
        """Rate each window; see `audioqa.perceptual.estimator.Estimator.score`."""
        check_windows(windows)
        return [self.opinion_of(features(window, RATE)) for window in windows]

    def opinion_of(self, rows: NDArray[np.uint8]) -> WindowOpinion:
        """Rate a span by itself.

        Parameters
        ----------
        rows
            uint8, shape (n, 80): feature rows. Those after the last whole 0.4 s are heard, but not counted; fewer
            than 20 are followed by silence.
        """
        _, sums = self._run(whole_bins(rows))
        return self.pool(sums[None, : max(1, len(rows) // ROWS)])[0]

    def speech_of(self, rows: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Probability of speech, float32, shape (n,), in feature rows of shape (n, 80) taken by themselves."""
        logits, _ = self._run(whole_bins(rows))
        return speech_probability(logits[: len(rows)])

    def pool(self, sums: NDArray[np.float32]) -> list[WindowOpinion]:
        """Opinions on spans.

        Parameters
        ----------
        sums
            float32, shape (spans, bins, 258): the sums of each span's 0.4 s.

        Raises
        ------
        MeasurementError
            If the shape is another one.
        """
        if sums.ndim != 3 or sums.shape[1] == 0:
            raise MeasurementError(f"sums must have shape (spans, 1 or more, 258), given {sums.shape}")
        return [_opinion(row) for row in self._opinions(sums.sum(axis=1, dtype=np.float64).astype(np.float32))]

    def half_width(self, opinion: WindowOpinion) -> float:
        """Half of the interval of a window's opinion, MOS."""
        if opinion.spread is None:
            raise MeasurementError("an opinion without a spread is not one of callmos")
        return self.weights.intervals.half_width(opinion.spread)


def _use_torch(device: str) -> bool:
    if device == "auto":
        from audioqa.perceptual.callmos_torch import cuda_is_there

        return cuda_is_there()
    return device == "cuda"


def _opinion(row: NDArray[np.float32]) -> WindowOpinion:
    """The outputs of `audioqa.perceptual.callmos_network.Opinions` by name."""
    narrow, wide, log_spread, *rest = (float(value) for value in row)
    logits = np.array(rest[len(DIMENSIONS) : len(DIMENSIONS) + len(CODECS)])
    weight = np.exp(logits - logits.max())
    return WindowOpinion(
        mos=narrow,
        dimensions=dict(zip(DIMENSIONS, rest, strict=False)),
        wideband=wide,
        spread=float(np.exp(np.clip(log_spread, _LEAST_LOG_SPREAD, _GREATEST_LOG_SPREAD))),
        codecs=dict(zip(CODECS, (weight / weight.sum()).tolist(), strict=True)),
    )
