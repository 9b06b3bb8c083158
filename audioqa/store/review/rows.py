"""What comes out of the tables of the review queue."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Stratum = Literal["flagged", "sample"]
"""Why a call is in the queue: rules flag it, or it was drawn at random from those that no rule flags."""

Outcome = Literal["judged", "returned", "expired"]
"""How a turn ended."""


@dataclass(frozen=True)
class Queued:
    """One call of the queue.

    Parameters
    ----------
    call
        The store's number of the call.
    place
        0 to 1, at random: calls are handed out in this order.
    rules
        The rules that flag it.
    touched
        Whether somebody has it, or has judged it.
    fault
        What it has in common with others, as far as it was sorted in.
    example
        Whether it is handed out.
    """

    call: int
    place: float
    rules: frozenset[str]
    touched: bool
    fault: str | None
    example: bool


@dataclass(frozen=True)
class Turn:
    """One reviewer's turn at one call.

    Parameters
    ----------
    key
        The store's number of it.
    tenant, call, call_id
        The call, by number and by name.
    reviewer, team
        Whose turn it is.
    given_at, expires_at
        From when, and until when without a sign of life.
    ended_at, outcome
        None where it is still on.
    flagged, mos
        Of the call when it was given.
    rating
        The blind rating, 1 to 5; None where there is none yet.
    """

    key: int
    tenant: str
    call: int
    call_id: str
    reviewer: str
    team: str
    given_at: datetime
    expires_at: datetime
    ended_at: datetime | None
    outcome: Outcome | None
    flagged: bool
    mos: float | None
    rating: int | None


@dataclass(frozen=True)
class Act:
    """One thing that somebody did to a call, for the audit trail.

    Parameters
    ----------
    at
        When, UTC.
    by
        Who.
    what
        ``given``, ``rated``, ``judged``, ``changed`` (a verdict after the first), ``returned`` or ``expired``.
    turn
        Number of the turn.
    rating
        Of ``rated``.
    verdict, labels, note
        Of ``judged`` and ``changed``.
    """

    at: datetime
    by: str
    what: str
    turn: int
    rating: int | None = None
    verdict: str | None = None
    labels: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True)
class Opinion:
    """What one reviewer thinks of a call.

    Parameters
    ----------
    reviewer
        Who.
    rating
        The blind rating, 1 to 5.
    verdict
        The last verdict; None where the turn ended without one.
    labels
        Words for what is wrong.
    at
        When the last verdict was given; None where there is none.
    """

    reviewer: str
    rating: int
    verdict: str | None
    labels: tuple[str, ...] = ()
    at: datetime | None = None


@dataclass(frozen=True)
class Judged:
    """A call that somebody has rated.

    Parameters
    ----------
    call, call_id
        The call, by number and by name.
    stratum
        Why it was in the queue.
    flagged
        Whether rules flag it now.
    mos
        Its MOS now; None where it has none.
    rules
        The rules that flag it now.
    opinions
        One for each reviewer, in the order of time.
    weight
        How many calls it stands for: of an incident, its calls by its examples.
    """

    call: int
    call_id: str
    stratum: Stratum
    flagged: bool
    mos: float | None
    rules: frozenset[str]
    opinions: tuple[Opinion, ...]
    weight: float = 1.0


@dataclass(frozen=True)
class Incident:
    """Calls with the same fault on the same trunk in the same hour.

    Parameters
    ----------
    trunk, hour, fault
        What they have in common; `hour` is its beginning, UTC.
    calls
        How many.
    examples
        How many of them are handed out.
    judged
        How many of those have a verdict.
    shown
        Examples that were judged, each by number and name. The others are not named: somebody has to rate them blind.
    """

    trunk: str
    hour: datetime
    fault: str
    calls: int
    examples: int
    judged: int
    shown: tuple[tuple[int, str], ...]


@dataclass(frozen=True)
class Answer:
    """One answer on a scorecard.

    Parameters
    ----------
    call_id
        The call.
    question
        In the scorecard's own words.
    answer
        ``yes``, ``no`` or ``n/a``.
    evaluator
        Who answered.
    answered_at
        When; None where not known.
    """

    call_id: str
    question: str
    answer: str
    evaluator: str
    answered_at: datetime | None
