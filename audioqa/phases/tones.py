"""Signalling tones from the spectral peaks of the pass: keys (DTMF), ringback, busy, information tones, beeps.

Every 20 ms has its two strongest spectral peaks and the share of the power that stands on them (`audioqa.frames`). A
signalling tone has nearly all of it on one or two peaks that do not move; a voice moves, and has more than two
harmonics. The network of the pass hears tones too (`ChannelMeasurements.kinds`): both must agree. Pitches and cadences
are those of ITU-T Q.23 and Q.24 (keys) and E.180 with its supplement 2 (the others).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from audioqa.frames import BAND_FRAME, TONE_STEP
from audioqa.measure import ChannelMeasurements
from audioqa.perceptual.callmos_layout import KINDS as SOUNDS
from audioqa.types import Segment

ROWS, COLUMNS = (697.0, 770.0, 852.0, 941.0), (1209.0, 1336.0, 1477.0, 1633.0)
KEYS = ("123A", "456B", "789C", "*0#D")

INFORMATION = ((900.0, 1030.0), (1350.0, 1460.0), (1740.0, 1850.0))
"""Hz: ranges of the three rising tones of the special information tone: E.180 has 950, 1400 and 1800 Hz, each within
50 Hz; North America 914 or 985, 1371 or 1429, and 1777 Hz."""

LOW = (340.0, 640.0)
"""Hz: where the power of ringback and busy lies: 400 to 450 Hz (E.180), North America 440 + 480 and 480 + 620."""

TONE, DTMF, MUSIC, SPEECH = (SOUNDS.index(name) for name in ("tone", "dtmf", "music", "speech"))

_ALL = 255


@dataclass(frozen=True)
class Tone:
    """One signalling tone, or several that follow each other in its cadence.

    Parameters
    ----------
    kind
        ``dtmf``, ``ringback``, ``busy``, ``information-tone``, ``beep``, or ``tone`` for a steady one of no name.
    segment
        From its first to its last sound.
    keys
        The keys, of ``dtmf`` only.
    hertz
        Where its power lies, of all others.
    bursts
        How many there are.
    """

    kind: str
    segment: Segment
    keys: str = ""
    hertz: float = 0.0
    bursts: int = 1


@dataclass(frozen=True)
class _Burst:
    segment: Segment
    hertz: float
    steady: bool  # of one pitch, not of two that beat


@dataclass(frozen=True)
class _Frames:
    """Tonal band frames: where, their two peaks in Hz and their weights, and whether the network hears tones there."""

    places: NDArray[np.int64]
    hertz: NDArray[np.float32]
    weight: NDArray[np.float32]
    heard: NDArray[np.bool_]

    def of(self, chosen: NDArray[np.bool_]) -> _Frames:
        return _Frames(self.places[chosen], self.hertz[chosen], self.weight[chosen], self.heard[chosen])

    def segment(self, first: int, stop: int) -> Segment:
        return Segment(float(self.places[first] * BAND_FRAME), float((self.places[stop - 1] + 1) * BAND_FRAME))


@dataclass(frozen=True)
class Tones:
    """Finds signalling tones on one channel.

    Parameters
    ----------
    least
        dBov of the quietest tone; receivers of keys must take -25 dBm (Q.24), and -45 is what a quiet line leaves.
    pure
        Share of the power on the two peaks from which a frame is tonal (measured: low-rate codecs leave .85 of a tone).
    purest
        The same where the network hears background: a tone that stands for long becomes that to it.
    key_tolerance
        Share by which a pitch of a key may differ: 1.8 % must be accepted (Q.24), and a codec moves a peak.
    key_twist
        Least share of the power on the weaker pitch of a key: a twist of 8 dB must be accepted (Q.24).
    key_shortest, shortest
        Seconds of a key (40 ms must be accepted, Q.24) and of any other tone (recorder beeps are 0.17 s and more).
    key_steady, steady
        Share by which a tone's pitch may move from frame to frame (measured through G.729).
    beating, beating_pure
        The same share for two low tones that beat, and the share of the power on the peaks that they must keep: of 400
        and 450 Hz, 50 Hz apart, a window of 32 ms shows now the one, now the other, now their mean.
    lowest
        Hz of the lowest tone: dial tones begin at 350 Hz (E.180), and high voices end there.
    beating_shortest
        Seconds of a burst of two tones that beat (Britain's ringback has 0.4 s).
    heard
        Share of a tone's frames in which the network must hear tones too (measured: .76 and more through codecs; what
        is as pure in speech it takes for speech).
    long
        Seconds from which a tone that does not move is one even where the network hears music.
    late
        Band frames by which the network may be off where a tone begins and ends.
    between_keys
        Seconds: keys closer than this are one phase.
    cadence
        Seconds: the longest pause in a cadence is 5 s (E.180, supplement 2).
    """

    least: float = -50.0
    pure: float = 0.8
    purest: float = 0.95
    key_tolerance: float = 0.025
    key_twist: float = 0.08
    key_shortest: float = 0.04
    shortest: float = 0.16
    key_steady: float = 0.01
    steady: float = 0.015
    beating: float = 0.12
    beating_pure: float = 0.92
    lowest: float = 340.0
    beating_shortest: float = 0.3
    heard: float = 0.4
    long: float = 3.0
    late: int = 2
    between_keys: float = 3.0
    cadence: float = 5.3

    def __call__(self, channel: ChannelMeasurements) -> tuple[Tone, ...]:
        """Every tone, in order of start; none where the network was not asked what is heard."""
        shares, sounds = channel.frames.tone_shares, _sounds(channel)
        if not len(sounds):
            return ()
        purest = (shares[:, 0].astype(np.uint16) + shares[:, 1] >= round(self.purest * _ALL)) & (sounds != SPEECH)
        near = np.flatnonzero(_widened(np.isin(sounds, (TONE, DTMF, MUSIC)), self.late) | purest)
        total = shares[near].sum(axis=1, dtype=np.int32)
        levels = channel.levels[: len(shares) * 2].reshape(-1, 2)[near].max(axis=1)
        places = near[(total >= round(self.pure * _ALL)) & (levels > self.least)]
        frames = _Frames(
            places,
            channel.frames.tones[places] * np.float32(TONE_STEP),
            shares[places] / np.float32(_ALL),
            np.isin(sounds[places], (TONE, DTMF)),
        )
        keys = self._keys(frames)
        tones = [*self._pressed(frames, keys), *self._named(frames.of(keys < 0))]
        return tuple(sorted(tones, key=lambda tone: tone.segment))

    def _keys(self, frames: _Frames) -> NDArray[np.int64]:
        """Index of the key that each frame may be, -1 for none."""
        row, row_off = _nearest(frames.hertz.min(axis=1), ROWS)
        column, column_off = _nearest(frames.hertz.max(axis=1), COLUMNS)
        both = frames.weight.min(axis=1) >= self.key_twist
        is_key = both & (row_off <= self.key_tolerance) & (column_off <= self.key_tolerance)
        return np.where(is_key, 4 * row + column, -1)

    def _pressed(self, frames: _Frames, keys: NDArray[np.int64]) -> list[Tone]:
        pressed = frames.of(keys >= 0)
        key = keys[keys >= 0]
        pair = np.sort(pressed.hertz, axis=1)
        moved = np.abs(np.diff(pair, axis=0)) > self.key_steady * pair[1:]
        new = (np.diff(pressed.places) > 2) | (np.diff(key) != 0) | moved.any(axis=1)
        tones: list[Tone] = []
        for first, stop in _runs(new, len(key), 2):
            segment = pressed.segment(first, stop)
            if segment.duration < self.key_shortest - 1e-6 or np.mean(pressed.heard[first:stop]) < self.heard:
                continue
            name = KEYS[key[first] // 4][key[first] % 4]
            before = tones[-1] if tones else None
            if before and segment.start - before.segment.end < self.between_keys:
                same = before.keys[-1] == name and segment.start - before.segment.end < 0.03
                keyed = before.keys if same else before.keys + name
                tones[-1] = Tone("dtmf", Segment(before.segment.start, segment.end), keyed, bursts=len(keyed))
            else:
                tones.append(Tone("dtmf", segment, name))
        return tones

    def _named(self, frames: _Frames) -> list[Tone]:
        # Of two tones equally strong, now the one is first and now the other: where the power lies does not change.
        whole = frames.weight.sum(axis=1)
        centre = (frames.hertz * frames.weight).sum(axis=1) / whole
        beats = (whole >= self.beating_pure) & (centre >= LOW[0]) & (centre <= LOW[1])
        step = np.abs(np.diff(centre)) / np.maximum(centre[1:], 1)
        still = step <= self.steady
        new = (np.diff(frames.places) > 2) | ~(still | (beats[1:] & beats[:-1] & (step <= self.beating)))
        bursts: list[_Burst] = []
        for first, stop in _runs(new, len(centre), 3):
            held = stop - first >= round(self.long / BAND_FRAME)  # as no note is
            if not held and np.mean(frames.heard[first:stop]) < self.heard:
                continue
            segment, hertz = frames.segment(first, stop), float(np.median(centre[first:stop]))
            burst = _Burst(segment, hertz, bool(np.mean(still[first : stop - 1]) >= 0.8))
            before = bursts[-1] if bursts else None
            if before and segment.start - before.segment.end < 0.09 and abs(hertz / before.hertz - 1) <= 0.03:
                longer = Segment(before.segment.start, segment.end)
                bursts[-1] = _Burst(longer, before.hertz, before.steady and burst.steady)
            else:
                bursts.append(burst)
        lasting = [burst for burst in bursts if self._lasts(burst)]
        named = [_tone(group) for group in self._groups(lasting)]
        return [tone for tone in named if tone is not None]

    def _lasts(self, burst: _Burst) -> bool:
        least = self.shortest if burst.steady else self.beating_shortest
        return burst.hertz >= self.lowest and burst.segment.duration >= least - 1e-6

    def _groups(self, bursts: Sequence[_Burst]) -> list[list[_Burst]]:
        """Bursts that follow each other in one cadence."""
        groups: list[list[_Burst]] = []
        for burst in bursts:
            if groups and self._same_line(groups[-1], burst):
                groups[-1].append(burst)
            else:
                groups.append([burst])
        return groups

    def _same_line(self, group: Sequence[_Burst], burst: _Burst) -> bool:
        pause = burst.segment.start - group[-1].segment.end
        rising = _information([*group, burst])
        if rising and pause < 0.2:
            return True
        alike = abs(burst.hertz / group[-1].hertz - 1) <= (0.08 if burst.hertz <= LOW[1] else 0.04)
        return alike and pause < self.cadence and not _information(group[-3:], whole=True)


def _sounds(channel: ChannelMeasurements) -> NDArray[np.uint8]:
    """What the network hears in each band frame; nothing where it was not asked."""
    if not len(channel.kinds):
        return np.zeros(0, np.uint8)
    count = len(channel.frames.tones)
    if abs(channel.speech_frame - BAND_FRAME) < 1e-9 and len(channel.kinds) >= count:
        return channel.kinds[:count]
    rows = (np.arange(count) * BAND_FRAME / channel.speech_frame).astype(np.int64)
    return channel.kinds[np.minimum(rows, len(channel.kinds) - 1)]


def _widened(heard: NDArray[np.bool_], frames: int) -> NDArray[np.bool_]:
    """True up to `frames` before and after what is True."""
    wide = heard.copy()
    for shift in range(1, frames + 1):
        wide[shift:] |= heard[:-shift]
        wide[:-shift] |= heard[shift:]
    return wide


def _runs(new: NDArray[np.bool_], count: int, least: int) -> list[tuple[int, int]]:
    """First and stop of runs of `least` frames and more; `new` tells of all but the first frame whether one begins."""
    edges = np.concatenate([[0], np.flatnonzero(new) + 1, [count]])
    lasting = np.flatnonzero(np.diff(edges) >= least)
    return list(zip(edges[lasting].tolist(), edges[lasting + 1].tolist(), strict=True))


def _nearest(values: NDArray[np.float32], pitches: Sequence[float]) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    off = np.abs(values[:, None] / np.array(pitches, np.float32) - 1)
    return off.argmin(axis=1), off.min(axis=1)


def _information(bursts: Sequence[_Burst], *, whole: bool = False) -> bool:
    """Whether bursts are the beginning of a special information tone, or the `whole` of one."""
    if len(bursts) > 3 or (whole and len(bursts) < 3):
        return False
    return len(bursts) > 1 and all(low <= b.hertz <= high for b, (low, high) in zip(bursts, INFORMATION, strict=False))


def _tone(group: Sequence[_Burst]) -> Tone | None:
    whole = Segment(group[0].segment.start, group[-1].segment.end)
    hertz = float(np.median([burst.hertz for burst in group]))
    lengths = [burst.segment.duration for burst in group]
    pauses = [b.segment.start - a.segment.end for a, b in pairwise(group)]
    if _information(group, whole=True):
        return Tone("information-tone", whole, hertz=hertz, bursts=len(group))
    low = LOW[0] <= hertz <= LOW[1]
    twice = len(group) == 2 and max(pauses) <= 0.3 and 0.3 <= min(lengths) <= max(lengths) <= 0.5  # Britain's
    kind = "beep" if max(lengths) < 3.0 else "tone"
    if low and len(group) > 2 and max(lengths) <= 0.8 and max(pauses) <= 0.8:
        kind = "busy"
    elif low and (twice or (0.3 <= max(lengths) < 3.0 and (max(lengths) >= 0.8 or max(pauses, default=0.0) >= 1.5))):
        kind = "ringback"
    if kind in ("beep", "tone") and not any(burst.steady for burst in group):
        return None
    return Tone(kind, whole, hertz=hertz, bursts=len(group))
