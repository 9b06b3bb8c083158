"""Background noise, lowered: the estimator of least mean square error in the logarithm of the spectrum.

Ephraim and Malah, "Speech enhancement using a minimum mean-square error log-spectral amplitude estimator" (IEEE Trans.
ASSP 33, 1985), with their decision-directed SNR. The noise is tracked by the probability of speech in each bin
(Gerkmann and Hendriks, "Unbiased MMSE-based noise power estimation with low complexity and low tracking delay", IEEE
Trans. ASLP 20, 2012), which follows noise that changes, and starts from the quietest tenth of the stretch.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from audioqa.mend.stretch import Samples, Stretch
from audioqa.types import Event

FLOOR = -22.0
"""dB: least gain; what is cut deeper sings."""

_SIZE, _HOP = 0.032, 0.008  # s
_PAST = 0.98  # weight of the last frame in the decision-directed SNR (the paper's)
_PRIOR = 10 ** (15 / 10)  # SNR of speech where there is some (Gerkmann and Hendriks)
_SMOOTH = 0.8
_FADE = 0.050  # s


def without_noise(stretch: Stretch, events: Sequence[Event]) -> Samples:
    """The stretch with its noise lowered by up to 22 dB within the events.

    Parameters
    ----------
    stretch
        The party's audio.
    events
        ``background-noise`` or ``noise-burst``.
    """
    share = stretch.share(events, fade=_FADE)
    if not share.any():
        return stretch.samples
    cleaned = _cleaned(stretch.samples, stretch.rate, lambda power, _: _noise(power))
    return np.asarray(stretch.samples + share * (cleaned - stretch.samples), np.float32)


def without_white_noise(samples: Samples, rate: int, *, level: float) -> Samples:
    """Samples with white noise of a known level lowered by up to 22 dB.

    Parameters
    ----------
    samples
        float32, shape (n,).
    rate
        Hz.
    level
        dBov of the noise.
    """

    def noise(power: NDArray[np.float64], window: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.full_like(power, 10 ** (level / 10) * np.sum(window**2))

    return np.asarray(_cleaned(samples, rate, noise), np.float32)


def _cleaned(
    samples: Samples,
    rate: int,
    noise: Callable[[NDArray[np.float64], NDArray[np.float64]], NDArray[np.float64]],
) -> NDArray[np.float64]:
    """Samples less the noise whose power, shape (frames, bins), `noise` tells from the samples' own and the window."""
    size, hop = round(_SIZE * rate), round(_HOP * rate)
    window = np.sqrt(np.hanning(size + 1)[:size])
    padded = np.concatenate([np.zeros(size), samples.astype(np.float64), np.zeros(2 * size)])
    starts = np.arange(0, len(padded) - size, hop)
    spectrum = np.fft.rfft(padded[starts[:, None] + np.arange(size)] * window, axis=1)
    power = np.abs(spectrum) ** 2 + 1e-12
    frames = np.fft.irfft(spectrum * _gains(power, noise(power, window)), size, axis=1) * window
    out = np.zeros(len(padded))
    for start, frame in zip(starts, frames, strict=True):
        out[start : start + size] += frame
    cleaned: NDArray[np.float64] = out[size : size + len(samples)] * hop / (size / 2)
    return cleaned


def _noise(power: NDArray[np.float64]) -> NDArray[np.float64]:
    """Power of the noise, shape (frames, bins)."""
    inner = power[4:-8] if len(power) > 40 else power
    total = inner.sum(axis=1)
    quiet = inner[(total <= np.quantile(total[total > 1e-9], 0.1)) & (total > 1e-9)] if (total > 1e-9).any() else inner
    noise = quiet.mean(axis=0) + 1e-12
    likely = np.full(power.shape[1], 0.5)
    out = np.empty_like(power)
    for index, now in enumerate(power):
        speech = 1 / (1 + (1 + _PRIOR) * np.exp(-np.minimum(now / noise, 200) * _PRIOR / (1 + _PRIOR)))
        likely = 0.9 * likely + 0.1 * speech
        speech = np.where(likely > 0.99, np.minimum(speech, 0.99), speech)
        noise = _SMOOTH * noise + (1 - _SMOOTH) * (speech * noise + (1 - speech) * now)
        out[index] = noise
    return out


def _gains(power: NDArray[np.float64], noise: NDArray[np.float64]) -> NDArray[np.float64]:
    from scipy.special import exp1

    least = 10 ** (FLOOR / 20)
    after = np.minimum(power / noise, 1000.0)
    gains = np.empty_like(power)
    before = np.ones(power.shape[1])
    for index, gamma in enumerate(after):
        xi = np.maximum(_PAST * before + (1 - _PAST) * np.maximum(gamma - 1, 0), 10 ** (-25 / 10))
        v = xi / (1 + xi) * gamma
        gain = xi / (1 + xi) * np.exp(0.5 * exp1(np.maximum(v, 1e-8)))
        gain = np.clip(gain, least, 1.0)
        gains[index] = gain
        before = gain**2 * gamma
    return gains
