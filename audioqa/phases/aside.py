"""What a phase sets aside: speech that is no conversation, windows that must not be scored, events that it explains."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from audioqa.activity import SPEECH_ON, mask
from audioqa.measure import ChannelMeasurements, Measurements
from audioqa.perceptual.callmos_layout import SPEECH
from audioqa.phases.tones import MUSIC
from audioqa.types import Event, Phase, Segment

NO_SPEECH = ("ringback", "busy", "information-tone", "dtmf", "beep", "tone", "hold-music", "announcement")
"""Kinds whose sound comes from a machine: what is taken for speech in them is not a party's."""

_GONE = ("silence-gap", "digital-silence", "dropout")
_NOBODY = ("dead-air", "leading-silence", "trailing-silence")
_SOUND = ("clipping", "hum", "background-noise", "noise-burst", "clicks", "level-jump", "gain-pumping")
_VOICE = ("echo", "too-quiet", "too-loud", "muffled", "narrowband-content", "robotic", "concealed-loss")
_TURNS = ("double-talk", "interruption", "front-end-clipping", "delayed-start", "abrupt-end")

EXPLAINS: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("ringback", "busy", "information-tone", "dtmf", "beep", "tone"), _GONE + _NOBODY + _SOUND),
    **dict.fromkeys(("hold-music", "announcement"), _GONE + _NOBODY + _SOUND + _VOICE + _TURNS),
    "mute": _GONE,
    "pause-and-resume": (*_GONE, "dead-air"),
    "mutual-silence": _GONE,
}
"""Kind of phase, and the kinds of event that it explains where it covers them; mutual silence leaves dead air."""

COVERED = 0.5
"""Share of an event that phases must cover to explain it (judgement)."""


def conversation(measurements: Measurements, phases: Sequence[Phase]) -> Measurements:
    """The measurements with machines and music taken out of the speech, and windows that hold mostly these.

    Parameters
    ----------
    measurements
        The recording's.
    phases
        Its phases.
    """
    channels = []
    for channel in measurements.channels:
        own = [phase for phase in phases if phase.channel in (channel.name, None) and phase.kind in NO_SPEECH]
        channels.append(_without(channel, own) if own else channel)
    return replace(measurements, channels=tuple(channels))


def _without(channel: ChannelMeasurements, phases: Sequence[Phase]) -> ChannelMeasurements:
    speech, kinds = channel.speech, channel.kinds
    if not len(speech):
        return channel
    inside = mask(tuple(phase.segment for phase in phases), frames=len(speech), frame=channel.speech_frame)
    if len(kinds) == len(speech):
        kinds = np.where(inside & (kinds == SPEECH), np.uint8(MUSIC), kinds)
    spoken = speech >= SPEECH_ON
    told, outside = (np.concatenate([[0], np.cumsum(part)]) for part in (spoken, spoken & ~inside))
    kept = []
    for window in channel.windows:
        edges = [
            min(len(speech), round(time / channel.speech_frame)) for time in (window.segment.start, window.segment.end)
        ]
        if 2 * (outside[edges[1]] - outside[edges[0]]) >= told[edges[1]] - told[edges[0]]:
            kept.append(window)
    return replace(channel, speech=np.where(inside, np.float32(0), speech), kinds=kinds, windows=tuple(kept))


def outside_phases(events: Iterable[Event], phases: Sequence[Phase]) -> list[Event]:
    """Events that no phase explains.

    Parameters
    ----------
    events
        Of any kinds.
    phases
        A phase of one channel explains events of that channel and of the call; one of the call, those of any channel.
    """
    kept = []
    for event in events:
        able = [
            phase
            for phase in phases
            if event.kind in EXPLAINS.get(phase.kind, ())
            and (event.channel is None or phase.channel in (event.channel, None))
        ]
        if not able or covered(event.segment, able) < COVERED:
            kept.append(event)
    return kept


def covered(segment: Segment, phases: Sequence[Phase]) -> float:
    """Share of a segment that lies in phases, 0 to 1."""
    if segment.duration <= 0:
        return float(any(phase.segment.start <= segment.start < phase.segment.end for phase in phases))
    total, reached = 0.0, segment.start
    for start, end in sorted((phase.segment.start, phase.segment.end) for phase in phases):
        low, high = max(start, reached), min(end, segment.end)
        if high > low:
            total, reached = total + high - low, high
    return total / segment.duration
