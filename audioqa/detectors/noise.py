"""Background noise: steady noise under a party's speech, and bursts of it.

Kinds of event:

``background-noise``
    Stretches in which the noise of a party's side lies too close under its speech.
``noise-burst``
    Something is heard that is not speech, well above that noise: a door, a dog, a passing lorry.

The noise is what sounds where the party does not speak, between 250 and 3400 Hz; the speech is its active level (ITU-T
P.56). Digital silence, tones, music and the lines of mains hum are no noise. Where an echo of the other party comes
back steady noise is the lower part of what is heard, and a burst that follows the other party's words is none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from audioqa.activity import segments
from audioqa.detectors._noise_level import Heard, NoiseLevel
from audioqa.frames import BAND_FRAME, FRAME
from audioqa.measure import Measurements
from audioqa.party import NOTHING, PartyView, cannot_tell, party_views, span, telephone_powers
from audioqa.types import Detection, Event, Segment, Severity, Skipped

KINDS = ("background-noise", "noise-burst")

_DIPS = 6.0  # dB by which steady noise seldom dips for 30 ms
_QUIET_WEIGHT = 4
_TELLS = 3.0  # dB between noise and what was before it that show in single frames


@dataclass(frozen=True)
class BackgroundNoise:
    """Finds noise on each party's side.

    Parameters
    ----------
    objection, warning, severe
        dB from noise to active speech below which noise is reported, is a warning, is severe. At 32 dB the E-model
        takes 0.3 MOS off clean G.711 (docs/severities.md), at 20 dB 1.1, at 10 dB two.
    audible
        dBov below which noise is an idle line's or comfort noise, however quiet the speech.
    level
        How the steady noise is measured.
    shortest
        Seconds of noise that are reported; of noise that is a notice only, two blocks.
    step
        dB by which noise that rises within the call is told of apart.
    burst, loud_burst, burst_shortest
        dB over the steady noise and under the speech from which a burst counts, and seconds.
    filled
        Share of a burst in which it is as loud: two clicks a tenth of a second apart are no burst.
    apart
        Seconds between a burst and the party's own speech: breaths and reverberation are nearer.
    like_speech, like_tone
        Mean speech probability of a burst from which it may be a word; share of its power within two lines from which
        it is a tone.
    likeness
        Correlation of a burst's levels with those of the other party just before, from which a burst is that party's
        echo or crosstalk.
    least_speech
        Seconds of speech that the comparison needs.
    """

    objection: float = 35.0
    warning: float = 24.0
    severe: float = 12.0
    audible: float = -62.0
    level: NoiseLevel = field(default_factory=NoiseLevel)
    burst: float = 12.0
    shortest: float = 2.0
    step: float = 6.0
    loud_burst: float = 21.0
    burst_shortest: float = 0.12
    filled: float = 0.5
    apart: float = 0.3
    like_speech: float = 0.35
    like_tone: float = 0.85
    likeness: float = 0.85
    least_speech: float = 3.0

    def __call__(self, measurements: Measurements) -> Detection:
        """Noise by channel and start; `Skipped` where a party hardly speaks or never rests."""
        if abstains := cannot_tell(measurements, KINDS):
            return abstains
        events: list[Event] = []
        skipped: list[Skipped] = []
        views = party_views(measurements)
        for view in views:
            if view.active_level is None or view.seconds < self.least_speech:
                reason = f"{view.seconds:.1f} s of speech, {self.least_speech:g} s are needed"
                skipped += [Skipped(kind, view.name, reason) for kind in KINDS]
                continue
            others = [other for other in views if other is not view]
            heard = self.level(view, others)
            if heard is None:
                skipped += [Skipped(kind, view.name, "there is no pause in which to measure it") for kind in KINDS]
                continue
            speech = _clean_level(view.active_level, float(np.median(heard.noise)))
            events += self._steady(view, heard.noise, speech, measurements.duration)
            events += self._bursts(view, heard, speech, others)
        return Detection(tuple(events), tuple(skipped))

    def _steady(self, view: PartyView, noise: NDArray[np.float32], speech: float, duration: float) -> list[Event]:
        events: list[Event] = []
        noisy = (speech - noise < self.objection) & (noise > self.audible)
        for first, last in self._stretches(noise, noisy):
            level = 10 * float(np.log10(np.mean(10 ** (noise[first:last][noisy[first:last]] / 10))))
            exact = self._exactly(view, noise, (first, last), duration)
            if exact.duration < (self.shortest if speech - level < self.warning else 2 * self.level.block):
                continue
            evidence = {
                "snr_db": round(speech - level, 1),
                "noise_dbov": round(level, 1),
                "speech_dbov": round(speech, 1),
            }
            events.append(Event("background-noise", view.name, exact, self._severity(speech - level), evidence))
        return events

    def _stretches(self, noise: NDArray[np.float32], noisy: NDArray[np.bool_]) -> list[tuple[int, int]]:
        """Noisy blocks from first to last (exclusive), apart where the noise changes by a step."""
        found: list[tuple[int, int]] = []
        for stretch in segments(noisy, frame=1.0, pause=2.0):
            first, last = round(stretch.start), round(stretch.end)
            while last - first >= 4:
                inside = noise[first:last]
                total = np.cumsum(inside)
                before = np.arange(2, last - first - 1)
                change = np.abs((total[-1] - total[before - 1]) / (last - first - before) - total[before - 1] / before)
                if change.max() < self.step:
                    break
                cut = first + int(before[np.argmax(change)])
                found.append((first, cut))
                first = cut
            found.append((first, last))
        return found

    def _exactly(
        self, view: PartyView, noise: NDArray[np.float32], blocks: tuple[int, int], duration: float
    ) -> Segment:
        """Blocks `first` to `last`, their edges moved to where the noise begins and ends within the call."""
        first, last = blocks
        start, end = first * self.level.block, min(last * self.level.block, duration)
        found: float | None
        if first > 0:
            inside, before = noise[min(first + 1, last - 1)], noise[max(0, first - 2)]
            around = start - self.level.block, min(start + 2 * self.level.block, duration)
            found = _edge(view, around, float(inside), float(before), rising=True)
            start = start if found is None else found
        if last < len(noise):
            inside, after = noise[max(last - 2, first)], noise[min(last + 1, len(noise) - 1)]
            around = max(end - 2 * self.level.block, 0.0), end + self.level.block
            found = _edge(view, around, float(inside), float(after), rising=False)
            end = end if found is None else found
        return Segment(start, max(end, start + FRAME))

    def _bursts(self, view: PartyView, heard: Heard, speech: float, others: Sequence[PartyView]) -> list[Event]:
        known = np.pad(np.maximum(heard.noise, heard.quietest), 1, mode="edge")
        # Noise that begins or ends within a block is no burst of it.
        nearby = np.maximum(np.maximum(known[:-2], known[2:]), known[1:-1])
        steady = np.repeat(nearby, round(self.level.block / FRAME))[: len(view.levels)]
        least = max(speech - self.loud_burst, self.audible)
        line = np.maximum(steady + np.float32(self.burst), np.float32(least))
        back = np.repeat(heard.comes_back, round(self.level.block / FRAME))[: len(view.levels)]
        loud = heard.pausing & (view.levels > line) & ~back
        events: list[Event] = []
        for stretch in segments(loud, frame=FRAME, shortest=self.burst_shortest, pause=0.1):
            if float(np.mean(span(loud, stretch))) < self.filled:
                continue
            if self._is_own(view, stretch) or self._is_tone(view, stretch):
                continue
            if any(self._is_of(other, view, stretch) for other in others):
                continue
            level = _telephone_level(view, stretch)
            if level < max(heard.noise[int(stretch.start / self.level.block)] + self.burst, least):
                continue  # a rumble below the telephone band
            evidence = {"snr_db": round(speech - level, 1), "noise_dbov": round(level, 1)}
            events.append(Event("noise-burst", view.name, stretch, self._severity(speech - level), evidence))
        return events

    def _is_own(self, view: PartyView, stretch: Segment) -> bool:
        """Whether a burst may be a word or a breath of the party."""
        near = round(max(0.0, stretch.start - self.apart) / FRAME), round((stretch.end + self.apart) / FRAME)
        if view.speaking[near[0] : near[1]].any():
            return True
        frame = view.channel.speech_frame
        probability = view.channel.speech[int(stretch.start / frame) : int(stretch.end / frame) + 1]
        return bool(probability.mean() > self.like_speech)

    def _is_tone(self, view: PartyView, stretch: Segment) -> bool:
        frames = slice(int(stretch.start / BAND_FRAME), int(stretch.end / BAND_FRAME) + 1)
        shares = view.channel.frames.tone_shares[frames].sum(axis=1, dtype=float) / 255
        return bool(np.median(shares) > self.like_tone)

    def _is_of(self, other: PartyView, view: PartyView, stretch: Segment) -> bool:
        """Whether the levels of a burst follow the other party's words."""
        late = round(self.level.latest / FRAME)
        first = max(late, round((stretch.start - 0.3) / FRAME))
        last = min(len(view.levels), round((stretch.end + 0.3) / FRAME))
        if last - first < 20 or not other.speaking[first - late : last].any():
            return False
        return _likeness(view.levels[first:last], other.levels[first - late : last]) > self.likeness

    def _severity(self, snr: float) -> Severity:
        return "severe" if snr < self.severe else "warning" if snr < self.warning else "notice"


def _edge(view: PartyView, around: tuple[float, float], loud: float, quiet: float, *, rising: bool) -> float | None:
    """Where within `around` the level goes over for good from `quiet` to `loud` dBov, or back; None between likes."""
    if loud - quiet < _TELLS:
        return None
    first, stop = max(0, round(around[0] / FRAME)), min(len(view.levels), round(around[1] / FRAME))
    level = view.levels[first:stop]
    smooth = np.convolve(np.pad(level, 1, mode="edge"), np.full(3, 1 / 3), mode="valid")
    below = smooth < loud - min(_DIPS, (loud - quiet) / 2)
    above = ~below & ~view.speaking[first:stop]  # speech is loud with and without noise
    wrong, right = (below, above) if rising else (above, below)
    # Least frames on the wrong side of the edge: words die away slowly, but steady noise hardly ever dips.
    weights = (_QUIET_WEIGHT, 1) if rising else (1, _QUIET_WEIGHT)
    wrong, right = weights[0] * wrong.astype(int), weights[1] * right.astype(int)
    cost = np.concatenate([[0], np.cumsum(right)]) + np.concatenate([np.cumsum(wrong[::-1])[::-1], [0]])
    places = np.flatnonzero(cost == cost.min())
    return (first + int(places[0] if rising else places[-1])) * FRAME


def _telephone_level(view: PartyView, stretch: Segment) -> float:
    """Level between 250 and 3400 Hz of the 20 ms frames of a stretch, dBov."""
    bands = view.channel.frames.bands
    first = min(round(stretch.start / BAND_FRAME), len(bands) - 1)
    low, high = telephone_powers(
        bands, np.arange(first, max(first + 1, min(len(bands), int(stretch.end / BAND_FRAME))))
    )
    return float(10 * np.log10((low + high).mean() + 1e-13))


def _likeness(levels_here: NDArray[np.float32], levels_there: NDArray[np.float32]) -> float:
    """Greatest correlation of levels with those of another leg at any earlier time; both clipped at their floor."""
    here = np.maximum(levels_here, NOTHING)
    windows = np.lib.stride_tricks.sliding_window_view(np.maximum(levels_there, NOTHING), len(here))
    here = here - here.mean()
    product = windows @ here
    power = np.square(windows).mean(axis=1) - np.square(windows.mean(axis=1))
    return float(np.max(product / (len(here) * np.sqrt(np.maximum(power, 1e-3) * max(float(here.var()), 1e-3)))))


def _clean_level(active: float, noise: float) -> float:
    """The active level without the noise that is in it; the noise's own, where it cannot be told."""
    power = 10 ** (active / 10) - 10 ** (noise / 10)
    return 10 * float(np.log10(max(power, 10 ** (noise / 10))))
