"""Both parties at once: double talk, and interruptions.

Kinds of event, all of them notices, for people do so on good lines too; much of it hints at delay or echo:

``double-talk``
    Both parties speak for a second and more. It belongs to the call, not to a party.
``interruption``
    One party begins while the other is in mid-turn, and the other one gives way. It is on the channel of the party who
    was interrupted.

What sounds like speech on a leg need not be its party's: it may be the other one's echo or crosstalk. That lies far
under the party's own speech; and where a party hardly speaks, or both legs are one, its level follows that of the other
leg, a little later.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audioqa.activity import mask, segments
from audioqa.frames import FRAME
from audioqa.measure import Measurements
from audioqa.party import PartyView, cannot_tell, party_views, span
from audioqa.types import Detection, Event, Evidence, Segment

KINDS = ("double-talk", "interruption")

_STEP = 2  # frames: lags are tried every 20 ms, a fifth of a syllable's rise
_TURN_PAUSE = 1.0  # s: who pauses for longer has ended a turn (judgement)
_DEPTH = 30.0  # dB under the active level: what is quieter is pause


@dataclass(frozen=True)
class DoubleTalk:
    """Finds where both parties speak.

    Parameters
    ----------
    shortest
        Seconds of double talk that are reported: 1 s (docs/severities.md), less what levels and speech
        activity lose at its ends (judgement: 0.15 s). Back-channels ("yes", "mhm") are shorter.
    own_speech
        dB under its own active level from which sound on a leg is its party's speech. P.56 takes what is within
        15.9 dB for speech; echo and crosstalk that are 15 dB weaker are left out.
    full, share
        dB under its own active level, and the share of the time for which each party must be louder than that.
        Judgement, with one fixture in view: an echo 18 dB weaker around a back-channel is not so loud for so long.
    syllables
        Seconds: shorter pauses are part of a party's speech. Words follow each other within it.
    alike
        Correlation of the levels of the two legs, one later by up to `latest` seconds, from which one of them is taken
        for the echo, crosstalk or copy of the other. Judgement: no double talk of the tuning speakers reached it, an
        echo alone on a leg does.
    around
        Seconds on either side that are compared too: what follows the other leg does so there as well.
    latest
        Seconds: the longest delay of an echo (docs/severities.md: 500 ms).
    turn
        Seconds for which a party must have spoken when it is interrupted (judgement: a clause).
    overlap, gives_way
        Seconds for which the interrupted party goes on, at least and at most: turns that follow each other smoothly
        overlap by less, and who goes on for longer did not give way (judgement).
    goes_on
        Seconds for which the other one goes on alone (judgement: longer than a back-channel).
    """

    shortest: float = 0.85
    own_speech: float = 15.0
    full: float = 10.0
    share: float = 0.3
    syllables: float = 0.5
    alike: float = 0.8
    around: float = 1.0
    latest: float = 0.5
    turn: float = 1.5
    overlap: float = 0.5
    gives_way: float = 1.5
    goes_on: float = 1.0

    def __call__(self, measurements: Measurements) -> Detection:
        """Events of the call, in order; `Skipped` where the parties share a channel."""
        if abstention := cannot_tell(measurements, KINDS, both_legs=True):
            return abstention
        views = party_views(measurements)
        own = [self._own(view) for view in views]
        both = segments(own[0] & own[1], frame=FRAME, shortest=self.overlap, pause=0.3, end=measurements.duration)
        genuine = [part for part in both if self._spoken(views, part) and not self._copied(views, part)]
        events = [
            Event("double-talk", None, part, "notice", {"seconds": round(part.duration, 2)})
            for part in genuine
            if part.duration >= self.shortest
        ]
        events += self._interruptions(views, own, genuine)
        return Detection(tuple(sorted(events, key=lambda event: event.segment)))

    def _own(self, view: PartyView) -> NDArray[np.bool_]:
        """Frames in which the party itself speaks, gaps between syllables bridged."""
        frames = len(view.levels)
        if view.active_level is None:
            return np.zeros(frames, dtype=bool)
        loud = (view.levels > view.active_level - self.own_speech) & view.speaking
        return mask(segments(loud, frame=FRAME, pause=self.syllables), frames=frames, frame=FRAME)

    def _spoken(self, views: Sequence[PartyView], part: Segment) -> bool:
        """Whether both parties are at their own level in it."""
        return all(
            float(np.mean(span(view.levels, part) > (view.active_level or 0.0) - self.full)) >= self.share
            for view in views
        )

    def _copied(self, views: Sequence[PartyView], part: Segment) -> bool:
        """Whether one leg only follows the other one."""
        begin = max(min(part.start, self.latest), part.start - self.around)  # room for every lag
        wider = Segment(begin, part.end + self.around)
        first = round(wider.start / FRAME)
        for copy, said in ((0, 1), (1, 0)):
            late = np.maximum(span(views[copy].levels, wider), (views[copy].active_level or 0.0) - _DEPTH)
            for lag in range(0, min(first, round(self.latest / FRAME)) + 1, _STEP):
                early = views[said].levels[first - lag : first - lag + len(late)]
                floored = np.maximum(early, (views[said].active_level or 0.0) - _DEPTH)
                if _correlation(late, floored) >= self.alike:
                    return True
        return False

    def _interruptions(
        self, views: Sequence[PartyView], own: Sequence[NDArray[np.bool_]], both: Sequence[Segment]
    ) -> list[Event]:
        turns = [segments(party, frame=FRAME, pause=_TURN_PAUSE) for party in own]
        found: list[Event] = []
        for part in both:
            for other, who in ((0, 1), (1, 0)):
                before = _turn_at(turns[other], part.start)
                after = _turn_at(turns[who], part.start)
                if before is None or after is None or not self._gives_way(before, after):
                    continue
                place = Segment(after.start, before.end)
                evidence: Evidence = {"by": views[who].name, "overlap_s": round(place.duration, 2)}
                found.append(Event("interruption", views[other].name, place, "notice", evidence))
        return found

    def _gives_way(self, before: Segment, after: Segment) -> bool:
        return (
            after.start - before.start >= self.turn
            and self.overlap <= before.end - after.start <= self.gives_way
            and after.end - before.end >= self.goes_on
        )


def _turn_at(turns: Sequence[Segment], time: float) -> Segment | None:
    return next((turn for turn in turns if turn.start - FRAME <= time < turn.end), None)


def _correlation(one: NDArray[np.generic], other: NDArray[np.generic]) -> float:
    a, b = (np.asarray(part, np.float64) - np.mean(np.asarray(part, np.float64)) for part in (one, other))
    norm = float(np.sqrt(np.sum(a * a) * np.sum(b * b)))
    return float(np.sum(a * b)) / norm if norm > 0 else 0.0
