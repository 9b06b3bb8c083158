"""A masked clip of a recording, made and held against it."""

from __future__ import annotations

import os
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audioqa.analysis import Analyser
from audioqa.audio import OpenOptions, open_recording
from audioqa.errors import SettingsError
from audioqa.masking.agreement import Agreement, compare
from audioqa.masking.rendering import render
from audioqa.masking.sketch import Sketch, sketch
from audioqa.measure import measure
from audioqa.types import CallReport, Event, Recording, Segment

TRIES = 6
"""Clips that are made at most, each from other chance, until one shows every fault and no other."""


@dataclass(frozen=True)
class MaskedClip:
    """A clip that holds the faults of a call and nothing that was said.

    Parameters
    ----------
    samples
        float32, shape (n, channels), values of 16-bit samples.
    rate
        Hz.
    stretch
        Which part of the call it is.
    agreement
        Which faults the detectors find in it.
    """

    samples: NDArray[np.float32]
    rate: int
    stretch: Segment
    agreement: Agreement


def masked_clip(
    path: str | os.PathLike[str],
    analyser: Analyser,
    *,
    start: float = 0.0,
    end: float | None = None,
    options: OpenOptions = OpenOptions(),  # noqa: B008 - frozen
    seed: int | None = None,
) -> MaskedClip:
    """Mask a recording, or a stretch of it.

    Parameters
    ----------
    path
        The recording.
    analyser
        Finds what is kept of it; needs no estimator.
    start, end
        Seconds; None for the recording's end.
    options
        How to open it.
    seed
        For tests: the same clip again. None takes fresh chance from the system, which nobody can repeat.

    Raises
    ------
    UnreadableRecordingError
        Where a file yields no samples.
    SettingsError
        Where the stretch holds nothing of the recording.
    """
    with open_recording(path, options=options) as opened:
        rate = opened.sample_rate
        measurements = measure(opened.blocks(), rate, channels=opened.channels, activity=analyser.activity)
        report = analyser.report(opened.recording(), measurements)
    stretch = Segment(max(0.0, start), min(measurements.duration, measurements.duration if end is None else end))
    if stretch.duration <= 0:
        raise SettingsError(f"nothing lies between {start:g} and {end} s: the recording has {measurements.duration:g} s")
    kept = sketch(measurements, report, stretch)
    rng = np.random.default_rng(seed)
    best: MaskedClip | None = None
    for _ in range(TRIES):
        samples = render(kept, rate, rng)
        found = compare(report.events, _events(analyser, samples, report), stretch, measurements.duration)
        if best is None or _wrong(found) < _wrong(best.agreement):
            best = MaskedClip(samples, rate, stretch, found)
        if _wrong(found) == 0:
            break
    assert best is not None  # noqa: S101
    return best


def _events(analyser: Analyser, samples: NDArray[np.float32], report: CallReport) -> tuple[Event, ...]:
    """What the detectors find in a clip."""
    rate, names = report.recording.sample_rate, report.recording.channels
    measured = measure([samples], rate, channels=names, activity=analyser.activity)
    recording = Recording("masked", "", "WAV", "PCM_16", rate, len(samples), names)
    return analyser.report(recording, measured).events


def _wrong(found: Agreement) -> int:
    return 2 * len(found.lost) + len(found.added)


__all__ = ["TRIES", "MaskedClip", "Sketch", "masked_clip"]
