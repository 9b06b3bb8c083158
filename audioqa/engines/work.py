"""What a worker does with one call, whichever engine it belongs to: fetch, analyse, hash, and put it in JSON."""

from __future__ import annotations

import errno
import resource
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from audioqa.audio import OpenOptions, RecordingPath, content_hash
from audioqa.engines.tasks import Outcome, Progress, Task, Work
from audioqa.errors import PromptError, SettingsError, SourceError, UnreadableRecordingError
from audioqa.render.as_json import to_json
from audioqa.settings import Settings
from audioqa.sources import LocalCopies
from audioqa.types import CallReport, Failure, Item

_KINDS_BY_ERRNO = {
    errno.ENOSPC: "disk-full",
    errno.EDQUOT: "disk-full",
    errno.EACCES: "permission",
    errno.EPERM: "permission",
    errno.ENOENT: "missing",
    errno.ENOTDIR: "missing",
    errno.ESTALE: "missing",
    errno.EIO: "access",
}

_REFERENCE = "the reference "


@dataclass(frozen=True)
class AnalyserWork:
    """Makes the work of a worker: analysing calls by these settings, with one analyser for all of them."""

    settings: Settings

    def __call__(self) -> Work:
        analyser, copies = self.settings.analyser(), LocalCopies(buffer=self.settings.network.options().buffer)
        return lambda task, progress: do(task, analyser, copies, progress=progress)


class Analyse(Protocol):
    """Makes a report of a recording: `audioqa.analysis.Analyser`, or one that does more."""

    def __call__(
        self,
        path: RecordingPath,
        *,
        options: OpenOptions,
        reference: Path | None,
        progress: Progress | None,
    ) -> CallReport:
        """Analyse one recording; parameters as for `audioqa.analysis.Analyser`."""
        ...


def do(task: Task, analyser: Analyse, copies: LocalCopies, *, progress: Progress | None = None) -> Outcome:
    """Work on one call.

    Parameters
    ----------
    task
        The call, and whether its hashes are enough.
    analyser
        Analyses it. Channels have neutral names in the report, and its path is the call's location.
    copies
        Fetches what is no file of this machine.
    progress
        Told how far the analysis is.

    Returns
    -------
    Outcome
        With a report, with hashes alone, or with the reason why there is none: it raises nothing that a file causes.
    """
    started, processor = time.monotonic(), time.process_time()
    names: dict[str, str] = {}
    try:
        outcome = _done(task, analyser, copies, progress, names)
    except Exception as error:  # noqa: BLE001 - the batch edge: it becomes a recorded failure
        outcome = Outcome(task.number, failure=failure_of(error, names))
    return replace(
        outcome, processor=time.process_time() - processor, wall=time.monotonic() - started, memory=peak_memory()
    )


def failure_of(error: BaseException, names: Mapping[str, str]) -> Failure:
    """What kept a call from being scored, as it is recorded.

    Parameters
    ----------
    error
        What was raised.
    names
        What the user calls each path, which may be that of a temporary copy.

    Returns
    -------
    Failure
        Its kind, and a message of one line.
    """
    kind, message = _told(error, names)
    for path, name in names.items():
        message = message.replace(path, name)
    return Failure(kind, " ".join(message.split()))


def _told(error: BaseException, names: Mapping[str, str]) -> tuple[str, str]:
    if isinstance(error, SourceError):
        return error.kind, error.cause
    if isinstance(error, UnreadableRecordingError):
        name = names.get(error.path, "")
        return "unreadable", f"{name}: {error.cause}" if name.startswith(_REFERENCE) else error.cause
    if isinstance(error, SettingsError):
        return "settings", str(error)
    if isinstance(error, PromptError):
        return "prompt", str(error)
    if isinstance(error, MemoryError):
        return "memory", "the worker had no memory left for it"
    if isinstance(error, OSError) and error.errno in _KINDS_BY_ERRNO:
        where = f"{error.filename}: " if error.filename else ""
        return _KINDS_BY_ERRNO[error.errno], f"{where}{error.strerror}"
    return "error", f"{type(error).__name__}: {error}"


def peak_memory() -> int:
    """The most memory that this process has had, bytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def location(item: Item) -> str:
    """What a call's recording is called in its report: the place of its file, or of both of its legs."""
    return " + ".join(file.location for file in item.files)


def _done(
    task: Task, analyser: Analyse, copies: LocalCopies, progress: Progress | None, names: dict[str, str]
) -> Outcome:
    item = task.item
    with ExitStack() as stack:
        paths = []
        for file in item.files:
            paths.append(stack.enter_context(copies.copy(file)))
            names[str(paths[-1])] = file.location
        reference = None
        if item.reference:
            reference = stack.enter_context(copies.copy(item.reference))
            names[str(reference)] = f"{_REFERENCE}{item.reference.location}"
        for path in paths if reference is None else [*paths, reference]:
            with path.open("rb"):
                pass  # what is missing or forbidden is told from what cannot be read
        if task.hash_only:
            return Outcome(task.number, _hashes(paths), content_hash(reference) if reference else None)
        options = OpenOptions(format=item.encoding, rate=item.rate, channel_count=item.channel_count)
        report = analyser(_only(paths), options=options, reference=reference, progress=progress)
        report = replace(report, recording=replace(report.recording, path=location(item)))
        return Outcome(
            task.number,
            # A recording of one file has been hashed on the way.
            hashes=(report.recording.sha256,) if len(paths) == 1 else _hashes(paths),
            reference_hash=content_hash(reference) if reference else None,
            report=to_json(report, indent=None),
            audio=report.recording.duration,
        )


def _only(paths: Sequence[Path]) -> Path | tuple[Path, Path]:
    return paths[0] if len(paths) == 1 else (paths[0], paths[1])


def _hashes(paths: Sequence[Path]) -> tuple[str, ...]:
    return tuple(content_hash(path) for path in paths)
