"""Alerts over many days: a fold over days, so that calls that come late are put where they belong.

`replay` goes through all calls in the order of time. A `Watch` is given them as they come: the days from that of the
earliest new call on are folded again, and what comes out is what `replay` makes of the same calls.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from audioqa.alerts.alert import Alert
from audioqa.alerts.columns import DAY, Calls, join
from audioqa.alerts.day import HISTORY, fold_day
from audioqa.alerts.rule import AlertRule


def replay(calls: Calls, rules: Sequence[AlertRule], *, scale: str, until: float | None = None) -> tuple[Alert, ...]:
    """All alerts that calls give, in the order in which they were fired.

    Parameters
    ----------
    calls
        Calls of one tenant, scale and model.
    rules
        The rules.
    scale
        Of their MOS.
    until
        Only what was known then; None for all.
    """
    watch = Watch(tuple(rules), scale).add(calls, until=until)
    found = [alert for alerts in (*watch.past.values(), watch.alerts) for alert in alerts]
    return tuple(sorted(found, key=lambda alert: (alert.spells[0].fired, alert.name)))


@dataclass(frozen=True)
class Watch:
    """What is known at some moment; `add` gives what is known later.

    Parameters
    ----------
    rules, scale
        The rules, and the scale of the MOS.
    calls
        Those of the days that may still be folded again, and of the four weeks before them.
    begun
        The alerts at the beginning of each day, by day (seconds since 1970).
    alerts
        The alerts now.
    past
        By day, alerts that were over for so long then that they are not looked at any more.
    """

    rules: tuple[AlertRule, ...]
    scale: str
    calls: Calls = field(default_factory=lambda: join(()))
    begun: Mapping[float, tuple[Alert, ...]] = field(default_factory=dict)
    alerts: tuple[Alert, ...] = ()
    past: Mapping[float, tuple[Alert, ...]] = field(default_factory=dict)

    def add(self, calls: Calls, *, until: float | None = None) -> Watch:
        """What is known with some more calls.

        Parameters
        ----------
        calls
            In any order; of a call that is there already, what is said now counts.
        until
            The moment: only five minutes that are over are looked at. None: everything is over.
        """
        if not len(self.calls) and not len(calls):
            return self
        known = join((self.calls, calls))
        earliest = float(calls.at[0]) if len(calls) else float(known.at[-1])
        moved = self.calls.at[np.isin(self.calls.key, calls.key)]
        if len(moved):  # a call that is told anew may have stood elsewhere
            earliest = min(earliest, float(moved[0]))
        first = float(known.at[0] // DAY * DAY)
        last = float(known.at[-1] // DAY * DAY)
        end = last + DAY if until is None else until
        # The latest day that has been begun: it may not have been looked at to its end.
        day = min(earliest // DAY * DAY, max(self.begun, default=first))
        earlier = {one: alerts for one, alerts in self.begun.items() if one <= day}
        if day not in earlier:
            day = max((one for one in earlier), default=first)
        begun = dict(earlier)
        begun.setdefault(day, ())
        alerts = begun[day]
        past = {one: some for one, some in self.past.items() if one <= day}
        while day <= last and day < end:
            past[day] = (*past.get(day, ()), *(alert for alert in alerts if _is_past(alert, day)))
            begun[day] = tuple(alert for alert in alerts if not _is_past(alert, day))
            alerts = fold_day(known, begun[day], self.rules, day=day, until=end, scale=self.scale)
            day += DAY
        return Watch(self.rules, self.scale, known, begun, alerts, {one: some for one, some in past.items() if some})

    def without_before(self, day: float) -> Watch:
        """The same without what is needed only for days before one: they can no longer be folded again."""
        kept = {one: alerts for one, alerts in self.begun.items() if one >= day}
        calls = self.calls.between(day - HISTORY * DAY, float("inf"))
        past = {one: alerts for one, alerts in self.past.items() if one >= day}
        return Watch(self.rules, self.scale, calls, kept, self.alerts, past)


def _is_past(alert: Alert, day: float) -> bool:
    """Whether an alert is over for so long that nothing depends on it any more."""
    return alert.end is not None and alert.end < day - _PAST * DAY


_PAST = 2 * HISTORY
"""Days: so long a spell may explain calls by which others are judged, and the same alert come again."""
