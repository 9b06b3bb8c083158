"""Datagrams out of captures of every kind, and SIP and RTP out of datagrams."""

from __future__ import annotations

import shutil
import struct
import subprocess
from pathlib import Path

import pytest
from synthetic import A, B, capture, invite, rtp, stream, udp, write_pcap

from audioqa.captures.packets import Address, Datagram, read_datagrams
from audioqa.captures.rtcp import parse_rtcp
from audioqa.captures.rtp import parse_rtp
from audioqa.captures.signalling import parse_sdp
from audioqa.captures.streams import read_capture
from audioqa.errors import NetworkError

FRAME = udp(A, B, b"hello")
IP = FRAME[14:]


@pytest.mark.parametrize(
    ("link", "frame"),
    [
        pytest.param(1, FRAME, id="ethernet"),
        pytest.param(1, FRAME[:12] + b"\x81\x00\x00\x05" + FRAME[12:], id="vlan"),
        pytest.param(113, b"\0\0\0\x01\0\x06" + b"\x02\0\0\0\0\x01\0\0" + b"\x08\x00" + IP, id="cooked"),
        pytest.param(276, b"\x08\0\0\0\0\0\0\x02\0\x01\0\x06\x02\0\0\0\0\x01\0\0" + IP, id="cooked-2"),
        pytest.param(101, IP, id="raw"),
        pytest.param(0, b"\x02\0\0\0" + IP, id="loopback"),
    ],
)
def test_every_link_gives_the_same_datagram(tmp_path: Path, link: int, frame: bytes) -> None:
    (found,) = read_datagrams(write_pcap(tmp_path / "x.pcap", [(1.5, frame)], link=link))
    assert found == Datagram(1_500_000_000, Address(*A), Address(*B), b"hello")


def test_an_ipv6_datagram_is_read(tmp_path: Path) -> None:
    body = struct.pack(">HHHH", 4000, 5000, 13, 0) + b"hello"
    header = b"\x60\0\0\0" + struct.pack(">HBB", len(body), 17, 64) + bytes(15) + b"\x01" + bytes(15) + b"\x02"
    (found,) = read_datagrams(write_pcap(tmp_path / "x.pcap", [(0, header + body)], link=101))
    assert (str(found.source), found.payload) == ("[::1]:4000", b"hello")


def test_fragments_of_a_datagram_are_put_together_in_any_order(tmp_path: Path) -> None:
    long = bytes(range(256)) * 8
    whole = udp(A, B, long)
    head, body = whole[14:34], whole[34:]

    def fragment(start: int, end: int, *, more: bool) -> bytes:
        flags = (0x2000 if more else 0) | start // 8
        size = struct.pack(">H", 20 + end - start)
        return whole[:14] + head[:2] + size + head[4:6] + struct.pack(">H", flags) + head[8:] + body[start:end]

    pieces = [fragment(1000, len(body), more=False), fragment(0, 1000, more=True)]
    (found,) = read_datagrams(write_pcap(tmp_path / "x.pcap", [(float(i), one) for i, one in enumerate(pieces)]))
    assert found.payload == long


@pytest.mark.parametrize("kind", ["pcapng", "nsecpcap"])
def test_other_kinds_of_file_give_the_same_times_and_bytes(tmp_path: Path, kind: str) -> None:
    if shutil.which("editcap") is None:
        pytest.skip("editcap is not installed")
    made = capture(tmp_path / "made.pcap", stream(20), sip=invite())
    other = tmp_path / "other"
    subprocess.run(["editcap", "-F", kind, made, other], check=True)
    assert list(read_datagrams(other)) == list(read_datagrams(made))


def test_interfaces_of_a_pcapng_keep_their_own_resolutions(tmp_path: Path) -> None:
    def block(kind: int, body: bytes) -> bytes:
        size = struct.pack("<I", 12 + len(body))
        return struct.pack("<I", kind) + size + body + size

    def packet(interface: int, ticks: int) -> bytes:
        padded = FRAME + bytes(-len(FRAME) % 4)
        sizes = struct.pack("<5I", interface, ticks >> 32, ticks & 0xFFFFFFFF, len(FRAME), len(FRAME))
        return block(6, sizes + padded)

    section = block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1))
    micro = block(1, struct.pack("<HHI", 1, 0, 0))
    nano = block(1, struct.pack("<HHI", 1, 0, 0) + struct.pack("<HHB3xHH", 9, 1, 9, 0, 0))
    path = tmp_path / "x.pcapng"
    path.write_bytes(section + micro + nano + packet(0, 2_000_000) + packet(1, 2_000_000_001))
    assert [one.time for one in read_datagrams(path)] == [2_000_000_000, 2_000_000_001]


def test_a_capture_that_breaks_off_gives_what_it_has(tmp_path: Path) -> None:
    made = capture(tmp_path / "made.pcap", stream(20))
    for cut in (10, 30, 1000, 4001):
        part = tmp_path / "part.pcap"
        part.write_bytes(made.read_bytes()[:cut])
        found = list(read_datagrams(part))
        assert found == list(read_datagrams(made))[: len(found)]
    assert len(found) > 10


@pytest.mark.parametrize("content", [b"", b"RIFF....WAVE", b"\xd4\xc3\xb2\xa1"])
def test_what_is_no_capture_is_refused_or_empty(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.pcap"
    path.write_bytes(content)
    if content.startswith(b"\xd4"):
        assert list(read_datagrams(path)) == []
        return
    with pytest.raises(NetworkError, match="no capture"):
        list(read_datagrams(path))


def test_a_link_that_is_not_known_is_named(tmp_path: Path) -> None:
    with pytest.raises(NetworkError, match="link type 105"):
        list(read_datagrams(write_pcap(tmp_path / "x.pcap", [(0, FRAME)], link=105)))
    with pytest.raises(NetworkError, match="cannot be read"):
        list(read_datagrams(tmp_path / "none.pcap"))


def datagram(payload: bytes) -> Datagram:
    return Datagram(0, Address(*A), Address(*B), payload)


def test_contributors_extension_and_padding_are_no_payload() -> None:
    head = struct.pack(">BBHII", 0xB1, 0x88, 7, 9, 11) + b"\0\0\0\x05" + b"\xbe\xde\0\x01abcd"
    packet = parse_rtp(datagram(head + b"sound" + b"\0\0\x03"))
    assert packet is not None
    assert (packet.payload, packet.marker, packet.payload_type) == (b"sound", True, 8)


@pytest.mark.parametrize(
    "payload",
    [b"", b"\x80\x08short", b"\x40" + bytes(20), struct.pack(">BB", 0x80, 200) + bytes(20), b"INVITE sip:b SIP/2.0"],
)
def test_what_is_no_rtp_is_passed_over(payload: bytes) -> None:
    assert parse_rtp(datagram(payload)) is None


def test_datagrams_that_only_look_like_rtp_are_no_stream(tmp_path: Path) -> None:
    frames = [(float(i), udp(A, B, struct.pack(">BBHII", 0x80, 8, 7919 * i & 0xFFFF, i, 5) + b"x")) for i in range(50)]
    assert read_capture(write_pcap(tmp_path / "x.pcap", frames)).streams == ()
    assert read_capture(capture(tmp_path / "y.pcap", stream(3))).streams == ()
    assert len(read_capture(capture(tmp_path / "z.pcap", stream(4))).streams) == 1
    # SIP announced it: then one packet is enough.
    assert len(read_capture(capture(tmp_path / "z.pcap", stream(1), sip=invite())).streams) == 1


def test_sdp_says_what_payload_numbers_are() -> None:
    text = (
        "v=0\r\nc=IN IP4 1.2.3.4\r\na=recvonly\r\nm=audio 4000/2 RTP/AVP 0 96 97\r\na=rtpmap:96 opus/48000/2\r\n"
        "a=rtpmap:97 AMR-WB/16000\r\na=fmtp:97 octet-align=1; mode-set=2\r\na=ptime:30\r\na=sendonly\r\n"
        "m=video 0 RTP/AVP 34\r\nm=image 5 udptl t38\r\n"
    )
    audio, video, image = parse_sdp(text, call_id="x", role="caller")
    assert (str(audio.address), audio.direction, audio.packet_time, audio.secure) == (
        "1.2.3.4:4000",
        "sendonly",
        30,
        False,
    )
    assert (audio.codings[0].name, audio.codings[96].name, audio.codings[96].clock) == ("PCMU", "OPUS", 48_000)
    assert audio.codings[97].format == {"octet-align": "1", "mode-set": "2"}
    assert (video.kind, video.address.port, image.kind) == ("video", 0, "image")
    assert video.direction == "recvonly"


@pytest.mark.parametrize(
    "lines",
    [
        "m=audio 4000 RTP/SAVP 0\r\n",
        "m=audio 4000 UDP/TLS/RTP/SAVPF 0\r\n",
        "m=audio 4000 RTP/AVP 0\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:x\r\n",
        "a=fingerprint:sha-256 AA\r\nm=audio 4000 RTP/AVP 0\r\n",
    ],
)
def test_srtp_is_told_by_protocol_or_key(lines: str) -> None:
    (medium,) = parse_sdp(f"v=0\r\nc=IN IP4 1.2.3.4\r\n{lines}", call_id="x", role="caller")
    assert medium.secure


def test_voip_metrics_of_rtcp_have_their_units() -> None:
    block = struct.pack(">BBHI", 7, 0, 8, 0xABCD)
    block += struct.pack(">BBBBHHHH", 13, 5, 64, 2, 200, 1800, 120, 80)
    block += struct.pack(">bbBBBBBBBBHHH", -20, -60, 55, 16, 85, 127, 41, 127, 0, 0, 40, 60, 120)
    packet = struct.pack(">BBHI", 0x80, 207, 1 + len(block) // 4, 1) + block
    (report,) = parse_rtcp(packet, 5)
    assert report.ssrc == 0xABCD
    assert report.figures["loss"] == pytest.approx(100 * 13 / 256)
    assert report.figures["discarded"] == pytest.approx(100 * 5 / 256)
    assert (report.figures["rtt"], report.figures["delay"], report.figures["end_system_delay"]) == (120, 60, 80)
    assert (report.figures["r_factor"], report.figures["mos_lq"]) == (85, 4.1)
    assert "mos_cq" not in report.figures
    assert report.figures["burst_ratio"] > 1


def test_a_reception_report_is_read_behind_a_senders_report() -> None:
    body = struct.pack(">IIIIII", 1, 2, 3, 4, 5, 6) + struct.pack(">IB3sIIII", 0x99, 64, b"\0\0\x07", 1, 160, 0, 0)
    packet = struct.pack(">BBH", 0x81, 200, len(body) // 4) + body
    (report,) = parse_rtcp(packet, 0)
    assert (report.ssrc, report.figures, report.jitter_units) == (0x99, {"loss": 25.0}, 160)
    assert list(parse_rtcp(packet[:30], 0)) == []


def test_reports_on_a_stream_are_kept_with_it(tmp_path: Path) -> None:
    body = struct.pack(">I", 1) + struct.pack(">IB3sIIII", 0x1234, 128, b"\0\0\x07", 1, 160, 0, 0)
    report = struct.pack(">BBH", 0x81, 201, len(body) // 4) + body
    frames = [(packet.time, udp(A, B, rtp(packet))) for packet in stream(10)]
    ends = (B[0], B[1] + 1), (A[0], A[1] + 1)
    (found,) = read_capture(write_pcap(tmp_path / "x.pcap", [*frames, (1_700_000_001.0, udp(*ends, report))])).streams
    assert [one.figures["loss"] for one in found.reported] == [50.0]
