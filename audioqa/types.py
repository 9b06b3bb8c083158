"""The values that travel through audioqa.

Units, said once: a bare time is in **seconds** from the start of the recording, a level in **dBov**
(0 dBov is an rms of 1.0, so a full-scale sine is -3.01 dBov, ITU-T P.56), a rate in **Hz**. Samples are
float32 in [-1, 1) with shape ``(samples, channels)``.

Every value is a frozen dataclass: nothing is changed in place. Three outcomes are never confused:
an `Event` (found), nothing (looked and found nothing) and `Skipped` (could not be measured, and why).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Severity = Literal["notice", "warning", "severe"]
"""How much an event or finding matters: worth knowing, worth a look, reason enough to review the call."""

Scale = Literal["MOS-LQO", "MOS-LQON", "MOS-LQOW", "MOS-CQE"]
"""P.800.1 names: a no-reference estimate, PESQ narrowband, PESQ wideband, E-model conversational."""

Context = Literal["narrowband", "wideband", "model"]
"""Listening context of a score; ``model`` is an estimator's own scale, to which no bands apply."""

Evidence = Mapping[str, float | int | str | bool]
"""What an event rests on: plain named figures, finite numbers only."""


@dataclass(frozen=True, order=True)
class Segment:
    """A stretch of time, half-open: ``start <= t < end``, both in seconds."""

    start: float
    end: float

    @property
    def duration(self) -> float:
        """Length in seconds."""
        return self.end - self.start

    def overlap(self, other: Segment) -> float:
        """Seconds that this segment and `other` share, 0 where they do not meet."""
        return max(0.0, min(self.end, other.end) - max(self.start, other.start))


@dataclass(frozen=True)
class Finding:
    """Something about the file or its decoding that a reader of the report should know.

    Parameters
    ----------
    kind
        A stable word, such as ``truncated``, ``bad-frames``, ``header-length``, ``nan-samples``.
    message
        One plain-English sentence.
    severity
        How much it matters.
    evidence
        The figures behind the sentence.
    """

    kind: str
    message: str
    severity: Severity = "notice"
    evidence: Evidence = field(default_factory=dict)


@dataclass(frozen=True)
class Recording:
    """What was learnt about one file by decoding it to its end.

    Parameters
    ----------
    path
        The file as the caller named it.
    sha256
        Hexadecimal SHA-256 of the file's bytes.
    container, codec
        For example ``WAV`` and ``PCM_16``, as the decoder names them.
    sample_rate
        Hz, the file's own.
    samples
        Samples per channel that the decoder delivered.
    channels
        A name for each channel, in file order: ``agent``, ``customer``, or ``channel 1`` ...
    findings
        What the decoder complained about.
    """

    path: str
    sha256: str
    container: str
    codec: str
    sample_rate: int
    samples: int
    channels: tuple[str, ...]
    findings: tuple[Finding, ...] = ()

    @property
    def duration(self) -> float:
        """Length in seconds."""
        return self.samples / self.sample_rate


@dataclass(frozen=True)
class Event:
    """One impairment found at one place.

    Parameters
    ----------
    kind
        What it is: ``dropout``, ``clipping``, ``dead-air`` ... (the detector's docstring lists its kinds).
    channel
        Name of the channel it is on, or None where it belongs to the call as a whole.
    segment
        Where it is.
    severity
        How much it matters.
    evidence
        What it rests on.
    """

    kind: str
    channel: str | None
    segment: Segment
    severity: Severity
    evidence: Evidence = field(default_factory=dict)


@dataclass(frozen=True)
class Skipped:
    """Something that could not be measured, and why; never a 0 or a None in its place.

    Parameters
    ----------
    kind
        What was not measured: an event kind, or ``mos``, ``level``, ``pesq``.
    channel
        Name of the channel, or None for the whole call.
    reason
        One plain-English clause.
    """

    kind: str
    channel: str | None
    reason: str


@dataclass(frozen=True)
class Detection:
    """What one detector says of one recording."""

    events: tuple[Event, ...] = ()
    skipped: tuple[Skipped, ...] = ()


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


@dataclass(frozen=True)
class Party:
    """What one channel of the recording amounts to.

    Parameters
    ----------
    channel
        Its name.
    speech
        Seconds of speech.
    level
        P.56 active speech level, or why there is none.
    mos
        Its MOS, or why there is none.
    figures
        Further plain figures by name: ``dc_offset``, ``peak_dbov``, ``clipped_share``.
    """

    channel: str
    speech: float
    level: ActiveLevel | Skipped
    mos: PartyMos | Skipped
    figures: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Flag:
    """One reason, in plain English, why a person should review the call.

    Parameters
    ----------
    rule
        Name of the rule that fired.
    channel
        The party concerned, or None for the whole call.
    reason
        One sentence that names party, fault, place and consequence.
    segment
        Where to listen first, or None.
    """

    rule: str
    channel: str | None
    reason: str
    segment: Segment | None = None


@dataclass(frozen=True)
class CallReport:
    """Everything known of one recording; the command line, the store, the service and the page read this.

    Parameters
    ----------
    recording
        The file.
    separable
        False where both parties share one channel ("parties not separable").
    parties
        One for each channel, in file order.
    mos, band
        The call's MOS: that of its worse party; or why there is none.
    events
        In order of start.
    findings
        What the decoder and the measurements say of the file itself (same as ``recording.findings`` plus
        what was found while measuring).
    skipped
        What could not be measured.
    flags
        Reasons to review the call; empty where there are none.
    pesq
        One result for each channel and mode where a reference was given.
    band_set
        Name of the band set in force.
    estimator
        Identity of the estimator (model, weights, calibration), or ``none``.
    settings_digest
        SHA-256 of every setting that could change the report.
    version
        audioqa's version.
    """

    recording: Recording
    separable: bool
    parties: tuple[Party, ...]
    mos: Score | Skipped
    band: str | Skipped
    events: tuple[Event, ...]
    findings: tuple[Finding, ...]
    skipped: tuple[Skipped, ...]
    flags: tuple[Flag, ...]
    pesq: tuple[PesqResult, ...]
    band_set: str
    estimator: str
    settings_digest: str
    version: str
