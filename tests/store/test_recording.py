"""A report and its done mark are one thing; calls with the same sound stay two."""

from __future__ import annotations

import json
import threading
import zlib
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sqlalchemy import func, select

from audioqa.disagreement import network_side
from audioqa.errors import StoreError
from audioqa.network import NetworkOptions
from audioqa.render.as_json import from_plain, to_dict, to_json
from audioqa.render.roles import with_roles
from audioqa.store import Hashes, Store, recording, tables
from audioqa.store.database import snapshot
from audioqa.types.calls import BadItem, CallInfo, Failure, Item, SourceFile
from tests.store.examples import DIGEST, begin, event, flag, hashed, item, put, report


def count(store: Store, name: str) -> int:
    """Rows of a table."""
    with snapshot(store.engine) as connection:
        return int(connection.execute(select(func.count()).select_from(tables.metadata.tables[name])).scalar_one())


def test_a_report_comes_back_as_it_was_made_with_the_names_of_its_call(store: Store) -> None:
    made = report(2.5, events=(event(), event("echo", None)), flags=(flag(), flag("dead-air", None)))
    one = item("a", roles=("agent", "customer"), agent="Zoë", tags={"campaign": "spring"}, network={"loss": 0.5})
    put(store, begin(store), one, made)
    shown = store.show("a")
    made = replace(made, network=network_side(made, one.info, options=NetworkOptions()))
    expected = with_roles(replace(made, recording=replace(made.recording, path="/calls/a.wav")), one.info.roles)
    assert from_plain(shown.content) == expected
    assert shown.content == to_dict(expected)
    assert shown.info == one.info
    assert [(file.location, file.size, file.sha256) for file in shown.files] == [
        ("/calls/a.wav", 1000, hashed("a.wav").files[0])
    ]
    assert shown.processing == 0.5


def test_lists_have_what_the_report_says(store: Store) -> None:
    gravest = event("clipping", "channel 1", severity="severe")
    made = report(2.5, events=(event(), gravest, event()), flags=(flag(), flag("dead-air", None)))
    put(store, begin(store), item("a", roles=("agent", "customer")), made)
    (row,) = store.calls()
    assert (row.mos, row.band, row.flagged, row.events) == (2.5, "Bad", True, 3)
    assert row.why == "customer: dropouts at 0:03; the call: dead-air at 0:03"
    assert (row.worst_kind, row.worst_severity) == ("clipping", "severe")
    assert (row.duration, row.speech, row.channels) == (60.0, 40.0, 2)
    with snapshot(store.engine) as connection:
        phases = {tuple(r) for r in connection.execute(select(tables.phases.c["kind", "channel", "seconds"]))}
        events = [tuple(r) for r in connection.execute(select(tables.events.c["kind", "channel", "start", "stop"]))]
        parties = [tuple(r) for r in connection.execute(select(tables.parties.c["channel", "mos", "seconds_below"]))]
    assert phases == {("hold-music", 2, 10.0), ("ringback", 0, 2.5)}
    assert events == [("dropout", 2, 3.0, 4.0), ("clipping", 1, 3.0, 4.0), ("dropout", 2, 3.0, 4.0)]
    assert parties == [(1, 2.5, 1.5), (2, 2.5, 1.5)]


def test_a_report_that_cannot_be_written_leaves_no_done_mark(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    run = begin(store)
    store.claim([item("a")])
    with monkeypatch.context() as patched:
        patched.setattr(recording, "_files", lambda *_, **__: (_ for _ in ()).throw(StoreError("the end", "gone")))
        with pytest.raises(StoreError, match="the end"):
            put(store, run, item("a"))
    assert store.counts() == {"calls": 0, "measurements": 0, "failures": 0}
    assert [count(store, name) for name in ("parties", "marks", "files", "claims")] == [0, 0, 0, 1]
    put(store, run, item("a"))
    assert [count(store, name) for name in ("calls", "parties", "files", "claims")] == [1, 2, 1, 0]


def test_a_report_with_names_is_refused(store: Store) -> None:
    made = with_roles(report(), ("agent", "customer"))
    with pytest.raises(StoreError, match="neutral channel names"):
        store.record(begin(store), item("a"), hashed("a"), to_json(made), digest=DIGEST)


def test_two_calls_with_the_same_sound_share_a_measurement_and_go_one_by_one(store: Store) -> None:
    run = begin(store)
    put(store, run, item("a", tenant="one", roles=("agent", "customer")), content="same")
    put(store, run, item("b", tenant="two", roles=("customer", "agent")), content="same")
    assert store.counts() == {"calls": 2, "measurements": 1, "failures": 0}
    assert store.show("a").content["recording"] | {"path": "", "channels": []} == store.show("b").content[
        "recording"
    ] | {"path": "", "channels": []}
    assert store.show("b").content["recording"]["path"] == "/calls/b.wav"
    assert store.show("b").content["recording"]["channels"] == ["customer", "agent"]
    with snapshot(store.engine) as connection:
        kept = connection.execute(select(tables.measurements.c.report)).scalars().all()
    assert [b"/calls/" in zlib.decompress(report) for report in kept] == [False]
    before = store.show("b").content
    assert store.delete("a", tenant="one")
    assert store.show("b").content == before
    assert store.counts() == {"calls": 1, "measurements": 1, "failures": 0}
    assert store.delete("b", tenant="two")
    empty = ("calls", "measurements", "files", "parties", "events", "marks", "day_marks", "phases", "call_files")
    assert [count(store, name) for name in empty] == [0] * 9
    assert not store.delete("b", tenant="two")


def test_a_call_whose_sound_changed_leaves_nothing_of_the_old_one(store: Store) -> None:
    run = begin(store)
    put(store, run, item("a"), report(2.0, events=(event(),), flags=(flag(),)), content="old")
    put(store, run, item("a"), report(4.2), content="new")
    (row,) = store.calls()
    assert (row.mos, row.flagged) == (4.2, False)
    assert [count(store, name) for name in ("measurements", "marks", "events")] == [1, 0, 0]


def test_what_is_shared_is_not_scored(store: Store) -> None:
    run = begin(store)
    put(store, run, item("a"), report(1.7), content="same")
    assert store.share(run, item("b", site="Leeds"), hashed("same"), digest=DIGEST)
    assert store.show("b").content["mos"] == store.show("a").content["mos"]
    assert store.show("b").info.site == "Leeds"
    store.delete("a")
    store.delete("b")
    assert not store.share(run, item("c"), hashed("same"), digest=DIGEST)
    assert store.counts()["calls"] == 0


def test_what_a_source_says_anew_changes_the_call_and_not_its_report(store: Store) -> None:
    run = begin(store)
    put(store, run, item("a", agent="x"), report(1.7, flags=(flag(),)))
    before = store.show("a").content
    moved = item("a", agent="y", day=40)
    assert store.update_info(run, moved)
    assert store.show("a").info == moved.info
    assert store.show("a").content == before
    assert [(*one.values, one.calls) for one in store.group(["day", "flag"])] == [("2026-02-10", "dropouts", 1)]
    assert not store.update_info(run, item("b"))


def test_a_failure_is_kept_with_its_cause_and_is_not_done(store: Store) -> None:
    run = begin(store)
    store.claim([item("a")])
    store.fail(run, item("a"), Failure("crash", "the process died"), digest=DIGEST)
    store.fail(run, item("a"), Failure("timeout", "it took longer than 9 s"), digest=DIGEST)
    store.fail(run, BadItem("calls.csv:17", "manifest", "no path in this row"))
    rows = list(store.failures())
    assert [(row.call_id, row.failure.kind, row.attempts) for row in rows] == [
        ("a", "timeout", 2),
        ("calls.csv:17", "manifest", 1),
    ]
    assert store.counts() == {"calls": 0, "measurements": 0, "failures": 2}
    assert count(store, "claims") == 0
    put(store, run, item("a"))
    assert [row.call_id for row in store.failures()] == ["calls.csv:17"]


def test_a_row_that_was_mended_is_no_failure_after_the_next_whole_run(store: Store) -> None:
    first = store.begin_run(["calls.csv"], digest=DIGEST, version="0")
    for line in (7, 8):
        store.fail(first, BadItem(f"calls.csv:{line}", "manifest", "no path in this row"))
    store.fail(first, item("a"), Failure("crash", "died"), digest=DIGEST)
    other = store.begin_run(["other"], digest=DIGEST, version="0")
    store.end_run(other, "finished", {})
    broken_off = store.begin_run(["calls.csv"], digest=DIGEST, version="0")
    store.end_run(broken_off, "interrupted", {})
    assert len(list(store.failures())) == 3
    second = store.begin_run(["calls.csv"], digest=DIGEST, version="0")
    store.fail(second, BadItem("calls.csv:8", "manifest", "no path in this row"))
    store.end_run(second, "finished", {})
    assert [row.location for row in store.failures()] == ["/calls/a.wav", "calls.csv:8"]


def test_what_another_file_of_the_same_name_failed_at_stays(store: Store) -> None:
    run = begin(store)
    other = Item((SourceFile("/calls/b.wav", 5, "s"),), item("a").info)
    store.fail(run, other, Failure("duplicate", "/calls/a.wav is call a already"), digest=DIGEST)
    put(store, run, item("a"))
    assert [(row.location, row.failure.kind) for row in store.failures()] == [("/calls/b.wav", "duplicate")]
    put(store, run, replace(other, info=replace(other.info, call_id="b")))
    assert list(store.failures()) == []


def test_names_that_no_database_takes_are_kept_as_escapes(store: Store) -> None:
    run = begin(store)
    nasty = "caf\udce9\0 '; DROP TABLE calls; --<b>"
    one = item(nasty, agent=nasty, roles=(nasty, "b"), tags={nasty: nasty}, network={nasty: 1.5})
    put(store, run, one, content="sound")
    store.fail(run, item(nasty + "2"), Failure("error", nasty), digest=DIGEST)
    (row,) = store.calls()
    assert row.info.agent == "caf\\xe9\\x00 '; DROP TABLE calls; --<b>"
    assert row.info.tags == {row.info.agent: row.info.agent}
    assert store.known([one], digest=DIGEST)[0].state == "done"
    assert json.dumps(store.show(row.info.call_id).content)


def test_many_who_write_the_same_sound_at_once_lose_nothing(store: Store) -> None:
    run = begin(store)
    failed: list[BaseException] = []
    made = report(2.0, events=(event(), event("hum")), flags=(flag(), flag("clipping")))

    def work(number: int) -> None:
        try:
            for turn in range(5):
                put(store, run, item(f"{number}-{turn}"), made, content=f"sound {turn}")
                store.delete(f"{number}-{turn}")
            put(store, run, item(f"{number}"), made, content="kept")
        except BaseException as error:  # noqa: BLE001
            failed.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert store.counts() == {"calls": 5, "measurements": 1, "failures": 0}
    assert {group.values: group.calls for group in store.group(["flag"])} == {("clipping",): 5, ("dropouts",): 5}


def test_a_call_without_a_start_counts_from_its_first_score(store: Store) -> None:
    run = begin(store)
    put(store, run, item("a", start_time=None))
    (first,) = store.calls()
    assert first.info.start_time is None
    assert abs((first.at - datetime.now(UTC)).total_seconds()) < 60
    put(store, run, item("a", start_time=None), content="other")
    (second,) = store.calls()
    assert second.at == first.at
    assert second.scored_at > first.scored_at


def test_two_legs_and_a_reference_are_kept_in_their_places(store: Store) -> None:
    legs = (SourceFile("/c/a_in.wav", 1, "1"), SourceFile("/c/a_out.wav", 2, "2"))
    one = Item(legs, CallInfo("a"), reference=SourceFile("/c/clean.wav", 3, "3"))
    hashes = Hashes(("1" * 64, "2" * 64), "3" * 64)
    store.record(begin(store), one, hashes, to_json(report()), digest=DIGEST)
    shown = store.show("a")
    assert [(file.position, file.location) for file in shown.files] == [
        (-1, "/c/clean.wav"),
        (0, "/c/a_in.wav"),
        (1, "/c/a_out.wav"),
    ]
    assert shown.content["recording"]["path"] == "/c/a_in.wav + /c/a_out.wav"
    assert store.known([one], digest=DIGEST)[0].state == "done"
    swapped = replace(one, files=legs[::-1])
    assert store.known([swapped], digest=DIGEST)[0].state == "new"
