"""The laboratory: clean calls in, what was heard of them with and without faults out, spread over processes."""

from __future__ import annotations

import multiprocessing
import multiprocessing.pool
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from audioqa.detectors import DETECTORS, Detector
from audioqa.lab.experiment import Clean, Faulted, Plan, experiment, share
from audioqa.lab.faults import Fault
from audioqa.lab.figures import Figures, figures
from audioqa.lab.talk import Talk

_AHEAD = 2  # calls waiting for each process: more would fill the memory with them


@dataclass(frozen=True)
class Laboratory:
    """How calls are put to the test.

    Parameters
    ----------
    codecs, faults
        Through what, and which.
    detectors
        What listens.
    every
        Each fault is put into every Nth call.
    seed
        Of everything random.
    processes
        Worker processes; 1 works in this one.
    vouched
        Whether the calls are known to be clean, so that whatever is reported of them is false.
    """

    codecs: tuple[str, ...]
    faults: tuple[Fault, ...]
    detectors: tuple[Detector, ...] = DETECTORS
    every: int = 1
    seed: int = 0
    processes: int = 1
    vouched: bool = True

    def __call__(self, talks: Iterable[Talk], *, progress: Callable[[int], None] | None = None) -> Figures:
        """Put calls to the test.

        Parameters
        ----------
        talks
            Clean calls; taken one by one, as they are needed.
        progress
            Called with the number of calls that are done.
        """
        clean: list[Clean] = []
        faulted: list[Faulted] = []
        for done, found in enumerate(self._heard(self._jobs(talks)), start=1):
            clean += [one for one in found if isinstance(one, Clean)]
            faulted += [one for one in found if isinstance(one, Faulted)]
            if progress:
                progress(done)
        return figures(clean, faulted, self.faults)

    def _jobs(self, talks: Iterable[Talk]) -> Iterator[tuple[Talk, Plan]]:
        for number, talk in enumerate(talks):
            mine = share(number, self.faults, every=self.every)
            yield talk, Plan(number, self.codecs, mine, self.detectors, self.seed, self.vouched)

    def _heard(self, jobs: Iterator[tuple[Talk, Plan]]) -> Iterator[Sequence[Clean | Faulted]]:
        if self.processes == 1:
            yield from map(_run, jobs)
            return
        os.environ.setdefault("OMP_NUM_THREADS", "1")  # inherited by the workers, before their libraries load
        waiting: deque[multiprocessing.pool.AsyncResult[list[Clean | Faulted]]] = deque()
        with multiprocessing.get_context("spawn").Pool(self.processes) as pool:
            for job in jobs:
                waiting.append(pool.apply_async(_run, (job,)))
                if len(waiting) > _AHEAD * self.processes:
                    yield waiting.popleft().get()
            while waiting:
                yield waiting.popleft().get()


def _run(job: tuple[Talk, Plan]) -> list[Clean | Faulted]:
    return list(experiment(*job))
