"""Scores day by day as a picture (SVG) without any style of its own; each basis has a line of its own."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from html import escape

from audioqa.types.trends import Estimate, TrendRow

WIDTH, HEIGHT = 720, 240
_LEFT, _RIGHT, _TOP, _BOTTOM = 40, 12, 12, 28
_INNER, _HIGH = WIDTH - _LEFT - _RIGHT, HEIGHT - _TOP - _BOTTOM


def day_lines(rows: Sequence[TrendRow], *, threshold: float, address: Callable[[str], str]) -> str:
    """The mean MOS of each day with its interval; a day with too few calls is a gap.

    Parameters
    ----------
    rows
        By day.
    threshold
        Drawn as a line, where it is in sight.
    address
        Where the calls of a day are, by the day.
    """
    series: dict[tuple[str, str], dict[date, TrendRow]] = {}
    for row in rows:
        if row.values[0] is not None and isinstance(row.mos, Estimate):
            series.setdefault((row.scale, row.estimator), {})[date.fromisoformat(row.values[0])] = row
    if not series:
        return ""
    days = [day for known in series.values() for day in known]
    first, last = min(days), max(days)
    figures = [row.mos for known in series.values() for row in known.values() if isinstance(row.mos, Estimate)]
    low = math.floor(min(one.low for one in figures) * 5 - 0.01) / 5
    high = math.ceil(max(one.high for one in figures) * 5 + 0.01) / 5
    span = max(1, (last - first).days)

    def x(day: date) -> float:
        return _LEFT + _INNER * (day - first).days / span

    def y(mos: float) -> float:
        return _TOP + _HIGH * (high - mos) / (high - low)

    parts = [f'<rect class="frame" x="{_LEFT}" y="{_TOP}" width="{_INNER}" height="{_HIGH}"/>']
    step = next(step for step in (0.1, 0.2, 0.5, 1.0) if (high - low) / step <= 6)
    for number in range(math.ceil(low / step - 1e-6), math.floor(high / step + 1e-6) + 1):
        at = y(number * step)
        parts.append(f'<line class="grid" x1="{_LEFT}" x2="{WIDTH - _RIGHT}" y1="{at:.1f}" y2="{at:.1f}"/>')
        parts.append(f'<text x="{_LEFT - 6}" y="{at + 4:.1f}" text-anchor="end">{number * step:.1f}</text>')
    for number in range(0, span + 1, max(1, math.ceil((span + 1) / 6))):
        day = first + timedelta(days=number)
        anchor = "start" if number == 0 else "end" if number == span else "middle"
        parts.append(f'<text x="{x(day):.1f}" y="{HEIGHT - 8}" text-anchor="{anchor}">{day:%d %b}</text>')
    if low < threshold < high:
        parts.append(
            f'<line class="now" x1="{_LEFT}" x2="{WIDTH - _RIGHT}" y1="{y(threshold):.1f}" y2="{y(threshold):.1f}"/>'
        )
    for place, known in enumerate(series.values()):
        parts += [_stretch(stretch, f"line-{place % 4}", x, y) for stretch in _stretches(known)]
        for day, row in known.items():
            if isinstance(row.mos, Estimate):
                said = f"{day}: {row.mos.value:.2f} ({row.mos.low:.2f} to {row.mos.high:.2f}), {row.calls} calls"
                parts.append(
                    f'<a href="{escape(address(day.isoformat()))}" tabindex="-1" aria-hidden="true">'
                    f'<circle class="dot line-{place % 4}" cx="{x(day):.1f}" cy="{y(row.mos.value):.1f}" r="2.5"/>'
                    f'<rect class="hit" x="{x(day) - 4:.1f}" y="{_TOP}" width="8" height="{_HIGH}">'
                    f"<title>{escape(said)}</title></rect></a>"
                )
    label = f"Mean MOS from {first} to {last}, day by day; the table below has the figures"
    drawn = "".join(parts)
    return f'<svg class="curves days" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{label}">{drawn}</svg>'


def _stretches(known: Mapping[date, TrendRow]) -> list[list[tuple[date, Estimate]]]:
    """Days that follow one another."""
    found: list[list[tuple[date, Estimate]]] = []
    for day in sorted(known):
        mos = known[day].mos
        if not isinstance(mos, Estimate):
            continue
        if not found or day - found[-1][-1][0] > timedelta(days=1):
            found.append([])
        found[-1].append((day, mos))
    return found


def _stretch(
    stretch: Sequence[tuple[date, Estimate]], name: str, x: Callable[[date], float], y: Callable[[float], float]
) -> str:
    upper = [f"{x(day):.1f},{y(one.high):.1f}" for day, one in stretch]
    lower = [f"{x(day):.1f},{y(one.low):.1f}" for day, one in reversed(stretch)]
    line = " ".join(f"{x(day):.1f},{y(one.value):.1f}" for day, one in stretch)
    around = f'<polygon class="around {name}" points="{" ".join(upper + lower)}"/>'
    return f'{around}<polyline class="line {name}" points="{line}"/>'
