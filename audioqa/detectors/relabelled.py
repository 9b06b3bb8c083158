"""Sample rate relabelled: speech that is played an octave too fast or too slow.

Kind of finding: ``rate-relabelled``.

A recording made at 8 kHz under a header that says 16 kHz, or the other way round. Everything in it moves by an octave:
the rhythm of syllables, the distance of harmonics, the formants. How fast the speech is follows from all of them
together (`audioqa.detectors._speed`), each party by itself; a wrong label moves both alike. Half an octave, as from 8
to 11.025 kHz, lies within what voices differ by: there the detector is mostly silent.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from audioqa.detectors._speed import speed_figures
from audioqa.detectors._speed_weights import WEIGHTS
from audioqa.measure import Measurements
from audioqa.party import party_views
from audioqa.types import Detection, Finding

KINDS = ("rate-relabelled",)

_RATES = (8000, 16000, 32000, 44100, 48000, 96000)
"""Hz at which recorders record speech."""


@dataclass(frozen=True)
class RateRelabelled:
    """Finds recordings under a wrong sample rate.

    Parameters
    ----------
    one, both
        Octaves by which the speech must be fast or slow, where one party speaks and on average of two. Measured on
        speakers left out (`python -m audioqa.lab.fit_speed`): right rates give 0.03 with a deviation of 0.20, an octave
        gives 0.82 with 0.2.
    each
        Octaves that each party must have of it.
    near
        Octaves within which a rate must lie at which recorders record: 8 kHz is never a recording at 4 kHz played fast.
    least_speech
        Seconds of speech needed of a party.
    """

    one: float = 0.65
    both: float = 0.52
    each: float = 0.3
    near: float = 0.5
    least_speech: float = 8.0

    def __call__(self, measurements: Measurements) -> Detection:
        """At most one finding, of the file as a whole."""
        views = [view for view in party_views(measurements) if view.seconds >= self.least_speech]
        figures = [found for view in views if (found := speed_figures(view.channel)) is not None]
        if not figures:
            return Detection()
        octaves = np.array(figures) @ np.array(WEIGHTS[:-1]) + WEIGHTS[-1]
        mean = float(octaves.mean())
        if abs(mean) < (self.one if len(octaves) == 1 else self.both) or (octaves * np.sign(mean)).min() < self.each:
            return Detection()
        rate = measurements.sample_rate
        likely = min(_RATES, key=lambda one: abs(np.log2(rate / one) - mean))
        if likely == rate or abs(np.log2(rate / likely) - mean) > self.near:
            return Detection()
        how = "fast and high" if mean > 0 else "slow and low"
        message = (
            f"The speech is about {2 ** abs(mean):.1f} times too {how} for the sample rate of {rate} Hz in the header: "
            f"the recording was probably made at {likely} Hz."
        )
        evidence = {"octaves": round(mean, 2), "labelled_hz": rate, "likely_hz": likely}
        return Detection(findings=(Finding("rate-relabelled", message, "warning", evidence),))
