"""Mains hum: the fundamental of 50 or 60 Hz and its harmonics, steady under the call.

Kind of event: ``hum``.

A telephone band cuts the fundamental off, so the harmonics are looked for (100, 150, 200 ... and 120, 180, 240 ...), in
the spectrum below 500 Hz of every ten seconds (`audioqa.low_spectrum`), which shows what is there between the words:
lines that stand above their surroundings. How much the hum matters is its level under the active speech of its party,
all lines together.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audioqa.activity import segments
from audioqa.frames import levels
from audioqa.low_spectrum import SPAN, STEP
from audioqa.measure import ChannelMeasurements, Measurements
from audioqa.party import party_views
from audioqa.types import Detection, Event, Segment, Severity, Skipped

KINDS = ("hum",)

MAINS = (50, 60)
"""Hz of the networks in use; they keep to 0.2 Hz (ENTSO-E, NERC)."""


@dataclass(frozen=True)
class Hum:
    """Finds mains hum in each party.

    Parameters
    ----------
    objection, warning, severe
        dB under the active speech level at which hum begins to be reported, is a warning, is severe. At 27 dB the
        E-model takes 0.3 MOS off clean G.711 (docs/severities.md), at 15 dB a whole point. Low-rate codecs take up to
        13 dB off a hum (`audioqa.lab.faults.line`), hence the distance to the objection.
    prominence
        dB by which a line must stand above the median of its surroundings.
    lines
        Prominent harmonics needed.
    share
        Share of the harmonics between the first and the last prominent one that must be prominent: a voice or a chord
        has some by chance.
    shortest
        Seconds of hum that are reported; a recording that is shorter is looked at as a whole.
    """

    objection: float = 40.0
    warning: float = 22.0
    severe: float = 15.0
    prominence: float = 10.0
    lines: int = 3
    share: float = 0.6
    shortest: float = 10.0

    def __call__(self, measurements: Measurements) -> Detection:
        """Hum by channel and start; `Skipped` where there is no speech to compare it with."""
        events: list[Event] = []
        skipped: list[Skipped] = []
        for view in party_views(measurements):
            if view.active_level is None:
                skipped.append(Skipped("hum", view.name, "no speech to compare hum with"))
            elif len(view.channel.low_spectra) == 0:
                skipped.append(Skipped("hum", view.name, "the recording is shorter than 1 s"))
            else:
                events += self._of(view.channel, view.active_level, measurements.duration)
        return Detection(tuple(events), tuple(skipped))

    def _of(self, channel: ChannelMeasurements, speech: float, duration: float) -> list[Event]:
        lines = self.standing(channel)
        ratio = speech - lines.level
        heard = lines.hum & (ratio < self.objection)
        events: list[Event] = []
        for stretch in segments(heard, frame=SPAN, shortest=min(self.shortest, duration), pause=SPAN + 1, end=duration):
            rows_in = slice(
                round(stretch.start / SPAN), max(round(stretch.start / SPAN) + 1, round(stretch.end / SPAN))
            )
            below = float(np.median(ratio[rows_in][heard[rows_in]]))
            events.append(
                Event(
                    "hum",
                    channel.name,
                    Segment(stretch.start, min(stretch.end, duration)),
                    self._severity(below),
                    {
                        "mains_hz": lines.mains,
                        "below_speech_db": round(below, 1),
                        "level_dbov": round(speech - below, 1),
                        "harmonics": int(np.median(lines.count[rows_in][heard[rows_in]])),
                    },
                )
            )
        return events

    def standing(self, channel: ChannelMeasurements) -> MainsLines:
        """Lines of that mains frequency which stands out in more rows of the channel's spectrum below 500 Hz."""
        rows = levels(channel.low_spectra)
        # Ten seconds may hold a tone by chance; what is hum stands in most of its neighbours too.
        return max((self._lines(rows, mains) for mains in MAINS), key=lambda lines: int(np.sum(lines.hum)))

    def _severity(self, below: float) -> Severity:
        return "severe" if below < self.severe else "warning" if below < self.warning else "notice"

    def _lines(self, rows: NDArray[np.float32], mains: int) -> MainsLines:
        places = np.arange(mains, 500 - mains // 2 + 1, mains) // STEP
        on = np.stack([rows[:, place - 1 : place + 2].max(axis=1) for place in places], axis=1)
        # Half way to the next harmonics nothing of them is left: a window of 0.25 s is 16 Hz wide.
        half = mains // 2 // STEP
        around = np.stack(
            [
                (rows[:, place - half - 1 : place - half + 2].mean(axis=1) + _after(rows, int(place) + half)) / 2
                for place in places
            ],
            axis=1,
        )
        prominent = on - around >= self.prominence
        first = np.argmax(prominent, axis=1)
        last = len(places) - 1 - np.argmax(prominent[:, ::-1], axis=1)
        count = prominent.sum(axis=1)
        # Of 60 Hz, 300 Hz is the fifth and of 50 Hz the sixth: the spacing must be right, not only the place.
        steady = (count >= self.lines) & (count >= self.share * (last - first + 1))
        power = np.where(prominent, 10 ** (on / 10), 0.0).sum(axis=1)
        return MainsLines(mains, steady, 10 * np.log10(power + 1e-13), count)


def _after(rows: NDArray[np.float32], place: int) -> NDArray[np.float32]:
    return np.asarray(rows[:, min(place - 1, rows.shape[1] - 3) : place + 2].mean(axis=1))


@dataclass(frozen=True)
class MainsLines:
    """What stands on the harmonics of one mains frequency, by rows of 10 s.

    Parameters
    ----------
    mains
        Hz: 50 or 60.
    hum
        bool, shape (rows,): whether it is hum.
    level
        float64, shape (rows,): dBov of all lines together.
    count
        int64, shape (rows,): lines that stand out.
    """

    mains: int
    hum: NDArray[np.bool_]
    level: NDArray[np.float64]
    count: NDArray[np.int64]
