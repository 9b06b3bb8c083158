"""The chain: one clip of clean speech and a condition in, the call and the truth of it out.

The truth says what was really done to this clip, measured where it can be: the loss that fell on speech, the noise
over the telephone band, the share of clipped samples, the seconds of speech that are gone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audioqa.lab.anchors import mnru
from audioqa.lab.codecs import frame_count, frame_seconds, transcode
from audioqa.lab.simulator import effects
from audioqa.lab.simulator.condition import Condition
from audioqa.lab.simulator.material import RATE as MATERIAL_RATE
from audioqa.lab.simulator.material import Material, made_noise, room_response
from audioqa.lab.simulator.network import filled, lost_packets, stretched

Samples = NDArray[np.float32]

NOMINAL = -26.0
"""dBov: active level of the speech inside the chain."""


@dataclass(frozen=True)
class Simulated:
    """A simulated call.

    Parameters
    ----------
    samples
        float32, shape (n,), multiples of 1/32768, at `sample_rate`.
    sample_rate
        8000 or 16000 Hz.
    reference
        The clean speech in the same band and at the nominal level, same shape: what PESQ compares with.
    speech
        bool, one for each 20 ms: speech was said here, after any change of time, and is not silenced.
    truth
        Plain figures; see `simulate`.
    """

    samples: Samples
    sample_rate: int
    reference: Samples
    speech: NDArray[np.bool_]
    truth: Mapping[str, float]


def simulate(
    clean: Samples,
    sample_rate: int,
    condition: Condition,
    *,
    stored: Material,
    voices: Sequence[Samples] = (),
    speech: NDArray[np.bool_] | None = None,
) -> Simulated:
    """Pass clean speech through a condition.

    Parameters
    ----------
    clean
        float32, shape (n,), at `sample_rate`.
    sample_rate
        16000 Hz, or 8000 Hz for a narrow band condition.
    condition
        What to do.
    stored
        Recorded noise and rooms.
    voices
        Other speakers at 16 kHz, for babble.
    speech
        bool, one for each 20 ms of `clean`: where there is speech, from a better judge than level alone.

    Returns
    -------
    Simulated
        Its truth holds ``snr`` (dB, 99 without noise), ``hum`` (dB, 99), ``mnru`` (dB, 99), ``loss`` (per cent of the
        speech frames that a lost packet touches), ``burst_ratio`` (BurstR of G.107), ``clipped`` (share of samples at
        the ceiling), ``missing`` (s of speech that was silenced by gaps), ``clicks``, ``moved`` (s by which a jitter
        buffer moved time in all).
    """
    rng = np.random.default_rng((condition.seed, 1))
    rate = condition.sample_rate
    samples = _resample(clean, sample_rate, rate)
    samples = effects.at_level(samples, rate, NOMINAL)
    mask = effects.speech_mask(samples, rate) if speech is None else speech
    mask = np.resize(mask, len(samples) // (rate // 50))
    reference = _band(samples, rate, condition.band)
    truth: dict[str, float] = {}

    samples = _acoustics(samples, rate, condition, stored, voices, rng, truth)
    samples = _sender(samples, rate, mask, condition, truth)
    samples = _band(samples, rate, condition.band)
    samples = effects.at_level(samples, rate, NOMINAL) if condition.pumping or condition.suppressor else samples
    samples = samples * np.float32(10 ** ((condition.level - NOMINAL) / 20))
    truth["overload"] = float(np.mean(np.abs(samples) >= 1.0))
    samples = _int16(samples)
    if condition.mnru is not None:
        samples = _int16(mnru(samples, condition.mnru, rng))
    truth["mnru"] = 99.0 if condition.mnru is None else condition.mnru
    samples = _coded(samples, rate, mask, condition, truth)
    if condition.unusual:
        samples = effects.UNUSUAL[condition.unusual[0]](samples, rate, condition.unusual[1], rng)
    if condition.received:
        samples = effects.received(samples, rate, *condition.received)
    samples, mask = _played(samples, rate, mask, condition, truth)
    return Simulated(_int16(samples), rate, _int16(reference), mask, truth)


def _acoustics(
    samples: Samples,
    rate: int,
    condition: Condition,
    stored: Material,
    voices: Sequence[Samples],
    rng: np.random.Generator,
    truth: dict[str, float],
) -> Samples:
    """Room, microphone and noise."""
    length = len(samples)
    if condition.room:
        samples = effects.reverberant(samples, _resample(stored.rooms[condition.room], MATERIAL_RATE, rate))
    elif condition.rt60:
        response = room_response(condition.rt60, condition.direct, rng)
        samples = effects.reverberant(samples, _resample(response, MATERIAL_RATE, rate))
    if condition.tilt:
        samples = effects.microphone_curve(samples, rate, condition.tilt, rng)
    if condition.cutoff:
        samples = effects.lowpassed(samples, rate, condition.cutoff)
    if condition.tilt or condition.cutoff or condition.rt60 or condition.room:
        samples = effects.at_level(samples, rate, NOMINAL)
    truth["snr"], truth["hum"] = 99.0, 99.0
    if condition.noise:
        wide = round(length * MATERIAL_RATE / rate)
        kind = condition.noise.kind
        if kind in stored.noise:
            choices = stored.noise[kind]
            source = choices[int(rng.integers(len(choices)))]
            noise = np.roll(np.resize(source, max(wide, len(source))), -int(rng.integers(len(source))))[:wide]
        else:
            noise = made_noise(kind, wide, rng, voices=voices)
        noise = _resample(noise.astype(np.float32), MATERIAL_RATE, rate)[:length]
        noise = np.concatenate([noise, np.zeros(length - len(noise), np.float32)])
        noise = effects.scaled_noise(noise, rate, NOMINAL - condition.noise.snr)
        if condition.noise.bursts:
            noise = noise * effects.bursts(length, rate, rng)
        samples = samples + noise
        truth["snr"] = condition.noise.snr
    if condition.hum:
        fundamental, snr = condition.hum
        wave = effects.hum(length, rate, fundamental, rng)
        samples = samples + wave * np.float32(10 ** ((NOMINAL - snr) / 20) / np.sqrt(np.mean(wave**2)))
        truth["hum"] = snr
    return samples.astype(np.float32)


def _sender(
    samples: Samples, rate: int, mask: NDArray[np.bool_], condition: Condition, truth: dict[str, float]
) -> Samples:
    """Overload, suppressor, gain control, front end, echo."""
    truth["clipped"] = 0.0
    if condition.overload:
        clipped = effects.overloaded(samples, condition.overload)
        truth["clipped"] = float(np.mean(clipped != samples))
        samples = clipped
    if condition.suppressor:
        kind, strength = condition.suppressor
        apply = effects.subtraction if kind == "subtraction" else effects.gated
        samples = apply(samples, rate, strength)
    if condition.pumping:
        samples = effects.pumped(samples, rate, condition.pumping)
    if condition.onset:
        samples = effects.onset_clipped(samples, mask, rate, condition.onset)
    if condition.echo:
        samples = effects.echoed(samples, rate, *condition.echo)
    return samples


def _coded(
    samples: Samples, rate: int, mask: NDArray[np.bool_], condition: Condition, truth: dict[str, float]
) -> Samples:
    """The codecs in their order, and the loss at the last one."""
    truth["loss"], truth["burst_ratio"] = 0.0, 1.0
    *before, last = condition.codecs or ("none",)
    for codec in before:
        samples = transcode(samples, rate, codec)
    loss = condition.loss
    if loss is None:
        return transcode(samples, rate, last)
    packet = loss.packet / 1000
    count = -(-len(samples) // round(packet * rate))
    lost = lost_packets(count, loss.percent, loss.burst, np.random.default_rng((condition.seed, 2)))
    touched = np.repeat(lost, loss.packet // 10)[: 2 * len(mask)]
    spoken = np.repeat(mask, 2)[: len(touched)]
    truth["loss"] = 100 * float(np.mean(touched[spoken])) if spoken.any() else 0.0
    runs = int(np.sum(np.diff(np.concatenate([[0], lost.astype(np.int8)])) == 1))
    if runs and not lost.all():
        truth["burst_ratio"] = max(1.0, float(lost.sum()) / runs * (1 - float(lost.mean())))
    if loss.fill == "codec":
        frames = frame_count(len(samples), rate, last)
        each = max(1, round(packet / frame_seconds(last)))
        return transcode(samples, rate, last, lost=np.resize(np.repeat(lost, each), frames))
    rng = np.random.default_rng((condition.seed, 3))
    return filled(transcode(samples, rate, last), rate, lost, loss, rng)


def _played(
    samples: Samples, rate: int, mask: NDArray[np.bool_], condition: Condition, truth: dict[str, float]
) -> tuple[Samples, NDArray[np.bool_]]:
    """Jitter buffer, gaps, clicks, drift, and what is kept for testing."""
    rng = np.random.default_rng((condition.seed, 4))
    size = rate // 50
    mask = mask.copy()
    truth["moved"], truth["missing"], truth["clicks"] = 0.0, 0.0, 0.0
    if condition.stretch or condition.skips:
        samples, source = stretched(samples, rate, stretch=condition.stretch, skips=condition.skips, rng=rng)
        truth["moved"] = float(np.sum(np.abs(np.diff(source) - 1))) / rate
        mask = mask[np.minimum(source[size // 2 :: size][: len(mask)] // size, len(mask) - 1)]
    places = np.random.default_rng((condition.seed, 5))
    for seconds in condition.gaps:
        spoken = np.flatnonzero(mask)
        centre = int(spoken[int(places.integers(len(spoken)))]) if len(spoken) else 0
        first = max(0, centre - round(seconds * 25))
        stop = min(len(mask), first + round(seconds * 50))
        truth["missing"] += float(mask[first:stop].sum()) / 50
        samples = samples.copy()
        samples[first * size : stop * size] = 0
        mask[first:stop] = False
    if condition.clicks:
        samples, truth["clicks"] = effects.clicked(samples, rate, condition.clicks, rng)
    if condition.drift:
        index = np.arange(len(samples)) * (1 + condition.drift * 1e-6)
        samples = np.interp(index, np.arange(len(samples)), samples).astype(np.float32)
    if condition.special:
        samples = _special(samples, rate, *condition.special, rng)
    return samples, mask


def _special(samples: Samples, rate: int, kind: str, strength: float, rng: np.random.Generator) -> Samples:
    """Impairments that no training clip has."""
    if kind == "bit-errors":
        values = _int16(samples).copy()
        hit = rng.random(len(values)) < 10 ** (-4 + 2.2 * strength)
        flipped = (values[hit] * 32768).astype(np.int32) ^ (1 << rng.integers(6, 15, int(hit.sum())))
        values[hit] = flipped / 32768
        return values
    if kind == "robot":
        time = np.arange(len(samples)) / rate
        wave = 1 + 0.9 * strength * np.sign(np.sin(2 * np.pi * 33 * time))
        return np.asarray(samples * wave / np.sqrt(np.mean(wave**2)), np.float32)
    size = round(0.02 * rate)  # reordering: neighbouring packets change places
    packets = samples[: len(samples) // (2 * size) * 2 * size].reshape(-1, 2, size).copy()
    swapped = rng.random(len(packets)) < 0.3 * strength
    packets[swapped] = packets[swapped][:, ::-1]
    return np.concatenate([packets.reshape(-1), samples[packets.size :]])


def _band(samples: Samples, rate: int, band: str) -> Samples:
    if band == "nb":
        return effects.telephone_band(samples, rate)
    if band == "7k":
        hertz, gain = np.array([0, 30, 50, 7000, 7600, 8000.0]), np.array([-40, -20, 0, 0, -20, -40.0])
        return effects.filtered(samples, rate, hertz, gain)
    return samples


def _resample(samples: Samples, rate: int, wanted: int) -> Samples:
    if rate == wanted:
        return samples
    import soxr

    return np.asarray(soxr.resample(samples, rate, wanted), np.float32)


def _int16(samples: Samples) -> Samples:
    return (np.clip(np.rint(samples * 32768), -32768, 32767) / 32768).astype(np.float32)
