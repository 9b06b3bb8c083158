"""What goes into an engine and what comes out of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol

from audioqa.types import Failure, Item

Progress = Callable[[float, float | None], None]
"""Called with the seconds of sound done and the seconds in all, None where the file does not tell."""

Work = Callable[["Task", Progress], "Outcome"]
"""What a worker does with one task; made once in each worker by a `WorkMaker`. It raises nothing that a file causes."""

WorkMaker = Callable[[], Work]
"""Makes the work in a worker; it can be pickled."""


@dataclass(frozen=True)
class Task:
    """One call to work on.

    Parameters
    ----------
    number
        Of the task, unique among those that an engine holds.
    item
        The call.
    hash_only
        Read its files for their content hashes alone: they may be known by another name.
    """

    number: int
    item: Item
    hash_only: bool = False


@dataclass(frozen=True)
class Outcome:
    """What became of a task.

    Parameters
    ----------
    number
        Of the task.
    hashes
        Hexadecimal SHA-256 of each file's bytes, in order; empty where they were not read to the end.
    reference_hash
        That of the reference; None where there is none or it was not read.
    report
        The report as one line of JSON; None where the task failed or asked for hashes only.
    failure
        Why there is no report; None where nothing went wrong.
    processor, wall
        Seconds of processor and of time that the task took.
    audio
        Seconds of sound in the recording.
    memory
        Most memory that the worker has had until now, bytes.
    """

    number: int
    hashes: tuple[str, ...] = ()
    reference_hash: str | None = None
    report: str | None = None
    failure: Failure | None = None
    processor: float = 0.0
    wall: float = 0.0
    audio: float = 0.0
    memory: int = 0


@dataclass(frozen=True)
class Limits:
    """What one call may take of a worker.

    Parameters
    ----------
    seconds
        Time for each begun hour of its sound, above 0: a call of 12 hours may take twelve times as long.
    memory
        Bytes that the worker may hold, above 0; what is mapped from files does not count.
    start
        Seconds until a new worker is ready.
    """

    seconds: float = 600.0
    memory: int = 2 << 30
    start: float = 180.0


class Engine(Protocol):
    """Works on tasks; used in a ``with`` statement, which ends its workers."""

    def __enter__(self) -> Engine:
        """Have the workers ready, or make them when they are needed."""
        ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """End the workers; what they were at is lost."""
        ...

    @property
    def capacity(self) -> int:
        """Tasks that the engine keeps busy with, some of them waiting their turn: hand over no more than these."""
        ...

    def submit(self, task: Task) -> None:
        """Hand a task over.

        Raises
        ------
        EngineError
            Where no worker can be had.
        """
        ...

    def withdraw(self) -> list[Task]:
        """Take back the tasks that no worker has begun with."""
        ...

    def outcomes(self, timeout: float) -> list[Outcome]:
        """What has been done since the last time; waits for at least one, `timeout` seconds at most.

        Raises
        ------
        EngineError
            Where no worker can be had.
        """
        ...
