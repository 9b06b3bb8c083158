"""One picture of a call: waveform and spectrogram of each channel, events, speech and MOS on one time axis.

Everything is drawn from `CallReport` and the columns of `audioqa.render.pictures`, so that a call of three hours costs
what one of twenty seconds costs. matplotlib's objects are used without pyplot: no global state, any thread.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from audioqa.audio import OpenOptions, RecordingPath
from audioqa.bands import CONTACT_CENTRE, BandSet
from audioqa.render.pictures import Picture, draw_pictures
from audioqa.render.wording import SEVERITIES, clock, interval, kind_words, length, printable, worst_first
from audioqa.types import CallReport, Event, Party, PartyMos, Segment, Severity, Skipped

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLUMNS = 1500
"""Columns of waveform and spectrogram: about one a pixel."""

CHANNELS = 8
"""Channels drawn; of a recording with more, the title says how many are left out."""

LABELS = 12
"""Events that carry a label on each channel, the severest; the rest are shaded only."""

_SEVERITY_COLOURS: dict[Severity, str] = {"severe": "#c2362b", "warning": "#d98a00", "notice": "#6b7a90"}
_CHANNEL_COLOURS = ("#2f5d8a", "#7a4b8f", "#2e7d6b", "#8a5a2f")
_BAND_COLOURS = ("#d9eedd", "#e7f2d5", "#fbf3d0", "#fbe3cd", "#f7d4d0")
_STEPS = (0.01, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1800.0, 3600.0)
_RANGE = 70.0  # dB shown below the loudest cell: speech and its noise floor


def write_plot(
    report: CallReport,
    png: str | os.PathLike[str],
    *,
    options: OpenOptions = OpenOptions(),  # noqa: B008 - frozen
    bands: BandSet = CONTACT_CENTRE,
    path: RecordingPath | None = None,
) -> None:
    """Draw the report to a PNG file, 1600 pixels wide.

    Parameters
    ----------
    report
        The report; its recording is decoded once more.
    png
        The file to write; one that exists is replaced.
    options
        How the recording was opened.
    bands
        The band set in force; its limits are shaded where they apply.
    path
        Where the recording is, if not at the report's path; of legs their files.

    Raises
    ------
    UnreadableRecordingError
        Where the recording is gone or can no longer be read.
    """
    pictures = draw_pictures(report.recording, columns=COLUMNS, slices=COLUMNS, options=options, path=path)
    figure = draw_figure(report, pictures, bands=bands)
    figure.savefig(png, format="png", dpi=100)


def draw_figure(report: CallReport, pictures: Sequence[Picture], *, bands: BandSet = CONTACT_CENTRE) -> Figure:
    """The plot as a matplotlib figure, 16 inches wide."""
    from matplotlib.figure import Figure

    shown = list(zip(report.parties, pictures, strict=True))[:CHANNELS]
    heights = [ratio for _ in shown for ratio in (1.0, 1.3)] + [1.5]
    figure = Figure(figsize=(16, 1.6 + 1.35 * sum(heights)), layout="constrained", facecolor="white")
    axes = figure.subplots(len(heights), 1, sharex=True, height_ratios=heights, squeeze=False)[:, 0]
    figure.suptitle(_title(report, len(shown)), x=0.01, ha="left", fontsize=13, parse_math=False)
    # A recording without samples still needs an axis of some length.
    span = max(report.recording.duration, 1e-3)
    for index, (party, picture) in enumerate(shown):
        own = [event for event in report.events if event.channel in (party.channel, None)]
        colour = _CHANNEL_COLOURS[index % len(_CHANNEL_COLOURS)]
        _waveform(axes[2 * index], party, picture, span, colour)
        _spectrogram(axes[2 * index + 1], picture, span)
        _shade((axes[2 * index], axes[2 * index + 1]), own, span)
    _mos(axes[-1], report, bands)
    _time_axis(axes[-1], span)
    return figure


def _title(report: CallReport, shown: int) -> str:
    recording = report.recording
    left_out = len(recording.channels) - shown
    more = f", {left_out} more channels not drawn" if left_out else ""
    verdict = f"no MOS: {report.mos.reason}" if isinstance(report.mos, Skipped) else _verdict(report)
    return printable(f"{recording.path}  ({length(recording.duration)}{more})") + "\n" + printable(verdict)


def _verdict(report: CallReport) -> str:
    if isinstance(report.mos, Skipped):
        return report.mos.reason
    band = "" if isinstance(report.band, Skipped) else f" {report.band}"
    flags = f"{len(report.flags)} reasons to review" if len(report.flags) != 1 else "one reason to review"
    return f"{report.mos.scale} {report.mos.value:.2f}{band}, 90 % interval {interval(report.mos)}; {flags}"


def _waveform(axes: Axes, party: Party, picture: Picture, span: float, colour: str) -> None:
    times = (np.arange(len(picture.low)) + 0.5) * span / len(picture.low)
    axes.fill_between(times, picture.low, picture.high, step="mid", color=colour, linewidth=0)
    peak = max(0.1, float(np.max(picture.high)), float(-np.min(picture.low)))
    axes.set_ylim(-1.15 * peak, 1.5 * peak)
    axes.set_yticks([-peak, 0, peak], [f"{-peak:.2f}", "0", f"{peak:.2f}"], fontsize=8)
    axes.set_ylabel(printable(party.channel)[:24], fontsize=10, parse_math=False)
    axes.spines[["top", "right"]].set_visible(False)
    _speech_bar(axes, party, peak, colour)


def _speech_bar(axes: Axes, party: Party, peak: float, colour: str) -> None:
    """A bar under the waveform, the darker the more of its window is speech."""
    if not isinstance(party.mos, PartyMos):
        return
    from matplotlib.colors import to_rgba

    places = [_middle(window.segment) for window in party.mos.windows]
    shares = [min(1.0, window.speech / max(window.segment.duration, 1e-3)) for window in party.mos.windows]
    colours = [to_rgba(colour, share) for share in shares]
    axes.broken_barh(places, (-1.15 * peak, 0.1 * peak), facecolors=colours, linewidth=0)


def _middle(segment: Segment) -> tuple[float, float]:
    """The half of a window around its centre: windows overlap by half."""
    return segment.start + segment.duration / 4, segment.duration / 2


def _spectrogram(axes: Axes, picture: Picture, span: float) -> None:
    loudest = float(picture.spectrogram.max())
    axes.imshow(
        picture.spectrogram,
        origin="lower",
        aspect="auto",
        extent=(0.0, span, 0.0, picture.top / 1000),
        cmap="magma",
        vmin=loudest - _RANGE,
        vmax=loudest,
        interpolation="nearest",
    )
    axes.set_ylabel("kHz", fontsize=9)
    axes.tick_params(axis="y", labelsize=8)


def _shade(pair: tuple[Axes, Axes], events: Sequence[Event], span: float) -> None:
    waveform, spectrogram = pair
    for event in reversed(worst_first(events)):  # the severest on top
        colour = _SEVERITY_COLOURS[event.severity]
        # A dropout of 20 ms must be seen in three hours: at least a pixel and a half wide.
        width = max(event.segment.duration, span / 1000)
        waveform.axvspan(event.segment.start, event.segment.start + width, color=colour, alpha=0.25, linewidth=0)
        spectrogram.axvspan(event.segment.start, event.segment.start + width, ymin=0.94, color=colour, linewidth=0)
    taken: list[float] = []
    for event in worst_first(events)[:LABELS]:
        # A label is about a tenth of the width: those that would cover another are left out.
        if all(abs(event.segment.start - other) > span * 0.09 for other in taken):
            taken.append(event.segment.start)
            near_end = event.segment.start > 0.9 * span
            waveform.text(
                event.segment.end if near_end else event.segment.start,
                0.98,
                f"{printable(kind_words(event.kind))} {clock(event.segment.start)}",
                transform=waveform.get_xaxis_transform(),
                ha="right" if near_end else "left",
                va="top",
                fontsize=8,
                color=_SEVERITY_COLOURS[event.severity],
                clip_on=True,
                parse_math=False,
                bbox={"facecolor": "white", "alpha": 0.8, "linewidth": 0, "pad": 1},
            )


def _mos(axes: Axes, report: CallReport, bands: BandSet) -> None:
    axes.set_ylim(1, 5)
    axes.set_ylabel("MOS", fontsize=10)
    axes.spines[["top", "right"]].set_visible(False)
    scored = [(index, party) for index, party in enumerate(report.parties) if isinstance(party.mos, PartyMos)][
        :CHANNELS
    ]
    if not scored:
        reason = report.mos.reason if isinstance(report.mos, Skipped) else "no windows"
        axes.text(0.5, 0.5, printable(f"no MOS: {reason}"), transform=axes.transAxes, ha="center", parse_math=False)
        return
    if any(isinstance(party.mos, PartyMos) and party.mos.score.context == bands.context for _, party in scored):
        _bands(axes, bands)
    for index, party in scored:
        assert isinstance(party.mos, PartyMos)  # noqa: S101
        colour = _CHANNEL_COLOURS[index % len(_CHANNEL_COLOURS)]
        times, values = _line(party.mos)
        marker = "." if len(times) < 300 else ""
        width = 1.4 if marker else 0.8
        axes.plot(times, values, color=colour, linewidth=width, marker=marker, label=printable(party.channel))
    legend: Any = axes.legend(loc="lower left", ncols=min(4, len(scored)), fontsize=8, frameon=False)
    for text in legend.get_texts():
        text.set_parse_math(False)


def _line(mos: PartyMos) -> tuple[list[float], list[float]]:
    """Window centres and scores, broken by NaN where no window was scored in between."""
    times: list[float] = []
    values: list[float] = []
    previous: Segment | None = None
    for window in mos.windows:
        if previous is not None and window.segment.start > previous.end:
            times.append(previous.end)
            values.append(float("nan"))
        times.append((window.segment.start + window.segment.end) / 2)
        values.append(window.mos)
        previous = window.segment
    return times, values


def _bands(axes: Axes, bands: BandSet) -> None:
    upper = 5.0
    for index, (limit, name) in enumerate(bands.bands):
        colour = _BAND_COLOURS[min(index, len(_BAND_COLOURS) - 1)]
        axes.axhspan(limit, upper, color=colour, linewidth=0, zorder=0)
        axes.text(1.002, (limit + upper) / 2, name, transform=axes.get_yaxis_transform(), va="center", fontsize=7)
        upper = limit


def _time_axis(axes: Axes, span: float) -> None:
    from matplotlib.patches import Patch

    step = next((step for step in _STEPS if span / step <= 13), 7200.0)
    ticks = np.arange(0.0, span + 1e-6, step)
    axes.set_xlim(0, span)
    axes.set_xticks(ticks, [_tick(float(tick), step) for tick in ticks])
    axes.set_xlabel("time", fontsize=9)
    handles = [Patch(color=_SEVERITY_COLOURS[severity], label=severity) for severity in SEVERITIES]
    assert axes.figure is not None  # noqa: S101
    axes.figure.legend(handles=handles, loc="upper right", ncols=3, fontsize=9, frameon=False, title="events")


def _tick(seconds: float, step: float) -> str:
    if step < 0.1:
        return f"{seconds:.2f}"
    return clock(seconds) if step < 1 else clock(seconds).removesuffix(".0")
