"""Echo: what one party says comes back on the other party's leg, later and weaker.

Kind of event: ``echo``, on the leg that carries it; the party that said it is the one who hears it.

The changes of level from 10 ms to 10 ms on one leg are compared with those on the other leg up to half a second later
(the residual-echo detector of WebRTC compares powers likewise). Levels survive every codec, and their changes have no
memory of the speakers' mean levels. One peak that stands out of all other lags, on either side, is an echo. How weak
it is follows from the frames in which the one speaks loudest and the other is quietest. On one channel an echo cannot
be told from a room: there the detector abstains.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audioqa.frames import FRAME
from audioqa.measure import Measurements
from audioqa.party import PartyView, cannot_tell, party_views
from audioqa.types import Detection, Event, Evidence, Segment, Severity, Skipped

KINDS = ("echo",)

_QUIETEST = -75.0  # dBov: what is below changes by nothing that is heard
_STEEPEST = 12.0  # dB: an edge of digital silence must not outweigh a hundred syllables
_BLOCK = 30.0  # s compared at once
_LATE = 0.3  # s that speech activity may be late by
_AUDIBLE = 25.0  # dB under the active level: quieter speech has no echo to speak of


@dataclass(frozen=True)
class Echo:
    """Finds echo between two legs.

    Parameters
    ----------
    earliest, latest
        Seconds between speech and echo: what comes earlier is sidetone (G.131), later the next words.
    prominence
        Deviations (of the correlations at other lags) by which the peak must exceed them. Clean talk of the tuning side
        reaches 5.1, as it is and through GSM; of echoes 37 dB down one in twenty lies below 7.9.
    correlation
        Least correlation of level changes at the peak. Clean talk reaches 0.026; one in twenty of those echoes is below
        0.049.
    least_speech
        Seconds of speech needed to look at.
    turn
        Correlation of one turn, as a share of that of the call, from which the turn has the echo.
    strong, weak
        dB under the speech: a stronger echo is severe, a weaker one a notice. At 200 ms the E-model takes 0.3 MOS at
        31 dB and 1.2 at 21 dB.
    """

    earliest: float = 0.030
    latest: float = 0.600
    prominence: float = 6.5
    correlation: float = 0.035
    least_speech: float = 5.0
    turn: float = 0.35
    strong: float = 21.0
    weak: float = 31.0

    def __call__(self, measurements: Measurements) -> Detection:
        """At most one echo for each leg; `Skipped` on one channel, or where too little is said."""
        if abstention := cannot_tell(measurements, KINDS, both_legs=True):
            return abstention
        one, other = party_views(measurements)
        events: list[Event] = []
        skipped: list[Skipped] = []
        for said, back in ((one, other), (other, one)):
            if said.seconds < self.least_speech:
                reason = f"{said.name} says too little: {said.seconds:.1f} s, {self.least_speech:g} s are needed"
                skipped.append(Skipped("echo", back.name, reason))
                continue
            events += self._of(said, back)
        return Detection(tuple(sorted(events, key=lambda e: (e.channel or "", e.segment))), tuple(skipped))

    def _of(self, said: PartyView, back: PartyView) -> list[Event]:
        reach = round(1.2 * self.latest / FRAME)
        curve = _correlations(_changes(said), _changes(back), said.speaking, reach)
        lags = np.arange(-reach, reach + 1)
        allowed = (lags >= round(self.earliest / FRAME)) & (lags <= round(self.latest / FRAME))
        best = int(np.argmax(np.where(allowed, curve, -np.inf)))
        elsewhere = curve[np.abs(lags - lags[best]) > 4]
        middle = float(np.median(elsewhere))
        deviation = 1.4826 * float(np.median(np.abs(elsewhere - middle))) + 1e-6
        if curve[best] < self.correlation or curve[best] - middle < self.prominence * deviation:
            return []
        if curve[np.abs(lags) <= 2].max() > curve[best]:  # the legs share something at once: crosstalk, not an echo
            return []
        delay = (lags[best] + _parabola(curve, best)) * FRAME
        lag = int(lags[best])
        turns = self._turns(said, back, lag, float(curve[best]))
        if not turns:
            return []
        attenuation = _attenuation(said, back, lag)
        place = Segment(_begun(said, turns[0].start) + delay, min(turns[-1].end + delay, len(back.levels) * FRAME))
        evidence: Evidence = {
            "delay_ms": round(1000 * delay, 1),
            "attenuation_db": round(attenuation, 1),
            "correlation": round(float(curve[best]), 3),
            "heard_by": said.name,
        }
        return [Event("echo", back.name, place, self._severity(attenuation), evidence)]

    def _severity(self, attenuation: float) -> Severity:
        return "severe" if attenuation < self.strong else "warning" if attenuation < self.weak else "notice"

    def _turns(self, said: PartyView, back: PartyView, lag: int, whole: float) -> list[Segment]:
        """The turns that come back."""
        first, second = _changes(said), _changes(back)
        found: list[Segment] = []
        for turn in said.turns:
            low, high = round(turn.start / FRAME), min(round(turn.end / FRAME), len(second) - lag)
            if high - low < 50:
                continue
            a, b = first[low:high], second[low + lag : high + lag]
            norm = float(np.sqrt(np.sum(a * a) * np.sum(b * b)))
            if norm > 0 and float(np.sum(a * b)) / norm >= self.turn * whole:
                found.append(turn)
        return found


def _begun(said: PartyView, start: float) -> float:
    """When a turn is first heard: the activity is late by up to 0.2 s."""
    last = round(start / FRAME)
    first = max(0, last - round(_LATE / FRAME))
    quiet = np.flatnonzero(said.levels[first:last] < (said.active_level or 0.0) - _AUDIBLE)
    return (first + int(quiet[-1]) + 1) * FRAME if len(quiet) else first * FRAME


def _changes(view: PartyView) -> NDArray[np.float32]:
    """Differences of the levels of neighbouring frames, dB, shape (frames,)."""
    level = np.maximum(view.levels, np.float32(_QUIETEST))
    return np.clip(np.diff(level, prepend=level[:1]), -_STEEPEST, _STEEPEST)


def _correlations(
    said: NDArray[np.float32], back: NDArray[np.float32], speaking: NDArray[np.bool_], reach: int
) -> NDArray[np.float64]:
    """Normalised correlation at lags of -reach to reach frames (positive: `back` is late), over what is said."""
    from scipy import fft

    block = round(_BLOCK / FRAME)
    size = fft.next_fast_len(block + 2 * reach, real=True)
    total, energy = np.zeros(2 * reach + 1), np.zeros(2)
    padded = np.concatenate([np.zeros(reach, np.float32), back, np.zeros(block + reach, np.float32)])
    for start in range(0, len(said), block):
        a = np.where(speaking[start : start + block], said[start : start + block], 0)
        if not a.any():
            continue
        b = padded[start : start + len(a) + 2 * reach]
        product = fft.irfft(np.conj(fft.rfft(a, size)) * fft.rfft(b, size), size)
        total += product[: 2 * reach + 1]
        near = slice(reach, reach + len(a))
        energy += (float(np.sum(a * a)), float(np.sum(b[near] ** 2)))
    norm = float(np.sqrt(energy.prod()))
    return total / norm if norm > 0 else total


def _parabola(curve: NDArray[np.float64], best: int) -> float:
    if not 0 < best < len(curve) - 1:
        return 0.0
    left, middle, right = curve[best - 1 : best + 2]
    bend = left - 2 * middle + right
    return float(np.clip((left - right) / (2 * bend), -0.5, 0.5)) if bend < 0 else 0.0


def _attenuation(said: PartyView, back: PartyView, lag: int) -> float:
    """dB between speech and echo: where the one is loudest, as far as the other is not louder than usual there."""
    a, b = said.levels[: len(said.levels) - lag], back.levels[lag:]
    loud = said.speaking[: len(a)] & (a >= np.percentile(a[said.speaking[: len(a)]], 70))
    # The party on the other leg speaks too, now and then: the quieter half is without it.
    return float(np.percentile((a - b)[loud], 60))
