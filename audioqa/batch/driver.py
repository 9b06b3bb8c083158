"""The run itself: plan, claim, feed the engine, write down what comes back, and end well whatever happens."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import audioqa
from audioqa.batch.books import Books, hashes_of
from audioqa.batch.interrupts import Interrupts
from audioqa.batch.patience import Patience
from audioqa.batch.planning import Planner
from audioqa.batch.tally import Tally
from audioqa.batch.trouble import Trouble
from audioqa.engines import Engine, Outcome, Task
from audioqa.errors import AudioqaError
from audioqa.store import Store
from audioqa.types import BadItem, Item

if TYPE_CHECKING:
    from audioqa.batch.display import Display
    from audioqa.judging import Judging

Ending = Literal["finished", "interrupted", "stopped"]
"""All was come to; a person or the system asked it to stop; it could not go on."""

_TICK = 0.5
_RENEWED_EVERY = 150.0
"""Seconds; a claim lasts four times as long."""

_LOOKED_ELSEWHERE_EVERY = 3.0


@dataclass(frozen=True)
class Ended:
    """How a run ended.

    Parameters
    ----------
    ending
        In a word.
    reason
        Why it did not come to its end; empty where it did.
    tally
        What became of the recordings.
    """

    ending: Ending
    reason: str
    tally: Tally

    @property
    def exit_code(self) -> int:
        """0 all scored, 1 some failed, 3 broken off: the same command goes on."""
        if self.ending != "finished":
            return 3
        return 1 if self.tally.failures or self.tally.failed_before else 0


@dataclass(frozen=True)
class Batch:
    """One run over an archive.

    Parameters
    ----------
    sources
        As they were named: noted with the run, and watched where they are on this machine.
    store
        Where calls are kept.
    engine
        Who does the work; its context has been entered.
    digest
        Of the settings that the workers use (`audioqa.analysis.Analyser.digest`).
    display
        Told of everything that a person may want to see.
    retry_failed
        Try again what failed before.
    patience
        Seconds to wait for a store, or a disk, that is in trouble.
    judging
        Flags calls by what is known of them beside their sound; None leaves them as the workers flagged them.
    """

    sources: Sequence[str]
    store: Store
    engine: Engine
    digest: str
    display: Display
    retry_failed: bool = False
    patience: float = 60.0
    judging: Judging | None = None
    tally: Tally = field(default_factory=Tally)

    def __call__(self, items: Iterator[Item | BadItem]) -> Ended:
        """Work on everything that the sources name.

        Parameters
        ----------
        items
            What they name.

        Returns
        -------
        Ended
            However it ended: what was recorded until then is in the store, and nothing else is marked as done.
        """
        with Interrupts(self.display.say) as interrupts:
            patience = Patience(self.patience, say=self.display.say, stopping=lambda: bool(interrupts.heard))
            try:
                run = patience(
                    lambda: self.store.begin_run(self.sources, digest=self.digest, version=audioqa.__version__)
                )
            except AudioqaError as error:
                return Ended("stopped", str(error), self.tally)
            books = Books(
                self.store,
                run,
                digest=self.digest,
                tally=self.tally,
                patience=patience,
                teller=self.display,
                judging=self.judging,
            )
            trouble = Trouble(self.sources, patience=self.patience, say=self.display.say)
            planner = Planner(items, books, trouble, retry_failed=self.retry_failed)
            work = _Work(self, planner, books, trouble, lambda: interrupts.heard)
            ending: Ending = "finished"
            reason = ""
            try:
                work.run()
                for _ in books.judge_again() if not interrupts.heard else ():
                    self.display.tick(self.tally)
                    if interrupts.heard:
                        ending, reason = "interrupted", f"{interrupts.heard} was received"
                        break
                if interrupts.heard and not planner.exhausted:
                    ending, reason = "interrupted", f"{interrupts.heard} was received"
            except KeyboardInterrupt:
                ending, reason = "interrupted", "it was stopped at once"
            except AudioqaError as error:
                ending, reason = "stopped", str(error)
            self.tally.left = planner.left + work.in_flight
            with suppress(AudioqaError, KeyboardInterrupt):  # the store may be what is in trouble
                books.end(ending)
        return Ended(ending, reason, self.tally)


class _Work:
    """The loop between planner, engine and books."""

    def __init__(
        self, batch: Batch, planner: Planner, books: Books, trouble: Trouble, heard: Callable[[], str]
    ) -> None:
        self._engine = batch.engine
        self._display = batch.display
        self._tally = batch.tally
        self._trouble = trouble
        self._planner = planner
        self._books = books
        self._heard = heard
        self._tasks: dict[int, Task] = {}
        self._next = 0
        self._renewed = self._looked = time.monotonic()

    @property
    def in_flight(self) -> int:
        """Tasks that have been handed over and have not come back."""
        return len(self._tasks)

    def run(self) -> None:
        """Work until nothing is left, or somebody asks to stop."""
        told_waiting = False
        while True:
            if self._heard():
                self._withdraw()
            else:
                self._feed()
            if not self._tasks and (self._heard() or self._planner.exhausted):
                break
            if self._planner.waiting and not self._tasks:
                if not told_waiting:
                    self._display.say(f"waiting for another batch, which has {self._planner.waiting} of these calls")
                    told_waiting = True
                time.sleep(_TICK)
            if self._tasks:
                for outcome in self._engine.outcomes(0.0 if self._hungry() else _TICK):
                    self._take(outcome)
            self._display.tick(self._tally)
            self._keep()

    def _hungry(self) -> bool:
        """Whether the engine could take more and the planner has more to look at."""
        return not self._heard() and len(self._tasks) < self._engine.capacity and not self._planner.named_all

    def _feed(self) -> None:
        room = self._engine.capacity - len(self._tasks)
        if room <= 0 or self._planner.exhausted:
            return
        if self._planner.waiting and time.monotonic() - self._looked > _LOOKED_ELSEWHERE_EVERY:
            self._looked = time.monotonic()
            self._planner.look_elsewhere()
        for item, hash_only in self._planner.work(room):
            self._submit(item, hash_only=hash_only)

    def _submit(self, item: Item, *, hash_only: bool) -> None:
        self._next += 1
        task = Task(self._next, item, hash_only)
        self._tasks[task.number] = task
        self._engine.submit(task)

    def _withdraw(self) -> None:
        """Take back what no worker has begun with: it is left for the next run."""
        for task in self._engine.withdraw():
            del self._tasks[task.number]
            self._planner.give_back(task.item)

    def _take(self, outcome: Outcome) -> None:
        """Write down what became of a task, or go on with its item."""
        task = self._tasks.pop(outcome.number)
        item = task.item
        if outcome.failure is not None:
            if self._trouble.passing(item, outcome.failure):
                self._go_on(item, hash_only=task.hash_only)
            else:
                self._books.fail(item, outcome, outcome.failure)
            return
        self._trouble.over()
        if outcome.report is not None:
            self._books.record(item, outcome)
            self._display.scored(item, outcome)
            return
        (known,) = self._books.known([item], [hashes_of(outcome)])
        if not self._books.settle(item, known, elsewhere=False):
            self._go_on(item, hash_only=False)

    def _go_on(self, item: Item, *, hash_only: bool) -> None:
        """Have more done with an item, in the next run where this one is to stop."""
        if self._heard():
            self._planner.give_back(item)
        else:
            self._submit(item, hash_only=hash_only)

    def _keep(self) -> None:
        """Renew the claims in time."""
        if time.monotonic() - self._renewed > _RENEWED_EVERY:
            self._renewed = time.monotonic()
            self._books.renew()
