"""What a worker of the service does with a recording: the same as a worker of a batch, with two guards.

It gives way to the server, which has people waiting; and it stops at recordings that unpack to more than was allowed,
which no limit on the size of a file can tell.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
from dataclasses import dataclass

from audioqa.engines.tasks import Outcome, Progress, Task, Work
from audioqa.engines.work import AnalyserWork
from audioqa.errors import SourceError
from audioqa.settings import Settings

_NICE = 5


@dataclass(frozen=True)
class ServiceWork:
    """Makes the work of a worker.

    Parameters
    ----------
    settings
        The configuration.
    longest
        Hours of the longest recording that is scored.
    """

    settings: Settings
    longest: float

    def __call__(self) -> Work:
        """Called once in each worker."""
        if multiprocessing.parent_process() is not None:
            with contextlib.suppress(OSError):
                os.nice(_NICE)
        work = AnalyserWork(self.settings)()
        most = self.longest * 3600.0

        def guarded(task: Task, progress: Progress) -> Outcome:
            def told(done: float, total: float | None) -> None:
                # What a header promises is not believed: only what has been decoded counts.
                if done > most:
                    raise SourceError(
                        task.item.files[0].location,
                        "too-large",
                        f"it holds more than the {self.longest:g} hours of sound that are allowed",
                    )
                progress(done, None if total is None else min(total, most))

            return work(task, told)

        return guarded
