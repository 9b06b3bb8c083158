"""Band: speech whose upper end is missing, in a telephone recording or in a file that has room for more.

Kinds of event: ``muffled`` (speech that ends well below the 3.4 kHz of a telephone line) and ``narrowband-content``
(a file of 16 kHz or more whose speech ends at 4 kHz or below).

Two things must be so, for a dark voice has little up there on the average, and a party may say no sibilant for a while:
the upper end is missing from the spectrum of all loud frames together, and it is missing even from the brightest of
these frames, which in every voice are fricatives. In a wideband file a steep edge near 4 kHz is asked for besides.
Where the spectrum falls steeply, its edge tells the bandwidth.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audioqa.frames import BAND_EDGES, levels
from audioqa.measure import LEVEL_CLASSES, Measurements
from audioqa.party import PartyView, cannot_tell, party_views
from audioqa.types import Detection, Event, Segment, Severity, Skipped

KINDS = ("muffled", "narrowband-content")

_BODY = slice(2, 11)  # of BAND_EDGES: 250 to 2350 Hz
_TOP = 12  # of BAND_EDGES: 2850 to 3400 Hz, the last band of a telephone line
_WIDE = 15  # of BAND_EDGES: 5300 to 8000 Hz
_BIN = 31.25  # Hz
_MOST = 20_000  # band frames looked at of one party: more do not move a percentile


@dataclass(frozen=True)
class Band:
    """Finds parties whose speech lacks the upper end of its band.

    Parameters
    ----------
    missing
        dB under the body of the speech, 250 to 2350 Hz, from which 2850 to 3400 Hz is missing on the average (measured
        on the tuning speakers through six codecs: it stays above -38 dB but for one muffled recording; low-passed at
        the severity of docs/severities.md it lies below -41 dB).
    dark
        dB under the whole of the same frame, from 250 Hz on, that the brightest of the loud frames have there
        (measured: low-passed speech lies below).
    bright
        Percentile of the loud frames that counts as the brightest.
    loud
        dB under the active speech level down to which a frame is loud (measured: of 16, 20, 25 and 30 the best
        one).
    room
        dB under the whole that the brightest frames may have from 5300 Hz on where the content is narrowband.
    steep, steep_over
        dB by which the spectrum must fall within so many Hz for an edge.
    edge
        Hz, where the edge of narrowband content lies: between a telephone line's 3.4 kHz and the 4 kHz of its sampling
        rate.
    faint
        dB under the body, at equal bandwidth, where a gentle slope counts as the end of the speech.
    least_speech
        Seconds of loud speech that are needed: some fricatives must be among them.
    severe
        Hz of bandwidth below which muffled speech is severe (judgement: the second formant of front vowels is lost).
    """

    missing: float = 39.0
    dark: float = 15.0
    bright: float = 97.0
    loud: float = 20.0
    room: float = 30.0
    steep: float = 12.0
    steep_over: float = 450.0
    edge: tuple[float, float] = (3200.0, 4150.0)
    faint: float = 25.0
    least_speech: float = 3.0
    severe: float = 1600.0

    def __call__(self, measurements: Measurements) -> Detection:
        """One event at most for each party; `Skipped` where it says too little to tell."""
        kinds = KINDS if measurements.sample_rate >= 16000 else KINDS[:1]
        cannot = cannot_tell(measurements, kinds)
        if cannot:
            return cannot
        events: list[Event] = []
        skipped: list[Skipped] = []
        for view in party_views(measurements):
            brightest = self._brightest(view)
            if brightest is None:
                skipped += [Skipped(kind, view.name, "too little speech to tell its band") for kind in kinds]
            else:
                events += self._of(view, brightest, wide=len(kinds) > 1)
        return Detection(tuple(events), tuple(skipped))

    def bandwidth(self, view: PartyView) -> float | Skipped:
        """Upper end of a party's speech in Hz, or why it is not known.

        Parameters
        ----------
        view
            The party.
        """
        if view.active_level is None or view.seconds < self.least_speech:
            return Skipped("bandwidth", view.name, "too little speech to tell its band")
        power = _loud_power(view)
        return self._end(power, _body(power))[0]

    def _brightest(self, view: PartyView) -> NDArray[np.float32] | None:
        """Of each band, its level in the brightest frames, dB over the whole frame; None if there are few."""
        count = min(len(view.channel.frames.bands), len(view.levels) // 2)
        if view.active_level is None:
            return None
        wanted = view.speaking[: 2 * count] & (view.levels[: 2 * count] > view.active_level - self.loud)
        chosen = np.flatnonzero(wanted.reshape(-1, 2).any(axis=1))
        if 0.02 * len(chosen) < self.least_speech:
            return None
        bands = view.channel.frames.bands[chosen[:: 1 + len(chosen) // _MOST]]
        squares = (10 ** (levels(np.arange(256, dtype=np.uint8)) / 10)).astype(np.float32)
        whole = 10 * np.log10(squares.take(bands[:, _BODY.start :]).sum(axis=1))
        return np.asarray(np.percentile(levels(bands) - whole[:, None], self.bright, axis=0), np.float32)

    def _of(self, view: PartyView, brightest: NDArray[np.float32], *, wide: bool) -> list[Event]:
        power = _loud_power(view)
        body = _body(power)
        top = _sum(power, BAND_EDGES[_TOP], BAND_EDGES[_TOP + 1]) - body
        bandwidth, fall = self._end(power, body)
        upper, drop = self._end(power, body, *self.edge) if wide else (0.0, 0.0)
        if top < -self.missing and brightest[_TOP] < -self.dark:
            kind, lost = "muffled", top
        elif drop >= self.steep and brightest[_WIDE] < -self.room:
            kind, lost = "narrowband-content", _sum(power, *BAND_EDGES[_WIDE : _WIDE + 2]) - body
            bandwidth, fall = upper, drop
        else:
            return []
        muffled: Severity = "severe" if bandwidth < self.severe else "warning"
        return [
            Event(
                kind,
                view.name,
                Segment(view.speech[0].start, view.speech[-1].end),
                muffled if kind == "muffled" else "notice",
                {"bandwidth_hz": round(bandwidth), "missing_db": round(-lost, 1), "fall_db": round(fall, 1)},
            )
        ]

    def _end(
        self, power: NDArray[np.float64], body: float, lowest: float = BAND_EDGES[7], highest: float = BAND_EDGES[-1]
    ) -> tuple[float, float]:
        """Upper end of the speech in Hz, and by how many dB the spectrum falls there within `steep_over`.

        A steep end is looked for from `lowest` to `highest`.
        """
        spectrum = 10 * np.log10(np.convolve(power, np.full(3, 1 / 3), "same") + 1e-13)
        low, reach = round(lowest / _BIN), round(self.steep_over / _BIN)
        high = min(round(highest / _BIN), len(spectrum) - reach - 2)
        falls = spectrum[low:high] - spectrum[low + reach : high + reach]
        at = low + int(falls.argmax())
        fall = float(falls[at - low])
        if fall >= self.steep:
            # Half way down, by the last place that is still above.
            half = (spectrum[at] + spectrum[at + reach]) / 2
            return (at + float(np.flatnonzero(spectrum[at : at + reach + 1] >= half)[-1])) * _BIN, fall
        density = body - 10 * np.log10((BAND_EDGES[_BODY.stop] - BAND_EDGES[_BODY.start]) / _BIN)
        return float(np.flatnonzero(spectrum >= density - self.faint)[-1]) * _BIN, fall


def _loud_power(view: PartyView) -> NDArray[np.float64]:
    """Power spectrum of a party's loud frames, `_BIN` Hz apart."""
    least = (view.active_level or 0.0) - 22  # the classes of 10 dB that lie within 20 dB of the active level, about
    loud = [index for index, low in enumerate(LEVEL_CLASSES) if low >= least] or [len(LEVEL_CLASSES) - 1]
    return np.asarray(view.channel.spectra[loud].sum(axis=0) / max(1, int(view.channel.spectra_frames[loud].sum())))


def _body(power: NDArray[np.float64]) -> float:
    return _sum(power, BAND_EDGES[_BODY.start], BAND_EDGES[_BODY.stop])


def _sum(power: NDArray[np.float64], low: float, high: float) -> float:
    """Level from `low` to `high`, Hz, in dB."""
    return float(10 * np.log10(power[round(low / _BIN) : round(high / _BIN)].sum() + 1e-13))
