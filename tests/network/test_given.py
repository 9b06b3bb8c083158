"""``--network``: figures in words, or files of them, joined to the calls that they speak of."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from audioqa.cli import app
from audioqa.cli_network_options import given_network
from audioqa.errors import NetworkError, SettingsError
from audioqa.types import BadItem, CallInfo, Item, SourceFile

FIXTURES = Path(__file__).parents[2] / "fixtures"


def call(call_id: str, **info: object) -> Item:
    return Item((SourceFile(f"/calls/{call_id}.wav"),), CallInfo(call_id, **info))  # type: ignore[arg-type]


def test_figures_in_words_hold_for_every_call_that_has_none_of_its_own() -> None:
    given = given_network(["loss=3,jitter_ms=20", "caller_loss=1,codec=PCMU"])
    told = given.told(CallInfo("1", network={"loss": 5.0}))
    assert told.network == {"loss": 5.0, "jitter": 20.0, "caller_loss": 1.0}
    assert told.codec == "PCMU"
    assert given.told(CallInfo("2", codec="G729")).codec == "G729"


def test_a_loss_given_as_a_share_is_brought_to_per_cent() -> None:
    assert given_network(["loss_ratio=0.03"]).every == {"loss": pytest.approx(3.0)}


@pytest.mark.parametrize(
    ("text", "kind", "message"),
    [
        ("los=3", SettingsError, "takes a file or figures such as .* given 'los=3'"),
        ("loss=many", SettingsError, "loss is 'many', which is no number"),
        ("loss=300", NetworkError, "loss is 300, but packets lost in the network lies within 0 to 100"),
        ("none.csv", NetworkError, "cannot be read"),
    ],
)
def test_what_is_neither_is_refused(text: str, kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=message):
        given_network([text])


def test_a_file_is_joined_by_call_id_and_wins(tmp_path: Path) -> None:
    table = tmp_path / "cdr.csv"
    table.write_text("call_id,caller_loss,callee_loss,codec\n1,0,4,PCMU\n9,1,1,PCMU\n", "utf-8")
    said: list[str] = []
    bad = BadItem("/calls/x.wav", "unreadable", "no sound")
    items = [call("1", network={"loss": 0.0}), call("2"), bad]
    one, two, three = given_network([str(table)]).joined(items, said.append)
    assert isinstance(one, Item)
    assert isinstance(two, Item)
    assert one.info.network == {"loss": 4.0, "caller_loss": 0.0, "callee_loss": 4.0}
    assert (one.info.codec, two.info, three) == ("PCMU", call("2").info, bad)
    assert said == [f"{table}: 1 of 2 calls have no recording here"]


def test_a_map_says_what_the_columns_of_a_file_are(tmp_path: Path) -> None:
    (tmp_path / "cdr.csv").write_text("uuid,lost,c\n1,0.04,PCMU\n", "utf-8")
    text = 'call_id = "uuid"\n[figures]\nloss = "lost * 100"\ncodec = "c"\n'
    (tmp_path / "map.toml").write_text(text, "utf-8")
    given = given_network([str(tmp_path / "cdr.csv")], tmp_path / "map.toml")
    assert given.told(CallInfo("1")).network == {"loss": 4.0}


def test_directions_with_codecs_of_their_own_keep_them(tmp_path: Path) -> None:
    table = tmp_path / "cdr.csv"
    table.write_text("call_id,caller_loss,caller_codec,callee_loss,callee_codec\n1,0,PCMU,4,G729\n", "utf-8")
    told = given_network([str(table)]).told(CallInfo("1"))
    assert told.tags == {"caller_codec": "PCMU", "callee_codec": "G729"}


def score(*words: str) -> dict[str, object]:
    path = str(FIXTURES / "clean-pcm.wav")
    shown = CliRunner().invoke(app, ["score", path, "--json", *words])
    assert shown.exit_code == 0, shown.stderr
    found: dict[str, object] = json.loads(shown.stdout)
    return found


def test_a_scored_call_has_both_mos_and_says_that_they_disagree(tmp_path: Path) -> None:
    assert score()["network"] is None
    side = score("--network", "loss=40,codec=pcmu")["network"]
    assert side["mos"]["codec"] == "g711-plc"  # type: ignore[index]
    (apart,) = side["disagreements"]  # type: ignore[index]
    assert (apart["direction"], apart["reason"]) == ("network-worse", "network-fault-concealed")
    table = tmp_path / "one.csv"
    table.write_text("call_id,loss,codec\nsomething else,0,PCMU\n", "utf-8")
    alone = score("--network", str(table))["network"]
    assert alone["mos"]["mos"] == pytest.approx(4.4094, abs=1e-4)  # type: ignore[index]
    assert alone["disagreements"] == []  # type: ignore[index]


def test_a_scored_call_takes_a_proxy_on_demand_only() -> None:
    refused = score("--network", "loss=0,codec=opus")["network"]
    taken = score("--network", "loss=0,codec=opus", "--proxy")["network"]
    assert "as a proxy there is one" in refused["mos"]["skipped"]  # type: ignore[index]
    assert taken["mos"]["provenance"] == "proxy"  # type: ignore[index]


def test_figures_that_cannot_be_used_are_bad_usage() -> None:
    shown = CliRunner().invoke(app, ["score", str(FIXTURES / "clean-pcm.wav"), "--network", "loss=300"])
    assert (shown.exit_code, "is it in another unit?" in shown.stderr) == (2, True)
