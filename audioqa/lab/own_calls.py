"""The user's own clean calls for the laboratory: a folder of recordings in, two-party calls of about a minute out.

A recording with two channels is a call of two parties as it is: it is cut where nobody speaks into parts of about a
minute, and their turns come from speech activity. A recording with one channel is taken for one speaker and is paired
with another recording's (`audioqa.lab.talk`). What audioqa itself finds fault with is no clean call and is left out,
part by part where the fault has a place, unless the user vouches for it; every part that is left out is told, with the
reason. Everything is brought to 8 kHz.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from audioqa.analysis import Analyser
from audioqa.audio import OpenOptions, Resampler, open_recording
from audioqa.errors import AudioqaError, SettingsError, UnreadableRecordingError
from audioqa.evaluation.predict import LeftOut
from audioqa.lab.corpus import RATE, Call
from audioqa.lab.talk import Talk, talk
from audioqa.measure import measure_samples
from audioqa.party import party_views
from audioqa.render.wording import clock, kind_words
from audioqa.types import CallReport, PartyMos, Segment, Skipped

PART = 60.0
"""Seconds of a part of a call, about."""

LEAST = 20.0
"""Seconds that a call or one speaker's recording must have."""

LEAST_SPEECH = 4.0
"""Seconds of speech that each party needs: without both there is no conversation to put faults into."""

NO_RECORDINGS = (".csv", ".html", ".json", ".jsonl", ".md", ".pdf", ".png", ".toml", ".txt", ".xml")
"""Extensions of what lies beside recordings and is none; passed over in silence, as hidden files are."""

Samples = NDArray[np.float32]


@dataclass
class OwnCalls:
    """Clean two-party calls of a folder; iterate once.

    Parameters
    ----------
    folder
        Searched with its subfolders, in order of name.
    analyser
        Tells what is not clean.
    options
        How recordings are opened. Names of channels are set aside for a recording with another number of channels.
    seed
        Of the turns of paired speakers.
    trusted
        Take every recording for clean.
    files
        Recordings that were looked at so far.
    left_out
        What was left out so far, and why.
    paths
        Every file that may be a recording.

    Raises
    ------
    SettingsError
        Where the folder does not exist or holds no files.
    """

    folder: Path
    analyser: Analyser
    options: OpenOptions = OpenOptions()  # noqa: RUF009 - frozen
    seed: int = 0
    trusted: bool = False
    files: int = 0
    left_out: list[LeftOut] = field(default_factory=list)
    paths: tuple[Path, ...] = field(init=False)

    def __post_init__(self) -> None:
        if not self.folder.is_dir():
            raise SettingsError(f"there is no folder {self.folder}: the laboratory needs one with your clean calls")
        inside = sorted(path for path in self.folder.rglob("*") if path.is_file())
        self.paths = tuple(
            path for path in inside if not (_hidden(path, self.folder) or path.suffix.lower() in NO_RECORDINGS)
        )
        if not self.paths:
            raise SettingsError(f"{self.folder} holds no recordings")

    def __iter__(self) -> Iterator[Talk]:
        alone: list[Call] = []
        number = 0
        for path in self.paths:
            self.files += 1
            name = os.fspath(path.relative_to(self.folder))
            try:
                report, samples = self._read(path)
            except AudioqaError as error:
                cause = error.cause if isinstance(error, UnreadableRecordingError) else str(error)
                self.left_out.append(LeftOut(name, cause))
                continue
            if reason := self._unusable(report, samples):
                self.left_out.append(LeftOut(name, reason))
            elif samples.shape[1] == 2:
                yield from self._parts(name, report, samples)
            else:
                for call in self._pieces(name, report, samples[:, 0]):
                    partner = next((other for other in alone if other.speaker != call.speaker), None)
                    if partner is None:
                        alone.append(call)
                        continue
                    alone.remove(partner)
                    number += 1
                    yield talk(partner, call, seed=self.seed + number)
        for name in dict.fromkeys(call.speaker for call in alone):
            seconds = sum(call.seconds for call in alone if call.speaker == name)
            reason = f"one channel: {seconds:.0f} s of it found no other speaker's recording to talk with"
            self.left_out.append(LeftOut(name, reason))

    def _read(self, path: Path) -> tuple[CallReport, Samples]:
        """What audioqa says of a recording, and its samples at 8 kHz, float32, shape (n, channels)."""
        options = self.options
        try:
            report = self.analyser(path, options=options)
        except UnreadableRecordingError:
            if not options.channel_names:
                raise
            options = OpenOptions(format=options.format, rate=options.rate)
            report = self.analyser(path, options=options)
        with open_recording(path, options=options) as opened:
            rate, count = opened.sample_rate, len(opened.channels)
            resampler = Resampler(rate, RATE, channels=count) if rate != RATE else None
            blocks = [resampler.push(block) if resampler else block for block in opened.blocks()]
            if resampler:
                blocks.append(resampler.push(np.zeros((0, count), np.float32), last=True))
        return report, np.concatenate([np.zeros((0, count), np.float32), *blocks])

    def _unusable(self, report: CallReport, samples: Samples) -> str | None:
        """Why a whole recording cannot be used, or None."""
        if samples.shape[1] > 2:
            return f"it has {samples.shape[1]} channels; a call has one or two"
        if len(samples) < LEAST * RATE:
            return f"too short: {len(samples) / RATE:.0f} s; a call needs {LEAST:.0f} s"
        if self.trusted:
            return None
        for finding in report.findings:
            if finding.severity != "notice":
                return f"not clean: {finding.message}"
        attention = self.analyser.bands.attention
        for party in report.parties:
            if isinstance(party.mos, Skipped):
                return f"{party.channel} has no MOS: {party.mos.reason}"
            if isinstance(party.mos, PartyMos) and party.mos.score.value < attention:
                return f"not clean: {party.channel} has a MOS of {party.mos.score.value:.2f}, below {attention:g}"
        return None

    def _parts(self, name: str, report: CallReport, samples: Samples) -> Iterator[Talk]:
        """The clean parts of a call of two parties."""
        views = party_views(measure_samples(samples, RATE, channels=report.recording.channels))
        turns = [list(view.turns) for view in views]
        for part in cuts([*turns[0], *turns[1]], len(samples) / RATE):
            mine = [_within(own, part) for own in turns]
            spoken = [sum(turn.duration for turn in own) for own in mine]
            place = f"{name}, {clock(part.start)} to {clock(part.end)}"
            quieter = views[int(np.argmin(spoken))].name
            if reason := self._fault(report, part):
                self.left_out.append(LeftOut(place, reason))
            elif part.duration < LEAST or min(spoken) < LEAST_SPEECH:
                reason = f"{quieter} speaks for {min(spoken):.0f} s; each party needs {LEAST_SPEECH:.0f} s"
                self.left_out.append(LeftOut(place, reason))
            else:
                span = samples[round(part.start * RATE) : round(part.end * RATE)]
                names = (f"{name}/{views[0].name}", f"{name}/{views[1].name}")
                yield Talk(span.copy(), (tuple(mine[0]), tuple(mine[1])), names)

    def _pieces(self, name: str, report: CallReport, samples: Samples) -> Iterator[Call]:
        """The clean pieces of one speaker's recording, half as long as a part: two make one."""
        turns = party_views(measure_samples(samples[:, None], RATE, channels=("speaker",)))[0].turns
        for piece in cuts(turns, len(samples) / RATE, length=PART / 2):
            place = f"{name}, {clock(piece.start)} to {clock(piece.end)}"
            spoken = sum(turn.duration for turn in _within(turns, piece))
            if reason := self._fault(report, piece):
                self.left_out.append(LeftOut(place, reason))
            elif spoken < 2 * LEAST_SPEECH:
                reason = f"the speaker speaks for {spoken:.0f} s; {2 * LEAST_SPEECH:.0f} s are needed"
                self.left_out.append(LeftOut(place, reason))
            else:
                span = samples[round(piece.start * RATE) : round(piece.end * RATE)]
                yield Call("own", name, span.copy(), clipped=False)

    def _fault(self, report: CallReport, part: Segment) -> str | None:
        """What audioqa reports in a part of a call, worse than a notice, or None."""
        if self.trusted:
            return None
        inside = [one for one in report.events if one.severity != "notice" and one.segment.overlap(part) > 0]
        told = dict.fromkeys(
            f"{kind_words(event.kind)} at {clock(max(event.segment.start, part.start))}" for event in inside
        )
        return f"not clean: {', '.join(list(told)[:3])}" if told else None


def cuts(turns: Sequence[Segment], duration: float, *, length: float = PART) -> list[Segment]:
    """A call cut into parts of about one length, in the middle of pauses of all parties.

    Parameters
    ----------
    turns
        Of all parties, in any order.
    duration
        Of the call, seconds.
    length
        Seconds; the last part may be half as long again, and where nobody pauses a part is longer.
    """
    places = []
    end = 0.0
    for turn in sorted(turns):
        if turn.start > end > 0.0:
            places.append((end + turn.start) / 2)
        end = max(end, turn.end)
    parts: list[Segment] = []
    start = 0.0
    for place in places:
        if place - start >= length and duration - place >= length / 2:
            parts.append(Segment(start, place))
            start = place
    return [*parts, Segment(start, duration)]


def _within(turns: Sequence[Segment], part: Segment) -> list[Segment]:
    """The turns of a part, in seconds from its start."""
    inside = [turn for turn in turns if turn.overlap(part) > 0]
    return [Segment(max(0.0, turn.start - part.start), min(turn.end, part.end) - part.start) for turn in inside]


def _hidden(path: Path, folder: Path) -> bool:
    return any(part.startswith(".") for part in path.relative_to(folder).parts)
