"""Silence: gaps in a party's turn, dead air, leading and trailing silence, digital silence.

Kinds of event:

``dead-air``
    Nobody speaks, on any channel, between the first and the last speech of the call. Reported from 2 s, a warning
    from 5 s (Google's contact-centre insights), severe from 10 s (Observe.ai).
``silence-gap``
    One party's sound goes away within its turn. Either the path was cut: the level falls below the party's own noise
    floor or to digital silence from 0.4 s on, or loud sound stops and begins again within 20 ms (what is shorter is a
    dropout). Or there is a pause of 1.5 s and more that ends before it would be dead air; not where parties share a
    channel, for there it may be a change of turn.
``leading-silence``, ``trailing-silence``
    Nobody speaks yet, or any more, for 2 s and longer.
``digital-silence``
    A channel carries no signal at all, not even noise, for 10 s and more or for as long as the recording lasts.

Silence starts where the sound has decayed to the channel's floor, not where a word ends. A channel whose pauses are
digital silence by habit (a noise gate, discontinuous transmission) is not cut when it pauses: there, only a gap that
begins or ends in mid-sound counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from audioqa.activity import mask, segments
from audioqa.frames import FRAME
from audioqa.measure import ChannelMeasurements, Measurements
from audioqa.party import NOTHING, PartyView, without_signal
from audioqa.types import ActiveLevel, Detection, Event, Evidence, Segment, Severity, Skipped

_T = TypeVar("_T", bound=np.generic)

KINDS = ("dead-air", "silence-gap", "leading-silence", "trailing-silence", "digital-silence")


@dataclass(frozen=True)
class Silence:
    """Finds silence of every kind.

    Parameters
    ----------
    dead_air, dead_air_warning, dead_air_severe
        Seconds from which silence of all parties is reported, a warning, severe (in use: Genesys 3 s, Google 5 s,
        Observe.ai 10 s).
    ringing
        Seconds by which a decoder that rings on may shorten dead air of exactly that length.
    edge_warning
        Seconds from which leading or trailing silence is a warning.
    cut_gap, coded_gap
        Seconds: shortest gap of a path that was cut, and the same where a codec came after the cut: decoders ring on
        for up to 0.2 s (measured on GSM full rate), so that less is left of it. What is shorter is a dropout.
    lull
        Seconds: a stretch below the floor that is neither digital silence nor cut at an end is a lull in the noise
        unless it is longer (measured on clean speech through G.729: up to 0.6 s).
    pause_gap
        Seconds: shortest pause inside a turn that is reported though nothing was cut; a pause that is cut at both ends
        is reported from `cut_gap` up to here. Clean read speech holds some 30 pauses of 1.0 to 1.5 s an hour and hardly
        a longer one (speechocean762).
    turn
        Seconds within which the party must speak before and after a gap for it to lie inside a turn.
    below_floor
        dB under the party's own noise floor at which the path is taken to be cut.
    zeros
        dBov that one sample of one step in 10 ms exceeds: on a line whose own noise is next to nothing only exact zeros
        are a cut. G.729 and Opus play such noise at -79 dBov and drop to -93 dBov for 0.4 s between two words.
    abrupt
        dB by which sound falls within 20 ms, or rises, where a gap with the noise floor in it was cut at both ends. At
        25 dB six pauses in 4.3 hours of clean speech through codecs look so, at 30 dB none of those six.
    mid_sound
        dB under the active speech level above which sound that stops at a gap's edge was cut in the middle.
    digital
        Seconds from which a channel without any signal is reported.
    """

    dead_air: float = 2.0
    dead_air_warning: float = 5.0
    dead_air_severe: float = 10.0
    ringing: float = 0.1
    edge_warning: float = 10.0
    cut_gap: float = 0.4
    coded_gap: float = 0.3
    lull: float = 0.7
    pause_gap: float = 1.5
    turn: float = 2.0
    below_floor: float = 8.0
    zeros: float = -100.0
    abrupt: float = 30.0
    mid_sound: float = 20.0
    digital: float = 10.0

    def __call__(self, measurements: Measurements) -> Detection:
        """Every silence of the call, by channel and start; `Skipped` where speech activity was not measured."""
        duration = measurements.duration
        events = [event for channel in measurements.channels for event in self._digital(channel, duration)]
        if any(len(channel.speech) == 0 and len(channel.frames) for channel in measurements.channels):
            reason = "speech activity was not measured"
            return Detection(tuple(events), tuple(Skipped(kind, None, reason) for kind in KINDS[:4]))
        views = [self._view(party) for party in measurements.parties]
        events += self._nobody(views, duration)
        for number, view in enumerate(views):
            others = [other.speaking for i, other in enumerate(views) if i != number]
            other = np.logical_or.reduce(others) if others else np.zeros_like(view.speaking)
            events += self._gaps(view, other, separable=len(views) > 1)
        return Detection(tuple(sorted(events, key=lambda event: (event.channel or "", event.segment))))

    def _digital(self, channel: ChannelMeasurements, duration: float) -> list[Event]:
        silent = np.logical_and.reduce([subframe < _stored(NOTHING) for subframe in channel.frames.power.T])
        whole = bool(len(silent)) and bool(silent.all())
        found = segments(silent, frame=FRAME, shortest=self.digital, pause=0.05, end=duration)
        if whole:
            found = (Segment(0.0, duration),)
        return [
            Event(
                "digital-silence",
                channel.name,
                segment,
                "severe" if whole else "warning",
                {"seconds": round(segment.duration, 3), "whole_recording": whole},
            )
            for segment in found
        ]

    def _nobody(self, views: list[_View], duration: float) -> list[Event]:
        spoken = sorted(segment for view in views for segment in view.speech)
        if not spoken:
            return []
        events: list[Event] = []
        reached = 0.0
        for segment in [*spoken, Segment(duration, duration)]:
            gap = Segment(reached, segment.start)
            kind = "leading-silence" if reached == 0.0 else "dead-air"
            if segment.start == duration:
                kind = "trailing-silence"
            if gap.duration >= self.dead_air - 0.3:
                gap = _settled(views, gap)
            if gap.duration >= self.dead_air - self.ringing:
                events.append(self._silence(kind, gap, views))
            reached = max(reached, segment.end)
        return events

    def _silence(self, kind: str, gap: Segment, views: list[_View]) -> Event:
        first, stop = round(gap.start / FRAME), round(gap.end / FRAME)
        loudest = max(float(np.median(view.levels[first:stop])) for view in views)
        quiet_line = max(view.floor + 10.0 for view in views)
        if loudest < NOTHING:
            sound = "digital silence"
        elif loudest > max(quiet_line, -50.0):
            sound = "sound that is not speech"
        else:
            sound = "noise floor"
        severity: Severity = "notice"
        if sound == "sound that is not speech":
            pass  # ringing, music or a noisy line: nobody speaks, but the line is not dead
        elif kind == "dead-air":
            severity = _graded(gap.duration, self.dead_air_warning, self.dead_air_severe)
        elif gap.duration >= self.edge_warning:
            severity = "warning"
        evidence: Evidence = {"seconds": round(gap.duration, 2), "level_dbov": round(loudest, 1), "sound": sound}
        return Event(kind, None, gap, severity, evidence)

    def _gaps(self, view: _View, other: NDArray[np.bool_], *, separable: bool) -> list[Event]:
        """Stretches below the floor first, then the pauses that they do not explain."""
        if not view.speech or view.active_level is None:
            return []
        events: list[Event] = []
        if view.floor > NOTHING + self.below_floor:
            below = view.dead | (view.levels < max(NOTHING, view.floor - self.below_floor))
        else:  # the line itself is next to nothing: only samples that are all zero are less
            below = view.levels < self.zeros
        gated = self._is_gated(view, below)
        for segment in segments(below, frame=FRAME, shortest=self.coded_gap, pause=0.03):
            exact = float(np.mean(_span(view.levels, segment) < NOTHING)) > 0.9
            if segment.duration < (self.cut_gap if exact else self.coded_gap):
                continue
            cut_start, cut_end = self._cut_edges(view, segment)
            in_turn = self._in_turn(view, segment)
            listening = self._share(other, segment) > 0.3
            # A decoder's answer to zeros needs one cut end, for it rings at the other; a dip of the noise needs two.
            idle = exact or float(np.mean(_span(view.dead, segment))) > 0.8
            cut = (cut_start or cut_end) if idle else (cut_start and cut_end)
            if not exact and not cut and segment.duration < self.lull:
                continue
            # A gated line opens in mid-sound when its party, having listened, begins to speak.
            broken = cut_start or (cut_end and not listening)
            if in_turn and (broken or not (gated or listening)):
                inside = _span(view.levels, segment)
                events.append(
                    Event(
                        "silence-gap",
                        view.name,
                        segment,
                        "severe" if segment.duration >= self.dead_air else "warning",
                        {
                            "seconds": round(segment.duration, 2),
                            "fill": "digital silence" if exact else "below the noise floor",
                            "cut_in_mid_sound": "both ends" if cut_start and cut_end else _edge(cut_start, cut_end),
                            "floor_dbov": round(view.floor, 1),
                            "level_dbov": round(float(np.median(inside)), 1),
                        },
                    )
                )
        cuts = [event.segment for event in events]
        for before, after in zip(view.speech[:-1], view.speech[1:], strict=True):
            pause = Segment(before.end, after.start)
            if pause.duration < self.cut_gap - 0.3 or any(pause.overlap(cut) for cut in cuts):
                continue
            pause = _settled([view], pause)
            both = self.cut_gap <= pause.duration < self.pause_gap and self._cut_out(view, pause)
            # From the dead-air limit on a pause is dead air, unless another party fills it: then it is listening.
            within = self.pause_gap <= pause.duration < self.dead_air - self.ringing
            long = separable and within and self._share(other, pause) < 0.1
            if both or long:
                evidence: Evidence = {
                    "seconds": round(pause.duration, 2),
                    "fill": "noise floor",
                    "cut_in_mid_sound": "both ends" if both else "neither",
                    "level_dbov": round(float(np.median(_span(view.levels, pause))), 1),
                }
                events.append(Event("silence-gap", view.name, pause, "warning" if both else "notice", evidence))
        return events

    def _view(self, party: PartyView) -> _View:
        channel, levels = party.channel, party.levels
        near = tuple(Segment(max(0.0, s.start - 0.2), s.end + 0.2) for s in party.speech)
        dead = without_signal(channel)
        resting = levels[~mask(near, frames=len(levels), frame=FRAME) & ~dead]
        audible = levels[~dead]
        if len(resting) >= 50:
            floor = float(np.percentile(resting, 25))
        else:  # hardly a pause: the quietest moments between syllables
            floor = float(np.percentile(audible, 3)) if len(audible) else NOTHING
        return _View(
            name=channel.name,
            levels=levels,
            dead=dead,
            speech=party.speech,
            speaking=party.speaking,
            floor=floor,
            active_level=channel.level.level if isinstance(channel.level, ActiveLevel) else None,
        )

    def _is_gated(self, view: _View, below: NDArray[np.bool_]) -> bool:
        """True where most pauses between words hold frames `below` the floor without being cut in mid-sound."""
        pauses = [Segment(a.end, b.start) for a, b in zip(view.speech[:-1], view.speech[1:], strict=True)]
        gated = 0
        counted = [pause for pause in pauses if pause.duration >= 0.2]
        for pause in counted:
            low = segments(_span(below, pause), frame=FRAME, shortest=0.1)
            if low:
                first = Segment(pause.start + low[0].start, pause.start + low[-1].end)
                gated += not any(self._cut_edges(view, first))
        return gated >= 2 and gated * 2 >= len(counted)

    def _cut_edges(self, view: _View, segment: Segment) -> tuple[bool, bool]:
        first, stop = round(segment.start / FRAME), round(segment.end / FRAME)
        loud = (view.active_level or 0.0) - self.mid_sound
        # Two frames: the one that the edge falls into is partly silent.
        before, after = view.levels[max(0, first - 2) : first], view.levels[stop : stop + 2]
        return bool(len(before) and before.max() > loud), bool(len(after) and after.max() > loud)

    def _cut_out(self, view: _View, segment: Segment) -> bool:
        """True where loud sound stops within 20 ms at the start of a gap and begins so at its end."""
        first, stop = round(segment.start / FRAME), round(segment.end / FRAME)
        before, after = view.levels[max(0, first - 2) : first], view.levels[stop : stop + 2]
        inside = view.levels[first:stop]
        if len(inside) < 4 or not len(before) or not len(after):
            return False
        loud = (view.active_level or 0.0) - self.mid_sound / 2
        fall, rise = float(before.max()), float(after.max())
        return min(fall, rise) > loud and min(fall - inside[1], rise - inside[-2]) > self.abrupt

    def _in_turn(self, view: _View, segment: Segment) -> bool:
        near_before = any(s.start < segment.start and s.end > segment.start - self.turn for s in view.speech)
        near_after = any(s.end > segment.end and s.start < segment.end + self.turn for s in view.speech)
        return near_before and near_after

    @staticmethod
    def _share(active: NDArray[np.bool_], segment: Segment) -> float:
        span = _span(active, segment)
        return float(np.mean(span)) if len(span) else 0.0


@dataclass(frozen=True)
class _View:
    """What the detector looks at in one channel."""

    name: str
    levels: NDArray[np.float32]  # dBov per frame
    dead: NDArray[np.bool_]  # per frame: no signal, or a decoder's answer to none
    speech: tuple[Segment, ...]
    speaking: NDArray[np.bool_]  # per frame
    floor: (
        float  # dBov: lower quartile of the frames that are neither speech nor nothing, so that music does not set it
    )
    active_level: float | None  # dBov


def _settled(views: list[_View], gap: Segment) -> Segment:
    """The part of a gap in which every channel has decayed to its floor; speech activity is late by up to 0.2 s."""
    first, stop = max(0, round(gap.start / FRAME) - 20), round(gap.end / FRAME) + 20
    frames = min(len(view.levels) for view in views)
    stop = min(stop, frames)
    quiet = np.ones(max(0, stop - first), dtype=bool)
    for view in views:
        line = max(view.floor + 8.0, (view.active_level if view.active_level is not None else 0.0) - 30.0)
        quiet &= view.levels[first:stop] < line
    runs = segments(quiet, frame=FRAME, pause=0.10)
    if not runs:
        return gap
    longest = max(runs, key=lambda run: run.duration)
    settled = Segment(first * FRAME + longest.start, first * FRAME + longest.end)
    # In steady noise or music no frame is quiet: then what speech activity says stands.
    return settled if settled.duration >= gap.duration * 0.7 else gap


def _span(values: NDArray[_T], segment: Segment) -> NDArray[_T]:
    return values[round(segment.start / FRAME) : round(segment.end / FRAME)]


def _edge(start: bool, end: bool) -> Literal["start", "end", "neither"]:
    return "start" if start else "end" if end else "neither"


def _graded(seconds: float, warning: float, severe: float) -> Severity:
    return "severe" if seconds >= severe else "warning" if seconds >= warning else "notice"


def _stored(level: float) -> int:
    """A level in dBov as the frame table stores it."""
    return round(2 * (level + 127.5))
