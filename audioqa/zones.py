"""Local time of very many moments: hour, weekday, day, week and month in a named zone, with its summer times."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from audioqa.errors import SettingsError

Whole = npt.NDArray[np.int32]

TIMES = ("hour", "weekday", "day", "week", "month")
"""What moments can be put together by."""

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

_DAY = 1440
_THURSDAY = 3
"""1 January 1970 was one, counted from Monday as 0."""


def zone_of(name: str) -> ZoneInfo:
    """A zone by its name in the time zone database.

    Raises
    ------
    SettingsError
        Where there is none of that name.
    """
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, LookupError):
        raise SettingsError(f"there is no time zone {name!r}; write Europe/Oslo, America/New_York, or UTC") from None


def changes(zone: ZoneInfo, first: int, last: int) -> tuple[tuple[int, int], ...]:
    """When the clocks of a zone change: pairs of the minute (since 1970 UTC) from which on so many minutes are added.

    Parameters
    ----------
    zone
        The zone.
    first, last
        Minutes since 1970 UTC: what holds at the first one comes first.
    """
    return _changes(zone.key, first // _DAY, last // _DAY)


@lru_cache(maxsize=256)
def _changes(name: str, first: int, last: int) -> tuple[tuple[int, int], ...]:
    zone = ZoneInfo(name)

    def offset(minute: int) -> int:
        told = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(minutes=minute)).astimezone(zone).utcoffset()
        return 0 if told is None else int(told.total_seconds() // 60)

    found = [(first * _DAY, offset(first * _DAY))]
    for day in range(first, last + 1):
        begin, end = day * _DAY, (day + 1) * _DAY
        while offset(end) != found[-1][1]:
            low, high = begin, end  # the clocks change between them
            while high - low > 1:
                middle = (low + high) // 2
                low, high = (middle, high) if offset(middle) == found[-1][1] else (low, middle)
            found.append((high, offset(high)))
            begin = high
    return tuple(found)


def local(zone: ZoneInfo, minute: Whole) -> Whole:
    """Minutes since 1970 by the clocks of a zone.

    Parameters
    ----------
    zone
        The zone.
    minute
        int32, any shape: minutes since 1970 UTC.
    """
    if not minute.size:
        return minute
    known = changes(zone, int(minute.min()), int(minute.max()))
    offsets = np.array([offset for _, offset in known], np.int32)
    if len(known) == 1:
        same: Whole = minute + offsets[0]
        return same
    begins = np.array([begin for begin, _ in known], np.int32)
    moved: Whole = minute + offsets[np.searchsorted(begins, minute, side="right") - 1]
    return moved


def part(name: str, local_minute: Whole) -> Whole:
    """One of `TIMES` as a number, whose order is that of time; `told` says it in words."""
    if name == "hour":
        return local_minute // 60 % 24
    day = local_minute // _DAY
    if name == "weekday":
        return (day + _THURSDAY) % 7
    if name == "week":
        return (day + _THURSDAY) // 7
    if name == "month":
        month: Whole = day.astype("datetime64[D]").astype("datetime64[M]").astype(np.int32)
        return month
    return day


def told(name: str, number: int) -> str:
    """A number that `part` gave, in words.

    >>> told("hour", 7), told("weekday", 0), told("day", 0), told("week", 1), told("month", 673)
    ('07', '1 Monday', '1970-01-01', '1970-01-05', '2026-02')
    """
    if name == "hour":
        return f"{number:02}"
    if name == "weekday":
        return f"{number + 1} {WEEKDAYS[number]}"
    unit: Any = "M" if name == "month" else "D"
    return str(np.datetime64(number * 7 - _THURSDAY if name == "week" else number, unit))
