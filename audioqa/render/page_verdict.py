"""The head of a page: what the call is, how bad it is, and why a person should review it."""

from __future__ import annotations

from audioqa.bands import BandSet
from audioqa.render.markup import jump, text
from audioqa.render.wording import SEVERITIES, interval, length, tone, wideband
from audioqa.types import CallReport, Score, Skipped


def about(report: CallReport) -> str:
    """The line under the file's name."""
    recording = report.recording
    channels = ", ".join(recording.channels) if report.separable else "one channel, parties not separable"
    kilohertz = f"{recording.sample_rate / 1000:g} kHz"
    return text(f"{length(recording.duration)} · {recording.container} {recording.codec} · {kilohertz} · {channels}")


def verdict(report: CallReport, bands: BandSet) -> str:
    """How bad the call is and why a person should review it."""
    score, reasons = _score(report, bands), _reasons(report)
    return f'<section class="card verdict"><div>{score}</div><div class="reasons">{reasons}</div></section>'


def _score(report: CallReport, bands: BandSet) -> str:
    if isinstance(report.mos, Skipped):
        return f'<p><span class="value none">No MOS</span></p><p class="note">{text(report.mos.reason)}</p>'
    mos = report.mos
    tint = f"tone-{tone(mos.value, mos, bands=bands)}"
    band = "" if isinstance(report.band, Skipped) else f'<span class="band {tint}">{text(report.band)}</span>'
    why = f'<p class="note">No band: {text(report.band.reason)}</p>' if isinstance(report.band, Skipped) else ""
    wide = wideband(report)
    beside = f"<br>{wide.value:.2f} ({interval(wide)}) in the wideband context" if wide else ""
    covers = f"<br>the interval covers {text(mos.covers)}" if mos.covers else ""
    return (
        f'<p><span class="value {tint}">{mos.value:.2f}</span>{band}</p>{_scale(mos, bands)}'
        f'<p class="note">90 % interval {interval(mos)}<br>worse party, {text(mos.scale)} {text(mos.context)}'
        f"{beside}{covers}</p>{why}"
    )


def _scale(mos: Score, bands: BandSet) -> str:
    """A ruler from 1 to 5 with the bands, the interval and the value."""
    upper, parts = 5.0, []
    if mos.context == bands.context:
        for index, (limit, _) in enumerate(bands.bands):
            lower = max(1.0, limit)
            parts.append(
                f'<rect class="b{min(index, 4)}" x="{_x(lower)}" y="6" width="{_x(upper) - _x(lower)}" height="12"/>'
            )
            upper = lower
    parts.append('<rect class="edge" x="0" y="6" width="400" height="12"/>')
    parts.append(
        f'<rect class="whisker" x="{_x(mos.low)}" y="11" width="{max(2, _x(mos.high) - _x(mos.low))}" height="2"/>'
    )
    parts.append(f'<circle class="dot" cx="{_x(mos.value)}" cy="12" r="7"/>')
    parts += [
        f'<text x="{_x(value)}" y="33" text-anchor="{anchor}">{value}</text>'
        for value, anchor in ((1, "start"), (2, "middle"), (3, "middle"), (4, "middle"), (5, "end"))
    ]
    label = f"{mos.value:.2f} on a scale from 1 (bad) to 5 (excellent)"
    return f'<svg class="scale" viewBox="0 0 400 34" role="img" aria-label="{label}">{"".join(parts)}</svg>'


def _x(value: float) -> int:
    return round((min(5.0, max(1.0, value)) - 1) * 100)


def _reasons(report: CallReport) -> str:
    if not report.flags:
        words = (
            "No rule asks for a review of this call."
            if isinstance(report.mos, Score)
            else "Nothing was found, and no MOS could be given."
        )
        return f"<h2>Nothing to review</h2><p>{words}</p>"
    count = len(report.flags)
    heading = "One reason to review this call" if count == 1 else f"{count} reasons to review this call"
    items = []
    for flag in report.flags:
        link = ""
        if flag.segment is not None:
            link = jump(flag.segment)
        items.append(f"<li>{link or '<span>•</span>'}<span>{text(flag.reason)}</span></li>")
    return f"<h2>{heading}</h2><ol>{''.join(items)}</ol>"


def solo(report: CallReport) -> str:
    """Buttons that choose whom to listen to; none for a single channel."""
    names = report.recording.channels
    if len(names) < 2:
        return ""
    every = "Both" if len(names) == 2 else "All"
    buttons = [f'<button type="button" data-solo="-1" aria-pressed="true">{every}</button>']
    buttons += [
        f'<button type="button" data-solo="{index}" aria-pressed="false">{text(name)}</button>'
        for index, name in enumerate(names[:8])
    ]
    return "".join(buttons)


def legend(report: CallReport, *, severities: bool = True) -> str:
    """What the colours of the timeline mean; those of events where they are drawn."""
    names = report.recording.channels[:4]
    parts = [f'<span><i class="swatch-c{index}"></i>{text(name)}</span>' for index, name in enumerate(names)]
    if severities:
        parts += [f'<span><i class="swatch-{severity}"></i>{severity}</span>' for severity in SEVERITIES]
    return "".join(parts)
