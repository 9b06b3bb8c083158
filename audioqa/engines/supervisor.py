"""What a node of a cluster runs: an actor that supervises one worker process, and stays small itself."""

from __future__ import annotations

import pickle
import sys
from dataclasses import dataclass
from pathlib import Path

from audioqa.engines.local import LocalEngine
from audioqa.engines.tasks import Limits, Outcome, Task, Work, WorkMaker


@dataclass(frozen=True)
class Sealed:
    """A `WorkMaker` that is opened in the worker process only: the actor that supervises it stays small."""

    content: bytes

    def __call__(self) -> Work:
        make_work: WorkMaker = pickle.loads(self.content)  # noqa: S301 - our own
        return make_work()


class Supervisor:
    """The actor: a local engine of one worker on some node."""

    def __init__(self, make_work: WorkMaker, limits: Limits, temporary: Path | None) -> None:
        # A worker process begins with the main module of its parent: here that would be Ray's, and all of Ray with it.
        sys.modules["__main__"].__file__ = None
        self._engine = LocalEngine(make_work, jobs=1, limits=limits, temporary=temporary)
        self._engine.__enter__()

    def ready(self) -> bool:
        """Answers once the actor lives."""
        return True

    def score(self, task: Task) -> Outcome:
        """Work on a task to its end."""
        self._engine.submit(task)
        while not (found := self._engine.outcomes(timeout=60.0)):
            pass
        return found[0]
