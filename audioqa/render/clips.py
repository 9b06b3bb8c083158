"""The mended clips: what each impairment cost, for the ear.

For every party and kind, a WAV of the worst place with two seconds around it, as recorded and mended; and one with all
kinds mended at the party's worst place. All clips of a party have the same gain, so that they compare.
"""

from __future__ import annotations

import io
import os
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from audioqa.audio import OpenOptions, RecordingPath, read_segment
from audioqa.errors import SettingsError
from audioqa.ledger import mended_stretch
from audioqa.types import CallReport, Event, Ledger, Party, PartyMos, Segment

AROUND = 2.0
"""Seconds before and after the place."""

LONGEST = 8.0
"""Seconds of a place: a window's."""

_MAGNITUDE = 0.999  # what was restored above full scale is brought down to this


def write_clips(
    report: CallReport,
    folder: str | os.PathLike[str],
    *,
    name: str,
    options: OpenOptions = OpenOptions(),  # noqa: B008 - frozen
    path: RecordingPath | None = None,
) -> list[Path]:
    """Write the clips of every party that has a ledger.

    Parameters
    ----------
    report
        The report, with ledgers.
    folder
        Where they go; made where it is missing.
    name
        What their names begin with.
    options
        How the recording was opened.
    path
        Where it is, if not at the report's path; of legs their files.

    Returns
    -------
    list of Path
        ``<name>-<party>-<kind>-recorded.wav`` and ``-mended.wav``; the kind of the last pair is ``all``. Nothing where
        nothing could be mended.
    """
    read = partial(read_segment, report.recording.path if path is None else path, options=options)
    written: list[Path] = []
    for party, ledger in zip(report.parties, report.ledgers, strict=True):
        if not isinstance(ledger, Ledger) or not isinstance(party.mos, PartyMos) or not ledger.rows:
            continue
        helping = [row.kind for row in ledger.rows if row.cost > 0]
        wanted = [(row.kind, [row.kind]) for row in ledger.rows]
        if helping:
            wanted.append(("all", helping))
        clips: list[tuple[str, NDArray[np.float32]]] = []
        rate = report.recording.sample_rate
        for label, kinds in wanted:
            place = _place(report, party, party.mos, kinds)
            for what, chosen in (("recorded", ()), ("mended", kinds)):
                samples, rate = mended_stretch(report, party.channel, place, read, kinds=chosen)
                clips.append((f"{label}-{what}", samples))
        written += _write(clips, rate, Path(folder), f"{name}-{_plain(party.channel)}")
    return written


def cut_clip(
    path: RecordingPath,
    segment: Segment,
    *,
    options: OpenOptions = OpenOptions(),  # noqa: B008 - frozen
    channel: int | None = None,
) -> bytes:
    """One stretch of a recording as a WAV file of 16 bits, at the recording's own rate.

    Parameters
    ----------
    path, options
        The recording, and how it is opened.
    segment
        Seconds from its start; what lies outside of it is left out.
    channel
        Only this one, counted from 1 in file order; None for all.

    Raises
    ------
    UnreadableRecordingError
        Where the file is gone or can no longer be read.
    SettingsError
        Where it has no such channel, or nothing of it lies in the segment.
    """
    import soundfile

    samples, rate = read_segment(path, segment, options=options)
    if channel is not None:
        if not 1 <= channel <= samples.shape[1]:
            raise SettingsError(f"the recording has channels 1 to {samples.shape[1]}, and no {channel}")
        samples = samples[:, channel - 1 : channel]
    if not len(samples):
        raise SettingsError("nothing of the recording lies there: a clip has an end after its start, both within it")
    buffer = io.BytesIO()
    soundfile.write(buffer, np.clip(np.nan_to_num(samples), -1, 1), rate, format="WAV", subtype="PCM_16")
    return buffer.getvalue()


def _place(report: CallReport, party: Party, mos: PartyMos, kinds: Sequence[str]) -> Segment:
    """The events of these kinds within the lowest of the windows that they touch, and what is around them."""
    events = [event for event in report.events if event.channel == party.channel and event.kind in kinds]
    touched = [
        window for window in mos.windows if any(event.segment.overlap(window.segment) > 0 for event in events)
    ] or list(mos.windows)
    window = min(touched, key=lambda window: window.mos).segment
    within = [_within(event, window) for event in events if event.segment.overlap(window) > 0] or [window]
    start, end = min(place.start for place in within), max(place.end for place in within)
    end = min(end, start + LONGEST)
    return Segment(max(0.0, start - AROUND), min(report.recording.duration, end + AROUND))


def _within(event: Event, window: Segment) -> Segment:
    return Segment(max(event.segment.start, window.start), min(event.segment.end, window.end))


def _write(clips: Sequence[tuple[str, NDArray[np.float32]]], rate: int, folder: Path, name: str) -> list[Path]:
    import soundfile

    folder.mkdir(parents=True, exist_ok=True)
    peak = max((float(np.abs(samples).max(initial=0.0)) for _, samples in clips), default=0.0)
    gain = np.float32(min(1.0, _MAGNITUDE / peak) if peak > 0 else 1.0)
    paths = []
    for label, samples in clips:
        path = folder / f"{name}-{label}.wav"
        soundfile.write(path, samples * gain, rate, subtype="PCM_16")
        paths.append(path)
    return paths


def _plain(channel: str) -> str:
    """A channel's name as part of a file's: letters, figures and dashes."""
    return "".join(sign if sign.isalnum() else "-" for sign in channel)
