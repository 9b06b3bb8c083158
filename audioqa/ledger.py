"""The ledger: how many MOS points each kind of impairment cost a party.

The stretches that an event touches are read again from the recording, mended (`audioqa.mend`) and scored again by the
same estimator on the same windows, for every subset of the kinds that are present; what no event touches keeps its
score. The points go to the kinds by Shapley's value (Shapley, "A value for n-person games", 1953): the mean, over all
orders in which the kinds could be mended one after the other, of what each brings when its turn comes. It is exact and
adds up. A kind whose share would be negative, because mending it makes things worse, is taken out and gets none. What
no mending recovers remains as the rest: codec, band and unexplained.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import factorial

import numpy as np
from numpy.typing import NDArray

from audioqa.audio import Resampler
from audioqa.frames import table_rate
from audioqa.mend import MENDERS, Stretch, mended
from audioqa.perceptual.calibration import Calibration
from audioqa.perceptual.callmos import SUMS_RATE, CallMos
from audioqa.perceptual.callmos_features import HOP, features
from audioqa.perceptual.callmos_layout import CONTEXT
from audioqa.perceptual.estimator import RATE, Estimator, WindowOpinion
from audioqa.types import (
    CallReport,
    Event,
    Ledger,
    LedgerRow,
    Party,
    PartyMos,
    Segment,
    Skipped,
    WindowScore,
)

BEST = 4.41
"""MOS of clean speech through G.711 in the narrowband context: what the E-model's defaults give (ITU-T G.107)."""

MOST_KINDS = 5
"""Kinds taken apart for one party: 32 subsets. Those that bring least by themselves are left out, and named."""

REGION = 32.0
"""Seconds of windows mended and scored at once, about: memory does not grow with the call."""

NO_LOSS = (
    *("dead-air", "leading-silence", "trailing-silence", "digital-silence"),
    *("abrupt-end", "delayed-start", "double-talk", "interruption"),
)
"""Kinds that no score is lost by: they lie where nobody speaks, or are what people do."""

_MARGIN = CONTEXT * HOP + 0.4  # s around windows: what the network hears of them, and a resampler's edge
_GRID = 1 / SUMS_RATE  # s

Kinds = frozenset[str]

Read = Callable[[Segment], tuple[NDArray[np.float32], int]]
"""Reads a stretch of the recording again: float32 (n, channels) and the rate, as `audioqa.audio.read_segment` does."""


def ledgers(
    report: CallReport, read: Read, *, estimator: Estimator | None, calibration: Calibration | None
) -> tuple[Ledger | Skipped, ...]:
    """One ledger for each party, in file order, or why there is none.

    Parameters
    ----------
    report
        The report, scored by this estimator and this calibration.
    read
        Reads a stretch of its recording again.
    estimator, calibration
        What scores windows, and the map to the reported scale.
    """
    return tuple(
        _ledger(report, index, party, read, estimator, calibration) for index, party in enumerate(report.parties)
    )


def mended_stretch(
    report: CallReport, channel: str, segment: Segment, read: Read, *, kinds: Iterable[str]
) -> tuple[NDArray[np.float32], int]:
    """What one party sounds like with some kinds mended.

    Parameters
    ----------
    report
        The report with its events.
    channel
        The party.
    segment
        Seconds to return.
    read
        Reads a stretch of the recording again.
    kinds
        Kinds to mend; none for the recording as it is.

    Returns
    -------
    samples : ndarray
        float32, shape (n,); peaks that were restored may exceed 1.
    rate : int
        Hz.
    """
    index = report.recording.channels.index(channel)
    # Menders look around: what is heard and what was scored come of stretches of one length.
    extra = max(0.0, REGION - segment.duration) / 2 + _MARGIN
    start = max(0.0, segment.start - extra)
    stretch = _stretch(report, index, Segment(start, segment.end + extra), read)
    out = mended(stretch, _events(report, channel), kinds=frozenset(kinds))
    first, last = (round((at - start) * stretch.rate) for at in (segment.start, segment.end))
    return out[max(0, first) : last], stretch.rate


def shapley(kinds: Sequence[str], value: Callable[[Kinds], float]) -> dict[str, float]:
    """Each kind's share of ``value(all) - value(none)``.

    Parameters
    ----------
    kinds
        The players.
    value
        Of any subset of them.

    Examples
    --------
    >>> worth = {frozenset(): 0.0, frozenset("a"): 1.0, frozenset("b"): 0.0, frozenset("ab"): 2.0}
    >>> shapley("ab", worth.__getitem__)
    {'a': 1.5, 'b': 0.5}
    """
    n = len(kinds)
    shares = dict.fromkeys(kinds, 0.0)
    for kind in kinds:
        others = [other for other in kinds if other != kind]
        for size in range(n):
            weight = factorial(size) * factorial(n - size - 1) / factorial(n)
            for subset in map(frozenset, combinations(others, size)):
                shares[kind] += weight * (value(subset | {kind}) - value(subset))
    return shares


def opinions(
    samples: NDArray[np.float32], rate: int, *, start: float, windows: Sequence[Segment], estimator: Estimator
) -> list[WindowOpinion]:
    """Windows of one party scored as `audioqa.measure` scores them within the whole recording.

    Parameters
    ----------
    samples
        float32, shape (n,): the windows and 2.8 s to either side, as far as the recording goes.
    rate
        Hz.
    start
        Seconds of the recording at which they begin: a multiple of 0.4.
    windows
        Seconds of the recording.
    estimator
        What scores them.
    """
    table = table_rate(rate)
    held = samples[:, None]
    if table != rate:
        held = Resampler(rate, table, channels=1).push(held, last=True)
    if isinstance(estimator, CallMos):
        heard = estimator.stream().push(features(held[:, 0], table), last=True)
        spans = [
            heard.sums[round((window.start - start) * SUMS_RATE) : round((window.end - start) * SUMS_RATE)]
            for window in windows
        ]
        return [estimator.pool(span[None])[0] for span in spans]
    if table != RATE:
        held = Resampler(table, RATE, channels=1).push(held, last=True)
    cut = [held[round((window.start - start) * RATE) : round((window.end - start) * RATE), 0] for window in windows]
    return [estimator.score(np.ascontiguousarray(window)[None])[0] for window in cut]


def _ledger(
    report: CallReport,
    index: int,
    party: Party,
    read: Read,
    estimator: Estimator | None,
    calibration: Calibration | None,
) -> Ledger | Skipped:
    mos = party.mos
    if isinstance(mos, Skipped) or estimator is None:
        reason = mos.reason if isinstance(mos, Skipped) else "no estimator was asked for"
        return Skipped("ledger", party.channel, f"no MOS to account for: {reason}")
    events = _events(report, party.channel)
    present = list(dict.fromkeys(event.kind for event in events if any(_touches(event, w) for w in mos.windows)))
    left_out = [
        Skipped(kind, party.channel, "found, but there is no way here to mend it")
        for kind in present
        if kind not in MENDERS and kind not in NO_LOSS
    ]
    kinds = [kind for kind in MENDERS if kind in present]
    scores = _Rescored(report, index, mos, read, estimator, calibration, events, kinds)
    alone = {kind: scores.gain(frozenset([kind])) for kind in kinds}
    taken = sorted(kinds, key=lambda kind: -alone[kind])[:MOST_KINDS]
    left_out += [
        Skipped(kind, party.channel, f"not taken apart: {MOST_KINDS} kinds cost more")
        for kind in kinds
        if kind not in taken
    ]
    scores.prepare(frozenset(subset) for size in range(len(taken) + 1) for subset in combinations(taken, size))
    shares, harmful = _credited(taken, scores.gain)
    rows = [LedgerRow(kind, share, alone[kind]) for kind, share in shares.items()]
    rows += [LedgerRow(kind, 0.0, alone[kind]) for kind in harmful]
    after = mos.score.value + scores.gain(frozenset(shares))
    best: float | Skipped = BEST
    rest: float | Skipped = BEST - after
    if calibration is None or calibration.context != "narrowband":
        best = rest = Skipped("best", party.channel, "the scale has no known MOS of clean G.711")
    return Ledger(
        channel=party.channel,
        mos=mos.score.value,
        mended=after,
        best=best,
        rows=tuple(sorted(rows, key=lambda row: (-row.cost, -row.alone))),
        rest=rest,
        left_out=tuple(left_out),
    )


def _credited(kinds: Sequence[str], value: Callable[[Kinds], float]) -> tuple[dict[str, float], list[str]]:
    """Shares of the kinds that help, and the kinds that do not: the worst goes, then the others are judged anew."""
    left, harmful = list(kinds), list[str]()
    while True:
        shares = shapley(left, value)
        worst = min(shares, key=lambda kind: shares[kind], default=None)
        if worst is None or shares[worst] >= 0:
            return shares, harmful
        harmful.append(worst)
        left.remove(worst)


def _events(report: CallReport, channel: str) -> list[Event]:
    return [event for event in report.events if event.channel == channel]


def _touches(event: Event, window: WindowScore) -> bool:
    # After a jump the level is another one until the next, and before it too: one of the two is wrong.
    return event.kind == "level-jump" or event.segment.overlap(window.segment) > 0


def _stretch(report: CallReport, index: int, segment: Segment, read: Read) -> Stretch:
    samples, rate = read(segment)
    other = np.ascontiguousarray(samples[:, 1 - index]) if samples.shape[1] == 2 else None
    level = report.parties[index].level
    return Stretch(
        np.ascontiguousarray(samples[:, index]),
        rate,
        segment.start,
        other,
        None if isinstance(level, Skipped) else level.level,
    )


@dataclass(frozen=True)
class _Region:
    """Neighbouring windows that events touch: their numbers, and the seconds that must be read for them."""

    windows: tuple[int, ...]
    segment: Segment
    kinds: Kinds


class _Rescored:
    """One party's MOS for any subset of kinds mended; what was scored once is kept, the audio is not."""

    def __init__(
        self,
        report: CallReport,
        index: int,
        mos: PartyMos,
        read: Read,
        estimator: Estimator,
        calibration: Calibration | None,
        events: Sequence[Event],
        kinds: Sequence[str],
    ) -> None:
        self._report, self._index, self._read = report, index, read
        self._estimator, self._calibration = estimator, calibration
        self._events = [event for event in events if event.kind in kinds]
        self._windows = mos.windows
        self._present = [
            frozenset(event.kind for event in self._events if _touches(event, window)) for window in mos.windows
        ]
        self._regions = list(self._grouped())
        self._scored: dict[tuple[int, Kinds], float] = {}  # window and the kinds mended in it: MOS
        self._weights = np.array([window.speech for window in mos.windows])
        self._recorded = np.array([window.mos for window in mos.windows])
        self.prepare(frozenset([kind]) for kind in kinds)

    def gain(self, kinds: Kinds) -> float:
        """What mending some kinds adds to the party's MOS; negative where it makes things worse."""
        mos = self._recorded.copy()
        for number, present in enumerate(self._present):
            if kinds & present:
                mos[number] = self._scored[number, kinds & present]
        return float(np.average(mos - self._recorded, weights=self._weights))

    def prepare(self, subsets: Iterable[Kinds]) -> None:
        """Score what the subsets need and nobody has scored yet, region by region."""
        wanted = list(subsets)
        for region in self._regions:
            needed = dict.fromkeys(kinds & region.kinds for kinds in wanted)
            missing = [
                kinds
                for kinds in needed
                if any(
                    kinds & self._present[number] and (number, kinds & self._present[number]) not in self._scored
                    for number in region.windows
                )
            ]
            if missing:
                self._score(region, missing)

    def _score(self, region: _Region, subsets: Sequence[Kinds]) -> None:
        stretch = _stretch(self._report, self._index, region.segment, self._read)
        order = [kind for kind in MENDERS if kind in region.kinds]
        done: dict[Kinds, NDArray[np.float32]] = {frozenset(): stretch.samples}

        def audio(kinds: Kinds) -> NDArray[np.float32]:
            """Mended in the one order that menders have, so that subsets share their beginnings."""
            if kinds not in done:
                last = max(kinds, key=order.index)
                begun = _with(stretch, audio(kinds - {last}))
                done[kinds] = mended(begun, self._events, kinds=[last])
            return done[kinds]

        for kinds in subsets:
            places = [number for number in region.windows if kinds & self._present[number]]
            heard = opinions(
                audio(kinds),
                stretch.rate,
                start=region.segment.start,
                windows=[self._windows[number].segment for number in places],
                estimator=self._estimator,
            )
            for number, opinion in zip(places, heard, strict=True):
                mos = self._calibration.apply(opinion.mos) if self._calibration else opinion.mos
                self._scored[number, kinds & self._present[number]] = mos

    def _grouped(self) -> Iterator[_Region]:
        """Touched windows in runs of at most `REGION` seconds."""
        run: list[int] = []
        for number, window in enumerate(self._windows):
            if not self._present[number]:
                continue
            if run:
                begin, end = self._windows[run[0]].segment.start, self._windows[run[-1]].segment.end
                if window.segment.start > end or window.segment.end - begin > REGION:
                    yield self._region(run)
                    run = []
            run.append(number)
        if run:
            yield self._region(run)

    def _region(self, run: Sequence[int]) -> _Region:
        begin, end = self._windows[run[0]].segment.start, self._windows[run[-1]].segment.end
        start = max(0.0, round(np.floor((begin - _MARGIN) / _GRID)) * _GRID)
        kinds = frozenset().union(*(self._present[number] for number in run))
        return _Region(tuple(run), Segment(start, end + _MARGIN), kinds)


def _with(stretch: Stretch, samples: NDArray[np.float32]) -> Stretch:
    return Stretch(samples, stretch.rate, stretch.start, stretch.other, stretch.level)
