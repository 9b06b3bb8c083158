"""How far a recording lags its reference: coarsely over a whole call, then to the sample in each window.

The coarse lag comes from the loudness of 10 ms frames, of which two hours fit into a few megabytes: what rises and
falls with speech survives codec, noise, filter and level. The fine lag comes from the samples themselves, by
generalized cross-correlation (Knapp and Carter, "The generalized correlation method for estimation of time
delay", IEEE Trans. ASSP 24, 1976). Clocks differ by tens of parts per million, a third of a second over
two hours, so the fine lag is estimated anew for each window, near that of the window before.

A lag is positive where the recording is late: ``recording[n] == reference[n - lag]``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.fft
from numpy.typing import NDArray

FRAMES_PER_SECOND = 100
"""Frames of a `LevelTrack` per second."""

_FLOOR = 1e-10  # power; -100 dBov, below the quantization noise of 16 bits
_RANGE = 40.0  # dB below the loud frames that still counts; what is weaker is noise of codec or line
_LOUD = 95.0  # percentile of the frame levels that stands for loud speech
_TREND = 1.0  # seconds; slower changes are turns of talk, which unrelated calls share too
_WHITENING = 0.5  # exponent: 0 is plain correlation (broad peaks), 1 PHAT (sharp, but every empty band counts in full)


@dataclass(frozen=True)
class Lag:
    """An estimated lag.

    Parameters
    ----------
    offset
        Frames or samples by which the recording is late; negative where it is early.
    distinctness
        Height of the correlation's peak over the rms of the whole correlation. Between unrelated signals it is the
        largest of that many chance values.
    """

    offset: int
    distinctness: float


class LevelTrack:
    """The level of one channel in frames of 10 ms, gathered block by block.

    Frame k holds the samples n with ``k <= n * 100 / rate < k + 1``, so that files of any rate share one clock.

    Parameters
    ----------
    rate
        Hz, at least 100.
    """

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._samples = 0
        self._power: list[NDArray[np.float64]] = []
        self._open = 0.0

    def push(self, samples: NDArray[np.float32]) -> None:
        """Take the next samples of the channel.

        Parameters
        ----------
        samples
            float32, shape ``(n,)``. Samples that are not finite count as silence.
        """
        if not len(samples):
            return
        square = np.square(np.nan_to_num(samples, nan=0.0, posinf=0.0, neginf=0.0), dtype=np.float64)
        first = self._samples * FRAMES_PER_SECOND // self._rate
        self._samples += len(samples)
        last = (self._samples - 1) * FRAMES_PER_SECOND // self._rate
        start = self._samples - len(samples)
        edges = -(-np.arange(first, last + 1) * self._rate // FRAMES_PER_SECOND) - start
        edges[0] = 0
        energy = np.add.reduceat(square, edges)
        begun = start > -(-first * self._rate // FRAMES_PER_SECOND)
        if begun:
            energy[0] += self._open
        elif start:
            self._power.append(np.array([self._open]))
        self._open = float(energy[-1])
        self._power.append(energy[:-1])

    @property
    def duration(self) -> float:
        """Seconds taken so far."""
        return self._samples / self._rate

    def levels(self) -> NDArray[np.float32]:
        """Level of each frame in dBov, float32, shape ``(frames,)``, at least -100."""
        energy = np.concatenate([*self._power, [self._open]]) if self._samples else np.zeros(0)
        power = energy * (FRAMES_PER_SECOND / self._rate)
        return (10 * np.log10(np.maximum(power, _FLOOR))).astype(np.float32)


def speech_frames(levels: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Say which frames of a clean channel hold speech.

    P.56 calls a sample active within 15.9 dB of the active level; the loud frames lie some 5 dB above that level.

    Parameters
    ----------
    levels
        dBov, float32, shape ``(frames,)``, of a reference: with noise in it, everything would be active.

    Returns
    -------
    ndarray
        bool, shape ``(frames,)``; all False where nothing exceeds -70 dBov.
    """
    if not len(levels):
        return np.zeros(0, np.bool_)
    return levels > max(-70.0, _loud(levels) - 21.0)


def coarse_lag(recording: NDArray[np.float32], reference: NDArray[np.float32]) -> Lag:
    """Find the lag of a whole recording from its frame levels.

    Parameters
    ----------
    recording, reference
        dBov per frame, float32, shapes ``(m,)`` and ``(n,)``, of any lengths above 0.

    Returns
    -------
    Lag
        In frames, from ``-(n - 1)`` to ``m - 1``.
    """
    a, b = _shape(recording), _shape(reference)
    size = scipy.fft.next_fast_len(len(a) + len(b), real=True)
    correlation = scipy.fft.irfft(scipy.fft.rfft(a, size) * np.conj(scipy.fft.rfft(b, size)), size)
    return _peak(correlation, -(len(b) - 1), len(a) - 1)


def fine_lag(recording: NDArray[np.float32], reference: NDArray[np.float32]) -> Lag:
    """Find the lag of a stretch of samples inside a longer stretch of the reference.

    Parameters
    ----------
    recording
        float32, shape ``(m,)``.
    reference
        float32, shape ``(n,)``, same rate, n at least m.

    Returns
    -------
    Lag
        In samples from ``m - n`` to 0: the recording resembles ``reference[-offset : -offset + m]``. A silent stretch
        has distinctness 0 and the offset in the middle.
    """
    reach = len(reference) - len(recording)
    size = scipy.fft.next_fast_len(len(recording) + len(reference), real=True)
    spectrum = scipy.fft.rfft(recording, size) * np.conj(scipy.fft.rfft(reference, size))
    magnitude = np.abs(spectrum)
    if not magnitude.max() > 0:
        return Lag(-(reach // 2), 0.0)
    # The floor keeps bins that hold nothing but rounding from being raised to the rank of speech.
    spectrum /= np.maximum(magnitude, 1e-6 * magnitude.max()) ** _WHITENING
    return _peak(scipy.fft.irfft(spectrum, size), -reach, 0)


def _peak(correlation: NDArray[np.floating], lowest: int, highest: int) -> Lag:
    """The largest value among the lags from `lowest` to `highest`; negative ones stand at the end of the array."""
    allowed = np.concatenate([correlation[lowest:] if lowest < 0 else correlation[:0], correlation[: highest + 1]])
    rms = float(np.sqrt(np.mean(np.square(correlation, dtype=np.float64))))
    best = int(np.argmax(allowed))
    return Lag(best + min(lowest, 0), float(allowed[best]) / rms if rms > 0 else 0.0)


def _shape(levels: NDArray[np.float32]) -> NDArray[np.float32]:
    """Levels as their rise and fall against the last second: 0 where nothing happens."""
    loud = _loud(levels)
    clipped = np.clip(levels, loud - _RANGE, loud).astype(np.float64)
    width = round(_TREND * FRAMES_PER_SECOND)
    padded = np.pad(clipped, (width // 2, width - width // 2), mode="edge")
    sums = np.concatenate([[0.0], np.cumsum(padded)])
    trend = (sums[width:] - sums[:-width])[: len(clipped)] / width
    return np.asarray(clipped - trend, np.float32)


def _loud(levels: NDArray[np.float32]) -> float:
    """Level of loud speech; percentile over the frames above the floor, because long pauses are no speech."""
    audible = levels[levels > -70.0]
    return float(np.percentile(audible, _LOUD)) if len(audible) else -70.0
