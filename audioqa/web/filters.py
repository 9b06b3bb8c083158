"""What stands in the address of the list of calls: filters and order, as people type them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import get_args
from urllib.parse import urlencode

from audioqa.store.query import Query, Sort

TEXTS = ("agent", "queue", "site", "carrier", "trunk", "rule", "event")
"""Filters that a call must match exactly."""

NAMES = ("sort", *TEXTS, "flagged", "disagree", "test_calls", "since", "until", "mos_below", "tag")
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
    query = Query(
        tenant=tenant,
        **{name: typed.get(name) for name in TEXTS},
        flagged={"yes": True, "no": False}.get(typed.get("flagged", "")),
        disagree={"yes": True, "no": False}.get(typed.get("disagree", "")),
        test_calls=typed.get("test_calls") == "yes",
        since=_day(typed.get("since"), "From", wrong),
        until=_day(typed.get("until"), "To", wrong, after=True),
        mos_below=_mos(typed.get("mos_below"), wrong),
        tags=_tag(typed.get("tag"), wrong),
        but=but,
        sort=sort,
    )
    return Filter(typed, query, tuple(wrong))


def _day(text: str | None, name: str, wrong: list[str], *, after: bool = False) -> datetime | None:
    """The beginning of a day, UTC, or of the day after it."""
    if text is None:
        return None
    try:
        day = datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
        return day + timedelta(days=1) if after else day
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
