"""What two detectors find of the same fault is told once, by the one that says more of it."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence

from audioqa.types import Event

STRETCHES = ("concealed-loss", "robotic")
"""Kinds that tell of short concealed dropouts together."""

HUM = 6.0
"""dB: noise up to this much louder than a hum is the hum. A hum's level is that of its lines below 500 Hz; the whole of
it is 4 to 10 dB louder (median and 95 %, docs/impairments.md)."""


def told_once(events: Sequence[Event]) -> list[Event]:
    """Events without those that another one on the same channel tells of, over more than half of them.

    A silence gap tells of every dropout that is its edge or the whole of it; a stretch of concealed loss, or a robotic
    one, of those that were concealed well; mains hum of the background noise that it is.

    Parameters
    ----------
    events
        In any order; events of one kind on one channel do not overlap each other.
    """
    wider = {
        (kind, channel): sorted(
            (event.segment for event in events if (event.kind, event.channel) == (kind, channel)),
        )
        for kind in ("silence-gap", *STRETCHES, "hum")
        for channel in {event.channel for event in events if event.kind == kind}
    }
    hums: dict[str | None, float] = {}
    for event in events:
        if event.kind == "hum":
            hums[event.channel] = max(hums.get(event.channel, -math.inf), float(event.evidence["level_dbov"]))
    kept = []
    for event in events:
        kinds = _tellers(event, hums.get(event.channel, -math.inf))
        middle = (event.segment.start + event.segment.end) / 2  # what covers more than half of it covers this
        tellers = (wider.get((kind, event.channel), []) for kind in kinds)
        near = [told[place - 1] for told in tellers if (place := bisect_right(told, middle, key=lambda s: s.start))]
        if not any(one.overlap(event.segment) > event.segment.duration / 2 for one in near):
            kept.append(event)
    return kept


def _tellers(event: Event, hum: float) -> tuple[str, ...]:
    """Kinds of event that may tell of this one; `hum` is the level of the channel's hum, dBov."""
    if event.kind == "dropout":
        return ("silence-gap", *(STRETCHES if _concealed(event) else ()))
    noise = event.evidence.get("noise_dbov")
    return ("hum",) if event.kind == "background-noise" and noise is not None and float(noise) <= hum + HUM else ()


def _concealed(dropout: Event) -> bool:
    return dropout.severity == "notice" and dropout.evidence.get("fill") in ("repeat", "fade")
