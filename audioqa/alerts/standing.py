"""Segments that are worse than their like all the time: one agent of a hundred with a bad headset.

Once a day each word of a column is compared with the other words of it: its distance from their median in standard
deviations of what sets them apart anyway (Student's t; with few words a spread of .04 MOS is given the weight of four
more). The most certain one is taken first, and what it explains is put back before the others are looked at, so that a
bad trunk does not make an alert of its carrier.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import stdtr, stdtrit

from audioqa.alerts.again import put
from audioqa.alerts.alert import Alert, Spell
from audioqa.alerts.baseline import Baseline
from audioqa.alerts.columns import DAY, Calls, Floats, Integers
from audioqa.alerts.rule import AlertRule
from audioqa.alerts.segments import labels_of

_PRIOR_SPREAD, _PRIOR_WEIGHT = 0.04, 4.0
_ROBUST = 3.0
_APART = 0.2
"""A coarser column is taken out where no word of the finer one makes more than this share of one of its words."""

_LOOKS = 9.0
_LEAST_WORDS = 4
_RECENT, _LEAST_RECENT = 3 * DAY, 50


@dataclass(frozen=True)
class _Column:
    """A column: codes with unknown words last, names, and what is left of each call besides its own effect."""

    name: str
    names: tuple[str, ...]
    codes: Integers
    left: Floats


def judge(
    calls: Calls,
    history: int,
    back: Floats,
    baseline: Baseline,
    *,
    rules: Sequence[AlertRule],
    alerts: Sequence[Alert],
    now: float,
) -> list[Alert]:
    """The alerts as they are at the beginning of a day.

    Parameters
    ----------
    calls, history, back, baseline
        The calls with a MOS, how many of them are of the weeks before, what other alerts explain of each, and what is
        expected of them.
    rules
        The rules of the kind ``standing``.
    alerts
        All that has been found.
    now
        The moment, which new alerts are fired at.
    """
    found = list(alerts)
    if not history:
        return found
    for rule in rules:
        if now - calls.at[0] < (rule.days - 0.5) * DAY:
            continue
        names = [name for name in rule.by if name in calls.labels]
        columns = [_column(calls, history, back, baseline, name, rule.by) for name in names]
        found = _recovered(found, rule, columns, calls, now)
        while (one := _worst(rule, columns, found, calls)) is not None:
            alert, members, lower = one
            spell = Spell(float(calls.at[members[0]]), now, drop=0.0)
            put(found, replace(alert, spells=(spell,)), rule.again)
            for column in columns:
                column.left[members] += lower
    return found


def _column(calls: Calls, history: int, back: Floats, baseline: Baseline, name: str, judged: Sequence[str]) -> _Column:
    """What is left of each call after the hour, what is not judged, and the columns that this one can be told from."""
    labels = labels_of(calls, name)
    codes = np.where(labels.codes < 0, len(labels.names), labels.codes)[:history]
    left = (calls.mos + back - baseline.of_hour)[:history].copy()
    for other, effect in baseline.effects.items():
        if other != name and (other not in judged or _are_apart(codes, labels_of(calls, other).codes[:history])):
            left -= effect[:history]
    return _Column(name, labels.names, codes, left)


def _are_apart(codes: Integers, others: Integers) -> bool:
    """Whether no word of a column stands for much of a word of another one."""
    size = int(others.max(initial=0)) + 1
    known = others >= 0
    table = np.bincount(codes[known] * size + others[known], minlength=(int(codes.max(initial=0)) + 1) * size)
    table = table.reshape(-1, size)
    whole = np.maximum(table.sum(axis=0), 1)
    return bool((table / whole).max() <= _APART)


def _means(column: _Column) -> tuple[Floats, Floats, float]:
    """Calls and mean of each word, and the noise of a call; no call counts for more than three deviations."""
    size = len(column.names) + 1
    count = np.bincount(column.codes, minlength=size).astype(np.float64)
    mean = np.bincount(column.codes, weights=column.left, minlength=size) / np.maximum(count, 1.0)
    spread = 0.0
    for _ in range(4):
        apart = column.left - mean[column.codes]
        low, middle, high = np.quantile(apart, (0.25, 0.5, 0.75))
        noise = max(float(high - low) / 1.349, 0.02)
        bound = np.clip(apart - middle, -_ROBUST * noise, _ROBUST * noise) + middle
        mean = mean + np.bincount(column.codes, weights=bound, minlength=size) / np.maximum(count, 1.0)
        spread = float(np.std(bound))
    return count[:-1], mean[:-1], spread


def _worst(
    rule: AlertRule, columns: Sequence[_Column], alerts: Sequence[Alert], calls: Calls
) -> tuple[Alert, Integers, float] | None:
    """The most certain word of all columns, its calls, and how much lower it is."""
    taken = {(alert.by, alert.value) for alert in alerts if alert.rule == rule.name and alert.is_open}
    best: tuple[float, Alert, Integers, float] | None = None
    for column in columns:
        count, mean, noise = _means(column)
        heard = count >= rule.calls
        if heard.sum() < _LEAST_WORDS:
            continue
        middle = float(np.median(mean[heard]))
        others = int(heard.sum()) - 1
        spread = 1.4826 * float(np.median(np.abs(mean[heard] - middle)))
        variance = (_PRIOR_WEIGHT * _PRIOR_SPREAD**2 + others * spread**2) / (_PRIOR_WEIGHT + others)
        lower = middle - mean
        chance_of_mean = noise**2 / np.maximum(count, 1.0)
        score = lower / np.sqrt(variance * (1.0 + 1.0 / others) + chance_of_mean)
        chance = stdtr(_PRIOR_WEIGHT + others, -score)
        # What sets words apart is there once a month; what is chance of few calls is drawn anew day by day.
        anew = 1.0 + _LOOKS * chance_of_mean / (chance_of_mean + variance)
        allowed = rule.false_a_month / len(rule.by) / len(column.names) / anew
        for word in np.flatnonzero(heard & (lower >= rule.least) & (chance < allowed)):
            name = column.names[word]
            if (column.name, name) in taken or (best is not None and chance[word] / allowed[word] >= best[0]):
                continue
            members = np.flatnonzero(column.codes == word)
            level = float(calls.mos[members].mean())
            alert = Alert(
                rule.name,
                rule.kind,
                column.name,
                name,
                "",
                (),
                round(level + float(lower[word]), 4),
                round(level, 4),
                len(members),
                round(float(score[word]), 3),
                round(-float(stdtrit(_PRIOR_WEIGHT + others, allowed[word])), 3),
                int(calls.key[members[0]]),
                int(calls.key[members[-1]]),
            )
            best = float(chance[word] / allowed[word]), alert, members, float(lower[word])
    return None if best is None else best[1:]


def _recovered(
    alerts: Sequence[Alert], rule: AlertRule, columns: Sequence[_Column], calls: Calls, now: float
) -> list[Alert]:
    """The alerts, those over that are by the calls of the last three days; what is still bad is put back."""
    found = list(alerts)
    for number, alert in enumerate(found):
        if alert.rule != rule.name or not alert.is_open:
            continue
        for column in columns:
            if column.name != alert.by or alert.value not in column.names:
                continue
            members = np.flatnonzero(column.codes == column.names.index(alert.value))
            recent = members[calls.at[members] >= now - _RECENT]
            if not len(members):
                continue
            count, mean, _ = _means(column)
            middle = float(np.median(mean[count > 0]))
            lower = alert.before - alert.after
            level = float(np.median(column.left[recent])) if len(recent) else 0.0
            if len(recent) >= _LEAST_RECENT and level >= middle - lower / 2.0:
                end = replace(alert.spells[-1], until=float(calls.at[recent[0]]), recovered=now)
                found[number] = replace(alert, spells=(*alert.spells[:-1], end))
            else:
                found[number] = replace(alert, last=int(calls.key[members[-1]]))
                for other in columns:
                    other.left[members] += lower
    return found
