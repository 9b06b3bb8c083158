"""What the laboratory does with one clean call: heard without a fault and with each, through each codec.

A fault is found where an event or finding of its kind overlaps it, on its channel, with the right figures; what a
detector abstains from is missed. Kinds that are reported of the clean call already (its twin) count against the clean
call and not once more against its faulted copies.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache

import numpy as np
from numpy.typing import NDArray

from audioqa.analysis import Analyser
from audioqa.detectors import DETECTORS, Detector
from audioqa.errors import SettingsError
from audioqa.lab.codecs import transcode
from audioqa.lab.corpus import RATE
from audioqa.lab.faults import FAULTS, Fault, Placed, at_nominal
from audioqa.lab.talk import NOMINAL, Talk
from audioqa.measure import measure
from audioqa.perceptual.callmos import CallMos
from audioqa.types import Event, Recording, Segment

CODECS = ("none", "ulaw", "gsm", "g729", "amr-12.2", "opus-12k")
"""What calls go through unless others are named."""

NAMES = ("agent", "customer")
"""Names of the channels; truth has numbers."""

ROOM = 36.0
"""dB under the active speech: a leg whose own line or room is noisier has background noise as it is (the detector
reports it up to 35 dB, and is a decibel off or so), so that the call says nothing about false background noise."""

TOLERANCE = 0.2
"""Seconds by which a fault is extended before an event must overlap it."""

Samples = NDArray[np.float32]


@dataclass(frozen=True)
class Plan:
    """What one call is used for.

    Parameters
    ----------
    number
        The call's number, from 0.
    codecs
        Through what.
    faults
        Names of the faults that are put into it.
    detectors
        What listens.
    seed
        Of everything random, with the number and the fault's name.
    vouched
        Whether whatever is reported of the call as it is counts as false; if not, such kinds are set aside.
    """

    number: int
    codecs: tuple[str, ...]
    faults: tuple[str, ...]
    detectors: tuple[Detector, ...] = DETECTORS
    seed: int = 0
    vouched: bool = True


@dataclass(frozen=True)
class Found:
    """What became of one fault.

    Parameters
    ----------
    found
        Whether it was.
    onset
        Seconds by which its event begins late; None where it has none, or that is not compared.
    off
        How far each figure is off, by name.
    """

    found: bool
    onset: float | None = None
    off: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Faulted:
    """One call with one kind of fault, through one codec.

    Parameters
    ----------
    fault, codec
        What, and through what.
    call
        Number of the call.
    seconds
        Its length.
    places
        What became of each fault put in; empty where the call had no room for one.
    wrong
        Events of the fault's own kind that overlap none.
    others
        Kind of every other event.
    """

    fault: str
    codec: str
    call: int
    seconds: float
    places: tuple[Found, ...]
    right: int = 0
    wrong: int = 0
    others: tuple[str, ...] = ()


@dataclass(frozen=True)
class Clean:
    """One call without a fault, through one codec.

    Parameters
    ----------
    codec, call, seconds
        As in `Faulted`.
    kinds
        Kind of every event on it.
    speakers
        Who talks.
    aside
        Kinds of events that are set aside, because the call has them as it is.
    unfit
        Kinds of which the call cannot be called clean, reported or not.
    """

    codec: str
    call: int
    seconds: float
    kinds: tuple[str, ...]
    speakers: tuple[str, str]
    aside: tuple[str, ...] = ()
    unfit: tuple[str, ...] = ()


def share(number: int, faults: Sequence[Fault], *, every: int = 1) -> tuple[str, ...]:
    """Names of the faults that one call gets: each goes into every Nth call, not all of them into the same ones.

    Parameters
    ----------
    number
        The call's.
    faults
        Which.
    every
        N, at least 1.
    """
    return tuple(fault.name for place, fault in enumerate(faults) if place % every == number % every)


def experiment(talk: Talk, plan: Plan) -> Iterator[Clean | Faulted]:
    """One call without and with the planned faults, through every codec.

    Parameters
    ----------
    talk
        A clean call.
    plan
        What to do with it.
    """
    clean = at_nominal(talk)
    usual: dict[str, set[str]] = {}
    unfit = ("background-noise",) if noise_below(clean, talk) < ROOM else ()
    own = set() if plan.vouched else {event.kind for event in events_of(coded(clean, "none"), detectors=plan.detectors)}
    for codec in plan.codecs:
        kinds = [event.kind for event in events_of(coded(clean, codec), detectors=plan.detectors)]
        usual[codec] = set(kinds) | own
        counted = tuple(kind for kind in kinds if kind not in own)
        aside = tuple(kind for kind in kinds if kind in own)
        yield Clean(codec, plan.number, talk.seconds, counted, talk.speakers, aside, unfit)
    for fault in FAULTS:
        if fault.name not in plan.faults:
            continue
        samples, truth = fault.make(talk, _rng(plan, fault))
        seconds = len(samples) / RATE
        for codec in plan.codecs:
            heard = events_of(coded(samples, codec), detectors=plan.detectors) if truth else []
            yield judged(fault, truth, heard, usual=usual[codec], codec=codec, call=plan.number, seconds=seconds)


def noise_below(samples: Samples, talk: Talk) -> float:
    """How far under nominal speech the noisier leg lies while its party listens, dB: the median frame of 20 ms.

    Parameters
    ----------
    samples
        The call with both parties at the nominal level, float32 at 8 kHz, shape (n, 2).
    talk
        The call, for its turns.
    """
    size = round(0.020 * RATE)
    below = []
    for leg, turns in zip(samples.T, talk.turns, strict=True):
        listens = np.ones(len(leg), np.bool_)
        for turn in turns:
            listens[round(turn.start * RATE) : round(turn.end * RATE)] = False
        rest = leg[listens]
        power = np.mean(rest[: len(rest) // size * size].reshape(-1, size).astype(np.float64) ** 2, axis=1)
        below.append(NOMINAL - 10 * float(np.log10(np.median(power) + 1e-13)) if len(power) else np.inf)
    return float(min(below))


def events_of(samples: Samples, *, detectors: Sequence[Detector] = DETECTORS) -> list[Event]:
    """What a report says of a call, float32 at 8 kHz, shape (n, 2); findings are events of the whole call."""
    measurements = measure([samples], RATE, channels=NAMES, activity=_activity())
    recording = Recording("", "", "", "", RATE, len(samples), NAMES)
    analyser = Analyser(estimator=None, calibration=None, detectors=tuple(detectors), activity=_activity())
    report = analyser.report(recording, measurements)
    whole = Segment(0.0, measurements.duration)
    findings = [Event(one.kind, None, whole, one.severity, one.evidence) for one in report.findings]
    return [*report.events, *findings]


def judged(
    fault: Fault,
    truth: Sequence[Placed],
    heard: Sequence[Event],
    *,
    usual: Iterable[str],
    codec: str,
    call: int,
    seconds: float,
) -> Faulted:
    """Compare what was put in with what was reported.

    Parameters
    ----------
    fault, truth
        What was put in, and where.
    heard
        What was reported.
    usual
        Kinds that are reported of the clean call, too.
    codec, call, seconds
        Go into the result.
    """
    same = {fault.kind, *fault.told_as}
    own = [event for event in heard if event.kind in same]
    places = tuple(_found(fault, placed, own) for placed in truth)
    right = sum(any(_meets(placed, event) for placed in truth) for event in own)
    known = set(usual)
    wrong = 0 if known & same else len(own) - right
    others = tuple(event.kind for event in heard if event.kind not in known | same)
    return Faulted(fault.name, codec, call, seconds, places, right, wrong, others)


def coded(samples: Samples, codec: str) -> Samples:
    """A call, float32 at 8 kHz, shape (n, 2), each channel through a codec; ``none`` keeps 16 bits."""
    if codec == "none":
        return (np.rint(samples * 32768) / 32768).astype(np.float32)
    return np.stack([transcode(np.ascontiguousarray(column), RATE, codec) for column in samples.T], axis=1)


def chosen_faults(kinds: Sequence[str] | None) -> tuple[Fault, ...]:
    """The faults of these kinds; all of them for None.

    Raises
    ------
    SettingsError
        No fault is of such a kind.
    """
    known = {fault.kind for fault in FAULTS}
    for kind in kinds or ():
        if kind not in known:
            raise SettingsError(f"there is no fault of kind {kind!r}; there are {', '.join(sorted(known))}")
    return tuple(fault for fault in FAULTS if not kinds or fault.kind in kinds)


def _rng(plan: Plan, fault: Fault) -> np.random.Generator:
    return np.random.default_rng((plan.seed, plan.number, zlib.crc32(fault.name.encode())))


@cache
def _activity() -> CallMos:
    return CallMos()


def _wider(placed: Placed) -> Segment:
    return Segment(placed.segment.start - TOLERANCE, placed.segment.end + TOLERANCE)


def _meets(placed: Placed, event: Event) -> bool:
    name = None if placed.channel is None else NAMES[placed.channel]
    return event.channel == name and _wider(placed).overlap(event.segment) > 0


def _found(fault: Fault, placed: Placed, own: Sequence[Event]) -> Found:
    mine = [event for event in own if _meets(placed, event)]
    best = max(mine, key=lambda event: _wider(placed).overlap(event.segment), default=None)
    if best is None:
        return Found(False)
    off = {key: float(best.evidence[key]) - value for key, value, _ in placed.figures}
    right = all(abs(off[key]) <= most for key, _, most in placed.figures)
    return Found(right, best.segment.start - placed.segment.start if fault.onset else None, off)
