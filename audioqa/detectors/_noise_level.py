"""The steady noise of a party, block by block, and whether the other party is heard in its pauses.

Noise is the lower part of what sounds between 250 and 3400 Hz while the party pauses. Streets and engines sound like
music to a network now and then; what tells music is a strongest line that stays where it was. The lines of mains hum,
told by the spectrum below 500 Hz (`audioqa.low_spectrum`), are taken out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audioqa.activity import mask, segments
from audioqa.frames import BAND_FRAME, FRAME, TONE_STEP, levels
from audioqa.low_spectrum import SPAN, STEP
from audioqa.party import NOTHING, PartyView, telephone_powers
from audioqa.perceptual.callmos_layout import KINDS

_TENTH = 0.105  # of the mean power of noise is what one window in ten stays below: -ln(0.9), chi-square of two
_PROMINENT = 6.0  # times the median of its surroundings: a line
_LINES = 0.3  # share of the power in lines below which noise has some by chance
_SAME_TONE = 8.0  # Hz
_TOGETHER = 30.0  # s in which echo is looked for
_COARSE = 0.04  # s from one level to the next there
_PER_FRAME = round(BAND_FRAME / FRAME)


@dataclass(frozen=True)
class Heard:
    """What is heard of a party besides its speech.

    Parameters
    ----------
    noise
        float32, shape (blocks,): steady noise in the telephone band, dBov.
    quietest
        float32, shape (blocks,): level of the quietest frames in the whole band, dBov; 100 where all is silence.
    comes_back
        bool, shape (blocks,): the other party is heard as well.
    pausing
        bool, shape (frames,): neither speech nor music.
    """

    noise: NDArray[np.float32]
    quietest: NDArray[np.float32]
    comes_back: NDArray[np.bool_]
    pausing: NDArray[np.bool_]


@dataclass(frozen=True)
class NoiseLevel:
    """Measures the steady noise of a party.

    Parameters
    ----------
    block
        Seconds looked at together.
    least_rest
        Seconds of pauses that a block needs; one with less has its neighbours' noise.
    quiet, spread
        Share of the pausing frames that the steady noise hardly ever goes below: speech that comes back from the other
        party leaves as many; and dB above that up to which it reaches.
    floor
        Share of all frames of a block of which the quietest is no quieter than its noise.
    music, tone
        Seconds of what is heard as music (docs/severities.md: two) and as tones from which on it is that, and no noise.
    like_music
        Share of 20 ms in which the strongest line of music stays where it was; streets, rain and engines reach .18
        (measured on tuning material: docs/detectors/noise.md).
    comes_back, latest
        Correlation of levels with those of the other party up to `latest` seconds before, over half a minute, from
        which echo or crosstalk is heard.
    """

    block: float = 5.0
    least_rest: float = 0.3
    quiet: float = 0.2
    spread: float = 12.0
    floor: float = 0.05
    music: float = 2.0
    tone: float = 0.3
    like_music: float = 0.2
    comes_back: float = 0.5
    latest: float = 0.6

    def __call__(self, view: PartyView, others: Sequence[PartyView]) -> Heard | None:
        """Noise and echo of each block; those without a pause have their neighbours' noise."""
        width = round(self.block / BAND_FRAME)
        count = len(view.channel.frames.bands)
        pausing = np.zeros(count, dtype=bool)
        whole = len(view.levels) // _PER_FRAME
        free = view.pausing & ~self._signalling(view)
        pausing[:whole] = free[: whole * _PER_FRAME].reshape(-1, _PER_FRAME).all(axis=1)
        chosen = np.flatnonzero(pausing)
        place = chosen // width
        blocks = -(-len(view.levels) // (width * _PER_FRAME))  # half a band frame may be left over
        edges = np.searchsorted(place, np.arange(blocks + 1))
        counts = np.diff(edges)
        known = np.flatnonzero(counts >= round(self.least_rest / BAND_FRAME))
        if len(known) == 0:
            return None
        low, high = telephone_powers(view.channel.frames.bands, chosen)
        power = np.full((blocks, width), np.inf, dtype=np.float32)
        power[place, np.arange(len(chosen)) - edges[place]] = low * (1 - self._hum(view, blocks))[place] + high
        power = power[known]
        power.sort(axis=1)
        least = np.take_along_axis(power, (self.quiet * counts[known, None]).astype(int), axis=1)
        steady = power < least * 10 ** (self.spread / 10)
        mean = np.where(steady, power, 0).sum(axis=1) / np.maximum(1, steady.sum(axis=1))
        back = self._comes_back(view, others, blocks)
        # Of an echo the gaps between its words are left: there noise is known by its quietest frames only.
        found = 10 * np.log10(np.where(back[known], least[:, 0], mean) + 1e-13)
        filled = np.interp(np.arange(blocks), known, found)
        quietest = self._quietest(view, blocks)
        return Heard(np.minimum(filled, quietest + 3).astype(np.float32), quietest, back, free)

    def _signalling(self, view: PartyView) -> NDArray[np.bool_]:
        """Where tones and music last: a slammed door is taken for music for a moment, a street for minutes."""
        channel = view.channel
        kinds = np.repeat(channel.kinds, max(1, round(channel.speech_frame / BAND_FRAME)))[: len(channel.frames.bands)]
        width = round(self.block / BAND_FRAME)
        music = np.zeros(-(-len(channel.frames.bands) // width) * width, dtype=bool)
        music[: len(kinds)] = kinds == KINDS.index("music")
        steady = np.zeros(len(music), dtype=bool)
        peak = channel.frames.tones[:, 0].astype(np.int32)
        steady[1 : len(peak)] = np.abs(peak[1:] - peak[:-1]) * TONE_STEP < _SAME_TONE
        in_blocks, of_them = music.reshape(-1, width), (music & steady).reshape(-1, width)
        tonal = of_them.sum(axis=1) > self.like_music * in_blocks.sum(axis=1)
        music &= np.repeat(tonal, width)
        tone = np.isin(kinds, [KINDS.index("tone"), KINDS.index("dtmf")])
        found = segments(music[: len(peak)], frame=BAND_FRAME, shortest=self.music, pause=0.3)
        found += segments(tone, frame=BAND_FRAME, shortest=self.tone)
        return mask(found, frames=len(view.levels), frame=FRAME)

    def _comes_back(self, view: PartyView, others: Sequence[PartyView], blocks: int) -> NDArray[np.bool_]:
        """Blocks of those half minutes in which the pauses of one party sound as the other one speaks."""
        back = np.zeros(blocks, dtype=bool)
        width = round(_TOGETHER / _COARSE)
        skip = round(_COARSE / FRAME)
        groups = -(-len(view.levels) // (width * skip))
        count = len(view.levels) // skip
        here, pausing = np.zeros((groups, width), np.float32), np.zeros((groups, width), np.float32)
        here.reshape(-1)[:count] = np.maximum(view.levels[: count * skip : skip], NOTHING)
        pausing.reshape(-1)[:count] = view.pausing[: count * skip : skip]
        here -= ((here * pausing).sum(axis=1) / np.maximum(1, pausing.sum(axis=1)))[:, None]
        here *= pausing
        size = np.square(here).sum(axis=1)
        for other in others:
            there = np.zeros(groups * width, np.float32)
            there[:count] = np.maximum(other.levels[: count * skip : skip], NOTHING)[:count]
            for late in range(round(self.latest / _COARSE)):
                earlier = np.roll(there, late).reshape(groups, width) * pausing
                total, squares = earlier.sum(axis=1), np.square(earlier).sum(axis=1)
                spread = squares - np.square(total) / np.maximum(1, pausing.sum(axis=1))
                alike = (here * earlier).sum(axis=1) / np.sqrt(np.maximum(size * spread, 1e-3))
                told = np.repeat(alike > self.comes_back, round(_TOGETHER / self.block))
                back |= told[:blocks]
        return back

    def _hum(self, view: PartyView, blocks: int) -> NDArray[np.float32]:
        """Share of the power up to 1250 Hz that stands in lines, in each block, told by the spectrum below 500 Hz."""
        rows = 10 ** (levels(view.channel.low_spectra[:, 250 // STEP :]) / 10)
        if len(rows) == 0:
            return np.zeros(blocks, np.float32)
        around = np.median(rows, axis=1, keepdims=True)
        lines = np.where(rows > _PROMINENT * around, rows, 0).sum(axis=1)
        share = lines / (lines + rows.shape[1] * around[:, 0] / _TENTH + 1e-13)
        share = np.where(share > _LINES, share, 0)
        row = np.minimum((np.arange(blocks) * self.block / SPAN).astype(int), len(rows) - 1)
        return np.asarray(share[row], np.float32)

    def _quietest(self, view: PartyView, blocks: int) -> NDArray[np.float32]:
        """Level in the whole band that the quietest frames of each block reach, speech or not."""
        width = round(self.block / FRAME)
        level = np.full(blocks * width, 100, dtype=np.float32)
        level[: len(view.levels)] = np.where(view.levels > NOTHING, view.levels, 100)
        quiet = np.partition(level.reshape(blocks, width), round(self.floor * width), axis=1)
        return quiet[:, round(self.floor * width)]
