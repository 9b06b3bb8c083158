"""The loop that has accepted recordings scored: it takes jobs, feeds the engine, and writes down what comes back.

It runs in a thread of the server. A report, its job's end and what webhooks are to be told are one transaction, which
only the holder of the job can make: whatever dies, a job is done once, and one that is not done waits.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import audioqa
from audioqa.engines import LocalEngine, Outcome, Task
from audioqa.errors import AudioqaError, StoreError
from audioqa.service.metrics import Metrics
from audioqa.service.telling import tell_failed, tell_scored
from audioqa.store import Hashes, Store, jobs, projection, recording
from audioqa.store.database import writing
from audioqa.store.jobs import MOST_ATTEMPTS, Job
from audioqa.store.keys import fingerprint, location_of
from audioqa.store.store import Judge
from audioqa.types import Failure

_T = TypeVar("_T")

_log = logging.getLogger("audioqa.service")

LEASE = 60.0
"""Seconds after which another server takes a job over that is not renewed."""

_RENEWED_EVERY = 2.0
_LOOKED_EVERY = 1.0
_PAUSE = 2.0
_PASSING = ("disk-full", "access")
"""Kinds of failure that may not be the recording's: it is tried again later."""

_LATER = 60.0


@dataclass
class Scoring:
    """Scores what waits, from `start` to `stop`.

    Parameters
    ----------
    store
        Where jobs wait and reports are written.
    make_engine
        Makes an engine: one that cannot go on is replaced.
    digest
        Of the settings that the workers use.
    metrics
        Told what becomes of jobs.
    judge
        Flags what was scored by what is known of it, in the same transaction.
    """

    store: Store
    make_engine: Callable[[], LocalEngine]
    digest: str
    metrics: Metrics
    judge: Judge
    _thread: threading.Thread | None = field(default=None, init=False)
    _stopping: threading.Event = field(default_factory=threading.Event, init=False)
    _woken: threading.Event = field(default_factory=threading.Event, init=False)
    _tasks: dict[int, Job] = field(default_factory=dict, init=False)
    _run: int = field(default=0, init=False)
    _trouble: str = field(default="", init=False)

    def start(self) -> None:
        """Begin.

        Raises
        ------
        StoreError
            Where the store cannot be written.
        """
        self._run = self.store.begin_run(["service"], digest=self.digest, version=audioqa.__version__)
        self._thread = threading.Thread(target=self._live, name="audioqa scoring", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End: what is being scored waits for the next server."""
        self._stopping.set()
        self._woken.set()
        if self._thread is not None:
            self._thread.join()

    def wake(self) -> None:
        """Look for jobs at once: one has just been accepted."""
        self._woken.set()

    @property
    def trouble(self) -> str:
        """Why nothing can be scored just now; empty where all is well."""
        if self._thread is None or not self._thread.is_alive():
            return "the scoring thread does not run"
        return self._trouble

    def _live(self) -> None:
        while not self._stopping.is_set():
            try:
                with self.make_engine() as engine:
                    self._work(engine)
            except AudioqaError as error:
                self._trouble = str(error)
                _log.error("scoring pauses: %s", error)
            except Exception as error:  # noqa: BLE001 - the service's edge: it must not end for one job
                self._trouble = f"{type(error).__name__}"
                _log.error("scoring pauses", exc_info=error)
            self._end_what_is_held()
            self._stopping.wait(0 if self._stopping.is_set() else _PAUSE)
        try:
            self.store.end_run(self._run, "stopped", {})
        except StoreError as error:
            _log.warning("the end of the run could not be noted: %s", error)

    def _work(self, engine: LocalEngine) -> None:
        """Take jobs and outcomes until it is time to stop, or something cannot go on."""
        renewed = looked = 0.0
        while not self._stopping.is_set():
            now = time.monotonic()
            if len(self._tasks) < engine.capacity and (self._woken.is_set() or now - looked > _LOOKED_EVERY):
                self._woken.clear()
                looked = now
                self._take_jobs(engine, engine.capacity - len(self._tasks))
            if now - renewed > _RENEWED_EVERY:
                renewed = now
                self._renew(engine)
            if not self._tasks:
                self._woken.wait(_LOOKED_EVERY / 2)
                continue
            for outcome in engine.outcomes(0.2):
                job = self._tasks.pop(outcome.number, None)
                if job is not None:
                    self._take_outcome(job, outcome)
                    self._woken.set()

    def _take_jobs(self, engine: LocalEngine, most: int) -> None:
        taken = self._patiently(lambda c: jobs.take(c, holder=self.store.holder, lease=LEASE, most=most))
        for job in taken:
            if job.attempts > MOST_ATTEMPTS:
                self._fail(job, Failure("crash", f"the service died {MOST_ATTEMPTS} times while it worked on it"))
            elif not self._share(job):
                self._tasks[job.key] = job
                engine.submit(Task(job.key, job.item))

    def _take_outcome(self, job: Job, outcome: Outcome) -> None:
        self.metrics.scored(outcome.wall, outcome.audio)
        if outcome.failure is None and outcome.report is not None:
            self._record(job, outcome, outcome.report)
        elif outcome.failure is not None and outcome.failure.kind in _PASSING and job.attempts < MOST_ATTEMPTS:
            _log.warning("job %s is tried again later: %s", job.name, outcome.failure.kind)
            keys = [job.key]
            self._patiently(lambda c: jobs.give_back(c, holder=self.store.holder, keys=keys, wait=_LATER, counted=True))
        else:
            self._fail(job, outcome.failure or Failure("error", "the worker gave no report"))

    def _record(self, job: Job, outcome: Outcome, report: str) -> None:
        """Write a report, and that its job is done, at once."""
        content = projection.read_content(report)
        hashes = Hashes(outcome.hashes, outcome.reference_hash)

        def write(connection: Any) -> bool:
            if not jobs.settle(connection, job.key, holder=self.store.holder):
                return False
            recording.record(
                connection,
                self._run,
                job.item,
                hashes,
                content,
                digest=self.digest,
                processing=round(outcome.processor, 4),
                network=self.store.network,
            )
            self.judge(connection, job.item.info)
            tell_scored(connection, job)
            return True

        self._told(job, "scored", done=self._patiently(write))

    def _share(self, job: Job) -> bool:
        """Give the job the report that the same sound has already, if there is one."""
        if not job.hashes.files:
            return False  # nobody has read its files yet

        def write(connection: Any) -> bool:
            if not recording.share(
                connection, self._run, job.item, job.hashes, digest=self.digest, network=self.store.network
            ):
                return False
            if not jobs.settle(connection, job.key, holder=self.store.holder):
                raise _NotOurs
            self.judge(connection, job.item.info)
            tell_scored(connection, job)
            return True

        try:
            shared = self._patiently(write)
        except _NotOurs:
            return True
        if shared:
            self._told(job, "shared", done=True)
        return shared

    def _fail(self, job: Job, failure: Failure) -> None:
        mark = fingerprint(job.item, self.digest)

        def write(connection: Any) -> bool:
            if not jobs.settle(connection, job.key, holder=self.store.holder, failure=failure):
                return False
            recording.fail(connection, self._run, job.item.info, location_of(job.item), failure, mark=mark)
            tell_failed(connection, job, failure)
            return True

        self._told(job, "failed", done=self._patiently(write))

    def _told(self, job: Job, outcome: str, *, done: bool) -> None:
        if done:
            self.metrics.ended(outcome)
            _log.info("job %s: %s", job.name, outcome)
        else:
            _log.info("job %s was deleted, or another server has it", job.name)

    def _renew(self, engine: LocalEngine) -> None:
        progress: Mapping[int, tuple[float, float | None]] = engine.progress if self._tasks else {}
        if self._tasks:
            self._patiently(lambda c: jobs.renew(c, holder=self.store.holder, lease=LEASE, progress=progress))
        self._trouble = ""

    def _end_what_is_held(self) -> None:
        self._tasks.clear()
        try:
            writing(self.store.engine, lambda c: jobs.give_back(c, holder=self.store.holder))
        except StoreError as error:
            _log.warning("what was being scored waits for its lease to run out: %s", error)

    def _patiently(self, work: Callable[[Any], _T]) -> _T:
        """Write, again and again while the store is in passing trouble.

        Raises
        ------
        StoreError
            Where waiting does not help, or it is time to stop.
        """
        while True:
            try:
                return writing(self.store.engine, work)
            except StoreError as error:
                if not error.passing or self._stopping.is_set():
                    raise
                self._trouble = str(error)
                _log.warning("the store is in trouble: %s", error)
                self._stopping.wait(_PAUSE)


class _NotOurs(Exception):  # noqa: N818 - it undoes a transaction, and never leaves this module
    """The job is another server's by now, or deleted."""
