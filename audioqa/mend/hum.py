"""Mains hum, taken out: each harmonic's sinusoid is fitted by least squares and subtracted.

The mains frequency is the one near 50 or 60 Hz whose harmonics hold most power in the stretch. Amplitude and phase of a
harmonic are those of its component over windows of some seconds, which overlap, so that both may drift; speech, whose
pitch moves, has next to nothing in a band so narrow. A harmonic that does not stand out of its surroundings is left.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from audioqa.mend.stretch import Samples, Stretch
from audioqa.types import Event

TOP = 1500.0
"""Hz: higher harmonics of the mains lie below the noise of the line."""

WINDOW = 4.0
"""Seconds over which amplitude and phase are taken as steady: 0.5 Hz wide."""

_DRIFT = 0.4  # Hz: networks keep to 0.2 Hz; recorders' clocks are off by less
_PROMINENT = 2.0  # times the median amplitude within 10 Hz
_FADE = 0.5  # s
_HOLE, _HELD = 0.005, 0.2  # s over which the power is taken, and share of the hum's that it has at least


def without_hum(stretch: Stretch, events: Sequence[Event]) -> Samples:
    """The stretch less its hum; see the module.

    Parameters
    ----------
    stretch
        The party's audio.
    events
        ``hum``, with the nominal ``mains_hz``.
    """
    if not any(True for _ in stretch.places(events)):
        return stretch.samples
    nominal = float(events[0].evidence.get("mains_hz", 50))
    samples = stretch.samples.astype(np.float64)
    mains = _mains(samples, stretch.rate, nominal)
    harmonics = np.arange(1, int(min(TOP, 0.45 * stretch.rate) / mains) + 1) * mains
    found = np.zeros_like(samples)
    weight = np.full(len(samples), 1e-9)
    size = min(len(samples), round(WINDOW * stretch.rate))
    starts = list(range(0, max(1, len(samples) - size + 1), max(1, size // 4)))
    if starts[-1] + size < len(samples):
        starts.append(len(samples) - size)
    window = np.hanning(size + 2)[1:-1]
    for start in starts:
        piece = samples[start : start + size]
        found[start : start + size] += window * _harmonics(piece * window, stretch.rate, harmonics, float(window.sum()))
        weight[start : start + size] += window
    found /= weight
    share = stretch.share(events, fade=_FADE) * _there(samples, found, stretch.rate)
    return np.asarray(samples - share * found, np.float32)


def _there(samples: NDArray[np.float64], hum: NDArray[np.float64], rate: int) -> NDArray[np.bool_]:
    """Where the hum is in the samples: a lost packet took it along, and to subtract it there would put it in."""
    size = min(round(_HOLE * rate), len(samples))
    power, wanted = (np.convolve(wave**2, np.ones(size) / size, mode="same") for wave in (samples, hum))
    return np.asarray(power >= _HELD * wanted)


def _mains(samples: NDArray[np.float64], rate: int, nominal: float) -> float:
    """Frequency, Hz, whose harmonics hold most power; to a hundredth of a hertz or better."""
    size = 1 << (4 * len(samples) - 1).bit_length()
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples)), size))
    step = rate / size
    low = np.log(spectrum + 1e-9)
    order = np.arange(1, int(min(600.0, 0.45 * rate) / nominal) + 1)
    trial = np.arange(nominal - _DRIFT, nominal + _DRIFT + 1e-9, 0.004)
    # The logarithm, so that one strong syllable does not outweigh all other harmonics.
    score = low[np.rint(trial[:, None] * order / step).astype(int)].sum(axis=1)
    return float(trial[int(np.argmax(score))])


def _harmonics(
    weighted: NDArray[np.float64], rate: int, hertz: NDArray[np.floating], weight: float
) -> NDArray[np.float64]:
    """The sum of the prominent harmonics in a piece that is weighted by a window, of which `weight` is the sum."""
    time = np.arange(len(weighted)) / rate
    # Bins up to 10 Hz beside the harmonic, those next to it left out.
    spectrum = np.abs(np.fft.rfft(weighted)) * 2 / weight
    step = rate / len(weighted)
    total = np.zeros(len(weighted))
    for frequency in hertz:
        wave = np.exp(-2j * np.pi * frequency * time)
        amplitude = 2 * np.dot(weighted, wave) / weight
        place, reach, near = round(frequency / step), max(4, round(10 / step)), max(3, round(1 / step))
        around = np.concatenate(
            [spectrum[max(0, place - reach) : max(0, place - near)], spectrum[place + near + 1 : place + reach]]
        )
        if len(around) == 0 or abs(amplitude) >= _PROMINENT * np.median(around):
            total += (amplitude * wave.conj()).real
    return total
