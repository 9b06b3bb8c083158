"""The review queue of one tenant: what is to be reviewed, whose turn it is, what they say.

Every flagged call of the last days is to be reviewed, and beside them a share of the others, drawn at random. Both are
handed out in one random order, so that nobody can tell which is which, and so that what was judged stands for the rest.
A reviewer has one call at a time, and a call one reviewer. The rating comes first, while nothing is shown; then the
verdict, which may be changed later: what was said before stays in the trail.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Literal, TypeVar

from audioqa.errors import ReviewError
from audioqa.review.incidents import collapse
from audioqa.review.settings import ReviewSettings, review_settings
from audioqa.review.words import LABELS, RATINGS, VERDICTS
from audioqa.store import Store
from audioqa.store.database import snapshot, writing
from audioqa.store.review import figures, filling, incidents, keeping, turns
from audioqa.store.review.rows import Act, Incident, Turn

if TYPE_CHECKING:
    from sqlalchemy import Connection

_T = TypeVar("_T")

LONGEST_NOTE = 4000
"""Characters of a note."""


@dataclass(frozen=True)
class Nothing:
    """Why there is no call for a reviewer now.

    Parameters
    ----------
    why
        ``empty``: all that a rule flags is judged, or in other hands. ``limit``: the team has had its calls of today.
    """

    why: Literal["empty", "limit"]


@dataclass(frozen=True)
class Waiting:
    """How much there is to do.

    Parameters
    ----------
    calls
        Calls that wait for a reviewer.
    today
        Calls that the team has had today.
    limit
        Calls that it is given in a day; None for no limit.
    """

    calls: int
    today: int
    limit: int | None


@dataclass(frozen=True)
class ReviewQueue:
    """The queue of one tenant.

    Parameters
    ----------
    store
        Where its calls are.
    tenant
        Whose.
    now
        Tells the time, UTC.
    chance
        Of what is drawn.
    fresh
        Seconds for which the queue is taken to be up to date; a call that no rule flags any more is never handed out.
    """

    store: Store
    tenant: str
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    chance: random.Random = field(default_factory=random.SystemRandom)
    fresh: float = 0.0

    def settings(self) -> ReviewSettings:
        """The settings in force."""
        with snapshot(self.store.engine) as connection:
            return self._settings(connection)

    def change_settings(self, settings: ReviewSettings, *, by: str) -> None:
        """Put settings into force; who did so, and what they were, stays in the audit trail."""
        self._write(lambda c: keeping.put_settings(c, self.tenant, settings.plain(), by=by))

    def refresh(self) -> None:
        """Bring the queue up to date with what is flagged now; `next` does so by itself."""

        def work(connection: Connection) -> None:
            filling.lock(connection, self.tenant)
            self._refresh(connection, self._settings(connection), self.now())

        with snapshot(self.store.engine) as connection:
            due = not self._is_fresh(connection)
        if due:
            self._write(work)

    def next(self, reviewer: str) -> Turn | Nothing:
        """The call that a reviewer has, or else the next one; or why there is none.

        Parameters
        ----------
        reviewer
            Who asks.
        """

        def work(connection: Connection) -> Turn | Nothing:
            now = self.now()
            filling.lock(connection, self.tenant)
            turns.expire(connection, self.tenant, now)
            mine = turns.open_turn(connection, self.tenant, reviewer)
            if mine is not None:
                return mine
            settings = self._settings(connection)
            team = settings.team(reviewer)
            limit = settings.limit(team)
            if limit is not None and turns.used(connection, self.tenant, team, now.date()) >= limit:
                return Nothing("limit")
            given = self._give(connection, settings, reviewer, now) if self._is_fresh(connection) else None
            if given is None:
                self._refresh(connection, settings, now)
                given = self._give(connection, settings, reviewer, now)
            return given or Nothing("empty")

        return self._write(work)

    def current(self, reviewer: str) -> Turn | None:
        """The call that a reviewer has; None where there is none. Nothing is given out."""
        with snapshot(self.store.engine) as connection:
            mine = turns.open_turn(connection, self.tenant, reviewer)
        return None if mine is None or mine.expires_at <= self.now() else mine

    def unrated(self, reviewer: str) -> int | None:
        """The number of the call that a reviewer has and has not rated, even if for too long; None without."""
        with snapshot(self.store.engine) as connection:
            mine = turns.open_turn(connection, self.tenant, reviewer)
        return None if mine is None or mine.rating is not None else mine.call

    def turn(self, key: int, reviewer: str) -> Turn:
        """A turn of this reviewer's.

        Raises
        ------
        ReviewError
            Where it is none of theirs.
        """
        with snapshot(self.store.engine) as connection:
            return self._mine(connection, key, reviewer)

    def renew(self, key: int, reviewer: str) -> None:
        """A sign of life: the call stays with its reviewer for as long as at the beginning.

        Raises
        ------
        ReviewError
            Where the turn is none of theirs.
        """

        def work(connection: Connection) -> None:
            turn = self._mine(connection, key, reviewer)
            turns.renew(connection, turn.key, self.now() + timedelta(minutes=self._settings(connection).lease))

        self._write(work)

    def rate(self, key: int, reviewer: str, rating: int) -> Turn:
        """The blind rating, once, before anything is shown.

        Parameters
        ----------
        key, reviewer
            The turn and whose it is.
        rating
            1 to 5.

        Raises
        ------
        ReviewError
            Where there is a rating already, it is no rating, or the turn is over or none of theirs.
        """
        if rating not in RATINGS or isinstance(rating, bool):
            raise ReviewError(f"a rating is 1 (bad) to 5 (excellent), not {rating!r}", "value")

        def work(connection: Connection) -> Turn:
            turn = self._mine(connection, key, reviewer)
            if turn.ended_at is not None:
                raise ReviewError("this call is no longer yours: you had it for too long, or gave it back", "over")
            if not turns.rate(connection, turn.key, rating, self.now()):
                raise ReviewError("this call is rated already: a rating is given once, and blind", "rated")
            turns.renew(connection, turn.key, self.now() + timedelta(minutes=self._settings(connection).lease))
            return self._mine(connection, key, reviewer)

        return self._write(work)

    def judge(self, key: int, reviewer: str, verdict: str, *, labels: Sequence[str] = (), note: str = "") -> Turn:
        """The verdict after the rating; again, to change it.

        Parameters
        ----------
        key, reviewer
            The turn and whose it is.
        verdict
            One of `audioqa.review.words.VERDICTS`.
        labels
            Some of `audioqa.review.words.LABELS`.
        note
            Whatever else is to be said, at most `LONGEST_NOTE` characters.

        Raises
        ------
        ReviewError
            Where there is no rating yet, a word is not known, or the turn is none of theirs.
        """
        if verdict not in VERDICTS:
            raise ReviewError(f"a verdict is {', '.join(VERDICTS)}, not {verdict!r}", "value")
        for label in labels:
            if label not in LABELS:
                raise ReviewError(f"there is no label {label!r}; there are {', '.join(LABELS)}", "value")
        if len(note) > LONGEST_NOTE:
            raise ReviewError(f"a note has at most {LONGEST_NOTE} characters, this one {len(note)}", "value")
        kept = [label for label in LABELS if label in labels]

        def work(connection: Connection) -> Turn:
            turn = self._mine(connection, key, reviewer)
            if turn.rating is None:
                raise ReviewError("the rating comes first, then the verdict", "unrated")
            turns.judge(connection, turn, reviewer, verdict, labels=kept, note=note, now=self.now())
            return self._mine(connection, key, reviewer)

        return self._write(work)

    def give_back(self, key: int, reviewer: str) -> None:
        """Leave a call to somebody else, before it is rated.

        Raises
        ------
        ReviewError
            Where it is rated, or the turn is none of theirs.
        """

        def work(connection: Connection) -> None:
            turn = self._mine(connection, key, reviewer)
            if turn.rating is not None:
                raise ReviewError("this call is rated: say what it is, then go on", "rated")
            if turn.ended_at is None:
                turns.end(connection, turn.key, "returned", self.now())

        self._write(work)

    def waiting(self, reviewer: str) -> Waiting:
        """How much there is to do for a reviewer, as of the last `refresh`."""
        with snapshot(self.store.engine) as connection:
            settings = self._settings(connection)
            team = settings.team(reviewer)
            return Waiting(
                sum(turns.waiting(connection, self.tenant, reviewer).values()),
                turns.used(connection, self.tenant, team, self.now().date()),
                settings.limit(team),
            )

    def incidents(self, *, days: int | None = None, most: int = 100) -> list[Incident]:
        """Calls with the same fault on the same trunk in the same hour, those with most calls first.

        Parameters
        ----------
        days
            Age up to which they are listed; None for that of the queue.
        most
            How many.
        """
        with snapshot(self.store.engine) as connection:
            since = self.now() - timedelta(days=days or self._settings(connection).days)
            return incidents.list_incidents(connection, self.tenant, since=since, most=most)

    def hand_out_all(self, trunk: str, hour: datetime, fault: str) -> int:
        """Have every call of an incident judged, not examples only; how many calls that adds.

        Parameters
        ----------
        trunk, hour, fault
            As `audioqa.store.review.rows.Incident` has them.
        """
        return self._write(lambda c: incidents.hand_out_all(c, self.tenant, trunk, hour, fault))

    def trail(self, call_id: str) -> list[Act]:
        """Everything that reviewers did to a call, in the order of time."""
        with snapshot(self.store.engine) as connection:
            return figures.trail(connection, self.tenant, call_id)

    def _give(self, connection: Connection, settings: ReviewSettings, reviewer: str, now: datetime) -> Turn | None:
        worst_first = settings.order == "worst"
        return turns.give(
            connection,
            self.tenant,
            reviewer,
            team=settings.team(reviewer),
            now=now,
            until=now + timedelta(minutes=settings.lease),
            stratum=self._stratum(connection, reviewer) if worst_first else None,
            worst_first=worst_first,
        )

    def _is_fresh(self, connection: Connection) -> bool:
        last = keeping.last_filled(connection, self.tenant) if self.fresh else None
        return last is not None and timedelta(0) <= self.now() - last < timedelta(seconds=self.fresh)

    def _refresh(self, connection: Connection, settings: ReviewSettings, now: datetime) -> None:
        since = now - timedelta(days=settings.days)
        if self.fresh:
            keeping.note_filled(connection, self.tenant, now)
        groups = filling.drop_settled(connection, self.tenant, since=since)
        groups |= filling.add_flagged(connection, self.tenant, since=since, twice=settings.twice, chance=self.chance)
        for group in sorted(groups):
            before = {one.call: one for one in filling.read_group(connection, self.tenant, group)}
            sorted_in = collapse(list(before.values()), examples=settings.examples)
            filling.sort_in(connection, [one for one in sorted_in if one != before[one.call]])
        count = filling.counts(connection, self.tenant, since=since)
        wanted = math.ceil(count["flagged"] * settings.sample / (1 - settings.sample) - 1e-9)
        if wanted > count["sample"]:
            filling.add_sample(
                connection,
                self.tenant,
                wanted - count["sample"],
                since=since,
                twice=settings.twice,
                chance=self.chance,
            )

    def _stratum(self, connection: Connection, reviewer: str) -> Literal["flagged", "sample"]:
        """From which of the two the next call comes, each as likely as it has calls that wait."""
        waiting = turns.waiting(connection, self.tenant, reviewer)
        every = sum(waiting.values())
        return "sample" if every and self.chance.random() < waiting["sample"] / every else "flagged"

    def _settings(self, connection: Connection) -> ReviewSettings:
        return review_settings(keeping.get_settings(connection, self.tenant))

    def _mine(self, connection: Connection, key: int, reviewer: str) -> Turn:
        turn = turns.find_turn(connection, self.tenant, key)
        if turn is None or turn.reviewer != reviewer:
            raise ReviewError("there is no such turn of yours", "missing")
        return turn

    def _write(self, work: Callable[[Connection], _T]) -> _T:
        return writing(self.store.engine, work)
