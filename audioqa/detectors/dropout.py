"""Dropouts: sound that goes away for 10 to 500 ms in the middle of speech, as lost packets leave it.

Kind of event: ``dropout``. Longer ones are a ``silence-gap``, another detector's.

A loss shows in one of three ways.

- A constant run (zeros, or A-law's silence of 8) that begins and ends in mid-sound. A pause that a noise gate or
  discontinuous transmission fills with zeros begins where the sound has decayed.
- An exact repeat of what came shortly before: a packet played twice, or a pitch period that conceals the loss
  (ITU-T G.711 Appendix I).
- A hole in the level, abrupt at one edge or both, such as comfort noise leaves, or a loss that a codec has smoothed
  since. Natural stops look much the same: a small network, fitted by ``audioqa.lab.fit_dropout`` on holes put into real
  speech and on that speech itself, decides from 126 figures of each (``_dropout_shape``).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from audioqa.detectors._dropout_levels import ChannelLevels, fill_of
from audioqa.detectors._dropout_model import log_odds
from audioqa.detectors._dropout_shape import Holes, describe, find_holes
from audioqa.detectors._dropout_weights import DIGEST
from audioqa.frames import FRAME, SUBFRAME
from audioqa.measure import ChannelMeasurements, Measurements
from audioqa.types import Detection, Event, Segment, Severity

KIND = "dropout"

_PIECE = 60_000  # frames looked at together, so that memory does not grow with the call
_CERTAIN = 1000.0  # odds of what is exact to the sample
_LONGEST_PITCH = 0.016  # s
_FADED = 0.065  # s from the onset of a concealment to zeros: 60 ms in ITU-T G.711 Appendix I, and the grid
_MARGIN = 100  # frames of context on either side of a piece: the longest hole and its surroundings


@dataclass(frozen=True)
class _Loss:
    """A loss before it becomes an event; times in seconds, `odds` the natural logarithm of the odds."""

    start: float
    end: float
    fill: str
    odds: float
    doubtful: bool = False  # counts only in the company of others


@dataclass(frozen=True)
class Dropouts:
    """Finds dropouts.

    Parameters
    ----------
    shortest, longest
        Seconds: 10 ms is the shortest packet in use (RFC 3551); what is longer than 0.5 s is heard as silence.
    least_odds
        Natural logarithm of the odds, by the network, from which a hole is reported. The fit prints 0.3 false
        events per hour of clean tuning speech for about these odds, all telephone codecs together.
    brief_odds, brief, short_odds, short
        The same for holes shorter than `brief` and `short` seconds, among which are most natural stops: the tapped r of
        Spanish is closed for 10 to 20 ms.
    long_odds, long
        The same for a hole longer than `long` seconds, among which are pauses between words.
    company, company_within, company_odds
        Losses rarely come alone: where this many sure ones lie within so many seconds on the same channel, holes from
        these odds on count too (even odds by the network are then far from even). Not for holes shorter than `brief`.
    mid_sound
        dB under the channel's speech level that sound may have where a constant run begins and ends: zeros that
        follow a decay are a gate's or a pause's.
    over_floor
        dB over the channel's noise floor that it must have there.
    loud_repeat
        dB under the channel's speech level that a repeat may have at its loudest: who lengthens a pause copies
        room tone.
    around_repeat
        dB under the sound of a repeat that the sound on either side may have.
    speech_near
        Seconds around a loss within which speech must be likely, where activity was measured: tones have gaps too.
    speech_probability
        How likely, 0 to 1; under the usual 0.5 because the loss itself makes the network doubt.
    warning, severe
        Seconds from which one dropout is a warning, severe: 60 ms is where G.711 Appendix I gives up concealing,
        200 ms the length of a syllable.
    model
        Digest of the network's coefficients.
    """

    shortest: float = 0.010
    longest: float = 0.500
    least_odds: float = 3.6
    brief_odds: float = 12.0
    brief: float = 0.0165
    short_odds: float = 6.0
    short: float = 0.045
    long_odds: float = 5.0
    long: float = 0.250
    company: int = 3
    company_within: float = 15.0
    company_odds: float = 1.0
    mid_sound: float = 20.0
    over_floor: float = 6.0
    loud_repeat: float = 12.0
    around_repeat: float = 25.0
    speech_near: float = 0.3
    speech_probability: float = 0.3
    warning: float = 0.060
    severe: float = 0.200
    model: str = DIGEST

    def __call__(self, measurements: Measurements) -> Detection:
        """Return every dropout, in order of channel and start."""
        events: list[Event] = []
        for channel in measurements.channels:
            levels = ChannelLevels.of(channel)
            if levels is None:
                continue
            rate = measurements.sample_rate
            losses = (
                self._constant(channel, levels, rate)
                + self._repeated(channel, levels, rate)
                + self._holes(channel, levels)
            )
            events.extend(self._event(channel, levels, loss) for loss in _joined(self._credible(losses)))
        return Detection(events=tuple(events))

    def _constant(self, channel: ChannelMeasurements, levels: ChannelLevels, rate: int) -> list[_Loss]:
        """Constant runs that begin and end in mid-sound."""
        runs = channel.constant_runs
        start, end = runs.start / rate, (runs.start + runs.length) / rate
        fits = self._fits(end - start) & (start >= 2 * FRAME) & (end <= len(levels.level) * SUBFRAME - 2 * FRAME)
        start, end = start[fits], end[fits]
        first = np.floor(start / SUBFRAME + 1e-6).astype(np.int64)
        last = np.ceil(end / SUBFRAME - 1e-6).astype(np.int64)
        level = levels.level.astype(np.int16)
        # 7.5 ms hold a pitch pulse; the subframe in which a run begins or ends is partly sound.
        before = np.max([level[first - k] for k in range(4)], axis=0)
        after = np.max([level[last + k - 1] for k in range(4)], axis=0)
        around = np.minimum(before, after)
        loud = (around >= levels.speech - 2 * self.mid_sound) & (around >= levels.floor + 2 * self.over_floor)
        return [
            _Loss(float(a), float(b), "zero" if abs(value) <= 8 else "constant", _CERTAIN)
            for a, b, value in zip(start[loud], end[loud], runs.value[fits][loud], strict=True)
            if self._speech(channel, float(a), float(b))
        ]

    def _repeated(self, channel: ChannelMeasurements, levels: ChannelLevels, rate: int) -> list[_Loss]:
        """Exact repeats in speech, those of a tone left out."""
        repeats = channel.repeats
        found: list[tuple[float, float, float]] = []
        for start, length, lag in sorted(zip(repeats.start, repeats.length, repeats.lag, strict=True)):
            begin, end, back = float(start / rate), float((start + length) / rate), float(lag / rate)
            if found and begin < found[-1][1]:
                found[-1] = (found[-1][0], max(found[-1][1], end), min(found[-1][2], back))
            else:
                found.append((begin, end, back))
        losses = []
        for begin, end, back in found:
            if end - begin > self.longest or not self._speech(channel, begin, end):
                continue
            # A tone is as long as its repetition and one period more; a loss lies amid sound that goes on.
            inside, before, after = (
                levels.greatest(a, b)
                for a, b in ((begin, end), (begin - back - 0.04, begin - back - 0.0025), (end + 0.0025, end + 0.04))
            )
            amid = min(before, after) >= inside - 2 * self.around_repeat
            if amid and inside >= levels.speech - 2 * self.loud_repeat:
                # A packet is repeated for its whole length, a pitch period for the first 10 ms of a concealment.
                fill = "fade" if end - begin < 1.5 * FRAME and back < _LONGEST_PITCH else "repeat"
                if fill == "fade":
                    end = max(end, self._faded(channel, begin, rate))
                losses.append(_Loss(begin, end, fill, _CERTAIN))
        return losses

    def _faded(self, channel: ChannelMeasurements, begin: float, rate: int) -> float:
        """End of the zeros that a concealment which began at `begin` has faded to, 0 where there are none."""
        start, length = channel.constant_runs.start / rate, channel.constant_runs.length / rate
        first = int(np.searchsorted(start, begin))
        reached = first < len(start) and start[first] <= begin + _FADED and length[first] <= self.longest
        return float(start[first] + length[first]) if reached else 0.0

    def _holes(self, channel: ChannelMeasurements, levels: ChannelLevels) -> list[_Loss]:
        """Holes in the level that the network takes for losses."""
        losses: list[_Loss] = []
        frames = len(channel.frames)
        for piece in range(0, frames, _PIECE):
            low, high = max(0, piece - _MARGIN), min(frames, piece + _PIECE + _MARGIN)
            low -= low % 2  # a band frame is two frames
            level = levels.level[4 * low : 4 * high]
            holes = find_holes(level, speech=levels.speech)
            own = (holes.start >= 4 * (piece - low)) & (holes.start < 4 * (piece - low + _PIECE))
            holes = Holes(holes.start[own], holes.end[own])
            bands = channel.frames.bands[low // 2 : high // 2]
            if len(bands) == 0 or len(holes) == 0:
                continue
            odds = log_odds(describe(level, bands, holes, speech=levels.speech, floor=levels.floor))
            length = (holes.end - holes.start) * SUBFRAME
            classes = [length < self.brief, length < self.short, length > self.long]
            least = np.select(classes, [self.brief_odds, self.short_odds, self.long_odds], self.least_odds)
            likely = (odds >= self.company_odds) & (length >= self.brief)
            for index in np.flatnonzero((odds >= least) | likely):
                start, end = int(holes.start[index]), int(holes.end[index])
                begin, stop = (4 * low + start) * SUBFRAME, (4 * low + end) * SUBFRAME
                if stop - begin < self.longest + 2 * SUBFRAME and self._speech(channel, begin, stop):
                    fill = fill_of(level[start:end], levels.floor)
                    losses.append(_Loss(begin, stop, fill, float(odds[index]), bool(odds[index] < least[index])))
        return losses

    def _credible(self, losses: list[_Loss]) -> list[_Loss]:
        """The sure losses, and the doubtful ones that have enough sure ones around them."""
        sure = np.array(sorted(loss.start for loss in losses if not loss.doubtful))
        kept: list[_Loss] = []
        for loss in losses:
            first, last = np.searchsorted(sure, [loss.start - self.company_within, loss.start + self.company_within])
            if not loss.doubtful or last - first >= self.company:
                kept.append(loss)
        return kept

    def _fits(self, length: NDArray[np.float64]) -> NDArray[np.bool_]:
        return (length >= self.shortest - SUBFRAME) & (length <= self.longest + SUBFRAME)

    def _speech(self, channel: ChannelMeasurements, start: float, end: float) -> bool:
        if len(channel.speech) == 0:
            return True
        low = max(0, int((start - self.speech_near) / channel.speech_frame))
        near = channel.speech[low : int((end + self.speech_near) / channel.speech_frame) + 1]
        return len(near) > 0 and float(near.max()) >= self.speech_probability

    def _event(self, channel: ChannelMeasurements, levels: ChannelLevels, loss: _Loss) -> Event:
        length = loss.end - loss.start
        first, last = int(loss.start / SUBFRAME), max(int(loss.end / SUBFRAME), int(loss.start / SUBFRAME) + 1)
        inside = float(levels.level[first:last].mean())
        sound = levels.level[max(0, first - 4) : first + 1], levels.level[last - 1 : last + 4]
        around = min(float(side.max()) for side in sound)
        severity: Severity = "severe" if length >= self.severe else "warning" if length >= self.warning else "notice"
        return Event(
            kind=KIND,
            channel=channel.name,
            segment=Segment(loss.start, loss.end),
            severity=severity,
            evidence={
                "fill": loss.fill,
                "length_ms": round(1000 * length, 1),
                "packet_ms": _packet(length),
                "depth_db": round((around - inside) / 2, 1),
                "probability": round(1 / (1 + float(np.exp(-loss.odds))), 6),
            },
        )


def _packet(length: float) -> int:
    """Packet length in ms of which `length` seconds is nearly a multiple: 20 first, for it is the usual one."""
    for packet in (20, 30, 10):
        multiple = round(1000 * length / packet)
        if multiple >= 1 and abs(1000 * length - multiple * packet) <= 1000 * SUBFRAME:
            return packet
    return 0


def _joined(losses: list[_Loss]) -> list[_Loss]:
    """Losses in order, those that overlap or belong together made one."""
    joined: list[_Loss] = []
    for loss in sorted(losses, key=lambda item: (item.start, -item.odds)):
        last = joined[-1] if joined else None
        # Concealment repeats a pitch period for 10 ms and then fades: the rest is a hole too.
        fading = last is not None and last.fill == "fade" and last.odds == _CERTAIN
        if last is None or loss.start > last.end + (_FADED - FRAME if fading else 0.0):
            joined.append(loss)
        elif fading:
            joined[-1] = replace(last, end=max(last.end, loss.end))
        elif loss.odds > last.odds:
            joined[-1] = loss
    return joined
