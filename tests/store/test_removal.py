"""What is deleted is gone; what another call needs stays; roles that were put right stay right."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from audioqa.errors import StoreError
from audioqa.store import Query, Store, open_store, removal, tables
from audioqa.store.database import snapshot
from audioqa.types.calls import Failure
from tests.store.examples import DIGEST, NEW_YEAR, begin, event, flag, item, put, report


def left(store: Store) -> set[str]:
    """Calls in the store."""
    return {row.info.call_id for row in store.calls()}


def test_a_purge_takes_what_is_older_and_nothing_else(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(removal.delete_older, "__kwdefaults__", {"most": 3})
    run = begin(store)
    for day in range(10):
        put(store, run, item(f"{day}", day=day), report(2.0, events=(event(),), flags=(flag(),)))
    assert store.purge(NEW_YEAR + timedelta(days=7)) == (7, 0)
    assert left(store) == {"7", "8", "9"}
    with snapshot(store.engine) as connection:
        counts = {
            name: connection.execute(select(func.count()).select_from(table)).scalar_one()
            for name, table in tables.metadata.tables.items()
            if not name.startswith("trend_")
        }
    assert {name: count for name, count in counts.items() if count} == {
        "calls": 3,
        "measurements": 3,
        "files": 3,
        "call_files": 3,
        "parties": 6,
        "events": 3,
        "marks": 6,
        "day_marks": 6,
        "phases": 6,
        "runs": 1,
        "trend_marks": 10,  # hours whose trends are to be made anew
    }


def test_a_purge_of_one_tenant_leaves_what_another_shares(store: Store) -> None:
    run = begin(store)
    put(store, run, item("a", tenant="one"), content="same")
    put(store, run, item("b", tenant="two"), content="same")
    put(store, run, item("c", tenant="one"))
    before = store.show("b").content
    assert store.purge(datetime.now(UTC) + timedelta(days=1000), tenant="one") == (2, 0)
    assert store.show("b").content == before
    assert store.counts() == {"calls": 1, "measurements": 1, "failures": 0}


def test_a_purge_takes_old_failures_and_runs_too(store: Store) -> None:
    run = begin(store)
    store.fail(run, item("a"), Failure("crash", "died"), digest=DIGEST)
    store.end_run(run, "finished", {"failed": 1})
    other = begin(store)
    put(store, other, item("b", day=9000))
    assert [one.outcome for one in store.runs()] == [None, "finished"]
    assert store.purge(datetime.now(UTC) + timedelta(seconds=5)) == (0, 1)
    assert [one.key for one in store.runs()] == [other]
    assert left(store) == {"b"}


def test_roles_are_put_right_without_a_score(store: Store) -> None:
    run = begin(store)
    made = report(2.0, events=(event(),), flags=(flag(),))
    put(store, run, item("a", roles=("agent", "customer")), made, content="same")
    put(store, run, item("b", roles=("agent", "customer"), site="Leeds"), made, content="same")
    assert store.set_roles(("customer", "agent"), call_ids=["a"]) == (1, 0)
    assert store.show("a").info.roles == ("customer", "agent")
    assert store.show("a").content["events"][0]["channel"] == "agent"
    assert store.show("b").content["events"][0]["channel"] == "customer"
    assert [row.why for row in store.calls(Query(sort="oldest"))] == [
        "agent: dropouts at 0:03",
        "customer: dropouts at 0:03",
    ]
    assert store.set_roles(("x", "y"), query=Query(site="Leeds")) == (1, 0)
    assert store.show("b").content["parties"][1]["channel"] == "y"


def test_no_later_word_of_the_source_undoes_what_was_put_right(store: Store) -> None:
    run = begin(store)
    one = item("a", roles=("agent", "customer"))
    put(store, run, one)
    store.set_roles(("customer", "agent"))
    assert store.known([one], digest=DIGEST)[0].state == "done"
    store.update_info(run, item("a", roles=("agent", "customer"), agent="new"))
    put(store, run, one, content="another sound")
    assert store.show("a").info.roles == ("customer", "agent")
    assert store.set_roles(()) == (1, 0)
    assert store.show("a").info.roles == ("agent", "customer")


def test_roles_that_do_not_fit_are_refused_or_left(store: Store) -> None:
    put(store, begin(store), item("a"))
    assert store.set_roles(("one",)) == (0, 1)
    assert store.show("a").info.roles == ()
    with pytest.raises(StoreError, match="a name of its own"):
        store.set_roles(("agent", "agent"))


def test_nothing_of_a_deleted_call_is_left_in_the_file(tmp_path: Path) -> None:
    place = tmp_path / "calls.db"
    with open_store(str(place)) as store:
        run = begin(store)
        for number in range(40):
            put(store, run, item(f"whisper-{number}", agent="whisper-agent", tags={"note": "whisper" * 300}))
        put(store, run, item("kept"))
        assert any(b"whisper" in path.read_bytes() for path in tmp_path.iterdir())
        store.delete("whisper-0")
        for number in range(1, 40):
            store.delete(f"whisper-{number}")
        assert [path.name for path in tmp_path.iterdir() if b"whisper" in path.read_bytes()] == []
        assert left(store) == {"kept"}
