"""A week of a tenant, or of one of its sites: what is said of it. `audioqa.reports.weekly_page` says it on a page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np

from audioqa.alerts import Alert, Calls
from audioqa.bands import BandSet
from audioqa.reports.figures import (
    Day,
    Fault,
    Mean,
    Route,
    days_of,
    mean_of,
    share_below,
    top_faults,
    within,
    worst_routes,
)
from audioqa.store import Query, Store, StoredCall
from audioqa.store.alert_calls import streams
from audioqa.store.alerting import list_alerts
from audioqa.store.database import snapshot

WEEK = timedelta(days=7)
BEFORE = timedelta(days=28)
"""What a week is compared with."""

ROUTES = ("carrier", "trunk", "site", "carrier+site", "queue")
"""What may stand out as a route."""

_MOST_ROUTES, _MOST_FAULTS, _MOST_CAUSES = 8, 8, 5
_LOOKED_AT = 200
"""Flagged calls, the worst, whose likely causes are counted."""


@dataclass(frozen=True)
class Stream:
    """A week on one scale by one model; figures of several are never mixed.

    Parameters
    ----------
    scale, model
        Whose MOS.
    calls, measured
        How many calls there are, and how many of them have a MOS.
    mean, before
        The week, and the four weeks before it; None of few calls.
    below, below_before
        Share of calls below the line of attention.
    days
        Of the week and of the four weeks before.
    routes, faults
        What stands out.
    """

    scale: str
    model: str
    calls: int
    measured: int
    mean: Mean | None
    before: Mean | None
    below: float | None
    below_before: float | None
    days: Sequence[Day]
    routes: Sequence[Route]
    faults: Sequence[Fault]

    @property
    def change(self) -> tuple[float, float, float] | None:
        """How much the mean changed from the weeks before, with its 95 % interval; None where either is not known."""
        if self.mean is None or self.before is None:
            return None
        change = self.mean.value - self.before.value
        half = float(np.hypot(self.mean.high - self.mean.value, self.before.high - self.before.value))
        return change, change - half, change + half


@dataclass(frozen=True)
class Weekly:
    """A week.

    Parameters
    ----------
    tenant, site
        Whose; no site for all of them.
    since, until
        The week.
    limit
        MOS below which a call deserves attention, and the scale that this holds for.
    streams
        By scale and model, those with most calls of the week first.
    flagged
        Calls that a person should review.
    causes
        Likely causes of the flagged calls, with how many of those that were looked at have each; the worst were.
    looked_at
        How many those were.
    alerts
        Of the week, the latest first.
    """

    tenant: str
    site: str | None
    since: datetime
    until: datetime
    limit: float
    streams: Sequence[Stream]
    flagged: int
    causes: Sequence[tuple[str, int]]
    looked_at: int
    alerts: Sequence[Alert]


def weekly(store: Store, *, tenant: str, site: str | None, until: datetime, bands: BandSet) -> Weekly:
    """What is said of the week before a moment.

    Parameters
    ----------
    store
        Where the calls are.
    tenant, site
        Whose.
    until
        The end of the week.
    bands
        The band set in force: its line of attention.
    """
    since = until - WEEK
    with snapshot(store.engine) as connection:
        found = streams(connection, tenant, ROUTES, since=since - BEFORE, until=until)
        alerts = [one.alert for one in list_alerts(connection, tenant, since=since, until=until)]
    parts = [
        _stream(scale, model, calls, since=since, until=until, site=site, bands=bands)
        for (scale, model), calls in found.items()
    ]
    query = Query(tenant=tenant, site=site, since=since, until=until, flagged=True)
    flagged = sum(group.calls for group in store.group(["tenant"], query))
    causes, looked_at = _causes(store, query)
    return Weekly(
        tenant,
        site,
        since,
        until,
        bands.attention,
        sorted((part for part in parts if part.calls), key=lambda part: (-part.calls, part.model)),
        flagged,
        causes,
        looked_at,
        [alert for alert in alerts if not alert.part_of and (site is None or _is_of(alert, site))],
    )


def _stream(
    scale: str, model: str, calls: Calls, *, since: datetime, until: datetime, site: str | None, bands: BandSet
) -> Stream:
    calls = calls.take(np.flatnonzero(within(calls, "site", site)))
    begin, end = since.timestamp(), until.timestamp()
    week, before = calls.between(begin, end), calls.between(begin - BEFORE.total_seconds(), begin)
    fits = scale.endswith(bands.context)  # the line holds for no other scale
    limit = bands.attention if fits else float("nan")
    routes = tuple(column for column in ROUTES if site is None or "site" not in column)
    return Stream(
        scale,
        model,
        len(week),
        int(np.isfinite(week.mos).sum()),
        mean_of(week.mos),
        mean_of(before.mos),
        share_below(week.mos, limit) if fits else None,
        share_below(before.mos, limit) if fits else None,
        days_of(calls, begin - BEFORE.total_seconds(), end, limit=limit),
        worst_routes(week, routes, limit=limit, most=_MOST_ROUTES),
        top_faults(week, before, most=_MOST_FAULTS),
    )


def _causes(store: Store, query: Query) -> tuple[list[tuple[str, int]], int]:
    """The likeliest cause of each of the worst flagged calls, counted."""
    counts: Counter[str] = Counter()
    looked_at = 0
    for call in worst_calls(store, query, most=_LOOKED_AT):
        looked_at += 1
        if causes := call.content["causes"]:
            counts[causes[0]["origin"]] += 1
    return sorted(counts.items(), key=lambda one: (-one[1], one[0]))[:_MOST_CAUSES], looked_at


def worst_calls(store: Store, query: Query, *, most: int) -> list[StoredCall]:
    """The worst calls of a query, with their reports."""
    rows = store.calls(query, most=most)
    return [store.show(row.info.call_id, tenant=row.info.tenant) for row in rows]


def _is_of(alert: Alert, site: str) -> bool:
    words = dict(zip((one.strip() for one in alert.by.split("+")), alert.value.split(" + "), strict=True))
    return words.get("site") == site


def last_week(now: datetime | None = None) -> datetime:
    """The end of the last whole day, UTC."""
    now = now or datetime.now(UTC)
    return now.replace(hour=0, minute=0, second=0, microsecond=0)
