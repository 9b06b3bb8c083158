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

from audioqa.alerts.alert import Alert, Spell
from audioqa.alerts.columns import DAY, Calls, Integers, Truths
from audioqa.alerts.limits import calls_a_month, limit_for
from audioqa.alerts.rule import AlertRule
from audioqa.alerts.scan import window_lengths
from audioqa.alerts.segments import Index, make_index

RECOVERY = 12.0

_PRIOR = 50.0
_LEAST_SHARE = 1e-4
_LEAST_MORE = 0.05
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
        looks = sum(int(self.calls.faults[name][:known].sum()) for name in self.faults)
        days = (self.calls.at[known - 1] - self.calls.at[0]) / DAY if known else 1.0
        count = calls_a_month(looks, days) * len(self.rule.by)
        return limit_for(count, self.rule.false_a_month, shortest=self.rule.calls)

    def _rebuild(self) -> None:
        """Everything that follows from the alerts: entries with each fault, and where windows may begin."""
        index, calls = self.index, self.calls
        self.lows = {name: index.start[:-1].copy() for name in self.faults}
        self.open = {name: np.zeros(index.count, np.bool_) for name in self.faults}
        left = {name: calls.faults[name].copy() for name in self.faults}
        for alert in self.alerts:
            segment = index.find(alert.by, alert.value) if alert.rule == self.rule.name else None
            if segment is None or alert.detail not in left:
                continue
            for spell in alert.spells:
                members = index.call[index.entries(segment, calls.at, spell.since, spell.until)]
                left[alert.detail][members] = False
            self.open[alert.detail][segment] |= alert.is_open
            if (end := alert.end) is not None:
                begin = index.entries(segment, calls.at, end).start
                self.lows[alert.detail][segment] = max(self.lows[alert.detail][segment], begin)
        self.left = left
        self.having = {name: np.flatnonzero(left[name][index.call]) for name in self.faults}

    def step(self, first: int, last: int) -> None:
        """Look at some calls, those before having been looked at.

        Parameters
        ----------
        first, last
            The calls, the end not included.
        """
        if any([self._follow(number, first, last) for number in range(len(self.alerts))]):
            self._rebuild()
        limit = self._limit(last)
        while (found := self._find(first, last, limit)) is not None:
            before = [n for n, alert in enumerate(self.alerts) if alert.name == found.name and not alert.is_open]
            if before and found.spells[0].since - (self.alerts[before[-1]].end or 0.0) <= self.rule.again * DAY:
                old = self.alerts[before[-1]]
                self.alerts[before[-1]] = replace(found, spells=(*old.spells, *found.spells))
            else:
                self.alerts.append(found)
            self._rebuild()

    def _find(self, first: int, last: int, limit: float) -> Alert | None:
        """The most certain cluster that some calls belong to."""
        best: tuple[float, str, int, int, int, float] | None = None
        for name in self.faults:
            for call in first + np.flatnonzero(self.left[name][first:last]):
                places = self.index.place[call]
                for place in places[places >= 0]:
                    segment = int(self.index.segment[place])
                    if self.open[name][segment]:
                        continue
                    found = self._scan(name, segment, int(place))
                    if found is not None and found[0] > limit and (best is None or found[0] > best[0]):
                        best = found[0], name, segment, int(place), found[1], found[2]
        if best is None:
            return None
        score, name, segment, place, begin, before = best
        members = self.index.call[begin : place + 1]
        by, value = self.index.word_of(segment)
        at = self.calls.at
        spell = Spell(float(at[members[0]]), float(at[members[-1]]))
        return Alert(
            self.rule.name,
            self.rule.kind,
            by,
            value,
            name,
            (spell,),
            round(before, 4),
            round(float(self.calls.faults[name][members].mean()), 4),
            len(members),
            round(score, 3),
            limit,
            int(self.calls.key[members[0]]),
            int(self.calls.key[members[-1]]),
            cusum_at=spell.fired,
        )

    def _scan(self, name: str, segment: int, place: int) -> tuple[float, int, float] | None:
        """How certain the most certain window is that ends with an entry, where it begins, and the share before."""
        having, start = self.having[name], int(self.index.start[segment])
        low = int(np.searchsorted(having, self.lows[name][segment]))
        last = int(np.searchsorted(having, place)) + 1
        most = last - low
        if most < self.rule.calls:
            return None
        lengths = window_lengths(self.rule.calls, most)
        lengths = lengths[lengths <= most]
        begin = having[last - lengths]
        size = place + 1 - begin
        before = begin - start
        seen = np.searchsorted(having, begin) - int(np.searchsorted(having, start))
        usual = self.usual[name]
        k0, n0 = seen + _PRIOR * usual, before + _PRIOR
        share, old = lengths / size, k0 / n0
        both = (lengths + k0) / (size + n0)
        ratio = _log_likelihood(lengths, size, share) + _log_likelihood(k0, n0, old)
        ratio -= _log_likelihood(lengths, size, both) + _log_likelihood(k0, n0, both)
        score = np.where(share - old >= _LEAST_MORE, np.sqrt(np.maximum(2.0 * ratio, 0.0)), -np.inf)
        best = int(np.argmax(score))
        return float(score[best]), int(begin[best]), float(old[best])

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
        bad = min(max(alert.after, alert.before + _LEAST_MORE), 0.99)
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
            end = replace(alert.spells[-1], until=since, recovered=recovered)
            alert = replace(alert, spells=(*alert.spells[:-1], end))
        self.alerts[number] = alert
        return recovered is not None


def _log_likelihood(having: Integers, count: Integers, share: Integers) -> Integers:
    """Of so many calls with a fault among so many, at a share; whatever the type of the figures."""
    bound = np.clip(share, 1e-9, 1.0 - 1e-9)
    return having * np.log(bound) + (count - having) * np.log1p(-bound)
