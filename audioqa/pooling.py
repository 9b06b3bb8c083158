"""From opinions on windows to one opinion on a party, with an interval.

The interval is 90 %. A window's own comes from the model where it tells its spread (callmos: what the labels of
conditions that it had not heard lay apart from it), else from the residual of the calibration on single clips of
conditions that it had not seen. A party's interval joins the mean of these, which holds how the estimator takes to a
voice and a condition and does not shrink with more windows, and the standard error of the windows, of which every
second counts because they overlap by half. It does not cover the difference between labels or E-model and listeners.
Without either it holds the standard error of the windows alone.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from audioqa.perceptual.calibration import Calibration
from audioqa.perceptual.callmos_layout import CODEC_WORDS
from audioqa.perceptual.callmos_weights import Intervals
from audioqa.types import Context, LikelyCodec, Scale, Score, Skipped, WindowScore
from audioqa.windows import ScoredWindow

LEAST_CODEC_PROBABILITY = 0.7
"""Probability from which a family of codecs is named."""

_NORMAL_90 = 1.645  # half-width of the central 90 % of a normal distribution, in standard deviations


def mapped(window: ScoredWindow, calibration: Calibration | None, intervals: Intervals | None) -> WindowScore:
    """A window on the reported scale, with its interval."""
    opinion = window.opinion
    mos = calibration.apply(opinion.mos) if calibration else opinion.mos
    half = half_width(window, calibration, intervals)
    strange = intervals is not None and opinion.spread is not None and intervals.out_of_domain(opinion.spread)
    low, high = max(min(mos, 1.0), mos - half), min(max(mos, 5.0), mos + half)
    return WindowScore(window.segment, window.speech, mos, low, high, opinion.dimensions, strange)


def half_width(window: ScoredWindow, calibration: Calibration | None, intervals: Intervals | None) -> float:
    """Half of a window's interval, on the reported scale."""
    opinion = window.opinion
    floor = _NORMAL_90 * calibration.residual if calibration else 0.0
    if intervals is None or opinion.spread is None:
        return floor
    slope = calibration.slope(opinion.mos) if calibration else 1.0
    return max(floor, slope * intervals.half_width(opinion.spread))


def covered(calibration: Calibration | None, intervals: Intervals | None) -> str:
    """What an interval covers, one clause."""
    if intervals:
        return intervals.covers
    if calibration:
        return "90 % of clips of conditions that its calibration had not seen"
    return "how the windows differ, not the model's own error"


def pooled(
    mos: NDArray[np.float64],
    speech: NDArray[np.float64],
    half: Sequence[float],
    *,
    scale: tuple[Scale, Context],
    source: str,
    covers: str,
) -> Score:
    """Speech-weighted mean of windows, with the interval that the module's docstring tells."""
    mean = float(np.average(mos, weights=speech))
    spread = math.sqrt(float(np.average((mos - mean) ** 2, weights=speech)))
    error = _NORMAL_90 * spread / math.sqrt(max(1.0, len(mos) / 2))
    reach = math.hypot(float(np.average(half, weights=speech)), error)
    return Score(*scale, mean, max(1.0, mean - reach), min(5.0, mean + reach), source, covers)


def wideband_score(
    windows: Sequence[ScoredWindow],
    speech: NDArray[np.float64],
    intervals: Intervals | None,
    *,
    source: str,
    covers: str,
) -> Score | Skipped:
    """Mean of the windows in the wideband context, on the model's own scale; it is not calibrated."""
    told = [window.opinion.wideband for window in windows if window.opinion.wideband is not None]
    if len(told) < len(windows):
        return Skipped("wideband-mos", None, "this estimator has one scale only")
    half = [half_width(window, None, intervals) for window in windows]
    model = source.partition(";")[0]
    return pooled(np.array(told), speech, half, scale=("MOS-LQO", "wideband"), source=model, covers=covers)


def means(named: Sequence[Mapping[str, float]], speech: NDArray[np.float64]) -> dict[str, float]:
    """Speech-weighted mean of every figure that all windows have, by name."""
    return {
        name: float(np.average([figures[name] for figures in named], weights=speech))
        for name in named[0]
        if all(name in figures for figures in named)
    }


def likely_codec(windows: Sequence[ScoredWindow], speech: NDArray[np.float64]) -> LikelyCodec | Skipped:
    """The family of codecs that the windows agree on, or why none is named."""
    probability = means([window.opinion.codecs for window in windows], speech)
    if not probability:
        return Skipped("codec", None, "this estimator tells no codec")
    family = max(probability, key=lambda name: probability[name])
    words = CODEC_WORDS.get(family, family)
    if probability[family] < LEAST_CODEC_PROBABILITY:
        return Skipped("codec", None, f"none is likely enough (at best {words}, {probability[family]:.0%})")
    return LikelyCodec(words, probability[family])
