"""A store with a million calls: how fast it answers, how fast it is written, how large it is.

``python -m audioqa.lab.store_speed [--write docs/store.md]``, on SQLite and on a PostgreSQL server of its own. Each
question is asked six times of a store that is open: the first answer stands beside the median of the rest. Calls are
made up (`audioqa.lab.store_calls`): 2,500 are recorded one by one, as a batch does, then copied within the database.
"""

from __future__ import annotations

import argparse
import platform
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sqlalchemy import text

from audioqa.lab import postgresql
from audioqa.lab.store_calls import DAYS, DIGEST, END, fixture_reports, made_calls, multiply, write
from audioqa.render.as_json import to_dict
from audioqa.store import Query, Store, open_store
from audioqa.store.database import snapshot
from audioqa.store.projection import packed

BEGIN, END_MARK = "<!-- speed:begin -->", "<!-- speed:end -->"
FIRST = 2500
"""Calls that are recorded one by one; the others are their copies."""

ASKED, WRITTEN = 6, 300
LENGTHS = (1, 5, 20)
"""Minutes of calls whose reports are weighed."""

RATE = 2000.0
"""Calls a minute that the writer must keep up with."""

LIMIT = 0.3
"""Seconds that the questions marked with * may take."""

_MONTH = Query(since=END.replace(month=END.month - 1), until=END)


def questions(agent: str) -> dict[str, Callable[[Store], Any]]:
    """What is asked, by name.

    Parameters
    ----------
    agent
        One who had calls in the last month.
    """
    month = _MONTH
    of_agent = replace(month, agent=agent)
    return {
        "worst 100 calls of all tenants *": lambda store: list(store.calls(most=100)),
        "one agent's last month *": lambda store: list(store.calls(of_agent)),
        f"flag counts per day, {DAYS} days *": lambda store: store.group(["day", "flag"]),
        "flag counts per day, one month": lambda store: store.group(["day", "flag"], month),
        "newest 100 calls": lambda store: list(store.calls(Query(sort="newest"), most=100)),
        "worst 100 with one flag": lambda store: list(store.calls(Query(rule="clipping"), most=100)),
        "worst 100 with one kind of event": lambda store: list(store.calls(Query(event="hum"), most=100)),
        "worst 100 of one site": lambda store: list(store.calls(Query(site="site 3"), most=100)),
        "one call with its report": lambda store: [store.show("call-00000007")],
    }


@dataclass(frozen=True)
class Measured:
    """What was measured on one database: seconds by question (first, median), seconds by write, bytes a call."""

    name: str
    calls: int
    asked: dict[str, tuple[float, float]]
    written: Sequence[float]
    processor: float
    size: int


def measure(name: str, store: Store, calls: int, *, size: Callable[[], int]) -> Measured:
    """Fill a store, unless it is full, ask it and write to it.

    Parameters
    ----------
    name
        Of the database.
    store
        The store, empty or filled by an earlier call.
    calls
        How many calls it is to hold.
    size
        Tells the bytes that it takes.
    """
    reports = fixture_reports()
    if store.counts()["calls"] < calls:
        first = min(FIRST, calls)
        run = store.begin_run(["made up"], digest=DIGEST, version="lab")
        write(store, run, made_calls(reports, first))
        multiply(store, calls // first, log=lambda done: print(f"{name}: {done}", end="\r", flush=True))  # noqa: T201
        store.end_run(run, "finished", {})
        _settle(store)
    held, taken = store.counts()["calls"], size()
    (newest,) = store.calls(Query(sort="newest"), most=1)
    asked = {question: _asked(store, ask) for question, ask in questions(newest.info.agent or "").items()}
    run = store.begin_run(["made up"], digest=DIGEST, version="lab")
    made = list(made_calls(reports, WRITTEN, first=held + run * WRITTEN))
    start = time.process_time()
    written = write(store, run, made)
    processor = (time.process_time() - start) / WRITTEN
    store.end_run(run, "finished", {})
    return Measured(name, held, asked, written, processor, taken)


def report_sizes() -> dict[str, int]:
    """Bytes of the deflated reports of two-party calls, by length: what grows with a call is its windows and events."""
    from audioqa.analysis import make_analyser
    from audioqa.lab.bench import write_call

    analyser = make_analyser()
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        for minutes in LENGTHS:
            path = Path(folder) / "call.wav"
            write_call(path, seconds=60.0 * minutes, rate=8000, subtype="PCM_16")
            found[f"{minutes} min"] = len(packed(to_dict(analyser(path))))
    return found


def table(measured: Sequence[Measured], sizes: Mapping[str, int]) -> str:
    """The tables of docs/store.md."""
    names = [f"{one.name}, {one.calls:,} calls" for one in measured]
    lines = [_row("question", *(f"{name}: first, then" for name in names)), _row(*["---"] * (len(names) + 1))]
    for question in measured[0].asked:
        cells = [f"{one.asked[question][0] * 1000:.0f} ms, {one.asked[question][1] * 1000:.0f} ms" for one in measured]
        lines.append(_row(question, *cells))
    missed = [
        f"{question} on {one.name}"
        for one in measured
        for question, (_, median) in one.asked.items()
        if question.endswith("*") and median >= LIMIT
    ]
    lines += [
        "",
        f"Wanted of those marked *: under {LIMIT:g} s. {'Missed: ' + '; '.join(missed) if missed else 'Met.'}",
        "",
    ]
    lines += [_row("writing one call at a time", *names), _row(*["---"] * (len(names) + 1))]
    rows: dict[str, Callable[[Measured], str]] = {
        "median": lambda one: f"{statistics.median(one.written) * 1000:.1f} ms",
        "slowest of a hundred": lambda one: f"{sorted(one.written)[int(0.99 * len(one.written))] * 1000:.1f} ms",
        "processor time": lambda one: f"{one.processor * 1000:.1f} ms",
        "calls a minute": lambda one: f"{60 * len(one.written) / sum(one.written):,.0f}",
        f"share of a core at {RATE:,.0f} a minute": lambda one: f"{one.processor * RATE / 60:.0%}",
        "bytes a call in the store, all tables and indexes": lambda one: f"{one.size / one.calls:,.0f}",
    }
    lines += [_row(what, *(tell(one) for one in measured)) for what, tell in rows.items()]
    told = ", ".join(f"{length} {size:,} bytes" for length, size in sizes.items())
    lines += [
        "",
        f"Of those bytes the deflated report; the made-up calls are half a minute long. Two-party calls: {told}.",
    ]
    versions = f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}"
    return "\n".join([*lines, "", f"Wall-clock times on a shared two-core machine; {versions}."])


@contextmanager
def _sqlite(kept: Path | None) -> Iterator[tuple[Store, Callable[[], int]]]:
    with tempfile.TemporaryDirectory() as folder:
        path = kept or Path(folder) / "calls.db"
        with open_store(str(path)) as store:
            yield store, lambda: path.stat().st_size


@contextmanager
def _postgresql(kept: str | None) -> Iterator[tuple[Store, Callable[[], int]]]:
    if kept is not None:
        with open_store(kept) as store:
            yield store, lambda: _database_size(store)
        return
    with postgresql.server(durable=True) as url, open_store(postgresql.make_database(url, "speed")) as store:
        yield store, lambda: _database_size(store)


def _database_size(store: Store) -> int:
    with snapshot(store.engine) as connection:
        return int(connection.execute(text("SELECT pg_database_size(current_database())")).scalar_one())


def _settle(store: Store) -> None:
    """Do at once what each database does by itself before long: the log into the file, the dead rows out."""
    with store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if store.engine.dialect.name == "sqlite":
            raw = connection.connection.driver_connection
            assert raw is not None  # noqa: S101
            raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        else:
            connection.execute(text("VACUUM (ANALYZE)"))


def _asked(store: Store, ask: Callable[[Store], Any]) -> tuple[float, float]:
    """Seconds of the first answer, and the median of those after it."""
    taken = []
    for _ in range(ASKED):
        start = time.perf_counter()
        answer = ask(store)
        taken.append(time.perf_counter() - start)
        assert answer, "a question without an answer measures nothing"  # noqa: S101
    return taken[0], statistics.median(taken[1:])


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def main(arguments: Sequence[str] | None = None) -> None:
    """Entry point of ``python -m audioqa.lab.store_speed``."""
    parser = argparse.ArgumentParser(description="speed and size of a store with many calls")
    parser.add_argument("--calls", type=int, default=1_000_000, help="calls in the store (default: a million)")
    parser.add_argument("--write", metavar="FILE", type=Path, help="put the tables between the markers of this file")
    parser.add_argument("--sqlite", metavar="FILE", type=Path, help="a store to keep; one that is full is only asked")
    parser.add_argument("--postgresql", metavar="URL", help="the same; otherwise a server is started for it")
    given = parser.parse_args(arguments)
    measured = []
    with _sqlite(given.sqlite) as (store, size):
        measured.append(measure("SQLite", store, given.calls, size=size))
    if given.postgresql or postgresql.programs():
        with _postgresql(given.postgresql) as (store, size):
            measured.append(measure("PostgreSQL", store, given.calls, size=size))
    tables = table(measured, report_sizes())
    print(tables)  # noqa: T201
    if given.write:
        before, rest = given.write.read_text(encoding="utf-8").split(BEGIN)
        after = rest.split(END_MARK)[1]
        given.write.write_text(f"{before}{BEGIN}\n{tables}\n{END_MARK}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
