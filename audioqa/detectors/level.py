"""Speech level: a party too quiet or too loud, parties unbalanced, jumps, a gain that pumps.

Kinds of event:

``too-quiet``, ``too-loud``
    The party's active speech level (ITU-T P.56) lies where listeners object.
``unbalanced``
    One party is that much louder than the other one, over the call.
``level-jump``
    A party's level changes at once, between two words or within one, and stays so: a gain was switched.
``gain-pumping``
    The noise rises in the pauses and is pressed down when speech begins: an automatic gain that follows too fast.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audioqa.activity import mask, segments
from audioqa.detectors._level_jump import place_of
from audioqa.frames import FRAME
from audioqa.measure import Measurements
from audioqa.party import PartyView, cannot_tell, party_views
from audioqa.types import ActiveLevel, Detection, Event, Evidence, Segment, Severity, Skipped

KINDS = ("too-quiet", "too-loud", "unbalanced", "level-jump", "gain-pumping")

_OWN = 22.0  # dB under the active level below which sound is none of the party's own words but crosstalk, echo, noise
_ECHO = 0.3  # s by which the echo of a word outlasts it
_LEAST_REST, _EARLY = 30, 15  # frames of a pause that are needed, and those of its beginning
_HANGOVER = 1.5  # dB that P.56's hangover takes off the level of speech (measured: tuning speakers, 1.2 to 1.9)
_TOLD = 1.0  # s: how long a jump is said to last; what counts is its beginning


@dataclass(frozen=True)
class SpeechLevel:
    """Finds levels that are wrong, and gains that move.

    Parameters
    ----------
    quiet, loud
        dBov: active levels from which MOS is 0.3 below that of nominal speech (E-model, SLR; docs/severities.md: -34
        and -12; loud speech loses up to 2 dB to the recorder's full scale).
    quiet_severe
        dBov at which it has lost a whole point.
    unbalanced
        dB between the parties.
    least_speech
        Seconds of speech that a level needs, spoken while nobody else speaks: on a leg whose party is silent the echo
        of the other one is taken for speech.
    jump, jump_span
        dB by which speech is louder or quieter than before, over so many seconds of speech on either side. Ten dB come
        out as 7 and more, for 2 s of one voice differ by up to 6 (measured: docs/detectors/level.md).
    sharp, sharp_span
        Share of the change that is there over the nearest seconds of speech: a voice that is raised takes longer.
    pumping
        dB by which the noise rises within pauses, in the median.
    pumping_pause
        Seconds: shortest pause between two words that is looked at.
    pumping_pauses
        Pauses needed.
    """

    quiet: float = -34.0
    loud: float = -14.0
    quiet_severe: float = -42.0
    unbalanced: float = 12.0
    least_speech: float = 3.0
    jump: float = 7.0
    jump_span: float = 2.0
    sharp: float = 0.5
    sharp_span: float = 0.6
    pumping: float = 5.0
    pumping_pause: float = 0.7
    pumping_pauses: int = 3

    def __call__(self, measurements: Measurements) -> Detection:
        """Events by channel, the call's own last; `Skipped` where there is too little speech for a level."""
        if abstains := cannot_tell(measurements, KINDS):
            return abstains
        views = party_views(measurements)
        told: list[PartyView] = []
        events: list[Event] = []
        skipped: list[Skipped] = []
        for view in views:
            alone = _alone(view, [other for other in views if other is not view])
            seconds = float(np.count_nonzero(alone)) * FRAME
            if view.active_level is None or seconds < self.least_speech:
                reason = f"{seconds:.1f} s of speech without the other party's, {self.least_speech:g} s are needed"
                skipped += [Skipped(kind, view.name, reason) for kind in KINDS if kind != "unbalanced"]
                continue
            told.append(view)
            events += self._level(view, _p56(view.channel.level, view.active_level))
            events += self._jumps(view, alone & (view.levels > view.active_level - _OWN))
            events += self._pumping(view)
        if len(told) == 2:
            events += self._unbalanced(told)
        else:
            skipped.append(Skipped("unbalanced", None, "there are not two parties of known level"))
        return Detection(tuple(events), tuple(skipped))

    def _level(self, view: PartyView, level: float) -> list[Event]:
        talk = Segment(view.speech[0].start, view.speech[-1].end)
        evidence = {"level_dbov": round(level, 1), "nominal_dbov": -26.0}
        if level < self.quiet:
            severity: Severity = "severe" if level < self.quiet_severe else "warning"
            return [Event("too-quiet", view.name, talk, severity, evidence)]
        if level > self.loud:
            return [Event("too-loud", view.name, talk, "warning", evidence)]
        return []

    def _unbalanced(self, views: Sequence[PartyView]) -> list[Event]:
        louder, quieter = sorted(views, key=lambda view: view.active_level or 0.0, reverse=True)
        difference = (louder.active_level or 0.0) - (quieter.active_level or 0.0)
        if difference < self.unbalanced:
            return []
        whole = Segment(min(view.speech[0].start for view in views), max(view.speech[-1].end for view in views))
        evidence: Evidence = {"difference_db": round(difference, 1), "louder": louder.name, "quieter": quieter.name}
        return [Event("unbalanced", None, whole, "warning", evidence)]

    def _jumps(self, view: PartyView, spoken: NDArray[np.bool_]) -> list[Event]:
        """Where the power of the spoken frames before and after differs most, and at once."""
        own = np.flatnonzero(spoken)
        span, near = round(self.jump_span / FRAME), round(self.sharp_span / FRAME)
        if len(own) < 2 * span:
            return []
        total = np.concatenate([[0.0], np.cumsum(np.exp(view.levels[own] * np.float32(np.log(10) / 10)), dtype=float)])
        change, nearer = _change(total, span), _change(total, near)
        events: list[Event] = []
        for stretch in segments(np.abs(change) >= self.jump, frame=1.0):
            low, high = round(stretch.start), round(stretch.end)
            best = low + int(np.argmax(np.abs(change[low:high])))
            sign = np.sign(change[best])
            around = slice(max(0, best - span // 2), best + span // 2)
            if (sign * nearer[around]).max() < self.sharp * abs(change[best]):
                continue
            start = place_of(view, int(own[best]), float(change[best])) * FRAME
            if events and start - events[-1].segment.start < self.jump_span:
                continue
            evidence = {"change_db": round(float(change[best]), 1), "seconds_compared": self.jump_span}
            place = Segment(start, min(start + _TOLD, len(view.levels) * FRAME))
            events.append(Event("level-jump", view.name, place, "warning", evidence))
        return events

    def _pumping(self, view: PartyView) -> list[Event]:
        """Noise at the end of the pauses against that at their beginning, in the lower part of what is heard."""
        rises: list[float] = []
        places: list[Segment] = []
        for before, after in zip(view.speech[:-1], view.speech[1:], strict=True):
            if after.start - before.end < self.pumping_pause:
                continue
            first, stop = round(before.end / FRAME), round(after.start / FRAME)
            pause = view.levels[first:stop][view.pausing[first:stop]]
            if len(pause) < max(_LEAST_REST, 0.4 * (stop - first)):
                continue
            rises.append(_low(pause[-max(_EARLY, len(pause) // 4) :]) - _low(pause[:_EARLY]))
            places.append(Segment(before.end, after.start))
        if len(rises) < self.pumping_pauses or float(np.median(rises)) < self.pumping:
            return []
        evidence = {"rise_db": round(float(np.median(rises)), 1), "pauses": len(rises)}
        return [Event("gain-pumping", view.name, Segment(places[0].start, places[-1].end), "warning", evidence)]


def _p56(measured: ActiveLevel | Skipped, active: float) -> float:
    """Active level by P.56, which counts 0.2 s after every word; where noise moves it, what it would be without.

    Parameters
    ----------
    measured
        That of the whole channel.
    active
        Level of the frames of speech alone, dBov.
    """
    usual = active - _HANGOVER
    if isinstance(measured, ActiveLevel) and abs(measured.level - usual) <= _HANGOVER:
        return measured.level
    return usual


def _low(level: NDArray[np.float32]) -> float:
    """What three tenths of the levels stay below."""
    return float(np.sort(level)[int(0.3 * len(level))])


def _alone(view: PartyView, others: Sequence[PartyView]) -> NDArray[np.bool_]:
    """Frames in which a party speaks, and no other one does or did just before: what is heard is not an echo."""
    alone = view.speaking.copy()
    for other in others:
        words = tuple(Segment(word.start, word.end + _ECHO) for word in other.speech)
        alone &= ~mask(words, frames=len(alone), frame=FRAME)
    return alone


def _change(total: NDArray[np.float64], span: int) -> NDArray[np.float64]:
    """Level over `span` frames from each frame on, less that over the `span` before it, dB; 0 where there are fewer.

    Parameters
    ----------
    total
        Shape (frames + 1,): powers added up.
    """
    count = len(total) - 1
    mean = 10 * np.log10((total[span:] - total[:-span]) / span + 1e-13)
    change = np.zeros(count)
    change[span : count - span + 1] = mean[span:] - mean[:-span]
    return change
