"""What is planted in a made-up month of calls: a TOML file that anyone can replace, and a seed.

Keys of the file::

    seed = 1                  # of everything random; main(--seed) wins
    calls = 200_000
    start = 2026-06-01        # the first day, UTC
    days = 30

    [[facts]]
    name = "carrier 3 degrades"
    where = { carrier = "carrier 3" }       # calls with all of these; nothing means every call
    from = 2026-06-11T14:00:00Z             # from then on; left out: from the first day
    until = 2026-06-12T14:00:00Z            # before then; left out: to the end
    hours = [17, 20]                        # only from 17:00 to 20:00 of each day, UTC
    weekdays = [0, 4]                       # only on these; Monday is 0
    share = 1.0                             # of those calls, how many it meets
    drop = 0.7                              # MOS that they lose on average; below 0 they gain
    events = { dropout = 0.4 }              # for each kind the probability that a call has it on top
    network = { loss = 4.0 }                # what is added to a figure of the network on average

    [upgrade]                               # another model from a moment on, with a shift of its scale
    from = 2026-06-20
    estimator = "callmos 2 made up"
    shift = -0.15
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from audioqa.errors import SettingsError

PLAN = Path(__file__).with_name("month_plan.toml")

Shape = Literal["step", "spell", "recurring", "standing"]
"""From a moment on; from a moment to another; at the same hours again and again; all the time."""


@dataclass(frozen=True)
class Fact:
    """One planted fact.

    Parameters
    ----------
    name
        What people would call it.
    where
        Values of columns that its calls have.
    since, until
        Aware; None: from the first day, to the last.
    hours
        Hour of the day at which it begins and at which it ends, UTC; None: all day. 22 to 6 goes over midnight.
    weekdays
        Monday is 0; empty: every day.
    share
        Of those calls, how many it meets, 0 to 1.
    drop
        MOS that they lose on average.
    events
        Probability, for each kind of event, that such a call has one on top.
    network
        What is added to figures of the network on average.
    """

    name: str
    where: Mapping[str, str] = field(default_factory=dict)
    since: datetime | None = None
    until: datetime | None = None
    hours: tuple[float, float] | None = None
    weekdays: tuple[int, ...] = ()
    share: float = 1.0
    drop: float = 0.0
    events: Mapping[str, float] = field(default_factory=dict)
    network: Mapping[str, float] = field(default_factory=dict)

    @property
    def shape(self) -> Shape:
        """How it goes in time."""
        if self.hours or self.weekdays:
            return "recurring"
        if self.until is not None:
            return "spell"
        return "standing" if self.since is None else "step"


@dataclass(frozen=True)
class Upgrade:
    """Another model from a moment on: its scores are `shift` higher for the same sound."""

    since: datetime
    estimator: str
    shift: float


@dataclass(frozen=True)
class Plan:
    """A month: how many calls, when, and what is planted.

    Parameters
    ----------
    seed
        Of everything random.
    calls
        How many.
    start
        Its first moment, UTC.
    days
        How long it lasts.
    facts
        What is planted.
    upgrade
        Another model within the month.
    """

    seed: int
    calls: int
    start: datetime
    days: int
    facts: tuple[Fact, ...] = ()
    upgrade: Upgrade | None = None

    @property
    def end(self) -> datetime:
        """The first moment after it."""
        return self.start + timedelta(days=self.days)


def read_plan(path: Path = PLAN) -> Plan:
    """Read a plan.

    Parameters
    ----------
    path
        The TOML file.

    Raises
    ------
    SettingsError
        Where it cannot be read, or has a key or value that it may not have.
    """
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
        facts = tuple(_fact(fact) for fact in values.pop("facts", []))
        upgrade = values.pop("upgrade", None)
        start = _moment(values.pop("start"))
        return Plan(
            start=start,
            facts=facts,
            upgrade=Upgrade(_moment(upgrade.pop("from")), **upgrade) if upgrade else None,
            **values,
        )
    except OSError as error:
        raise SettingsError(f"{path}: the plan cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: not a TOML file: {error}") from None
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise SettingsError(f"{path}: not a plan of a month: {error}") from None


def _fact(values: dict[str, Any]) -> Fact:
    known = dict(values)
    for name in ("from", "until"):
        if name in known:
            known["since" if name == "from" else name] = _moment(known.pop(name))
    if "hours" in known:
        begin, end = known["hours"]
        known["hours"] = float(begin), float(end)
    fact = Fact(**known | {"weekdays": tuple(known.get("weekdays", ()))})
    if not 0.0 <= fact.share <= 1.0 or not all(0.0 <= odds <= 1.0 for odds in fact.events.values()):
        raise ValueError(f"{fact.name}: a share or probability is 0 to 1")
    return fact


def _moment(value: date) -> datetime:
    if not isinstance(value, datetime):
        return datetime(value.year, value.month, value.day, tzinfo=UTC)
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
