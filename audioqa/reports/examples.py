"""Examples: a masked clip of a call around its gravest fault, with its times and its hash."""

from __future__ import annotations

import hashlib
import tempfile
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from audioqa.analysis import Analyser
from audioqa.audio import OpenOptions
from audioqa.errors import AudioqaError
from audioqa.masking import masked_clip, write_clip
from audioqa.render.as_json import from_plain
from audioqa.sources import LocalCopies
from audioqa.store import StoredCall
from audioqa.types import CallReport, Segment, Skipped, SourceFile

LONGEST = 20.0
"""Seconds of a clip."""

_AROUND = 4.0
_SEVERITIES = ("notice", "warning", "severe")


@dataclass(frozen=True)
class Clip:
    """A masked clip, or why there is none.

    Parameters
    ----------
    stretch
        Which part of the call it is, by the call's own clock.
    began
        When that was, UTC; None where the start of the call is not known.
    data
        A WAV file; empty where there is none.
    sha256
        Of the WAV file; empty where there is none.
    about
        What became of the faults, a line each; or why there is no clip.
    """

    stretch: Segment
    began: datetime | None
    data: bytes
    sha256: str
    about: tuple[str, ...]


def masked_example(call: StoredCall, analyser: Analyser, *, channel_count: int | None = None) -> Clip:
    """A masked clip of a call around its gravest fault.

    Parameters
    ----------
    call
        The call; its recording is read where it lies.
    analyser
        Finds the faults that a clip has to show; needs no estimator.
    channel_count
        Of files without a header.
    """
    report = from_plain(call.content)
    stretch = worst_stretch(report)
    began = None if call.info.start_time is None else call.info.start_time + timedelta(seconds=stretch.start)
    files = [file for file in call.files if file.position >= 0]
    if len(files) != 1:
        return Clip(stretch, began, b"", "", ("no clip: the call is in two files, and a clip is made of one",))
    try:
        with LocalCopies() as copies, copies.copy(SourceFile(files[0].location)) as path:
            data, about = _made(path, analyser, stretch, OpenOptions(channel_count=channel_count))
    except AudioqaError as error:
        return Clip(stretch, began, b"", "", (f"no clip: {type(error).__name__.removesuffix('Error').lower()}",))
    return Clip(stretch, began, data, hashlib.sha256(data).hexdigest(), about)


def worst_stretch(report: CallReport) -> Segment:
    """Where a clip should be: around the gravest event, else around the worst half minute, else the beginning."""
    duration = report.recording.duration
    ranked = sorted(
        report.events,
        key=lambda event: (-_SEVERITIES.index(event.severity), -event.segment.duration, event.segment.start),
    )
    if ranked:
        place = ranked[0].segment
    else:
        places = [
            party.mos.worst.segment
            for party in report.parties
            if not isinstance(party.mos, Skipped) and not isinstance(party.mos.worst, Skipped)
        ]
        place = places[0] if places else Segment(0.0, min(LONGEST, duration))
    start = max(0.0, min(place.start - _AROUND, duration - LONGEST))
    return Segment(start, min(duration, start + LONGEST))


def _made(path: Path, analyser: Analyser, stretch: Segment, options: OpenOptions) -> tuple[bytes, tuple[str, ...]]:
    clip = masked_clip(path, analyser, start=stretch.start, end=stretch.end, options=options)
    with tempfile.TemporaryDirectory(prefix="audioqa-") as folder:
        target = Path(folder) / "clip.wav"
        write_clip(clip, target)
        return target.read_bytes(), tuple(clip.told())
