"""Which calls are asked for, and in which order: from a `Query` to SQL.

Every list goes tenant by tenant, each through an index that begins with the tenant, and is taken up again after a row
by that row's place in the order (keyset), so that the thousandth page costs what the first one does.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from sqlalchemy import (
    ColumnElement,
    Connection,
    Float,
    Numeric,
    Select,
    Text,
    and_,
    cast,
    exists,
    extract,
    func,
    literal_column,
    or_,
    select,
)

from audioqa.errors import StoreError
from audioqa.store.keys import storable
from audioqa.store.projection import mark_name
from audioqa.store.tables import FILTERED, calls, marks

Sort = Literal["worst", "best", "newest", "oldest"]
"""Order of a list. Calls without a MOS stand before the worst and after the best: flagged ones at the very front."""


UNINDEXED = ("direction", "codec", "tap")
"""Further columns of a call that lists are filtered by; no index leads to them."""

_FIRST_YEAR = 2000
_THURSDAY = 3
"""1 January 1970 was one, counted from Monday as 0."""


@dataclass(frozen=True)
class Query:
    """Which calls, and in which order.

    Parameters
    ----------
    tenant
        Only this one's; None for all.
    agent, queue, site, carrier, trunk
        Only calls with exactly this.
    since, until
        Aware: only calls that began at `since` or later, and before `until`. A call without a start time counts from
        the moment of its first score.
    flagged
        Only flagged ones, or only the others.
    rule
        Only calls that this rule flags: ``low-mos``, ``dropouts`` ...
    event
        Only calls with an event of this kind.
    mos_below
        Only calls with a MOS, and below this.
    disagree
        Only calls of which sound and network disagree, or only the others.
    test_calls
        False: only customers' calls; True: only test calls; None: both.
    tags
        Only calls with exactly these.
    call_id
        Only the call of that identity.
    but
        Every call but the one of this number.
    direction, codec, tap
        Only calls with exactly this; no index leads to them.
    missing
        Names of columns and tags that are not known of a call.
    hour, weekday
        Only calls that began in that hour (0 to 23), or on that weekday (0 for Monday), by the clocks of a zone.
    zone
        Name of the zone.
    sort
        The order of lists; exports go by tenant and call id.
    """

    tenant: str | None = None
    agent: str | None = None
    queue: str | None = None
    site: str | None = None
    carrier: str | None = None
    trunk: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    flagged: bool | None = None
    rule: str | None = None
    event: str | None = None
    mos_below: float | None = None
    disagree: bool | None = None
    test_calls: bool | None = False
    tags: Mapping[str, str] = field(default_factory=dict)
    call_id: str | None = None
    but: int | None = None
    direction: str | None = None
    codec: str | None = None
    tap: str | None = None
    missing: tuple[str, ...] = ()
    hour: int | None = None
    weekday: int | None = None
    zone: str = "UTC"
    sort: Sort = "worst"

    @property
    def is_for_all(self) -> bool:
        """Whether nothing is left out."""
        chosen: list[Any] = [self.tenant, self.since, self.until, self.flagged, self.rule, self.event, self.mos_below]
        chosen += [self.disagree, self.call_id, self.but, self.hour, self.weekday]
        chosen += [getattr(self, name) for name in (*FILTERED, *UNINDEXED)]
        return all(value is None for value in chosen) and not self.tags and not self.missing


@dataclass(frozen=True)
class Place:
    """A place in the order of a list: the value that it is sorted by, the tenant, and the call's number."""

    value: float | datetime
    tenant: str
    key: int

    def text(self) -> str:
        """The place as a short text that `place_of` reads."""
        value = self.value.timestamp() if isinstance(self.value, datetime) else self.value
        return base64.urlsafe_b64encode(json.dumps([value, self.tenant, self.key]).encode("ascii")).decode("ascii")


def place_of(text: str, query: Query) -> Place:
    """The place that `Place.text` wrote.

    Raises
    ------
    StoreError
        Where it is something else.
    """
    try:
        value, tenant, key = json.loads(base64.urlsafe_b64decode(text.encode("ascii")))
        known = isinstance(value, float | int)
        if not (known and isinstance(tenant, str) and isinstance(key, int) and abs(key) < 2**63):
            raise ValueError(text)
        if query.sort in ("newest", "oldest"):
            return Place(datetime.fromtimestamp(value, UTC), tenant, key)
        return Place(float(value), tenant, key)
    except (ValueError, TypeError, binascii.Error, OverflowError, OSError):
        raise StoreError("this place in a list is none that was given out", "url") from None


def in_order(query: Query, columns: Any, *, tenant: str, after: Place | None, most: int) -> Select[Any]:
    """The next calls of one tenant in the order of a query.

    Parameters
    ----------
    query
        Which and how; its own tenant is not looked at.
    columns
        What is to be selected.
    tenant
        Whose.
    after
        Only what stands behind this place.
    most
        How many.
    """
    by_mark = _leading_mark(query)
    down = query.sort in ("best", "newest")
    by_rank = query.sort in ("worst", "best")
    by, key = (calls.c.rank if by_rank else calls.c.at), calls.c.id
    first: tuple[ColumnElement[Any], ...] = ()
    if by_mark is None:
        chosen = select(*columns).where(*conditions(query, tenant))
    else:
        what, kind = by_mark
        named = mark_name(what, test=bool(query.test_calls))
        mark = marks.alias()
        chosen = (
            select(*columns)
            .join_from(mark, calls, mark.c.call == calls.c.id)
            .where(
                mark.c.tenant == tenant,
                mark.c.what == named,
                mark.c.kind == kind,
            )
            .where(*conditions(query, tenant, besides=what), *_days(query, mark, after))
        )
        if by_rank:
            by, key = mark.c.rank, mark.c.call
        else:
            first = (mark.c.day,)  # its index goes day by day; within a day the calls' own times are sorted
    if after is not None:
        behind = by < after.value if down else by > after.value
        if tenant == after.tenant:
            chosen = chosen.where(or_(behind, and_(by == after.value, key < after.key if down else key > after.key)))
            # Said twice, so that an index can begin at the place.
            chosen = chosen.where(by <= after.value if down else by >= after.value)
        else:
            later = tenant < after.tenant if down else tenant > after.tenant
            chosen = chosen.where((by <= after.value if down else by >= after.value) if later else behind)
    order = (*first, by, key)
    return chosen.order_by(*(one.desc() for one in order) if down else order).limit(most)


def _days(query: Query, mark: Any, after: Place | None) -> list[ColumnElement[bool]]:
    """The same bounds in days, for the index of the marks."""
    found = []
    if query.since is not None:
        found.append(mark.c.day >= query.since.astimezone(UTC).date())
    if query.until is not None:
        found.append(mark.c.day <= query.until.astimezone(UTC).date())
    if after is not None and isinstance(after.value, datetime):
        day = after.value.astimezone(UTC).date()
        found.append(mark.c.day <= day if query.sort == "newest" else mark.c.day >= day)
    return found


def conditions(query: Query, *whose: str, besides: str | None = None) -> list[ColumnElement[bool]]:
    """What must be true of a call of some tenants.

    Parameters
    ----------
    query
        Which calls.
    *whose
        The tenants.
    besides
        A kind of mark that is seen to otherwise.
    """
    found: list[ColumnElement[bool]] = [calls.c.tenant == whose[0] if len(whose) == 1 else calls.c.tenant.in_(whose)]
    found += [calls.c[name] == value for name in FILTERED if (value := getattr(query, name)) is not None]
    if query.call_id is not None:
        found.append(calls.c.call_id == query.call_id)
    if query.since is not None:
        found.append(calls.c.at >= query.since)
    if query.until is not None:
        found.append(calls.c.at < query.until)
    if query.mos_below is not None:
        found += [calls.c.rank < query.mos_below, calls.c.rank >= 1.0]
    return found + besides_indexes(query, besides)


def besides_indexes(query: Query, besides: str | None = None) -> list[ColumnElement[bool]]:
    """What must be true of a call, of all that no index of calls in the order of a list sees to.

    Parameters
    ----------
    query
        Which calls.
    besides
        A kind of mark that is seen to otherwise.
    """
    found = [calls.c[name] == value for name in UNINDEXED if (value := getattr(query, name)) is not None]
    for name in query.missing:
        known = name in FILTERED or name in UNINDEXED
        column = calls.c[name] if known else calls.c.tags[storable(name.removeprefix("tag."))].as_string()
        found.append(column.is_(None))
    if query.hour is not None:
        found.append(_within(query, 86_400, 3600 * query.hour, 3600))
    if query.weekday is not None:
        found.append(_within(query, 604_800, 86_400 * ((query.weekday - _THURSDAY) % 7), 86_400))
    if query.but is not None:
        found.append(calls.c.id != query.but)
    if query.flagged is not None:
        found.append(calls.c.flagged.is_(query.flagged))
    if query.test_calls is not None:
        found.append(calls.c.test_call.is_(query.test_calls))
    if query.disagree is not None:
        found.append(calls.c.disagreement.is_not(None) if query.disagree else calls.c.disagreement.is_(None))
    for what, kind in (("flag", query.rule), ("event", query.event)):
        if kind is not None and what != besides:
            one = marks.alias()  # a list may go along the marks itself
            names = mark_names(what, query)
            found.append(exists().where(one.c.call == calls.c.id, one.c.what.in_(names), one.c.kind == kind))
    found += [calls.c.tags[storable(name)].as_string() == value for name, value in query.tags.items()]
    return found


def mark_names(what: str, query: Query) -> list[str]:
    """What the marks that a query asks for are called in the table."""
    kinds = [False, True] if query.test_calls is None else [query.test_calls]
    return [mark_name(what, test=test) for test in kinds]


def _within(query: Query, period: int, begin: int, length: int) -> ColumnElement[bool]:
    """Whether a call began within a part of each day, or week from Thursday on, by the clocks of a zone.

    Between two changes of the clocks that is a matter of a remainder.
    """
    from audioqa.zones import changes, zone_of

    since = query.since or datetime(_FIRST_YEAR, 1, 1, tzinfo=UTC)
    until = query.until or datetime.now(UTC) + timedelta(days=400)
    known = changes(zone_of(query.zone), int(since.timestamp() // 60), int(until.timestamp() // 60))
    at = func.coalesce(calls.c.at, calls.c.at)  # so that no index is looked for
    moment = cast(extract("epoch", at), Numeric)
    parts = []
    for (first, offset), (last, _) in zip(known, [*known[1:], (None, 0)], strict=True):
        there = (moment + 60 * offset) % period
        part = [there >= begin, there < begin + length]
        if first != known[0][0]:
            part.append(at >= datetime.fromtimestamp(first * 60, UTC))
        if last is not None:
            part.append(at < datetime.fromtimestamp(last * 60, UTC))
        parts.append(and_(*part))
    return or_(*parts)


def seconds(connection: Connection, moment: ColumnElement[Any]) -> ColumnElement[float]:
    """A moment as seconds since 1970, worked out by the database."""
    if connection.dialect.name == "postgresql":
        return cast(func.extract("epoch", moment), Float)
    text = cast(moment, Text)  # 2026-01-31 08:00:00.000000
    fraction = cast(literal_column("'0'").concat(func.substr(text, 20)), Float)
    return cast(func.strftime("%s", text), Float) + fraction


def _leading_mark(query: Query) -> tuple[str, str] | None:
    """The kind of mark whose index gives the order, where no index of the call itself leaves fewer."""
    if any(getattr(query, name) is not None for name in FILTERED) or query.test_calls is None:
        return None
    if query.rule is not None:
        return ("flag", query.rule)
    return ("event", query.event) if query.event is not None else None
