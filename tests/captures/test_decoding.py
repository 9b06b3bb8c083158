"""Sound out of streams: every coding, every packet in its place, and what is refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray
from synthetic import Sent, capture, invite, stream, without

from audioqa.captures import DecodedStream, decode_stream, read_capture
from audioqa.captures.payloads import frames_of
from audioqa.captures.signalling import Coding
from audioqa.errors import NetworkError
from audioqa.lab.native import CodecUnavailableError, amr_wb_packets


def tone(rate: int, seconds: float = 2.0) -> NDArray[np.int16]:
    """A tone of 400 Hz that comes and goes twice a second: its envelope tells where it is."""
    time = np.arange(round(rate * seconds)) / rate
    return (8000 * np.sin(2 * np.pi * 400 * time) * (np.sin(2 * np.pi * time) > 0)).astype(np.int16)


def encoded(name: str, samples: NDArray[np.int16], rate: int, frame: int, bit_rate: int) -> list[bytes]:
    context = av.CodecContext.create(name, "w")
    context.sample_rate, context.layout, context.format, context.bit_rate = rate, "mono", "s16", bit_rate  # type: ignore[attr-defined]
    packets: list[bytes] = []
    for start in range(0, len(samples) - frame + 1, frame):
        sound = av.AudioFrame.from_ndarray(samples[None, start : start + frame], format="s16", layout="mono")
        sound.sample_rate, sound.pts = rate, start
        packets += [bytes(packet) for packet in context.encode(sound)]  # type: ignore[attr-defined]
    return packets


def sent(payloads: Sequence[bytes], *, number: int, step: int) -> list[Sent]:
    return [
        replace(packet, payload=payload, payload_type=number, timestamp=5000 + step * i)
        for i, (packet, payload) in enumerate(zip(stream(len(payloads)), payloads, strict=True))
    ]


def decoded(folder: Path, packets: list[Sent], sdp: str = "", numbers: str = "8", **options: object) -> DecodedStream:
    (found,) = read_capture(capture(folder / "x.pcap", packets, sip=invite(sdp, numbers=numbers))).streams
    return decode_stream(found, **options)  # type: ignore[arg-type]


def alike(found: DecodedStream, original: NDArray[np.int16], rate: int, *, within: float = 0.04) -> None:
    """The envelopes of both are the same, but for a codec's own delay."""
    assert found.rate == rate
    assert len(found.samples) == pytest.approx(len(original), abs=0.05 * rate)
    size = rate // 100

    def envelope(samples: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.sqrt((samples[: len(samples) // size * size].reshape(-1, size) ** 2).mean(axis=1))

    a, b = envelope(original.astype(np.float32) / 32768), envelope(found.samples)
    count = min(len(a), len(b))
    assert np.corrcoef(a[:count], b[:count])[0, 1] > 0.9
    # The tone begins again after one second.
    assert int(np.argmax(b[60:] > 0.02)) * 0.01 + 0.6 == pytest.approx(1.0, abs=within)


def test_g711_is_decoded_to_the_bit(tmp_path: Path) -> None:
    original = tone(8000)
    for number, name in ((0, "pcm_mulaw"), (8, "pcm_alaw")):
        payloads = encoded(name, original, 8000, 160, 64_000)
        found = decoded(tmp_path, sent(payloads, number=number, step=160), numbers=str(number))
        decoder = av.CodecContext.create(name, "r")
        decoder.sample_rate, decoder.layout = 8000, "mono"  # type: ignore[attr-defined]
        expected = np.concatenate([f.to_ndarray()[0] for p in payloads for f in decoder.decode(av.Packet(p))])  # type: ignore[attr-defined]
        assert np.array_equal(found.samples, expected.astype(np.float32) / 32768)
        alike(found, original, 8000, within=0.011)


def test_g722_has_a_clock_of_8000_and_a_sound_of_16000_hz(tmp_path: Path) -> None:
    original = tone(16_000)
    payloads = encoded("g722", original, 16_000, 320, 64_000)
    alike(decoded(tmp_path, sent(payloads, number=9, step=160), numbers="9"), original, 16_000)


def test_opus_is_decoded_by_its_name_in_sdp(tmp_path: Path) -> None:
    original = tone(48_000)
    payloads = encoded("libopus", original, 48_000, 960, 24_000)
    packets = sent(payloads, number=111, step=960)
    found = decoded(tmp_path, packets, "a=rtpmap:111 opus/48000/2\r\n", numbers="111")
    alike(found, original, 48_000)
    assert found.codec == "OPUS"


def amr_payload(frame: bytes, bits: int, *, aligned: bool) -> bytes:
    """A frame as files have it, as RFC 4867 sends it."""
    kind, body = frame[0] >> 3 & 0x0F, frame[1:]
    if aligned:
        return bytes([0xF0, kind << 3 | 0x04]) + body
    number = int.from_bytes(body, "big") >> (8 * len(body) - bits)
    whole = (0xF << 6 | kind << 1 | 1) << bits | number
    count = (10 + bits + 7) // 8
    return (whole << (8 * count - 10 - bits)).to_bytes(count, "big")


@pytest.mark.parametrize("aligned", [False, True])
def test_amr_is_decoded_in_both_payload_formats(tmp_path: Path, aligned: bool) -> None:
    original = tone(8000)
    frames = encoded("libopencore_amrnb", original, 8000, 160, 12_200)
    payloads = [amr_payload(frame, 244, aligned=aligned) for frame in frames]
    sdp = f"a=rtpmap:96 AMR/8000\r\na=fmtp:96 octet-align={int(aligned)}\r\n"
    found = decoded(tmp_path, sent(payloads, number=96, step=160), sdp, numbers="96")
    alike(found, original, 8000)
    assert found.codec == "AMR-12.2"


@pytest.mark.parametrize("aligned", [False, True])
def test_amr_wb_is_decoded_in_both_payload_formats(tmp_path: Path, aligned: bool) -> None:
    original = tone(16_000)
    try:
        frames = amr_wb_packets(original, mode=2)
    except CodecUnavailableError as error:
        pytest.skip(str(error))
    payloads = [amr_payload(frame, 253, aligned=aligned) for frame in frames]
    sdp = f"a=rtpmap:97 AMR-WB/16000\r\na=fmtp:97 octet-align={int(aligned)}\r\n"
    found = decoded(tmp_path, sent(payloads, number=97, step=320), sdp, numbers="97")
    alike(found, original, 16_000)
    assert found.codec == "AMR-WB-12.65"


def test_several_frames_in_a_payload_follow_on_each_other() -> None:
    coding = Coding("G729", 8000)
    assert [frame.data for frame in frames_of(coding, b"a" * 10 + b"b" * 10 + b"cc")] == [b"a" * 10, b"b" * 10]
    frames = encoded("libopencore_amrnb", tone(8000), 8000, 160, 4_750)[:2]
    aligned = Coding("AMR", 8000, 1, {"octet-align": "1"})
    payload = b"\xf0" + b"\x84\x04" + frames[0][1:] + frames[1][1:]
    assert [frame.data for frame in frames_of(aligned, payload)] == frames
    with pytest.raises(NetworkError, match="breaks off"):
        frames_of(aligned, payload[:-3])
    assert [frame.data for frame in frames_of(aligned, b"\xf0\x7c")] == [b""]


def test_the_g729_of_a_capture_is_sound(audio_data: Path) -> None:
    (found,) = read_capture(audio_data / "pcap" / "sip-rtp-g729a.pcap").streams
    sound = decode_stream(found)
    assert (sound.rate, sound.bad_frames) == (8000, 0)
    assert len(sound.samples) == pytest.approx(8.5 * 8000, abs=200)
    assert np.sqrt((sound.samples**2).mean()) > 0.01


def a_law(rate: int = 8000) -> list[Sent]:
    return sent(encoded("pcm_alaw", tone(rate), 8000, 160, 64_000), number=8, step=160)


def test_what_comes_after_a_loss_or_a_pause_stays_where_it_was(tmp_path: Path) -> None:
    whole = decoded(tmp_path, a_law())
    holed = decoded(tmp_path, without(a_law(), range(70, 76)), concealment=False)
    assert len(holed.samples) == len(whole.samples)
    at = slice(70 * 160, 76 * 160)
    assert np.array_equal(np.delete(holed.samples, at), np.delete(whole.samples, at))
    assert not holed.samples[at].any()
    assert holed.concealed == 0


def test_a_loss_is_concealed_and_a_pause_is_not(tmp_path: Path) -> None:
    lost = decoded(tmp_path, without(a_law(), [60, 61]))
    assert lost.concealed == pytest.approx(0.04)
    assert np.abs(lost.samples[60 * 160 : 61 * 160]).max() > 0.05
    packets = a_law()
    paused = [replace(p, sequence=p.sequence - 2 * (i > 61)) for i, p in enumerate(packets) if i not in (60, 61)]
    pause = decoded(tmp_path, paused)
    assert pause.concealed == 0
    assert not pause.samples[60 * 160 : 62 * 160].any()


def test_comfort_noise_among_packets_is_silent_and_no_loss(tmp_path: Path) -> None:
    packets = [replace(p, payload_type=13, payload=b"\x40") if i in (60, 61) else p for i, p in enumerate(a_law())]
    found = decoded(tmp_path, packets, numbers="8 13")
    assert found.concealed == 0
    assert not found.samples[60 * 160 : 62 * 160].any()


def test_what_a_buffer_would_have_lost_is_lost(tmp_path: Path) -> None:
    heard = [i not in (60, 61) for i in range(100)]
    late = decoded(tmp_path, a_law(), heard=heard)
    lost = decoded(tmp_path, without(a_law(), [60, 61]))
    assert np.array_equal(late.samples, lost.samples)


def test_packets_are_put_in_the_order_of_their_numbers_and_duplicates_used_once(tmp_path: Path) -> None:
    packets = a_law()
    mixed = [*packets, packets[50]]
    mixed[20] = replace(packets[20], time=packets[23].time + 0.001)
    mixed[-1] = replace(packets[50], time=packets[52].time + 0.001, payload=b"\x00" * 160)
    assert np.array_equal(decoded(tmp_path, mixed).samples, decoded(tmp_path, packets).samples)


def test_packets_that_do_not_decode_are_counted(tmp_path: Path) -> None:
    original = tone(48_000)
    payloads = encoded("libopus", original, 48_000, 960, 24_000)
    payloads[10] = b"\x7b\x42\x08" + bytes(151)
    found = decoded(tmp_path, sent(payloads, number=111, step=960), "a=rtpmap:111 opus/48000/2\r\n", numbers="111")
    assert found.bad_frames == 1
    alike(found, original, 48_000)


@pytest.mark.parametrize(
    ("packets", "sip", "reason"),
    [
        pytest.param(a_law(), invite(protocol="RTP/SAVP"), "encrypted \\(SRTP\\)", id="srtp"),
        pytest.param(a_law(), invite(kind="video"), "it is video", id="video"),
        pytest.param(sent([b"x" * 33] * 9, number=100, step=160), (), "says what payload number 100 is", id="unknown"),
        pytest.param(
            sent([b"x" * 33] * 9, number=100, step=160),
            invite("a=rtpmap:100 SILK/8000\r\n", numbers="100"),
            "SILK cannot be decoded; PCMU",
            id="silk",
        ),
        pytest.param(sent([b"\x40"] * 9, number=13, step=160), invite(), "comfort noise or telephone", id="noise"),
        pytest.param(sent([b""] * 9, number=8, step=160), invite(), "no packet of PCMA", id="empty"),
    ],
)
def test_what_has_no_sound_is_refused_by_name(tmp_path: Path, packets: list[Sent], sip: object, reason: str) -> None:
    (found,) = read_capture(capture(tmp_path / "x.pcap", packets, sip=sip)).streams  # type: ignore[arg-type]
    with pytest.raises(NetworkError, match=reason):
        decode_stream(found)


def test_a_payload_number_that_no_sdp_names_may_be_named_by_the_user(tmp_path: Path) -> None:
    payloads = encoded("libopus", tone(48_000), 48_000, 960, 24_000)
    path = capture(tmp_path / "x.pcap", sent(payloads, number=111, step=960))
    (found,) = read_capture(path, payload_types={111: Coding("OPUS", 48_000)}).streams
    alike(decode_stream(found), tone(48_000), 48_000)


def test_a_capture_without_the_whole_packets_has_figures_but_no_sound(tmp_path: Path) -> None:
    import struct

    made = capture(tmp_path / "x.pcap", a_law()).read_bytes()
    out = made[:24]
    at = 24
    while at < len(made):
        head = struct.unpack("<IIII", made[at : at + 16])
        out += struct.pack("<IIII", head[0], head[1], 60, head[3]) + made[at + 16 : at + 76]
        at += 16 + head[2]
    (tmp_path / "cut.pcap").write_bytes(out)
    (found,) = read_capture(tmp_path / "cut.pcap").streams
    assert len(found.packets) == 100
    with pytest.raises(NetworkError, match="snaplen"):
        decode_stream(found)


def test_of_a_pause_beside_a_loss_only_the_loss_is_concealed(tmp_path: Path) -> None:
    late = [replace(p, timestamp=p.timestamp + 8000, time=p.time + 1) for p in a_law()]
    paused = [*a_law()[:60], *late[62:]]
    found = decoded(tmp_path, paused)
    assert found.concealed == pytest.approx(0.04)
    assert not found.samples[64 * 160 : 60 * 160 + 8000].any()
