"""Worker processes on this machine, under our own supervision.

Each works on one task at a time. One that dies, takes too long or too much memory is replaced, and its task fails with
the reason; nobody else's work is touched.
"""

from __future__ import annotations

import os
import time
from collections import deque
from pathlib import Path
from queue import Empty, SimpleQueue
from types import TracebackType

from audioqa.engines.tasks import Limits, Outcome, Task, WorkMaker
from audioqa.engines.worker import Message, Worker, begun_hours
from audioqa.errors import EngineError
from audioqa.types import Failure

_LOOKED_AFTER_EVERY = 0.2
"""Seconds between two looks at the time and memory of workers."""

_FALSE_STARTS = 3
"""So many workers in a row that die before they are ready are not the fault of chance."""


class LocalEngine:
    """Worker processes on this machine.

    Parameters
    ----------
    make_work
        Makes what a worker does with a task; it is pickled and called once in each worker.
    jobs
        Workers, at least 1.
    limits
        What one call may take of a worker. Memory is looked after on Linux only.
    temporary
        Folder for temporary files; None for the system's.
    """

    def __init__(
        self,
        make_work: WorkMaker,
        *,
        jobs: int,
        limits: Limits = Limits(),  # noqa: B008 - frozen
        temporary: Path | None = None,
    ) -> None:
        self._make_work = make_work
        self._jobs = jobs
        self._limits = limits
        self._temporary = temporary
        self._workers: list[Worker] = []
        self._waiting: deque[Task] = deque()
        self._messages: SimpleQueue[Message] = SimpleQueue()
        self._false_starts = 0

    def __enter__(self) -> LocalEngine:
        # A second thread of BLAS only spins; read when a worker loads NumPy.
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for worker in self._workers:
            worker.end()
        self._workers.clear()

    @property
    def capacity(self) -> int:
        """Two tasks a worker: one to work on, one to go on with at once."""
        return 2 * self._jobs

    @property
    def pids(self) -> list[int]:
        """Process ids of the workers."""
        return [worker.process.pid for worker in self._workers if worker.process.pid is not None]

    @property
    def progress(self) -> dict[int, tuple[float, float | None]]:
        """Seconds of sound done, and in all where that is known, of the tasks that are worked on, by number."""
        return {worker.task.number: worker.progress for worker in self._workers if worker.task is not None}

    def submit(self, task: Task) -> None:
        """Hand a task over.

        Raises
        ------
        EngineError
            Where no worker can be started.
        """
        self._waiting.append(task)
        self._employ()

    def withdraw(self) -> list[Task]:
        """Take back the tasks that no worker has begun with."""
        tasks = list(self._waiting)
        self._waiting.clear()
        return tasks

    def outcomes(self, timeout: float) -> list[Outcome]:
        """What has been done since the last time; waits for at least one, `timeout` seconds at most.

        Raises
        ------
        EngineError
            Where no worker can be started.
        """
        found: list[Outcome] = []
        end = time.monotonic() + timeout
        while not found:
            left = end - time.monotonic()
            try:
                message = self._messages.get(timeout=max(0.0, min(left, _LOOKED_AFTER_EVERY)))
                while True:
                    found += self._heard(*message)
                    message = self._messages.get_nowait()
            except Empty:
                pass
            found += self._look_after()
            self._employ()
            if left <= 0:
                break
        return found

    def _employ(self) -> None:
        """Give waiting tasks to workers that have none, and start workers where there are too few."""
        for worker in self._workers:
            if self._waiting and worker.ready and worker.task is None:
                worker.hand_over(self._waiting.popleft())
        starting = sum(not worker.ready for worker in self._workers)
        while len(self._workers) < self._jobs and len(self._waiting) > starting:
            try:
                self._workers.append(Worker(self._make_work, self._messages, temporary=self._temporary))
            except OSError as error:
                raise EngineError(f"no worker can be started: {error.strerror or error}") from None
            starting += 1

    def _heard(self, worker: Worker, kind: str, content: object) -> list[Outcome]:
        if worker not in self._workers:
            return []  # it was ended, and had said this before
        if kind == "ready":
            worker.ready, self._false_starts = True, 0
        elif kind == "progress" and isinstance(content, tuple):
            worker.progress = content
            worker.hours = max(worker.hours, begun_hours(*content))
        elif kind == "done" and isinstance(content, Outcome):
            worker.task = None
            return [content]
        elif kind == "broken":
            raise EngineError(f"workers cannot be started: {content}")
        elif kind == "gone":
            return self._give_up(worker, "crash", f"the worker died: {worker.ending()}")
        return []

    def _look_after(self) -> list[Outcome]:
        found: list[Outcome] = []
        for worker in list(self._workers):
            taken = time.monotonic() - worker.since
            if not worker.ready and taken > self._limits.start:
                found += self._give_up(worker, "timeout", f"a worker was not ready after {self._limits.start:g} s")
            if worker.task is None:
                continue
            allowed = self._limits.seconds * worker.hours
            if taken > allowed:
                found += self._give_up(worker, "timeout", f"it took more than {allowed:g} s")
            elif worker.memory() > self._limits.memory:
                limit = f"{self._limits.memory / 2**20:,.0f} MiB"
                found += self._give_up(worker, "memory", f"the worker needed more than {limit} for it")
        return found

    def _give_up(self, worker: Worker, kind: str, message: str) -> list[Outcome]:
        """End a worker, whose task fails; another one takes its place when there is work."""
        task, taken = worker.task, time.monotonic() - worker.since
        worker.end()
        self._workers.remove(worker)
        if task is not None:
            return [Outcome(task.number, failure=Failure(kind, message), wall=taken)]
        if not worker.ready:
            self._false_starts += 1
            if self._false_starts >= _FALSE_STARTS:
                raise EngineError(f"workers cannot be started: {message}")
        return []
