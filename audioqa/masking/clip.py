"""A masked clip of a recording, made and held against it."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from audioqa.analysis import Analyser
from audioqa.audio import OpenOptions, open_recording, read_segment
from audioqa.errors import MeasurementError, SettingsError
from audioqa.masking.agreement import Agreement, compare
from audioqa.masking.intelligibility import intelligibility
from audioqa.masking.rendering import render, speakers_of
from audioqa.masking.sketch import HOLES, Leg, emptied, sketch
from audioqa.measure import measure
from audioqa.types import CallReport, Event, Recording, Segment

TRIES, PATCHED = 9, 3
"""Clips that are made at most until one shows every fault, no other, and is not understood; and
how often one of them is patched where the nonsense has a hole of its own, before chance is asked anew."""

WANTED, UNDERSTOOD = 0.27, 0.3
"""STOI that a clip should have at most, and from which it is not given away."""

LONGEST = 600.0
"""Seconds of a clip: it is made in memory."""


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

    def told(self) -> list[str]:
        """What became of the faults and of the speech, a line each."""
        found = self.agreement
        lines = [f"{len(found.kept)} of {len(found.kept) + len(found.lost)} faults are found in the masked clip"]
        for word, events in (("not found", found.lost), ("found besides", found.added)):
            lines += [
                f"{word}: {event.kind} on {event.channel or 'both channels'} at {event.segment.start:.2f} s"
                for event in events
            ]
        worst = max(found.stoi, default=0.0)
        return [*lines, f"intelligibility (STOI against the original): {worst:.2f}, where 1 is the original"]


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
        Where the stretch holds nothing of the recording, or more than `LONGEST`.
    MeasurementError
        Where no clip came out that is surely not understood.
    """
    with open_recording(path, options=options) as opened:
        rate = opened.sample_rate
        measurements = measure(opened.blocks(), rate, channels=opened.channels, activity=analyser.activity)
        report = analyser.report(opened.recording(), measurements)
    duration = measurements.duration
    stretch = Segment(max(0.0, start), duration if end is None else min(end, duration))
    if stretch.duration <= 0:
        raise SettingsError(
            f"nothing lies between {stretch.start:g} and {stretch.end:g} s: the recording has {duration:g} s"
        )
    if stretch.duration > LONGEST:
        raise SettingsError(
            f"a masked clip has at most {LONGEST:g} s, not {stretch.duration:.0f}: choose a stretch of it"
        )
    kept = sketch(measurements, report, stretch)
    rng = np.random.default_rng(seed)
    original, _ = read_segment(path, stretch, options=options)
    speakers = speakers_of(kept, rate, rng)
    best: MaskedClip | None = None
    patches: tuple[Event, ...] = ()
    chance = 0
    patched = PATCHED
    for _ in range(TRIES):
        if patched == PATCHED:
            chance, patches, patched = _number(rng), (), 0
        samples = render(kept, speakers, rate, chance=chance, patches=patches)
        found = compare(report.events, _events(analyser, samples, report), stretch, duration)
        holes = tuple(event for event in found.added if event.kind in HOLES)
        kept = emptied(kept, found.lost, stretch)
        patches, patched = patches + holes, patched + 1 if holes or found.lost else PATCHED
        if best is not None and _wrong(found) > _wrong(best.agreement):
            continue  # not worth the comparison, which takes longest
        heard = [
            intelligibility(spoken(clean, leg, rate), spoken(masked, leg, rate), rate)
            for clean, masked, leg in zip(original.T, samples.T, kept.legs, strict=True)
        ]
        clip = MaskedClip(samples, rate, stretch, replace(found, stoi=tuple(heard)))
        if best is None or _wrong(clip.agreement) < _wrong(best.agreement):
            best = clip
        if _wrong(best.agreement) == 0:
            break
    assert best is not None  # noqa: S101
    if max(best.agreement.stoi) >= UNDERSTOOD:
        raise MeasurementError(
            f"{os.fspath(path)}: no masked clip came out that is surely not understood (STOI "
            f"{max(best.agreement.stoi):.2f}, below {UNDERSTOOD:g} is needed): choose a longer stretch"
        )
    return best


def spoken(samples: NDArray[np.float32], leg: Leg, rate: int) -> NDArray[np.float32]:
    """What of a channel lies in its turns: elsewhere there is nothing to understand."""
    turns = [voice.segment for voice in leg.voices]
    parts = [samples[round(turn.start * rate) : round(turn.end * rate)] for turn in turns]
    return np.concatenate(parts) if parts else samples[:0]


def _events(analyser: Analyser, samples: NDArray[np.float32], report: CallReport) -> tuple[Event, ...]:
    """What the detectors find in a clip."""
    rate, names = report.recording.sample_rate, report.recording.channels
    measured = measure([samples], rate, channels=names, activity=analyser.activity)
    recording = Recording("masked", "", "WAV", "PCM_16", rate, len(samples), names)
    return analyser.report(recording, measured).events


def _number(rng: np.random.Generator) -> int:
    return int(rng.integers(2**63))


def _wrong(found: Agreement) -> float:
    """What is wrong with a clip: that it might be understood, first of all; then faults lost, and faults added."""
    return 1000 * max(0.0, max(found.stoi, default=0.0) - WANTED) + 2 * len(found.lost) + len(found.added)
