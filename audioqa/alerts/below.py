"""MOS below a line for a time: for so much call time, over so many calls, and surely so.

The mean of a segment's last calls is below the line by so many standard errors that chance is ruled out
(`audioqa.alerts.limits`); a rule that is not to be certain takes the mean of the shortest stretch as it is. Calls that
such an alert has explained are left out of what others are judged by, so that a carrier that is bad does not make an
alert of each of its trunks and agents.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from audioqa.alerts.again import SOONER, by_name, put, sooner
from audioqa.alerts.alert import Alert, Spell
from audioqa.alerts.columns import DAY, Calls, Floats, Integers
from audioqa.alerts.limits import calls_a_month, limit_for
from audioqa.alerts.rule import AlertRule
from audioqa.alerts.scan import window_lengths
from audioqa.alerts.segments import make_index

RECOVERY = 12.0

_LOWEST = 0.8
"""Below the line no call counts for more: a few very bad calls make the mean of the others uncertain otherwise."""

_PRIOR_SPREAD, _PRIOR_WEIGHT = 0.3, 10.0
"""Standard deviation of the MOS of calls that one is drawn to which is told by few calls, and as how many calls."""


class Below:
    """One rule on a line through one day; made anew for each.

    Parameters
    ----------
    calls
        Calls with a MOS: those of the weeks before, and those of the day.
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
        self.index = make_index(calls, rule.by)
        known = np.maximum(calls.mos[:history], rule.line - _LOWEST)
        self.usual = float(np.std(known)) if history >= 30 else _PRIOR_SPREAD
        self._rebuild()

    def _limit(self, last: int) -> float:
        if not self.rule.certain:
            return 0.0
        known = self.history or last
        days = (self.calls.at[known - 1] - self.calls.at[0]) / DAY if known else 1.0
        looks = calls_a_month(known, days) * len(self.rule.by)
        return limit_for(looks, self.rule.false_a_month, shortest=self.rule.calls)

    def _rebuild(self) -> None:
        """Everything that follows from the alerts."""
        calls, index = self.calls, self.index
        self.known = by_name(self.alerts, self.rule.name)
        counted = np.ones(len(calls))
        self.lows = index.start[:-1].copy()
        self.open = np.zeros(index.count, np.bool_)
        for alert in self.alerts:
            segment = index.find(alert.by, alert.value) if alert.rule == self.rule.name else None
            if segment is None:
                continue
            for spell in alert.spells:
                counted[index.call[index.entries(segment, calls.at, spell.since, spell.until)]] = 0.0
            self.open[segment] |= alert.is_open
            if (end := alert.end) is not None:
                self.lows[segment] = max(self.lows[segment], index.entries(segment, calls.at, end).start)
        members = index.call
        weight, mos = counted[members], np.maximum(calls.mos[members], self.rule.line - _LOWEST)
        self.sums = [
            np.concatenate([[0.0], np.cumsum(values)])
            for values in (weight, weight * mos, weight * mos**2, weight * calls.duration[members])
        ]

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

    def _scores(self, segments: Integers, ends: Integers, lengths: Integers) -> Floats:
        """How far the last calls of segments are below the line, in standard errors: shape (segments, windows)."""
        begin = ends[:, None] - lengths
        usable = begin >= self.lows[segments][:, None]
        begin = np.where(usable, begin, 0)
        count, total, squares, time = (sums[ends][:, None] - sums[begin] for sums in self.sums)
        mean = total / np.maximum(count, 1.0)
        own = np.maximum(squares - count * mean**2, 0.0)
        variance = (own + _PRIOR_WEIGHT * self.usual**2) / (count + _PRIOR_WEIGHT)
        score = (self.rule.line - mean) / np.sqrt(np.maximum(variance, 1e-6) / np.maximum(count, 1.0))
        usable &= (count >= self.rule.calls) & (time >= self.rule.minutes * 60.0) & (mean < self.rule.line)
        if not self.rule.certain:
            # The figures themselves, over the shortest stretch that is long enough.
            usable &= np.cumsum(usable | (count >= self.rule.calls) & (time >= self.rule.minutes * 60.0), axis=1) == 1
        return np.where(usable, score, -np.inf)

    def _find(self, first: int, last: int, limit: float) -> Alert | None:
        """The most certain segment among those of some calls."""
        segments, ends = self.index.touched(first, last, range(len(self.index.columns)))
        keep = ~self.open[segments]
        segments, ends = segments[keep], ends[keep]
        if not len(segments):
            return None
        lengths = window_lengths(self.rule.calls)
        score = self._scores(segments, ends, lengths)
        now, certain_by = float(self.calls.at[last - 1]), np.full(len(segments), limit)
        for place in np.flatnonzero(score.max(axis=1) > limit - SOONER) if self.rule.certain else ():
            known = self.known.get((*self.index.word_of(int(segments[place])), ""), ())
            certain_by[place] -= sooner(known, now, self.rule.again)
        for best in np.argsort(certain_by - score.max(axis=1), kind="stable"):
            if not score[best].max() > certain_by[best]:
                return None
            segment, end = int(segments[best]), int(ends[best])
            fresh = int((self.index.call[self.index.start[segment] : end] >= first).sum())
            # What was bad and is well again is no news.
            latest = (self.index.call[max(end - one, 0) : end] for one in (fresh, self.rule.calls))
            if all(float(self.calls.mos[calls].mean()) < self.rule.line for calls in latest):
                break
        else:
            return None
        limit = float(certain_by[best])
        each = np.arange(end - fresh + 1, end + 1)
        tried = self._scores(np.full(len(each), segment), each, lengths)
        certain = int(each[np.argmax(tried.max(axis=1) > limit)])
        row = certain - int(each[0])
        length = int(lengths[np.argmax(tried[row])])
        members = self.index.call[certain - length : certain]
        by, value = self.index.word_of(segment)
        at = self.calls.at
        spell = Spell(float(at[members[0]]), float(at[members[-1]]))
        return Alert(
            self.rule.name,
            self.rule.kind,
            by,
            value,
            "",
            (spell,),
            self.rule.line,
            round(float(self.calls.mos[members].mean()), 4),
            length,
            round(float(tried[row].max()), 3),
            round(limit, 3),
            int(self.calls.key[members[0]]),
            int(self.calls.key[members[-1]]),
            cusum_at=spell.fired,
        )

    def _follow(self, number: int, first: int, last: int) -> bool:
        """Whether an open alert is over: the calls are above the line, and the margin, by a cumulative sum."""
        alert = self.alerts[number]
        segment = self.index.find(alert.by, alert.value)
        if alert.rule != self.rule.name or not alert.is_open or segment is None:
            return False
        fresh = self.index.call[self.index.entries(segment, self.calls.at, float(self.calls.at[first]))]
        fresh = fresh[(fresh >= first) & (fresh < last)]
        if not len(fresh):
            return False
        goal, noise = self.rule.line + self.rule.margin, max(self.usual, 0.1)
        total, since, time = alert.cusum, alert.cusum_at, alert.sized
        recovered = None
        for call in fresh:
            at = float(self.calls.at[call])
            if total <= 0.0:
                since, time = at, 0
            gain = float(np.clip((self.calls.mos[call] - goal) / noise, -2.0, 1.0))
            total = max(0.0, total + gain)
            time += round(float(self.calls.duration[call]))
            if total >= (RECOVERY if self.rule.certain else self.rule.calls) and time >= self.rule.minutes * 60.0:
                recovered = at
                break
        alert = replace(alert, cusum=round(total, 9), cusum_at=since, sized=time, last=int(self.calls.key[fresh[-1]]))
        if recovered is not None:
            alert = replace(
                alert, spells=(*alert.spells[:-1], replace(alert.spells[-1], until=since, recovered=recovered))
            )
        self.alerts[number] = alert
        return recovered is not None
