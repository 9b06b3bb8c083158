"""One-way audio: a party that could not be heard while the other one talked.

Kind of event: ``one-way-audio``, on the channel that carries nothing.

What a leg shows when its path is broken is what it also shows when its party listens: silence. So a leg is judged by
what it does elsewhere. It is broken where it never speaks in the whole call while the other party does, or falls to
digital silence for good, or holds digital silence from the start until its path opens. A leg that speaks, is digitally
silent for a while and speaks again was muted, paused for a payment, or broken: what cannot be told is `Skipped`. Keys
pressed on a leg (DTMF) and music come from a party or a machine that was connected; a leg with announcements only has
speech on it and is not looked for here.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from audioqa.activity import segments
from audioqa.frames import FRAME
from audioqa.measure import Measurements
from audioqa.party import PartyView, cannot_tell, party_views, without_signal
from audioqa.perceptual.callmos_layout import KINDS as SOUNDS
from audioqa.types import Detection, Event, Evidence, Segment, Skipped

KINDS = ("one-way-audio",)


@dataclass(frozen=True)
class OneWayAudio:
    """Finds legs without a voice.

    Parameters
    ----------
    shortest
        Seconds from which it is reported; no threshold is published. Within 20 s a caller has hung up.
    talk
        Seconds of speech on the other leg within it.
    least_speech
        Seconds of speech by which a leg is known to have a voice; less is a cough or crosstalk.
    """

    shortest: float = 20.0
    talk: float = 6.0
    least_speech: float = 0.5

    def __call__(self, measurements: Measurements) -> Detection:
        """One event for each leg at most; `Skipped` where the parties share a channel or it cannot be told."""
        if abstention := cannot_tell(measurements, KINDS, both_legs=True):
            return abstention
        one, other = party_views(measurements)
        found = [self._of(one, other, measurements.duration), self._of(other, one, measurements.duration)]
        events = tuple(item for item in found if isinstance(item, Event))
        return Detection(events, tuple(item for item in found if isinstance(item, Skipped)))

    def _of(self, view: PartyView, other: PartyView, duration: float) -> Event | Skipped | None:
        if view.seconds < self.least_speech:
            return self._never_speaks(view, other, duration)
        silent = [
            part
            for part in segments(
                without_signal(view.channel), frame=FRAME, shortest=self.shortest, pause=0.05, end=duration
            )
            if self._talk(other, part) >= self.talk
        ]
        for part in silent:
            to_the_end = part.end >= duration - 1.0 or not any(s.end > part.end for s in view.speech)
            from_the_start = not any(s.start < part.start for s in view.speech)
            if to_the_end or from_the_start:
                return self._event(view, other, part, "digital silence")
        if silent:
            seconds = f"{silent[0].duration:.0f} s"
            reason = f"{view.name} is digitally silent for {seconds} between its turns: muted, paused or broken"
            return Skipped("one-way-audio", view.name, reason)
        return None

    def _never_speaks(self, view: PartyView, other: PartyView, duration: float) -> Event | Skipped | None:
        if not other.speech:
            return None
        part = Segment(other.speech[0].start, duration)
        if part.duration < self.shortest or self._talk(other, part) < self.talk:
            return None
        if _seconds_of(view, "dtmf") > 0.1 or _seconds_of(view, "music") > 2.0:
            reason = f"{view.name} never speaks, but keys or music are heard on it: a machine, or a party on hold"
            return Skipped("one-way-audio", view.name, reason)
        dead = float(np.mean(without_signal(view.channel))) > 0.9
        return self._event(view, other, part, "digital silence" if dead else "noise floor")

    def _event(self, view: PartyView, other: PartyView, part: Segment, fill: str) -> Event:
        evidence: Evidence = {
            "seconds": round(part.duration, 1),
            "fill": fill,
            "other_party_speaks": round(self._talk(other, part), 1),
            "own_speech": round(view.seconds, 1),
        }
        return Event("one-way-audio", view.name, part, "severe", evidence)

    @staticmethod
    def _talk(other: PartyView, part: Segment) -> float:
        return float(sum(part.overlap(segment) for segment in other.speech))


def _seconds_of(view: PartyView, sound: str) -> float:
    return float(np.count_nonzero(view.channel.kinds == SOUNDS.index(sound))) * view.channel.speech_frame
