"""An alert: what is watched, since when it is worse, by how much, and whether that is over."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

State = Literal["open", "recovered", "re-opened"]
"""Bad now; over; bad again after it was over."""


@dataclass(frozen=True)
class Spell:
    """One time that it was bad; moments are seconds since 1970.

    Parameters
    ----------
    since
        When the first call began that belongs to it.
    fired
        When the call began that made it certain.
    until
        When the first call began that is well again; None while it is not over.
    recovered
        When the call began that made that certain.
    drop
        How much the MOS is lower than without it; 0 for alerts on faults.
    """

    since: float
    fired: float
    until: float | None = None
    recovered: float | None = None
    drop: float = 0.0


@dataclass(frozen=True)
class Alert:
    """What a rule says of a segment.

    Parameters
    ----------
    rule, kind
        The rule, and what it looks for: ``below``, ``drop``, ``hours``, ``standing`` or ``cluster``.
    by, value
        The segment: a column (or several, ``carrier+site``) and its word.
    detail
        The fault of a cluster, or the hours of the day (``17-20``); empty otherwise.
    spells
        The times that it was bad, in order; at least one.
    before, after
        MOS, or the share of calls with the fault, before and within the last spell. ``before`` is the line where there
        is one.
    calls
        Calls that the last spell was made certain by.
    score, limit
        How certain that was, in standard deviations, and what was asked for.
    first, last
        Numbers of the first call of the last spell, and of the latest call that was looked at.
    part_of
        The segment of a wider alert that explains it; empty where there is none.
    evidence
        Cusum of the recovery, and from when on it counts.
    """

    rule: str
    kind: str
    by: str
    value: str
    detail: str
    spells: tuple[Spell, ...]
    before: float
    after: float
    calls: int
    score: float
    limit: float
    first: int
    last: int
    part_of: str = ""
    cusum: float = 0.0
    cusum_at: float = 0.0
    sized: int = 0

    @property
    def name(self) -> tuple[str, str, str, str]:
        """By which the same alert is known again."""
        return self.rule, self.by, self.value, self.detail

    @property
    def is_open(self) -> bool:
        """Whether it is bad now."""
        return self.spells[-1].until is None and not self.part_of

    @property
    def state(self) -> State:
        """In a word."""
        if not self.is_open:
            return "recovered"
        return "open" if len(self.spells) == 1 else "re-opened"

    @property
    def end(self) -> float | None:
        """When the last spell ended; None while it is open."""
        return self.spells[-1].until


def to_plain(alert: Alert) -> dict[str, Any]:
    """An alert as plain values, for a checkpoint."""
    values = dict(vars(alert))
    values["spells"] = [dict(vars(spell)) for spell in alert.spells]
    return values


def from_plain(values: Mapping[str, Any]) -> Alert:
    """The alert that `to_plain` wrote."""
    return Alert(**dict(values) | {"spells": tuple(Spell(**spell) for spell in values["spells"])})
