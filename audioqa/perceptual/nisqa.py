"""NISQA 2.0: overall quality of a window and, beside it, noisiness, discontinuity, coloration and loudness.

The network of Mittag, Naderi, Chehadi and Möller ("NISQA: A deep CNN-self-attention model for multidimensional speech
quality prediction with crowdsourced datasets", Interspeech 2021; github.com/gabrielmittag/NISQA). Its weights,
``nisqa.tar``, are under CC BY-NC-SA 4.0, not for commercial use: audioqa does not bring them, nor anything made from
them. Whoever may use them names the file.

`audioqa.perceptual.nisqa_spectrogram` and `audioqa.perceptual.nisqa_network` are what it computes; both import torch,
so both are imported with the weights and not before.
"""

from __future__ import annotations

import hashlib
import io
import pickle
import warnings
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from audioqa.errors import MeasurementError, SettingsError, WeightsError
from audioqa.perceptual.estimator import WINDOW, WindowOpinion, check_windows

_FRONT_END: Mapping[str, object] = {
    "model": "NISQA_DIM",
    "ms_sr": None,
    "ms_fmax": 20_000,
    "ms_n_fft": 4096,
    "ms_hop_length": 0.01,
    "ms_win_length": 0.02,
    "ms_n_mels": 48,
    "ms_seg_length": 15,
    "ms_seg_hop_length": 4,
    "cnn_pool_1": [24, 7],
    "cnn_pool_2": [12, 5],
    "cnn_pool_3": [6, 3],
    "td_sa_nhead": 1,
    "td_sa_pos_enc": False,
}
"""What the checkpoint says of its network and cannot be told from the shapes of its tensors."""

_SOURCE = "NISQA 2.0 is the file weights/nisqa.tar of github.com/gabrielmittag/NISQA (CC BY-NC-SA 4.0)"

# What reading a damaged or foreign file can raise, by the documents of pickle and by trial.
_UNREADABLE = (
    pickle.UnpicklingError, RuntimeError, ValueError, LookupError, EOFError, AttributeError, TypeError, ImportError,
    OSError, AssertionError,
)  # fmt: skip


class Nisqa:
    """The estimator ``nisqa``; see `audioqa.perceptual.estimator.Estimator`.

    The dimensions are ``noi`` (noisiness), ``dis`` (discontinuity), ``col`` (coloration) and ``loud`` (loudness), each
    from 1 (worst) to 5 (best). The network's answers have no limit and can leave the scale of the ratings by some
    tenths; they are held within 1 to 5. A window under 140 ms is followed by zeros up to that length.

    Parameters
    ----------
    weights
        The published checkpoint, or one of the same architecture.
    threads
        Threads that one window may use, at least 1. They are those of torch, for the whole process.

    Raises
    ------
    WeightsError
        If the file cannot be read, holds anything but tensors and plain values, or another network.
    SettingsError
        If `threads` is below 1.
    """

    window = WINDOW

    def __init__(self, weights: Path, *, threads: int = 1) -> None:
        if threads < 1:
            raise SettingsError(f"threads must be at least 1, given {threads}")
        content = _content(weights)
        import torch

        from audioqa.perceptual.nisqa_network import QUANTITIES, load_network
        from audioqa.perceptual.nisqa_spectrogram import mel_filters, segments

        torch.set_num_threads(threads)
        try:
            self._network = load_network(_checkpoint(content, weights))
        except ValueError as error:
            raise WeightsError(f"{weights}: another architecture or a damaged file: {error}; {_SOURCE}") from None
        self._quantities = QUANTITIES
        self._filters = mel_filters()
        self._segments = segments
        self._inference = torch.inference_mode
        self.identity = f"nisqa 2.0 sha256:{hashlib.sha256(content).hexdigest()[:12]}"

    def score(self, windows: NDArray[np.float32]) -> list[WindowOpinion]:
        """Rate each window; see `audioqa.perceptual.estimator.Estimator.score`."""
        check_windows(windows)
        return [self._rate(window) for window in windows]

    def _rate(self, window: NDArray[np.float32]) -> WindowOpinion:
        with self._inference():
            answers = self._network(self._segments(window, self._filters)).double().numpy()
        if not np.isfinite(answers).all():
            raise MeasurementError("the NISQA network gave no finite score: its weights cannot be those published")
        scores = dict(zip(self._quantities, np.clip(answers, 1.0, 5.0).tolist(), strict=True))
        return WindowOpinion(mos=scores.pop("mos"), dimensions=scores)


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise WeightsError(f"{path}: the weights cannot be read: {error.strerror or error}; {_SOURCE}") from None


def _checkpoint(content: bytes, path: Path) -> Mapping[object, object]:
    """The tensors of a checkpoint, by their published names."""
    import torch

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the format of files that are no checkpoint
            checkpoint = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    except _UNREADABLE:
        raise WeightsError(
            f"{path}: not a checkpoint, a damaged one, or a pickle of more than tensors and plain values, which could "
            f"run code and is refused; {_SOURCE}"
        ) from None
    if not isinstance(checkpoint, dict):
        checkpoint = {}
    settings, tensors = checkpoint.get("args"), checkpoint.get("model_state_dict")
    if not isinstance(settings, dict) or not isinstance(tensors, dict):
        raise WeightsError(f"{path}: no weights of NISQA, it lacks 'args' and 'model_state_dict'; {_SOURCE}")
    for name, wanted in _FRONT_END.items():
        given = settings.get(name, "missing")
        if repr(list(given) if isinstance(given, tuple) else given) != repr(wanted):
            raise WeightsError(
                f"{path}: another model of the NISQA family, its {name} is {given!r}, not {wanted!r} "
                f"(perhaps nisqa_mos_only.tar or nisqa_tts.tar); {_SOURCE}"
            )
    return tensors
