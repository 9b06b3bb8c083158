"""Hold music on one channel, from what the network of the pass hears (`ChannelMeasurements.kinds`).

The network names each 20 ms for itself. It takes some music for speech, a sung or blown line above all, and some steady
noise for music. So a stretch is music where it hears music again and again, and its strongest spectral peaks stay where
they are from frame to frame, as notes do and noise does not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audioqa.activity import mask, segments
from audioqa.frames import FrameTable
from audioqa.measure import ChannelMeasurements
from audioqa.perceptual.callmos_layout import KINDS as SOUNDS
from audioqa.phases.tones import DTMF, MUSIC, TONE, Tone
from audioqa.types import Segment

BACKGROUND = SOUNDS.index("background")
_TONAL = (MUSIC, TONE, DTMF)


@dataclass(frozen=True)
class HoldMusic:
    """Finds hold music on one channel.

    Parameters
    ----------
    shortest
        Seconds from which music is a phase (judgement: chimes and jingles are of 2 s, where docs/severities.md begins).
    share
        Share of what sounds in it that the network must take for music (measured: .2 and more in music made here
        through any codec).
    same
        Share by which a spectral peak may move between two frames and still be held.
    steady, surely
        Share of frames whose strongest peak is held, in all music; and from which no more doubt is (measured: music
        made here .54 and more through any codec, recorded music .26 and more but for one piece of 21; noise that the
        network takes for music .22 and less).
    brief, brief_share
        Seconds up to which music that leaves a doubt is brief, and the share that it must have (measured: .5 and less
        in noisy speech).
    company
        Share of the second around it that must be music for a frame to count: speech holds single frames of it.
    least
        Seconds that the network must take for music.
    pause
        Seconds without music that lie within it (measured: up to 4 s of a lead are taken for speech).
    returns
        Seconds of anything between two stretches of music while the other party says nothing: an announcement, or
        music that was taken for speech.
    touching
        Seconds between a tone and music from which the tone is none of its notes.
    tones
        Share of music in a tone's frames from which it is a note, not a signal.
    """

    shortest: float = 3.0
    share: float = 0.15
    same: float = 0.015
    steady: float = 0.25
    surely: float = 0.55
    brief: float = 10.0
    brief_share: float = 0.55
    company: float = 0.05
    least: float = 2.0
    pause: float = 5.0
    returns: float = 10.0
    touching: float = 0.3
    tones: float = 0.1

    def __call__(
        self, channel: ChannelMeasurements, tones: Sequence[Tone], *, end: float, hum: NDArray[np.bool_] | None = None
    ) -> tuple[Segment, ...]:
        """Stretches of music, before those near each other are joined (`joined`).

        Parameters
        ----------
        channel
            Its measurements.
        tones
            Signals on the channel: they are no music.
        end
            Length of the recording in seconds.
        hum
            bool, shape (frames,), one per `speech_frame`: frames in which nothing sounds but mains hum.
        """
        sounds, frame = channel.kinds, channel.speech_frame
        if hum is not None:
            sounds = np.where(hum, np.uint8(BACKGROUND), sounds)
        if not (sounds == MUSIC).any():
            return ()
        signals = tuple(tone.segment for tone in tones if not self.is_note(sounds, frame, tone))
        tonal = np.isin(sounds, _TONAL) & ~mask(signals, frames=len(sounds), frame=frame)
        tonal &= _around(tonal, round(0.5 / frame)) >= self.company
        music = np.concatenate([[0], np.cumsum((sounds == MUSIC) & tonal)])
        sounding = np.concatenate([[0], np.cumsum(sounds != BACKGROUND)])
        held = np.concatenate([[0], np.cumsum(_held(channel.frames, self.same, len(sounds)))])
        found = []
        for stretch in segments(tonal, frame=frame, pause=self.pause, shortest=self.shortest, end=end):
            first, stop = round(stretch.start / frame), min(round(stretch.end / frame), len(sounds))
            heard = int(music[stop] - music[first])
            share = heard / max(1, int(sounding[stop] - sounding[first]))
            steady = (held[stop] - held[first]) / (stop - first)
            brief = stretch.duration <= self.brief and steady < self.surely
            if (
                heard * frame >= self.least
                and share >= (self.brief_share if brief else self.share)
                and steady >= self.steady
            ):
                found.append(stretch)
        return tuple(found)

    def is_note(self, sounds: NDArray[np.uint8], frame: float, tone: Tone) -> bool:
        """Whether a tone belongs to music; a long one does not."""
        if tone.kind == "tone":
            return False
        inside = sounds[round(tone.segment.start / frame) : round(tone.segment.end / frame)]
        sounding = inside[inside != BACKGROUND]
        return bool(len(sounding)) and float(np.mean(sounding == MUSIC)) > self.tones

    def with_notes(self, found: Sequence[Segment], tones: Sequence[Tone]) -> tuple[Segment, ...]:
        """The same with nameless tones that touch them: the first and the last notes."""
        notes = [tone.segment for tone in tones if tone.kind == "beep"]
        longer: list[Segment] = []
        for stretch in found:
            start, end = stretch.start, stretch.end
            for note in notes:
                if note.start <= end + self.touching and note.end > end and note.start > start:
                    end = note.end
            for note in reversed(notes):
                if note.end >= start - self.touching and note.start < start and note.end < end:
                    start = note.start
            reached = longer[-1].end if longer else 0.0
            longer.append(Segment(max(start, reached), end))
        return tuple(longer)

    def joined(self, found: Sequence[Segment], other: Sequence[Segment]) -> tuple[Segment, ...]:
        """The same with what lies between two stretches of music, where the `other` party says nothing then."""
        joined: list[Segment] = []
        for stretch in found:
            if joined and stretch.start - joined[-1].end <= self.returns:
                between = Segment(joined[-1].end, stretch.start)
                if not any(between.overlap(segment) for segment in other):
                    joined[-1] = Segment(joined[-1].start, stretch.end)
                    continue
            joined.append(stretch)
        return tuple(joined)


def _held(frames: FrameTable, same: float, count: int) -> NDArray[np.bool_]:
    """Whether the strongest peak of each band frame stands where one of the two of the frame before did."""
    hertz = frames.tones[:count].astype(np.float32)
    held = np.zeros(count, dtype=bool)
    off = np.abs(hertz[1:, :1] - hertz[:-1]) <= same * hertz[1:, :1]
    held[1 : 1 + len(off)] = off[:, 0] | off[:, 1]
    return held


def _around(heard: NDArray[np.bool_], frames: int) -> NDArray[np.float64]:
    """Share of True within `frames` to either side."""
    total = np.concatenate([[0], np.cumsum(heard)])
    place = np.arange(len(heard))
    low, high = np.maximum(place - frames, 0), np.minimum(place + frames + 1, len(heard))
    share: NDArray[np.float64] = (total[high] - total[low]) / (high - low)
    return share
