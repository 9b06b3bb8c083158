"""Trends as a table for a terminal, as CSV, and as JSON."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from rich.console import Group as Stack
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from audioqa.render.wording import kind_words, printable
from audioqa.types.trends import Correlation, Estimate, Figure, Shift, Trend, TrendRow

NOT_KNOWN = "—"
FEW = "too few"


def trend_table(trend: Trend) -> RenderableType:
    """Two tables, of the scores and of the incidents; a letter names what scores rest on, where that is several."""
    kinds = list(trend.rows[0].incidents) if trend.rows else []
    below = f"below {trend.threshold:g}"
    scores = _rows(
        trend,
        ("MOS", *(f"{level:g} %" for level in trend.levels), below, "flagged"),
        lambda row: [*map(_lines, (row.mos, *row.percentiles)), _lines(row.below, 100), _lines(row.flagged, 100)],
    )
    incidents = _rows(
        trend, [kind_words(kind) for kind in kinds], lambda row: [_lines(row.incidents[kind], 1) for kind in kinds]
    )
    tables: list[RenderableType] = [scores]
    if kinds:
        tables += [_text(""), incidents]
    return Stack(*tables, _text(""), *(_text(line) for line in about(trend)))


def _rows(trend: Trend, heads: Sequence[str], cells: Callable[[TrendRow], list[str]]) -> Table:
    """A table with what calls have in common before the figures."""
    table = _table()
    several = len(trend.bases) > 1
    for name in (*trend.by, *(["scores"] if several else [])):
        table.add_column(_text(name), overflow="fold")
    for head in ("calls", *heads):
        table.add_column(_text(head), justify="right")
    letters = {basis: letter(place) for place, basis in enumerate(trend.bases)}
    for row in trend.rows:
        named = [NOT_KNOWN if value is None else value for value in row.values]
        named += [letters[row.scale, row.estimator]] if several else []
        table.add_row(*map(_text, named), f"{row.calls:,}", *map(Text, cells(row)))
    return table


def _lines(value: Figure, times: int = 0) -> str:
    """A figure, and below it its interval; a share in per cent, or so many of a thousand."""
    if not isinstance(value, Estimate):
        return FEW
    form, by = (".1f", times) if times else (".2f", 1)
    return f"{by * value.value:{form}}\n{by * value.low:{form}}–{by * value.high:{form}}"


def about(trend: Trend) -> list[str]:
    """What the figures of a trend are, line by line."""
    lines = [f"{letter(place)}: {basis_words(*basis)}" for place, basis in enumerate(trend.bases)]
    if len(lines) == 1:
        lines = [f"scores: {basis_words(*trend.bases[0])}"]
    zoned = any(name in trend.by for name in ("hour", "weekday", "day", "week", "month"))
    told = [
        f"{trend.calls:,} calls",
        f"times of {trend.zone}" if zoned else "",
        f"each day with the {trend.rolling - 1} before it" if trend.rolling > 1 else "",
        f"below {trend.threshold:g} and flagged in per cent",
        "intervals of 95 %",
        f"no figure below {trend.least} calls",
        "incidents in 1,000 calls" if trend.rows and trend.rows[0].incidents else "",
    ]
    lines.append("; ".join(filter(None, told)))
    if trend.waiting:
        hours = f"{trend.waiting} hours" if trend.waiting > 1 else "an hour"
        lines.append(f"calls of {hours} have changed and are counted as they were before; ask again later")
    return lines


def basis_words(scale: str, estimator: str) -> str:
    """What scores rest on, in words."""
    return f"{scale or 'no MOS'}, {estimator}"


def letter(place: int) -> str:
    """A, B ... for the bases of a trend."""
    return chr(ord("A") + place) if place < 26 else f"A{place - 25}"


def figure(value: Figure, form: str = ".2f") -> str:
    """A figure with its interval, or that there are too few calls for one."""
    if not isinstance(value, Estimate):
        return FEW
    return f"{value.value:{form}} ({value.low:{form}} to {value.high:{form}})"


def trend_csv(trend: Trend) -> str:
    """A row for each row; a figure that rests on too few calls is an empty cell, and its low and high too."""
    written = io.StringIO()
    rows = [_flat(trend, row) for row in trend.rows]
    heads = list(rows[0]) if rows else [*trend.by, "scale", "estimator", "calls", "scored"]
    writer = csv.DictWriter(written, heads, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return written.getvalue()


def trend_json(trend: Trend) -> str:
    """One JSON object."""
    told: dict[str, Any] = {
        "by": list(trend.by),
        "zone": trend.zone,
        "since": trend.since and trend.since.isoformat(),
        "until": trend.until and trend.until.isoformat(),
        "threshold": trend.threshold,
        "least": trend.least,
        "rolling_days": trend.rolling,
        "calls": trend.calls,
        "hours_waiting": trend.waiting,
        "rows": [row_object(trend, row) for row in trend.rows],
    }
    return json.dumps(told, allow_nan=False) + "\n"


def row_object(trend: Trend, row: TrendRow) -> dict[str, Any]:
    """A row as plain values: every figure is an object with its interval, or with the reason why there is none."""
    return {
        **dict(zip(trend.by, row.values, strict=True)),
        "scale": row.scale or None,
        "estimator": row.estimator,
        "calls": row.calls,
        "scored": row.scored,
        "mos": _plain(row.mos),
        "percentiles": {f"{level:g}": _plain(one) for level, one in zip(trend.levels, row.percentiles, strict=True)},
        "share_below": _plain(row.below),
        "share_flagged": _plain(row.flagged),
        "incidents_per_1000": {kind: _plain(one) for kind, one in row.incidents.items()},
    }


def correlation_table(found: Iterable[Correlation]) -> Table:
    """A line for each number and basis."""
    table = _table()
    for head in ("number", "calls", "Pearson", "Spearman", "scores"):
        table.add_column(head, justify="right" if head in ("calls", "Pearson", "Spearman") else "left", overflow="fold")
    for one in found:
        cells = [one.why if value is None else figure(value, "+.2f") for value in (one.pearson, one.spearman)]
        table.add_row(
            _text(one.name),
            f"{one.calls:,}",
            *(_text(cell) for cell in cells),
            _text(basis_words(one.scale, one.estimator)),
        )
    return table


def correlation_json(found: Iterable[Correlation]) -> str:
    """A JSON object a line."""
    return "".join(
        json.dumps(
            {
                "number": one.name,
                "scale": one.scale,
                "estimator": one.estimator,
                "calls": one.calls,
                "pearson": {"skipped": one.why} if one.pearson is None else _plain(one.pearson),
                "spearman": {"skipped": one.why} if one.spearman is None else _plain(one.spearman),
            },
            allow_nan=False,
        )
        + "\n"
        for one in found
    )


def shift_table(shifts: Sequence[Shift]) -> RenderableType:
    """The difference that another estimator makes, and by the first score."""
    parts: list[RenderableType] = []
    for shift in shifts:
        parts.append(_text(f"first:  {basis_words(shift.scale, shift.estimator)}"))
        parts.append(_text(f"second: {basis_words(shift.other_scale, shift.other_estimator)}"))
        parts.append(_text(shift_words(shift)))
        table = _table()
        for head in ("first MOS", "calls", "second less first"):
            table.add_column(head, justify="right")
        for low, high, calls, difference in shift.by_level:
            table.add_row(f"{low:g} to {high:g}", f"{calls:,}", figure(difference, "+.2f"))
        parts.append(table)
    return Stack(*parts)


def shift_words(shift: Shift) -> str:
    """The difference in a sentence."""
    if not isinstance(shift.difference, Estimate) or shift.spread is None:
        return f"{shift.calls} calls were scored with both: too few for a figure"
    by = shift.difference
    how = "higher" if by.value > 0 else "lower"
    low, high = sorted((abs(by.low), abs(by.high)))
    sure = f"{how} by {abs(by.value):.2f} ({low:.2f} to {high:.2f})"
    if by.low <= 0 <= by.high:
        sure = f"neither higher nor lower for certain: by {by.value:+.2f} ({by.low:+.2f} to {by.high:+.2f})"
    return f"on {shift.calls:,} calls scored with both the second is {sure}; single calls differ by ±{shift.spread:.2f}"


def shift_json(shifts: Iterable[Shift]) -> str:
    """A JSON object a line."""
    return "".join(
        json.dumps(
            {
                "scale": shift.scale,
                "estimator": shift.estimator,
                "other_scale": shift.other_scale,
                "other_estimator": shift.other_estimator,
                "calls": shift.calls,
                "difference": _plain(shift.difference),
                "spread": shift.spread,
                "by_first_score": [
                    {"from": low, "to": high, "calls": calls, "difference": _plain(difference)}
                    for low, high, calls, difference in shift.by_level
                ],
            },
            allow_nan=False,
        )
        + "\n"
        for shift in shifts
    )


def _plain(value: Figure) -> dict[str, Any]:
    if not isinstance(value, Estimate):
        return {"skipped": value.reason}
    return {"value": round(value.value, 4), "low": round(value.low, 4), "high": round(value.high, 4)}


def _flat(trend: Trend, row: TrendRow) -> dict[str, Any]:
    figures = {
        "mos": row.mos,
        **{f"p{level:g}": one for level, one in zip(trend.levels, row.percentiles, strict=True)},
        f"below_{trend.threshold:g}": row.below,
        "flagged": row.flagged,
        **{f"{kind}_per_1000": one for kind, one in row.incidents.items()},
    }
    told: dict[str, Any] = dict(zip(trend.by, row.values, strict=True))
    told |= {"scale": row.scale, "estimator": row.estimator, "calls": row.calls, "scored": row.scored}
    for name, one in figures.items():
        known = _plain(one)
        told |= {name: known.get("value"), f"{name}_low": known.get("low"), f"{name}_high": known.get("high")}
    return told


def _table() -> Table:
    return Table(box=None, pad_edge=False, header_style="bold")


def _text(text: str) -> Text:
    return Text(printable(text))
