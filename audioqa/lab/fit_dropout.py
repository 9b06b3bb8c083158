"""Fits the network by which the dropout detector tells losses from natural stops.

``python -m audioqa.lab.fit_dropout`` takes the tuning speakers of `audioqa.lab.corpus` (never the test ones), puts
holes into their speech, passes it clean and holed through telephone codecs, describes every hole of the level curve
(`audioqa.detectors._dropout_shape`), and fits a small network to tell those put there from the rest. It writes
``audioqa/detectors/_dropout_weights.py`` and prints the odds at which the clean speech has 0.1 to 2 false events per
hour: `Dropouts.least_odds` is chosen from them.

To have more than the few tuning speakers give, every call is used twice: as it is, and faster or slower (another
voice), with noise, a noise gate, telephone tones or another level. Seeded throughout.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from audioqa.detectors._dropout_levels import ChannelLevels
from audioqa.detectors._dropout_shape import FACTS, describe, find_holes
from audioqa.detectors._networks import Network, forward
from audioqa.lab.codecs import TELEPHONE_CODECS, transcode
from audioqa.lab.corpus import RATE, calls, data_folder
from audioqa.lab.fit_network import Recipe, fit_network, write_networks
from audioqa.lab.inject import Fill, Injected, dropouts
from audioqa.measure import measure

RECIPE = Recipe(hidden=(24, 12), batch=1024, noise=0.2, decay=3e-3)

NETWORKS = 4
"""Networks whose answers are averaged: what only one of them believes is rarely so."""

LENGTHS = (
    0.010,
    0.015,
    0.020,
    0.020,
    0.025,
    0.030,
    0.040,
    0.050,
    0.060,
    0.060,
    0.080,
    0.100,
    0.120,
    0.200,
    0.300,
    0.400,
)
"""Seconds: lengths of the holes put in, short ones more often."""

FILLS: tuple[Fill, ...] = ("zero", "comfort", "fade")
"""What the holes are filled with; repeats leave no hole."""

LONGEST_FADE = 0.12
"""Seconds up to which a loss that fades is taught as a loss."""

FURTHER_CODECS = ("g726-32", "g723.1", "opus-24k", "mp3-16k", "amr-7.4")
"""Codecs besides the telephone codecs, for the altered copies of the calls."""

_RATES = (0.1, 0.2, 0.3, 0.5, 1.0, 2.0)  # false events per hour for which the odds are printed


@dataclass(frozen=True)
class Examples:
    """Described holes.

    Parameters
    ----------
    facts
        float16, shape (holes, FACTS).
    loss
        int8, shape (holes,): 1 a loss put in, 0 natural, -1 neither (it only touches a loss).
    clean
        bool, shape (holes,): from speech without any loss.
    hours
        Hours of speech without any loss.
    """

    facts: NDArray[np.float16]
    loss: NDArray[np.int8]
    clean: NDArray[np.bool_]
    hours: float


def altered(samples: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """Another voice from the same call, perhaps with noise, a noise gate or tones, at another level."""
    import soxr

    other = np.asarray(soxr.resample(samples, RATE, RATE * rng.choice([0.88, 0.94, 1.07, 1.14])), dtype=np.float32)
    power = float(np.mean(other**2))
    kind = rng.choice(["plain", "noise", "coloured", "gate", "tones"], p=[0.3, 0.2, 0.2, 0.15, 0.15])
    if kind in ("noise", "coloured"):
        noise = rng.standard_normal(len(other) + 4)
        noise = noise[4:] if kind == "noise" else np.convolve(noise, [1, 0.9, 0.7, 0.5, 0.3], "valid")
        noise *= np.sqrt(power / np.mean(noise**2)) * 10 ** (-rng.uniform(8, 35) / 20)
        other = other + noise.astype(np.float32)
    elif kind == "gate":
        other = _gated(other, rng)
    elif kind == "tones":
        for start in range(RATE, len(other) - 2 * RATE, 5 * RATE):
            tone = _tones(rng) * np.float32(np.sqrt(power))
            other[start : start + len(tone)] = tone
    peak = float(np.max(np.abs(other)))
    return np.asarray(other * np.float32(min(0.9 / peak, 10 ** (rng.uniform(-15, 6) / 20))))


def _gated(samples: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """A noise gate: zeros where nothing was loud for a while, as discontinuous transmission and quiet studios leave."""
    size = RATE // 100
    power = np.mean(samples[: len(samples) // size * size].reshape(-1, size) ** 2, axis=1)
    level = np.repeat(10 * np.log10(power + 1e-10), size)
    loud = level > np.percentile(level, 90) - rng.uniform(25, 38)
    hold = round(rng.uniform(0.03, 0.2) * RATE)
    opened = np.convolve(loud, np.ones(hold), "full")[: len(loud)] > 0.5
    gain = np.convolve(opened, np.ones(size) / size, "same") if rng.random() < 0.5 else opened
    return np.asarray(samples[: len(gain)] * gain, dtype=np.float32)


def _tones(rng: np.random.Generator) -> NDArray[np.float32]:
    """2 s of push buttons or of reorder tone: bursts with silence between them."""
    t = np.arange(2 * RATE) / RATE
    pair = rng.choice([697, 770, 852, 941]), rng.choice([1209, 1336, 1477])
    pair = pair if rng.random() < 0.6 else (480, 620)
    on = rng.choice([0.05, 0.08, 0.1, 0.25])
    wave = sum(np.sin(2 * np.pi * f * t) for f in pair)
    return np.asarray(wave * (t % (2 * on) < on), dtype=np.float32)


def described(
    samples: NDArray[np.float32], losses: tuple[Injected, ...]
) -> tuple[NDArray[np.float32], NDArray[np.int8]]:
    """Holes of a recording described, and each one's label as in `Examples`."""
    channel = measure([samples[:, None]], RATE, channels=("call",), activity=None).channels[0]
    levels = ChannelLevels.of(channel)
    if levels is None:
        return np.zeros((0, FACTS), dtype=np.float32), np.zeros(0, dtype=np.int8)
    holes = find_holes(levels.level, speech=levels.speech)
    facts = describe(levels.level, channel.frames.bands, holes, speech=levels.speech, floor=levels.floor)
    start, end = holes.start * 0.0025, holes.end * 0.0025
    label = np.zeros(len(holes), dtype=np.int8)
    for loss in losses:
        a, b = loss.segment.start, loss.segment.end
        shared = np.minimum(end, b) - np.maximum(start, a)
        label[shared > -0.01] = -1
        if loss.condition == "fade":
            same = (shared >= 0.7 * (end - start)) & (np.abs(end - b) < 0.0101) & (shared > 0.3 * (b - a))
        else:
            same = shared >= 0.6 * (np.maximum(end, b) - np.minimum(start, a))
            same |= (np.abs(start - a) < 0.0076) & (np.abs(end - b) < 0.0101)
        # A long fade that a codec has smoothed cannot be told from a pause that ends abruptly: it is not taught.
        taught = loss.condition != "fade" or loss.size <= LONGEST_FADE
        label[same & (shared > -0.01)] = 1 if taught else -1
    return facts, label


def gather(seed: int) -> Examples:
    """Holes of the tuning speakers, through every codec."""
    facts, labels, clean, hours = [], [], [], 0.0
    for number, (samples, codecs) in enumerate(_versions(seed)):
        holed, losses = dropouts(samples, RATE, seed=seed + 2 * number, lengths=LENGTHS, fills=FILLS)
        for codec in codecs:
            coded = transcode(samples, RATE, codec)
            hours += len(coded) / RATE / 3600
            after, later = dropouts(coded, RATE, seed=seed + 2 * number + 1, lengths=LENGTHS, fills=FILLS)
            for version, truth in ((coded, ()), (transcode(holed, RATE, codec), losses), (after, later)):
                if version is after and codec in ("none", "ulaw", "alaw"):
                    continue
                found, label = described(version, truth)
                facts.append(found.astype(np.float16))
                labels.append(label)
                clean.append(np.full(len(label), version is coded))
        print(f"\r{number + 1} calls", end="", file=sys.stderr)  # noqa: T201
    return Examples(np.concatenate(facts), np.concatenate(labels), np.concatenate(clean), hours)


def _versions(seed: int) -> Iterator[tuple[NDArray[np.float32], tuple[str, ...]]]:
    """Every tuning call as it is through the telephone codecs, and altered through some of all codecs."""
    for number, call in enumerate(calls("tune")):
        rng = np.random.default_rng([seed, 7, number])
        yield call.samples, TELEPHONE_CODECS
        for _ in range(1):
            yield altered(call.samples, rng), tuple(rng.choice(TELEPHONE_CODECS + FURTHER_CODECS, 4, replace=False))


def fit(examples: Examples, *, seed: int, epochs: int) -> Network:
    """One network, fitted to the examples that are known to be a loss or none."""
    known = examples.loss >= 0
    return fit_network(examples.facts[known], examples.loss[known], RECIPE, seed=seed, epochs=epochs)


def log_odds_of(networks: Sequence[Network], facts: NDArray[np.float16]) -> NDArray[np.float32]:
    """Natural logarithm of the odds of every example, shape (holes,)."""
    parts = [forward(networks, facts[i : i + 100_000].astype(np.float32)) for i in range(0, len(facts), 100_000)]
    return np.concatenate(parts)


def main() -> int:
    """Fit, write, and print the operating points."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--cache", type=Path, help="keep the described holes in this .npz file, or take them from it")
    options = parser.parse_args()
    if data_folder() is None:
        print("no speech: set AUDIOQA_DATA to the folder of real audio", file=sys.stderr)  # noqa: T201
        return 1
    if options.cache and options.cache.is_file():
        with np.load(options.cache) as kept:
            examples = Examples(kept["facts"], kept["loss"], kept["clean"], float(kept["hours"]))
    else:
        examples = gather(options.seed)
        if options.cache:
            np.savez(options.cache, **vars(examples))
    networks = [fit(examples, seed=options.seed + n, epochs=options.epochs) for n in range(NETWORKS)]
    odds = log_odds_of(networks, examples.facts)
    docstring = "Coefficients of the dropout network; written by ``python -m audioqa.lab.fit_dropout``."
    write_networks(networks, Path(__file__).parents[1] / "detectors" / "_dropout_weights.py", docstring=docstring)
    natural = np.sort(odds[examples.clean])[::-1]
    lost = odds[examples.loss == 1]
    print(f"\n{len(odds)} holes, {len(lost)} of them losses; {examples.hours:.1f} h of clean speech")  # noqa: T201
    for rate in _RATES:
        least = float(natural[int(rate * examples.hours)])
        print(f"{rate:4.1f} false events per hour: odds {least:6.2f}, {np.mean(lost >= least):.3f} of losses")  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
