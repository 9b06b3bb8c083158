"""Two rows of a manifest that give one file two call ids are two calls, which share what was measured."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from archives import Desk, write_calls

from audioqa.errors import StoreError
from audioqa.store import Query, erasing, open_store
from audioqa.store.database import snapshot, writing


@pytest.fixture
def manifest(desk: Desk) -> str:
    write_calls(desk.folder, ["a.wav", "b.wav"])
    path = desk.folder.parent / "calls.csv"
    path.write_text(
        "path,call_id,start_time,queue\n"
        "calls/a.wav,17,2024-01-01T00:00:00Z,sales\n"
        "calls/a.wav,18,2026-01-01T00:00:00Z,support\n"
        "calls/b.wav,19,2026-01-01T00:00:00Z,sales\n"
    )
    return str(path)


def ids(desk: Desk, **query: str) -> set[str]:
    with open_store(desk.store) as store:
        return {row.info.call_id for row in store.calls(Query(**query))}  # type: ignore[arg-type]


def counts(desk: Desk) -> dict[str, int]:
    with open_store(desk.store) as store:
        return store.counts()


def test_they_are_two_calls_with_one_measurement(desk: Desk, manifest: str) -> None:
    assert desk.run(sources=[manifest]).exit_code == 0
    assert counts(desk) == {"calls": 3, "measurements": 2, "failures": 0}
    assert ids(desk, queue="sales") == {"17", "19"}
    with open_store(desk.store) as store:
        one, other = store.show("17"), store.show("18")
        assert one.content == other.content
        assert one.files == other.files


def test_a_second_run_leaves_both_alone_and_a_changed_file_is_both_calls_work(desk: Desk, manifest: str) -> None:
    desk.run(sources=[manifest])
    desk.noted()
    assert desk.run(sources=[manifest]).tally.unchanged == 3
    assert desk.noted() == []
    with (desk.folder / "a.wav").open("ab") as stream:
        stream.write(b"more")
    ended = desk.run(sources=[manifest])
    assert (ended.tally.scored + ended.tally.shared, ended.tally.unchanged) == (2, 1)
    assert counts(desk) == {"calls": 3, "measurements": 2, "failures": 0}
    with open_store(desk.store) as store:
        assert store.show("17").files == store.show("18").files


def test_a_row_that_comes_later_is_known_by_its_sound(desk: Desk, manifest: str) -> None:
    desk.run(sources=[manifest])
    desk.noted()
    with Path(manifest).open("a") as stream:
        stream.write("calls/a.wav,20,2026-01-02T00:00:00Z,sales\n")
    ended = desk.run(sources=[manifest])
    assert (ended.tally.unchanged, ended.tally.shared) == (3, 1)
    assert desk.noted() == []


def test_the_file_alone_does_not_say_which_call_is_meant(desk: Desk, manifest: str) -> None:
    desk.run(sources=[manifest])
    with open_store(desk.store) as store, pytest.raises(StoreError, match="name one by its id, such as 17, 18"):
        store.show(str(desk.folder / "a.wav"))


@pytest.mark.parametrize(("gone", "stays"), [("17", "18"), ("18", "17")])
def test_the_other_stays_where_one_is_deleted(desk: Desk, manifest: str, gone: str, stays: str) -> None:
    desk.run(sources=[manifest])
    with open_store(desk.store) as store:
        assert store.delete(gone)
        assert store.show(stays).files[0].location == str(desk.folder / "a.wav")
        assert store.show(str(desk.folder / "a.wav")).info.call_id == stays
    assert counts(desk) == {"calls": 2, "measurements": 2, "failures": 0}
    desk.noted()
    ended = desk.run(sources=[manifest])
    assert (ended.tally.unchanged, ended.tally.shared) == (2, 1)


def test_the_service_removes_a_file_with_the_last_of_its_calls(desk: Desk, manifest: str) -> None:
    desk.run(sources=[manifest])
    with open_store(desk.store) as store:
        for call, left in (("17", []), ("18", [str(desk.folder / "a.wav")])):
            assert writing(store.engine, lambda c, of=call: erasing.erase_call(c, "", of, is_ours=lambda _: True))
            with snapshot(store.engine) as connection:
                assert [erasure.location for erasure in erasing.erasures_left(connection)] == left


def test_a_purge_takes_the_older_of_both(desk: Desk, manifest: str) -> None:
    desk.run(sources=[manifest])
    with open_store(desk.store) as store:
        assert store.purge(datetime(2025, 1, 1, tzinfo=UTC)) == (1, 0)
    assert ids(desk) == {"18", "19"}
    assert counts(desk) == {"calls": 2, "measurements": 2, "failures": 0}
