"""Small archives for the tests of batches, and work on them that notes what it did and does bad things by name."""

from __future__ import annotations

import ctypes
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np
import soundfile

from audioqa.batch import Batch, Ended, Tally
from audioqa.engines import Engine, Limits, LocalEngine, Outcome, Task, Work
from audioqa.engines.tasks import Progress, WorkMaker
from audioqa.judging import Judging
from audioqa.sources import SourceOptions, read_sources
from audioqa.store import Store, open_store
from audioqa.types import Failure, Item

DIGEST = "a" * 64


def write_calls(folder: Path, names: list[str]) -> None:
    """A second of noise under each name, another one for each."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        seed = int.from_bytes(sha256(name.encode()).digest()[:4], "big")
        samples = np.random.default_rng(seed).normal(0, 0.01, 4000 + seed % 4000)
        soundfile.write(folder / name, samples, 8000, subtype="PCM_16")


@dataclass(frozen=True)
class Noting:
    """Makes work that takes no time: it hashes the file, and its report is always the same.

    Parameters
    ----------
    notes
        A file to which a line is added for each task: what was done, and with which file.
    report
        The report.
    """

    notes: str
    report: str

    def __call__(self) -> Work:
        return self._do

    def _do(self, task: Task, progress: Progress) -> Outcome:  # noqa: ARG002
        path = Path(task.item.files[0].location)
        with Path(self.notes).open("a") as notes:
            notes.write(f"{'hash' if task.hash_only else 'score'} {path.name}\n")
        try:
            content = path.read_bytes()
        except FileNotFoundError as error:
            return Outcome(task.number, failure=Failure("missing", str(error)))
        if path.name.startswith("bad"):
            return Outcome(task.number, failure=Failure("unreadable", "it is bad"))
        if path.name.startswith("full"):
            return Outcome(task.number, failure=Failure("disk-full", "no room in the folder for temporary files"))
        if path.name.startswith("crash"):
            ctypes.string_at(0)
        if path.name.startswith("hang"):
            time.sleep(600)
        if path.name.startswith("slow"):
            time.sleep(0.2)
        hashes = (sha256(content).hexdigest(),)
        if task.hash_only:
            return Outcome(task.number, hashes)
        report = json.loads(self.report)
        report["recording"]["sha256"] = hashes[0]
        return Outcome(task.number, hashes, report=json.dumps(report), audio=1.0, processor=0.01)


class Inline:
    """An engine without processes: it works while it is asked for outcomes."""

    capacity = 4

    def __init__(self, work: Work) -> None:
        self._work = work
        self._tasks: list[Task] = []

    def __enter__(self) -> Inline:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def submit(self, task: Task) -> None:
        self._tasks.append(task)

    def withdraw(self) -> list[Task]:
        tasks, self._tasks = self._tasks, []
        return tasks

    @staticmethod
    def _unheard(done: float, total: float | None) -> None:
        pass

    def outcomes(self, timeout: float) -> list[Outcome]:  # noqa: ARG002
        return [self._work(self._tasks.pop(0), Inline._unheard)] if self._tasks else []


class Heard:
    """A display that remembers."""

    def __init__(self) -> None:
        self.messages: list[str] = []
        self.failures: dict[str, Failure] = {}

    def __enter__(self) -> Heard:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def say(self, message: str) -> None:
        self.messages.append(message)

    def failed(self, location: str, failure: Failure) -> None:
        self.failures[location] = failure

    def scored(self, item: Item, outcome: Outcome) -> None:
        pass

    def tick(self, tally: Tally) -> None:
        pass

    def ended(self, ended: Ended) -> None:
        pass


@dataclass
class Desk:
    """An archive, a store, and how to run a batch on them."""

    folder: Path
    store: str
    notes: Path
    report: str

    @property
    def work(self) -> WorkMaker:
        """The work that notes what it does."""
        return Noting(str(self.notes), self.report)

    def noted(self) -> list[str]:
        """What workers did since the last time."""
        lines = self.notes.read_text().splitlines() if self.notes.exists() else []
        self.notes.unlink(missing_ok=True)
        return lines

    def run(
        self,
        *,
        heard: Heard | None = None,
        retry_failed: bool = False,
        digest: str = DIGEST,
        sources: list[str] | None = None,
        options: SourceOptions | None = None,
        store: Store | None = None,
        patience: float = 5.0,
        limits: Limits = Limits(seconds=30.0),  # noqa: B008 - frozen
        jobs: int = 0,
        engine: Engine | None = None,
        judging: Judging | None = None,
    ) -> Ended:
        """Run a batch to its end, in this process where there are no jobs."""
        named = sources or [str(self.folder)]
        items: Iterator = iter(read_sources(named, options=options or SourceOptions()))
        with store or open_store(self.store) as opened:
            if engine is None:
                engine = LocalEngine(self.work, jobs=jobs, limits=limits) if jobs else Inline(self.work())
            batch = Batch(
                named,
                opened,
                engine,
                digest,
                heard or Heard(),
                retry_failed=retry_failed,
                patience=patience,
                judging=judging,
            )
            with engine:
                return batch(items)

    def calls(self) -> dict[str, str]:
        """The file of each call in the store, by the name of the file, with the hash in its report."""
        with open_store(self.store) as opened:
            return {Path(call.files[0].location).name: call.files[0].sha256 for call in opened.export()}

    def failures(self) -> dict[str, str]:
        """The kind of each failure in the store, by the name of its file."""
        with open_store(self.store) as opened:
            return {Path(row.location).name: row.failure.kind for row in opened.failures()}
