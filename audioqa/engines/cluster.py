"""A Ray cluster: one actor for each worker, which supervises a worker process as the local engine does.

So a file that crashes, hangs or swells costs a process that Ray knows nothing of, and what Ray sees fail is only ever a
node or its network: the calls that were there are given to others.
"""

from __future__ import annotations

import contextlib
import logging
import os
import pickle
import socket
import time
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, Any

from audioqa.engines.supervisor import Sealed, Supervisor
from audioqa.engines.tasks import Limits, Outcome, Task, WorkMaker
from audioqa.errors import EngineError
from audioqa.types import Failure

if TYPE_CHECKING:
    from types import TracebackType

_LOOKED_AFTER_EVERY = 5.0
"""Seconds between two looks at what the cluster has: nodes come and go."""

_ANSWERS_WITHIN = 10.0
"""Seconds for a cluster's address to answer at all."""

_LOST_AT_MOST = 5
"""A call whose node was lost so often is given up: it may be what loses them."""


class RayEngine:
    """Workers on a Ray cluster; only this process, the driver, gets results.

    Parameters
    ----------
    make_work
        Makes what a worker does with a task; it is pickled and called once in each worker.
    address
        Of the cluster, as Ray has it: ``auto``, ``10.0.0.1:6379``, ``local``; None for what Ray itself looks for: the
        environment's ``RAY_ADDRESS``, a cluster on this machine, or a new one that ends with the engine.
    jobs
        Most workers; None for one a processor of the cluster, however that grows.
    limits
        What one call may take of a worker.
    temporary
        Folder for temporary files on every node; None for the system's.
    lost_after
        Seconds without any worker until the run is given up: a cluster that is away may come back.
    """

    def __init__(
        self,
        make_work: WorkMaker,
        *,
        address: str | None,
        jobs: int | None = None,
        limits: Limits = Limits(),  # noqa: B008 - frozen
        temporary: Path | None = None,
        lost_after: float = 300.0,
    ) -> None:
        self._make = (Sealed(pickle.dumps(make_work)), limits, temporary)
        self._address = address
        self._most = jobs
        self._lost_after = lost_after
        self._ray: Any = None
        self._actor: Any = None
        self._free: list[Any] = []
        self._coming: dict[Any, Any] = {}
        """Actors that are not ready yet, by the reference that says when they are."""
        self._busy: dict[Any, tuple[Any, Task]] = {}
        """Actors and their tasks, by the reference to the outcome."""
        self._waiting: deque[Task] = deque()
        self._lost: dict[int, int] = {}
        """How often the node of each task has been lost."""
        self._looked = self._last_worker = time.monotonic()

    def __enter__(self) -> RayEngine:
        """Connect to the cluster.

        Raises
        ------
        EngineError
            Where Ray is not installed, or there is no cluster at the address.
        """
        self._ray = _connected(self._address)
        self._actor = self._ray.remote(num_cpus=1, max_restarts=0, max_concurrency=1)(Supervisor)
        self._last_worker = time.monotonic()
        self._look_after()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for actor in (*self._free, *self._coming.values(), *(actor for actor, _ in self._busy.values())):
            _kill(self._ray, actor)
        self._ray.shutdown()

    @property
    def workers(self) -> int:
        """Actors that there are or that were asked for."""
        return len(self._free) + len(self._coming) + len(self._busy)

    @property
    def capacity(self) -> int:
        """Two tasks a worker: one to work on, one to go on with at once."""
        return 2 * max(1, self.workers)

    def submit(self, task: Task) -> None:
        """Hand a task over."""
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
            Where the cluster has had no worker for too long.
        """
        found: list[Outcome] = []
        end = time.monotonic() + timeout
        while not found:
            if time.monotonic() - self._looked > _LOOKED_AFTER_EVERY:
                self._look_after()
            left = max(0.0, end - time.monotonic())
            expected = [*self._coming, *self._busy]
            if not expected:
                time.sleep(min(left, 0.5))
            else:
                ready, _ = self._ray.wait(expected, num_returns=1, timeout=min(left, 1.0))
                if ready:
                    ready, _ = self._ray.wait(expected, num_returns=len(expected), timeout=0)
                for reference in ready:
                    found += self._heard(reference)
            self._employ()
            if left <= 0:
                break
        return found

    def _employ(self) -> None:
        while self._waiting and self._free:
            actor, task = self._free.pop(), self._waiting.popleft()
            self._busy[actor.score.remote(task)] = (actor, task)

    def _heard(self, reference: Any) -> list[Outcome]:
        """What a reference that is ready says."""
        actor = self._coming.pop(reference, None)
        task: Task | None = None
        if actor is None:
            actor, task = self._busy.pop(reference)
        try:
            said = self._ray.get(reference)
        except self._ray.exceptions.RayTaskError as error:
            raise EngineError(f"workers of the cluster cannot work: {_first_line(error.cause)}") from None
        except self._ray.exceptions.RayError as error:
            _kill(self._ray, actor)
            return self._again(task, error)
        self._free.append(actor)
        self._last_worker = time.monotonic()
        return [said] if task is not None else []

    def _again(self, task: Task | None, error: BaseException) -> list[Outcome]:
        """Give the task of a worker that was lost with its node to another one, unless that has happened too often."""
        self._looked = 0.0
        if task is None:
            return []
        self._lost[task.number] = self._lost.get(task.number, 0) + 1
        if self._lost[task.number] >= _LOST_AT_MOST:
            message = f"the worker's node was lost {_LOST_AT_MOST} times on it: {_first_line(error)}"
            return [Outcome(task.number, failure=Failure("crash", message))]
        self._waiting.appendleft(task)
        return []

    def _look_after(self) -> None:
        """Have as many actors as the cluster has processors for."""
        self._looked = time.monotonic()
        if self._free or self._busy:
            self._last_worker = self._looked
        elif self._looked - self._last_worker > self._lost_after:
            raise EngineError(f"the cluster has had no worker for {self._lost_after:.0f} s")
        try:
            processors = int(self._ray.cluster_resources().get("CPU", 0))
        except Exception as error:  # noqa: BLE001 - Ray raises many things when its head is gone
            raise EngineError(f"the cluster cannot be reached any more: {_first_line(error)}") from None
        wanted = processors if self._most is None else min(processors, self._most)
        for _ in range(wanted - self.workers):
            actor = self._actor.remote(*self._make)
            self._coming[actor.ready.remote()] = actor


def _connected(address: str | None) -> Any:
    try:
        import ray
    except ImportError:
        raise EngineError("Ray is not installed: python -m pip install 'audioqa[ray]'") from None
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    host, colon, port = (address or "").rpartition(":")
    if colon and "//" not in host and port.isdigit():
        try:  # Ray itself would wait for minutes
            socket.create_connection((host, int(port)), timeout=_ANSWERS_WITHIN).close()
        except OSError as error:
            raise EngineError(f"there is no Ray cluster at {address}: {error.strerror or error}") from None
    try:
        ray.init(address, log_to_driver=False, logging_level=logging.ERROR, include_dashboard=False)
    except Exception as error:  # noqa: BLE001 - whatever it is, there is no cluster
        where = f"at {address}" if address else "to be started here"
        raise EngineError(f"there is no Ray cluster {where}: {_first_line(error)}") from None
    return ray


def _kill(ray: Any, actor: Any) -> None:
    with contextlib.suppress(Exception):  # it may be gone already
        ray.kill(actor)


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__
