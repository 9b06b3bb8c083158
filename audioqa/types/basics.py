"""Places in a recording, what is found there, and what could not be measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Severity = Literal["notice", "warning", "severe"]
"""How much an event or finding matters: worth knowing, worth a look, reason enough to review the call."""

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
    """Something about the file, its decoding or the recorder that a reader of the report should know.

    It is the recording that is at fault, not the call: a finding never counts against a party.

    Parameters
    ----------
    kind
        A stable word, such as ``truncated``, ``bad-frames``, ``header-length``, ``nan-samples``, ``copied-channel``.
    message
        One plain-English sentence.
    severity
        How much it matters.
    evidence
        The figures behind the sentence.
    channel
        Name of the channel, or None where it is of the whole file or of what its channels have in common.
    segment
        Where it is, or None where it is everywhere.
    """

    kind: str
    message: str
    severity: Severity = "notice"
    evidence: Evidence = field(default_factory=dict)
    channel: str | None = None
    segment: Segment | None = None


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
class Phase:
    """A stretch of a call that is not conversation: signalling, music, a machine, a mute.

    It is what was recorded from a party, not what the other one heard.

    Parameters
    ----------
    kind
        ``ringback``, ``busy``, ``dtmf``, ``hold-music`` ... (`audioqa.phases.KINDS` lists them).
    channel
        Name of the channel it is on, or None where it belongs to the call as a whole.
    segment
        Where it is.
    evidence
        What it rests on.
    """

    kind: str
    channel: str | None
    segment: Segment
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
    """What one detector says of one recording: findings are of the recorder, events of the call."""

    events: tuple[Event, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    findings: tuple[Finding, ...] = ()
