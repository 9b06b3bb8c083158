"""From window scores to a party's MOS, and from the parties' to the call's.

A party's MOS is the mean of its windows, weighted by the speech in them. Means hide short painful faults, so the
5th percentile, the worst half minute of the clock and the seconds below the attention threshold stand beside it.
They are read off windows and never off averages of averages. The call's MOS is that of its worse party.

Intervals are those of `audioqa.pooling`. Without a calibration there are neither bands nor thresholds.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from audioqa.bands import BandSet
from audioqa.perceptual.calibration import Calibration
from audioqa.perceptual.callmos_layout import KIND_WORDS
from audioqa.perceptual.callmos_stream import heard_instead
from audioqa.perceptual.callmos_weights import Intervals
from audioqa.pooling import covered, half_width, likely_codec, mapped, means, pooled, wideband_score
from audioqa.types import PartyMos, Score, Segment, Skipped, WindowScore, Worst
from audioqa.windows import LEAST_SPEECH, ScoredWindow

WORST_SPAN = 30.0
"""Seconds of the clock that the worst stretch covers."""

WORST_SPEECH = 6.0
"""Seconds of speech that such a stretch must hold."""

LEAST_TOLD = 1.0
"""Seconds of music or tones from which they are named where there is no score."""


def party_mos(
    windows: Sequence[ScoredWindow],
    speaking: NDArray[np.bool_],
    *,
    frame: float,
    calibration: Calibration | None,
    bands: BandSet,
    source: str,
    intervals: Intervals | None = None,
    kinds: NDArray[np.uint8] | None = None,
) -> PartyMos | Skipped:
    """Pool one party's windows.

    Parameters
    ----------
    windows
        Scored windows on the estimator's own scale.
    speaking
        Shape (frames,): speech activity.
    frame
        Seconds per frame of `speaking`.
    calibration
        Map to a reporting scale; without one there are no bands and no thresholds.
    bands
        The band set in force.
    source
        Identity of the estimator, its weights and its calibration.
    intervals
        Widths of the intervals of an estimator that tells its spread.
    kinds
        uint8, shape (frames,): what is heard, for the reason where there is no score.
    """
    if not windows:
        return _no_score(speaking, kinds, frame=frame)
    scores = tuple(mapped(window, calibration, intervals) for window in windows)
    mos = np.array([window.mos for window in scores])
    speech = np.array([window.speech for window in scores])
    half = [half_width(window, calibration, intervals) for window in windows]
    context = calibration.context if calibration else "model"
    covers = covered(calibration, intervals)
    score = pooled(mos, speech, half, scale=("MOS-LQO", context), source=source, covers=covers)
    mean = score.value
    no_bands = Skipped(
        "band",
        None,
        f"band set {bands.name!r} is not made for the {context} context of this score"
        if calibration
        else "the score is on the model's own scale, which no calibration ties to the bands: they do not apply",
    )
    banded = context == bands.context
    order = np.argsort(mos)
    reached = np.cumsum(speech[order])
    curve = mos_curve(scores, seconds=math.ceil(len(speaking) * frame))
    active = _per_second(speaking, frame=frame, seconds=len(curve))
    return PartyMos(
        score=score,
        band=bands.band(mean) if banded else no_bands,
        percentile_5=float(mos[order][np.searchsorted(reached, 0.05 * reached[-1])]),
        worst=_worst(curve, active),
        seconds_below=float(active[curve < bands.attention].sum()) if banded else no_bands,
        threshold=bands.attention if banded else no_bands,
        windows=scores,
        wideband=wideband_score(windows, speech, intervals, source=source, covers=covers),
        dimensions=means([window.opinion.dimensions for window in windows], speech),
        codec=likely_codec(windows, speech),
    )


def _no_score(speaking: NDArray[np.bool_], kinds: NDArray[np.uint8] | None, *, frame: float) -> Skipped:
    """Why there is no score, and what is heard instead of speech."""
    instead = ""
    if kinds is not None:
        seconds = heard_instead(kinds, frame=frame)
        order = sorted(KIND_WORDS, key=lambda kind: -seconds[kind])
        told = [f"{KIND_WORDS[kind]} {seconds[kind]:.0f} s" for kind in order if seconds[kind] >= LEAST_TOLD]
        instead = f", but {', '.join(told)}" if told else ""
    spoken = float(np.count_nonzero(speaking)) * frame
    if spoken < frame:
        return Skipped("mos", None, f"no speech{instead}")
    amount = f"{spoken:.1f} s in all; a window needs {LEAST_SPEECH:.0f} s"
    return Skipped("mos", None, f"too little speech in one place ({amount}){instead}")


def mos_curve(windows: Sequence[WindowScore], *, seconds: int) -> NDArray[np.float64]:
    """MOS of each second of the clock: mean of the windows over it, NaN where there is none (for use inside only).

    Parameters
    ----------
    windows
        In any order.
    seconds
        Length of the curve.
    """
    total, count = np.zeros(seconds), np.zeros(seconds)
    for window in windows:
        first, stop = math.floor(window.segment.start), math.ceil(window.segment.end)
        total[first:stop] += window.mos
        count[first:stop] += 1
    curve: NDArray[np.float64] = np.divide(total, count, out=np.full(seconds, np.nan), where=count > 0)
    return curve


def mean_mos(windows: Sequence[WindowScore], segment: Segment) -> float | None:
    """Mean MOS over a stretch, weighted by how much of each window lies in it; None where no window does."""
    weights = [window.segment.overlap(segment) for window in windows]
    if not any(weights):
        return None
    return float(np.average([window.mos for window in windows], weights=weights))


def call_mos(parties: Sequence[tuple[str, PartyMos | Skipped]]) -> tuple[Score | Skipped, str | Skipped]:
    """The worse party's score and its band; a `Skipped` naming each party's reason where none has a score."""
    scored = [mos for _, mos in parties if isinstance(mos, PartyMos)]
    if not scored:
        reasons = "; ".join(f"{name}: {mos.reason}" for name, mos in parties if isinstance(mos, Skipped))
        skipped = Skipped("mos", None, reasons or "no channels")
        return skipped, skipped
    worse = min(scored, key=lambda mos: mos.score.value)
    return worse.score, worse.band


def _worst(curve: NDArray[np.float64], active: NDArray[np.float64]) -> Worst | Skipped:
    span = min(round(WORST_SPAN), len(curve))
    speech = np.where(np.isnan(curve), 0.0, active)
    value = np.where(np.isnan(curve), 0.0, curve) * speech
    speech_sum = np.convolve(speech, np.ones(span), mode="valid")
    value_sum = np.convolve(value, np.ones(span), mode="valid")
    enough = speech_sum >= WORST_SPEECH - 1e-6
    if not enough.any():
        return Skipped("worst", None, f"no {span} s hold {WORST_SPEECH:.0f} s of scored speech")
    mean = np.divide(value_sum, speech_sum, out=np.full(len(enough), np.inf), where=enough)
    start = int(np.argmin(mean))
    return Worst(Segment(float(start), float(start + span)), float(mean[start]), float(speech_sum[start]))


def _per_second(speaking: NDArray[np.bool_], *, frame: float, seconds: int) -> NDArray[np.float64]:
    """Seconds of speech in each second of the clock."""
    second = np.minimum((np.arange(len(speaking)) + 0.5) * frame, seconds - 0.5).astype(np.int64)
    return np.bincount(second, weights=speaking * frame, minlength=seconds)[:seconds].astype(np.float64)
