"""Alerts put to the test on made-up months: ``python -m audioqa.lab.month_alerts [--plan FILE] [--seeds 20]``.

The default rules go through each month (`audioqa.lab.month`) as ``audioqa alerts --replay`` does. Then:

- a **fact** is found where an alert names its segment and fires within its time (and its hours); the delay counts from
  the first call that it met;
- an **alert is false** where it neither names the segment of a fact that goes on just then, nor rests on calls half of
  which at least such a fact met. Every time that an alert fires counts, the second time of the same alert too;
- an alert that is not false but names something else than a planted segment (a trunk of a bad carrier) is counted as
  **beside**.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from audioqa.alerts import Alert, Calls, Labels, make_alert_rules, replay
from audioqa.alerts.columns import Integers
from audioqa.alerts.hours import within
from audioqa.alerts.segments import labels_of
from audioqa.lab.month import Month, make_month
from audioqa.lab.month_plan import PLAN, Fact, read_plan
from audioqa.types.columns import Labels as MonthLabels

SCALE = "MOS-LQO narrowband"

MOST_FALSE = 2
"""Alerts a month that may be false."""

_MODEL = "estimator"


@dataclass(frozen=True)
class Verdict:
    """What came of one month.

    Parameters
    ----------
    seed, calls
        The month.
    delays
        Seconds from the first call of each fact to its alert, by name; None where it was not found.
    fired
        How often alerts fired.
    false, beside
        Those that were false, and those that name something else, in words.
    seconds
        Processor time.
    """

    seed: int
    calls: int
    delays: dict[str, float | None]
    fired: int
    false: tuple[str, ...]
    beside: tuple[str, ...]
    seconds: float

    @property
    def passed(self) -> bool:
        """Whether every fact was found, with few false alerts."""
        return None not in self.delays.values() and len(self.false) <= MOST_FALSE


def streams(month: Month) -> Iterator[Calls]:
    """The calls of a month, those of each model by themselves."""
    labels = {name: _sorted(column) for name, column in month.labels.items() if name != _MODEL}
    faults = {kind: counts > 0 for kind, counts in month.events.items()}
    calls = Calls(np.arange(month.count), month.at, month.duration, month.mos, labels, faults)
    models = month.labels[_MODEL].codes
    for model in np.unique(models):
        yield calls.take(np.flatnonzero(models == model))


def judge(month: Month) -> Verdict:
    """Let the default rules go through a month, and say what came of it."""
    began = time.process_time()
    found = [(calls, replay(calls, make_alert_rules([]), scale=SCALE)) for calls in streams(month)]
    seconds = time.process_time() - began
    delays: dict[str, float | None] = {fact.name: None for fact in month.plan.facts if month.met[fact.name].any()}
    false, beside, fired = [], [], 0
    for calls, alerts in found:
        for alert in alerts:
            mine = _segment(calls, alert)
            for spell in alert.spells:
                fired += 1
                about = calls.key[mine[(calls.at[mine] >= spell.since) & (calls.at[mine] <= spell.fired)]]
                now = [fact for fact in month.plan.facts if _goes_on(month, fact, spell.fired)]
                named = [fact for fact in now if _names(fact, alert)]
                right = named or [fact for fact in now if len(about) and month.met[fact.name][about].mean() >= 0.5]
                if not right:
                    false.append(f"{_told(alert)} at {_moment(spell.fired)}")
                elif not named:
                    beside.append(f"{_told(alert)} at {_moment(spell.fired)}")
                for fact in named:
                    delay = spell.fired - float(month.at[month.met[fact.name]][0])
                    before = delays[fact.name]
                    delays[fact.name] = delay if before is None else min(before, delay)
    return Verdict(month.plan.seed, month.count, delays, fired, tuple(false), tuple(beside), seconds)


def _segment(calls: Calls, alert: Alert) -> Integers:
    labels = labels_of(calls, alert.by)
    mine = np.flatnonzero(labels.codes == labels.names.index(alert.value))
    return mine[within(calls.at[mine], alert.detail)] if alert.kind == "hours" else mine


def _goes_on(month: Month, fact: Fact, fired: float) -> bool:
    """Whether a fact goes on at a moment: within its time, its hours and its weekdays."""
    day, hour = int(fired // 86_400), fired % 86_400 / 3600.0
    if fact.hours is not None:
        begin, end = fact.hours
        if not (begin <= hour < end if begin <= end else hour >= begin or hour < end):
            return False
    if fact.weekdays and (day + 3) % 7 not in fact.weekdays:
        return False
    since = month.plan.start if fact.since is None else fact.since
    until = month.plan.end if fact.until is None else fact.until
    return since.timestamp() <= fired < until.timestamp()


def _names(fact: Fact, alert: Alert) -> bool:
    """Whether an alert names the segment of a fact."""
    columns = [column.strip() for column in alert.by.split("+")]
    words = dict(zip(columns, alert.value.split(" + "), strict=True))
    return words == dict(fact.where) or (alert.by == "all" and not fact.where)


def table(verdicts: Sequence[Verdict]) -> str:
    """A table with a row for each month, and one for each fact."""
    facts = list(verdicts[0].delays)
    rows = [
        "| seed | facts found | fired | false | beside | seconds |",
        "| ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for one in verdicts:
        found = sum(delay is not None for delay in one.delays.values())
        rows.append(
            f"| {one.seed} | {found} of {len(one.delays)} | {one.fired} | {len(one.false)} | {len(one.beside)}"
            f" | {one.seconds:.0f} |"
        )
    rows += ["", "| fact | found | delay, median | greatest |", "| --- | ---: | ---: | ---: |"]
    for name in facts:
        delays = [delay for one in verdicts if (delay := one.delays.get(name)) is not None]
        shown = (_span(float(np.median(delays))), _span(max(delays))) if delays else ("–", "–")
        rows.append(f"| {name} | {len(delays)} of {len(verdicts)} | {shown[0]} | {shown[1]} |")
    false = [len(one.false) for one in verdicts]
    rows += ["", f"False alerts: {sum(false)} in {len(verdicts)} months, at most {max(false)} in one."]
    return "\n".join(rows)


def _span(seconds: float) -> str:
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h" if seconds < 2 * 86_400 else f"{seconds / 86_400:.1f} days"


def _told(alert: Alert) -> str:
    detail = f" {alert.detail}" if alert.detail else ""
    return f"{alert.rule} {alert.by} {alert.value}{detail} ({alert.before:.2f} to {alert.after:.2f})"


def _moment(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M}"


def _sorted(column: MonthLabels) -> Labels:
    order = np.argsort(np.asarray(column.names))
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    return Labels(tuple(np.asarray(column.names)[order].tolist()), place[column.codes])


def main(arguments: Sequence[str] | None = None) -> int:
    """Entry point; 1 where a month does not pass."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--plan", type=Path, default=PLAN, metavar="FILE", help="what is planted (TOML)")
    parser.add_argument("--seeds", type=int, default=20, help="how many months")
    parser.add_argument("--first", type=int, default=1, help="the first seed")
    parser.add_argument("--calls", type=int, help="calls of a month, in place of the plan's")
    parser.add_argument("--write", type=Path, metavar="FILE", help="a page whose table is written anew")
    given = parser.parse_args(arguments)
    plan = read_plan(given.plan)
    if given.calls:
        plan = replace(plan, calls=given.calls)
    verdicts = []
    for seed in range(given.first, given.first + given.seeds):
        one = judge(make_month(replace(plan, seed=seed)))
        verdicts.append(one)
        missed = [name for name, delay in one.delays.items() if delay is None]
        for line in (*(f"missed: {name}" for name in missed), *(f"false: {name}" for name in one.false)):
            print(f"seed {seed}: {line}", flush=True)  # noqa: T201
        for line in sorted(set(one.beside)):
            print(f"seed {seed}: beside: {line}", flush=True)  # noqa: T201
    shown = f"{len(verdicts)} months of {plan.calls:,} calls each, plan {given.plan.name}:\n\n{table(verdicts)}"
    print(shown)  # noqa: T201
    if given.write:
        text = given.write.read_text(encoding="utf-8")
        before, _, rest = text.partition("<!-- months:begin -->")
        after = rest.partition("<!-- months:end -->")[2]
        given.write.write_text(f"{before}<!-- months:begin -->\n{shown}\n<!-- months:end -->{after}", encoding="utf-8")
    passed = sum(one.passed for one in verdicts)
    print(f"passed: {passed} of {len(verdicts)}")  # noqa: T201
    return 0 if passed == len(verdicts) else 1


if __name__ == "__main__":
    sys.exit(main())
