"""Loss and jitter against tshark's RTP analysis of the same files."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from synthetic import Sent, capture, delayed, invite, stream, without

from audioqa.captures.figures import measure_stream
from audioqa.captures.streams import read_capture

_ROW = re.compile(
    r"^\s*[\d.]+\s+[\d.]+\s+(?P<source>\S+)\s+(?P<port>\d+)\s+\S+\s+\d+\s+0x(?P<ssrc>[0-9A-F]+)\s+.*?\s+"
    r"(?P<packets>\d+)\s+(?P<lost>-?\d+) \([-\d.]+%\)\s+[\d.]+\s+[\d.]+\s+[\d.]+\s+"
    r"[-\d.]+\s+(?P<mean>[\d.]+)\s+(?P<greatest>[\d.]+)",
    re.MULTILINE,
)


def tshark(path: Path) -> dict[tuple[str, int, int], tuple[int, int, float, float]]:
    """By source and SSRC: packets, lost, mean and greatest jitter in ms."""
    if shutil.which("tshark") is None:
        pytest.skip("tshark is not installed")
    shown = subprocess.run(
        ["tshark", "-r", path, "-o", "rtp.heuristic_rtp:TRUE", "-q", "-z", "rtp,streams"],
        capture_output=True,
        text=True,
        check=True,
    )
    return {
        (row["source"], int(row["port"]), int(row["ssrc"], 16)): (
            *(int(row["packets"]), int(row["lost"])),
            *(float(row["mean"]), float(row["greatest"])),
        )
        for row in _ROW.finditer(shown.stdout)
    }


def ours(path: Path) -> dict[tuple[str, int, int], tuple[int, int, float, float]]:
    found = {}
    for one in read_capture(path).streams:
        figures = measure_stream(one)
        key = one.source.host, one.source.port, one.ssrc
        assert figures.jitter is not None
        assert figures.max_jitter is not None
        found[key] = figures.received, figures.cumulative_lost, figures.jitter, figures.max_jitter
    return found


def agree(path: Path) -> None:
    theirs, found = tshark(path), ours(path)
    assert theirs
    assert set(found) == set(theirs)
    for key, (packets, lost, mean, greatest) in theirs.items():
        assert found[key][:2] == (packets, lost)
        # tshark prints three decimals.
        assert found[key][2:] == pytest.approx((mean, greatest), abs=0.00051)


@pytest.mark.parametrize(
    "name",
    [
        *("g711a", "g722", "h263-over-rtp", "invite-opus-bye", "rtp-protocol", "sip-rtp-g711", "sip-rtp-g722"),
        *("sip-rtp-g729a", "sip-rtp-opus-hybrid", "speech_8k_ulaw"),
    ],
)
def test_every_capture_of_the_folder_agrees(audio_data: Path, name: str) -> None:
    agree(audio_data / "pcap" / f"{name}.pcap")


def with_noise(packets: list[Sent]) -> list[Sent]:
    """Every fifteenth packet is comfort noise."""
    return [replace(p, payload_type=13, payload=b"\x40") if i % 15 == 9 else p for i, p in enumerate(packets)]


@pytest.mark.parametrize(
    "packets",
    [
        pytest.param(without(stream(400), [5, 50, 51, 52, 200]), id="loss"),
        pytest.param(delayed(stream(400), mean=0.004), id="jitter"),
        pytest.param(delayed(stream(400), mean=0.03), id="reordered"),
        pytest.param(delayed(stream(400), mean=0.03, seed=2), id="reordered-behind-the-first"),
        pytest.param([*stream(100), replace(stream(100)[50], time=1_700_000_001.5)], id="duplicate"),
        pytest.param(with_noise(delayed(stream(200), mean=0.002)), id="comfort-noise"),
        pytest.param(delayed(stream(300, sequence=65_400, timestamp=2**32 - 9000), mean=0.003), id="numbers-wrap"),
        pytest.param([*stream(100), *stream(100, start=1_700_000_007.0, sequence=200, timestamp=61_000)], id="pause"),
    ],
)
def test_what_networks_do_agrees(tmp_path: Path, packets: list[Sent]) -> None:
    agree(capture(tmp_path / "made.pcap", packets, sip=invite()))
