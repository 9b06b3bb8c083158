"""The report of a week as one self-contained HTML page, with masked clips that it plays itself."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from audioqa.alerts.words import sentence
from audioqa.render.markup import table, text
from audioqa.render.report_sheet import data_uri, player, rows, sheet
from audioqa.render.wording import clock, kind_words
from audioqa.reports.examples import Clip
from audioqa.reports.figures import Day, Mean
from audioqa.reports.weekly import Stream, Weekly
from audioqa.store import StoredCall

_WIDTH, _HEIGHT = 960.0, 220.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 40.0, 10.0, 10.0, 26.0
_MOST_ALERTS = 12


def weekly_page(week: Weekly, examples: Sequence[tuple[StoredCall, Clip]] = ()) -> str:
    """The page.

    Parameters
    ----------
    week
        What is said of it.
    examples
        Calls with their clips.
    """
    whose = " · ".join(word for word in (week.tenant, week.site) if word) or "all calls"
    title = f"Call quality of {whose}, {week.since:%d %B} to {week.until:%d %B %Y}"
    parts = [f"<h1>{text(title)}</h1>", f'<p class="note">Made by audioqa; times are UTC. {_headline(week)}</p>']
    if not week.streams:
        parts.append('<section class="card"><p>There are no calls of this week.</p></section>')
    for number, stream in enumerate(week.streams):
        if number:
            parts.append(
                '<p class="note">What follows is on another scale or by another model: it cannot be compared.</p>'
            )
        parts.append(_figures(week, stream) + _trend(week, stream) + _routes(week, stream) + _faults(stream))
    parts += [_alerts(week), _causes(week), _examples(examples)]
    return sheet(title, "\n".join(part for part in parts if part))


def _headline(week: Weekly) -> str:
    """The week in a sentence."""
    if not week.streams or (change := week.streams[0].change) is None:
        return "There are too few calls to compare with the four weeks before."
    value, low, high = change
    if low > 0:
        said = f"Calls sounded better than in the four weeks before, by {value:.2f} MOS."
    elif high < 0:
        said = f"Calls sounded worse than in the four weeks before, by {-value:.2f} MOS."
    else:
        said = "Calls sounded as in the four weeks before."
    if week.streams[0].routes:
        route = week.streams[0].routes[0]
        said += f" The worst route is {text(route.by)} {text(route.value)}, {route.lower:.2f} MOS below the others."
    return said


def _figures(week: Weekly, stream: Stream) -> str:
    change = stream.change
    told = "the four weeks before have too few calls"
    if change is not None:
        tone = "better" if change[1] > 0 else "worse" if change[2] < 0 else ""
        told = f'<span class="{tone}">{change[0]:+.2f}</span> ({change[1]:+.2f} to {change[2]:+.2f})'
        told += " from the four weeks before"
    below = "–" if stream.below is None else f"{stream.below:.1%}"
    before = "" if stream.below_before is None else f", before {stream.below_before:.1%}"
    return (
        f'<section class="card"><h2>{text(stream.scale)}</h2><div class="figures">'
        f"<div><b>{_mean(stream.mean)}</b>mean MOS<br>{told}</div>"
        f"<div><b>{below}</b>of the calls below {week.limit:.1f}{before}</div>"
        f"<div><b>{stream.calls:,}</b>calls, {stream.calls - stream.measured:,} of them without a MOS</div>"
        f"<div><b>{week.flagged:,}</b>calls to review</div></div>"
        f'<p class="note">Model: {text(stream.model)}. Intervals are of 95 %.</p></section>'
    )


def _mean(mean: Mean | None) -> str:
    return "–" if mean is None else f"{mean.value:.2f}"


def _trend(week: Weekly, stream: Stream) -> str:
    drawn = _curve(stream.days, week.since.timestamp())
    if not drawn:
        return ""
    return (
        f'<section class="card"><h2>Day by day</h2>{drawn}<p class="note">Mean MOS of each day with its 95 % interval; '
        "the week is shaded. Days with fewer than 30 calls are left out.</p></section>"
    )


def _curve(days: Sequence[Day], week: float) -> str:
    known = [(day.at, day.mean) for day in days if day.mean is not None]
    if len(known) < 2:
        return ""
    first, last = days[0].at, days[-1].at
    low = max(1.0, min(mean.low for _, mean in known) - 0.1)
    high = min(5.0, max(mean.high for _, mean in known) + 0.1)
    width, height = _WIDTH - _LEFT - _RIGHT, _HEIGHT - _TOP - _BOTTOM

    def x(at: float) -> float:
        return _LEFT + (at - first) / (last - first) * width

    def y(mos: float) -> float:
        return _TOP + (high - mos) / (high - low) * height

    parts = [f'<rect class="week" x="{x(week):.1f}" y="{_TOP}" width="{x(last) - x(week):.1f}" height="{height:.1f}"/>']
    steps = [low + (high - low) * share for share in (0.0, 0.5, 1.0)]
    for mos in steps:
        parts.append(f'<line class="grid" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y(mos):.1f}" y2="{y(mos):.1f}"/>')
        parts.append(f'<text x="{_LEFT - 6}" y="{y(mos) + 4:.1f}" text-anchor="end">{mos:.2f}</text>')
    above = " ".join(f"{x(at):.1f},{y(mean.high):.1f}" for at, mean in known)
    below = " ".join(f"{x(at):.1f},{y(mean.low):.1f}" for at, mean in reversed(known))
    parts.append(f'<polygon class="range" points="{above} {below}"/>')
    line = " ".join(f"{x(at):.1f},{y(mean.value):.1f}" for at, mean in known)
    parts.append(f'<polyline class="line" points="{line}"/>')
    for at, mean in known:
        told = f"{_day(at)}: MOS {mean.value:.2f}, {mean.calls} calls"
        parts.append(
            f'<circle class="dot" cx="{x(at):.1f}" cy="{y(mean.value):.1f}" r="3"><title>{told}</title></circle>'
        )
    parts += [
        f'<text x="{x(day.at):.1f}" y="{_HEIGHT - 6}" text-anchor="middle">{_day(day.at)}</text>' for day in days[::7]
    ]
    box = f'viewBox="0 0 {_WIDTH:g} {_HEIGHT:g}"'
    return f'<svg {box} role="img" aria-label="Mean MOS of each day">{"".join(parts)}</svg>'


def _routes(week: Weekly, stream: Stream) -> str:
    if not stream.routes:
        return '<section class="card"><h2>Worst routes</h2><p>No route is surely worse than the others.</p></section>'
    cells = [
        (
            f"{text(route.by)} <b>{text(route.value)}</b>",
            f"{route.mean.value:.2f}",
            f"{route.lower:.2f} ({route.low:.2f} to {route.high:.2f})",
            f"{route.below:.0%}",
            f"{route.mean.calls:,}",
        )
        for route in stream.routes
    ]
    heads = ("Route", "MOS", "Below the others by", f"Calls below {week.limit:.1f}", "Calls")
    return f'<section class="card"><h2>Worst routes</h2><div class="scroll">{table(heads, rows(cells))}</div></section>'


def _faults(stream: Stream) -> str:
    if not stream.faults:
        return ""
    cells = [
        (
            text(kind_words(fault.kind)),
            f"{fault.calls:,}",
            f"{fault.share:.1%}",
            "–" if fault.before is None else f"{fault.before:.1%}",
            "–" if fault.lower is None else f"{fault.lower:.2f}",
        )
        for fault in stream.faults
    ]
    heads = ("Fault", "Calls", "Share", "Four weeks before", "Their MOS is lower by")
    shown = table(heads, rows(cells))
    return f'<section class="card"><h2>Faults that cost most</h2><div class="scroll">{shown}</div></section>'


def _alerts(week: Weekly) -> str:
    if not week.alerts:
        return ""
    items = "".join(f"<li>{text(sentence(alert))}</li>" for alert in week.alerts[:_MOST_ALERTS])
    more = len(week.alerts) - _MOST_ALERTS
    tail = f'<p class="note">and {more} more</p>' if more > 0 else ""
    return f'<section class="card"><h2>Alerts of the week</h2><ul>{items}</ul>{tail}</section>'


def _causes(week: Weekly) -> str:
    if not week.causes:
        return ""
    items = "".join(f"<li>{text(origin)}: {count}</li>" for origin, count in week.causes)
    return (
        f'<section class="card"><h2>Likely causes</h2><ul>{items}</ul><p class="note">The likeliest cause of each of '
        f"the {week.looked_at} worst calls to review.</p></section>"
    )


def _examples(examples: Sequence[tuple[StoredCall, Clip]]) -> str:
    if not examples:
        return ""
    cells = []
    for call, clip in examples:
        began = "" if clip.began is None else f"<br>{clip.began.astimezone(UTC):%Y-%m-%d %H:%M:%S}"
        label = f"masked clip of {call.info.call_id}"
        sound = player(data_uri(clip.data, "audio/wav"), label) if clip.data else text("; ".join(clip.about))
        flags = "; ".join(str(flag["reason"]) for flag in call.content["flags"][:2])
        where = f"{clock(clip.stretch.start)} to {clock(clip.stretch.end)}{began}"
        cells.append((text(call.info.call_id), where, text(flags), sound))
    heads = ("Call", "Where in the call", "Why", "Masked clip")
    return (
        f'<section class="card"><h2>Examples</h2><div class="scroll">{table(heads, rows(cells))}</div>'
        '<p class="note">The clips hold the faults of the calls and nothing that was said.</p></section>'
    )


def _day(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%d %b}"
