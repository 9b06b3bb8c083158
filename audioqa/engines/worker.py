"""A worker process of our own: it takes one task at a time over a pipe, and says how it gets on.

What it says: ``ready`` once it can work, ``broken`` with the reason where it cannot, ``progress``
when it learns how long the recording is and about once a second, ``done`` with the outcome.
It ends when its pipe is closed, and with the process that made it, whatever that was killed by.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import shutil
import signal
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from audioqa.engines.tasks import Task, WorkMaker
from audioqa.errors import AudioqaError

Message = tuple["Worker", str, Any]
"""Who says it, what it is, and what belongs to it; ``gone`` with None where a worker has died."""

_INTERRUPTS = (signal.SIGINT, signal.SIGTERM, *([signal.SIGHUP] if hasattr(signal, "SIGHUP") else []))
_TOLD_EVERY = 1.0


class Worker:
    """A worker process as its supervisor sees it.

    Parameters
    ----------
    make_work
        Makes what it does with a task, in the worker.
    messages
        Where it puts what it says.
    temporary
        Where its folder for temporary files is made; None for the system's place.
    """

    def __init__(self, make_work: WorkMaker, messages: SimpleQueue[Message], *, temporary: Path | None) -> None:
        self.task: Task | None = None
        self.ready = False
        self.since = time.monotonic()
        """When it was started, or got its task."""
        self.hours = 1
        """Begun hours of sound that its task is known to have."""
        self.progress: tuple[float, float | None] = (0.0, None)
        """Seconds of sound that are done of its task, and in all."""
        self.folder = Path(temporary or tempfile.gettempdir()) / f"audioqa-worker-{uuid.uuid4().hex}"
        """For its temporary files; it makes it itself, and it is removed with it."""
        context = multiprocessing.get_context("spawn")
        self._connection, theirs = context.Pipe()
        self.process: BaseProcess = context.Process(
            target=_live, args=(theirs, make_work, str(self.folder)), name="audioqa worker", daemon=True
        )
        with _interrupts_held_back():
            self.process.start()
        theirs.close()
        self._listener = threading.Thread(target=self._listen, args=(messages,), daemon=True)
        self._listener.start()

    def hand_over(self, task: Task) -> None:
        """Give the worker a task; it has none, and is ready."""
        self.task, self.hours, self.since = task, 1, time.monotonic()
        self.progress = (0.0, None)
        with contextlib.suppress(OSError):  # it has died: its listener says so
            self._connection.send(task)

    def end(self) -> None:
        """Kill the worker, and clear up behind it."""
        self.process.kill()
        self.process.join()
        self._listener.join()
        self._connection.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def memory(self) -> int:
        """Bytes that it holds of its own; 0 where the system does not tell."""
        try:
            lines = Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii").splitlines()
        except (OSError, UnicodeDecodeError):
            return 0
        held = [line.split() for line in lines if line.startswith(("RssAnon:", "RssShmem:"))]
        return sum(int(words[1]) for words in held) * 1024

    def ending(self) -> str:
        """How it died, in words."""
        code = self.process.exitcode
        if code is None or code >= 0:
            return f"exit status {code}"
        try:
            name = signal.Signals(-code).name
        except ValueError:
            name = f"signal {-code}"
        return f"{name}, as when the machine has no memory left" if -code == signal.SIGKILL else name

    def _listen(self, messages: SimpleQueue[Message]) -> None:
        # In a thread of its own, so that a worker that is stopped in the middle of a message holds up nobody else.
        try:
            while True:
                kind, content = self._connection.recv()
                messages.put((self, kind, content))
        except Exception:  # noqa: BLE001 - half a message of a process that was killed can be anything
            self.process.join(timeout=5.0)
            messages.put((self, "gone", None))


@contextmanager
def _interrupts_held_back() -> Iterator[None]:
    """Have a new process never see Ctrl-C or the like, not even while it starts: only its supervisor decides."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    resource_tracker.ensure_running()  # it lets the signals through again after its start
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _INTERRUPTS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _live(connection: Connection, make_work: WorkMaker, folder: str) -> None:
    """The whole life of a worker."""
    try:
        Path(folder).mkdir(mode=0o700)
        threading.Thread(target=_end_with_parent, args=(folder,), daemon=True).start()
        tempfile.tempdir = os.environ["TMPDIR"] = folder
        work = make_work()
    except (OSError, AudioqaError) as error:
        connection.send(("broken", str(error)))
        return
    connection.send(("ready", None))
    while True:
        try:
            task: Task = connection.recv()
        except EOFError:
            return
        connection.send(("done", work(task, _Telling(connection))))


def _end_with_parent(folder: str) -> None:
    parent = multiprocessing.parent_process()
    if parent is None:
        return
    wait([parent.sentinel])
    shutil.rmtree(folder, ignore_errors=True)
    os._exit(1)


class _Telling:
    """Tells the supervisor how far a task is: at once when its recording is longer than known, else about once a
    second."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._hours = 1
        self._last = time.monotonic()

    def __call__(self, done: float, total: float | None) -> None:
        hours = begun_hours(done, total)
        now = time.monotonic()
        if hours > self._hours or now - self._last >= _TOLD_EVERY:
            self._hours, self._last = max(hours, self._hours), now
            self._connection.send(("progress", (done, total)))


def begun_hours(done: float, total: float | None) -> int:
    """Begun hours of a recording of which so many seconds are done, and so many there are in all."""
    return 1 + int(max(done, total or 0.0) // 3600)
