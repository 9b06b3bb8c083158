"""What two detectors find of the same fault is told once, by the one that says more of it."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

from audioqa.types import Event

STRETCHES = ("concealed-loss", "robotic")
"""Kinds that tell of short concealed dropouts together."""


def told_once(events: Sequence[Event]) -> list[Event]:
    """Events without the dropouts that something wider tells of, on the same channel, over more than half of them.

    A silence gap tells of every dropout that is its edge or the whole of it; a stretch of concealed loss, or a robotic
    one, of those that were concealed well.

    Parameters
    ----------
    events
        In any order; events of one kind on one channel do not overlap each other.
    """
    wider = {
        (kind, channel): sorted(
            (event.segment for event in events if (event.kind, event.channel) == (kind, channel)),
        )
        for kind in ("silence-gap", *STRETCHES)
        for channel in {event.channel for event in events if event.kind == kind}
    }
    kept = []
    for event in events:
        kinds = ("silence-gap", *(STRETCHES if _concealed(event) else ())) if event.kind == "dropout" else ()
        middle = (event.segment.start + event.segment.end) / 2  # what covers more than half of it covers this
        tellers = (wider.get((kind, event.channel), []) for kind in kinds)
        near = [told[place - 1] for told in tellers if (place := bisect_right(told, middle, key=lambda s: s.start))]
        if not any(one.overlap(event.segment) > event.segment.duration / 2 for one in near):
            kept.append(event)
    return kept


def _concealed(dropout: Event) -> bool:
    return dropout.severity == "notice" and dropout.evidence.get("fill") in ("repeat", "fade")
