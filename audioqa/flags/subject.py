"""What a rule looks at: a call, one of its parties, an event, several events, a finding or a likely cause."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal

from audioqa.bands import BandSet
from audioqa.recorder_faults import RECORDER_FAULTS, recorder_faults
from audioqa.rounding import rounded
from audioqa.scoring import mean_mos
from audioqa.types import CallReport, Cause, Event, Finding, Party, PartyMos, Segment, Skipped, Worst
from audioqa.types.calls import CallInfo

About = Literal["call", "party", "event", "events", "finding", "cause"]
"""What a rule can be about."""

STANDS_OUT = 0.2
"""MOS by which the worst half minute must lie below the average to be named beside it."""


@dataclass(frozen=True)
class Call:
    """One call, with all that rules may ask about it.

    Parameters
    ----------
    report
        Its report.
    bands
        The band set in force.
    info
        What is known of it beside its sound.
    medians
        By field of metadata (``trunk``, ``tag.headset``): the median MOS, over 30 days, of the calls that have the same
        value there as this one. A field is left out where there are too few.
    """

    report: CallReport
    bands: BandSet
    info: CallInfo | None = None
    medians: Mapping[str, float] = field(default_factory=dict)

    @cached_property
    def events(self) -> tuple[Event, ...]:
        """Its events, placed to the digits of a report."""
        found = self.report.events
        return tuple(
            replace(event, segment=Segment(rounded(event.segment.start), rounded(event.segment.end))) for event in found
        )

    @cached_property
    def recorder_faults(self) -> Sequence[Finding]:
        """Findings that say that the recording is at fault."""
        return recorder_faults(self.report.findings)


@dataclass(frozen=True)
class Subject:
    """One thing that a rule looks at; everything that it is not, is empty.

    Parameters
    ----------
    call
        The call.
    about
        What it is.
    party
        The party whose it is; None where it belongs to the call as a whole.
    events
        The event, or the events.
    finding, cause
        The finding or the cause.
    """

    call: Call
    about: About
    party: Party | None = None
    events: tuple[Event, ...] = ()
    finding: Finding | None = None
    cause: Cause | None = None

    @property
    def parties(self) -> tuple[Party, ...]:
        """The party, or all of them where it belongs to the call."""
        return (self.party,) if self.party else self.call.report.parties

    @property
    def scored(self) -> list[PartyMos]:
        """The MOS of those parties that have one on a scale with bands."""
        found = [party.mos for party in self.parties if isinstance(party.mos, PartyMos)]
        return [mos for mos in found if not isinstance(mos.band, Skipped)]

    @property
    def worst(self) -> Worst | None:
        """The worst 30 s of those parties."""
        found = [mos.worst for mos in self.scored if isinstance(mos.worst, Worst)]
        return min(found, key=lambda worst: worst.mos, default=None)

    @property
    def dip(self) -> Worst | None:
        """The worst 30 s of the party, where it lies `STANDS_OUT` and more below its average."""
        if self.party is None or not self.scored or self.worst is None:
            return None
        return self.worst if rounded(self.worst.mos) < rounded(self.scored[0].score.value) - STANDS_OUT else None

    @property
    def longest(self) -> Segment | None:
        """The longest of the events."""
        return max((event.segment for event in self.events), key=lambda segment: segment.duration, default=None)

    @property
    def stretch(self) -> Segment | None:
        """From where the first of the events begins to where the last one ends."""
        return Segment(self.events[0].segment.start, self.events[-1].segment.end) if self.events else None

    @property
    def spoilt_by(self) -> str | None:
        """Kinds of recorder faults that spoil the party's score."""
        if self.party is None:
            return None
        mine = [fault for fault in self.call.recorder_faults if fault.channel in (None, self.party.channel)]
        return ", ".join(sorted({fault.kind for fault in mine if RECORDER_FAULTS[fault.kind].score})) or None

    def mos_at(self, place: Segment | None) -> float | None:
        """Mean MOS of the party over a stretch, to the digits of a report."""
        if self.party is None or place is None or not isinstance(self.party.mos, PartyMos):
            return None
        start, end = rounded(place.start), rounded(place.end)
        windows = [
            replace(
                window,
                segment=Segment(rounded(window.segment.start), rounded(window.segment.end)),
                mos=rounded(window.mos),
            )
            for window in self.party.mos.windows
            if window.segment.end > start - 1 and window.segment.start < end + 1
        ]
        return mean_mos(windows, Segment(start, end))
