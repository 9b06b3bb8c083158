"""Calls of a capture: who sent what, one-way calls, and both scores side by side."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from synthetic import A, B, Frames, Sent, capture, delayed, invite, rtp, stream, udp, without, write_pcap
from typer.testing import CliRunner

from audioqa.captures import CapturedCall, calls_of, read_capture
from audioqa.cli import app


def call_of(path: Path) -> CapturedCall:
    (found,) = calls_of(read_capture(path))
    return found


def other(count: int, start: float = 1_700_000_000.0) -> list[Sent]:
    return [replace(packet, ssrc=0x99) for packet in stream(count, start=start)]


def test_sip_says_who_is_who_and_whose_call_it_is(tmp_path: Path) -> None:
    found = call_of(capture(tmp_path / "x.pcap", stream(400), other(400), sip=invite()))
    assert (found.call_id, [leg.name for leg in found.legs], found.one_way) == ("call-1@a", ["caller", "callee"], "no")
    assert str(found.legs[0].streams[0].source) == "10.0.0.1:4000"


def test_without_sip_two_directions_between_two_addresses_are_a_call(tmp_path: Path) -> None:
    found = call_of(capture(tmp_path / "x.pcap", stream(400), other(400)))
    assert found.call_id == "10.0.0.1:4000 - 10.0.0.2:5000"
    assert [leg.name for leg in found.legs] == ["10.0.0.1:4000", "10.0.0.2:5000"]
    assert found.one_way == "no"


def test_a_new_ssrc_is_the_same_party(tmp_path: Path) -> None:
    again = [replace(packet, ssrc=0x77) for packet in stream(100, start=1_700_000_004.0, sequence=9)]
    found = call_of(capture(tmp_path / "x.pcap", [*stream(200), *again], other(300), sip=invite()))
    assert [len(leg.streams) for leg in found.legs] == [2, 1]


def test_calls_one_after_the_other_on_the_same_addresses_stay_apart(tmp_path: Path) -> None:
    second = [replace(packet, ssrc=0x55) for packet in stream(200, start=1_700_000_100.0)]
    sip = [*invite(), *invite(call_id="call-2@a", start=1_700_000_099.0)]
    found = calls_of(read_capture(capture(tmp_path / "x.pcap", [*stream(200), *second], sip=sip)))
    assert [call.call_id for call in found] == ["call-1@a", "call-2@a"]


@pytest.mark.parametrize(
    ("back", "sip", "one_way", "silent"),
    [
        pytest.param([], invite(), "fault", "callee", id="nothing-back"),
        pytest.param(other(10), invite(), "fault", "callee", id="hardly-anything-back"),
        pytest.param(other(300), invite(), "no", "", id="both"),
        pytest.param([], (), "not known", "", id="one-direction-captured"),
        pytest.param(other(10), (), "fault", "10.0.0.2:5000", id="hardly-anything-without-sip"),
        pytest.param([], invite("a=inactive\r\n"), "announced", "callee", id="announced"),
    ],
)
def test_one_way_calls_are_told(tmp_path: Path, back: list[Sent], sip: Frames, one_way: str, silent: str) -> None:
    found = call_of(capture(tmp_path / "x.pcap", stream(400), back, sip=sip))
    assert (found.one_way, found.silent) == (one_way, silent)


def test_long_pauses_of_one_party_do_not_make_a_call_one_way(tmp_path: Path) -> None:
    pauses = [packet for i, packet in enumerate(other(400)) if i % 100 < 4]
    counted = [replace(packet, sequence=i) for i, packet in enumerate(pauses)]
    assert call_of(capture(tmp_path / "x.pcap", stream(400), counted, sip=invite())).one_way == "no"


def test_a_keep_alive_of_dtls_marks_the_stream_as_encrypted(tmp_path: Path) -> None:
    hello = bytes([22, 0xFE, 0xFD]) + bytes(20)
    frames = [(1_699_999_999.0, udp(A, B, hello))] + [(p.time, udp(A, B, rtp(p))) for p in stream(50)]
    (found,) = read_capture(write_pcap(tmp_path / "x.pcap", frames)).streams
    assert found.secure


def scored(*words: str | Path) -> list[dict[str, object]]:
    shown = CliRunner().invoke(app, ["score", *map(str, words), "--json"])
    assert shown.exit_code == 0, shown.stderr
    return [json.loads(line) for line in shown.stdout.splitlines()]


def test_every_coding_of_the_folder_is_scored_with_both_mos_side_by_side(audio_data: Path) -> None:
    names = ("sip-rtp-g711", "sip-rtp-g722", "sip-rtp-g729a")
    calls = scored(*(audio_data / "pcap" / f"{name}.pcap" for name in names))
    seen = {}
    for call in calls:
        for leg in call["legs"]:  # type: ignore[attr-defined]
            network, sound = leg["network"], leg["sound_heard"]
            assert network["scale"] == sound["context"]
            assert abs(leg["difference"]) < 0.6
            seen[leg["streams"][0]["codec"]] = network["codec"], network["kind"]
        assert call["report"]["recording"]["container"] == "capture"  # type: ignore[index]
        assert call["one_way"] == "announced"
    assert seen == {
        "PCMU": ("g711-plc", "MOS-LQE"),
        "PCMA": ("g711-plc", "MOS-LQE"),
        "G722": ("g722-64", "MOS-LQE"),
        "G729": ("g729", "MOS-LQE"),
    }


def test_loss_and_a_short_buffer_lower_both(audio_data: Path, tmp_path: Path) -> None:
    (clean,) = read_capture(audio_data / "pcap" / "sip-rtp-g711.pcap").streams[:1]
    talk = [
        Sent(p.time / 1e9, p.sequence, p.timestamp, p.payload, p.payload_type, p.marker, p.ssrc) for p in clean.packets
    ]
    lossy = capture(tmp_path / "lossy.pcap", without(talk, range(0, 400, 12)))
    jittery = capture(tmp_path / "jittery.pcap", delayed(talk, mean=0.02))
    (before,) = scored(audio_data / "pcap" / "sip-rtp-g711.pcap")[:1]
    (lost,) = scored(lossy)
    (short,) = scored(jittery, "--buffer", "30")
    (none,) = scored(jittery, "--buffer", "none")

    def both(call: dict[str, object]) -> tuple[float, float]:
        (leg,) = call["legs"]  # type: ignore[misc]
        return leg["network"]["mos"], leg["sound_heard"]["value"]  # type: ignore[index]

    assert all(a < b - 0.2 for a, b in zip(both(lost), both(before), strict=True))
    assert all(a < b - 0.2 for a, b in zip(both(short), both(before), strict=True))
    assert both(none)[1] == pytest.approx(both(before)[1], abs=0.1)
    (leg,) = short["legs"]  # type: ignore[misc]
    assert leg["streams"][0]["late_percent"] > 5  # type: ignore[index]
    assert leg["sound_received"]["value"] > leg["sound_heard"]["value"]  # type: ignore[index]


def test_the_table_shows_both_and_says_what_is_refused(audio_data: Path, tmp_path: Path) -> None:
    secret = capture(tmp_path / "secret.pcap", stream(300), other(300), sip=invite(protocol="RTP/SAVP"))
    shown = CliRunner().invoke(app, ["score", str(secret), str(audio_data / "pcap" / "sip-rtp-g729a.pcap")])
    assert shown.exit_code == 0, shown.stderr
    assert shown.stdout.count("encrypted (SRTP)") == 2
    assert "4.14 narrowband" in shown.stdout
    assert "one-way, as SIP announced: caller was not to send" in shown.stdout


@pytest.mark.parametrize(
    ("name", "message"),
    [("h263-over-rtp.pcap", "video only, and no audio"), ("nothing.pcap", "no RTP stream among its 2 UDP datagrams")],
)
def test_a_capture_without_audio_fails_by_name(audio_data: Path, tmp_path: Path, name: str, message: str) -> None:
    path = audio_data / "pcap" / name
    if not path.exists():
        path = write_pcap(tmp_path / name, invite())
    shown = CliRunner().invoke(app, ["score", str(path)])
    assert shown.exit_code == 1
    assert message in shown.stderr


def test_a_capture_is_not_for_pictures_and_pages(tmp_path: Path) -> None:
    path = capture(tmp_path / "x.pcap", stream(100))
    shown = CliRunner().invoke(app, ["score", str(path), "--html", str(tmp_path / "x.html")])
    assert (shown.exit_code, "--html is for recordings" in shown.stderr) == (2, True)
