"""How a call begins and ends, and how its utterances begin: in mid-word?

Kinds of event:

``abrupt-end``, ``delayed-start``
    The recording ends, or begins, in the middle of speech: a party was cut off, or its first word is missing.
``front-end-clipping``
    Utterances begin as no voice begins, from nothing to full speech within a few milliseconds, again and again: a voice
    activity detector opens late (temporal clipping; "clipping" alone is that of amplitude).

Such a detector sends nothing while closed, so the line is digitally silent right before, or carries what a decoder
makes of that. A voice begins with its consonants and with the rise of its first vowel, tens of milliseconds long; but
plosives come as suddenly, and some voices begin so, out of the noise of their room. So single onsets do not tell, their
share does. A gate cuts onsets too, but low: what follows the step is still quiet.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audioqa.frames import FRAME, SUBFRAME, levels
from audioqa.measure import Measurements
from audioqa.party import PartyView, cannot_tell, party_views, without_signal
from audioqa.types import Detection, Event, Segment, Skipped

KINDS = ("abrupt-end", "delayed-start", "front-end-clipping")

_SUBFRAMES = 4
_CLOSED = 6  # frames before an onset in one of which a closed line carries nothing
_BEFORE = 14  # frames looked at before an onset


@dataclass(frozen=True)
class Edges:
    """Finds cut edges of calls and of utterances.

    Parameters
    ----------
    loud
        dB under the active speech level above which sound at the edge of the recording is in mid-word. Measured:
        of recordings that end where the speech falls 20 dB below it, 11 % would count as cut; with 20 ms more, none.
    edge
        Seconds at the edge that must be as loud, and within speech.
    settles
        Seconds at the start that are not looked at: a decoder is not yet at its level.
    at_rest
        dB under the active speech level within which there is speech (P.56: 15.9 dB).
    pause
        Seconds of rest before an utterance: shorter ones are stops within words (the laboratory bridges as much).
    deep
        dB under the active speech level that the pause before an onset must have for the onset to be judged: noise
        hides how a voice begins.
    rise
        Seconds within which a cut onset goes from the pause to speech. Measured on the tuning speakers: two thirds of
        all onsets take longer; cut ones take 2.5 ms,
        and up to 7.5 ms through a lower-rate codec.
    full
        dB under the active speech level above which the first 10 ms of a cut onset are. Measured: the median is
        -10 dB where nothing is cut, -1 dB where 60 ms are.
    onsets
        Onsets needed to tell; with fewer it is `Skipped`.
    share, beyond_chance
        Share of them that must be cut, and how many more, for a few may be cut by chance. Measured: of uncut speech at
        most half, of cut speech four fifths.
    """

    loud: float = 12.0
    edge: float = 0.040
    settles: float = 0.010
    at_rest: float = 15.9
    pause: float = 0.160
    deep: float = 30.0
    rise: float = 0.0075
    full: float = 6.0
    onsets: int = 5
    share: float = 0.5
    beyond_chance: float = 1.0

    def __call__(self, measurements: Measurements) -> Detection:
        """Events by channel and start; `Skipped` where speech activity was not measured or too few onsets are heard."""
        if abstention := cannot_tell(measurements, KINDS):
            return abstention
        events: list[Event] = []
        skipped: list[Skipped] = []
        for view in party_views(measurements):
            if view.active_level is None or not view.speech:
                skipped += [Skipped(kind, view.name, "no speech, no words to be cut") for kind in KINDS]
                continue
            events += self._ends(view, view.active_level, measurements.duration)
            found = self._onsets(view, view.active_level)
            if isinstance(found, Skipped):
                skipped.append(found)
            elif found is not None:
                events.append(found)
        return Detection(tuple(events), tuple(skipped))

    def _ends(self, view: PartyView, active: float, duration: float) -> list[Event]:
        frames, skip = round(self.edge / FRAME), round(self.settles / FRAME)
        whole = view.levels[: int(duration / FRAME + 1e-6)]  # the last frame may be filled up with zeros
        if len(whole) < frames + skip:
            return []
        first, last = whole[skip : skip + frames], whole[-frames:]
        events: list[Event] = []
        if bool((first > active - self.loud).all()) and view.speaking[: skip + frames].any():
            place = Segment(0.0, self.settles + self.edge)
            events.append(_edge_event("delayed-start", view, place, first))
        if bool((last > active - self.loud).all()) and view.speaking[-frames:].any():
            place = Segment(duration - self.edge, duration)
            events.append(_edge_event("abrupt-end", view, place, last))
        return events

    def _onsets(self, view: PartyView, active: float) -> Event | Skipped | None:
        starts = self._starts(view, active)
        subframes = np.arange(-_BEFORE * _SUBFRAMES, 2 * _SUBFRAMES)
        level = levels(view.channel.frames.power.reshape(-1)[starts[:, None] * _SUBFRAMES + subframes]) - active
        onset = _BEFORE * _SUBFRAMES  # where frame 0 lies among the subframes; the rise is in it or before
        above = level[:, onset:] > -self.at_rest
        at = onset + above.argmax(axis=1)
        closed = without_signal(view.channel)[starts[:, None] - np.arange(1, _CLOSED + 1)].any(axis=1)
        begins = float(starts[0] * FRAME + (at[0] - onset) * SUBFRAME) if len(starts) else 0.0
        judged = above.any(axis=1) & (level[:, :onset].min(axis=1) < -self.deep)
        level, at = level[judged], at[judged]
        if len(at) < self.onsets:
            reason = f"{len(at)} utterances begin after a quiet pause; {self.onsets} are needed"
            return Skipped("front-end-clipping", view.name, reason)
        rows = np.arange(len(at))[:, None]
        steps = round(self.rise / SUBFRAME)
        sudden = (level[rows, at[:, None] - np.arange(1, steps + 1)] < -self.deep).any(axis=1)
        first = level[rows, np.minimum(at[:, None] + np.arange(_SUBFRAMES), level.shape[1] - 1)]
        loud = 10 * np.log10(np.mean(10 ** (first / 10), axis=1)) > -self.full
        cut = sudden & loud & closed[judged]
        if cut.sum() < self.share * len(cut) + self.beyond_chance:
            return None
        evidence = {"cut_onsets": int(cut.sum()), "onsets": len(cut), "share": round(float(cut.mean()), 2)}
        place = Segment(begins, max(begins, view.speech[-1].end))
        return Event("front-end-clipping", view.name, place, "warning", evidence)

    def _starts(self, view: PartyView, active: float) -> NDArray[np.int64]:
        """The first frames of utterances: within speech, and at rest before."""
        loud = view.levels > active - self.at_rest
        rest = round(self.pause / FRAME)
        count = np.concatenate([[0], np.cumsum(loud)])
        starts = np.flatnonzero(loud[rest:]) + rest
        starts = starts[count[starts] == count[starts - rest]]
        # Speech activity may begin a little late, and a cut onset delays it.
        spoken = np.concatenate([[0], np.cumsum(view.speaking)])
        end = np.minimum(starts + 30, len(loud))
        within = (spoken[end] > spoken[np.maximum(starts - 10, 0)]) & (starts + 2 <= len(loud))
        return np.asarray(starts[within])


def _edge_event(kind: str, view: PartyView, place: Segment, level: NDArray[np.float32]) -> Event:
    return Event(kind, view.name, place, "warning", {"level_dbov": round(float(level.mean()), 1)})
