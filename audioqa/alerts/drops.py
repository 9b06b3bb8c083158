"""Changes of a segment's own MOS: found by the likelihood ratio of a change, over by a cumulative sum.

The last calls of a segment are compared with those before them, for many lengths (`audioqa.alerts.scan`). Of all
segments that pass the limit the most certain one becomes an alert; what it explains is put back into its calls, and the
others are looked at again, so that a carrier that is bad does not make an alert of each of its trunks and agents.

It is over when a cumulative sum (Page, Biometrika 41, 1954) of the log likelihood ratio of well and bad passes 12: once
in 160,000 calls by chance.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from audioqa.alerts import hours
from audioqa.alerts.again import SOONER, by_name, put, sooner
from audioqa.alerts.alert import Alert, Spell
from audioqa.alerts.baseline import Baseline, fit, trimmed
from audioqa.alerts.columns import DAY, Calls, Floats, Integers
from audioqa.alerts.limits import calls_a_month, limit_for
from audioqa.alerts.rule import AlertRule
from audioqa.alerts.scan import LEAST_BEFORE, Sums, scores, sums_of, variances, window_lengths, wobble_of
from audioqa.alerts.segments import Index, make_index

RECOVERY = 12.0
"""Of the log likelihood ratio."""

BUCKET = 300.0
"""Seconds of calls that are looked at together; a bucket is looked at when it is over."""

_HABITS = 1800.0
"""Seconds: habits are looked for so often."""

_MOST_BEFORE = 2000
_NESTED, _YOUNG = 0.8, 3 * DAY
_LEAST_STEP, _GREATEST_STEP = 0.4, 2.0
"""Of the difference between well and bad, in standard deviations, by which the end is judged."""


class Drops:
    """The rules on changes through one day; made anew for each.

    Parameters
    ----------
    calls
        Calls with a MOS: those of the weeks before, and those of the day.
    history
        How many of them are of the weeks before.
    rules
        The rules of the kinds ``drop`` and ``hours``.
    alerts
        All that has been found until the day began, also what is over.
    also
        Further rules whose columns the baseline has to know.
    """

    def __init__(
        self,
        calls: Calls,
        history: int,
        rules: Sequence[AlertRule],
        alerts: Sequence[Alert],
        *,
        also: Sequence[AlertRule] = (),
    ) -> None:
        self.calls, self.rules, self.history = calls, rules, history
        self.alerts = list(alerts)
        columns = list(dict.fromkeys(column for rule in rules for column in rule.by))
        self.index: Index = make_index(calls, columns)
        self.times = calls.at[self.index.call]
        self.names = {rule.name: rule for rule in rules}
        self.baseline: Baseline | None = None
        self.shown = 0  # calls that have been looked at
        self.back = self._explained()
        wanted = dict.fromkeys([*columns, *(column for rule in also for column in rule.by)])
        plain = [column for column in wanted if column in calls.labels]
        self.baseline = fit(calls, calls.mos + self.back, history, plain)
        if self.baseline is None:
            return
        days = (calls.at[history - 1] - calls.at[0]) / DAY
        month = calls_a_month(history, days)
        self.limits = {
            rule.name: limit_for(month * len(rule.by), rule.false_a_month, shortest=rule.calls) for rule in rules
        }
        self.shown = history
        self._reckon()
        self.wobble = wobble_of(self.index, calls.at, self.values, history)
        for number in range(len(self.alerts)):
            if self._is_mine(number):
                self._size(number)
        self._rebuild()

    # Values

    def _entries(self, alert: Alert, spell: Spell) -> slice:
        segment = self.index.find(alert.by, alert.value)
        if segment is None:
            return slice(0, 0)
        return self.index.entries(segment, self.calls.at, spell.since, spell.until)

    def _members(self, alert: Alert, spell: Spell) -> Integers:
        """The calls of a spell, those still to come of the day too."""
        members = self.index.call[self._entries(alert, spell)]
        return members[hours.within(self.calls.at[members], alert.detail)] if alert.detail else members

    def _explained(self) -> Floats:
        """What alerts put back into each call."""
        back = np.zeros(len(self.calls))
        for alert in self.alerts:
            if alert.rule in self.names:
                for spell in alert.spells:
                    if spell.drop:
                        back[self._members(alert, spell)] += spell.drop
        return back

    def _reckon(self) -> None:
        assert self.baseline is not None  # noqa: S101
        self.left = self.calls.mos - self.baseline.expected
        self.values = self.baseline.normal(self.left + self.back)
        self.sums: Sums = sums_of(self.values[self.index.call])
        self.variance = variances(self.index, self.sums, self.history)

    def _rebuild(self) -> None:
        """Everything that follows from the alerts."""
        self.back = self._explained()
        self._reckon()
        self.hour_table: hours.HourTable | None = None
        self.lows = self.index.start[:-1].copy()
        self.open = {rule.name: np.zeros(self.index.count, np.bool_) for rule in self.rules}
        self.known = {rule.name: by_name(self.alerts, rule.name) for rule in self.rules}
        for alert in self.alerts:
            segment = self.index.find(alert.by, alert.value) if alert.rule in self.names else None
            if segment is None or alert.detail:
                continue
            self.open[alert.rule][segment] |= alert.is_open
            if (end := alert.end) is not None:
                begin = self.index.entries(segment, self.calls.at, end).start
                self.lows[segment] = max(self.lows[segment], begin)

    # A bucket of calls

    def step(self, first: int, last: int) -> None:
        """Look at some calls, those before having been looked at.

        Parameters
        ----------
        first, last
            The calls, the end not included.
        """
        if self.baseline is None:
            return
        self.shown = last
        if self.hour_table is not None:
            hours.add(self.hour_table, self.index, self.calls, self.values, first, last)
        changed = False
        for number in range(len(self.alerts)):
            if self._is_mine(number):
                changed |= self._follow(number, first)
        if changed:
            self._rebuild()
        for rule in self.rules:
            find = self._find_hours if rule.kind == "hours" else self._find
            if rule.kind == "hours" and self.calls.at[first] % _HABITS < _HABITS - BUCKET:
                continue
            while self._opened(rule, find, first, last):
                self._rebuild()

    def _opened(
        self,
        rule: AlertRule,
        find: Callable[[AlertRule, int, int], Alert | None],
        first: int,
        last: int,
    ) -> bool:
        found = find(rule, first, last)
        if found is None:
            return False
        number = put(self.alerts, found, rule.again)
        self._swallow(number, last)
        return True

    def _find(self, rule: AlertRule, first: int, last: int) -> Alert | None:
        """The most certain change among the segments of some calls."""
        assert self.baseline is not None  # noqa: S101
        columns = [self.index.columns.index(column) for column in rule.by]
        segments, ends = self.index.touched(first, last, columns)
        keep = ~self.open[rule.name][segments]
        segments, ends = segments[keep], ends[keep]
        if not len(segments):
            return None
        limit, lengths = self.limits[rule.name], window_lengths(rule.calls)
        score, lower = self._scores(segments, ends, lengths)
        score = np.where(lower * self.baseline.spread >= rule.least, score, -np.inf)
        now, known = float(self.calls.at[last - 1]), self.known[rule.name]
        less = np.zeros(len(segments))
        for place in np.flatnonzero(score.max(axis=1) >= limit - SOONER):
            name = (*self.index.word_of(int(segments[place])), "")
            less[place] = sooner(known.get(name, ()), now, rule.again)
        order = np.argsort(-(score.max(axis=1) + less), kind="stable")
        for best in order:
            if score[best].max() < limit - less[best]:
                return None
            window = int(np.argmax(score[best]))
            by = float(lower[best, window])
            if self._goes_on(rule, int(segments[best]), int(ends[best]), int(lengths[window]), by, first):
                break
        else:
            return None
        segment, end = int(segments[best]), int(ends[best])
        limit -= float(less[best])
        # The call that made it certain, and the call that it began with.
        fresh = int((self.index.call[self.index.start[segment] : end] >= first).sum())
        each = np.arange(end - fresh + 1, end + 1)
        tried, under = self._scores(np.full(len(each), segment), each, lengths)
        tried = np.where(under * self.baseline.spread >= rule.least, tried, -np.inf)
        certain = int(each[np.argmax(tried.max(axis=1) >= limit)])
        row = certain - int(each[0])
        about = int(lengths[np.argmax(tried[row])])
        most = certain - int(self.lows[segment])
        around = np.arange(rule.calls, min(most, round(about * 1.4)) + 1)
        exact, lower = self._scores(np.array([segment]), np.array([certain]), around)
        length = int(around[np.argmax(exact[0])])
        by_name, value = self.index.word_of(segment)
        members = self.index.call[certain - length : certain]
        return self._alert(
            rule,
            by_name,
            value,
            "",
            members,
            score=float(exact[0].max()),
            limit=limit,
            before=self._before(segment, certain - length),
        )

    def _goes_on(self, rule: AlertRule, segment: int, end: int, length: int, lower: float, first: int) -> bool:
        """Whether the newest calls are bad too: what was bad and is well again is no news."""
        start = int(self.index.start[segment])
        before = self.sums.first[end - length] - self.sums.first[start]
        bound = float(before) / max(1, end - length - start) - lower / 2.0
        members = self.index.call[end - length : end]
        latest, fresh = members[-rule.calls :], members[members >= first]
        step = min(max(lower, _LEAST_STEP), _GREATEST_STEP)
        total = np.cumsum(step * (self.values[members] - bound - lower / 2.0 + step / 2.0))
        over = float(total[-1]) - min(0.0, float(total.min()))
        return over < RECOVERY / 3.0 and all(float(self.values[one].mean()) < bound for one in (latest, fresh))

    def _find_hours(self, rule: AlertRule, first: int, last: int) -> Alert | None:
        """Hours of the day at which a segment is worse than at its others, day after day."""
        assert self.baseline is not None  # noqa: S101
        taken = {(alert.by, alert.value) for alert in self.alerts if alert.rule == rule.name and alert.is_open}
        if self.hour_table is None:
            self.hour_table = hours.table(self.index, self.calls, self.values, self.shown)
        found = hours.find(
            self.hour_table,
            self.index,
            self.calls,
            rule=rule,
            first=first,
            last=last,
            limit=self.limits[rule.name],
            spread=self.baseline.spread,
            wobble=self.wobble,
            taken=taken,
        )
        if found is None:
            return None
        segment, detail, since, score = found
        entries = self.index.entries(segment, self.calls.at, since)
        members = self.index.call[entries]
        members = members[members < last]
        inside = hours.within(self.calls.at[members], detail)
        by_name, value = self.index.word_of(segment)
        start = int(self.index.start[segment])
        others = self.index.call[start : start + len(members)] if inside.all() else members[~inside]
        return self._alert(
            rule, by_name, value, detail, members[inside], score=score, limit=self.limits[rule.name], before=others
        )

    def _alert(
        self,
        rule: AlertRule,
        by: str,
        value: str,
        detail: str,
        members: Integers,
        *,
        score: float,
        limit: float,
        before: Integers,
    ) -> Alert:
        calls = self.calls
        drop = self._drop(members, before)
        since, fired = float(calls.at[members[0]]), float(calls.at[members[-1]])
        level = float(calls.mos[members].mean())
        return Alert(
            rule.name,
            rule.kind,
            by,
            value,
            detail,
            (Spell(since, fired, drop=drop),),
            round(level + drop, 4),
            round(level, 4),
            len(members),
            round(score, 3),
            limit,
            int(calls.key[members[0]]),
            int(calls.key[members[-1]]),
            cusum_at=fired,
            sized=len(members),
        )

    def _scores(self, segments: Integers, ends: Integers, lengths: Integers) -> tuple[Floats, Floats]:
        columns = np.searchsorted(self.index.offset, segments, side="right") - 1
        return scores(
            self.index,
            self.times,
            self.sums,
            segments=segments,
            ends=ends,
            lows=self.lows[segments],
            lengths=lengths,
            variance=self.variance[segments],
            wobble=self.wobble[columns],
        )

    # Open alerts

    def _is_mine(self, number: int) -> bool:
        alert = self.alerts[number]
        return alert.rule in self.names and alert.is_open

    def _before(self, segment: int, until: int) -> Integers:
        """The calls of a segment before an entry."""
        start = int(self.index.start[segment])
        return self.index.call[max(start, until - _MOST_BEFORE) : until]

    def _drop(self, members: Integers, before: Integers) -> float:
        """How much lower some calls are than others, with what other alerts explain put back."""
        if not len(members):
            return 0.0
        left = self.left + self.back
        well = trimmed(left[before]) if len(before) else 0.0
        return round(well - trimmed(left[members]), 4)

    def _split(self, number: int) -> tuple[Integers, Integers]:
        """The calls of the last spell of an alert that have been looked at, and those that say how it is otherwise."""
        alert = self.alerts[number]
        spell = alert.spells[-1]
        members = self._members(alert, spell)
        members = members[members < self.shown]
        segment = self.index.find(alert.by, alert.value)
        if segment is None:
            return members, members[:0]
        if alert.detail:
            start = int(self.index.start[segment])
            all_calls = self.index.call[start : int(self.index.start[segment + 1])]
            all_calls = all_calls[all_calls < self.shown]
            before = all_calls[~hours.within(self.calls.at[all_calls], alert.detail)][-_MOST_BEFORE:]
        else:
            before = self._before(segment, self.index.entries(segment, self.calls.at, spell.since).start)
        return members, before

    def _size(self, number: int) -> bool:
        """Say anew how large the drop of an open alert is; whether that changes anything."""
        alert = self.alerts[number]
        members, before = self._split(number)
        if len(members) < 4:
            return False
        old = alert.spells[-1].drop
        self.back[self._members(alert, alert.spells[-1])] -= old
        well = before if len(before) >= LEAST_BEFORE else before[:0]
        drop = self._drop(members[-_MOST_BEFORE:], well)
        self.back[self._members(alert, alert.spells[-1])] += old
        spells = (*alert.spells[:-1], replace(alert.spells[-1], drop=drop))
        level = float(self.calls.mos[members].mean())
        self.alerts[number] = replace(
            alert, spells=spells, sized=len(members), after=round(level, 4), before=round(level + drop, 4)
        )
        return abs(drop - old) > 0.01

    def _follow(self, number: int, first: int) -> bool:
        """Whether an open alert is over, by some more calls; whether that changes anything for others."""
        alert = self.alerts[number]
        segment = self.index.find(alert.by, alert.value)
        if segment is None:
            return False
        members, before = self._split(number)
        fresh = members[members >= first]
        if not len(fresh):
            return False
        assert self.baseline is not None  # noqa: S101
        spell = alert.spells[-1]
        bad = members[self.calls.at[members] <= alert.cusum_at]
        bad = bad[-500:] if len(bad) >= 8 else members[-500:]
        values = self.baseline.normal(self.left[bad] + self.back[bad] - spell.drop)
        well = float(self.values[before].mean()) if len(before) >= LEAST_BEFORE else 0.0
        step = float(np.clip(well - values.mean(), _LEAST_STEP, _GREATEST_STEP))
        heard = self.baseline.normal(self.left[fresh] + self.back[fresh] - spell.drop)
        total, since = alert.cusum, alert.cusum_at
        recovered = None
        for call, value in zip(fresh, heard, strict=True):
            at = float(self.calls.at[call])
            if total <= 0.0:
                since = at
            total = max(0.0, total + step * (float(value) - well + step / 2.0))
            if total <= 0.0:
                since = at
            if total >= RECOVERY:
                recovered = at
                break
        grown = len(members) >= 2 * alert.sized
        alert = replace(alert, cusum=round(total, 9), cusum_at=since, last=int(self.calls.key[fresh[-1]]))
        if recovered is not None:
            until = self._after(members, since)
            alert = replace(alert, spells=(*alert.spells[:-1], replace(spell, until=until, recovered=recovered)))
        self.alerts[number] = alert
        if recovered is not None:
            return True
        return grown and self._size(number)

    def _after(self, members: Integers, since: float) -> float:
        """When the first call began that is well again: the one after the cumulative sum was last at nothing."""
        later = self.calls.at[members][self.calls.at[members] > since]
        return float(later[0]) if len(later) else since

    def _swallow(self, number: int, last: int) -> None:
        """Let younger alerts on parts of a segment belong to it."""
        wide = self.alerts[number]
        segment = self.index.find(wide.by, wide.value)
        if segment is None or wide.detail:
            return
        column = self.index.columns.index(wide.by)
        for other, alert in enumerate(self.alerts):
            if other == number or not self._is_mine(other) or alert.detail:
                continue
            if wide.spells[-1].fired - alert.spells[-1].fired > _YOUNG:
                continue
            members = self._members(alert, alert.spells[-1])
            members = members[members < last]
            inside = self.index.place[members, column]
            share = (self.index.segment[inside[inside >= 0]] == segment).sum() / max(1, len(members))
            if share >= _NESTED:
                end = replace(alert.spells[-1], until=wide.spells[-1].fired, drop=0.0)
                self.alerts[other] = replace(alert, part_of=f"{wide.by} {wide.value}", spells=(*alert.spells[:-1], end))
