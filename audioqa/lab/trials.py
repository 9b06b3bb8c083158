"""Detectors put on trial: one call of clean speech, faulted in many ways, through the codecs, heard by the detectors.

Faults are injected before a codec (a bad path, then coded) and after it (coded, then a bad path). A fault is found
where an event of its detector overlaps it, extended by a tolerance. Whatever a detector reports on the clean call
is a false event.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from audioqa.lab.codecs import transcode
from audioqa.lab.corpus import RATE, Call
from audioqa.lab.inject import STEP, Injected, dropouts, frame_levels, noise
from audioqa.lab.overload import clip, levelled, limited, normalised
from audioqa.lab.silences import dead_air, edge_silence, silence_gaps
from audioqa.types import Detection, Segment

Point = Literal["before", "after"]
Suite = Literal["dropouts", "silence", "clipping"]
Heard = Mapping[Suite, Detection]
Detect = Callable[[NDArray[np.float32]], Heard]

TOLERANCE: Mapping[Suite, float] = {"dropouts": 0.030, "silence": 0.2, "clipping": 0.030}
"""Seconds by which a fault is extended on either side before an event must overlap it."""

_DEAD_AIR = (2.5, 4.0, 8.0, 12.0)  # s: over each of the limits in use (facts of the trade: 2, 3, 5, 10)
_LISTENER = -70.0  # dBov: an idle line
_EDGES = (2.5, 4.0, 12.0)  # s of leading and trailing silence


@dataclass(frozen=True)
class Plan:
    """What one call is used for.

    Parameters
    ----------
    number
        The call's place in the corpus: seeds everything that is random.
    codecs
        Codecs to go through.
    dropouts, gaps, edges, twins
        Whether the call is faulted by holes; by gaps, with a listener's channel beside it and without; used for dead
        air and silent edges; and as speech that is loud but not clipped.
    clipping
        dB below the peak at which it is clipped, one copy each.
    """

    number: int
    codecs: tuple[str, ...]
    dropouts: bool = True
    gaps: bool = True
    edges: bool = True
    twins: bool = True
    clipping: tuple[float, ...] = (3.0, 6.0, 9.0, 12.0)


@dataclass(frozen=True)
class Trial:
    """One fault, found or not.

    Parameters
    ----------
    suite
        The detector on trial.
    codec, point
        What the speech went through, and where the fault was put in.
    condition, size
        As `Injected` has them.
    found
        True where an event overlaps the fault.
    onset
        Seconds by which the event begins late (negative: early), 0 where not found.
    """

    suite: Suite
    codec: str
    point: Point
    condition: str
    size: float
    found: bool
    onset: float


@dataclass(frozen=True)
class Quiet:
    """One stretch of speech without a fault, and what a detector said of it.

    Parameters
    ----------
    suite, codec
        The detector on trial, and what the speech went through.
    material
        ``clean``; for silence also ``clean, two channels``; for clipping ``normalised``, ``limited``, ``levelled``.
    seconds
        Length; 0 where the detector said that it could not tell.
    events
        Times in seconds at which it reported something.
    source
        The speaker.
    """

    suite: Suite
    codec: str
    material: str
    seconds: float
    events: tuple[float, ...]
    source: str


def detect(samples: NDArray[np.float32]) -> Heard:
    """What audioqa's detectors say, by suite.

    Parameters
    ----------
    samples
        float32 at 8 kHz, shape (n, channels).
    """
    from audioqa.detectors import Clipping, Dropouts, Silence
    from audioqa.measure import measure_samples

    names = ("agent", "customer")[: samples.shape[1]]
    measurements = measure_samples(samples, RATE, channels=names)
    return {
        "silence": Silence()(measurements),
        "dropouts": Dropouts()(measurements),
        "clipping": Clipping()(measurements),
    }


def trials(call: Call, plan: Plan, *, detect: Detect = detect) -> Iterator[Trial | Quiet]:
    """All trials of one call.

    Parameters
    ----------
    call
        Clean speech.
    plan
        What to do with it.
    detect
        The detectors: samples of shape (n, channels) at 8 kHz to detections by suite.
    """
    for codec in plan.codecs:
        coded = _coded(call.samples, codec)
        heard = detect(coded[:, None])
        for suite in heard:
            if not (suite == "clipping" and call.clipped):
                yield _quietly(suite, call, codec, "clean", len(coded), heard)
        if plan.gaps:
            both = _coded(with_listener(call.samples, seed=plan.number), codec)
            yield _quietly("silence", call, codec, "clean, two channels", len(both), detect(both))
        if plan.twins and not call.clipped:
            for material, twin in _twins(call.samples, plan.number):
                yield _quietly("clipping", call, codec, material, len(twin), detect(_coded(twin, codec)[:, None]))
        points: tuple[Point, ...] = ("before",) if codec == "none" else ("before", "after")
        for point in points:
            for suite, faulted, truth in _faulted(call.samples if point == "before" else coded, call, plan):
                heard_samples = _coded(faulted, codec) if point == "before" else faulted
                yield from judge(suite, truth, detect(_two_dimensional(heard_samples)), codec=codec, point=point)


def judge(suite: Suite, truth: Sequence[Injected], heard: Heard, *, codec: str, point: Point) -> Iterator[Trial]:
    """Compare what was put in with what was reported.

    Clipping is one fault a call, however many peaks were cut; the other suites have one trial for each fault.

    Parameters
    ----------
    suite
        Whose events count.
    truth
        What was put in.
    heard
        Detections by suite.
    codec, point
        Go into the trials.
    """
    events = [event.segment for event in heard[suite].events]
    matches = [_match(fault.segment, events, TOLERANCE[suite]) for fault in truth]
    if suite == "clipping" and truth:
        found = [segment for segment in matches if segment is not None]
        yield Trial(suite, codec, point, truth[0].condition, truth[0].size, bool(found), 0.0)
        return
    for fault, match in zip(truth, matches, strict=True):
        onset = 0.0 if match is None else match.start - fault.segment.start
        yield Trial(suite, codec, point, fault.condition, fault.size, match is not None, onset)


def with_listener(samples: NDArray[np.float32], *, seed: int) -> NDArray[np.float32]:
    """A second channel beside the first, on which somebody listens: noise at -70 dBov; shape (n, 2)."""
    idle = noise(len(samples), _LISTENER, np.random.default_rng(seed))
    return np.stack([samples, idle], axis=1)


def _match(fault: Segment, events: Iterable[Segment], tolerance: float) -> Segment | None:
    """The event that shares most with the fault, where one does."""
    wider = Segment(fault.start - tolerance, fault.end + tolerance)
    best = max(events, key=wider.overlap, default=None)
    return best if best is not None and wider.overlap(best) > 0 else None


def _faulted(
    samples: NDArray[np.float32], call: Call, plan: Plan
) -> Iterator[tuple[Suite, NDArray[np.float32], tuple[Injected, ...]]]:
    """Every faulted version of a call that is planned, with its truth."""
    seed = plan.number
    if plan.dropouts:
        yield "dropouts", *dropouts(samples, RATE, seed=seed)
    if plan.gaps:
        faulted, truth = silence_gaps(samples, RATE, seed=seed)
        yield "silence", with_listener(faulted, seed=seed), truth
        yield "silence", faulted, tuple(replace(fault, condition=f"{fault.condition}, shared") for fault in truth)
    if plan.edges:
        rng = np.random.default_rng(seed)
        length, seconds = float(rng.choice(_EDGES)), float(rng.choice(_DEAD_AIR))
        fill: Literal["zero", "floor"] = "zero" if rng.random() < 0.5 else "floor"
        yield "silence", *edge_silence(samples, RATE, seed=seed, leading=length, trailing=length, fill=fill)
        half = _pause_near(samples, len(samples) // 2)
        yield "silence", *dead_air(samples[:half], samples[half:], RATE, seed=seed, seconds=seconds)
    if not call.clipped:
        for below in plan.clipping:
            yield "clipping", *clip(samples, RATE, below_peak=below, seed=seed)


def _pause_near(samples: NDArray[np.float32], place: int) -> int:
    """The quietest 0.1 s within 5 s of a place: where one party may hand over to the other."""
    level, _ = frame_levels(samples, RATE)
    first = max(0, round((place / RATE - 5.0) / STEP))
    smooth = np.convolve(level[first : first + round(10.0 / STEP)], np.ones(10) / 10, mode="same")
    return round((first + int(np.argmin(smooth[5:-5])) + 5) * STEP * RATE)


def _twins(samples: NDArray[np.float32], seed: int) -> Iterator[tuple[str, NDArray[np.float32]]]:
    yield "normalised", normalised(samples)
    yield "limited", limited(samples, RATE, seed=seed)
    yield "levelled", levelled(samples, RATE, seed=seed)


def _quietly(suite: Suite, call: Call, codec: str, material: str, length: int, heard: Heard) -> Quiet:
    detection = heard[suite]
    told = not detection.skipped
    events = tuple(event.segment.start for event in detection.events)
    return Quiet(suite, codec, material, length / RATE if told else 0.0, events, f"{call.corpus}/{call.speaker}")


def _coded(samples: NDArray[np.float32], codec: str) -> NDArray[np.float32]:
    """Each channel through a codec."""
    if samples.ndim == 1:
        return transcode(samples, RATE, codec)
    return np.stack([transcode(np.ascontiguousarray(channel), RATE, codec) for channel in samples.T], axis=1)


def _two_dimensional(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    return samples[:, None] if samples.ndim == 1 else samples
