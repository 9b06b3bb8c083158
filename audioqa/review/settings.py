"""How a tenant reviews its calls."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal

from audioqa.errors import SettingsError

Order = Literal["random", "worst"]


@dataclass(frozen=True)
class ReviewSettings:
    """How a tenant reviews.

    Parameters
    ----------
    sample
        Share of what is handed out that no rule flags, 0 to 0.5: drawn at random, and not marked.
    twice
        Share of what is handed out that two people review, 0 to 1.
    daily_limit
        Calls that a team is given on one day (UTC), at least 1; None for no limit.
    limits
        Other limits by the name of a team.
    teams
        The team of a reviewer, by name; those who are not named here are one team without a name.
    examples
        Calls of an incident that are handed out, at least 1.
    lease
        Minutes that a call stays with a reviewer without a sign of life, 1 to 480.
    days
        Age in days up to which calls are in the queue, 1 to 366.
    order
        ``random``, so that what is judged stands for what is flagged, and nobody can tell a call by its turn; or
        ``worst`` first.
    question
        The question of the scorecard that verdicts answer.
    """

    sample: float = 0.05
    twice: float = 0.10
    daily_limit: int | None = None
    limits: Mapping[str, int] = field(default_factory=dict)
    teams: Mapping[str, str] = field(default_factory=dict)
    examples: int = 3
    lease: int = 30
    days: int = 30
    order: Order = "random"
    question: str = "Was the audio clear?"

    def __post_init__(self) -> None:
        _between("sample", self.sample, 0, 0.5)
        _between("twice", self.twice, 0, 1)
        for name, limit in (("daily_limit", self.daily_limit), *(("limits", limit) for limit in self.limits.values())):
            if limit is not None:
                _whole(name, limit, 1, 100_000)
        _whole("examples", self.examples, 1, 1000)
        _whole("lease", self.lease, 1, 480)
        _whole("days", self.days, 1, 366)
        if self.order not in ("random", "worst"):
            raise SettingsError(f"review: order is random or worst, not {self.order!r}")
        if not self.question.strip() or len(self.question) > 200:
            raise SettingsError("review: question has 1 to 200 characters")

    def team(self, reviewer: str) -> str:
        """The team that a reviewer belongs to."""
        return self.teams.get(reviewer, "")

    def limit(self, team: str) -> int | None:
        """Calls that a team is given on one day; None for no limit."""
        return self.limits.get(team, self.daily_limit)

    def plain(self) -> dict[str, Any]:
        """The settings as they are kept."""
        return asdict(self) | {"limits": dict(self.limits), "teams": dict(self.teams)}


def review_settings(values: Mapping[str, Any]) -> ReviewSettings:
    """Settings from what was kept or typed in.

    Parameters
    ----------
    values
        By the names of the fields; what is left out is as by default.

    Raises
    ------
    SettingsError
        Where a name or a value cannot be used.
    """
    known = {one.name for one in fields(ReviewSettings)}
    for name in values:
        if name not in known:
            raise SettingsError(f"review: there is no setting {name!r}; there are {', '.join(sorted(known))}")
    try:
        return ReviewSettings(**values)
    except (TypeError, AttributeError):
        raise SettingsError("review: a setting has a value of the wrong kind") from None


def _between(name: str, value: float, low: float, high: float) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise SettingsError(f"review: {name} is a number from {low} to {high}, not {value!r}")


def _whole(name: str, value: int, low: int, high: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise SettingsError(f"review: {name} is a whole number from {low} to {high}, not {value!r}")
