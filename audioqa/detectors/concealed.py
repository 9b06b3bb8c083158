"""Concealed loss: packets that were lost and replaced by what came before, without leaving a hole.

Kinds of event: ``concealed-loss`` (a stretch of a party's speech in which single losses were concealed) and ``robotic``
(one in which the same sound was repeated for 60 ms and longer, again and again, so that the voice buzzes).

One concealed packet is hardly heard, and one that resembles a concealed packet is natural: a vowel resembles itself.
What counts is several within some seconds. Three traces are gathered:

- exact repeats of 10 ms and longer, which no microphone makes: packets played twice, and the pitch period that ITU-T
  G.711 Appendix I repeats. They survive G.711, and no other codec;
- packets of 20 ms whose levels agree with those of the packet before, for just that long: through low-rate codecs, a
  small network decides (``_concealed_shape``, fitted by ``audioqa.lab.fit_concealed``);
- stretches of 60 ms and longer that stay nearly equal, level and wave, to what came 10, 20 or 30 ms before.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audioqa.detectors._concealed_model import log_odds
from audioqa.detectors._concealed_shape import describe, find_twins
from audioqa.detectors._concealed_weights import DIGEST
from audioqa.frames import FRAME, SUBFRAME
from audioqa.measure import Measurements
from audioqa.party import NOTHING, PartyView, cannot_tell, party_views
from audioqa.types import Detection, Event, Segment, Severity

KINDS = ("concealed-loss", "robotic")

_PACKET = 0.020  # s
_SAME = 0.06  # s within which two traces are of one loss


@dataclass(frozen=True)
class Concealed:
    """Finds stretches of concealed loss.

    Parameters
    ----------
    within
        Seconds within which concealed losses belong together.
    sure, sure_odds
        Losses that must lie within them, and the natural logarithm of the odds, by the network, from which one is sure;
        exact repeats always are. One alone is a dropout (`audioqa.detectors.dropout`).
    likely, odds
        The same where they are less sure (measured: ``python -m audioqa.lab.fit_concealed`` prints fewer than 3
        false ones per hour for the odds of sure ones, fewer than 30 for these).
    loud
        dB under the active speech level that a repeat may have at its loudest: who lengthens a pause copies room tone.
    over_floor
        dB over the channel's floor that it must have there: mains hum of 50 Hz repeats itself every 20 ms.
    near_hole
        Seconds on either side of a packet's beginning within which nothing is digital silence: a hole in the speech has
        edges as a repeat has, and is a dropout.
    longest
        Seconds: a longer repeat is no concealment.
    alike, apart
        Correlation with what came before, and dB that its level may differ, where a sound is repeated.
    buzz, steady, longer_buzz
        Seconds from which a repeated sound counts (three packets) where its correlation is at least `steady`, and where
        it is less (measured: natural speech of the tuning speakers through low-rate codecs does either about twice in
        four minutes).
    buzzes, buzz_within
        How many of them are heard as robotic, within how many seconds.
    warning, severe
        Per cent of the packets of the stretch from which it is a warning, severe: at 0.7 % of packets repeated PESQ has
        fallen by 0.3 (docs/severities.md); severe is judgement.
    """

    within: float = 30.0
    sure: int = 2
    sure_odds: float = 3.0
    likely: int = 3
    odds: float = 1.5
    loud: float = 16.0
    over_floor: float = 12.0
    near_hole: float = 0.050
    longest: float = 0.500
    alike: float = 0.95
    apart: float = 1.0
    buzz: float = 0.060
    longer_buzz: float = 0.080
    steady: float = 0.97
    buzzes: int = 3
    buzz_within: float = 12.0
    warning: float = 0.5
    severe: float = 3.0
    model: str = DIGEST

    def __call__(self, measurements: Measurements) -> Detection:
        """Return the stretches, in order of channel, kind and start."""
        cannot = cannot_tell(measurements, KINDS)
        if cannot:
            return cannot
        events: list[Event] = []
        for view in party_views(measurements):
            if view.active_level is not None:
                sound = view.levels[view.levels > NOTHING]
                floor = float(np.percentile(sound[::4], 10)) if len(sound) else NOTHING
                least = max(view.active_level - self.loud, floor + self.over_floor)
                events += self._of(view, least, measurements.sample_rate)
        return Detection(tuple(events))

    def _of(self, view: PartyView, least: float, rate: int) -> list[Event]:
        exact = self._repeats(view, least, rate)
        buzzes = self._buzzes(view, least, exact)
        robotic = [
            self._robotic(view, buzzes[low:high]) for low, high in _groups(buzzes, self.buzzes, self.buzz_within)
        ]
        short = exact[exact[:, 1] - exact[:, 0] < self.buzz]
        likely, odds = self._twins(view, least)
        places = np.concatenate([short, likely])
        sure = np.concatenate([np.ones(len(short), dtype=bool), odds >= self.sure_odds])
        order = np.argsort(places[:, 0], kind="stable")
        places, sure = places[order], sure[order]
        if len(places):
            first = np.flatnonzero(np.diff(places[:, 0], prepend=-1.0) > _SAME)
            sure = np.logical_or.reduceat(sure, first)
            places = np.stack([places[first, 0], np.maximum.reduceat(places[:, 1], first)], axis=1)
        # As many sure ones weigh as much as are needed of the others.
        weight = np.where(sure, self.likely / self.sure, 1.0)
        concealed = [
            self._concealed(view, places[low:high], int(sure[low:high].sum()))
            for low, high in _groups(places, self.likely, self.within, weight)
        ]
        told = [event for event in concealed if not any(_covers(buzz, event) for buzz in robotic)]
        return told + robotic

    def _repeats(self, view: PartyView, least: float, rate: int) -> NDArray[np.float64]:
        """Exact repeats amid loud speech, seconds, shape (n, 2)."""
        repeats = view.channel.repeats
        found: list[tuple[float, float]] = []
        for start, length in sorted(zip(repeats.start / rate, repeats.length / rate, strict=True)):
            if found and start < found[-1][1]:
                found[-1] = (found[-1][0], max(found[-1][1], start + length))
            else:
                found.append((start, start + length))
        return np.array(
            [
                place
                for place in found
                if place[1] - place[0] <= self.longest and self._amid(view, least, place[0], place[1])
            ]
        ).reshape(-1, 2)

    def _amid(self, view: PartyView, least: float, start: float, end: float) -> bool:
        """Whether loud speech is repeated from `start` to `end`: a tone goes on, and ends with its repeat."""
        first, last = int(start / FRAME), int(end / FRAME) + 1
        around = view.levels[max(0, first - 4) : first], view.levels[last : last + 4]
        return (
            bool(view.speaking[first:last].any())
            and float(view.levels[first:last].max(initial=-np.inf)) >= least
            and min(float(side.max(initial=-np.inf)) for side in around) >= least - self.loud
        )

    def _twins(self, view: PartyView, least: float) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
        """Packets that the network takes for repeats, seconds, shape (n, 2), and the logarithm of their odds."""
        frames = view.channel.frames
        twins = find_twins(frames, least)
        twins = twins[view.speaking[np.minimum(twins // 4, len(view.speaking) - 1)]]
        level = frames.power.reshape(-1)
        reach = round(self.near_hole / SUBFRAME)
        quietest = np.min([level[twins + k] for k in range(-reach, reach + 1)], axis=0)
        twins = twins[quietest > 2 * (NOTHING + 127.5)]
        if len(twins) == 0:
            return np.zeros((0, 2)), np.zeros(0, np.float32)
        odds = log_odds(describe(frames, twins))
        start = twins[odds >= self.odds] * SUBFRAME
        return np.stack([start, start + _PACKET], axis=1), odds[odds >= self.odds]

    def _buzzes(self, view: PartyView, least: float, exact: NDArray[np.float64]) -> NDArray[np.float64]:
        """Sounds that are repeated for `buzz` and longer, seconds, shape (n, 2)."""
        frames = view.channel.frames
        near = (frames.similarity >= round(255 * self.alike)) & view.speaking & (view.levels > least)
        level = frames.power.reshape(-1)
        found = [(start, end) for start, end in exact if end - start >= self.buzz]
        chosen = np.flatnonzero(near)
        lags = frames.lag[chosen]
        edges = np.flatnonzero((np.diff(chosen) != 1) | (lags[1:] != lags[:-1])) + 1 if len(chosen) else chosen
        begin, stop = np.append(0, edges)[: len(chosen)], np.append(edges, len(chosen))[: len(chosen)]
        for run in np.flatnonzero((stop - begin) * FRAME >= self.buzz - 1e-6):
            first, last = int(chosen[begin[run]]), int(chosen[stop[run] - 1]) + 1
            back = round(int(lags[begin[run]]) / 1000 / SUBFRAME)
            steady = frames.similarity[first:last].min() >= round(255 * self.steady)
            if 4 * first >= back and (last - first) * FRAME >= (self.buzz if steady else self.longer_buzz) - 1e-6:
                here = level[4 * first : 4 * last].astype(np.int16)
                if np.abs(here - level[4 * first - back : 4 * last - back]).mean() <= 2 * self.apart:
                    found.append((first * FRAME, last * FRAME))
        merged: list[tuple[float, float]] = []
        for start, end in sorted(found):
            if merged and start <= merged[-1][1] + _SAME:
                merged[-1] = (merged[-1][0], max(merged[-1][1], end))
            else:
                merged.append((start, end))
        return np.array(merged).reshape(-1, 2)

    def _concealed(self, view: PartyView, places: NDArray[np.float64], sure: int) -> Event:
        place = Segment(float(places[0, 0]), float(places[-1, 1]))
        # Losses are seen in loud speech only, and the stretch begins and ends with one.
        first, last = int(place.start / FRAME), int(place.end / FRAME) + 1
        loud = view.speaking[first:last] & (view.levels[first:last] > (view.active_level or 0.0) - self.loud)
        seconds = max(FRAME * float(loud.sum()), _PACKET)
        rate = 100 * (len(places) - 1) * _PACKET / max(seconds, 5.0)
        severity: Severity = "severe" if rate >= self.severe else "warning" if rate >= self.warning else "notice"
        return Event(
            "concealed-loss",
            view.name,
            place,
            severity,
            {
                "packets": len(places),
                "sure": sure,
                "loss_percent": round(rate, 2),
            },
        )

    def _robotic(self, view: PartyView, buzzes: NDArray[np.float64]) -> Event:
        seconds = float((buzzes[:, 1] - buzzes[:, 0]).sum())
        place = Segment(float(buzzes[0, 0]), float(buzzes[-1, 1]))
        severity: Severity = "severe" if seconds >= 1.0 else "warning"
        evidence = {"repeats": len(buzzes), "repeated_seconds": round(seconds, 2)}
        return Event("robotic", view.name, place, severity, evidence)


def _groups(
    places: NDArray[np.float64], least: int, within: float, weight: NDArray[np.float64] | None = None
) -> list[tuple[int, int]]:
    """Half-open ranges of places, in order, every one of which lies within `within` seconds of `least` of them."""
    if len(places) == 0:
        return []
    start = places[:, 0]
    total = np.concatenate([[0.0], np.cumsum(np.ones(len(start)) if weight is None else weight)])
    member = np.zeros(len(start), dtype=bool)
    last = np.searchsorted(start, start + within, side="right")
    for first in np.flatnonzero(total[last] - total[:-1] >= least - 1e-9):
        member[first : last[first]] = True
    chosen = np.flatnonzero(member)
    if len(chosen) == 0:
        return []
    breaks = np.flatnonzero((np.diff(chosen) > 1) | (np.diff(start[chosen]) > within)) + 1
    return [(int(part[0]), int(part[-1]) + 1) for part in np.split(chosen, breaks)]


def _covers(outer: Event, inner: Event) -> bool:
    return outer.segment.overlap(inner.segment) > inner.segment.duration / 2
