"""What an evidence pack says of all calls of a carrier, not only of those that it shows."""

from __future__ import annotations

import numpy as np

from audioqa.alerts.words import sentence
from audioqa.bands import BandSet
from audioqa.reports.figures import mean_of, share_below, within
from audioqa.store import Query, Store
from audioqa.store.alert_calls import streams
from audioqa.store.alerting import list_alerts
from audioqa.store.database import snapshot

_MOST_ALERTS = 20


def summing_up(store: Store, query: Query, *, bands: BandSet) -> list[str]:
    """How the carrier's calls were, beside those of the others in the same time; a sentence for each scale and model.

    Parameters
    ----------
    store, query
        The calls that were asked for.
    bands
        The band set in force.
    """
    said = []
    for tenant in store.tenants() if query.tenant is None else [query.tenant]:
        with snapshot(store.engine) as connection:
            found = streams(connection, tenant, ["carrier", "trunk", "site"], since=query.since, until=query.until)
        for (scale, model), calls in found.items():
            mine = np.ones(len(calls), np.bool_)
            for column in ("carrier", "trunk", "site"):
                mine &= within(calls, column, getattr(query, column))
            here, there = mean_of(calls.mos[mine]), mean_of(calls.mos[~mine])
            if here is None:
                continue
            whose = f"{tenant}: " if tenant else ""
            line = f"{whose}{int(mine.sum()):,} calls, mean MOS {here.value:.2f} ({here.low:.2f} to {here.high:.2f})"
            if scale.endswith(bands.context):
                below = share_below(calls.mos[mine], bands.attention)
                line += f", {below:.0%} below {bands.attention:.1f}" if below is not None else ""
            if there is not None:
                line += f"; the other {there.calls:,} calls of the same time {there.value:.2f}"
            said.append(f"{line} ({scale}, {model}).")
    return said


def alerts_of(store: Store, query: Query) -> list[str]:
    """What alerts said of the carrier, the latest first."""
    wanted = {value for value in (query.carrier, query.trunk) if value}
    said = []
    for tenant in store.tenants() if query.tenant is None else [query.tenant]:
        with snapshot(store.engine) as connection:
            found = list_alerts(connection, tenant, since=query.since, until=query.until, most=1000)
        for one in found:
            named = set(one.alert.value.split(" + "))
            if one.alert.by in ("carrier", "trunk") and named <= wanted and not one.alert.part_of:
                said.append(sentence(one.alert))
    return said[:_MOST_ALERTS]
