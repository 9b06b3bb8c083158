"""Work that does what the file's name says: bad things, as a decoder may do them, or counting to its end."""

from __future__ import annotations

import ctypes
import os
import signal
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from audioqa.engines import Outcome, Task, Work
from audioqa.engines.tasks import Progress


@dataclass(frozen=True)
class Troubled:
    """Makes troubled work.

    Parameters
    ----------
    notes
        A folder in which each worker writes down what it did.
    """

    notes: str

    def __call__(self) -> Work:
        return self._do

    def _do(self, task: Task, progress: Progress) -> Outcome:
        name = Path(task.item.files[0].location).name
        with (Path(self.notes) / name).open("a") as notes:
            notes.write(f"{os.getpid()} {tempfile.gettempdir()}\n")
        if name.startswith("segfault"):
            ctypes.string_at(0)
        if name.startswith("killed"):
            os.kill(os.getpid(), signal.SIGKILL)
        if name.startswith("exit"):
            os._exit(3)
        if name.startswith("hang"):
            (Path(tempfile.gettempdir()) / "left-behind").write_bytes(bytes(1000))
            time.sleep(600)
        if name.startswith("stopped"):
            os.kill(os.getpid(), signal.SIGSTOP)
        if name.startswith("greedy"):
            held = b"x" * (800 << 20)
            time.sleep(600 + len(held))
        if name.startswith("long"):
            progress(1.0, 3.5 * 3600)
            time.sleep(2.5)
        if name.startswith("slow"):
            time.sleep(0.3)
        return Outcome(task.number, hashes=(name,), report="{}", audio=1.0)


@dataclass(frozen=True)
class NeverReady:
    """Work that cannot even be made."""

    def __call__(self) -> Work:
        os._exit(1)
