"""Trends over ten million stored calls: how fast a store is filled, made ready and asked.

``python -m audioqa.lab.trends_speed [--calls 10000000] [--write docs/trends.md]``, on SQLite and, with
``--postgresql``, on a server of its own. Some thousand calls are recorded one by one (`audioqa.lab.store_calls`). Their
copies are written by one INSERT ... SELECT in the order of time, spread evenly over two years, with triggers off; each
has an identity, a time and a MOS of its own, and shares the sound of the call that it is a copy of. Indexes that lists
need and trends do not are left out, for they would take most of the time and of the room. Segments are made afterwards
by what makes them in earnest.
"""

# ruff: noqa: S608 - statements of names and numbers of ours
from __future__ import annotations

import argparse
import os
import platform
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Table, text

from audioqa.lab import postgresql
from audioqa.lab.store_calls import DAYS, DIGEST, END, fixture_reports, made_calls, write
from audioqa.store import Store, open_store, tables
from audioqa.store.database import snapshot, writing
from audioqa.store.trend_keeping import bring_up_to_date
from audioqa.trends.report import Question, answer, answers

BEGIN, END_MARK = "<!-- speed:begin -->", "<!-- speed:end -->"
FIRST = 2500
"""Calls that are recorded one by one."""

NEEDED = ("ix_calls_tenant_at_id", "ix_calls_measurement")
"""Indexes of calls that are made again: by time, and what deleting a measurement goes by."""

ASKED, LATE = 6, 5
LIMIT = 2.0
"""Seconds that an answer may take."""

_SPAN = DAYS * 86_400
_OSLO = "Europe/Oslo"

QUESTIONS: dict[str, Question] = {
    "--by carrier,hour": Question(by=("carrier", "hour")),
    "--by carrier,hour --zone Europe/Oslo": Question(by=("carrier", "hour"), zone=_OSLO),
    "--by trunk,weekday": Question(by=("trunk", "weekday")),
    "--by agent": Question(by=("agent",)),
    "--by agent,trunk": Question(by=("agent", "trunk")),
    "--by campaign,hour (a tag)": Question(by=("campaign", "hour")),
    "--by day --rolling 7": Question(by=("day",), rolling=7),
    "--by carrier,day --rolling 7": Question(by=("carrier", "day"), rolling=7),
    "--by site --trunk 'trunk 3'": Question(by=("site",), where={"trunk": "trunk 3"}),
    "--by carrier,hour --since 30d": Question(by=("carrier", "hour"), since=END - timedelta(days=30)),
    "--by carrier,hour --tenant north": Question(by=("carrier", "hour"), tenant="north"),
}


def fill(store: Store, calls: int) -> None:
    """Fill an empty store.

    Parameters
    ----------
    store
        The store.
    calls
        How many calls it is to hold.
    """
    first = min(FIRST, calls)
    run = store.begin_run(["made up"], digest=DIGEST, version="lab")
    write(store, run, made_calls(fixture_reports(), first))
    with snapshot(store.engine) as connection:
        off, on = _extras(connection)
    writing(store.engine, lambda connection: _carry_out(connection, off))
    writing(store.engine, lambda connection: _copies(connection, first, calls))
    writing(store.engine, lambda connection: _carry_out(connection, on))
    store.end_run(run, "finished", {})


def _carry_out(connection: Connection, statements: Sequence[str]) -> None:
    for statement in statements:
        connection.exec_driver_sql(statement)


def _extras(connection: Connection) -> tuple[list[str], list[str]]:
    """Statements that take triggers and indexes of calls and marks away, and those that make again what is needed."""
    off, on = [], []
    if connection.dialect.name == "sqlite":
        kept = text(
            "SELECT type, name, sql FROM sqlite_master "
            "WHERE tbl_name IN ('calls', 'marks') AND type IN ('index', 'trigger') AND sql IS NOT NULL"
        )
        for kind, name, made in connection.execute(kept):
            off.append(f"DROP {kind} {name}")
            if kind == "trigger" or name in NEEDED:
                on.append(made)
        mark = "CAST(strftime('%s', at) AS INTEGER) / 3600"
    else:
        kept = text(
            "SELECT indexname, indexdef FROM pg_indexes WHERE tablename IN ('calls', 'marks') "
            "AND schemaname = current_schema() AND indexname LIKE 'ix_%'"
        )
        for name, made in connection.execute(kept):
            off.append(f"DROP INDEX {name}")
            if name in NEEDED:
                on.append(made)
        for table in ("calls", "marks"):
            off.append(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            on.append(f"ALTER TABLE {table} ENABLE TRIGGER USER")
        mark = "floor(extract(epoch FROM at) / 3600)::bigint"
    on += [
        f"""INSERT INTO trend_marks (tenant, hour, writer)
        SELECT DISTINCT tenant, {mark}, 0 FROM calls WHERE true ON CONFLICT DO NOTHING""",
        """INSERT INTO day_marks (tenant, what, day, kind, calls)
        SELECT tenant, what, day, kind, count(*) FROM marks GROUP BY 1, 2, 3, 4
        ON CONFLICT (tenant, what, day, kind) DO UPDATE SET calls = excluded.calls""",
    ]
    return off, on


def _copies(connection: Connection, first: int, calls: int) -> None:
    """Calls from `first` on up to `calls`, and their marks."""
    sqlite_ = connection.dialect.name == "sqlite"
    pick = f"1 + (n.k * 7919 + n.k / {first}) % {first}"
    second = f"(CAST(n.k AS BIGINT) * {_SPAN} / {calls})"
    begin = END - timedelta(seconds=_SPAN)
    if sqlite_:
        numbers = f"WITH RECURSIVE n(k) AS (SELECT {first} UNION ALL SELECT k + 1 FROM n WHERE k < {calls - 1})"
        at = f"strftime('%Y-%m-%d %H:%M:%S.000000', {second} + {int(begin.timestamp())}, 'unixepoch')"
        day, name = f"substr({at}, 1, 10)", "'copy-' || n.k"
        least, most = "min", "max"
    else:
        numbers = f"WITH n AS (SELECT generate_series({first}::bigint, {calls - 1}) AS k)"
        at = f"timestamptz '{begin}' + {second} * interval '1 second'"
        day, name = f"(({at}) AT TIME ZONE 'UTC')::date", "'copy-' || n.k"
        least, most = "least", "greatest"
    mos = f"{least}(4.5, {most}(1.0, round(b.mos * 10000 + (n.k * 37 % 4001) - 2000) / 10000.0))"
    values = {
        "id": "n.k + 1",
        "call_id": name,
        "location": f"'/archive/' || {name} || '.wav'",
        "start_time": at,
        "at": at,
        "day": day,
        "mos": mos,
        "rank": f"CASE WHEN b.mos IS NULL THEN b.rank ELSE {mos} END",
    }
    _insert(connection, tables.calls, numbers, values, f"n JOIN calls b ON b.id = {pick} ORDER BY n.k")
    places = {"call": "c.id", "day": "c.day", "rank": "c.rank"}
    of = f"(SELECT id, day, rank, 1 + ((id - 1) * 7919 + (id - 1) / {first}) % {first} AS base FROM calls"
    _insert(connection, tables.marks, "", places, f"{of} WHERE id > {first}) c JOIN marks b ON b.call = c.base")


def _insert(connection: Connection, table: Table, before: str, values: dict[str, str], source: str) -> None:
    names = [column.name for column in table.c]
    quoted = ", ".join(f'"{name}"' for name in names)
    chosen = ", ".join(values.get(name, f'b."{name}"') for name in names)
    statement = f"INSERT INTO {table.name} ({quoted}) {before} SELECT {chosen} FROM {source}"
    connection.exec_driver_sql(statement.replace("%", "%%") if connection.dialect.name == "postgresql" else statement)


@dataclass(frozen=True)
class Measured:
    """What was measured on one database: seconds, and bytes."""

    name: str
    calls: int
    filled: float
    ready: float
    asked: dict[str, tuple[float, float]]
    late: float
    cold: float | None
    segments: int


def measure(name: str, store: Store, calls: int) -> Measured:
    """Fill a store unless it is full, make it ready, and ask it.

    Parameters
    ----------
    name
        Of the database.
    store
        The store.
    calls
        How many calls it is to hold.
    """
    filled = ready = 0.0
    with snapshot(store.engine) as connection:
        empty = connection.execute(text("SELECT 1 FROM calls LIMIT 1")).first() is None
    if empty:
        filled = _taken(lambda: fill(store, calls))
        _settle(store)
        say = f"{name}: filled in {filled:.0f} s"
        print(say, flush=True)  # noqa: T201
    ready = _taken(lambda: bring_up_to_date(store.engine, told=lambda read: print(read, end="\r", flush=True)))  # noqa: T201
    _settle(store)
    asked = {said: _asked(lambda one=one: answer(store, one).rows) for said, one in QUESTIONS.items()}  # type: ignore[misc]
    page = [("day",), ("carrier",), ("carrier", "hour")]
    whole = replace(Question(), rolling=7, tenant="north")
    asked["the page /trends of tenant north, all its calls"] = _asked(lambda: answers(store, whole, page))
    run = store.begin_run(["made up"], digest=DIGEST, version="lab")
    write(store, run, made_calls(fixture_reports(), LATE, first=10**9 + run * LATE))
    late = _taken(lambda: answer(store, QUESTIONS["--by carrier,hour"]))
    bring_up_to_date(store.engine)
    cold = _taken(lambda: answer(store, QUESTIONS["--by carrier,hour"])) if _forget(store) else None
    with snapshot(store.engine) as connection:
        weight = "SELECT count(*), sum(length(codes) + coalesce(length(words), 0)) FROM trend_segments"
        count, segments = connection.execute(text(weight)).one()
        held = int(connection.execute(text("SELECT count(*) FROM calls")).scalar_one())
    print(f"{name}: {count} segments", flush=True)  # noqa: T201
    return Measured(name, held, filled, ready, asked, late, cold, int(segments))


def table(measured: Sequence[Measured]) -> str:
    """The table of docs/trends.md."""
    lines = [_row("question", *(f"{one.name}, {one.calls:,} calls: first, then" for one in measured))]
    lines.append(_row(*["---"] * (len(measured) + 1)))
    for said in measured[0].asked:
        cells = [f"{one.asked[said][0]:.2f} s, {one.asked[said][1]:.2f} s" for one in measured]
        lines.append(_row(f"`{said}`" if said.startswith("--") else said, *cells))
    rows: dict[str, Callable[[Measured], str]] = {
        f"`--by carrier,hour` after {LATE} late calls on as many days": lambda one: f"{one.late:.2f} s",
        "`--by carrier,hour`, nothing of the store in memory": lambda one: f"{one.cold:.2f} s" if one.cold else "",
        "filling": lambda one: f"{one.filled:.0f} s" if one.filled else "(filled before)",
        "making all segments": lambda one: f"{one.ready:.0f} s" if one.filled else "(made before)",
        "segments, bytes a call": lambda one: f"{one.segments / one.calls:.0f}",
    }
    lines += [_row(what, *(tell(one) for one in measured)) for what, tell in rows.items()]
    missed = [f"{said} on {one.name}" for one in measured for said, times in one.asked.items() if max(times) >= LIMIT]
    met = f"Wanted: every answer in under {LIMIT:g} s. {'Missed: ' + '; '.join(missed) if missed else 'Met.'}"
    versions = f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}"
    return "\n".join([*lines, "", met, "", f"Wall-clock times on a shared two-core machine; {versions}."])


def _asked(ask: Callable[[], Any]) -> tuple[float, float]:
    taken = []
    for _ in range(ASKED):
        start = time.perf_counter()
        answer = ask()
        taken.append(time.perf_counter() - start)
        assert answer, "a question without an answer measures nothing"  # noqa: S101
    return taken[0], statistics.median(taken[1:])


def _taken(work: Callable[[], Any]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _settle(store: Store) -> None:
    """Do at once what each database does by itself before long."""
    with store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if store.engine.dialect.name == "sqlite":
            raw = connection.connection.driver_connection
            assert raw is not None  # noqa: S101
            raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            raw.execute("PRAGMA analysis_limit = 1000")
            raw.execute("PRAGMA optimize")
        else:
            connection.execute(
                text("SELECT setval(pg_get_serial_sequence('calls', 'id'), (SELECT max(id) FROM calls))")
            )
            connection.execute(text("VACUUM (ANALYZE)"))


def _forget(store: Store) -> bool:
    """Have the system forget what it holds of an SQLite file; False where that cannot be done."""
    path = store.engine.url.database
    if store.engine.dialect.name != "sqlite" or not path or not hasattr(os, "posix_fadvise"):
        return False
    _settle(store)
    store.engine.dispose()
    with Path(path).open("rb") as file:
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    return True


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


@contextmanager
def _sqlite(kept: Path | None) -> Iterator[Store]:
    with tempfile.TemporaryDirectory() as folder:
        path = kept or Path(folder) / "calls.db"
        with open_store(str(path)) as store:
            yield store


@contextmanager
def _postgresql() -> Iterator[Store]:
    with postgresql.server(durable=True) as url, open_store(postgresql.make_database(url, "trends")) as store:
        yield store


def main(arguments: Sequence[str] | None = None) -> None:
    """Entry point of ``python -m audioqa.lab.trends_speed``."""
    parser = argparse.ArgumentParser(description="speed of trends over very many calls")
    parser.add_argument("--calls", type=int, default=10_000_000, help="calls in the store (default: ten million)")
    parser.add_argument("--write", metavar="FILE", type=Path, help="put the table between the markers of this file")
    parser.add_argument("--sqlite", metavar="FILE", type=Path, help="a store to keep; one that is full is only asked")
    parser.add_argument("--postgresql", action="store_true", help="on a PostgreSQL server of its own, too")
    given = parser.parse_args(arguments)
    measured = []
    with _sqlite(given.sqlite) as store:
        measured.append(measure("SQLite", store, given.calls))
    if given.postgresql:
        with _postgresql() as store:
            measured.append(measure("PostgreSQL", store, given.calls))
    told = table(measured)
    print(told)  # noqa: T201
    if given.write:
        before, rest = given.write.read_text(encoding="utf-8").split(BEGIN)
        given.write.write_text(f"{before}{BEGIN}\n{told}\n{END_MARK}{rest.split(END_MARK)[1]}", encoding="utf-8")


if __name__ == "__main__":
    main()
