"""What a batch shows on stderr while it runs: a bar on a terminal, a line now and then elsewhere, JSON for logs."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Protocol

from audioqa.batch.ahead import Ahead
from audioqa.batch.log import JsonLog
from audioqa.batch.tally import Tally
from audioqa.engines import Outcome
from audioqa.messages import complain
from audioqa.render.wording import printable
from audioqa.types import Failure, Item

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from audioqa.batch.driver import Ended

_LINE_EVERY = 30.0
"""Seconds between two lines where nobody watches a bar."""

_BAR_EVERY = 0.25
_SHOWN_FAILURES = 20
"""So many failures are shown as they happen; the rest is counted. A log has them all."""


class Display(Protocol):
    """Shows how a batch gets on; used as a context."""

    def __enter__(self) -> Display:
        """Begin to show."""
        ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """End it."""
        ...

    def say(self, message: str) -> None:
        """Show a message."""
        ...

    def failed(self, location: str, failure: Failure) -> None:
        """Something could not be scored."""
        ...

    def scored(self, item: Item, outcome: Outcome) -> None:
        """A report was made and kept."""
        ...

    def tick(self, tally: Tally) -> None:
        """Called often; shows the counts when it is time to."""
        ...

    def ended(self, ended: Ended) -> None:
        """The run has ended."""
        ...


def make_display(ahead: Ahead, *, as_json: bool) -> Display:
    """The display that fits: JSON where that was asked for, a bar on a terminal, lines elsewhere."""
    if as_json:
        return JsonLog(ahead)
    return Bar(ahead) if sys.stderr.isatty() else Lines(ahead)


class Lines:
    """Plain lines: failures as they happen, and the counts now and then.

    Parameters
    ----------
    ahead
        Knows how much there is in all.
    """

    def __init__(self, ahead: Ahead) -> None:
        self._ahead = ahead
        self._told = time.monotonic()
        self._first = _FirstFailures(self.say)

    def __enter__(self) -> Lines:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        pass

    def say(self, message: str) -> None:
        """Show a message."""
        complain(printable(message))

    def failed(self, location: str, failure: Failure) -> None:
        """Show a failure, unless there have been many."""
        self._first.tell(location, failure)

    def scored(self, item: Item, outcome: Outcome) -> None:
        """Nothing: there are too many."""

    def tick(self, tally: Tally) -> None:
        """Show the counts, every half minute."""
        if time.monotonic() - self._told >= _LINE_EVERY:
            self._told = time.monotonic()
            self.say(status(tally, self._ahead))

    def ended(self, ended: Ended) -> None:
        """Nothing: the summary tells."""


class Bar:
    """A bar on a terminal, with messages above it.

    Parameters
    ----------
    ahead
        Knows how much there is in all.
    """

    def __init__(self, ahead: Ahead) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn

        self._ahead = ahead
        self._console = Console(stderr=True, highlight=False)
        columns = (SpinnerColumn(), BarColumn(bar_width=24), TextColumn("{task.description}", markup=False))
        self._bar: Progress = Progress(*columns, console=self._console, transient=True, auto_refresh=False)
        self._task: TaskID = self._bar.add_task("looking for recordings", total=None)
        self._first = _FirstFailures(self.say)
        self._told = 0.0

    def __enter__(self) -> Bar:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._bar.stop()

    def say(self, message: str) -> None:
        """Show a message above the bar."""
        self._console.print(f"audioqa: {printable(message)}", markup=False, soft_wrap=True)

    def failed(self, location: str, failure: Failure) -> None:
        """Show a failure, unless there have been many."""
        self._first.tell(location, failure)

    def scored(self, item: Item, outcome: Outcome) -> None:
        """Nothing: the bar tells."""

    def tick(self, tally: Tally) -> None:
        """Move the bar on, some times a second."""
        if time.monotonic() - self._told >= _BAR_EVERY:
            self._told = time.monotonic()
            total = self._ahead.items
            self._bar.update(self._task, completed=tally.done, total=total, description=status(tally, self._ahead))
            self._bar.refresh()

    def ended(self, ended: Ended) -> None:
        """Nothing: the summary tells."""


class _FirstFailures:
    """Shows the first failures, and says once that there are more."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._count = 0

    def tell(self, location: str, failure: Failure) -> None:
        self._count += 1
        if self._count <= _SHOWN_FAILURES:
            self._say(f"{location}: {failure.message}")
        elif self._count == _SHOWN_FAILURES + 1:
            self._say("further failures are counted only")


def status(tally: Tally, ahead: Ahead) -> str:
    """The counts in one line."""
    total = f" of {ahead.items:,}" if ahead.items is not None else ""
    parts = [f"{tally.done:,}{total} recordings", f"{tally.hours_per_hour:,.0f} h of sound an hour"]
    left = ahead.left(tally)
    if left is not None:
        parts.append(f"{_clock(left)} to go")
    parts += [f"{tally.failures:,} failed", f"{tally.flagged:,} flagged"]
    return ", ".join(parts)


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
