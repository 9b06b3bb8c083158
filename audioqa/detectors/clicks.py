"""Clicks and crackle: single samples, or a few, that jump out of the sound, again and again.

Kind of event: ``clicks``, one for each stretch of clicks that follow each other.

A click bends the waveform far more than anything around it: the greatest second difference of its frame stands far
above those of the frames near it, and above the mean of its own. The pulses of a creaky voice follow each other within
40 ms; fricatives and the breath after a plosive last longer than a frame or two; and where a plosive does stand alone,
words do not bring one every few seconds for long. The edge of a hole of digital silence bends the waveform too, and is
no click.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audioqa.activity import segments
from audioqa.frames import FRAME, levels
from audioqa.measure import Measurements
from audioqa.party import NOTHING, PartyView, party_views
from audioqa.types import Detection, Event, Segment, Severity

KINDS = ("clicks",)


@dataclass(frozen=True)
class Clicks:
    """Finds clicks.

    Parameters
    ----------
    stands_out
        dB of the greatest bend over those two frames before and after it, and over that of the quieter one of its
        neighbours, for a click on a seam is in both. Measured on the tuning speakers: from 20 dB on no voice has five
        in a row, and three quarters of the clicks put into speech and pauses are left.
    crest
        dB of the greatest bend over the mean bend of its frame: a single sample reaches 17 dB at 8 kHz, the
        burst of a plosive or a click that a codec smeared less. Measured on the tuning speakers: from 13 dB on
        recall through AMR falls below .9.
    under_speech
        dB under the party's active speech level that the greatest bend may have; a quieter click is not heard beside
        it (measured: lower-rate codecs leave so much of one 5 dB above the speech).
    least
        dBov of the greatest bend where nobody speaks: 10 dB under the nominal speech level, too.
    pause
        Seconds: clicks that follow each other within it are told of together.
    count, per_second
        Clicks needed in a stretch, and their least density: one is an accident. At 0.5 a second PESQ falls by 0.3
        (docs/severities.md); half of that is the line, because some are masked.
    warning
        Clicks a second from which a stretch is a warning (judgement: twice the severity at which listeners object).
    """

    stands_out: float = 21.0
    crest: float = 12.0
    under_speech: float = 10.0
    least: float = -36.0
    pause: float = 6.0
    count: int = 5
    per_second: float = 0.25
    warning: float = 1.0

    def __call__(self, measurements: Measurements) -> Detection:
        """Stretches of clicks, by channel and start."""
        return Detection(tuple(event for view in party_views(measurements) for event in self._of(view)))

    def _of(self, view: PartyView) -> list[Event]:
        clicks = self._clicks(view)
        events: list[Event] = []
        for stretch in segments(clicks, frame=FRAME, pause=self.pause):
            first, stop = round(stretch.start / FRAME), round(stretch.end / FRAME)
            count = int(np.count_nonzero(clicks[first:stop]))
            rate = count / max(stretch.duration, 1.0)
            if count < self.count or rate < self.per_second:
                continue
            bends = view.channel.frames.bends[first:stop, 0][clicks[first:stop]]
            evidence = {
                "clicks": count,
                "per_second": round(rate, 2),
                "loudest_dbov": round(float(levels(bends).max()), 1),
            }
            severity: Severity = "warning" if rate >= self.warning else "notice"
            events.append(Event("clicks", view.name, Segment(stretch.start, stretch.end), severity, evidence))
        return events

    def _clicks(self, view: PartyView) -> NDArray[np.bool_]:
        """Frames that hold a click, bool, shape (frames,)."""
        greatest, mean = levels(view.channel.frames.bends).T
        if len(greatest) == 0:
            return np.zeros(0, dtype=bool)
        least = self.least if view.active_level is None else view.active_level - self.under_speech
        before, previous, following, after = _neighbours(greatest)
        around = np.maximum(np.maximum(before, after), np.minimum(previous, following))
        found = (greatest >= least) & (greatest - around >= self.stands_out) & (greatest - mean >= self.crest)
        return np.asarray(found & ~_holed(view.levels))


def _neighbours(values: NDArray[Any]) -> list[NDArray[Any]]:
    """The values two frames before, one before, one after and two after; the ends repeat."""
    padded = np.pad(values, 2, mode="edge")
    return [padded[shift : shift + len(values)] for shift in (0, 1, 3, 4)]


def _holed(level: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Frames beside digital silence that has sound on its other side, or beside its beginning or end: its edges."""
    silent = level <= NOTHING
    before, previous, following, after = _neighbours(silent)
    one_sided = (before | previous) != (following | after)
    return np.asarray(one_sided)
