"""New clusters: the same fault in call after call of a segment, from one minute on.

The calls since the last 4, 5, 6 ... of them with the fault are compared with those before: twice the log likelihood
ratio of two shares, as a signed root (Wilks), against the limit of `audioqa.alerts.limits`. What it was before is drawn
to what is usual for the fault, by 50 calls. Faults that an alert explains do not count for others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import log

import numpy as np

from audioqa.alerts.again import SOONER, by_name, put, sooner
from audioqa.alerts.alert import Alert, Spell
from audioqa.alerts.columns import DAY, Calls, Floats, Integers, Truths
from audioqa.alerts.limits import calls_a_month, limit_for
from audioqa.alerts.rule import AlertRule
from audioqa.alerts.scan import window_lengths
from audioqa.alerts.segments import Index, make_index

RECOVERY = 12.0

_PRIOR = 50.0
_LEAST_SHARE = 1e-4
_LEAST_MORE = 0.1
"""Of the calls: fewer more with the fault are no cluster."""


class Clusters:
    """One rule on clusters through one day; made anew for each.

    Parameters
    ----------
    calls
        All calls: those of the weeks before, and those of the day.
    history
        How many of them are of the weeks before.
    rule
        The rule.
    alerts
        All that has been found until the day began.
    """

    def __init__(self, calls: Calls, history: int, rule: AlertRule, alerts: Sequence[Alert]) -> None:
        self.calls, self.rule, self.history = calls, rule, history
        self.alerts = list(alerts)
        self.index: Index = make_index(calls, rule.by)
        self.faults = [name for name in sorted(calls.faults) if not rule.faults or name in rule.faults]
        self.usual = {name: self._usual(calls.faults[name][:history]) for name in self.faults}
        self._rebuild()

    @staticmethod
    def _usual(having: Truths) -> float:
        return max(_LEAST_SHARE, (float(having.sum()) + 0.5) / (len(having) + 50.0))

    def _limit(self, last: int) -> float:
        if not self.rule.certain:
            return 0.0
        known = self.history or last
        days = (self.calls.at[known - 1] - self.calls.at[0]) / DAY if known else 1.0
        looks = calls_a_month(known, days) * len(self.rule.by) * max(1, len(self.faults))
        return limit_for(looks, self.rule.false_a_month, shortest=self.rule.calls)

    def _rebuild(self) -> None:
        """Everything that follows from the alerts: entries with each fault, and where windows may begin."""
        index, calls = self.index, self.calls
        self.known = by_name(self.alerts, self.rule.name)
        self.lows = np.tile(index.start[:-1], (len(self.faults), 1))
        self.open = np.zeros((len(self.faults), index.count), np.bool_)
        self.left = np.asarray([calls.faults[name] for name in self.faults]).reshape(len(self.faults), len(calls))
        for alert in self.alerts:
            segment = index.find(alert.by, alert.value) if alert.rule == self.rule.name else None
            if segment is None or alert.detail not in self.faults:
                continue
            kind = self.faults.index(alert.detail)
            for spell in alert.spells:
                members = index.call[index.entries(segment, calls.at, spell.since, spell.until)]
                self.left[kind, members] = False
            self.open[kind, segment] |= alert.is_open
            if (end := alert.end) is not None:
                begin = index.entries(segment, calls.at, end).start
                self.lows[kind, segment] = max(self.lows[kind, segment], begin)
        self.having = np.flatnonzero(self.left[:, index.call])

    def step(self, first: int, last: int) -> None:
        """Look at some calls, those before having been looked at.

        Parameters
        ----------
        first, last
            The calls, the end not included.
        """
        over = [self._follow(number, first, last) for number in range(len(self.alerts))]
        if any(over):
            self._rebuild()
        limit = self._limit(last)
        while (found := self._find(first, last, limit)) is not None:
            put(self.alerts, found, self.rule.again)
            self._rebuild()

    def _find(self, first: int, last: int, limit: float) -> Alert | None:
        """The most certain cluster that some calls belong to."""
        kinds, calls = np.nonzero(self.left[:, first:last])
        places = self.index.place[first + calls]
        kinds = np.broadcast_to(kinds[:, None], places.shape)[places >= 0]
        places = places[places >= 0]
        usable = ~self.open[kinds, self.index.segment[places]]
        kinds, places = kinds[usable], places[usable]
        if not len(places):
            return None
        score, begin, before = self._scan(kinds, places)
        now, certain_by = float(self.calls.at[last - 1]), np.full(len(places), limit)
        for one in np.flatnonzero(score > limit - SOONER) if self.rule.certain else ():
            named = (*self.index.word_of(int(self.index.segment[places[one]])), self.faults[kinds[one]])
            certain_by[one] -= sooner(self.known.get(named, ()), now, self.rule.again)
        best = int(np.argmax(score - certain_by))
        if not score[best] > certain_by[best]:
            return None
        limit = float(certain_by[best])
        name, place = self.faults[kinds[best]], int(places[best])
        members = self.index.call[begin[best] : place + 1]
        by, value = self.index.word_of(int(self.index.segment[place]))
        at = self.calls.at
        spell = Spell(float(at[members[0]]), float(at[members[-1]]))
        return Alert(
            self.rule.name,
            self.rule.kind,
            by,
            value,
            name,
            (spell,),
            round(float(before[best]), 4),
            round(float(self.calls.faults[name][members].mean()), 4),
            len(members),
            round(float(score[best]), 3),
            round(limit, 3),
            int(self.calls.key[members[0]]),
            int(self.calls.key[members[-1]]),
            cusum_at=spell.fired,
        )

    def _scan(self, kinds: Integers, places: Integers) -> tuple[Floats, Integers, Floats]:
        """How certain the most certain window is that ends with each entry, where it begins, and the share before."""
        entries = len(self.index.call)
        start = self.index.start[self.index.segment[places]]
        lowest = self.lows[kinds, self.index.segment[places]]
        own = kinds * entries  # faults one after the other, each with all entries
        low, oldest, last = (np.searchsorted(self.having, own + one) for one in (lowest, start, places + 1))
        lengths = window_lengths(self.rule.calls)
        usable = lengths <= (last - low)[:, None]
        since = np.where(usable, last[:, None] - lengths, last[:, None] - 1)
        begin = self.having[since] - own[:, None]
        size = (places + 1)[:, None] - begin
        usual = np.asarray([self.usual[name] for name in self.faults])[kinds][:, None]
        k, n = np.broadcast_to(lengths * 1.0, begin.shape), np.maximum(size, lengths) * 1.0
        k0 = np.asarray(since - oldest[:, None] + _PRIOR * usual, dtype=np.float64)
        n0 = np.asarray(begin - start[:, None] + _PRIOR, dtype=np.float64)
        old = k0 / n0
        both = (k + k0) / (n + n0)
        ratio = _log_likelihood(k, n, k / n) + _log_likelihood(k0, n0, old)
        ratio -= _log_likelihood(k, n, both) + _log_likelihood(k0, n0, both)
        usable &= k / n - old >= _LEAST_MORE
        score = np.where(usable, np.sqrt(np.maximum(2.0 * ratio, 0.0)), -np.inf)
        best = np.argmax(score, axis=1)
        rows = np.arange(len(score))
        return score[rows, best], begin[rows, best], old[rows, best]

    def _follow(self, number: int, first: int, last: int) -> bool:
        """Whether an open alert is over, by a cumulative sum of calls without the fault."""
        alert = self.alerts[number]
        segment = self.index.find(alert.by, alert.value)
        if alert.rule != self.rule.name or not alert.is_open or segment is None or alert.detail not in self.usual:
            return False
        fresh = self.index.call[self.index.entries(segment, self.calls.at, float(self.calls.at[first]))]
        fresh = fresh[(fresh >= first) & (fresh < last)]
        if not len(fresh):
            return False
        spell = alert.spells[-1]
        bad_until = max(alert.cusum_at, spell.fired)
        known = self.index.call[self.index.entries(segment, self.calls.at, spell.since, bad_until)]
        share = float(self.calls.faults[alert.detail][known].mean()) if len(known) >= self.rule.calls else alert.after
        bad = min(max(share, alert.before + _LEAST_MORE), 0.99)
        well = min(max(alert.before, _LEAST_SHARE), 0.98)
        gain = log((1.0 - well) / (1.0 - bad)), log(well / bad)
        total, since, recovered = alert.cusum, alert.cusum_at, None
        for call in fresh:
            at = float(self.calls.at[call])
            if total <= 0.0:
                since = at
            total = max(0.0, total + gain[int(self.calls.faults[alert.detail][call])])
            if total >= RECOVERY:
                recovered = at
                break
        alert = replace(alert, cusum=round(total, 9), cusum_at=since, last=int(self.calls.key[fresh[-1]]))
        if recovered is not None:
            end = replace(spell, until=since, recovered=recovered)
            alert = replace(alert, spells=(*alert.spells[:-1], end))
        self.alerts[number] = alert
        return recovered is not None


def _log_likelihood(having: Floats, count: Floats, share: Floats) -> Floats:
    """Of so many calls with a fault among so many, at a share."""
    bound = np.clip(share, 1e-9, 1.0 - 1e-9)
    return np.asarray(having * np.log(bound) + (count - having) * np.log1p(-bound), dtype=np.float64)
