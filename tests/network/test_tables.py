"""Statistics of the network from CSV: manifests, VoIPmonitor, and any table through a map."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from audioqa.errors import NetworkError, SettingsError
from audioqa.network import BadRow, CallNetwork, load_column_map, read_network_table


def written(folder: Path, text: str, name: str = "calls.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def calls_of(path: Path, column_map: str = "") -> list[CallNetwork | BadRow]:
    columns = load_column_map(written(path.parent, column_map, "map.toml")) if column_map else None
    return list(read_network_table(path, columns))


def test_a_manifests_columns_are_known_by_their_names(tmp_path: Path) -> None:
    path = written(tmp_path, "Call-ID;Packet Loss;jitter_ms;RTT;Codec\n1;0,5\n7;1.5;12;80;PCMU\n")
    bad, call = calls_of(path)
    assert isinstance(bad, BadRow)
    assert bad.line == 2
    assert isinstance(call, CallNetwork)
    assert (call.call_id, call.legs[0].codec) == ("7", "PCMU")
    assert call.flat() == {"loss": 1.5, "jitter": 12, "rtt": 80, "delay": 40}


def test_a_loss_given_as_a_fraction_comes_out_in_per_cent(tmp_path: Path) -> None:
    (call,) = calls_of(written(tmp_path, "call_id,loss_fraction\n7,0.015\n"))
    assert isinstance(call, CallNetwork)
    assert call.flat() == {"loss": pytest.approx(1.5)}


def test_any_table_is_read_through_a_map(tmp_path: Path) -> None:
    path = written(tmp_path, "id\tlost fraction\tjit (us)\tkind\tsite\nx\t0.02\t3000\tG729\tBerlin\n")
    text = 'call_id = "id"\n[figures]\nloss = "lost fraction * 100"\njitter = "jit (us) / 1000"\ncodec = "kind"\n'
    (call,) = calls_of(path, f'{text}[tags]\nsite = "site"\n')
    assert isinstance(call, CallNetwork)
    assert call.flat() == {"loss": 2.0, "jitter": pytest.approx(3)}
    assert (call.call_id, call.legs[0].codec, call.tags) == ("x", "G729", {"site": "Berlin"})


def test_directions_stay_apart_and_the_worse_one_speaks_for_the_call(tmp_path: Path) -> None:
    text = '[legs.caller]\nloss = "a"\nmos_lq = "ma"\n[legs.callee]\nloss = "b"\nmos_lq = "mb"\n'
    (call,) = calls_of(written(tmp_path, "a,ma,b,mb\n0,4.4,3,3.1\n"), text)
    assert isinstance(call, CallNetwork)
    assert call.flat() == {
        "loss": 3.0,
        "mos_lq": 3.1,
        "caller_loss": 0.0,
        "caller_mos_lq": 4.4,
        "callee_loss": 3.0,
        "callee_mos_lq": 3.1,
    }


VOIPMONITOR = (
    "ID,calldate,caller,a_payload,b_payload,a_received,b_received,a_lost,b_lost,a_avgjitter_mult10,b_avgjitter_mult10,"
    "a_maxjitter,b_maxjitter,a_sl1,a_sl2,a_sl3,a_sl4,a_sl5,a_sl6,a_sl7,a_sl8,a_sl9,a_sl10,"
    "a_packet_loss_perc_mult1000,b_packet_loss_perc_mult1000,a_mos_adapt_mult10,b_mos_adapt_mult10,a_delay_avg_mult100\n"
    "4,2018-11-22 23:27:06,259,0,18,480,500,20,0,15,5,30,9,8,6,0,0,0,0,0,0,0,0,4000,0,41,0,250\n"
)


def test_voipmonitors_columns_have_their_factors(tmp_path: Path) -> None:
    (call,) = calls_of(written(tmp_path, VOIPMONITOR))
    assert isinstance(call, CallNetwork)
    caller, callee = call.legs
    assert (caller.name, caller.codec, callee.name, callee.codec) == ("caller", "PCMU", "callee", "G729")
    assert caller.figures["loss"] == pytest.approx(4)
    assert caller.figures["jitter"] == pytest.approx(1.5)
    assert caller.figures["max_jitter"] == 30
    assert caller.figures["mos_lq"] == pytest.approx(4.1)
    assert call.tags["caller"] == "259"


def test_voipmonitors_loss_runs_make_the_burst_ratio(tmp_path: Path) -> None:
    (call,) = calls_of(written(tmp_path, VOIPMONITOR))
    assert isinstance(call, CallNetwork)
    # 8 runs of one packet and 6 of two: 20 lost of 500 in 14 runs, (20 / 14) * (480 / 500).
    assert call.legs[0].figures["burst_ratio"] == pytest.approx(20 / 14 * 0.96)


def test_voipmonitors_zeros_that_mean_unknown_and_its_delay_variation_are_not_taken(tmp_path: Path) -> None:
    (call,) = calls_of(written(tmp_path, VOIPMONITOR))
    assert isinstance(call, CallNetwork)
    assert "mos_lq" not in call.legs[1].figures
    assert not {"delay", "rtt"} & set(call.legs[0].figures)


def test_loss_follows_from_counts_of_packets_where_it_is_not_given(tmp_path: Path) -> None:
    (call,) = calls_of(written(tmp_path, "packets_received,packets_lost,packets_discarded\n98,2,1\n"))
    assert isinstance(call, CallNetwork)
    assert call.flat()["loss"] == pytest.approx(2)
    assert call.flat()["discarded"] == pytest.approx(1)


@pytest.mark.parametrize("empty", ["", "-", "NULL", "n/a", "\\N"])
def test_a_value_that_is_not_known_is_never_zero(tmp_path: Path, empty: str) -> None:
    (call,) = calls_of(written(tmp_path, f"loss,jitter\n{empty},3\n"))
    assert isinstance(call, CallNetwork)
    assert call.flat() == {"jitter": 3}


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("150,3", r"loss is 150.*0 to 100 %: is it in another unit"),
        ("-1,3", "loss is -1"),
        ("1,soon", "jitter is 'soon', which is no number"),
        ("nan,inf", "jitter is inf"),
        ("-,n/a", "no figure of it is known"),
        ("1", "has 1 values, but there are 2 columns"),
    ],
)
def test_a_row_that_cannot_be_used_is_named_and_the_others_are_read(tmp_path: Path, row: str, reason: str) -> None:
    bad, good = calls_of(written(tmp_path, f"loss,jitter\n{row}\n0,1\n"))
    assert isinstance(bad, BadRow)
    assert re.search(reason, bad.reason)
    assert isinstance(good, CallNetwork)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("who,when\n1,2\n", "none of its columns"),
        ("loss,packet_loss\n1,2\n", "both loss: write a column map"),
        ("loss,jitter,loss\n1,2,3\n", "two columns are called 'loss'"),
        ("", "none of its columns"),
    ],
)
def test_a_table_that_cannot_be_used_is_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(NetworkError, match=message):
        calls_of(written(tmp_path, text))


def test_a_table_that_is_not_there_or_no_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NetworkError, match="cannot be read"):
        list(read_network_table(tmp_path / "none.csv"))
    (tmp_path / "calls.csv").write_bytes(b"loss\n\xff\xfe\n")
    with pytest.raises(NetworkError, match="UTF-8"):
        list(read_network_table(tmp_path / "calls.csv"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("loss = 1", "'loss' is not known"),
        ("[figures]\nspeed = 'x'", "no figure 'speed'"),
        ("[figures]\nloss = 3", "takes the name of a column"),
        ("[figures]\nloss = 'x * 0'", "above 0"),
        ("[figures]\nloss = ''", "names no column"),
        ("[figures]\n[legs.a]\nloss = 'x'", "one of the two"),
        ("call_id = 'x'", "one of the two"),
        ("legs = 3", "one table for each direction"),
        ("[figures]\nruns = 'x'", "list of columns"),
        ("[figures", "no TOML"),
    ],
)
def test_a_map_that_says_what_cannot_be_is_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        load_column_map(written(tmp_path, text, "map.toml"))


def test_columns_of_one_direction_are_known_by_their_names(tmp_path: Path) -> None:
    path = tmp_path / "calls.csv"
    path.write_text("call_id,caller_loss,caller_jitter_ms,callee_loss_ratio,callee_codec,codec,discarded\n", "utf-8")
    with path.open("a", encoding="utf-8") as out:
        out.write("1,1,5,0.02,G729,PCMU,0.5\n")
    (call,) = read_network_table(path)
    assert isinstance(call, CallNetwork)
    assert {leg.name: dict(leg.figures) for leg in call.legs} == {
        "caller": {"loss": 1.0, "jitter": 5.0},
        "callee": {"loss": 2.0},
    }
    assert [leg.codec for leg in call.legs] == ["PCMU", "G729"]
