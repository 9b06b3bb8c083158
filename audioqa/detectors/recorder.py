"""The recorder's faults that two legs show: copies, clocks that disagree, a leg that skips or begins late.

Kinds of finding: ``copied-channel``, ``shifted-channel``, ``clock-drift``, ``leg-speed``, ``leg-skip``, ``late-leg``.

Two parties on two channels share nothing but echo. Where one channel holds the other at nearly its own strength, the
recorder wrote one signal twice. Where legs share anything, be it an echo, both clocks can be compared: an echo stays
where it is, and a lag that grows steadily is two clocks that disagree (`audioqa.detectors._coupling`). A leg of which
the recorder missed the beginning is digitally silent while the other party already speaks, and never again: a party who
listens has a noise floor, a party behind a noise gate falls silent again and again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from audioqa.detectors._coupling import Coupling, coupling
from audioqa.frames import FRAME
from audioqa.measure import Measurements
from audioqa.party import PartyView, party_views
from audioqa.types import Detection, Finding, Segment

KINDS = ("copied-channel", "shifted-channel", "clock-drift", "leg-speed", "leg-skip", "late-leg")


_ONE_STEP = -88.0  # dBov, about


@dataclass(frozen=True)
class RecorderLegs:
    """Finds what the recorder did to two legs; where there are not two it says nothing.

    Parameters
    ----------
    prominence
        Deviations by which the lag that the legs share must stand out; two strangers reach 6 (measured: clean two-party
        talk of the tuning speakers, through three codecs).
    likeness
        Correlation of the amplitudes of 20 ms from which one leg is a copy of the other. A copy that correlates by .9,
        sample by sample, reaches .95 (docs/severities.md; measured with noise and with another voice on top).
    gain
        dB by which a copy may be louder or quieter; the strongest echo of interest is 18 dB weaker.
    shift
        Seconds from which a copy is a shifted one.
    drift
        ppm from which clocks disagree: 50 are to be found (docs/severities.md).
    walked
        Seconds by which the legs must have drifted apart within the call, at least: less than a packet is not seen.
    certain
        Standard errors by which the drift must differ from none.
    speed
        ppm from which it is another speed and no clock; crystals are within 200.
    late, latest
        Seconds of digital silence at the start from which a leg is late, and from which one-way audio is as likely.
    talk, sure
        Seconds of speech of the other party within them: to be reported, and to be a warning whatever else.
    answer
        Seconds of pause by which the other party lets the missing one speak.
    gated
        Share of later frames, while the party listens, without a signal: from there on it is the habit of the leg.
    """

    prominence: float = 8.0
    likeness: float = 0.85
    gain: float = 9.0
    shift: float = 0.0015
    drift: float = 40.0
    walked: float = 0.008
    certain: float = 6.0
    speed: float = 1500.0
    late: float = 0.5
    latest: float = 20.0
    talk: float = 0.4
    sure: float = 1.0
    answer: float = 0.6
    gated: float = 0.05

    def __call__(self, measurements: Measurements) -> Detection:
        """Findings, first those that both legs share."""
        if len(measurements.channels) != 2:
            return Detection()
        one, other = measurements.channels
        shared = coupling(one.frames, other.frames, prominence=self.prominence)
        found = list(self._shared(shared, one.name, other.name)) if shared else []
        if shared is None or shared.likeness < self.likeness:
            first, second = party_views(measurements)
            found += [*self._late(first, second), *self._late(second, first)]
        return Detection(findings=tuple(found))

    def _shared(self, shared: Coupling, one: str, other: str) -> Iterator[Finding]:
        copied = shared.likeness >= self.likeness and abs(shared.gain) <= self.gain
        if copied:
            yield self._copy(shared, one, other)
        yield from self._clocks(shared, one, other)
        if copied:
            for time, leap in shared.jumps:
                name = other if leap < 0 else one
                yield Finding(
                    "leg-skip",
                    f"{name}: the recording misses {1000 * abs(leap):.0f} ms that the other channel has, "
                    f"about {time:.0f} s into the call.",
                    "warning",
                    {"milliseconds": round(1000 * abs(leap), 1), "at": round(time, 1)},
                    name,
                    Segment(max(0.0, time - 15.0), time + 15.0),
                )

    def _copy(self, shared: Coupling, one: str, other: str) -> Finding:
        lag = float(np.median(shared.lags[:3]))  # before it drifts or leaps
        evidence = {"correlation": round(shared.likeness, 3), "gain_db": round(shared.gain, 1)}
        if abs(lag) < self.shift:
            message = f"{one} and {other} hold the same sound: one signal was recorded twice, in place of two parties."
            return Finding("copied-channel", message, "warning", evidence)
        late, early = (other, one) if lag > 0 else (one, other)
        message = (
            f"{late} holds the same sound as {early}, {1000 * abs(lag):.0f} ms later: one signal was recorded twice, "
            "in place of two parties."
        )
        return Finding("shifted-channel", message, "warning", {"shift_ms": round(1000 * lag, 1), **evidence})

    def _clocks(self, shared: Coupling, one: str, other: str) -> Iterator[Finding]:
        ppm = shared.drift
        span = float(np.ptp(shared.times)) if len(shared.times) else 0.0
        if (
            abs(ppm) < self.drift
            or abs(ppm) * 1e-6 * span < self.walked
            or abs(ppm) < self.certain * shared.uncertainty
        ):
            return
        slow, fast = (other, one) if ppm > 0 else (one, other)
        evidence = {"ppm": round(ppm, 1), "uncertainty_ppm": round(shared.uncertainty, 1)}
        if abs(ppm) < self.speed:
            message = (
                f"{slow} runs {abs(ppm):.0f} ppm slow against {fast}: the legs were recorded by two clocks, and are "
                f"{abs(ppm) * 0.6:.0f} ms further apart after ten minutes."
            )
            yield Finding("clock-drift", message, "warning", evidence)
        else:
            message = f"{fast} runs {abs(ppm) * 1e-4:.2f} % fast against {slow}: one leg is recorded at another speed."
            yield Finding("leg-speed", message, "severe", evidence)

    def _late(self, view: PartyView, other: PartyView) -> Iterator[Finding]:
        frames = view.channel.frames
        # Constant (A-law's silence is 8, not 0), or less than one step of 16 bits: no microphone is that quiet.
        silent = (frames.equal >= frames.rate // 100 - 1) | (view.levels <= _ONE_STEP)
        if len(silent) == 0 or not silent[0] or silent.all():
            return
        begins = int(np.argmin(silent))
        place = Segment(0.0, begins * FRAME)
        listening = (other.speaking & ~view.speaking)[begins:]
        later = silent[begins:][listening] if listening.sum() * FRAME >= 1.0 else silent[begins:]
        if place.end < self.late or later.mean() > self.gated:
            return
        spoken = [s for s in other.speech if s.start < place.end]
        talk = sum(place.overlap(s) for s in spoken)
        if talk < self.talk:
            return
        pauses = [b.start - a.end for a, b in pairwise(spoken)]
        mid_word = bool(view.speaking[begins : begins + 5].any())
        answered = sum(pause >= self.answer for pause in pauses)
        sure = place.end < self.latest and (mid_word or answered > 0 or talk >= self.sure)
        message = (
            f"{view.name}: nothing was recorded for the first {place.end:.1f} s, while {other.name} already speaks; "
            + ("the recorder began this leg late." if sure else "it began late, or the party was not yet there.")
        )
        evidence = {
            "seconds": round(place.end, 2),
            "other_party_speaks": round(talk, 1),
            "begins_in_speech": mid_word,
            "pauses": answered,
        }
        yield Finding("late-leg", message, "warning" if sure else "notice", evidence, view.name, place)
