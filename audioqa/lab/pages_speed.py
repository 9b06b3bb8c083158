"""How long the pages take over a large store: ``python -m audioqa.lab.pages_speed [--calls 1000000]``.

Two thousand calls are made up from the reports of two fixtures, then copied within SQLite. A server of its own answers
on loopback, without signing in; each page is asked for six times: the first answer, and the median of the others.
"""

from __future__ import annotations

import argparse
import copy
import json
import random
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from sqlalchemy import Connection, insert, literal, select, text, update

from audioqa.lab.service_load import Server
from audioqa.review import ReviewQueue
from audioqa.store import Hashes, Store, open_store, tables
from audioqa.store.database import snapshot, writing
from audioqa.types.calls import CallInfo, Item, SourceFile

FIXTURES = Path(__file__).parents[2] / "fixtures"
FIRST = 2000
DAYS = 365
LIMIT = 0.3
"""Seconds that the list may take at the server."""

PAGES = (
    "/calls",
    "/calls?flagged=yes",
    "/calls?rule=dropouts",
    "/calls?event=dropout",
    "/calls?sort=newest",
    "/calls?trunk=T7",
    "/calls?mos_below=3",
    "/review",
    "/review/incidents",
    "/quality",
    "/settings",
)


def fill(store: Store, count: int) -> None:
    """Fill an empty store with so many calls of the last year, a fifth of them flagged."""
    from audioqa.analysis import make_analyser
    from audioqa.render.as_json import to_dict

    analyser = make_analyser()
    fine, bad = (to_dict(analyser(FIXTURES / name)) for name in ("clean-ulaw.wav", "dropouts-zero-fill.wav"))
    chance = random.Random(1)
    run = store.begin_run(["made up"], digest="0" * 64, version="lab")
    now = datetime.now(UTC)
    for number in range(FIRST):
        content = copy.deepcopy(bad if chance.random() < 0.2 else fine)
        content["mos"]["value"] = round(min(4.5, max(1.0, content["mos"]["value"] + chance.gauss(0, 0.3))), 4)
        info = CallInfo(
            call_id=f"call-{number:07d}",
            start_time=now - timedelta(days=DAYS * chance.random()),
            agent=f"agent {chance.randrange(50)}",
            queue=f"Q{chance.randrange(8)}",
            site=f"S{chance.randrange(12)}",
            carrier=f"C{chance.randrange(5)}",
            trunk=f"T{chance.randrange(40)}",
            tags={"campaign": f"campaign {chance.randrange(20)}", "headset": chance.choice(("wired", "none"))},
        )
        item = Item((SourceFile(f"/archive/{number}.wav", 1000, "x"),), info)
        sound = Hashes((f"{chance.getrandbits(256):064x}",))
        store.record(run, item, sound, json.dumps(content), digest="0" * 64)
    rare = CallInfo("rare", start_time=now - timedelta(days=9), agent="rare", tags={"ticket": "rare"})
    copies = count // FIRST
    with _bare(store, copies):
        for number in range(1, copies):
            writing(store.engine, partial(_copy, number=number))
            print(f"{(number + 1) * FIRST} of {count}", end="\r", file=sys.stderr, flush=True)  # noqa: T201
    item = Item((SourceFile("/archive/rare.wav", 1000, "x"),), rare)
    store.record(run, item, Hashes(("f" * 64,)), json.dumps(fine), digest="0" * 64)


@contextmanager
def _bare(store: Store, copies: int) -> Iterator[None]:
    """Take indexes and triggers off while many rows are written: to keep them up to date would take hours."""
    found = text("SELECT type, name, sql FROM sqlite_master WHERE tbl_name IN ('calls', 'marks') AND sql IS NOT NULL")
    with snapshot(store.engine) as connection:
        taken = [row for row in connection.execute(found) if row.type in ("index", "trigger")]
    for row in taken:
        writing(store.engine, lambda c, row=row: c.execute(text(f"DROP {row.type} {row.name}")))  # type: ignore[misc]
    yield
    counted = update(tables.day_marks).values(calls=tables.day_marks.c.calls * copies)
    writing(store.engine, lambda c: c.execute(counted))
    for row in taken:
        writing(store.engine, lambda c, row=row: c.exec_driver_sql(row.sql))  # type: ignore[misc]


def _copy(connection: Connection, *, number: int) -> None:
    for table in (tables.calls, tables.marks):
        values: list[Any] = []
        for column in table.c:
            if column.name in ("id", "call"):
                values.append(column + number * FIRST)
            else:
                values.append(column + literal(f"-{number}") if column.name == "call_id" else column)
        first = select(*values).where(table.primary_key.columns[0] <= FIRST)
        connection.execute(insert(table).from_select([column.name for column in table.c], first))


def asked(address: str) -> tuple[float, float]:
    """Seconds that a page takes: the first time, and the median of five more."""
    taken = []
    for _ in range(6):
        start = time.perf_counter()
        with urlopen(address, timeout=120) as answer:  # noqa: S310 - this machine's own server
            answer.read()
        taken.append(time.perf_counter() - start)
    return taken[0], statistics.median(taken[1:])


def main(arguments: Sequence[str] | None = None) -> int:
    """Print a table; 1 where a list takes too long."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=1_000_000)
    given = parser.parse_args(arguments)
    late = 0
    with tempfile.TemporaryDirectory() as folder:
        with open_store(f"{folder}/calls.db") as store:
            fill(store, given.calls)
            held = store.counts()["calls"]
            start = time.perf_counter()
            ReviewQueue(store, "").refresh()
            filled = time.perf_counter() - start
        server = Server(Path(folder), jobs=1)
        server.start()
        try:
            print(f"| page, {held:,} calls | first, ms | then, ms |\n| --- | ---: | ---: |")  # noqa: T201
            for page in PAGES:
                first, then = asked(f"http://127.0.0.1:{server.port}{page}")
                late += page.startswith("/calls") and then > LIMIT
                print(f"| `{page}` | {first * 1000:.0f} | {then * 1000:.0f} |")  # noqa: T201
        finally:
            server.end(signal.SIGTERM)
    print(f"\nthe review queue was filled for the first time in {filled:.1f} s")  # noqa: T201
    return 1 if late else 0


if __name__ == "__main__":
    sys.exit(main())
