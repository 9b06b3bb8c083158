"""The questions that must be quick are answered from an index; the benchmark that shows it runs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event as sqlalchemy_event

from audioqa.lab import store_speed
from audioqa.lab.store_calls import DIGEST, made_calls, multiply, write
from audioqa.render.as_json import to_dict
from audioqa.store import Query, Store, open_store
from tests.store.examples import event, flag, report

REPORTS = [
    to_dict(made)
    for made in (
        report(4.2),
        report(4.1),
        report(2.0, events=(event(), event("hum")), flags=(flag("clipping"),)),
        report(None),
    )
]


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """An SQLite store with 4,000 calls, whose statistics were taken."""
    with open_store(str(tmp_path_factory.mktemp("large") / "calls.db")) as store:
        run = store.begin_run(["made up"], digest=DIGEST, version="lab")
        write(store, run, made_calls(REPORTS, 100))
        multiply(store, 40)
        store.end_run(run, "finished", {})
        yield store


def plan(store: Store, ask: Any) -> list[str]:
    """How SQLite carries out the last statement of a question."""
    asked: list[tuple[str, Any]] = []

    def remember(_: Any, __: Any, statement: str, parameters: Any, *___: Any) -> None:
        if statement.startswith("SELECT") and "min(calls.tenant)" not in statement:
            asked.append((statement, parameters))

    sqlalchemy_event.listen(store.engine, "before_cursor_execute", remember)
    try:
        assert list(ask())
    finally:
        sqlalchemy_event.remove(store.engine, "before_cursor_execute", remember)
    statement, parameters = asked[-1]
    with store.engine.connect() as connection:
        rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
        return [str(row[3]) for row in rows]


@pytest.mark.parametrize(
    ("query", "index"),
    [
        (Query(tenant="north"), "ix_calls_tenant_rank_id"),
        (Query(tenant="north", sort="newest"), "ix_calls_tenant_at_id"),
        (Query(tenant="north", rule="clipping"), "ix_marks_tenant_what_kind_rank_call"),
        (Query(tenant="north", event="hum", sort="best"), "ix_marks_tenant_what_kind_rank_call"),
        (Query(tenant="north", event="hum", sort="newest"), "ix_marks_tenant_what_kind_day"),
    ],
)
def test_a_list_follows_an_index_and_sorts_a_day_at_most(large: Store, query: Query, index: str) -> None:
    steps = plan(large, lambda: large.calls(query, most=100))
    assert index in steps[0]
    assert not [step for step in steps if step.startswith("SCAN") or step == "USE TEMP B-TREE FOR ORDER BY"]


@pytest.mark.parametrize("column", ["agent", "queue", "site", "carrier", "trunk"])
def test_the_month_of_one_is_found_by_index(large: Store, column: str) -> None:
    (newest,) = large.calls(Query(sort="newest", tenant="north"), most=1)
    month = Query(tenant="north", since=newest.at - timedelta(days=30), until=newest.at + timedelta(days=1))
    query = replace(month, **{column: getattr(newest.info, column)})  # type: ignore[arg-type]
    steps = plan(large, lambda: large.calls(query, most=100))
    assert f"ix_calls_tenant_{column}_at (tenant=? AND {column}=? AND at>? AND at<?)" in steps[0]


def test_flags_by_day_are_counted_from_the_days_counts(large: Store) -> None:
    steps = plan(large, lambda: large.group(["day", "flag"]))
    assert steps[0].startswith("SEARCH day_marks USING PRIMARY KEY")
    assert sum(group.calls for group in large.group(["flag"])) == len(list(large.calls(Query(flagged=True))))


def test_copies_of_calls_are_calls(large: Store) -> None:
    assert large.counts() == {"calls": 4000, "measurements": 4000, "failures": 0}
    whole = list(large.export())
    assert len({(one.info.tenant, one.info.call_id) for one in whole}) == 4000
    assert len({one.files[0].location for one in whole}) == 4000
    copy = large.show("call-00000003-17")
    assert copy.content["parties"] == large.show("call-00000003").content["parties"]


def test_the_benchmark_runs(tmp_path: Path, postgresql_server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from audioqa.lab import postgresql

    monkeypatch.setattr(store_speed, "fixture_reports", lambda: REPORTS)
    monkeypatch.setattr(store_speed, "FIRST", 300)
    monkeypatch.setattr(store_speed, "LENGTHS", ())
    monkeypatch.setattr(store_speed, "LIMIT", 60.0)  # what it takes on a busy machine is no matter here
    monkeypatch.setattr(store_speed, "WRITTEN", 5)
    monkeypatch.setattr(store_speed, "ASKED", 2)
    page = tmp_path / "store.md"
    page.write_text("before <!-- speed:begin -->old<!-- speed:end --> after", encoding="utf-8")
    place = postgresql.make_schema(postgresql_server, "speed")
    store_speed.main(["--calls", "3000", "--postgresql", place, "--write", str(page)])
    written = page.read_text(encoding="utf-8")
    assert written.startswith(
        "before <!-- speed:begin -->\n| question | SQLite, 3,000 calls: first, then | PostgreSQL, "
    )
    assert written.endswith("<!-- speed:end --> after")
    assert all(question in written for question in store_speed.questions(""))
    assert "under 60 s. Met." in written
