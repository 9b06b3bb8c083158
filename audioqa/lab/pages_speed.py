"""How long the pages take over a large store: ``python -m audioqa.lab.pages_speed [--calls 1000000]``.

Two thousand calls are made up from the reports of two fixtures, then copied within SQLite. A server of its own answers
on loopback, without signing in; each page and each list of the API is asked for six times: the first answer, and the
median of the others. ``--write`` puts the tables into docs/review.md.
"""

from __future__ import annotations

import argparse
import copy
import json
import os
import random
import re
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
    "/calls?tag=ticket%3Drare",
    "/review",
    "/review/incidents",
    "/quality",
    "/settings",
)

API = "/api/v1/calls?limit=50"

FILTERS = (
    "",
    "agent=agent+7",
    "agent=rare",
    "queue=Q3",
    "site=S4",
    "carrier=C2",
    "trunk=T7",
    "flagged=true",
    "flagged=false",
    "rule=dropouts",
    "event=dropout",
    "mos_below=3",
    "mos_below=1.2",
    "tag=headset:wired",
    "tag=campaign:campaign+3",
    "tag=ticket:rare",
    "call_id=call-0000017-44",
    "since={day}",
    "since={year}&until={month}",
    "agent=agent+7&trunk=T7&event=dropout",
    "rule=dropouts&tag=ticket:rare",
)
"""Of the API's list; ``{day}``, ``{month}`` and ``{year}`` are moments of so long ago."""

SORTS = ("worst", "best", "newest", "oldest")

DOCUMENT = Path(__file__).parents[2] / "docs" / "review.md"
_BEGIN, _END = "<!-- speed:begin -->", "<!-- speed:end -->"


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


def moments(now: datetime) -> dict[str, str]:
    """The moments that `FILTERS` name."""
    return {
        name: f"{now - timedelta(days=days):%Y-%m-%dT%H:%M:%SZ}"
        for name, days in (("day", 1), ("month", 30), ("year", 365))
    }


def measured(address: str) -> tuple[list[str], int]:
    """The tables, line by line, and how many lists took longer than `LIMIT`."""
    late = 0
    lines = ["| page | first, ms | then, ms |", "| --- | ---: | ---: |"]
    for page in PAGES:
        first, then = asked(f"{address}{page}")
        late += page.startswith("/calls") and then > LIMIT
        lines.append(f"| `{page}` | {first * 1000:.0f} | {then * 1000:.0f} |")
    lines += ["", f"The list of the API, `{API}`, by filter and order: first and then, ms.", ""]
    lines += [f"| filter | {' | '.join(SORTS)} |", "| --- | ---: | ---: | ---: | ---: |"]
    when = moments(datetime.now(UTC))
    for wanted in FILTERS:
        cells = []
        for sort in SORTS:
            first, then = asked(f"{address}{API}&sort={sort}&{wanted.format(**when)}")
            late += then > LIMIT
            cells.append(f"{first * 1000:.0f}, {then * 1000:.0f}")
        named = re.sub(r"\{(\w+)\}", r"a \1 ago", wanted.replace("+", " ")) or "none"
        lines.append(f"| `{named}` | {' | '.join(cells)} |")
    return lines, late


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the tables; 1 where a list takes too long."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path, help="keep the store there, and use it again where there is one")
    parser.add_argument("--write", action="store_true", help="write the tables to docs/review.md")
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as temporary:
        folder = given.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        new = not (folder / "calls.db").exists()
        with open_store(f"{folder}/calls.db") as store:
            if new:
                fill(store, given.calls)
            held = store.counts()["calls"]
            start = time.perf_counter()
            ReviewQueue(store, "").refresh()
            filled = time.perf_counter() - start
        server = Server(folder, jobs=1)
        server.start()
        try:
            lines, late = measured(f"http://127.0.0.1:{server.port}")
        finally:
            server.end(signal.SIGTERM)
    load = os.getloadavg()[0] / len(os.sched_getaffinity(0))
    head = (
        f"{held:,} calls in SQLite, on {len(os.sched_getaffinity(0))} processors that {load:.1f} programs each wanted "
        f"meanwhile. The review queue was brought up to date in {filled:.1f} s."
    )
    text = "\n".join([head, "", *lines])
    print(text)  # noqa: T201
    if given.write:
        page = DOCUMENT.read_text(encoding="utf-8")
        before, _, rest = page.partition(_BEGIN)
        DOCUMENT.write_text(f"{before}{_BEGIN}\n{text}\n{_END}{rest.partition(_END)[2]}", encoding="utf-8")
    return 1 if late else 0


if __name__ == "__main__":
    sys.exit(main())
