"""What a fault of the recorder explains: events that must not count against a party, and what to check."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from audioqa.types import Event, Finding


@dataclass(frozen=True)
class RecorderFault:
    """One kind of finding that says that the recording is at fault.

    Parameters
    ----------
    check
        What to look at next, one clause.
    explains
        Kinds of event that come of it, where and on which channel it is found.
    score
        Whether it spoils what the estimator hears.
    """

    check: str
    explains: frozenset[str] = frozenset()
    score: bool = False


_BOTH = frozenset({"echo", "double-talk", "interruption", "one-way-audio", "unbalanced"})
_PEAKS = frozenset({"clicks", "clipping", "noise-burst", "too-loud", "unbalanced", "level-jump"})

RECORDER_FAULTS: Mapping[str, RecorderFault] = {
    "copied-channel": RecorderFault("how the recorder assigns parties to channels", _BOTH),
    "shifted-channel": RecorderFault("how the recorder assigns parties to channels", _BOTH),
    "clock-drift": RecorderFault("whether both legs are recorded by one clock"),
    "leg-speed": RecorderFault(
        "which sample rate each leg was captured at", frozenset({"double-talk", "interruption"}), score=True
    ),
    "leg-skip": RecorderFault("whether the recorder lost or doubled a block of one leg"),
    "late-leg": RecorderFault(
        "when the recorder was attached to each leg",
        frozenset({"digital-silence", "silence-gap", "delayed-start", "abrupt-end", "leading-silence"}),
    ),
    "padded-leg": RecorderFault(
        "why the recorder closed the files of the legs at different times",
        frozenset({"digital-silence", "silence-gap", "abrupt-end", "trailing-silence"}),
    ),
    "overflow-wrap": RecorderFault("the gain before the recorder, and how it mixes or decodes", _PEAKS, score=True),
    "rate-relabelled": RecorderFault(
        "which sample rate the recording was made at",
        frozenset({"muffled", "narrowband-content", "double-talk", "interruption"}),
        score=True,
    ),
}
"""By kind of finding."""


def recorder_faults(findings: Iterable[Finding]) -> list[Finding]:
    """Those findings that say that the recording is at fault and that are worth a look."""
    return [finding for finding in findings if finding.kind in RECORDER_FAULTS and finding.severity != "notice"]


def unexplained(events: Iterable[Event], findings: Sequence[Finding]) -> list[Event]:
    """Events without those that a fault of the recorder explains."""
    faults = recorder_faults(findings)
    return [event for event in events if not any(_explains(finding, event) for finding in faults)]


def _explains(finding: Finding, event: Event) -> bool:
    if event.kind not in RECORDER_FAULTS[finding.kind].explains:
        return False
    if finding.channel is not None and event.channel not in (finding.channel, None):
        return False
    return finding.segment is None or finding.segment.overlap(event.segment) > 0
