"""A month of calls as columns of numbers, with planted facts: what trends, alerts and comparisons are tried on.

``python -m audioqa.lab.month [--plan FILE] [--seed N] [--calls N] [--store URL]`` prints what was planted, and fills a
store where one is named. `audioqa.lab.month_traffic` says how routes, agents and calls are drawn: 6 sites with 20
agents each, 6 carriers with 4 trunks each, 5 queues; most calls by day and from Monday to Friday; every agent, carrier,
trunk, site, headset and codec has an effect of its own on MOS, every trunk one of the day too, and one call in fifteen
is bad for no reason of these.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from audioqa.errors import SettingsError
from audioqa.lab.month_plan import PLAN, Fact, Plan, read_plan
from audioqa.lab.month_traffic import (
    EVENTS,
    Floats,
    Integers,
    draw_effects,
    draw_labels,
    draw_outcome,
    draw_times,
)
from audioqa.types.columns import Labels


@dataclass(frozen=True)
class Month:
    """The calls of a month, by the time at which they began.

    Parameters
    ----------
    plan
        What they were made of.
    at
        When each began: float64, seconds since 1970, ascending.
    arrived
        When it was known, scored and stored: its end and some minutes later, for one in two hundred hours later.
    duration, speech
        Seconds.
    mos
        1 to 5; not a number for the calls that had too little speech.
    labels
        Columns of words: agent, queue, site, carrier, trunk, direction, codec, country, headset, connection, estimator.
    events
        For each kind how many each call has.
    figures
        Columns of numbers that are not MOS: ``loss`` (per cent), ``jitter`` and ``delay`` (ms), ``csat`` (1 to 5, not a
        number where nobody answered), ``handle_time`` (s), ``fcr`` (1: settled in this call).
    met
        For each fact by name the calls that it met: the truth.
    """

    plan: Plan
    at: Floats
    arrived: Floats
    duration: Floats
    speech: Floats
    mos: Floats
    labels: Mapping[str, Labels]
    events: Mapping[str, Integers]
    figures: Mapping[str, Floats]
    met: Mapping[str, NDArray[np.bool_]]

    @property
    def count(self) -> int:
        """How many calls there are."""
        return len(self.at)


def make_month(plan: Plan | None = None) -> Month:
    """Draw a month.

    Parameters
    ----------
    plan
        What is planted, and the seed; None for the plan that comes along.

    Raises
    ------
    SettingsError
        Where a fact speaks of a column, word or kind of event that the month does not have.
    """
    plan = plan or read_plan()
    rng = np.random.default_rng(plan.seed)
    at = draw_times(plan, rng)
    labels = draw_labels(plan, at, rng)
    bad = rng.random(plan.calls) < 1 / 15
    quality = 4.36 + draw_effects(labels, at, rng) + rng.normal(0.0, 0.16, plan.calls)
    quality -= np.where(bad, rng.exponential(0.7, plan.calls), 0.0)
    events = {kind: rng.poisson(rate * np.where(bad, 6.0, 1.0)) for kind, rate in EVENTS.items()}
    figures = {
        "loss": rng.exponential(0.25, plan.calls),
        "jitter": rng.gamma(2.0, 3.0, plan.calls),
        "delay": 60.0 + rng.gamma(3.0, 15.0, plan.calls),
    }
    met = {}
    for number, fact in enumerate(plan.facts, 1):
        own = np.random.default_rng((plan.seed, number))  # so that a fact changes no call that it does not meet
        hit = _meets(fact, at, labels) & (own.random(plan.calls) < fact.share)
        met[fact.name] = hit
        quality -= np.where(hit, fact.drop * own.uniform(0.6, 1.4, plan.calls), 0.0)
        for kind, odds in fact.events.items():
            if kind not in events:
                raise SettingsError(f"{fact.name}: the month has no event {kind!r}; there are {', '.join(events)}")
            events[kind] = events[kind] + (hit & (own.random(plan.calls) < odds))
        for name, more in fact.network.items():
            if name not in figures:
                raise SettingsError(f"{fact.name}: the month has no figure {name!r}; there are {', '.join(figures)}")
            figures[name] = figures[name] + np.where(hit, own.gamma(4.0, more / 4.0, plan.calls), 0.0)
    duration = np.clip(rng.lognormal(5.2, 0.7, plan.calls), 8.0, 3600.0)
    measured = duration * rng.uniform(0.5, 0.8, plan.calls) > 8.0
    figures |= draw_outcome(quality, duration, rng)
    if plan.upgrade is not None:
        quality += np.where(at >= plan.upgrade.since.timestamp(), plan.upgrade.shift, 0.0)
    late = np.where(rng.random(plan.calls) < 0.005, rng.uniform(3600.0, 8 * 3600.0, plan.calls), 0.0)
    return Month(
        plan=plan,
        at=at,
        arrived=at + duration + rng.uniform(20.0, 180.0, plan.calls) + late,
        duration=np.round(duration, 2),
        speech=np.round(duration * rng.uniform(0.5, 0.8, plan.calls), 2),
        mos=np.where(measured, np.round(np.clip(quality, 1.0, 4.6), 4), np.nan),
        labels=labels,
        events=events,
        figures={
            name: np.round(values, 3) for name, values in (figures | draw_outcome(quality, duration, rng)).items()
        },
        met=met,
    )


def _meets(fact: Fact, at: Floats, labels: Mapping[str, Labels]) -> NDArray[np.bool_]:
    """The calls that a fact is about."""
    found = np.ones(len(at), dtype=np.bool_)
    for column, value in fact.where.items():
        if column not in labels:
            raise SettingsError(f"{fact.name}: the month has no column {column!r}; there are {', '.join(labels)}")
        if value not in labels[column].names:
            raise SettingsError(f"{fact.name}: the month has no {column} {value!r}; there are {labels[column].names}")
        found &= labels[column].where(value)
    if fact.since is not None:
        found &= at >= fact.since.timestamp()
    if fact.until is not None:
        found &= at < fact.until.timestamp()
    if fact.hours is not None:
        begin, end = fact.hours
        hour = at % 86_400 / 3600.0
        found &= (hour >= begin) & (hour < end) if begin <= end else (hour >= begin) | (hour < end)
    if fact.weekdays:
        found &= np.isin((at // 86_400 + 3) % 7, fact.weekdays)
    return found


def summary(month: Month) -> str:
    """What the month holds and what was planted, in lines."""
    measured = month.mos[np.isfinite(month.mos)]
    first = (
        f"{month.count} calls from {_told(month.at[0])} to {_told(month.at[-1])}; MOS of {len(measured)} of them:"
        f" mean {measured.mean():.2f}, {(measured < 3.6).mean():.1%} below 3.6"
    )
    lines = [first]
    for fact in month.plan.facts:
        hit = month.met[fact.name]
        line = f"{fact.name}: {fact.shape}, {int(hit.sum())} calls"
        if hit.any():
            line += f", first {_told(month.at[hit][0])}, last {_told(month.at[hit][-1])}, mean"
            line += f" {np.nanmean(month.mos[hit]):.2f}"
        lines.append(line)
    return "\n".join(lines)


def _told(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M}"


def main(arguments: Sequence[str] | None = None) -> None:
    """Entry point of ``python -m audioqa.lab.month``."""
    parser = argparse.ArgumentParser(description="a month of made-up calls with planted facts")
    parser.add_argument("--plan", type=Path, default=PLAN, metavar="FILE", help="what is planted (TOML)")
    parser.add_argument("--seed", type=int, help="in place of the plan's")
    parser.add_argument("--calls", type=int, help="in place of the plan's")
    parser.add_argument("--store", metavar="URL", help="a store to fill, which must be empty")
    given = parser.parse_args(arguments)
    plan = read_plan(given.plan)
    changed = {name: getattr(given, name) for name in ("seed", "calls") if getattr(given, name) is not None}
    month = make_month(replace(plan, **changed))
    print(summary(month))  # noqa: T201
    if given.store:
        from audioqa.lab.month_store import fill
        from audioqa.store import open_store

        with open_store(given.store) as store:
            fill(store, month)
            print(f"{store.counts()['calls']} calls in {given.store}")  # noqa: T201


if __name__ == "__main__":
    main()
