"""Phases of a call: what was recorded and is no conversation. They are set aside from speech scores, and reported.

Kinds of phase:

``ringback``, ``busy``, ``information-tone``
    Signalling tones of the network, by pitch and cadence (ITU-T E.180).
``dtmf``
    Keys (ITU-T Q.23): how many were pressed. Which ones is told only where it was asked for: card numbers and PINs are
    entered so.
``beep``
    A single tone of up to 3 s: voicemail, a recorder. A longer one without a name is a ``tone``.
``hold-music``
    Music for 3 s and more.
``announcement``
    Speech that something beside it shows to be a machine's: keys pressed in answer, music, a beep, and nobody on the
    other leg has spoken yet. Any other machine speaks like a person, and nothing is said of it.
``mute``
    One leg digitally silent for 3 s and more between its own turns.
``pause-and-resume``
    Both legs fall to digital silence, or to one tone, and come back at the same instants: a payment.
``mutual-silence``
    Both legs digitally silent at once, without that.

It is what was recorded from a party, not what the other one heard.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from audioqa.activity import speech_segments
from audioqa.detectors.hum import Hum
from audioqa.frames import FRAME
from audioqa.low_spectrum import SPAN
from audioqa.measure import ChannelMeasurements, Measurements
from audioqa.phases.announcements import Announcements
from audioqa.phases.aside import EXPLAINS, conversation, outside_phases
from audioqa.phases.music import HoldMusic
from audioqa.phases.silences import Silences, goes_on
from audioqa.phases.tones import Tone, Tones
from audioqa.types import Evidence, Phase, Segment

KINDS = (
    "ringback",
    "busy",
    "information-tone",
    "dtmf",
    "beep",
    "tone",
    "hold-music",
    "announcement",
    "mute",
    "pause-and-resume",
    "mutual-silence",
)
"""Every kind of phase."""


@dataclass(frozen=True)
class PhaseFinder:
    """Finds the phases of a call.

    Parameters
    ----------
    tones, music, announcements, silences
        What finds each group of kinds, with its thresholds.
    hum
        What tells mains hum, which the network takes for music.
    over_hum
        dB over the lines of a hum from which more sounds than the hum: what lies above 500 Hz of it, and what codecs
        take off the lines, is less (docs/impairments.md: 10 dB).
    keep_keys
        Whether it is told which keys were pressed, not only how many.
    """

    tones: Tones = field(default_factory=Tones)
    music: HoldMusic = field(default_factory=HoldMusic)
    announcements: Announcements = field(default_factory=Announcements)
    silences: Silences = field(default_factory=Silences)
    hum: Hum = field(default_factory=Hum)
    over_hum: float = 10.0
    keep_keys: bool = False

    def __call__(self, measurements: Measurements) -> tuple[Phase, ...]:
        """Every phase, in order of start; none where speech activity was not measured."""
        if any(len(channel.frames) and not len(channel.speech) for channel in measurements.channels):
            return ()
        duration = measurements.duration
        said = [
            speech_segments(channel.speech, frame=channel.speech_frame, end=duration)
            for channel in measurements.channels
        ]
        heard = [self._heard(channel, duration) for channel in measurements.channels]
        spoken = [
            tuple(part for part in speech if _outside(part, [p.segment for p in own])) if own else speech
            for speech, own in zip(said, heard, strict=True)
        ]
        phases = [phase for own in heard for phase in own]
        if len(said) == 2:
            heard = [
                self._joined(own, other, channel)
                for own, other, channel in zip(heard, spoken[::-1], measurements.channels, strict=True)
            ]
            phases = _at_once([phase for own in heard for phase in own], spoken)
            for number, channel in enumerate(measurements.channels):
                phases += self._announced(channel.name, number, heard, spoken)
        phases += self.silences(measurements, spoken)
        place = {channel.name: number for number, channel in enumerate(measurements.channels)}
        return tuple(sorted(phases, key=lambda phase: (phase.segment, phase.kind, place.get(phase.channel or "", -1))))

    def _heard(self, channel: ChannelMeasurements, duration: float) -> list[Phase]:
        """Tones and music of one channel."""
        tones = self.tones(channel)
        hum = self._hums(channel)
        music = self.music.with_notes(self.music(channel, tones, end=duration, hum=hum), tones)
        phases = [Phase("hold-music", channel.name, part, _seconds(part)) for part in music]
        return phases + [self._phase(tone, channel.name) for tone in tones if _outside(tone.segment, music)]

    def _hums(self, channel: ChannelMeasurements) -> NDArray[np.bool_]:
        """Frames of the network in which nothing sounds but mains hum, bool, shape (frames,)."""
        count = len(channel.kinds)
        if not len(channel.low_spectra):
            return np.zeros(count, dtype=bool)
        lines = self.hum.standing(channel)
        place = np.arange(count) * channel.speech_frame
        row = np.minimum((place / SPAN).astype(np.int64), len(lines.hum) - 1)
        level = channel.levels[np.minimum((place / FRAME + 0.5).astype(np.int64), len(channel.levels) - 1)]
        return np.asarray(lines.hum[row] & (level < lines.level[row] + self.over_hum))

    def _phase(self, tone: Tone, channel: str) -> Phase:
        evidence: Evidence = {"hertz": round(tone.hertz), "bursts": tone.bursts}
        if tone.keys:
            evidence = {"pressed": len(tone.keys)} | ({"keys": tone.keys} if self.keep_keys else {})
        return Phase(tone.kind, channel, tone.segment, evidence)

    def _joined(self, own: list[Phase], other: tuple[Segment, ...], channel: ChannelMeasurements) -> list[Phase]:
        music = self.music.joined([phase.segment for phase in own if phase.kind == "hold-music"], other)
        phases = [Phase("hold-music", channel.name, part, _seconds(part)) for part in music]
        rest = [phase for phase in own if phase.kind != "hold-music"]
        return phases + [phase for phase in rest if _outside(phase.segment, music)]

    def _announced(
        self, name: str, number: int, heard: list[list[Phase]], spoken: list[tuple[Segment, ...]]
    ) -> list[Phase]:
        inside = [phase.segment for phase in heard[number]]
        speech = [part for part in spoken[number] if _outside(part, inside)]
        other = spoken[1 - number]
        return self.announcements(name, speech, other=other, own=heard[number], others=heard[1 - number])


def _at_once(phases: list[Phase], spoken: Sequence[tuple[Segment, ...]]) -> list[Phase]:
    """A long tone on both legs at the same instants, amid the talk, is a payment's, and one phase of the call."""
    steady = [phase for phase in phases if phase.kind in ("tone", "beep")]
    kept = list(phases)
    for number, one in enumerate(steady):
        for other in steady[number + 1 :]:
            apart = max(
                abs(one.segment.start - other.segment.start),
                abs(one.segment.end - other.segment.end),
            )
            alike = one.channel != other.channel and one.segment.duration >= 2.0 and apart <= 0.1
            if alike and goes_on(spoken, one.segment):
                kept = [phase for phase in kept if phase is not one and phase is not other]
                evidence = {**_seconds(one.segment), "fill": "tone", "hertz": one.evidence["hertz"]}
                kept.append(Phase("pause-and-resume", None, one.segment, evidence))
    return kept


def _seconds(part: Segment) -> Evidence:
    return {"seconds": round(part.duration, 1)}


def _outside(part: Segment, others: list[Segment] | tuple[Segment, ...]) -> bool:
    """Whether most of it lies in none of the others."""
    return sum(part.overlap(other) for other in others) <= part.duration / 2


__all__ = ["EXPLAINS", "KINDS", "PhaseFinder", "conversation", "outside_phases"]
