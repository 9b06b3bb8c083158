"""Whether a masked clip still shows its faults: the detectors hear it, and what they find is compared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from audioqa.types import Event, Segment

KEPT = ("dropout", "silence-gap", "clipping", "background-noise", "noise-burst")
"""Kinds of event that are put into a masked clip."""

WITHIN = 0.05
"""Seconds by which they may begin and end elsewhere."""


@dataclass(frozen=True)
class Agreement:
    """What became of the faults.

    Parameters
    ----------
    kept, lost
        Those of the call that the detectors find in the masked clip, and that they do not.
    added
        Those that they find in the masked clip alone.
    stoi
        How well the speech of each channel could be understood, by STOI against the original: 0 not at all, to 1.
    """

    kept: tuple[Event, ...]
    lost: tuple[Event, ...]
    added: tuple[Event, ...]
    stoi: tuple[float, ...] = ()


def compare(wanted: Sequence[Event], found: Sequence[Event], stretch: Segment, duration: float) -> Agreement:
    """Compare events of a call and of its masked stretch.

    Parameters
    ----------
    wanted
        Of the call; those of other kinds, and outside the stretch, are not looked at.
    found
        Of the masked clip, whose times begin with the stretch.
    stretch
        Which part of the call it is.
    duration
        Seconds of the call: an edge of an event that the stretch cuts is not compared.
    """
    mine = [event for event in wanted if event.kind in KEPT and event.segment.overlap(stretch) > 0]
    theirs = [event for event in found if event.kind in KEPT]
    met = [[other for other in theirs if _same(event, other, stretch, duration)] for event in mine]
    taken = {id(other) for others in met for other in others}
    return Agreement(
        kept=tuple(event for event, others in zip(mine, met, strict=True) if others),
        lost=tuple(event for event, others in zip(mine, met, strict=True) if not others),
        added=tuple(other for other in theirs if id(other) not in taken),
    )


def _same(event: Event, other: Event, stretch: Segment, duration: float) -> bool:
    if (event.kind, event.channel) != (other.kind, other.channel):
        return False
    start, end = other.segment.start + stretch.start, other.segment.end + stretch.start
    begins = event.segment.start < stretch.start or abs(event.segment.start - start) <= WITHIN
    ends = event.segment.end > min(stretch.end, duration) or abs(event.segment.end - end) <= WITHIN
    return begins and ends and event.segment.overlap(Segment(start, end)) > 0
