"""What is kept of a call that is masked: a list of places and levels, and nothing of its sound.

Of speech: when a party has the word, pauses under half a second bridged, and its level over a whole turn, in whole
decibels. Of the room: the level of its noise in two wide bands over long stretches. Of tones, keys and music: when
there are any. And the faults that were found, as the report tells of them. A masked clip is made of this alone, so
that nothing else can be had from it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from audioqa.activity import mask, segments
from audioqa.detectors._noise_level import NoiseLevel
from audioqa.frames import BAND_FRAME, FRAME
from audioqa.measure import Measurements
from audioqa.mend.level import NOMINAL
from audioqa.party import NOTHING, PartyView, span, telephone_powers, without_signal
from audioqa.phases import conversation
from audioqa.types import CallReport, Event, Segment

HOLES = ("dropout", "silence-gap")
"""Kinds of event in which sound goes away."""

AROUND = 0.15
"""Seconds of voice on either side of a hole: it is heard as one only where sound stops and goes on."""

_NOISES = ("background-noise", "noise-burst")
_SILENT = ("mute", "pause-and-resume", "mutual-silence")
_LEAST_SILENCE = 0.3  # s: shorter runs of digital silence are holes or nothing
_QUIET = -75.0  # dBov in each band, where nothing is known of the noise: an idle line


@dataclass(frozen=True)
class Voice:
    """A turn of a party: where it is, and the level of its speech in dBov."""

    segment: Segment
    level: float


@dataclass(frozen=True)
class Noise:
    """Noise: where it is, and its levels from 250 to 1250 Hz and from 1250 to 3400 Hz in dBov."""

    segment: Segment
    low: float
    high: float


@dataclass(frozen=True)
class Leg:
    """What is kept of one channel.

    Parameters
    ----------
    name
        Its name.
    voices, noises
        When the party speaks; its noise, of which several add up.
    tones, silent
        Where there were tones, keys or music; where there was no signal at all.
    bandwidth
        Hz where the speech ends, or None.
    events
        Its faults.
    """

    name: str
    voices: tuple[Voice, ...]
    noises: tuple[Noise, ...]
    tones: tuple[Segment, ...]
    silent: tuple[Segment, ...]
    bandwidth: float | None
    events: tuple[Event, ...]


@dataclass(frozen=True)
class Sketch:
    """What is kept of a stretch of a call; times in seconds from where it begins.

    Parameters
    ----------
    seconds
        Its length.
    legs
        One for each channel, in file order.
    """

    seconds: float
    legs: tuple[Leg, ...]


def sketch(measurements: Measurements, report: CallReport, stretch: Segment) -> Sketch:
    """What is kept of a stretch of a call.

    Parameters
    ----------
    measurements
        Of the whole call.
    report
        Its report.
    stretch
        Which part.
    """
    talk = conversation(measurements, report.phases)
    figures = {party.channel: party.figures for party in report.parties}
    return Sketch(
        stretch.duration,
        tuple(
            _leg(
                view,
                [other for other in talk.parties if other is not view],
                report,
                stretch,
                figures[view.name].get("bandwidth_hz"),
            )
            for view in talk.parties
        ),
    )


def emptied(kept: Sketch, lost: Sequence[Event], stretch: Segment) -> Sketch:
    """The sketch with zeros in holes whose own fill was not enough for them to be found.

    Parameters
    ----------
    kept
        What is kept of the stretch.
    lost
        Events of the call that were not found in a clip.
    stretch
        Which part of the call it is.
    """
    places = {(event.channel, *_within([event.segment], stretch)) for event in lost if event.kind in HOLES}
    return replace(kept, legs=tuple(_emptied(leg, places) for leg in kept.legs))


def _emptied(leg: Leg, places: Collection[tuple[str | Segment | None, ...]]) -> Leg:
    events = (
        replace(event, evidence={**event.evidence, "fill": "zero"}) if (leg.name, event.segment) in places else event
        for event in leg.events
    )
    return replace(leg, events=tuple(events))


def _leg(
    view: PartyView, others: Sequence[PartyView], report: CallReport, stretch: Segment, bandwidth: float | None
) -> Leg:
    events = [event for event in report.events if event.channel == view.name]
    phases = [phase for phase in report.phases if phase.channel in (view.name, None)]
    quiet = [phase.segment for phase in phases if phase.kind in _SILENT]
    quiet += segments(without_signal(view.channel), frame=FRAME, shortest=_LEAST_SILENCE)
    return Leg(
        name=view.name,
        voices=tuple(
            Voice(place, level) for voice, level in _voices(view, events) for place in _within([voice], stretch)
        ),
        noises=tuple(
            Noise(place, noise.low, noise.high)
            for noise in _noises(view, others, events, report.recording.duration)
            for place in _within([noise.segment], stretch)
        ),
        tones=_within([phase.segment for phase in phases if phase.kind not in _SILENT], stretch),
        silent=_within(quiet, stretch),
        bandwidth=bandwidth,
        events=tuple(
            Event(event.kind, event.channel, place, event.severity, event.evidence)
            for event in events
            for place in _within([event.segment], stretch)
        ),
    )


def _within(places: Sequence[Segment], stretch: Segment) -> tuple[Segment, ...]:
    """What of the places lies in a stretch, in seconds from its start."""
    cut = [Segment(max(one.start, stretch.start), min(one.end, stretch.end)) for one in places]
    return tuple(Segment(one.start - stretch.start, one.end - stretch.start) for one in cut if one.duration > 0)


def _voices(view: PartyView, events: Sequence[Event]) -> list[tuple[Segment, float]]:
    """Turns and their levels; a turn goes on through holes and ends where the level jumps."""
    count = len(view.levels)
    spoken = mask(view.turns, frames=count, frame=FRAME)
    holes = [event.segment for event in events if event.kind in HOLES]
    wider = tuple(Segment(max(0.0, hole.start - AROUND), hole.end + AROUND) for hole in holes)
    spoken |= mask(wider, frames=count, frame=FRAME)
    for event in events:
        if event.kind == "clipping":
            edges = (
                Segment(event.segment.start, event.segment.start + AROUND),
                Segment(event.segment.end - AROUND, event.segment.end),
            )
            spoken |= mask(edges, frames=count, frame=FRAME)
    found: list[tuple[Segment, float]] = []
    jumps = sorted(event.segment.start for event in events if event.kind == "level-jump")
    for turn in segments(spoken, frame=FRAME, end=count * FRAME):
        edges_at = [turn.start, *(jump for jump in jumps if turn.start < jump < turn.end), turn.end]
        for start, end in pairwise(edges_at):
            place = Segment(start, end)
            level = _speech_level(view, place)
            found.append((place, NOMINAL if level is None else float(round(level))))
    return found


def _speech_level(view: PartyView, place: Segment) -> float | None:
    """Level of the speech of a turn; that of the party where the turn is too short to tell."""
    frames = span(view.levels, place)[span(view.speaking, place)]
    if len(frames) < 100 or view.active_level is None:
        return view.active_level
    power = 10 ** (frames.astype(np.float64) / 10)
    return float(10 * np.log10(power[power >= 10 ** ((view.active_level - 15.9) / 10)].mean() + 1e-13))


def _noises(view: PartyView, others: Sequence[PartyView], events: Sequence[Event], duration: float) -> list[Noise]:
    """The noise under everything, and where it is louder that which is then there besides."""
    loud = [event for event in events if event.kind in _NOISES]
    apart = mask(tuple(event.segment for event in loud), frames=len(view.levels), frame=FRAME)
    low, high = _bands(view, view.resting & ~apart) or (_QUIET, _QUIET)
    heard = NoiseLevel()(view, others)
    if heard is not None:
        # Without the lines of a hum and without what comes back of the other party.
        steady = float(np.percentile(heard.noise, 25))
        over = max(0.0, 10 * float(np.log10(10 ** (low / 10) + 10 ** (high / 10))) - steady)
        low, high = low - over, high - over
    noises = [Noise(Segment(0.0, duration), low, high)]
    for event in loud:
        inside = mask((event.segment,), frames=len(view.levels), frame=FRAME)
        level = float(event.evidence["noise_dbov"])
        own = _bands(view, view.pausing & inside)
        balance = 0.0 if own is None else own[0] - own[1]
        total = 10 * np.log10(1 + 10 ** (-balance / 10))
        noises.append(Noise(event.segment, round(level - total), round(level - total - balance)))
    return noises


def _bands(view: PartyView, frames: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> tuple[float, float] | None:
    """Median levels of the two bands over frames, in whole decibels; None where there are too few."""
    bands = view.channel.frames.bands
    per = round(BAND_FRAME / FRAME)
    count = min(len(bands), len(frames) // per)
    chosen = np.flatnonzero(frames[: count * per].reshape(count, per).all(axis=1))
    if len(chosen) < 5:
        return None
    # The median of the power of noise in a frame lies a little under its mean.
    low, high = (10 * np.log10(float(np.median(power)) + 1e-13) for power in telephone_powers(bands, chosen))
    return (float(round(max(low, NOTHING - 20))), float(round(max(high, NOTHING - 20))))
