"""The page of trends: scores day by day, by what is known of calls, by hour; each figure leads to its calls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response
from markupsafe import Markup

from audioqa.bands import BandSet
from audioqa.errors import SettingsError
from audioqa.render.trend_table import basis_words, letter, shift_words, trend_csv
from audioqa.render.wording import kind_words
from audioqa.service.service import Service
from audioqa.store.trend_reading import first_and_last, steady, tag_names
from audioqa.store.trend_segments import TAG
from audioqa.trends.correlation import correlated, numeric_names
from audioqa.trends.overlap import shifts
from audioqa.trends.report import Question, answer, answers
from audioqa.types.trends import Estimate, Figure, Trend, TrendRow
from audioqa.web.identity import PageReader
from audioqa.web.pages import render
from audioqa.web.state import TheService
from audioqa.web.told import bands_of
from audioqa.web.trend_drawings import day_lines
from audioqa.web.trend_filters import COLUMNS, ROLLING, TrendFilter, earlier, read_trend_filter

router = APIRouter(include_in_schema=False)

ROWS, MAP_ROWS = 50, 30
"""Rows of the table and of the map: the worst."""

HOURS = tuple(f"{hour:02}" for hour in range(24))


@router.get("/trends")
def trends_page(request: Request, service: TheService, who: PageReader) -> Response:
    """The page; what it is about stands in the address."""
    threshold = bands_of(service, who.tenant).attention
    chosen = read_trend_filter(request.query_params, tenant=who.tenant, threshold=threshold)
    values = _values(service, chosen, who.tenant)
    return render(request, "trends.html", values | {"chosen": chosen, "hours": HOURS, "kind_words": kind_words})


@router.get("/trends.csv")
def trends_csv(request: Request, service: TheService, who: PageReader) -> Response:
    """The table of the page as CSV."""
    threshold = bands_of(service, who.tenant).attention
    chosen = read_trend_filter(request.query_params, tenant=who.tenant, threshold=threshold)
    headers = {"Content-Disposition": 'attachment; filename="trends.csv"'}
    try:
        text = trend_csv(answer(service.store, chosen.question))
    except SettingsError as error:
        return Response(f"{error}\n", 422, media_type="text/plain; charset=utf-8")
    return Response(text, media_type="text/csv; charset=utf-8", headers=headers)


@dataclass(frozen=True)
class MapOfHours:
    """One basis of the map: a line for each word, with a cell for each hour."""

    basis: str
    lines: Sequence[tuple[str | None, Sequence[TrendRow | None]]]


def _values(service: Service, chosen: TrendFilter, tenant: str) -> dict[str, Any]:
    store, bands = service.store, bands_of(service, tenant)
    wrong = list(chosen.wrong)
    with steady(store.engine) as connection:
        tags = tag_names(connection, tenant, TAG)
        ends = first_and_last(connection, tenant)
    question = _rolling(chosen)
    timed = chosen.by in ("hour", "weekday", "day", "week", "month")
    wanted: list[tuple[str, ...]] = [(), ("day",), (chosen.by,)]
    wanted += [] if timed else [(chosen.by, "hour")]
    try:
        whole, days, table, *maps = answers(store, question, wanted)
    except SettingsError as error:
        wrong.append(f"{error}.")
        whole, days, table, *maps = answers(store, _rolling(chosen), [(), ("day",), ("weekday",), ("weekday",)])
    bases = {basis: letter(place) for place, basis in enumerate(dict.fromkeys([*whole.bases, *table.bases]))}
    rows = (table.rows if timed else sorted(table.rows, key=_worst_first))[:ROWS]
    return {
        "wrong": wrong,
        "whole": whole,
        "days": days.rows,
        "curves": Markup(  # noqa: S704 - figures of ours, and escaped addresses
            day_lines(days.rows, threshold=question.threshold, address=lambda day: chosen.list({"day": day}))
        ),
        "rolling": question.rolling,
        "table": table,
        "rows": rows,
        "left_out": len(table.rows) - len(rows),
        "maps": [] if not maps or timed else _maps(maps[0], [row.values[0] for row in rows]),
        "map_left_out": len({row.values[0] for row in table.rows}) > MAP_ROWS,
        "bases": bases,
        "basis_words": basis_words,
        "several": len(bases) > 1,
        "columns": [(name, name) for name in COLUMNS]
        + [(f"tag.{name}" if name in COLUMNS else name, name) for name in tags]
        + [(name, name) for name in ("hour", "weekday", "week", "month")],
        "numbers": numeric_names(store, tags, tenant=tenant),
        "correlations": [] if not chosen.number else correlated(store, chosen.question, chosen.number),
        "shifts": [(one, shift_words(one)) for one in shifts(store, chosen.calls.query, least=question.least)],
        "times": [] if ends is None else earlier(ends[0].date(), ends[1].date()),
        "figure": figure_words,
        "limits": (bands.painful, bands.attention, good_from(bands)),
        "tone": lambda row: tone(bands, row),
        "incidents": list(question.incidents),
    }


def _rolling(chosen: TrendFilter) -> Question:
    return replace(chosen.question, by=("day",), rolling=ROLLING)


def _worst_first(row: TrendRow) -> tuple[bool, float]:
    known = isinstance(row.mos, Estimate)
    return (not known, row.mos.value if isinstance(row.mos, Estimate) else 0.0)


def _maps(trend: Trend, words: Sequence[str | None]) -> list[MapOfHours]:
    """A map for each basis; words in the order that they are given in."""
    kept = list(dict.fromkeys(words))[:MAP_ROWS]
    cells: dict[tuple[str, str], dict[tuple[str | None, str | None], TrendRow]] = {}
    for row in trend.rows:
        cells.setdefault((row.scale, row.estimator), {})[row.values[0], row.values[1]] = row
    return [
        MapOfHours(basis_words(*basis), [(word, [known.get((word, hour)) for hour in HOURS]) for word in kept])
        for basis, known in sorted(cells.items())
    ]


def figure_words(value: Figure, times: float = 1.0, form: str = ".2f") -> Mapping[str, str]:
    """A figure for a cell: the number, its interval, or that there are too few calls and how many."""
    if not isinstance(value, Estimate):
        return {"few": value.reason}
    return {
        "value": f"{times * value.value:{form}}",
        "interval": f"{times * value.low:{form}}–{times * value.high:{form}}",
    }


def tone(bands: BandSet, row: TrendRow) -> str:
    """The colour of a mean MOS: ``good``, ``fair``, ``poor``, ``bad``, or ``plain`` where no band applies."""
    if not isinstance(row.mos, Estimate) or not row.scale.endswith(bands.context):
        return "plain"
    value = row.mos.value
    if value < bands.painful:
        return "bad"
    if value < bands.attention:
        return "poor"
    return "good" if value >= good_from(bands) else "fair"


def good_from(bands: BandSet) -> float:
    """Where the colour of a good call begins: with the second band, as in the list of calls."""
    return bands.bands[min(1, len(bands.bands) - 1)][0]
