"""What stands in the address of the list of calls: filters and order, as people type them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import get_args
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from audioqa.errors import SettingsError
from audioqa.store.query import Query, Sort
from audioqa.zones import zone_of

TEXTS = ("agent", "queue", "site", "carrier", "trunk", "direction", "codec", "tap", "rule", "event")
"""Filters that a call must match exactly."""

NAMES = (
    *("sort", *TEXTS, "flagged", "disagree", "test_calls", "since", "until", "mos_below", "tag", "tag2"),
    *("missing", "hour", "weekday", "zone"),
)
"""Everything that a filter can hold; a place in the list is no part of it."""

LONGEST = 300
"""Characters of one value."""


@dataclass(frozen=True)
class Filter:
    """A filter as it was typed in.

    Parameters
    ----------
    typed
        By name, what was typed in; nothing that is empty.
    query
        What it means.
    wrong
        What could not be used, one sentence each.
    """

    typed: Mapping[str, str]
    query: Query
    wrong: tuple[str, ...]

    def address(self, **changed: str) -> str:
        """The part of an address behind the question mark, with some values changed; empty ones are left out."""
        return urlencode({name: value for name, value in {**self.typed, **changed}.items() if value})


def read_filter(values: Mapping[str, str], *, tenant: str, but: int | None = None) -> Filter:
    """The filter of an address.

    Parameters
    ----------
    values
        By name; other names are passed over.
    tenant
        Whose calls.
    but
        Number of the one that is left out.
    """
    typed = {name: value.strip()[:LONGEST] for name in NAMES if (value := values.get(name, "").strip())}
    wrong: list[str] = []
    sort: Sort = "worst"
    for one in get_args(Sort):
        if one == typed.get("sort"):
            sort = one
    if "sort" in typed and typed["sort"] != sort:
        wrong.append(f"The order is one of {', '.join(get_args(Sort))}.")
    zone = _zone(typed.get("zone"), wrong)
    weekday = _number(typed.get("weekday"), 1, 7, "Weekday", wrong)
    query = Query(
        tenant=tenant,
        **{name: typed.get(name) for name in TEXTS},
        flagged={"yes": True, "no": False}.get(typed.get("flagged", "")),
        disagree={"yes": True, "no": False}.get(typed.get("disagree", "")),
        test_calls=typed.get("test_calls") == "yes",
        since=_day(typed.get("since"), "From", wrong, zone),
        until=_day(typed.get("until"), "To", wrong, zone, after=True),
        mos_below=_mos(typed.get("mos_below"), wrong),
        tags=_tag(typed.get("tag"), wrong) | _tag(typed.get("tag2"), wrong),
        missing=tuple(filter(None, typed.get("missing", "").split(","))),
        hour=_number(typed.get("hour"), 0, 23, "Hour", wrong),
        weekday=None if weekday is None else weekday - 1,
        zone=zone.key,
        but=but,
        sort=sort,
    )
    return Filter(typed, query, tuple(wrong))


def _zone(text: str | None, wrong: list[str]) -> ZoneInfo:
    try:
        return zone_of(text or "UTC")
    except SettingsError as error:
        wrong.append(f"Time zone: {error}.")
        return zone_of("UTC")


def _number(text: str | None, least: int, most: int, name: str, wrong: list[str]) -> int | None:
    if text is None:
        return None
    if text.isdecimal() and text.isascii() and least <= int(text) <= most:
        return int(text)
    wrong.append(f"{name}: a whole number from {least} to {most}.")
    return None


def _day(text: str | None, name: str, wrong: list[str], zone: ZoneInfo, *, after: bool = False) -> datetime | None:
    """The beginning of a day in a zone, or of the day after it."""
    if text is None:
        return None
    try:
        day = datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=zone)
        return (day + timedelta(days=1) if after else day).astimezone(UTC)
    except (ValueError, OverflowError):
        wrong.append(f"{name}: a day is written as in 2026-03-31.")
        return None


def _mos(text: str | None, wrong: list[str]) -> float | None:
    if text is None:
        return None
    try:
        value = float(text.replace(",", "."))
    except ValueError:
        value = 0.0
    if not 1 <= value <= 5:
        wrong.append("MOS below: a number from 1 to 5.")
        return None
    return value


def _tag(text: str | None, wrong: list[str]) -> dict[str, str]:
    if text is None:
        return {}
    name, sign, value = text.partition("=")
    if not sign or not name.strip():
        wrong.append("A tag is written as in headset=wired.")
        return {}
    return {name.strip(): value.strip()}
