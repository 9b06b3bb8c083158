"""Speed and memory of the networks, what attenuation does to speech activity, and what short windows do to a MOS.

``python -m audioqa.lab.networks [SPEECH...]`` prints the tables of models/README.md. Each network runs on
one thread in a process of its own; recordings of speech, where given, are joined first.
"""

from __future__ import annotations

import multiprocessing
import resource
import sys
import time
from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from audioqa.lab.silero import SpeechActivity
from audioqa.perceptual.estimator import RATE, WINDOW
from audioqa.perceptual.loading import ESTIMATORS, load_estimator

ATTENUATIONS = (0, 10, 20, 30, 40, 50, 60)
"""Attenuation of the speech, dB."""

LENGTHS = (7, 6, 5, 4, 3, 2, 1)
"""Lengths of shortened windows, seconds."""


def speed(name: str) -> tuple[float, float]:
    """Measure one network in this process, on one thread.

    Parameters
    ----------
    name
        An estimator, or ``silero``.

    Returns
    -------
    tuple of float
        Seconds of audio (of one channel) per second, and the peak memory of the process in MB.
    """
    noise = 0.05 * np.random.default_rng(0).standard_normal((20, round(WINDOW * RATE))).astype(np.float32)
    rate: Callable[[NDArray[np.float32]], object]
    if name == "silero":
        rate, blocks = SpeechActivity(1).push, noise[:, :, None].repeat(3, axis=0)
    else:
        rate, blocks = load_estimator(name).score, noise[:, None]
    rate(blocks[0])
    start = time.process_time()
    for block in blocks:
        rate(block)
    elapsed = time.process_time() - start
    return len(blocks) * WINDOW / elapsed, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def attenuated(samples: NDArray[np.float32]) -> Iterator[tuple[float, float]]:
    """Attenuate speech step by step and count the speech frames that are still found.

    Parameters
    ----------
    samples
        float32, shape ``(samples,)``, 16 kHz.

    Yields
    ------
    tuple of float
        Level in dBov over everything, and the share of the frames found at full level.
    """
    level = 10 * np.log10(np.mean(np.square(samples, dtype=np.float64)))
    full: NDArray[np.bool_] | None = None
    for attenuation in ATTENUATIONS:
        gain = np.float32(10 ** (-attenuation / 20))
        active = SpeechActivity(1).push(gain * samples[:, None], last=True) > 0.5
        full = active if full is None else full
        yield float(level - attenuation), float(np.count_nonzero(active & full) / np.count_nonzero(full))


def shortened(name: str, samples: NDArray[np.float32]) -> Iterator[tuple[float, float]]:
    """Rate the central part of 7.68 s windows and compare with the whole window.

    Parameters
    ----------
    name
        An estimator.
    samples
        float32, shape ``(samples,)``, 16 kHz, at least 7.68 s.

    Yields
    ------
    tuple of float
        For each of `LENGTHS` the mean and the root mean square of the part's MOS minus the window's.
    """
    estimator = load_estimator(name)
    length = round(7.68 * RATE)
    windows = samples[: len(samples) // length * length].reshape(-1, length)
    whole = np.array([opinion.mos for opinion in estimator.score(windows)])
    for seconds in LENGTHS:
        start = (length - seconds * RATE) // 2
        part = [opinion.mos for opinion in estimator.score(windows[:, start : start + seconds * RATE])]
        yield float(np.mean(part - whole)), float(np.sqrt(np.mean((part - whole) ** 2)))


def main(paths: Sequence[str]) -> None:
    """Print the tables; `paths` are recordings of speech whose first channel is used."""
    write = sys.stdout.write
    write("| network | audio per second, s | peak memory of the process, MB |\n| --- | --- | --- |\n")
    for name in (*ESTIMATORS, "silero"):
        with multiprocessing.get_context("spawn").Pool(1) as process:
            audio, memory = process.apply(speed, (name,))
        write(f"| {name} | {audio:.0f} | {memory:.0f} |\n")
    if not paths:
        return
    speech = np.concatenate([_read(path) for path in paths])
    write("\n| speech, dBov | frames still found |\n| --- | --- |\n")
    for level, share in attenuated(speech):
        write(f"| {level:.1f} | {share:.3f} |\n")
    write("\n| window, s | " + " | ".join(f"{name}: mean error | rms error" for name in ESTIMATORS))
    write(" |\n| --- | --- | --- | --- | --- |\n")
    for seconds, *errors in zip(LENGTHS, *(shortened(name, speech) for name in ESTIMATORS), strict=True):
        write(f"| {seconds} | " + " | ".join(f"{mean:+.2f} | {rms:.2f}" for mean, rms in errors) + " |\n")


def _read(path: str) -> NDArray[np.float32]:
    from audioqa.audio import Resampler, open_recording

    with open_recording(path) as recording:
        blocks = np.concatenate([block[:, :1] for block in recording.blocks()])
        return Resampler(recording.sample_rate, RATE, channels=1).push(blocks, last=True)[:, 0]


if __name__ == "__main__":
    main(sys.argv[1:])
