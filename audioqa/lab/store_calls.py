"""Calls made up for a store, as many as are wanted: rows as scoring leaves them, without any audio of their own.

The reports are those of the fixture calls, each with another MOS, and what is known of a call beside them is drawn at
random: 4 tenants of very different size, 50 agents, 12 sites, 5 carriers, 40 trunks, two years.
"""

from __future__ import annotations

import copy
import json
import random
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, func, insert, literal, select, text

from audioqa.store import Hashes, Store, tables
from audioqa.store.database import snapshot, writing
from audioqa.types.calls import CallInfo, Item, SourceFile

FIXTURES = Path(__file__).parents[2] / "fixtures"

END = datetime(2026, 7, 1, tzinfo=UTC)
DAYS = 730
AGENTS = 50

TENANTS = (("north", 70), ("south", 20), ("east", 9), ("west", 1))
"""Tenants and their share of the calls in per cent."""

DIGEST = "0" * 64


@dataclass(frozen=True)
class MadeCall:
    """One call: its item, what its file would hold, and its report as plain values."""

    item: Item
    hashes: Hashes
    content: dict[str, Any]


def fixture_reports() -> list[dict[str, Any]]:
    """The reports of the fixture calls with neutral names, as plain values."""
    from audioqa.analysis import make_analyser
    from audioqa.audio import OpenOptions
    from audioqa.render.as_json import to_dict

    analyser = make_analyser()
    found = []
    for entry in json.loads((FIXTURES / "expected.json").read_text(encoding="utf-8")):
        options = {name: value for name, value in entry.get("options", {}).items() if name != "channel_names"}
        found.append(to_dict(analyser(FIXTURES / entry["file"], options=OpenOptions(**options))))
    return found


def made_calls(reports: Sequence[dict[str, Any]], count: int, *, first: int = 0, seed: int = 1) -> Iterator[MadeCall]:
    """Calls made up, in the order of their numbers.

    Parameters
    ----------
    reports
        Reports to take turns with, as plain values.
    count
        How many calls.
    first
        Number of the first.
    seed
        Of what is drawn.
    """
    rng = random.Random(seed + first)
    names, weights = [name for name, _ in TENANTS], [share for _, share in TENANTS]
    clean = [report for report in reports if not report["flags"] and "value" in report["mos"]]
    faulty = [report for report in reports if report["flags"] or "value" not in report["mos"]]
    for number in range(first, first + count):
        # Most calls of an archive are good.
        content = copy.copy(rng.choice(clean if rng.random() < 0.75 else faulty))
        if "value" in content["mos"]:
            value = round(min(4.5, max(1.0, rng.gauss(4.0 if not content["flags"] else 3.2, 0.35))), 4)
            content["mos"] = content["mos"] | {"value": value, "low": value - 0.2, "high": value + 0.2}
        start = END - timedelta(seconds=rng.randrange(DAYS * 86_400))
        info = CallInfo(
            call_id=f"call-{number:08d}",
            tenant=rng.choices(names, weights)[0],
            start_time=start,
            roles=("agent", "customer"),
            agent=f"agent {rng.randrange(AGENTS)}",
            queue=f"queue {rng.randrange(8)}",
            site=f"site {rng.randrange(12)}",
            carrier=f"carrier {rng.randrange(5)}",
            trunk=f"trunk {rng.randrange(40)}",
            direction=rng.choice(("in", "out")),
            network={"loss": round(rng.expovariate(2.0), 3), "jitter": round(rng.expovariate(0.1), 2)},
            tags={"campaign": f"campaign {rng.randrange(20)}"},
        )
        location = f"/archive/{start:%Y/%m/%d}/call-{number:08d}.wav"
        file = SourceFile(location, rng.randrange(100_000, 10_000_000), str(rng.randrange(10**18)))
        yield MadeCall(Item((file,), info), Hashes((f"{rng.getrandbits(256):064x}",)), content)


def write(store: Store, run: int, made: Iterable[MadeCall]) -> list[float]:
    """Record calls one by one, as a batch does; the seconds that each took.

    Parameters
    ----------
    store
        The store.
    run
        The run that they belong to.
    made
        The calls.
    """
    taken = []
    for one in made:
        report_json = json.dumps(one.content)
        start = time.perf_counter()
        store.record(run, one.item, one.hashes, report_json, digest=DIGEST)
        taken.append(time.perf_counter() - start)
    return taken


def multiply(store: Store, times: int, *, log: Callable[[str], None] = lambda _: None) -> None:
    """Copy every call of a store within the database: each gets a file, a sound and an identity of its own.

    Parameters
    ----------
    store
        The store; its keys are numbered from 1 on without a gap.
    times
        How many calls there are of each afterwards.
    log
        Told of each copy.
    """
    with snapshot(store.engine) as connection:
        highest = {
            table.name: int(connection.execute(select(func.max(table.c.id))).scalar_one())
            for table in (tables.measurements, tables.calls, tables.files)
        }
    for number in range(1, times):
        writing(store.engine, partial(_copy, number=number, highest=highest))
        log(f"{number + 1} of {times}")
    if store.engine.dialect.name == "postgresql":
        for name, count in highest.items():
            writing(store.engine, partial(count_on, name=name, last=count * times))


def count_on(connection: Connection, *, name: str, last: int) -> None:
    """Let the next row of a table be numbered behind rows that brought their own numbers (PostgreSQL).

    Parameters
    ----------
    connection
        In a transaction.
    name
        Of the table.
    last
        The highest number that is taken.
    """
    statement = text("SELECT setval(pg_get_serial_sequence(:name, 'id'), :last)")
    connection.execute(statement, {"name": name, "last": last})


def _copy(connection: Connection, *, number: int, highest: Mapping[str, int]) -> None:
    """One more copy of the first calls."""
    keys = {"measurement": "measurements", "call": "calls", "file": "files"}
    unique: dict[str, Callable[[Any], Any]] = {
        "audio_key": lambda column: literal(f"{number:08x}") + func.substr(column, 9),
        "location": lambda column: literal(f"/copy-{number}") + column,
        "call_id": lambda column: column + literal(f"-{number}"),
    }
    for table in (
        tables.measurements,
        tables.parties,
        tables.events,
        tables.phases,
        tables.calls,
        tables.marks,
        tables.files,
        tables.call_files,
    ):
        values: list[Any] = []
        for column in table.c:
            if column.name == "id" or column.name in keys:
                values.append(column + number * highest[keys.get(column.name, table.name)])
            else:
                values.append(unique[column.name](column) if column.name in unique else column)
        leading = table.primary_key.columns[0]
        first = select(*values).where(leading <= highest[keys.get(leading.name, table.name)])
        connection.execute(insert(table).from_select([column.name for column in table.c], first))
