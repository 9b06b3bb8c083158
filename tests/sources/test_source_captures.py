"""Calls in captures of packets: each of them is a call of the archive, with what its packets say of the network."""

from __future__ import annotations

import re
import subprocess
import sys
import wave
from pathlib import Path

import pytest

from audioqa.errors import SourceError
from audioqa.perceptual.emodel import JitterBuffer
from audioqa.sources import LocalCopies, SourceOptions, read_sources
from audioqa.store import Query, open_store
from audioqa.types import BadItem, Item, SourceFile
from tests.captures.synthetic import Frames, capture, delayed, invite, stream, without


def items(*places: Path, options: SourceOptions = SourceOptions()) -> list[Item]:  # noqa: B008 - frozen
    found = list(read_sources([str(place) for place in places], options=options))
    assert all(isinstance(one, Item) for one in found), found
    return [one for one in found if isinstance(one, Item)]


def test_every_call_of_a_capture_is_a_call_with_its_figures(tmp_path: Path) -> None:
    (tmp_path / "day").mkdir()
    there, back = without(stream(300), range(100, 110)), stream(300)
    capture(tmp_path / "day" / "one.pcap", there, back, sip=invite())
    (call,) = items(tmp_path)
    assert call.files[0].location == f"{tmp_path}/day/one.pcap!call-1.wav"
    assert (call.info.call_id, call.info.roles, call.info.codec) == ("call-1@a", ("caller", "callee"), "PCMA")
    assert call.info.start_time is not None
    assert call.info.start_time.timestamp() == pytest.approx(1_700_000_000.0)
    assert call.info.network["caller_loss"] == pytest.approx(100 * 10 / 300)
    assert call.info.network["callee_loss"] == 0.0
    assert call.info.network["loss"] == call.info.network["caller_loss"]


def test_its_sound_is_read_as_a_file_of_a_channel_for_each_party(tmp_path: Path) -> None:
    path = capture(tmp_path / "one.pcap", stream(300), stream(300), sip=invite())
    (call,) = items(path)
    with LocalCopies() as copies, copies.copy(call.files[0]) as sound, wave.open(str(sound)) as wav:
        assert (wav.getnchannels(), wav.getframerate(), wav.getnframes()) == (2, 8000, 48_000)
    missing = SourceFile(f"{path}!call-2.wav")
    with LocalCopies() as copies, pytest.raises(SourceError, match="no such call"), copies.copy(missing):
        pass


def test_another_buffer_is_another_sound(tmp_path: Path) -> None:
    path = capture(tmp_path / "one.pcap", delayed(stream(300), mean=0.02), sip=invite())
    (adaptive,) = items(path)
    (short,) = items(path, options=SourceOptions(buffer=JitterBuffer(fixed=20)))
    assert adaptive.files[0].stamp != short.files[0].stamp
    assert short.info.network["discarded"] > 10 > adaptive.info.network["discarded"]


@pytest.mark.parametrize(
    ("sip", "message"),
    [
        (invite(protocol="RTP/SAVP"), r"encrypted \(SRTP\)"),
        (invite(kind="video"), "video only, and no audio"),
        (invite("a=rtpmap:8 MYSTERY/8000\r\n", numbers="8"), "MYSTERY cannot be decoded"),
    ],
)
def test_what_has_no_sound_fails_by_name(tmp_path: Path, sip: Frames, message: str) -> None:
    path = capture(tmp_path / "one.pcap", stream(300), stream(300), sip=sip)
    (bad,) = read_sources([str(path)])
    assert isinstance(bad, BadItem)
    assert bad.kind == "unreadable"
    assert re.search(message, bad.message)


def test_a_damaged_capture_is_one_failure(tmp_path: Path) -> None:
    path = tmp_path / "bad.pcapng"
    path.write_bytes(b"no capture at all")
    (bad,) = read_sources([str(tmp_path)])
    assert isinstance(bad, BadItem)
    assert (bad.location, bad.kind) == (str(path), "unreadable")


def test_the_pattern_speaks_of_the_calls_of_a_capture(tmp_path: Path) -> None:
    capture(tmp_path / "oslo_t7.pcap", stream(300), sip=invite())
    (call,) = items(tmp_path, options=SourceOptions(pattern="{site}_{trunk}.pcap"))
    assert (call.info.site, call.info.trunk, call.info.call_id) == ("oslo", "t7", "call-1@a")


def test_a_folder_of_captures_becomes_a_store_with_both_mos(audio_data: Path, tmp_path: Path) -> None:
    folder = tmp_path / "calls"
    folder.mkdir()
    for name in ("sip-rtp-g711.pcap", "sip-rtp-g729a.pcap", "h263-over-rtp.pcap"):
        (folder / name).write_bytes((audio_data / "pcap" / name).read_bytes())
    store = tmp_path / "store.db"

    def batch(*words: str) -> str:
        shown = subprocess.run(
            [sys.executable, "-m", "audioqa", "batch", str(folder), "--store", str(store), "--jobs", "1", *words],
            capture_output=True,
            text=True,
            check=False,
        )
        assert shown.returncode == 1, shown.stderr
        return shown.stdout + shown.stderr

    assert "video only, and no audio" in batch()
    with open_store(str(store)) as opened:
        rows = list(opened.calls(Query()))
    assert {row.info.codec for row in rows} == {"PCMU", "PCMA", "G729"}
    for row in rows:
        assert row.mos is not None
        assert row.network_mos == pytest.approx(4.14 if row.info.codec == "G729" else 4.41, abs=0.01)
        assert row.disagreement is None
    assert "3 done before and unchanged" in (again := batch()), again
