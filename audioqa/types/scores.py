"""Scores and levels: no number without its scale, interval and source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from audioqa.types.basics import Segment, Skipped

Scale = Literal["MOS-LQO", "MOS-LQON", "MOS-LQOW", "MOS-CQE"]
"""P.800.1 names: a no-reference estimate, PESQ narrowband, PESQ wideband, E-model conversational."""

Context = Literal["narrowband", "wideband", "model"]
"""Listening context of a score; ``model`` is an estimator's own scale, to which no bands apply."""


@dataclass(frozen=True)
class Score:
    """A MOS that never travels without its scale, interval and source.

    Parameters
    ----------
    scale, context
        The P.800.1 scale, and the listening context in which the figure is meant.
    value
        1 (bad) to 5 (excellent).
    low, high
        90 % interval, same scale; what it covers is said where the score is made.
    source
        Identity of the model, its weights and its calibration.
    covers
        What the interval covers, one clause; empty where that is not said.
    """

    scale: Scale
    context: Context
    value: float
    low: float
    high: float
    source: str
    covers: str = ""


@dataclass(frozen=True)
class WindowScore:
    """An estimator's answer for one window of one channel.

    Parameters
    ----------
    segment
        The window.
    speech
        Seconds of active speech in it; pauses under 2 s inside a turn are not counted.
    mos
        MOS of the window on the estimator's reported scale, 1 to 5.
    low, high
        90 % interval of this window, same scale; no wider than `mos` where nothing is known of it.
    dimensions
        Further scores of the same model, 1 (worst) to 5 (best), by name; empty where it has none.
    out_of_domain
        True where the model takes the window for unlike what it was trained on; the interval is then wider.
    """

    segment: Segment
    speech: float
    mos: float
    low: float
    high: float
    dimensions: Mapping[str, float] = field(default_factory=dict)
    out_of_domain: bool = False


@dataclass(frozen=True)
class ActiveLevel:
    """Active speech level by ITU-T P.56 method B.

    Parameters
    ----------
    level
        dBov over the active part.
    activity
        Share of the time that is active, 0 to 1.
    """

    level: float
    activity: float


@dataclass(frozen=True)
class Worst:
    """The worst stretch of clock time of one party.

    Parameters
    ----------
    segment
        30 s of the clock, or the whole recording where it is shorter.
    mos
        Speech-weighted mean MOS of the windows in it.
    speech
        Seconds of speech in it, at least 6.
    """

    segment: Segment
    mos: float
    speech: float


@dataclass(frozen=True)
class LikelyCodec:
    """The family of codecs that a party's speech most likely went through.

    Parameters
    ----------
    family
        In words.
    probability
        0.7 to 1.
    """

    family: str
    probability: float


@dataclass(frozen=True)
class PartyMos:
    """One party's MOS and how it was spread over the call.

    Parameters
    ----------
    score
        Speech-weighted mean of the windows, with interval, scale and source.
    band
        Name of the band it falls in, or a `Skipped` where the scale has none.
    percentile_5
        The value that 5 % of the speech (by seconds) falls below.
    worst
        The worst 30 s, or why there is none.
    seconds_below
        Seconds of speech whose windows score below `threshold`.
    threshold
        The band set's attention threshold, or a `Skipped` where the scale has none (then `seconds_below` is 0).
    windows
        MOS over time.
    wideband
        The same speech as listeners would rate it who know wideband calls, or why that is not known.
    dimensions
        Speech-weighted means of the windows' dimensions, by name.
    codec
        Family of codecs, or why none is named.
    """

    score: Score
    band: str | Skipped
    percentile_5: float
    worst: Worst | Skipped
    seconds_below: float | Skipped
    threshold: float | Skipped
    windows: tuple[WindowScore, ...]
    wideband: Score | Skipped
    dimensions: Mapping[str, float]
    codec: LikelyCodec | Skipped


@dataclass(frozen=True)
class PesqWindow:
    """PESQ of one window, times in the degraded recording; `mos` is a `Skipped` where the window has none."""

    segment: Segment
    mos: float | Skipped


@dataclass(frozen=True)
class PesqResult:
    """PESQ of one channel against a reference, in one mode.

    Parameters
    ----------
    channel, reference_channel
        The degraded and the reference channel.
    score
        Mean of the windows (MOS-LQON or MOS-LQOW), or why there is none.
    delay
        Seconds by which the recording lags the reference (negative: leads), or why it is unknown.
    windows
        Per window, in order.
    """

    channel: str
    reference_channel: str
    scale: Scale
    score: Score | Skipped
    delay: float | Skipped
    windows: tuple[PesqWindow, ...]
