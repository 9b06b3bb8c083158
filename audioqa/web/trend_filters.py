"""What stands in the address of the page of trends, and the addresses of the calls that its figures are of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from urllib.parse import urlencode

from audioqa.errors import SettingsError
from audioqa.store.columns import PLAIN
from audioqa.trends.report import Question
from audioqa.web.filters import Filter, read_filter
from audioqa.zones import zone_of

NARROWED = (
    "agent",
    "queue",
    "site",
    "carrier",
    "trunk",
    "direction",
    "codec",
    "tap",
    "tag",
    "tag2",
    "zone",
    "test_calls",
)
"""Filters of the list of calls that hold for trends, too; beside the time."""

DAYS = 30
"""Days that are looked at unless others are named."""

ROLLING = 7

USUAL = "carrier"

COLUMNS = tuple(name for name in PLAIN if name != "tenant")


@dataclass(frozen=True)
class TrendFilter:
    """What is asked for.

    Parameters
    ----------
    by
        Name of what calls are put together by.
    number
        Name of a number that scores are correlated with; empty for none.
    calls
        Which calls, as the list of calls has it.
    typed
        By name, what was typed in, for the form.
    wrong
        What could not be used, one sentence each.
    question
        What it means.
    """

    by: str
    number: str
    calls: Filter
    typed: Mapping[str, str]
    wrong: tuple[str, ...]
    question: Question

    def address(self, **changed: str) -> str:
        """The part of an address of this page behind the question mark."""
        return urlencode({name: value for name, value in {**self.typed, **changed}.items() if value})

    def list(self, values: Mapping[str, str | None]) -> str:
        """Where the calls are that have something in common.

        Parameters
        ----------
        values
            By name (a column, a tag, ``hour``, ``weekday`` or ``day``) the word they have; None where none is known.
        """
        found = {name: self.calls.typed[name] for name in (*NARROWED, "since", "until") if name in self.calls.typed}
        for name, value in values.items():
            if value is None:
                found["missing"] = ",".join(filter(None, [found.get("missing"), name]))
            elif name == "day":
                found |= {"since": value, "until": value}
            elif name == "hour":
                found["hour"] = str(int(value))
            elif name == "weekday":
                found["weekday"] = value[0]
            elif name in COLUMNS:
                found[name] = value
            else:
                place = "tag2" if "tag" in found else "tag"
                found[place] = f"{name.removeprefix('tag.')}={value}"
        return f"/calls?{urlencode(found)}"


def read_trend_filter(values: Mapping[str, str], *, tenant: str, threshold: float) -> TrendFilter:
    """The filter of an address.

    Parameters
    ----------
    values
        By name; other names are passed over.
    tenant
        Whose calls.
    threshold
        MOS of the share below, unless the address has another.
    """
    wrong: list[str] = []
    known = {name: values.get(name, "").strip() for name in (*NARROWED, "since", "until")}
    zone = known["zone"] or "UTC"
    if not (known["since"] or known["until"]):
        try:
            today = datetime.now(zone_of(zone)).date()
        except SettingsError:
            today = datetime.now(UTC).date()
        known["since"] = (today - timedelta(days=DAYS - 1)).isoformat()
    calls = read_filter(known, tenant=tenant)
    wrong += calls.wrong
    by = values.get("by", "").strip()[:200] or USUAL
    below = values.get("below", "").strip()[:20]
    question = Question(zone=calls.query.zone, threshold=threshold, by=(by,))
    try:
        question = question.about(calls.query)
    except SettingsError as error:
        wrong.append(f"From and To: {error}.")
    try:
        question = replace(question, threshold=float(below.replace(",", ".")) if below else threshold)
    except (ValueError, SettingsError):
        wrong.append("Share below: a MOS from 1 to 5 with two decimals at most.")
    typed = {"by": by, "below": below, "number": values.get("number", "").strip()[:200], **dict(calls.typed)}
    return TrendFilter(by, typed["number"], calls, {k: v for k, v in typed.items() if v}, tuple(wrong), question)


def earlier(first: date, last: date) -> Sequence[tuple[str, str, str]]:
    """Times that the page offers: a name, and their first and last day; the last call began on `last`."""
    return (
        ("30 days to the last call", (last - timedelta(days=DAYS - 1)).isoformat(), last.isoformat()),
        ("all calls", first.isoformat(), last.isoformat()),
    )
