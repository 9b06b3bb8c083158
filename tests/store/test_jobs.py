"""Jobs are handed out once, in order, taken over from the dead, and settled by their holder alone."""

from __future__ import annotations

import threading
import uuid
from typing import Any

import pytest

from audioqa.store import Store, jobs, open_store
from audioqa.store.database import snapshot, writing
from audioqa.store.holders import this_holder
from audioqa.store.jobs import BULK, NOW, Job, NewJob
from audioqa.types import Failure
from store.examples import hashed, item


def put(store: Store, name: str, *, priority: int = NOW, key: str | None = None, tenant: str = "") -> Job | None:
    new = NewJob(
        uuid.uuid4().hex,
        item(name, tenant=tenant),
        hashed(name),
        f"{name}.wav",
        1000,
        "test",
        name,
        idempotency_key=key,
        priority=priority,
    )
    return writing(store.engine, lambda c: jobs.enqueue(c, new))


def take(store: Store, holder: str = "me", *, most: int = 10, lease: float = 60.0) -> list[str]:
    taken = writing(store.engine, lambda c: jobs.take(c, holder=holder, lease=lease, most=most))
    return [job.item.info.call_id for job in taken]


def test_a_job_comes_back_as_it_was_put_in(store: Store) -> None:
    made = put(store, "one", tenant="alpha")
    assert made is not None
    with snapshot(store.engine) as connection:
        found = jobs.find_job(connection, "alpha", made.name)
        assert jobs.find_job(connection, "beta", made.name) is None
    assert found == made
    assert made.item == item("one", tenant="alpha")
    assert made.hashes == hashed("one")


def test_what_somebody_waits_for_goes_before_what_is_not_urgent(store: Store) -> None:
    for name, priority in (("bulk 1", BULK), ("first", NOW), ("bulk 2", BULK), ("second", NOW)):
        put(store, name, priority=priority)
    assert take(store, most=3) == ["first", "second", "bulk 1"]
    assert take(store) == ["bulk 2"]
    assert take(store) == []


def test_one_key_of_a_tenant_is_one_job(store: Store) -> None:
    assert put(store, "one", key="k") is not None
    assert put(store, "other", key="k") is None
    assert put(store, "other", key="k", tenant="beta") is not None
    assert put(store, "without") is not None
    assert put(store, "without") is not None


def test_two_servers_never_get_the_same_job(url: str) -> None:
    with open_store(url) as store, open_store(url) as other:
        names = [f"call {number}" for number in range(40)]
        for name in names:
            put(store, name)
        got: dict[str, list[str]] = {"a": [], "b": []}

        def work(holder: str, mine: Store) -> None:
            while taken := take(mine, holder, most=3):
                got[holder] += taken

        threads = [threading.Thread(target=work, args=pair) for pair in (("a", store), ("b", other))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(got["a"] + got["b"]) == sorted(names)


def test_a_job_is_taken_over_when_its_lease_has_run_out_and_not_before(store: Store) -> None:
    put(store, "one")
    assert take(store, "a", lease=60) == ["one"]
    assert take(store, "b") == []
    put(store, "two")
    assert take(store, "a", lease=-1) == ["two"]
    assert take(store, "b") == ["two"]


def test_what_a_dead_process_had_is_free_at_once(store: Store) -> None:
    machine, process, _, rest = this_holder().split("|")
    dead = "|".join([machine, process, "1", rest])  # this process, but with another start
    put(store, "one")
    assert take(store, dead) == ["one"]
    assert take(store, "b") == ["one"]


def test_only_its_holder_settles_a_job_and_only_once(store: Store) -> None:
    made = put(store, "one")
    assert made is not None
    take(store, "a", lease=-1)
    take(store, "b")

    def settle(holder: str, failure: Failure | None = None) -> bool:
        return writing(store.engine, lambda c: jobs.settle(c, made.key, holder=holder, failure=failure))

    assert not settle("a")
    assert settle("b", Failure("unreadable", "why"))
    assert not settle("b")
    with snapshot(store.engine) as connection:
        found = jobs.find_job(connection, "", made.name)
    assert found is not None
    assert (found.state, found.failure, found.attempts) == ("failed", Failure("unreadable", "why"), 2)
    assert take(store, "c") == []


def test_what_is_given_back_waits_and_counts_only_where_it_is_to(store: Store) -> None:
    made = put(store, "one")
    assert made is not None

    def look() -> Job:
        with snapshot(store.engine) as connection:
            found = jobs.find_job(connection, "", made.name)
        assert found is not None
        return found

    def give_back(**more: Any) -> None:
        writing(store.engine, lambda c: jobs.give_back(c, holder="a", **more))

    take(store, "a")
    give_back()
    assert (look().state, look().attempts) == ("waiting", 0)
    take(store, "a")
    give_back(keys=[made.key], wait=60, counted=True)
    assert (look().state, look().attempts) == ("waiting", 1)
    assert take(store, "a") == []


def test_progress_is_the_holders_to_tell(store: Store) -> None:
    made = put(store, "one")
    assert made is not None
    take(store, "a")
    for holder, done in (("a", 3.0), ("b", 9.0)):
        writing(
            store.engine,
            lambda c, h=holder, d=done: jobs.renew(c, holder=h, lease=60, progress={made.key: (d, 10.0)}),
        )
    with snapshot(store.engine) as connection:
        found = jobs.find_job(connection, "", made.name)
    assert found is not None
    assert (found.done, found.total) == (3.0, 10.0)


@pytest.mark.parametrize(("most", "count"), [(2, 2), (10, 3)])
def test_the_queue_is_counted_as_far_as_is_asked(store: Store, most: int, count: int) -> None:
    for name in ("one", "two", "three"):
        put(store, name)
    put(store, "bulk", priority=BULK)
    with snapshot(store.engine) as connection:
        assert jobs.count_waiting(connection, most=most, priority=NOW) == count
        assert jobs.oldest_waiting(connection) is not None
