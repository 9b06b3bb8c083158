"""Fit how fast speech is played to the figures of `audioqa.detectors._speed`: ``python -m audioqa.lab.fit_speed``.

Speech of the tuning speakers, plain and through a telephone's band, through a codec drawn at random, is labelled with
right and wrong sample rates. A ridge regression on the logarithm of the speed becomes
audioqa/detectors/_speed_weights.py; what it says of speakers left out is printed.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from audioqa.detectors._speed import speed_figures
from audioqa.lab.codecs import transcode
from audioqa.lab.corpus import RATE, Call, calls
from audioqa.lab.simulator import effects
from audioqa.measure import measure

WEIGHTS = Path(__file__).resolve().parents[1] / "detectors" / "_speed_weights.py"
CODECS = ("none", "ulaw", "gsm", "amr-12.2")
RIDGE = 3.0
FOLDS = 8

Samples = NDArray[np.float32]


def relabelled(samples: Samples) -> Iterator[tuple[float, Samples, int]]:
    """Speech at 8 kHz at right and wrong rates: octaves by which it is fast, samples, the rate of the label."""
    import soxr

    wide = np.asarray(soxr.resample(samples, RATE, 2 * RATE), np.float32)
    yield 0.0, samples, RATE
    yield 0.0, wide, 2 * RATE
    yield 1.0, samples, 2 * RATE
    yield float(np.log2(11025 / RATE)), samples, 11025
    yield -1.0, wide, RATE
    yield -float(np.log2(11025 / RATE)), np.asarray(soxr.resample(samples, RATE, 11025), np.float32), RATE


def telephone(samples: Samples, rng: np.random.Generator) -> Samples:
    """A microphone and the band of a telephone."""
    curved = effects.microphone_curve(samples, RATE, float(rng.uniform(-4, 4)), rng)
    return effects.telephone_band(curved, RATE)


def examples(made: Sequence[Call], seed: int = 0) -> tuple[NDArray[np.float64], NDArray[np.float64], list[str]]:
    """Figures, octaves and speakers."""
    figures, octaves, speakers = [], [], []
    for number, call in enumerate(made):
        rng = np.random.default_rng((seed, number))
        for band in (call.samples, telephone(call.samples, rng)):
            coded = transcode(band, RATE, str(rng.choice(CODECS)))
            for octave, samples, rate in relabelled(coded):
                channel = measure([samples[:, None]], rate, channels=("one",), activity=None).channels[0]
                found = speed_figures(channel)
                if found is not None:
                    figures.append(found)
                    octaves.append(octave)
                    speakers.append(call.speaker if call.speaker != "unknown" else f"unknown {number // 8}")
    return np.array(figures), np.array(octaves), speakers


def fitted(figures: NDArray[np.float64], octaves: NDArray[np.float64]) -> NDArray[np.float64]:
    """Weights on the figures and, last, a constant: ridge regression on figures of unit spread."""
    mean, spread = figures.mean(axis=0), figures.std(axis=0) + 0.05
    scaled = (figures - mean) / spread
    inner = scaled.T @ scaled + RIDGE * np.eye(scaled.shape[1])
    weights = np.linalg.solve(inner, scaled.T @ (octaves - octaves.mean())) / spread
    return np.append(weights, octaves.mean() - mean @ weights)


def main(arguments: Sequence[str] | None = None) -> int:
    """Fit, print, write; exit code 2 where there is no speech."""
    parser = argparse.ArgumentParser(prog="python -m audioqa.lab.fit_speed", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--every", type=int, default=1, metavar="N", help="use every Nth call only (default all)")
    options = parser.parse_args(arguments)
    made = list(islice(calls("tune", seconds=30.0), 0, None, options.every))
    if not made:
        print("no real speech here: set AUDIOQA_DATA", file=sys.stderr)  # noqa: T201
        return 2
    figures, octaves, speakers = examples(made)
    names = np.array(speakers)
    said = np.zeros(len(octaves))
    every = np.unique(names)
    for fold in range(FOLDS):
        out = np.isin(names, every[fold::FOLDS])
        weights = fitted(figures[~out], octaves[~out])
        said[out] = figures[out] @ weights[:-1] + weights[-1]
    print(f"{len(made)} calls, {len(every)} speakers; octaves said of speakers left out:")  # noqa: T201
    for octave in np.unique(octaves):
        mine = said[octaves == octave]
        low, high = np.percentile(mine, [5, 95])
        print(  # noqa: T201
            f"{octave:+.2f}: mean {mine.mean():+.2f}, deviation {mine.std():.2f}, 5 to 95 % {low:+.2f} to {high:+.2f}, "
            f"least {mine.min():+.2f}, most {mine.max():+.2f} ({len(mine)})"
        )
    weights = fitted(figures, octaves)
    lines = "\n".join(f"    {weight:.5f}," for weight in weights)
    WEIGHTS.write_text(
        '"""Weights of the speed of speech, written by `python -m audioqa.lab.fit_speed`; do not edit."""\n\n'
        f"WEIGHTS = (\n{lines}\n)\n"
        '"""Octaves for each of the figures of `audioqa.detectors._speed`; the last is the constant."""\n'
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
