"""What NISQA sees of a window: overlapping segments of a mel spectrogram.

Magnitudes of frames of 20 ms every 10 ms, 48 mel bands up to 20 kHz, in dB and no more than 80 dB below the loudest;
segments of 15 frames, 150 ms, every 4 (Mittag et al. 2021, section 3.1, with the figures that the published checkpoint
holds).

The published front end takes a recording at whatever rate it has, and bands above half the rate stay empty. So a
window is analysed at its own 16 kHz here, as NISQA analyses a file of 16 kHz: to raise the rate first would cost time
and move the scores of wideband speech by up to 0.3.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from audioqa.perceptual.estimator import RATE

_HOP = RATE // 100  # samples: 10 ms
_FRAME = RATE // 50  # samples: 20 ms
_TRANSFORM = 4096  # points, whatever the rate
_BANDS = 48
_HIGHEST = 20_000.0  # Hz
_FLOOR = 1e-4  # magnitude: -80 dB
_RANGE = 80.0  # dB
_SEGMENT = 15  # frames
_SEGMENT_HOP = 4  # frames


def mel_filters() -> Tensor:
    """Slaney's mel filters of unit area up to 20 kHz, float32, shape ``(48, 2049)``, on bins from 0 to 8 kHz.

    They are those of three times the rate on bins as wide, cut off at 8 kHz; asked for 16 kHz outright, librosa warns
    that the filters above are empty.
    """
    from librosa.filters import mel

    filters = mel(sr=3 * RATE, n_fft=3 * _TRANSFORM, n_mels=_BANDS, fmin=0.0, fmax=_HIGHEST)
    return torch.from_numpy(np.array(filters[:, : _TRANSFORM // 2 + 1], np.float32))


def mel_spectrogram(samples: Tensor, filters: Tensor) -> Tensor:
    """Magnitudes of the short-time spectrum in mel bands, dB.

    Parameters
    ----------
    samples
        float32, shape ``(n,)``, 16 kHz, more than 160.
    filters
        `mel_filters`.

    Returns
    -------
    Tensor
        float32, shape ``(48, 1 + n // 160)``: the first frame is centred on the first sample.
    """
    mirrored = torch.nn.functional.pad(samples[None], (_FRAME // 2, _FRAME // 2), mode="reflect")[0]
    frames = mirrored.unfold(0, _FRAME, _HOP) * torch.hann_window(_FRAME)
    # Where in the transform a frame stands, among zeros, turns phases only.
    magnitude = torch.fft.rfft(frames, n=_TRANSFORM).abs()
    level = 20 * torch.log10((filters @ magnitude.T).clamp(min=_FLOOR))
    return level.clamp(min=float(level.max()) - _RANGE)


def segments(window: NDArray[np.float32], filters: Tensor) -> Tensor:
    """Segments of a window's mel spectrogram.

    Parameters
    ----------
    window
        float32, shape ``(n,)``, 16 kHz, at least one sample; zeros follow it up to the length of one segment, 140 ms.
    filters
        `mel_filters`.

    Returns
    -------
    Tensor
        float32, shape ``(count, 1, 48, 15)``, dB.
    """
    shortest = (_SEGMENT - 1) * _HOP
    samples = torch.from_numpy(np.pad(window, (0, max(0, shortest - len(window)))))
    spectrogram = mel_spectrogram(samples, filters)
    return spectrogram.unfold(1, _SEGMENT, _SEGMENT_HOP).transpose(0, 1)[:, None]
