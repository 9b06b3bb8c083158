"""Digital silence that is meant: a leg muted, a recording paused for a payment, both legs without a signal.

A leg that is digitally silent whenever its party pauses (a noise gate, discontinuous transmission) says nothing by
being so, and is left alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from audioqa.activity import segments
from audioqa.frames import FRAME
from audioqa.measure import Measurements
from audioqa.party import PartyView, party_views, without_signal
from audioqa.types import Evidence, Phase, Segment


@dataclass(frozen=True)
class Silences:
    """Finds mutes, pauses of the recording, and mutual digital silence.

    Parameters
    ----------
    mute
        Seconds of digital silence from which a leg was muted; no threshold is published (judgement: what is shorter is
        a gap).
    pause
        Seconds from which a recording was paused (judgement: reading out a card takes longer).
    mutual
        Seconds of mutual digital silence that is neither (Genesys calls 3 s dead air).
    together
        Seconds by which the legs of a paused recording may fall silent, or come back, apart: a packet or two, and what
        a decoder rings on.
    habit, live
        Share of a party's pauses that are digital silence from which it is so by habit; and seconds of noise in its
        pauses without which nothing else is known of it.
    mid_sound
        dB under the active speech level above which sound that stops was cut in the middle: a fault, not a mute.
    """

    mute: float = 3.0
    pause: float = 3.0
    mutual: float = 3.0
    together: float = 0.12
    habit: float = 0.7
    live: float = 1.0
    mid_sound: float = 20.0

    def __call__(self, measurements: Measurements, spoken: Sequence[tuple[Segment, ...]]) -> list[Phase]:
        """Every such phase; of the whole call where both legs are silent.

        Parameters
        ----------
        measurements
            The recording's.
        spoken
            What is a party's speech, on each channel.
        """
        end = measurements.duration
        shortest = min(self.mute, self.pause, self.mutual)
        silent = [without_signal(channel) for channel in measurements.channels]
        found = [list(segments(dead, frame=FRAME, shortest=shortest, pause=0.05, end=end)) for dead in silent]
        if not any(found):
            return []
        views = [replace(view, speech=own) for view, own in zip(party_views(measurements), spoken, strict=True)]
        by_habit = [self._by_habit(view, dead) for view, dead in zip(views, silent, strict=True)]
        phases: list[Phase] = []
        both = self._both(views, found) if len(views) == 2 else []
        phases += both
        for view, own, habit in zip(views, found, by_habit, strict=True):
            for part in [] if habit or len(views) < 2 else own:
                explained = sum(part.overlap(phase.segment) for phase in both) > part.duration / 2
                if part.duration < self.mute or explained or self._cut_off(view, part):
                    continue
                if self._between_turns(view, part):
                    phases.append(Phase("mute", view.name, part, {"seconds": round(part.duration, 1)}))
        return phases

    def _both(self, views: Sequence[PartyView], found: Sequence[Sequence[Segment]]) -> list[Phase]:
        phases = []
        for one in found[0]:
            for other in found[1]:
                start, end = max(one.start, other.start), min(one.end, other.end)
                if end - start < self.mutual or not goes_on([view.speech for view in views], Segment(start, end)):
                    continue
                apart = max(abs(one.start - other.start), abs(one.end - other.end))
                paused = apart <= self.together and end - start >= self.pause
                evidence: Evidence = {"seconds": round(end - start, 1), "fill": "digital silence"}
                kind = "pause-and-resume" if paused else "mutual-silence"
                phases.append(Phase(kind, None, Segment(start, end), evidence))
        return phases

    def _by_habit(self, view: PartyView, dead: NDArray[np.bool_]) -> bool:
        """Whether most pauses of a party hold digital silence."""
        pauses = [Segment(a.end, b.start) for a, b in zip(view.turns[:-1], view.turns[1:], strict=True)]
        shares = [
            float(np.mean(dead[round(pause.start / FRAME) : round(pause.end / FRAME)]))
            for pause in pauses
            if pause.duration >= 0.5
        ]
        silent = sum(share > 0.3 for share in shares)
        if float(np.count_nonzero(view.resting & ~dead)) * FRAME < self.live:
            return True
        return silent >= 2 and silent >= self.habit * len(shares)

    @staticmethod
    def _between_turns(view: PartyView, part: Segment) -> bool:
        before = any(segment.start < part.start for segment in view.speech)
        return before and any(segment.end > part.end for segment in view.speech)

    def _cut_off(self, view: PartyView, part: Segment) -> bool:
        """Whether loud sound stops where the silence begins."""
        first = round(part.start / FRAME)
        before = view.levels[max(0, first - 3) : max(0, first - 1)]
        loud = (view.active_level or 0.0) - self.mid_sound
        return bool(len(before)) and float(before.max()) > loud


def goes_on(spoken: Sequence[Sequence[Segment]], part: Segment) -> bool:
    """Whether the call goes on after it: somebody speaks before and somebody after."""
    everyone = [segment for own in spoken for segment in own]
    return any(s.start < part.start for s in everyone) and any(s.end > part.end for s in everyone)
