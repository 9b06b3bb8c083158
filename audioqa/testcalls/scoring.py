"""A test call, scored: the prompt is found in it, and what was heard of the prompt is compared with what was played."""

from __future__ import annotations

import os
import tempfile
import wave
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from audioqa.analysis import Analyser
from audioqa.audio import OpenOptions, RecordingPath, read_segment
from audioqa.engines.tasks import Work
from audioqa.engines.work import do
from audioqa.errors import PromptError
from audioqa.perceptual.pesq_worker import RATES, Mode
from audioqa.settings import Settings
from audioqa.sources import LocalCopies
from audioqa.testcalls.finding import find_prompt
from audioqa.testcalls.prompts import Prompt, load_prompt, load_prompts, read_all
from audioqa.types import CallReport, PesqResult, PesqWindow, PromptFound, Segment, Skipped

_MARGIN = 0.2
"""Seconds before and after the prompt that PESQ is given: its own alignment wants some."""

LEAST_RATE = 8000
"""Hz; PESQ is defined from there on."""


@dataclass(frozen=True)
class TestCallAnalyser:
    """Analyses test calls; called as `audioqa.analysis.Analyser` is.

    Parameters
    ----------
    analyser
        Makes the report.
    prompts
        Those that may have been played.
    """

    __test__ = False  # pytest takes the name for a class of tests

    analyser: Analyser
    prompts: tuple[Prompt, ...]

    def __call__(
        self,
        path: RecordingPath,
        *,
        options: OpenOptions = OpenOptions(),  # noqa: B008 - frozen
        reference: str | os.PathLike[str] | None = None,
        progress: Callable[[float, float | None], None] | None = None,
    ) -> CallReport:
        """Analyse one test call.

        Parameters
        ----------
        path, options
            The recording, and how to open it.
        reference
            The prompt of this call, where its source names one; else it is one of `prompts`.
        progress
            Called with the seconds done.

        Raises
        ------
        PromptError
            Where the prompt is not in the recording, is cut off, or the recording has a wrong rate.
        UnreadableRecordingError
            Where the file yields no samples.
        """
        prompts = self.prompts if reference is None else (load_prompt(Path(reference)),)
        samples, rate, names = read_all(path, options=options)
        if rate < LEAST_RATE:
            raise PromptError(f"the recording has a wrong rate: {rate} Hz, and PESQ needs {LEAST_RATE} Hz or more")
        found = find_prompt([(name, samples[:, index]) for index, name in enumerate(names)], prompts)
        report = self.analyser(path, options=options, progress=progress)
        prompt = next(one for one in prompts if one.sha256 == found.sha256)
        pesq = _pesq(path, options, found, prompt, names.index(found.channel), rate)
        skipped = [value for one in pesq for value in (one.score, one.delay) if isinstance(value, Skipped)]
        return replace(report, pesq=pesq, prompt=found, skipped=(*report.skipped, *skipped))


@dataclass(frozen=True)
class TestCallWork:
    """Makes the work of a worker that scores test calls.

    Parameters
    ----------
    settings
        The configuration.
    prompts
        A file, or a folder of prompts.
    """

    __test__ = False

    settings: Settings
    prompts: Path

    def __call__(self) -> Work:
        """Called once in each worker."""
        analyser = TestCallAnalyser(self.settings.analyser(), load_prompts(self.prompts))
        copies = LocalCopies(buffer=self.settings.network.options().buffer)
        return lambda task, progress: do(task, analyser, copies, progress=progress)


def _pesq(
    path: RecordingPath, options: OpenOptions, found: PromptFound, prompt: Prompt, channel: int, rate: int
) -> tuple[PesqResult, ...]:
    """PESQ of what was heard of the prompt: narrowband, and wideband where both files have the rate for it."""
    from audioqa.perceptual.pesq import score_pesq

    modes: Sequence[Mode] = ("nb", "wb") if min(rate, prompt.rate) >= RATES["wb"] else ("nb",)
    start = max(0.0, found.segment.start - found.pieces[0].segment.start - _MARGIN)
    end = found.segment.end + (prompt.duration - found.pieces[-1].segment.end) + _MARGIN
    samples, own = read_segment(path, Segment(start, end), options=options)
    with tempfile.TemporaryDirectory(prefix="audioqa-") as folder:
        cut = Path(folder) / "prompt.wav"
        _write(cut, samples[:, channel], own)
        results = score_pesq(cut, prompt.path, options=OpenOptions(channel_names=(found.channel,)), modes=modes)
    return tuple(_in_the_recording(result, start, prompt.name) for result in results)


def _in_the_recording(result: PesqResult, start: float, name: str) -> PesqResult:
    """A result with the recording's own times."""
    windows = tuple(
        PesqWindow(Segment(one.segment.start + start, one.segment.end + start), one.mos) for one in result.windows
    )
    delay = result.delay if isinstance(result.delay, Skipped) else result.delay + start
    return replace(result, reference_channel=name, delay=delay, windows=windows)


def _write(file: Path, samples: NDArray[np.float32], rate: int) -> None:
    plain = np.clip(np.rint(np.nan_to_num(samples) * 32768.0), -32768, 32767).astype(np.int16)
    with wave.open(str(file), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes(plain.tobytes())
