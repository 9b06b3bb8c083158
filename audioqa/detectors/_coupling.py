"""How two legs hang together: whether one holds what the other holds, how late, and at which speed.

The changes of level from 10 ms to 10 ms on one leg are correlated with those on the other, in blocks: levels survive
codecs, gains and filters. A copy, an echo or crosstalk gives a peak at one lag in every block; where two clocks drove
the recorder the lag walks along a line. The line is searched for by adding the blocks' curves along every slope (a
Hough transform), then the lag of each block is refined by a parabola and a line fitted to them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audioqa.frames import FRAME, SUBFRAME, FrameTable

_QUIETEST = -75.0  # dBov: what is below changes by nothing that is heard
_STEEPEST = 12.0  # dB: an edge of digital silence must not outweigh a hundred syllables
_SEARCHED = 1200.0  # s of the call in which a line is searched for: a clock drifts alike all the time
_BLOCK = 10.0  # s compared at once
_REACH = 3.0  # s either way
_WINDOW = 6  # blocks in a window whose curves are added before a slope is tried: 60 s
_STEEP = 600.0  # ppm: the steepest slope within which 60 s do not blur
_SIDE = 3  # blocks on either side of a leap
_LEAP = 0.008  # s: less than the shortest packet, more than the lag of a block is off
_SOUNDING = -50.0  # dBov: a leg that has reached it carries sound
_FAST_LEAST = 0.5  # correlation of the level changes at the right speed; two strangers reach 0.2
_FAST = 30_000.0  # ppm: the fastest leg looked for
_FAST_BLOCK, _FAST_BLOCKS, _FAST_REACH, _FAST_STEPS = 10.0, 4, 4.0, (2000.0, 1000.0, 500.0)

Curve = NDArray[np.float64]
Levels = NDArray[np.float32]


@dataclass(frozen=True)
class Coupling:
    """One leg in the other.

    Parameters
    ----------
    times, lags
        float64, shape (n,): seconds, middle of each block that tells, and by how much the other leg is late there.
    correlations
        float64, shape (n,): of the level changes, by block.
    likeness
        Correlation of the amplitudes of both legs over the call, block by block at its lag, -1 to 1.
    gain
        dB by which the other leg is louder.
    drift
        ppm by which the other leg's clock is slow: its lag grows by so many microseconds a second.
    uncertainty
        ppm: standard error of `drift`.
    jumps
        Where the lag leaps, in seconds, and by how many; they are not part of the drift.
    """

    times: Curve
    lags: Curve
    correlations: Curve
    likeness: float
    gain: float
    drift: float
    uncertainty: float
    jumps: tuple[tuple[float, float], ...]


def coupling(one: FrameTable, other: FrameTable, *, prominence: float) -> Coupling | None:
    """What the legs share, or None.

    Parameters
    ----------
    one, other
        The legs.
    prominence
        Deviations by which the best line must exceed the others.
    """
    a, b = one.subframe_levels(), other.subframe_levels()
    if len(a) < 4 * round(_BLOCK / FRAME) // 2:
        return None
    first, second = _changes(a), _changes(b)
    line = _line(first, second, prominence)
    speed = 0.0
    if line is None:
        speed = _speed(a, b)
        if speed:
            b = _stretched(b, speed)
            line = _line(first, _changes(b), prominence)
    return None if line is None else _tracked(a, b, line, speed)


def _changes(level: Levels) -> Levels:
    """Differences of the levels of neighbouring frames of 10 ms, dB, from levels of subframes."""
    power = np.exp(level * np.float32(np.log(10) / 10)).reshape(-1, 4).sum(axis=1)
    loud = np.maximum(10 * np.log10(power / 4 + 1e-13), np.float32(_QUIETEST)).astype(np.float32)
    return np.asarray(np.clip(np.diff(loud, prepend=loud[:1]), -_STEEPEST, _STEEPEST), np.float32)


def _stretched(level: Levels, ppm: float) -> Levels:
    """Levels as they would be if the leg ran `ppm` faster."""
    places = np.arange(len(level)) * (1 + ppm * 1e-6)
    return np.asarray(np.interp(places, np.arange(len(level)), level, right=-127.5), np.float32)


def _curves(first: Levels, second: Levels, block: int, reach: int) -> tuple[Curve, Curve]:
    """Products at lags of -reach to reach, shape (blocks, 2·reach + 1), and the product of the norms of each block."""
    from scipy import fft

    count = max(1, len(first) // block)
    a = np.zeros((count, block), np.float32)
    a.reshape(-1)[: min(len(first), count * block)] = first[: count * block]
    padded = np.zeros(count * block + 2 * reach, np.float32)
    kept = second[: count * block + reach]
    padded[reach : reach + len(kept)] = kept
    b = np.lib.stride_tricks.sliding_window_view(padded, block + 2 * reach)[::block]
    size = fft.next_fast_len(block + 2 * reach, real=True)
    product = fft.irfft(np.conj(fft.rfft(a, size, axis=1)) * fft.rfft(b, size, axis=1), size, axis=1)
    near = b[:, reach : reach + block]
    norm = np.sqrt(np.einsum("ij,ij->i", a, a) * np.einsum("ij,ij->i", near, near))
    return product[:, : 2 * reach + 1].astype(np.float64), norm.astype(np.float64)


def _line(first: Levels, second: Levels, prominence: float) -> tuple[float, float] | None:
    """Lag at the start in seconds, and its growth in ppm, of the line on which the legs agree best."""
    reach, searched = round(_REACH / FRAME), round(_SEARCHED / FRAME)
    product, norm = _curves(first[:searched], second[:searched], round(_BLOCK / FRAME), reach)
    if norm.sum() <= 0:
        return None
    starts = range(0, len(product), _WINDOW)
    windows = np.stack([product[start : start + _WINDOW].sum(axis=0) for start in starts]) / norm.sum()
    middles = np.array([(start + min(start + _WINDOW, len(product))) / 2 * _BLOCK for start in starts])
    step = FRAME / (len(product) * _BLOCK)
    steps = round(_STEEP * 1e-6 / step) if len(windows) > 1 else 0
    slopes = np.arange(-steps, steps + 1) * step
    sums = np.zeros((len(slopes), windows.shape[1]))
    for slope, total in zip(slopes, sums, strict=True):
        for shift, window in zip(np.rint(slope * middles / FRAME).astype(int), windows, strict=True):
            low, high = max(0, -shift), min(len(total), len(total) - shift)
            total[low:high] += window[low + shift : high + shift]
    best, at = np.unravel_index(int(np.argmax(sums)), sums.shape)
    middle = float(np.median(sums))
    deviation = 1.4826 * float(np.median(np.abs(sums - middle))) + 1e-6
    if sums[best, at] - middle < prominence * deviation:
        return None
    return float(at - reach) * FRAME, float(slopes[best]) * 1e6


def _speed(a: Levels, b: Levels) -> float:
    """ppm by which the second leg must run faster to hold the first, 0 where no speed fits."""
    block, reach = round(_FAST_BLOCK / FRAME), round(_FAST_REACH / FRAME)
    quiet = np.minimum(np.maximum.accumulate(a), np.maximum.accumulate(b)) < _SOUNDING
    start = int(np.argmin(quiet)) // 4 * 4
    first = _changes(a[start : start + 4 * block * _FAST_BLOCKS])
    later = b[start : start + round(1.04 * 4 * (block * _FAST_BLOCKS + reach))]

    def agreement(ppm: float) -> float:
        stretched = _stretched(later, ppm)[: 4 * (len(first) + reach)]
        product, norm = _curves(first, _changes(stretched[: len(stretched) // 4 * 4]), block, reach)
        return float(product.sum(axis=0).max() / max(norm.sum(), 1e-9))

    tried = {float(ppm): agreement(float(ppm)) for ppm in np.arange(-_FAST, _FAST + 1, _FAST_STEPS[0])}
    if max(tried.values()) < _FAST_LEAST / 2:
        return 0.0
    for step in _FAST_STEPS[1:]:
        best = max(tried, key=tried.__getitem__)
        tried |= {ppm: agreement(ppm) for ppm in (best - step, best + step)}
    best = max(tried, key=tried.__getitem__)
    return best if tried[best] >= _FAST_LEAST else 0.0


def _tracked(a: Levels, b: Levels, line: tuple[float, float], speed: float) -> Coupling:
    """The lag block by block, and the line through them."""
    start, slope = line
    first, second = _changes(a), _changes(b)
    block, reach = round(_BLOCK / FRAME), round(_REACH / FRAME)
    product, norm = _curves(first, second, block, reach)
    times = np.asarray((np.arange(len(product)) + 0.5) * _BLOCK, np.float64)
    free = product.argmax(axis=1)
    strength = product[np.arange(len(product)), free] / np.maximum(norm, 1e-9)
    if np.median(strength[norm > np.median(norm) / 4]) < 0.3:  # weak: added up over a minute, near the line only
        product, norm, times = _added(product, norm, times)
        near = np.rint((start + slope * 1e-6 * times) / FRAME).astype(int) + reach
        lags = np.arange(product.shape[1])
        free = np.where(np.abs(lags - near[:, None]) <= 3, product, -np.inf).argmax(axis=1)
        strength = product[np.arange(len(product)), free] / np.maximum(norm, 1e-9)
    offset = np.array([_parabola(curve, int(at)) for curve, at in zip(product, free, strict=True)])
    lags = (free - reach + offset) * FRAME
    telling = (norm > np.median(norm) / 10) & (strength > 0.5 * np.median(strength)) & (strength > 0.03)
    times, lags, strength = times[telling], lags[telling], strength[telling]
    likeness, gain = _likeness(a, b, times, lags)
    jumps = _jumps(times, lags)
    level = lags - sum((size * (times > time) for time, size in jumps), start=np.zeros(len(times)))
    drift, uncertainty = _fitted(times, level)
    own = lags + speed * 1e-6 * times
    return Coupling(times, own, strength, likeness, gain, drift + speed, uncertainty, jumps)


def _jumps(times: Curve, lags: Curve) -> tuple[tuple[float, float], ...]:
    """Where the lag leaps, in seconds, and by how many: the medians of three blocks on either side are compared."""
    if len(lags) < 2 * _SIDE:
        return ()
    sides = np.lib.stride_tricks.sliding_window_view(lags, _SIDE)
    steps = np.median(sides[_SIDE:], axis=1) - np.median(sides[:-_SIDE], axis=1)
    spans = times[_SIDE + 1 : len(times) - 1] - times[1 : len(times) - _SIDE - 1]
    usual = np.median(steps / spans)
    leap = np.concatenate([np.zeros(_SIDE - 1), steps - usual * spans, np.zeros(_SIDE)])
    found: list[tuple[float, float]] = []
    for at in np.flatnonzero(np.abs(leap) > _LEAP):
        around = np.abs(leap[max(0, at - _SIDE + 1) : at + _SIDE])
        spread = max(np.ptp(lags[at - _SIDE + 1 : at + 1]), np.ptp(lags[at + 1 : at + 1 + _SIDE]))
        clear = abs(leap[at]) >= 0.9 * around.max() and spread < abs(leap[at]) / 2
        if clear and (not found or times[at] - found[-1][0] > _SIDE * _BLOCK / 2):
            found.append((float(times[at] + times[at + 1]) / 2, float(leap[at])))
    return tuple(found)


def _added(product: Curve, norm: Curve, times: Curve) -> tuple[Curve, Curve, Curve]:
    starts = np.arange(0, len(product), _WINDOW)
    counts = np.diff(np.append(starts, len(product)))
    return np.add.reduceat(product, starts), np.add.reduceat(norm, starts), np.add.reduceat(times, starts) / counts


def _parabola(curve: Curve, best: int) -> float:
    if not 0 < best < len(curve) - 1:
        return 0.0
    left, middle, right = curve[best - 1 : best + 2]
    bend = left - 2 * middle + right
    return float(np.clip((left - right) / (2 * bend), -0.5, 0.5)) if bend < 0 else 0.0


def _likeness(a: Levels, b: Levels, times: Curve, lags: Curve) -> tuple[float, float]:
    """Correlation of the amplitudes, and gain in dB, over blocks at their lags."""
    block = round(_BLOCK / SUBFRAME)
    pairs: list[tuple[NDArray[np.float64], NDArray[np.float64]]] = []
    for time, lag in zip(times, lags, strict=True):
        low, shift = max(0, round((time - _BLOCK / 2) / SUBFRAME)), round(lag / SUBFRAME)
        high = min(low + block, len(a), len(b) - shift)
        low = max(low, -shift)
        if high - low >= 400:
            pairs.append((_amplitudes(a[low:high]), _amplitudes(b[low + shift : high + shift])))
    if not pairs:
        return 0.0, 0.0
    x, y = (np.concatenate([pair[k] for pair in pairs]) for k in range(2))
    if x.std() < 1e-9 or y.std() < 1e-9:
        return 0.0, 0.0
    gain = 10 * np.log10((np.mean(y**2) + 1e-13) / (np.mean(x**2) + 1e-13))
    return float(np.corrcoef(x, y)[0, 1]), float(gain)


def _amplitudes(level: Levels) -> NDArray[np.float64]:
    """Root mean squares of 20 ms."""
    power = 10 ** (level[: len(level) // 8 * 8].astype(np.float64) / 10)
    return np.asarray(np.sqrt(power.reshape(-1, 8).mean(axis=1)))


def _fitted(times: Curve, lags: Curve) -> tuple[float, float]:
    """Slope in ppm of a line through the lags, outliers left out twice, and its standard error."""
    if len(times) < 3:
        return 0.0, float("inf")
    kept = np.ones(len(times), dtype=bool)
    slope, error = 0.0, float("inf")
    for _ in range(3):
        x, y = times[kept], lags[kept]
        spread = float(np.sum((x - x.mean()) ** 2))
        if len(x) < 3 or spread <= 0:
            return 0.0, float("inf")
        slope = float(np.sum((x - x.mean()) * (y - y.mean()))) / spread
        rest = lags - y.mean() - slope * (times - x.mean())
        sigma = 1.4826 * float(np.median(np.abs(rest[kept]))) + 1e-4
        error = max(sigma, float(np.std(rest[kept]))) / spread**0.5
        kept = np.abs(rest) < 4 * sigma
    return 1e6 * slope, 1e6 * error
