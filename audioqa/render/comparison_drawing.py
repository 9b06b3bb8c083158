"""The pictures of a comparison, as SVG in the page: the differences with their intervals, and the largest clusters."""

from __future__ import annotations

import math
from collections.abc import Sequence

from audioqa.comparison import Cluster, Comparison, Difference
from audioqa.render.comparison_words import between, signed
from audioqa.render.markup import text

WIDTH, LEFT, RIGHT, ROW = 900, 230, 70, 26
"""Pixels: the whole, what names take on the left, figures on the right, and one row."""

MOST = 16
"""Clusters drawn: of more, those that lost most and those that gained most."""

_STEPS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0)
_NAME = 30  # letters of a name


def differences(comparison: Comparison) -> str:
    """The difference of MOS, as it is and with one mix, beside 0 and what matters; empty without an interval."""
    rows = [
        (words, one)
        for words, one in (("as it is", comparison.mos), ("one mix of calls", comparison.standardised.difference))
        if isinstance(one, Difference)
    ]
    if not rows:
        return ""
    reach = 1.1 * max(comparison.matters, *(abs(end) for _, one in rows for end in (one.low, one.high)))
    axis = _Axis(-reach, reach)
    height = ROW * len(rows) + 40
    lower, upper = axis.at(-comparison.matters), axis.at(comparison.matters)
    parts = [f'<rect class="zone" x="{lower}" y="0" width="{upper - lower:.1f}" height="{height - 30}"/>']
    parts += axis.grid(height - 30)
    parts.append(f'<line class="zero" x1="{axis.at(0)}" x2="{axis.at(0)}" y1="0" y2="{height - 30}"/>')
    for place, (words, one) in enumerate(rows):
        y = ROW * place + 20
        parts.append(f'<text x="0" y="{y + 5}">{text(words)}</text>')
        parts.append(f'<line class="bar" x1="{axis.at(one.low)}" x2="{axis.at(one.high)}" y1="{y}" y2="{y}"/>')
        parts.append(f'<circle class="dot" cx="{axis.at(one.value)}" cy="{y}" r="6"/>')
        parts.append(f'<text x="{WIDTH}" y="{y + 5}" text-anchor="end">{signed(one.value)}</text>')
    told = "; ".join(f"{words}: {signed(one.value)}, interval {between(one)}" for words, one in rows)
    return _svg(height, f"Difference of mean MOS, {told}", parts)


def clusters(shown: Sequence[Cluster], by: str) -> str:
    """Mean MOS of clusters before (ring) and after (dot), the greatest loss first; empty without any."""
    kept = sorted(shown, key=_change)
    if len(kept) > MOST:
        kept = kept[: MOST // 2] + kept[-MOST // 2 :]
    values = [mos for one in kept for mos in one.mos if mos is not None]
    if not values:
        return ""
    margin = 0.05 + 0.05 * (max(values) - min(values))
    axis = _Axis(min(values) - margin, max(values) + margin)
    height = ROW * len(kept) + 34
    parts = axis.grid(height - 30)
    for place, one in enumerate(kept):
        y = ROW * place + 14
        name = one.name if len(one.name) <= _NAME else one.name[: _NAME - 1] + "…"
        parts.append(f'<text x="0" y="{y + 5}">{text(name)}</text>')
        before, after = one.mos
        if before is not None and after is not None:
            parts.append(f'<line class="link" x1="{axis.at(before)}" x2="{axis.at(after)}" y1="{y}" y2="{y}"/>')
            parts.append(f'<text x="{WIDTH}" y="{y + 5}" text-anchor="end">{signed(after - before)}</text>')
        if before is not None:
            parts.append(f'<circle class="old" cx="{axis.at(before)}" cy="{y}" r="5"/>')
        if after is not None:
            parts.append(f'<circle class="dot" cx="{axis.at(after)}" cy="{y}" r="6"/>')
    return _svg(height, f"Mean MOS of each {by} before and after; the table below says the same in figures", parts)


def _change(one: Cluster) -> float:
    before, after = one.mos
    return math.inf if before is None or after is None else after - before


class _Axis:
    """A line of MOS from left to right."""

    def __init__(self, low: float, high: float) -> None:
        self._low = low
        self._scale = (WIDTH - LEFT - RIGHT) / (high - low)
        self._step = next((step for step in _STEPS if (high - low) / step <= 8), 5.0)
        self._first, self._last = math.ceil(low / self._step), math.floor(high / self._step)

    def at(self, value: float) -> float:
        """Where a value stands, in pixels."""
        return round(LEFT + (value - self._low) * self._scale, 1)

    def grid(self, height: int) -> list[str]:
        """Its lines and figures."""
        parts = []
        places = 2 if self._step < 0.1 else 1
        for number in range(self._first, self._last + 1):
            value = number * self._step
            x = self.at(value)
            parts.append(f'<line class="grid" x1="{x}" x2="{x}" y1="0" y2="{height}"/>')
            label = f"{value + 0.0:.{places}f}".replace("-", "−")
            parts.append(f'<text class="muted" x="{x}" y="{height + 18}" text-anchor="middle">{label}</text>')
        return parts


def _svg(height: int, label: str, parts: Sequence[str]) -> str:
    head = f'<svg class="chart" viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{text(label)}">'
    return f'<div class="scroll" tabindex="0" role="group" aria-label="picture">{head}{"".join(parts)}</svg></div>'
