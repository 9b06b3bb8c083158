"""Where the results of one command go: tables, JSON lines or CSV to stdout; pictures and pages to files.

Nothing is kept back: each call's result is out before the next one is opened. A progress bar stands on stderr while
a call takes long, and only where stderr is a terminal.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from audioqa.audio import OpenOptions
from audioqa.bands import BandSet
from audioqa.errors import AudioqaError, SettingsError
from audioqa.render.as_csv import csv_header, csv_rows
from audioqa.render.as_json import SCHEMA, to_json
from audioqa.types import CallReport
from audioqa.types.reports import BETWEEN_LEGS

if TYPE_CHECKING:
    from types import TracebackType

    from rich.console import Console

Progress = Callable[[float, float | None], None]


class Outputs:
    """The outputs of one command; use as a context.

    Parameters
    ----------
    calls
        The recordings to come, in order: a file each, or those of a call's legs.
    as_json, as_csv
        Print JSON lines or CSV instead of tables; not both.
    plot, html
        A file for one call, a folder for several.
    mended
        A folder for the clips of calls that have ledgers.
    options
        How the recordings are opened, for what draws them.
    bands
        The band set that colours and bands go by.

    Raises
    ------
    SettingsError
        Where the outputs contradict each other or the place for a file cannot be used.
    """

    def __init__(
        self,
        calls: Sequence[tuple[Path, ...]],
        *,
        as_json: bool,
        as_csv: bool,
        plot: Path | None,
        html: Path | None,
        mended: Path | None,
        options: OpenOptions,
        bands: BandSet,
    ) -> None:
        if as_json and as_csv:
            raise SettingsError("--json and --csv both print to stdout: choose one")
        self._form = "json" if as_json else "csv" if as_csv else "table"
        self._plots = _places(calls, plot, "--plot", ".png")
        self._pages = _places(calls, html, "--html", ".html")
        if mended is not None and mended.exists() and not mended.is_dir():
            raise SettingsError(f"--mended {mended}: name a folder, not a file")
        self._mended = mended
        self._calls = calls
        self._names = _names(calls)
        self._options = options
        self._bands = bands
        self._several = len(calls) > 1
        self._reports: list[CallReport] = []
        self._failures: list[tuple[str, str]] = []
        self._done = 0

    def __enter__(self) -> Outputs:
        if self._form == "csv":
            sys.stdout.write(csv_header())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if kind is None and self._form == "table" and self._several and (self._reports or self._failures):
            from audioqa.render.table import summary_table

            _console().print(summary_table(self._reports, self._failures, bands=self._bands))

    def add(self, report: CallReport) -> None:
        """Print a report, and draw it where that was asked for.

        Raises
        ------
        AudioqaError
            Where a file cannot be written; the report has been printed by then.
        """
        if self._form == "json":
            sys.stdout.write(to_json(report, indent=None) + "\n")
        elif self._form == "csv":
            sys.stdout.write(csv_rows(report))
        else:
            from audioqa.render.table import report_table

            _console().print(report_table(report, bands=self._bands))
            if self._several:
                self._reports.append(report)
        sys.stdout.flush()
        plot, page, name = self._plots[self._done], self._pages[self._done], self._names[self._done]
        call = self._calls[self._done]
        self._done += 1
        try:
            if plot:
                from audioqa.render.plot import write_plot

                write_plot(report, plot, options=self._options, bands=self._bands, path=call)
            if page:
                from audioqa.render.page import write_page

                write_page(report, page, options=self._options, bands=self._bands, path=call)
            if self._mended and report.ledgers:
                from audioqa.render.clips import write_clips

                write_clips(report, self._mended, name=name, options=self._options, path=call)
        except OSError as error:
            raise AudioqaError(f"cannot write {error.filename}: {error.strerror}") from None

    def passed(self) -> None:
        """Count a call whose results were printed by others."""
        self._done += 1

    def fail(self, call: tuple[Path, ...], cause: str) -> None:
        """Record that a call could not be scored; its cause goes to stdout too where a program reads it."""
        self._done += 1
        path = BETWEEN_LEGS.join(map(str, call))
        self._failures.append((path, cause))
        if self._form == "json":
            sys.stdout.write(json.dumps({"schema": SCHEMA, "path": path, "error": cause}) + "\n")
            sys.stdout.flush()

    @contextmanager
    def progress(self, call: tuple[Path, ...]) -> Iterator[Progress | None]:
        """A progress bar for one call, or None where nobody watches."""
        if not sys.stderr.isatty():
            yield None
            return
        from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as Bar

        columns = (
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeRemainingColumn(),
        )
        with Bar(*columns, console=_console(stderr=True), transient=True) as bar:
            task = bar.add_task(_name(call), total=None, rate="")

            def advance(done: float, total: float | None) -> None:
                elapsed = bar.tasks[0].elapsed or 0.0
                bar.update(
                    task, completed=done, total=total, rate=f"{done / elapsed:.0f}x real time" if elapsed > 1 else ""
                )

            yield advance


def _places(calls: Sequence[tuple[Path, ...]], target: Path | None, option: str, suffix: str) -> list[Path | None]:
    """A file for each call: the one named, or one in the folder named; names that clash are numbered."""
    if target is None:
        return [None] * len(calls)
    if len(calls) == 1 and not target.is_dir():
        if not target.absolute().parent.is_dir():
            raise SettingsError(f"{option} {target}: there is no folder {target.parent}")
        return [target]
    if target.exists() and not target.is_dir():
        raise SettingsError(f"{option} {target}: for several calls name a folder, not a file")
    try:
        target.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError(f"{option} {target}: the folder cannot be made: {error.strerror}") from None
    return [target / f"{name}{suffix}" for name in _names(calls)]


def _name(call: tuple[Path, ...]) -> str:
    return "+".join(path.name for path in call)


def _names(calls: Sequence[tuple[Path, ...]]) -> list[str]:
    """A name for what is made of each call: that of its file; names that clash are numbered."""
    names: list[str] = []
    for call in calls:
        name, number = _name(call), 1
        while name in names:
            number += 1
            name = f"{_name(call)}-{number}"
        names.append(name)
    return names


def _console(*, stderr: bool = False) -> Console:
    from rich.console import Console

    return Console(stderr=stderr, highlight=False)
