"""Small pictures of alerts, drawn as SVG: when it was bad, and the MOS by the hour."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from audioqa.alerts import Spell

WIDTH, HEIGHT = 860.0, 240.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 44.0, 12.0, 12.0, 30.0
_LOWEST, _HIGHEST = 1.0, 4.6
_STRIP = 160.0
_DAY = 86_400.0


def timeline(spells: Sequence[Spell], *, now: float, days: int) -> str:
    """The spells of the last days as a strip; the right end is now."""
    first = now - days * _DAY
    parts = [f'<rect class="ground" x="0" y="2" width="{_STRIP:g}" height="10"/>']
    for spell in spells:
        begin, end = max(spell.since, first), min(spell.until or now, now)
        if end > first:
            x = (begin - first) / (now - first) * _STRIP
            width = max(1.5, (end - begin) / (now - first) * _STRIP)
            parts.append(f'<rect class="bad" x="{x:.1f}" y="2" width="{width:.1f}" height="10"/>')
    label = f"Bad {len(spells)} {'time' if len(spells) == 1 else 'times'}"
    return f'<svg class="strip" viewBox="0 0 {_STRIP:g} 14" role="img" aria-label="{label}">{"".join(parts)}</svg>'


def hourly(points: Sequence[tuple[float, float]], *, since: float, until: float | None, level: float | None) -> str:
    """The mean MOS of each hour, its number of calls as the size of the dot; nothing where there are no calls.

    Parameters
    ----------
    points
        When each call began, and its MOS, in the order of time.
    since, until
        The spell, which is shaded.
    level
        A MOS that a line shows; None for no line.
    """
    if not points:
        return ""
    hours: dict[int, list[float]] = {}
    for at, mos in points:
        hours.setdefault(int(at // 3600), []).append(mos)
    first, last = min(hours) * 3600.0, (max(hours) + 1) * 3600.0
    width, height = WIDTH - _LEFT - _RIGHT, HEIGHT - _TOP - _BOTTOM

    def x(at: float) -> float:
        return _LEFT + (min(max(at, first), last) - first) / (last - first) * width

    def y(mos: float) -> float:
        return _TOP + (_HIGHEST - mos) / (_HIGHEST - _LOWEST) * height

    end = x(last if until is None else until)
    parts = [f'<rect class="spell" x="{x(since):.1f}" y="{_TOP}" width="{end - x(since):.1f}" height="{height:.1f}"/>']
    for mos in (1, 2, 3, 4):
        parts.append(f'<line class="grid" x1="{_LEFT}" x2="{WIDTH - _RIGHT}" y1="{y(mos):.1f}" y2="{y(mos):.1f}"/>')
        parts.append(f'<text x="{_LEFT - 8}" y="{y(mos) + 4:.1f}" text-anchor="end">{mos}</text>')
    if level is not None:
        parts.append(
            f'<line class="level" x1="{_LEFT}" x2="{WIDTH - _RIGHT}" y1="{y(level):.1f}" y2="{y(level):.1f}"/>'
        )
    for hour, some in sorted(hours.items()):
        radius = min(6.0, 1.5 + len(some) ** 0.5 / 2.0)
        at, mean = (hour + 0.5) * 3600.0, sum(some) / len(some)
        told = f"{datetime.fromtimestamp(hour * 3600.0, UTC):%Y-%m-%d %H:00}, {len(some)} calls, MOS {mean:.2f}"
        bad = " bad" if since <= at and (until is None or at < until) else ""
        place = f'cx="{x(at):.1f}" cy="{y(mean):.1f}" r="{radius:.1f}"'
        parts.append(f'<circle class="dot{bad}" {place}><title>{told}</title></circle>')
    days = int((last - first) // _DAY) + 1
    for day in range(int(first // _DAY) + 1, int(last // _DAY) + 1, 1 + days // 9):
        label = f"{datetime.fromtimestamp(day * _DAY, UTC):%d %b}"
        parts.append(f'<text x="{x(day * _DAY):.1f}" y="{HEIGHT - 8}" text-anchor="middle">{label}</text>')
    label = "Mean MOS of each hour; the shaded time is the alert's"
    return (
        f'<svg class="hourly" viewBox="0 0 {WIDTH:g} {HEIGHT:g}" role="img" aria-label="{label}">{"".join(parts)}</svg>'
    )
