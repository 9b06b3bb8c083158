"""Incidents: flagged calls of one hour on one trunk that have a fault in common.

A call may be flagged for several reasons. It belongs to the one that most calls of that hour on that trunk share, so
that an outage is one incident even where some of its calls have other faults beside. How bad a call was is no fault:
the rules on the MOS count only where there is no other.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from audioqa.review.words import MOS_RULES
from audioqa.store.review.rows import Queued


def collapse(group: Sequence[Queued], *, examples: int) -> list[Queued]:
    """Sort the calls of one hour on one trunk into incidents.

    Parameters
    ----------
    group
        The calls.
    examples
        How many calls of an incident are handed out. Those that somebody has or has judged are the first of them.

    Returns
    -------
    list of Queued
        All of them with their fault; whether each is handed out.
    """
    shared = Counter(rule for one in group for rule in _faults(one))
    kept = {one.call: _fault(one, shared) for one in group}
    found: list[Queued] = []
    handed_out: Counter[str | None] = Counter()
    for one in sorted(group, key=lambda one: (not one.touched, not one.example, one.place, one.call)):
        fault = kept[one.call]
        example = one.touched or fault is None or handed_out[fault] < examples
        handed_out[fault] += example
        found.append(replace(one, fault=fault, example=example))
    return found


def _faults(one: Queued) -> frozenset[str]:
    return one.rules - MOS_RULES or one.rules


def _fault(one: Queued, shared: Counter[str]) -> str | None:
    return min(_faults(one), key=lambda rule: (-shared[rule], rule), default=None)
