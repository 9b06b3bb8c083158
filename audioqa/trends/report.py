"""A question about trends, and its answer: calls counted by what they have in common, with figures for each group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import numpy as np

from audioqa import zones
from audioqa.bands import CONTACT_CENTRE
from audioqa.errors import SettingsError
from audioqa.store import Query, Store
from audioqa.store.columns import PLAIN
from audioqa.store.keys import storable
from audioqa.store.query import UNINDEXED
from audioqa.store.tables import FILTERED
from audioqa.store.trend_reading import LIVE, Batch, TrendReader, mark_names, steady
from audioqa.store.trend_segments import EVENT, FLAGGED, NETWORK, TAG
from audioqa.trends.counting import VALUES, Counter, Counts, rolled
from audioqa.trends.figures import LEAST, means, percentiles, shares
from audioqa.types.trends import Trend, TrendRow

INCIDENTS = ("one-way-audio", "dropout", "dead-air", "abrupt-end", "delayed-start")
"""Kinds of event that are counted unless others are named."""

LEVELS = (5.0, 50.0)
"""Percentiles that are shown unless others are named: of the worst calls, and of the usual one."""


@dataclass(frozen=True)
class Question:
    """Which calls, put together by what, and which figures.

    Parameters
    ----------
    by
        Names: `audioqa.store.columns.PLAIN`, ``version``, `zones.TIMES`; every other name is a tag, ``tag.headset`` or
        for short ``headset``.
    tenant
        Whose calls; None for all.
    since, until
        Aware: calls that began at `since` or later and before `until`, to the minute.
    zone
        Time zone of hours, days, weeks and months.
    where
        By name, the only word that calls may have.
    threshold
        MOS of the share below, with two decimals.
    levels
        Percentiles, per cent.
    incidents
        Kinds of event.
    least
        Calls that a figure rests on, 2 or more.
    rolling
        Days that the row of a day takes in; needs ``day`` in `by`.
    test_calls
        Test calls in place of customers' calls: the two are never counted together.

    Raises
    ------
    SettingsError
        Where one of them cannot be used.
    """

    by: tuple[str, ...] = ("day",)
    tenant: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    zone: str = "UTC"
    where: Mapping[str, str] = field(default_factory=dict)
    threshold: float = CONTACT_CENTRE.attention
    levels: tuple[float, ...] = LEVELS
    incidents: tuple[str, ...] = INCIDENTS
    least: int = LEAST
    rolling: int = 1
    test_calls: bool = False

    def __post_init__(self) -> None:
        zones.zone_of(self.zone)
        if len(set(self.by)) < len(self.by) or any(not name.strip() for name in self.by):
            raise SettingsError(f"calls are put together by different names, given {', '.join(self.by) or 'none'}")
        if abs(self.threshold * 100 - round(self.threshold * 100)) > 1e-6 or not 1 <= self.threshold <= 5:
            raise SettingsError(f"a threshold is a MOS from 1 to 5 with two decimals at most, given {self.threshold:g}")
        if wrong := [level for level in self.levels if not 0 < level < 100]:
            raise SettingsError(f"a percentile is above 0 and below 100, given {wrong[0]:g}")
        if self.least < 2:
            raise SettingsError(f"a figure rests on 2 calls at least, given {self.least}")
        if self.since is not None and self.until is not None and self.since >= self.until:
            raise SettingsError("the time ends before it begins")
        if self.rolling < 1 or (self.rolling > 1 and "day" not in self.by):
            raise SettingsError("a rolling figure needs days: put calls together by day, and roll over 2 days or more")

    def about(self, query: Query) -> Question:
        """The same question about the calls that a query of lists chooses."""
        names = (*FILTERED, *UNINDEXED)
        words = {name: str(getattr(query, name)) for name in names if getattr(query, name) is not None}
        tags = {TAG + name: value for name, value in query.tags.items()}
        return replace(
            self,
            tenant=query.tenant,
            since=query.since,
            until=query.until,
            where=words | tags,
            test_calls=query.test_calls is True,
        )

    @property
    def minutes(self) -> tuple[int | None, int | None]:
        """`since` and `until` in whole minutes since 1970 UTC."""
        first, last = (None if end is None else int(end.timestamp() // 60) for end in (self.since, self.until))
        return first, last

    @property
    def hours(self) -> tuple[int | None, int | None]:
        """The whole hours since 1970 UTC that hold them."""
        first, last = self.minutes
        return None if first is None else first // 60, None if last is None else -(-last // 60)


def answer(store: Store, question: Question, *, live: int = LIVE) -> Trend:
    """Answer a question.

    Parameters
    ----------
    store
        The store.
    question
        The question.
    live
        How many calls may be read one by one where they changed since their columns were written.

    Raises
    ------
    SettingsError
        Where there are too many groups.
    StoreError
        Where the store fails.
    """
    return answers(store, question, [question.by], live=live)[0]


def answers(store: Store, question: Question, several: Sequence[tuple[str, ...]], *, live: int = LIVE) -> list[Trend]:
    """Answer a question for several ways to put calls together, which are read once.

    Parameters
    ----------
    store, question, live
        As `answer` has them; `Question.by` is not looked at, and `Question.rolling` where there is a day.
    several
        In place of `Question.by`.
    """
    asked = [replace(question, by=by, rolling=question.rolling if "day" in by else 1) for by in several]
    words = [name for one in asked for name in one.by if name not in zones.TIMES and name != "tenant"]
    names = list(dict.fromkeys(map(stored_name, [*words, *(name for name in question.where if name != "tenant")])))
    marked = [FLAGGED, *mark_names(question.incidents)]
    counters = [Counter(marked) for _ in asked]
    zone = zones.zone_of(question.zone)
    tenants: dict[str, int] = {}
    with steady(store.engine) as connection:
        reader = TrendReader(connection, names, marked, test_calls=question.test_calls)
        for whole in reader.batches(question.tenant, *question.hours, live=live):
            batch = narrowed(reader, whole, question)
            if not batch.mos.size:
                continue
            local = zones.local(zone, batch.minute)
            whose = tenants.setdefault(batch.tenant, len(tenants))
            for one, counter in zip(asked, counters, strict=True):
                keys: list[Any] = [batch.basis]
                for name in one.by:
                    if name in zones.TIMES:
                        keys.append(zones.part(name, local))
                    elif name == "tenant":
                        keys.append(np.full(len(local), whose, np.int32))
                    else:
                        keys.append(batch.words[stored_name(name)])
                counter.add(keys, batch.mos, batch.marks)
        lists = {name: reader.words(name) for name in names} | {"tenant": list(tenants)}
        return [
            _told(one, counter.counts(reader.bases), lists, reader.waiting)
            for one, counter in zip(asked, counters, strict=True)
        ]


def stored_name(name: str) -> str:
    """The name that a column of words has in the store.

    >>> stored_name("carrier"), stored_name("headset"), stored_name("tag.headset"), stored_name("network.loss")
    ('carrier', 'tag.headset', 'tag.headset', 'network.loss')
    """
    known = name in PLAIN or name == "version" or name.startswith((TAG, NETWORK))
    return storable(name if known else TAG + name)


def narrowed(reader: TrendReader, batch: Batch, question: Question) -> Batch:
    """The calls of a batch that a question is about."""
    first, last = question.minutes
    chosen = np.ones(len(batch.mos), np.bool_)
    if first is not None:
        chosen &= batch.minute >= first
    if last is not None:
        chosen &= batch.minute < last
    for name, word in question.where.items():
        if name == "tenant":
            chosen &= batch.tenant == word
            continue
        known = reader.words(stored_name(name))
        place = known.index(storable(word)) if storable(word) in known else -2
        chosen &= batch.words[stored_name(name)] == place
    if chosen.all():
        return batch
    moved = np.cumsum(chosen) - 1
    return Batch(
        batch.tenant,
        batch.minute[chosen],
        batch.mos[chosen],
        batch.basis[chosen],
        {name: values[chosen] for name, values in batch.words.items()},
        {name: moved[values[chosen[values]]] for name, values in batch.marks.items()},
    )


def _rolled(counts: Counts, question: Question) -> Counts:
    if question.rolling == 1 or not counts.keys:
        return counts
    return rolled(counts, question.by.index("day"), question.rolling)


def _told(question: Question, counts: Counts, lists: Mapping[str, Sequence[str]], waiting: int) -> Trend:
    """The groups in order, with their figures."""
    total = int(counts.calls.sum())
    counts = _rolled(counts, question)
    told: list[tuple[str | None, ...]] = []
    order: list[tuple[Any, ...]] = []
    for key, basis in zip(counts.keys, counts.bases, strict=True):
        values: list[str | None] = []
        places: list[Any] = []
        for name, number in zip(question.by, key, strict=True):
            if name in zones.TIMES:
                values.append(zones.told(name, number))
                places.append((False, number))
            else:
                words = lists[name if name == "tenant" else stored_name(name)]
                values.append(words[number] if number >= 0 else None)
                places.append((number < 0, values[-1] or ""))
        told.append(tuple(values))
        order.append((*places, basis))
    counts, values_of = _sorted(counts, order, told)
    least = question.least
    below = counts.histogram[:, question.threshold - 1e-9 > VALUES].sum(axis=1)
    columns = {
        "mos": means(counts.total, counts.squares, counts.scored, least),
        "below": shares(below, counts.scored, least),
        "flagged": shares(counts.marks[FLAGGED], counts.calls, least),
    }
    levels = [percentiles(counts.histogram, VALUES, level, least) for level in question.levels]
    rates = {kind: shares(counts.marks[EVENT + kind], counts.calls, least, times=1000.0) for kind in question.incidents}
    rows = tuple(
        TrendRow(
            values=values_of[number],
            scale=basis.scale,
            estimator=basis.estimator,
            calls=int(counts.calls[number]),
            scored=int(counts.scored[number]),
            mos=columns["mos"][number],
            percentiles=tuple(level[number] for level in levels),
            below=columns["below"][number],
            flagged=columns["flagged"][number],
            incidents={kind: figures[number] for kind, figures in rates.items()},
        )
        for number, basis in enumerate(counts.bases)
    )
    since, until = (None if end is None else datetime.fromtimestamp(end * 60, UTC) for end in question.minutes)
    return Trend(
        by=question.by,
        zone=question.zone,
        since=since,
        until=until,
        threshold=question.threshold,
        levels=question.levels,
        least=least,
        rolling=question.rolling,
        rows=rows,
        calls=total,
        waiting=waiting,
    )


def _sorted(
    counts: Counts, order: Sequence[tuple[Any, ...]], told: Sequence[tuple[str | None, ...]]
) -> tuple[Counts, list[tuple[str | None, ...]]]:
    places = sorted(range(len(order)), key=order.__getitem__)
    return counts.in_order(places), [told[place] for place in places]
