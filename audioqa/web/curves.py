"""Precision, recall and size of the queue by threshold, as a picture (SVG) without any style of its own."""

from __future__ import annotations

from collections.abc import Sequence

from audioqa.review.quality import Share, ThresholdQuality

WIDTH, HEIGHT = 720, 240
_LEFT, _RIGHT, _TOP, _BOTTOM = 44, 60, 12, 30


def threshold_curves(thresholds: Sequence[ThresholdQuality], *, now: float | None) -> str:
    """The curves.

    Parameters
    ----------
    thresholds
        Rising.
    now
        The threshold in force, drawn as a line; None where there is none.
    """
    first, last = thresholds[0].threshold, thresholds[-1].threshold
    most = max(1, *(one.queue for one in thresholds))
    inner, height = WIDTH - _LEFT - _RIGHT, HEIGHT - _TOP - _BOTTOM

    def x(threshold: float) -> float:
        return _LEFT + inner * (threshold - first) / (last - first)

    def y(share: float) -> float:
        return _TOP + height * (1 - share)

    def band(shares: Sequence[tuple[float, Share]], name: str) -> str:
        if len(shares) < 2:
            return ""
        upper = [f"{x(at):.1f},{y(share.high):.1f}" for at, share in shares]
        lower = [f"{x(at):.1f},{y(share.low):.1f}" for at, share in reversed(shares)]
        line = " ".join(f"{x(at):.1f},{y(share.value):.1f}" for at, share in shares)
        around = f'<polygon class="around {name}" points="{" ".join(upper + lower)}"/>'
        return f'{around}<polyline class="line {name}" points="{line}"/>'

    parts = [f'<rect class="frame" x="{_LEFT}" y="{_TOP}" width="{inner}" height="{height}"/>']
    for step in range(5):
        share = step / 4
        parts.append(f'<text x="{_LEFT - 6}" y="{y(share) + 4:.1f}" text-anchor="end">{share:.0%}</text>')
        count = f"{share * most:,.0f}"
        parts.append(f'<text x="{WIDTH - _RIGHT + 6}" y="{y(share) + 4:.1f}" text-anchor="start">{count}</text>')
    for one in thresholds[::5]:
        label = f"{one.threshold:.1f}"
        parts.append(f'<text x="{x(one.threshold):.1f}" y="{HEIGHT - 10}" text-anchor="middle">{label}</text>')
    queue = " ".join(f"{x(one.threshold):.1f},{y(one.queue / most):.1f}" for one in thresholds)
    parts.append(f'<polyline class="line queue" points="{queue}"/>')
    told = {
        "precision": [(one.threshold, one.precision) for one in thresholds if isinstance(one.precision, Share)],
        "recall": [(one.threshold, one.recall) for one in thresholds if isinstance(one.recall, Share)],
    }
    parts += [band(shares, name) for name, shares in told.items()]
    if now is not None and first <= now <= last:
        parts.append(f'<line class="now" x1="{x(now):.1f}" x2="{x(now):.1f}" y1="{_TOP}" y2="{_TOP + height}"/>')
    label = "Precision, recall and size of the queue by threshold of the MOS; the table below has the figures"
    return f'<svg class="curves" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{label}">{"".join(parts)}</svg>'
