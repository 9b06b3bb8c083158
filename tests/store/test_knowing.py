"""What is done is not done again, what changed is new work, and nobody does the work of another."""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import replace

import pytest

from audioqa.store import Store, open_store
from audioqa.store.holders import is_dead, this_holder
from audioqa.types.calls import Failure, SourceFile
from tests.store.examples import DIGEST, begin, hashed, item, put


def state(store: Store, one: object, **more: object) -> str:
    """What the store says of one item."""
    return store.known([one], **({"digest": DIGEST} | more))[0].state  # type: ignore[list-item,arg-type]


def test_a_call_is_done_once_it_is_recorded(store: Store) -> None:
    one = item("a")
    assert state(store, one) == "new"
    put(store, begin(store), one)
    assert state(store, one) == "done"
    (known,) = store.known([one], digest=DIGEST)
    assert known.hashes == hashed("a.wav")


def test_another_size_stamp_setting_or_option_is_new_work(store: Store) -> None:
    one = item("a")
    put(store, begin(store), one)
    file = one.files[0]
    assert state(store, replace(one, files=(replace(file, stamp="later", size=999),))) == "new"
    assert state(store, one, digest="another") == "new"
    assert state(store, replace(one, encoding="ulaw")) == "new"
    assert state(store, replace(one, rate=16_000)) == "new"
    assert state(store, replace(one, channel_count=2)) == "new"
    assert state(store, replace(one, reference=SourceFile("/clean.wav", 5, "s"))) == "new"


def test_a_file_of_a_known_size_is_hashed_first_and_then_shared_or_scored(store: Store) -> None:
    put(store, begin(store), item("a"))
    copy = item("b", size=1000)
    assert state(store, copy) == "hash"
    assert state(store, copy, hashes=[hashed("a.wav")]) == "share"
    assert state(store, copy, hashes=[hashed("other")]) == "new"
    assert state(store, item("c", size=1001)) == "new"


def test_a_file_without_a_stamp_is_never_taken_for_the_known_one_unread(store: Store) -> None:
    one = item("a")
    unstamped = replace(one, files=(replace(one.files[0], stamp=""),))
    put(store, begin(store), unstamped)
    assert state(store, unstamped) == "hash"
    assert state(store, unstamped, hashes=[hashed("a.wav")]) == "done"


def test_a_moved_file_and_new_metadata_need_no_score(store: Store) -> None:
    run = begin(store)
    one = item("a", agent="x")
    put(store, run, one)
    assert state(store, item("a", agent="y")) == "info"
    moved = replace(one, files=(replace(one.files[0], location="/elsewhere/a.wav"),))
    assert state(store, moved) == "hash"
    assert state(store, moved, hashes=[hashed("a.wav")]) == "info"
    assert store.update_info(run, moved, hashed("a.wav"))
    assert state(store, moved) == "done"
    assert state(store, one) == "hash"


def test_a_file_that_was_only_touched_is_read_once_more_and_then_known(store: Store) -> None:
    run = begin(store)
    one = item("a")
    put(store, run, one)
    touched = replace(one, files=(replace(one.files[0], stamp="later"),))
    assert state(store, touched) == "hash"
    assert state(store, touched, hashes=[hashed("a.wav")]) == "info"
    store.update_info(run, touched, hashed("a.wav"))
    assert state(store, touched) == "done"


def test_a_failure_is_told_until_its_file_or_the_settings_change(store: Store) -> None:
    one = item("a")
    store.fail(begin(store), one, Failure("unreadable", "empty"), digest=DIGEST)
    (known,) = store.known([one], digest=DIGEST)
    assert (known.state, known.failure) == ("failed", Failure("unreadable", "empty"))
    assert state(store, replace(one, files=(replace(one.files[0], size=2000),))) == "new"
    assert state(store, replace(one, files=(replace(one.files[0], stamp="later"),))) == "new"
    assert state(store, one, digest="another") == "new"


def test_one_question_answers_for_many(store: Store) -> None:
    run = begin(store)
    put(store, run, item("a", tenant="one"))
    put(store, run, item("a", tenant="two"), content="b")
    store.fail(run, item("c"), Failure("crash", "died"), digest=DIGEST)
    asked = [item("a", tenant="one"), item("a", tenant="two"), item("c"), item("d", size=7)]
    assert [one.state for one in store.known(asked, digest=DIGEST)] == ["share", "done", "failed", "new"]


def test_a_call_is_claimed_by_one(store: Store, url: str) -> None:
    with open_store(url) as other:
        assert store.claim([item("a"), item("b")]) == [True, True]
        assert other.claim([item("b"), item("c")]) == [False, True]
        assert store.claim([item("a")]) == [True]
        assert state(other, item("a")) == "claimed"
        assert state(store, item("a")) == "new"
        assert other.release([item("a")]) == 0
        assert store.release([item("b")]) == 1
        assert other.claim([item("b")]) == [True]
        assert other.release() == 2


def test_a_claim_runs_out_unless_it_is_renewed(store: Store, url: str) -> None:
    with open_store(url) as other:
        assert store.claim([item("a"), item("b")], lease=0.3) == [True, True]
        assert store.renew(lease=60) == 2
        time.sleep(0.35)
        assert other.claim([item("a")]) == [False]
        store.renew(lease=0.0)
        assert state(other, item("a")) == "new"
        assert other.claim([item("a")]) == [True]


def test_the_claims_of_a_killed_process_are_free_at_once(store: Store, url: str) -> None:
    code = (
        "import sys; from audioqa.store import open_store; from tests.store.examples import item\n"
        f"store = open_store({url!r}); store.claim([item('a')], lease=9999)\n"
        "print('held', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        assert store.claim([item("a")]) == [False]
        process.kill()
        process.wait()
        assert state(store, item("a")) == "new"
        assert store.claim([item("a")]) == [True]


def test_a_holder_is_dead_only_where_that_is_known() -> None:
    mine = this_holder()
    machine, number, started, mark = mine.split("|")
    assert not is_dead(mine)
    assert is_dead("|".join((machine, number, "1", mark)))
    assert is_dead("|".join((machine, "4194305", started, mark)))
    assert not is_dead("|".join(("another host", "4194305", started, mark)))
    assert not is_dead("something else")


@pytest.mark.parametrize("count", [500])
def test_a_large_question_is_answered(store: Store, count: int) -> None:
    items = [item(str(number)) for number in range(count)]
    assert {one.state for one in store.known(items, digest=DIGEST)} == {"new"}
    assert store.claim(items) == [True] * count
