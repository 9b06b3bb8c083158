"""What the network says of stored calls: its MOS beside that of the sound, and which of them disagree."""

from __future__ import annotations

import json
from pathlib import Path

from typer.testing import CliRunner

from audioqa.cli import app
from audioqa.network import NetworkOptions
from audioqa.store import Query, Store, open_store
from audioqa.types.calls import TEST_CALL
from tests.store.examples import DIGEST, begin, event, hashed, item, put, report


def filled(store: Store) -> None:
    run = begin(store)
    put(store, run, item("good", codec="PCMU", network={"loss": 0.0}), report(4.2))
    put(store, run, item("noisy", codec="PCMU", network={"loss": 0.0}), report(2.6, events=(event("hum"),)))
    put(store, run, item("lossy", codec="PCMU", network={"loss": 25.0}), report(4.2))
    put(store, run, item("opus", codec="opus", network={"loss": 0.0}), report(4.2))
    put(store, run, item("unknown"), report(4.2))
    put(store, run, item("test", tags={TEST_CALL: "en"}), report(1.5, events=(event("hum"),)))


def test_a_list_has_the_networks_mos_and_what_disagrees(store: Store) -> None:
    filled(store)
    rows = {row.info.call_id: row for row in store.calls()}
    assert (rows["good"].network_mos, rows["good"].network_scale) == (4.4094, "MOS-LQE narrowband")
    assert rows["good"].disagreement is None
    assert rows["noisy"].disagreement == "sound-worse: endpoint-noise"
    assert rows["lossy"].disagreement == "network-worse: network-fault-concealed"
    assert (rows["opus"].network_mos, rows["unknown"].network_mos) == (None, None)
    assert {row.info.call_id for row in store.calls(Query(disagree=True))} == {"noisy", "lossy"}
    assert {row.info.call_id for row in store.calls(Query(disagree=False))} == {"good", "opus", "unknown"}


def test_what_the_source_says_later_of_the_network_counts(store: Store) -> None:
    run = begin(store)
    put(store, run, item("a"), report(4.2))
    later = item("a", codec="PCMU", network={"loss": 25.0})
    assert [one.state for one in store.known([later], digest=DIGEST, hashes=[hashed("a.wav")])] == ["info"]
    assert store.update_info(run, later, hashed("a.wav"))
    (row,) = store.calls()
    assert row.disagreement == "network-worse: network-fault-concealed"
    assert store.show("a").content["network"]["legs"][0]["figures"]["loss"] == 25.0
    assert [one.state for one in store.known([later], digest=DIGEST, hashes=[hashed("a.wav")])] == ["done"]


def test_other_choices_of_the_rating_are_a_change(empty_url: str) -> None:
    one = item("a", codec="opus", network={"loss": 0.0})
    with open_store(empty_url) as store:
        put(store, begin(store), one, report(4.2))
    with open_store(empty_url, network=NetworkOptions(proxy=True)) as store:
        assert [found.state for found in store.known([one], digest=DIGEST, hashes=[hashed("a.wav")])] == ["info"]
        store.update_info(begin(store), one, hashed("a.wav"))
        (row,) = store.calls()
        assert row.network_scale == "MOS-LQE fullband"


def test_test_calls_are_counted_with_nobody_elses(store: Store) -> None:
    filled(store)
    assert {row.info.call_id for row in store.calls(Query(test_calls=True))} == {"test"}
    assert len(list(store.calls(Query(test_calls=None)))) == 6
    assert "test" not in {row.info.call_id for row in store.calls(Query(event="hum"))}
    assert {row.info.call_id for row in store.calls(Query(event="hum", test_calls=True))} == {"test"}
    assert {row.info.call_id for row in store.calls(Query(event="hum", test_calls=None))} == {"test", "noisy"}

    def hums(query: Query) -> int:
        return sum(group.calls for group in store.group(["event"], query))

    assert (hums(Query()), hums(Query(test_calls=True)), hums(Query(test_calls=None))) == (1, 1, 2)
    assert [group.calls for group in store.group(["tenant"])] == [5]
    assert {call.info.call_id for call in store.export(Query(test_calls=True))} == {"test"}


def test_the_commands_show_and_choose_it(tmp_path: Path) -> None:
    url = str(tmp_path / "store.db")
    with open_store(url) as store:
        filled(store)

    def run(*words: str) -> str:
        shown = CliRunner().invoke(app, [*words, "--store", url], env={"COLUMNS": "200"})
        assert shown.exit_code == 0, shown.stderr
        return shown.stdout

    listed = run("calls")
    assert "4.41 LQE-NB" in listed
    assert "sound worse than network: noise at an endpoint" in listed
    apart = [json.loads(line) for line in run("calls", "--disagree", "--json").splitlines()]
    assert {call["call_id"] for call in apart} == {"noisy", "lossy"}
    assert [json.loads(line)["call_id"] for line in run("calls", "--test-calls", "--json").splitlines()] == ["test"]
    shown = run("show", "lossy")
    assert "the call: MOS-LQE 2." in shown
    assert "a network fault that was concealed" in shown
    assert "network fault that was concealed" in run("export")
