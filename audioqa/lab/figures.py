"""The laboratory's figures: recall, onset, false events, precision and confusion, counted from what was heard.

Hours are told twice where it matters. *Hours of calls* count a call once for each codec and fault that it was heard
with; *distinct hours* count it once, because events on copies of one call are no news. Upper bounds are exact Poisson
ones, 95 %, one-sided, for the codec with most events, on distinct hours.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from audioqa.lab.experiment import Clean, Faulted
from audioqa.lab.faults import Fault
from audioqa.lab.tally import FalseEvents

FAIR_CODECS = ("none", "ulaw", "alaw")
"""Codecs through which recall must reach the greater target."""

LEAST_RECALL, LEAST_RECALL_CODED = 0.90, 0.80
"""Targets of recall: clean and through G.711, and through lower-rate codecs."""

MOST_ON_CLEAN, MOST_ON_OTHERS = 1.0, 2.0
"""Targets of false events per hour: of clean two-party talk, and of calls that carry other impairments only."""

MOST_ONSET, MOST_ONSET_SLOW = 0.050, 0.100
"""Targets of the onset error, seconds (median); the second for echo and noise."""

_SLOW = ("echo", "noise", "background-noise", "noise-burst")


@dataclass(frozen=True)
class RecallFigure:
    """Faults found of those put in."""

    fault: str
    kind: str
    codec: str
    found: int
    total: int

    @property
    def share(self) -> float:
        """0 to 1."""
        return self.found / self.total

    @property
    def least(self) -> float:
        """Its target."""
        return LEAST_RECALL if self.codec in FAIR_CODECS else LEAST_RECALL_CODED


@dataclass(frozen=True)
class ErrorFigure:
    """By how much one figure of an event is off: median and 95th percentile of the magnitude; ``onset`` in seconds."""

    fault: str
    kind: str
    figure: str
    median: float
    percentile_95: float
    events: int


@dataclass(frozen=True)
class FalseFigure:
    """False events of one kind.

    Parameters
    ----------
    kind
        Kind of event.
    material
        ``clean``, or ``other impairments``: calls with faults that are not of this kind and do not bring it.
    events
        By codec.
    hours
        Of calls, all codecs together.
    distinct_hours
        Of calls, each counted once.
    per_hour
        Of hours of calls.
    per_hour_by_codec
        The same for each codec.
    upper
        Upper bound for the codec with most events, per hour of its own, on distinct hours.
    """

    kind: str
    material: str
    events: dict[str, int]
    hours: float
    distinct_hours: float
    per_hour: float
    per_hour_by_codec: dict[str, float]
    upper: float


@dataclass(frozen=True)
class PrecisionFigure:
    """Events of one kind on the faulted calls: those that overlap a fault of that kind, and the others."""

    kind: str
    right: int
    wrong: int

    @property
    def share(self) -> float:
        """0 to 1; 0 where nothing was reported."""
        return self.right / (self.right + self.wrong) if self.right + self.wrong else 0.0


@dataclass(frozen=True)
class ConfusionFigure:
    """Share of the calls with one fault on which an event of another kind was reported.

    `brought` is true where the fault brings that kind by its nature.
    """

    fault: str
    kind: str
    share: float
    brought: bool


@dataclass(frozen=True)
class Figures:
    """Everything that was counted; see the classes of the fields.

    Parameters
    ----------
    codecs
        In the order in which calls went through them.
    calls, distinct_hours, speakers
        What clean talk there was.
    aside
        Number of calls by kind of event that they have as they are and that is set aside.
    """

    codecs: tuple[str, ...]
    calls: int
    distinct_hours: float
    speakers: int
    aside: dict[str, int]
    recall: tuple[RecallFigure, ...]
    errors: tuple[ErrorFigure, ...]
    false_events: tuple[FalseFigure, ...]
    precision: tuple[PrecisionFigure, ...]
    confusion: tuple[ConfusionFigure, ...]


def figures(clean: Sequence[Clean], faulted: Sequence[Faulted], faults: Sequence[Fault]) -> Figures:
    """Count.

    Parameters
    ----------
    clean, faulted
        What was heard.
    faults
        The faults that were put in.
    """
    by_name = {fault.name: fault for fault in faults}
    placed = [one for one in faulted if one.places]
    kinds = sorted({fault.kind for fault in faults} | {kind for one in clean for kind in one.kinds} | _others(placed))
    lengths = {one.call: one.seconds for one in clean}
    unfit = {(one.call, kind) for one in clean for kind in one.unfit}
    false = []
    for kind in kinds:
        quiet = [one for one in clean if (one.call, kind) not in unfit]
        false.append(_false(kind, "clean", [(one.codec, one.call, one.seconds, one.kinds) for one in quiet]))
    for kind in kinds:
        without = [
            one
            for one in placed
            if kind not in (by_name[one.fault].kind, *by_name[one.fault].brings) and (one.call, kind) not in unfit
        ]
        if without:
            heard = [(one.codec, one.call, one.seconds, one.others) for one in without]
            false.append(_false(kind, "other impairments", heard))
    return Figures(
        codecs=tuple(dict.fromkeys(one.codec for one in clean)),
        calls=len(lengths),
        distinct_hours=sum(lengths.values()) / 3600,
        speakers=len({name for one in clean for name in one.speakers}),
        aside={kind: len(calls) for kind, calls in sorted(_aside(clean).items())},
        recall=_recall(placed, by_name),
        errors=_errors(placed, by_name),
        false_events=tuple(false),
        precision=_precision(placed, by_name),
        confusion=_confusion(placed, by_name),
    )


def onset_target(kind: str) -> float:
    """Seconds by which events of a kind may begin off, in the median."""
    return MOST_ONSET_SLOW if kind in _SLOW else MOST_ONSET


def _aside(clean: Sequence[Clean]) -> dict[str, set[int]]:
    calls: defaultdict[str, set[int]] = defaultdict(set)
    for one in clean:
        for kind in one.aside:
            calls[kind].add(one.call)
    return calls


def _others(faulted: Sequence[Faulted]) -> set[str]:
    return {kind for one in faulted for kind in one.others}


def _recall(faulted: Sequence[Faulted], by_name: dict[str, Fault]) -> tuple[RecallFigure, ...]:
    places: defaultdict[tuple[str, str], list[bool]] = defaultdict(list)
    for one in faulted:
        places[one.fault, one.codec] += [place.found for place in one.places]
    return tuple(
        RecallFigure(name, by_name[name].kind, codec, sum(found), len(found))
        for name in by_name
        for codec in dict.fromkeys(one.codec for one in faulted)
        if (found := places[name, codec])
    )


def _errors(faulted: Sequence[Faulted], by_name: dict[str, Fault]) -> tuple[ErrorFigure, ...]:
    values: defaultdict[tuple[str, str], list[float]] = defaultdict(list)
    for one in faulted:
        for place in one.places:
            if place.onset is not None:
                values[one.fault, "onset"].append(abs(place.onset))
            for key, off in place.off.items():
                values[one.fault, key].append(abs(off))
    return tuple(
        ErrorFigure(
            fault, by_name[fault].kind, key, float(np.median(off)), float(np.percentile(off, 95)), events=len(off)
        )
        for (fault, key), off in sorted(values.items(), key=lambda item: list(by_name).index(item[0][0]))
    )


def _false(kind: str, material: str, heard: Sequence[tuple[str, int, float, tuple[str, ...]]]) -> FalseFigure:
    events: Counter[str] = Counter({codec: 0 for codec, *_ in heard})
    seconds: Counter[str] = Counter()
    distinct: dict[int, float] = {}
    for codec, call, length, kinds in heard:
        events[codec] += kinds.count(kind)
        seconds[codec] += length  # type: ignore[assignment]
        distinct[call] = max(length, distinct.get(call, 0.0))
    hours, distinct_hours = sum(seconds.values()) / 3600, sum(distinct.values()) / 3600
    # A call that carries several faults in turn is heard several times: its events are thinned to one hearing each.
    worst = max(events[codec] * distinct_hours * 3600 / seconds[codec] for codec in events) if hours else 0.0
    bound = FalseEvents(int(np.ceil(worst - 1e-9)), distinct_hours).upper if distinct_hours else 0.0
    rate = sum(events.values()) / hours if hours else 0.0
    rates = {codec: 3600 * events[codec] / seconds[codec] for codec in events}
    return FalseFigure(kind, material, dict(events), hours, distinct_hours, rate, rates, bound)


def _precision(faulted: Sequence[Faulted], by_name: dict[str, Fault]) -> tuple[PrecisionFigure, ...]:
    right: Counter[str] = Counter()
    wrong: Counter[str] = Counter()
    for one in faulted:
        fault = by_name[one.fault]
        right[fault.kind] += one.right
        wrong[fault.kind] += one.wrong
        wrong.update(kind for kind in one.others if kind not in fault.brings)
    return tuple(PrecisionFigure(kind, right[kind], wrong[kind]) for kind in sorted(set(right) | set(wrong)))


def _confusion(faulted: Sequence[Faulted], by_name: dict[str, Fault]) -> tuple[ConfusionFigure, ...]:
    calls: defaultdict[str, list[Faulted]] = defaultdict(list)
    for one in faulted:
        calls[one.fault].append(one)
    return tuple(
        ConfusionFigure(
            name, kind, float(np.mean([kind in one.others for one in calls[name]])), kind in by_name[name].brings
        )
        for name in by_name
        if calls[name]
        for kind in sorted({kind for one in calls[name] for kind in one.others})
    )
