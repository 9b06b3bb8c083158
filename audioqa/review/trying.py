"""Other thresholds of any flag rule, tried on what is known: how many calls it would flag, and how right it would be.

A rule may ask for anything that a report holds, so that only the report itself tells whether it would fire. Calls are
of three sorts: this rule alone flags them, another one does, or none; of each some are drawn at random and judged
again. Where all of a sort are drawn, the number is exact; else it is told with its 95 % interval. Precision is that of
the calls with a verdict which the rule would flag, each counting for as many flagged or unflagged calls as there are
for each one judged.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from audioqa.bands import BandSet
from audioqa.errors import SettingsError
from audioqa.flags import FlagRules
from audioqa.flags.language import Name, Number
from audioqa.flags.rule import Rule
from audioqa.judging import Judging
from audioqa.render.as_json import from_plain
from audioqa.review.quality import Share, weighted, wilson
from audioqa.review.queue import ReviewQueue
from audioqa.review.words import CONFIRMED, RECORDER_FAULT, RECORDER_RULES
from audioqa.store import StoredCall
from audioqa.store.database import snapshot
from audioqa.store.review import drawing, figures
from audioqa.store.review.rows import Judged
from audioqa.types import Skipped

DRAWN = 150
"""Calls of each sort that are judged again: two or three seconds of work."""

_SCALE = (0.25, 0.5, 0.75, 0.9, 1.0, 1.1, 1.25, 1.5, 2.0, 4.0)
_STEPS = (-0.8, -0.6, -0.4, -0.2, 0.0, 0.2, 0.4, 0.6)
_OF_MOS = frozenset({"mos", "mos_low", "percentile_5", "worst", "dip", "wideband_mos", "mos_there", "mos_longest"})


@dataclass(frozen=True)
class Settable:
    """A threshold that can be set: the rule, the field, how it is compared (``<``), and what it is now."""

    rule: str
    field: str
    sign: str
    now: float


@dataclass(frozen=True)
class Count:
    """So many calls, and from how many to how many there may be; all the same where it is exact."""

    value: int
    low: int
    high: int


@dataclass(frozen=True)
class Trial:
    """What another threshold would come to.

    Parameters
    ----------
    value
        The threshold.
    fires
        Calls that the rule would flag.
    queue
        Calls that would be flagged by any rule.
    precision
        Share of right flags of this rule; or why there is none.
    """

    value: float
    fires: Count
    queue: Count
    precision: Share | Skipped


def settable(rules: FlagRules, bands: BandSet) -> list[Settable]:
    """Every threshold that can be set: those that a condition compares once, with a number or one of the band set's.

    Parameters
    ----------
    rules, bands
        In force.
    """
    return [one for rule in rules.rules for one in _of_rule(rule, bands)]


def values_near(one: Settable) -> list[float]:
    """Thresholds to try: around the one in force, in steps of 0.2 on the scale of the MOS.

    >>> values_near(Settable("dropouts", "count", ">=", 4.0))
    [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 16.0]
    """
    if one.field in _OF_MOS:
        return [round(one.now + step, 2) for step in _STEPS if 1 <= one.now + step <= 5]
    whole = one.now == int(one.now) and one.now >= 3
    found = {round(one.now * scale, 0 if whole else 3) for scale in _SCALE}
    return sorted(found) if one.now else [0.0]


def try_thresholds(
    queue: ReviewQueue,
    judging: Judging,
    *,
    rule: str,
    field: str,
    values: Sequence[float] | None = None,
    days: int,
    drawn: int = DRAWN,
) -> tuple[Settable, list[Trial]]:
    """What other thresholds of a rule would come to, over the calls of the last days.

    Parameters
    ----------
    queue, judging
        Whose calls, and the rules.
    rule, field
        Which threshold.
    values
        Thresholds; None for some around the one in force.
    days
        How many.
    drawn
        Calls of each sort that are judged again.

    Returns
    -------
    one, trials : Settable, list of Trial
        The threshold as it is, and each value that was tried, rising.

    Raises
    ------
    SettingsError
        Where there is no such threshold.
    """
    until = queue.now()
    since = until - timedelta(days=days)
    with snapshot(queue.store.engine) as connection:
        rules, bands = judging.rules(connection, queue.tenant), judging.bands_of(connection, queue.tenant)
        found = [each for each in settable(rules, bands) if (each.rule, each.field) == (rule, field)]
        if not found:
            raise SettingsError(f"the rule {rule!r} has no threshold of {field!r} that can be set")
        (one,) = found
        tried = sorted({*(values_near(one) if values is None else values), one.now})
        changed = [_only(rules.with_threshold(rule, field, value), rule) for value in tried]
        judged = figures.judged(connection, queue.tenant, since=since, until=until)
        judged = [call for call in judged if _said(call, rule) is not None]
        again = drawing.by_numbers(connection, queue.tenant, [call.call for call in judged])
        sizes = drawing.sizes(connection, queue.tenant, rule, since=since, until=until)

        def fire(calls: Iterable[StoredCall]) -> list[list[bool]]:
            """For each call, whether the rule would flag it at each threshold."""
            rows = []
            for call in calls:
                report, medians = from_plain(call.content), judging.medians(connection, rules, call.info)
                rows.append([bool(one(report, bands=bands, info=call.info, medians=medians)) for one in changed])
            return rows

        fired = {
            sort: fire(drawing.draw(connection, queue.tenant, rule, sort=sort, since=since, until=until, most=drawn))
            for sort in drawing.SORTS
        }
        of_judged = fire(again)
    weights = _weights(judged, flagged=sizes["alone"] + sizes["others"], unflagged=sizes["none"])
    trials = []
    for index, value in enumerate(tried):
        alone, others, none = (_count([row[index] for row in fired[sort]], sizes[sort]) for sort in drawing.SORTS)
        said = [
            (weight, _said(call, rule) or 0.0)
            for call, weight, row in zip(judged, weights, of_judged, strict=True)
            if row[index]
        ]
        share, count = weighted(said)
        precision: Share | Skipped = Skipped("precision", None, "no call with a verdict would be flagged by it")
        if count:
            precision = wilson(share * count, count)
        # What another rule flags stays in the queue, whatever becomes of this one.
        kept = Count(sizes["others"], sizes["others"], sizes["others"])
        trials.append(Trial(value, _sum(alone, others, none), _sum(kept, alone, none), precision))
    return one, trials


def _of_rule(rule: Rule, bands: BandSet) -> list[Settable]:
    known = {"attention": bands.attention, "painful": bands.painful}
    compared = [one.field for one in rule.thresholds]
    found = []
    for one in rule.thresholds:
        value = one.limit.value if isinstance(one.limit, Number) else None
        if isinstance(one.limit, Name):
            value = known.get(one.limit.name)
        if value is not None and compared.count(one.field) == 1:
            found.append(Settable(rule.name, one.field, one.sign, value))
    return found


def _only(rules: FlagRules, name: str) -> FlagRules:
    return FlagRules(tuple(one for one in rules.rules if one.name == name))


def _said(call: Judged, rule: str) -> float | None:
    """Share of the reviewers for whom a flag of this rule is right; None where nobody gave a verdict."""
    right = RECORDER_FAULT if rule in RECORDER_RULES else CONFIRMED
    given = [opinion.verdict for opinion in call.opinions if opinion.verdict is not None]
    return sum(verdict == right for verdict in given) / len(given) if given else None


def _weights(judged: Sequence[Judged], *, flagged: int, unflagged: int) -> list[float]:
    """How many calls each one with a verdict stands for."""
    whole = sum(call.weight for call in judged if call.flagged)
    rest = sum(call.weight for call in judged if not call.flagged)
    scale = {True: flagged / whole if whole else 0.0, False: unflagged / rest if rest else 0.0}
    return [call.weight * scale[call.flagged] for call in judged]


def _count(fired: Sequence[bool], size: int) -> Count:
    """So many of a sort of that size, by those that were drawn."""
    if not fired:
        return Count(0, 0, 0)
    if len(fired) >= size:
        return Count(sum(fired), sum(fired), sum(fired))
    share = wilson(sum(fired), len(fired))
    return Count(round(share.value * size), round(share.low * size), round(share.high * size))


def _sum(*counts: Count) -> Count:
    return Count(sum(one.value for one in counts), sum(one.low for one in counts), sum(one.high for one in counts))
