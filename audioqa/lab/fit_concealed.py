"""Fit the networks of the concealment detector: ``python -m audioqa.lab.fit_concealed``.

Packets of the tuning speakers are played twice, at any phase against the frames, before low-rate codecs; the same
speech without is what the networks must leave alone. Writes ``audioqa/detectors/_concealed_weights.py`` and prints, of
a third of the calls that was kept back, which share of the repeats is found at how many false ones per hour.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from audioqa.detectors._concealed_shape import describe, find_twins
from audioqa.detectors._networks import Network, forward
from audioqa.frames import SUBFRAME
from audioqa.lab.codecs import DELAYS, frame_count, frame_seconds, transcode
from audioqa.lab.corpus import RATE, calls
from audioqa.lab.fit_network import Recipe, fit_network, write_networks
from audioqa.lab.simulator import effects
from audioqa.lab.simulator.condition import Fill, Loss
from audioqa.lab.simulator.network import filled, lost_packets
from audioqa.measure import measure

CODECS = ("gsm", "g729", "amr-12.2", "opus-12k")
RECIPE = Recipe(hidden=(24,), batch=512, noise=0.15, decay=1e-2)
NETWORKS = 3
LOST = 3.0
"""Per cent: losses that lie well apart."""

LOUD = 16.0
"""dB under the active speech level that a packet may have at its loudest."""

_LEVEL = -26.0  # dBov
_PACKET = 0.020  # s
_RATES = (3.0, 10.0, 30.0, 100.0)  # false repeats per hour for which the odds are printed


@dataclass(frozen=True)
class Examples:
    """Described packets.

    Parameters
    ----------
    facts
        float16, shape (packets, FACTS).
    twice
        int8, shape (packets,): 1 played twice, 0 natural, -1 neither (near one that was).
    call
        int64, shape (packets,): number of the call.
    clean
        bool, shape (packets,): from speech without any loss.
    lost
        int64, shape (calls,): packets lost amid loud speech, whether they were found as candidates or not.
    seconds
        float64, shape (calls,): of speech without any loss, through every codec.
    """

    facts: NDArray[np.float16]
    twice: NDArray[np.int8]
    call: NDArray[np.int64]
    clean: NDArray[np.bool_]
    lost: NDArray[np.int64]
    seconds: NDArray[np.float64]


def gather(every: int, seed: int, fill: Fill) -> Examples:
    """Packets of the tuning speakers through every codec, with and without repeats."""
    facts, twice, of, clean, lost_count, seconds = [], [], [], [], [], []
    for number, call in enumerate(islice(calls("tune"), 0, None, every)):
        rng = np.random.default_rng((seed, number))
        speech = effects.at_level(call.samples, RATE, _LEVEL)[int(rng.integers(0, 400)) :]
        speech = np.clip(speech, -1, 32767 / 32768).astype(np.float32)
        lost_count.append(0)
        seconds.append(0.0)
        for codec in CODECS:
            phase = int(rng.integers(0, round(_PACKET * RATE)))
            for version, starts in (
                (transcode(speech, RATE, codec), np.zeros(0)),
                _lossy(speech, codec, fill, phase, rng),
            ):
                found, label, there = _described(version, starts)
                facts.append(found.astype(np.float16))
                twice.append(label)
                of.append(np.full(len(label), number))
                clean.append(np.full(len(label), len(starts) == 0))
                lost_count[-1] += there
                seconds[-1] += len(version) / RATE if len(starts) == 0 else 0.0
        print(f"\r{number + 1} calls", end="", file=sys.stderr, flush=True)  # noqa: T201
    return Examples(
        facts=np.concatenate(facts),
        twice=np.concatenate(twice),
        call=np.concatenate(of),
        clean=np.concatenate(clean),
        lost=np.array(lost_count),
        seconds=np.array(seconds),
    )


def _lossy(
    speech: NDArray[np.float32], codec: str, fill: Fill, phase: int, rng: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Speech with lost packets of 20 ms, from sample `phase` on before the codec or in it, and where they begin."""
    if fill == "codec":
        frame = frame_seconds(codec)
        count, each = frame_count(len(speech), RATE, codec), round(_PACKET / frame)
        lost = lost_packets(-(-count // each), LOST, 0.0, rng)
        coded = transcode(speech, RATE, codec, lost=np.repeat(lost, each)[:count])
        return coded, np.asarray(np.flatnonzero(lost) * each * frame - DELAYS[codec] / RATE, np.float64)
    lost = lost_packets(-(-len(speech) // round(_PACKET * RATE)), LOST, 0.0, rng)
    hurt = speech.copy()
    hurt[phase:] = filled(speech[phase:], RATE, lost, Loss(LOST, 0.0, 20, fill), rng)
    return transcode(hurt, RATE, codec), np.asarray(np.flatnonzero(lost) * _PACKET + phase / RATE, np.float64)


def _described(
    samples: NDArray[np.float32], starts: NDArray[np.float64]
) -> tuple[NDArray[np.float32], NDArray[np.int8], int]:
    """Candidates described, their labels as in `Examples`, and how many of the repeats are loud."""
    frames = measure([samples[:, None]], RATE, channels=("call",), activity=None).channels[0].frames
    level = effects.active_level(samples, RATE)
    twins = find_twins(frames, level - LOUD)
    label = np.zeros(len(twins), dtype=np.int8)
    loud = 0
    levels = frames.subframe_levels()
    for start in starts / SUBFRAME:
        near = np.abs(twins - start)
        label[(near < 16) & (label == 0)] = -1
        label[near <= 1.5] = 1
        first = round(float(start))
        loud += bool(len(levels[first : first + 8]) and levels[first : first + 8].max() >= level - LOUD)
    return describe(frames, twins), label, loud


def fit(examples: Examples, chosen: NDArray[np.bool_], *, seed: int, epochs: int) -> Network:
    """One network, fitted to the chosen examples that are known to be a repeat or none."""
    known = chosen & (examples.twice >= 0)
    return fit_network(examples.facts[known], examples.twice[known], RECIPE, seed=seed, epochs=epochs)


def main(arguments: Sequence[str] | None = None) -> int:
    """Fit, print the operating points of the calls kept back, fit on all and write."""
    parser = argparse.ArgumentParser(
        prog="python -m audioqa.lab.fit_concealed", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("--every", type=int, default=3, metavar="N", help="use every Nth call (default %(default)s)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument(
        "--fill",
        choices=["repeat", "appendix-i", "codec"],
        default="repeat",
        help="what takes the place of lost packets; only repeats are written (default %(default)s)",
    )
    options = parser.parse_args(arguments)
    examples = gather(options.every, options.seed, options.fill)
    back = examples.call % 3 == 0
    trial = [fit(examples, ~back, seed=options.seed + n, epochs=options.epochs) for n in range(NETWORKS)]
    odds = forward(trial, examples.facts.astype(np.float32))
    natural = np.sort(odds[back & examples.clean])[::-1]
    repeats = odds[back & (examples.twice == 1)]
    lost, hours = int(examples.lost[::3].sum()), float(examples.seconds[::3].sum() / 3600)
    print(f"\n{len(odds)} packets, {int((examples.twice == 1).sum())} of them repeats")  # noqa: T201
    print(f"kept back: {hours:.2f} h, {lost} loud repeats, {len(repeats) / max(1, lost):.3f} are candidates")  # noqa: T201
    for rate in _RATES:
        least = float(natural[min(len(natural) - 1, int(rate * hours))])
        share = float(np.sum(repeats >= least)) / max(1, lost)
        print(f"{rate:5.0f} false repeats per hour: odds {least:5.2f}, {share:.3f} of the loud repeats")  # noqa: T201
    if options.fill != "repeat":
        return 0
    every = np.ones(len(back), dtype=bool)
    networks = [fit(examples, every, seed=options.seed + n, epochs=options.epochs) for n in range(NETWORKS)]
    docstring = "Coefficients of the concealment networks; written by ``python -m audioqa.lab.fit_concealed``."
    write_networks(networks, Path(__file__).parents[1] / "detectors" / "_concealed_weights.py", docstring=docstring)
    return 0


if __name__ == "__main__":
    sys.exit(main())
