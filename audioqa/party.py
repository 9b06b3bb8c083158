"""What several detectors want to know of one party: its levels, when it speaks, its floor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from numpy.typing import NDArray

from audioqa.activity import mask, segments, speech_segments
from audioqa.frames import FRAME, levels
from audioqa.perceptual.callmos_layout import KINDS
from audioqa.types import Detection, Segment, Skipped

if TYPE_CHECKING:
    from audioqa.measure import ChannelMeasurements, Measurements

_T = TypeVar("_T", bound=np.generic)

NOTHING = -80.0
"""dBov: a quieter frame carries no signal; one step of 16 bits is -90 dBov, an idle line lies above -75 dBov."""

IDLE, IDLE_SIMILARITY = -60.0, 0.98
"""dBov, and correlation from 0 to 1: a frame below the one that repeats itself above the other after 10, 20 or 30 ms is
what an idle decoder makes of digital silence (GSM full rate settles at -66 dBov, correlation 1.00), not noise."""

TURN_PAUSE = 0.5
"""Seconds: shorter pauses lie within a turn (judgement)."""

_AROUND = 0.2  # s around speech that belong to it: breaths, reverberation, what the activity is late by

TELEPHONE_BANDS = slice(2, 13)
"""Of `audioqa.frames.BAND_EDGES`: 250 to 3400 Hz."""


_POWERS = (10 ** (levels(np.arange(256, dtype=np.uint8)) / 10)).astype(np.float32)
_HALVES = np.stack([np.arange(11) < 6, np.arange(11) >= 6], axis=1).astype(np.float32)  # bands below 1250 Hz, above


@dataclass(frozen=True)
class PartyView:
    """One party by frames of 10 ms.

    Parameters
    ----------
    channel
        Its measurements.
    levels
        float32, shape (frames,): dBov.
    speaking
        bool, shape (frames,): within speech.
    pausing, resting
        bool, shape (frames,): there is a signal, and it is neither speech nor within 0.2 s of it; and it is neither
        tones nor music besides.
    speech, turns
        Speech, and the same with pauses bridged that lie within a turn.
    active_level
        Level of the speech in dBov, over its frames within 15.9 dB of itself (P.56), which noise in the pauses does not
        move; None where nobody speaks.
    """

    channel: ChannelMeasurements
    levels: NDArray[np.float32]
    speaking: NDArray[np.bool_]
    pausing: NDArray[np.bool_]
    resting: NDArray[np.bool_]
    speech: tuple[Segment, ...]
    turns: tuple[Segment, ...]
    active_level: float | None

    @property
    def name(self) -> str:
        """Name of the channel."""
        return self.channel.name

    @property
    def seconds(self) -> float:
        """Seconds of speech."""
        return float(sum(segment.duration for segment in self.speech))


def party_views(measurements: Measurements) -> list[PartyView]:
    """Every party of a recording, in file order; the same views for all who ask (`Measurements.parties`)."""
    return list(measurements.parties)


def cannot_tell(measurements: Measurements, kinds: Sequence[str], *, both_legs: bool = False) -> Detection | None:
    """Why a detector of conversation can say nothing of a recording, or None where it can.

    Parameters
    ----------
    measurements
        The recording's.
    kinds
        What is then skipped.
    both_legs
        Whether each of two parties must have a channel of its own.
    """
    if both_legs and len(measurements.channels) != 2:
        reason = "the parties are not on two channels"
    elif any(len(channel.frames) and not len(channel.speech) for channel in measurements.channels):
        reason = "speech activity was not measured"
    else:
        return None
    return Detection((), tuple(Skipped(kind, None, reason) for kind in kinds))


def party_view(channel: ChannelMeasurements, duration: float) -> PartyView:
    """One party of a recording of `duration` seconds; without speech activity it does not speak."""
    level = channel.levels
    count = len(level)
    speech = speech_segments(channel.speech, frame=channel.speech_frame, end=duration) if len(channel.speech) else ()
    near = tuple(Segment(max(0.0, s.start - _AROUND), s.end + _AROUND) for s in speech)
    speaking = mask(speech, frames=count, frame=FRAME)
    pausing = ~mask(near, frames=count, frame=FRAME) & (level > NOTHING)
    resting = pausing.copy()
    if len(channel.kinds):
        signalling = np.isin(channel.kinds, [KINDS.index("tone"), KINDS.index("dtmf"), KINDS.index("music")])
        repeated = np.repeat(signalling, round(channel.speech_frame / FRAME))[:count]
        resting[: len(repeated)] &= ~repeated
    return PartyView(
        channel=channel,
        levels=level,
        speaking=speaking,
        pausing=pausing,
        resting=resting,
        speech=speech,
        turns=segments(speaking, frame=FRAME, pause=TURN_PAUSE, end=duration),
        active_level=_active_level(level[speaking]),
    )


def _active_level(spoken: NDArray[np.float32]) -> float | None:
    if len(spoken) == 0:
        return None
    power = 10 ** (spoken.astype(np.float64) / 10)
    level = float(10 * np.log10(power.mean() + 1e-13))
    for _ in range(4):
        level = float(10 * np.log10(power[power >= 10 ** ((level - 15.9) / 10)].mean() + 1e-13))
    return level if level > NOTHING else None


def without_signal(channel: ChannelMeasurements) -> NDArray[np.bool_]:
    """Frames of digital silence, or of a decoder's answer to it; bool, shape (frames,)."""
    alike = channel.frames.similarity >= round(255 * IDLE_SIMILARITY)
    return np.asarray((channel.levels <= NOTHING) | ((channel.levels < IDLE) & alike))


def telephone_powers(
    bands: NDArray[np.uint8], chosen: NDArray[np.intp]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Mean squares from 250 to 1250 Hz and from 1250 to 3400 Hz of the chosen band frames, float32, shape (n,) each."""
    low, high = (_POWERS.take(bands[chosen, TELEPHONE_BANDS]) @ _HALVES).T
    return low, high


def span(values: NDArray[_T], segment: Segment) -> NDArray[_T]:
    """The frames of a segment."""
    return values[max(0, round(segment.start / FRAME)) : round(segment.end / FRAME)]
