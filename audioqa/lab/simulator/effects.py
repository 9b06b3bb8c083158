"""What happens to speech before it reaches the network: room, microphone, noise, overload, suppressor, gain, echo.

Every function takes and returns float32 of shape (n,) at the given rate and keeps time: nothing moves. Levels are set
by `active_level`, the level of the loud frames, because it is not fooled by what was added.
"""

from __future__ import annotations

import numpy as np
import scipy.fft
from numpy.typing import NDArray

Samples = NDArray[np.float32]

FRAME = 0.020
"""Seconds of the frames that gains act on."""

_TELEPHONE = (300.0, 3400.0)  # Hz


def active_level(samples: Samples, rate: int) -> float:
    """Level over the speech frames, dBov: those within 15.9 dB of the level itself, as ITU-T P.56 defines activity.

    Parameters
    ----------
    samples, rate
        Clean speech.
    """
    power = _frame_power(samples, rate)
    level = float(10 * np.log10(power.mean() + 1e-12))
    for _ in range(6):
        active = power > 10 ** ((level - 15.9) / 10)
        level = float(10 * np.log10(power[active].mean() + 1e-12)) if active.any() else level
    return level


def speech_mask(samples: Samples, rate: int) -> NDArray[np.bool_]:
    """Frames of 20 ms that lie within 15.9 dB of the active level."""
    power = _frame_power(samples, rate)
    return np.asarray(power > 10 ** ((active_level(samples, rate) - 15.9) / 10))


def at_level(samples: Samples, rate: int, level: float) -> Samples:
    """Speech at the given active level, dBov."""
    return (samples * np.float32(10 ** ((level - active_level(samples, rate)) / 20))).astype(np.float32)


def filtered(samples: Samples, rate: int, hertz: NDArray[np.float64], gain: NDArray[np.float64]) -> Samples:
    """Zero-phase filter with the given gains (dB) at the given frequencies, straight lines between."""
    size = scipy.fft.next_fast_len(len(samples) + rate // 10, real=True)
    spectrum = scipy.fft.rfft(samples, size)
    bins = np.fft.rfftfreq(size, 1 / rate)
    spectrum *= (10 ** (np.interp(bins, hertz, gain) / 20)).astype(np.float32)
    return np.asarray(scipy.fft.irfft(spectrum, size)[: len(samples)], np.float32)


def telephone_band(samples: Samples, rate: int) -> Samples:
    """300 to 3400 Hz with the slopes of a telephone set's send side."""
    return filtered(
        samples, rate, np.array([0, 100, 200, 300, 3400, 3800, 4000.0]), np.array([-60, -40, -14, 0, 0, -12, -40.0])
    )


def lowpassed(samples: Samples, rate: int, cutoff: float) -> Samples:
    """Muffled: everything above the cut-off falls by 24 dB an octave."""
    return filtered(
        samples, rate, np.array([0, cutoff, 2 * cutoff, 4 * cutoff, 64000.0]), np.array([0, 0, -24, -48, -80.0])
    )


def microphone_curve(samples: Samples, rate: int, tilt: float, rng: np.random.Generator) -> Samples:
    """A smooth random curve of the given deviation, dB rms, over frequency on a logarithmic axis."""
    hertz = np.array([0, 150, 250, 400, 700, 1200, 2000, 3000, 4500, 7000, 8000.0])
    gain = np.cumsum(rng.standard_normal(len(hertz)))
    gain -= gain.mean()
    return filtered(samples, rate, hertz, gain * tilt / max(float(gain.std()), 1e-6))


def reverberant(samples: Samples, response: Samples) -> Samples:
    """Convolved with a room response that begins at the direct sound, at the energy it had."""
    size = scipy.fft.next_fast_len(len(samples) + len(response), real=True)
    wet = scipy.fft.irfft(scipy.fft.rfft(samples, size) * scipy.fft.rfft(response, size), size)[: len(samples)]
    return np.asarray(wet * np.sqrt(np.mean(samples**2) / max(float(np.mean(wet**2)), 1e-12)), np.float32)


def scaled_noise(noise: Samples, rate: int, level: float) -> Samples:
    """Noise whose part in the telephone band has the given level, dBov rms."""
    size = scipy.fft.next_fast_len(len(noise), real=True)
    power = np.abs(scipy.fft.rfft(noise, size)) ** 2
    bins = np.fft.rfftfreq(size, 1 / rate)
    inside = power[(bins >= _TELEPHONE[0]) & (bins <= _TELEPHONE[1])].sum() * 2 / (size * len(noise))
    return (noise * np.float32(np.sqrt(10 ** (level / 10) / max(float(inside), 1e-12)))).astype(np.float32)


def bursts(length: int, rate: int, rng: np.random.Generator) -> Samples:
    """A gain that is on for one to three stretches of 0.3 to 2 s, with edges of 30 ms."""
    gain = np.zeros(length, np.float32)
    for _ in range(int(rng.integers(1, 4))):
        start = int(rng.integers(0, length))
        gain[start : start + round(rng.uniform(0.3, 2.0) * rate)] = 1
    edge = round(0.03 * rate)
    return np.convolve(gain, np.full(edge, 1 / edge, np.float32), mode="same").astype(np.float32)


def hum(length: int, rate: int, fundamental: float, rng: np.random.Generator) -> Samples:
    """Mains hum: the fundamental and harmonics to 1 kHz that fall off, some stronger than others."""
    time = np.arange(length) / rate
    total = np.zeros(length)
    for k in range(1, int(1000 / fundamental) + 1):
        amplitude = k ** -rng.uniform(0.4, 1.0) * rng.uniform(0.3, 1.0) * (1.0 if k % 2 == 0 or k == 1 else 0.6)
        total += amplitude * np.sin(2 * np.pi * fundamental * k * time + rng.uniform(0, 2 * np.pi))
    return total.astype(np.float32)


def overloaded(samples: Samples, excess: float) -> Samples:
    """Clipped at a ceiling that the peak (the 99.99th percentile of the magnitudes) exceeds by `excess` dB."""
    ceiling = float(np.quantile(np.abs(samples), 0.9999)) * 10 ** (-excess / 20)
    return np.clip(samples, -ceiling, ceiling).astype(np.float32)


def subtraction(samples: Samples, rate: int, strength: float) -> Samples:
    """Spectral over-subtraction with a low floor: residual noise sings, weak speech is lost."""
    size, hop = round(0.032 * rate), round(0.008 * rate)
    window = np.sqrt(np.hanning(size + 1)[:size]).astype(np.float32)
    padded = np.concatenate([np.zeros(size, np.float32), samples, np.zeros(2 * size, np.float32)])
    starts = np.arange(0, len(padded) - size, hop)
    spectrum = scipy.fft.rfft(padded[starts[:, None] + np.arange(size)] * window, axis=1)
    power = np.abs(spectrum) ** 2
    floor = np.quantile(power, 0.15, axis=0)
    gain = np.sqrt(np.maximum(1 - (1.5 + 14 * strength) * floor / np.maximum(power, 1e-12), 10 ** (-1 - 2 * strength)))
    frames = scipy.fft.irfft(spectrum * gain, size, axis=1) * window
    out = np.zeros(len(padded), np.float32)
    for start, frame in zip(starts, frames, strict=True):
        out[start : start + size] += frame
    return (out[size : size + len(samples)] * hop / (size / 2)).astype(np.float32)


def gated(samples: Samples, rate: int, strength: float) -> Samples:
    """A noise gate: what lies below a threshold under the speech level is cut away, weak word ends with it."""
    level = active_level(samples, rate)
    power = 10 * np.log10(_frame_power(samples, rate) + 1e-12)
    open_ = power > level - 20 + 16 * strength
    held: NDArray[np.int64] = np.maximum.accumulate(np.where(open_, np.arange(len(open_)), -99))
    open_ = np.arange(len(open_)) - held <= 2
    return _apply_gain(samples, rate, np.where(open_, 1.0, 10 ** (-1.0 - 1.5 * strength)))


def pumped(samples: Samples, rate: int, depth: float) -> Samples:
    """Automatic gain that rises in pauses and falls at onsets, by up to `depth` dB (rise 1.0 s, fall 0.15 s)."""
    power = 10 * np.log10(_frame_power(samples, rate) + 1e-12)
    loud = power > active_level(samples, rate) - 12
    gain, gains = 0.0, []
    for frame in loud:
        gain += (-gain / (0.15 / FRAME)) if frame else (depth - gain) / (1.0 / FRAME)
        gains.append(gain)
    return _apply_gain(samples, rate, 10 ** (np.array(gains) / 20))


def onset_clipped(samples: Samples, mask: NDArray[np.bool_], rate: int, milliseconds: float) -> Samples:
    """The first milliseconds of every utterance cut off, as a slow voice activity detector does."""
    out = samples.copy()
    bridged = mask.copy()
    quiet = np.flatnonzero(np.diff(np.concatenate([[1], mask.astype(np.int8), [1]])))
    for low, high in zip(quiet[0::2], quiet[1::2], strict=True):
        bridged[low:high] = high - low < 8
    starts = np.flatnonzero(np.diff(np.concatenate([[0], bridged.astype(np.int8)])) == 1)
    size = round(FRAME * rate)
    for start in starts:
        first = max(0, int(start) * size - size)
        out[first : first + size + int(milliseconds / 1000 * rate)] = 0
    return out


def echoed(samples: Samples, rate: int, delay: float, attenuation: float) -> Samples:
    """With itself, `delay` ms later and `attenuation` dB weaker, without the treble that an echo path loses."""
    late = np.concatenate([np.zeros(round(delay / 1000 * rate), np.float32), samples])[: len(samples)]
    return samples + lowpassed(late, rate, 2500.0) * np.float32(10 ** (-attenuation / 20))


def clicked(samples: Samples, rate: int, per_second: float, rng: np.random.Generator) -> tuple[Samples, int]:
    """With clicks of 1 to 3 samples at 5 to 25 dB over the speech, and how many there are."""
    out = samples.copy()
    count = int(rng.poisson(per_second * len(samples) / rate))
    level = 10 ** (active_level(samples, rate) / 20)
    for at in rng.integers(0, max(1, len(samples) - 4), size=count):
        width = int(rng.integers(1, 4))
        out[at : at + width] += np.float32(rng.choice([-1, 1]) * level * 10 ** (rng.uniform(5, 25) / 20))
    return out, count


def received(samples: Samples, rate: int, low: float, high: float) -> Samples:
    """Within a receiving side's band: 40 dB down an octave below its lower edge and a fifth above its upper one."""
    edge = 1.15 * high
    hertz = np.array([0, low / 2, low, high, edge, 64000.0]) if low else np.array([0, 1, 2, high, edge, 64000.0])
    return filtered(samples, rate, hertz, np.array([-40.0 if low else 0.0, -40.0 if low else 0.0, 0, 0, -40, -60.0]))


def quantised(samples: Samples, rate: int, strength: float, _: np.random.Generator) -> Samples:
    """In steps of -45 (weak) to -15 dB (strong) under the active level, without dither."""
    step = np.float32(10 ** ((active_level(samples, rate) - 45 + 30 * strength) / 20))
    return np.asarray(np.round(samples / step) * step, np.float32)


def aliased(samples: Samples, _: int, strength: float, rng: np.random.Generator) -> Samples:
    """Every second or third sample held, without the filter that should come before; mixed in by strength."""
    factor = int(rng.integers(2, 4))
    held = np.repeat(samples[::factor], factor)[: len(samples)]
    return np.asarray(samples + np.float32(min(1.0, 0.2 + strength)) * (held - samples), np.float32)


def comb(samples: Samples, rate: int, strength: float, rng: np.random.Generator) -> Samples:
    """With itself 1 to 12 ms later, as a table top or a second microphone does; equally loud at full strength."""
    late = round(rng.uniform(0.001, 0.012) * rate)
    return np.asarray(samples + strength * np.concatenate([np.zeros(late, np.float32), samples[:-late]]), np.float32)


def holes(samples: Samples, rate: int, strength: float, rng: np.random.Generator) -> Samples:
    """Cells of 32 ms by about 250 Hz taken out at random, as low-rate music coders and suppressors do: 5 to 60 %."""
    size, hop = round(0.032 * rate), round(0.008 * rate)
    window = np.sqrt(np.hanning(size + 1)[:size]).astype(np.float32)
    padded = np.concatenate([np.zeros(size, np.float32), samples, np.zeros(2 * size, np.float32)])
    starts = np.arange(0, len(padded) - size, hop)
    spectrum = scipy.fft.rfft(padded[starts[:, None] + np.arange(size)] * window, axis=1)
    kept = rng.random((len(starts) // 4 + 1, spectrum.shape[1] // 8 + 1)) > 0.05 + 0.55 * strength
    spectrum *= np.repeat(np.repeat(kept, 4, axis=0), 8, axis=1)[: len(starts), : spectrum.shape[1]]
    frames = scipy.fft.irfft(spectrum, size, axis=1) * window
    out = np.zeros(len(padded), np.float32)
    for start, frame in zip(starts, frames, strict=True):
        out[start : start + size] += frame
    return (out[size : size + len(samples)] * hop / (size / 2)).astype(np.float32)


def wow(samples: Samples, rate: int, strength: float, rng: np.random.Generator) -> Samples:
    """The pitch wavers 1 to 8 times a second by up to 6 %: a player whose clock is not steady."""
    rhythm = rng.uniform(1.0, 8.0)
    time = np.arange(len(samples)) / rate
    moved = time + 0.06 * strength / (2 * np.pi * rhythm) * np.sin(2 * np.pi * rhythm * time + rng.uniform(0, 6.28))
    return np.interp(moved, time, samples).astype(np.float32)


UNUSUAL = {"quantised": quantised, "aliased": aliased, "comb": comb, "holes": holes, "wow": wow}
"""Distortions that are seldom met, by name: they widen what an estimator has heard."""


def _frame_power(samples: Samples, rate: int) -> NDArray[np.float64]:
    size = round(FRAME * rate)
    frames = samples[: len(samples) // size * size].reshape(-1, size)
    return np.asarray(np.mean(frames.astype(np.float64) ** 2, axis=1))


def _apply_gain(samples: Samples, rate: int, gain: NDArray[np.floating]) -> Samples:
    size = round(FRAME * rate)
    centres = (np.arange(len(gain)) + 0.5) * size
    return np.asarray(samples * np.interp(np.arange(len(samples)), centres, gain), np.float32)
