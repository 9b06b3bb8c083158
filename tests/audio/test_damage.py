"""What is damaged but decodes is read to its end, and what was wrong with it is said."""

from __future__ import annotations

import struct
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray
from recorders import FORMATS, absent, call, write_av

from audioqa.audio import OpenOptions, open_recording, read_segment
from audioqa.errors import UnreadableRecordingError
from audioqa.types import Recording, Segment


def decode(path: Path, options: OpenOptions | None = None) -> tuple[Recording, NDArray[np.float32]]:
    with open_recording(path, options=options or OpenOptions()) as opened:
        samples = np.concatenate(list(opened.blocks()))
        return opened.recording(), samples


def kinds(recording: Recording) -> list[str]:
    return [finding.kind for finding in recording.findings]


def written(name: str, folder: Path, *, seconds: float = 3.0125) -> tuple[Path, NDArray[np.int16]]:
    form = next(form for form in FORMATS if form.file == name)
    samples = call(form.rate, form.channels, seconds=seconds)
    form.write(folder / name, samples, form.rate)
    return folder / name, samples


def test_sixteen_bit_samples_are_their_value_over_32768(tmp_path: Path) -> None:
    values = np.arange(-32768, 32768).astype(np.int16).reshape(-1, 2)
    for name, container in (("a.wav", "WAV"), ("a.aiff", "AIFF"), ("a.flac", "FLAC"), ("a.w64", "W64")):
        soundfile.write(tmp_path / name, values, 8000, format=container, subtype="PCM_16")
        _, samples = decode(tmp_path / name)
        np.testing.assert_array_equal(samples, values / np.float64(32768))


def test_every_wav_length_field_left_open_is_read_to_the_end(tmp_path: Path) -> None:
    for name in ("pcm_16.wav", "ulaw.wav", "asterisk.WAV", "ima.wav", "float.wav", "g726.wav", "mpeg.wav"):
        path, _ = written(name, tmp_path)
        whole, expected = decode(path)
        content = bytearray(path.read_bytes())
        at = content.index(b"data") + 4
        for left in (0, 0x7FFFFFFF, 0xFFFFFFFF, 0xFFFFFFDB):
            content[4:8] = content[at : at + 4] = struct.pack("<I", left)
            path.write_bytes(content)
            recording, samples = decode(path)
            assert kinds(recording) == ["header-length"], (name, left)
            np.testing.assert_array_equal(samples[: len(expected)], expected)
            assert recording.duration == pytest.approx(whole.duration, abs=0.041)
            piece, _ = read_segment(path, Segment(1.0, 1.5))
            np.testing.assert_array_equal(piece, samples[8000:12000])


@pytest.mark.parametrize(
    "name",
    [
        "pcm_16.wav",
        "pcm_24.wav",
        "ulaw.wav",
        "asterisk.WAV",
        "ima.wav",
        "pcm_16.aiff",
        "pcm_16.au",
        "pcm_16.sph",
        "pcm_16.rf64.wav",
        "call.flac",
        "call.wv",
        "alac.caf",
        "call.mkv",
        "mpeg.wav",
    ],
)
def test_a_file_cut_short_says_so_and_gives_what_there_is(name: str, tmp_path: Path) -> None:
    path, _ = written(name, tmp_path, seconds=20.0)
    whole, expected = decode(path)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) * 2 // 5 + 1])

    recording, samples = decode(path)

    assert "truncated" in kinds(recording)
    assert whole.samples * 0.2 < len(samples) < whole.samples * 0.5
    settled = len(samples) - round(0.3 * recording.sample_rate)
    np.testing.assert_array_equal(samples[:settled], expected[:settled])


@pytest.mark.parametrize(
    "name", ["pcm_16.wav", "asterisk.WAV", "pcm_16.au", "call.flac", "call.mp3", "call.amr", "call.opus"]
)
def test_a_file_cut_at_any_byte_is_read_or_refused(name: str, tmp_path: Path) -> None:
    path, _ = written(name, tmp_path, seconds=0.6 if name != "call.opus" else 2.6)  # a page of Ogg takes a second
    content = path.read_bytes()
    cuts = sorted({*range(120), *range(120, len(content), max(1, len(content) // 150))})
    longest = 0
    for cut in cuts:
        path.write_bytes(content[:cut])
        try:
            recording, samples = decode(path)
        except UnreadableRecordingError:
            continue
        assert samples.min() >= -1.0
        assert samples.max() < 1.0
        assert len(samples) == recording.samples >= longest - 2000
        longest = max(longest, len(samples))
    assert longest >= 0.5 * recording.sample_rate


def test_bytes_after_the_audio_are_told_and_not_played(tmp_path: Path) -> None:
    path, samples = written("pcm_16.wav", tmp_path)
    tagged = b"LIST" + struct.pack("<I", 4) + b"INFO" + b"note" + struct.pack("<I", 3) + b"abc\0"
    tagged += b"LIST" + struct.pack("<I", 4) + b"INFO"
    path.write_bytes(path.read_bytes() + tagged)
    assert kinds(decode(path)[0]) == []

    path.write_bytes(path.read_bytes() + b"\xff\xfe\xfd" * 30)
    recording, heard = decode(path)
    assert kinds(recording) == ["trailing-data"]
    assert recording.findings[0].evidence["trailing_bytes"] == 90
    assert len(heard) == len(samples)


def test_no_number_becomes_silence_and_is_counted(tmp_path: Path) -> None:
    samples = np.full((1000, 2), 0.25, np.float32)
    samples[10:13, 1] = np.nan, np.inf, -np.inf
    soundfile.write(tmp_path / "a.wav", samples, 8000, subtype="FLOAT")

    recording, heard = decode(tmp_path / "a.wav")

    assert kinds(recording) == ["nan-samples"]
    assert recording.findings[0].evidence == {"samples": 3}
    expected = samples.copy()
    expected[10:13, 1] = 0
    np.testing.assert_array_equal(heard, expected)


def test_samples_beyond_full_scale_are_limited_to_it_and_counted(tmp_path: Path) -> None:
    samples = np.array([[0.5], [1.0], [1.5], [-3.0], [-1.0]], np.float32)
    soundfile.write(tmp_path / "a.wav", np.tile(samples, (100, 1)), 8000, subtype="FLOAT")

    recording, heard = decode(tmp_path / "a.wav")

    assert kinds(recording) == ["over-full-scale"]
    assert recording.findings[0].evidence == {"samples": 200, "peak": 3.0}
    np.testing.assert_allclose(heard[:5, 0], [0.5, 1.0, 1.0, -1.0, -1.0], atol=1e-7)
    assert heard.max() < 1.0


def test_thirty_two_channels_stay_apart(tmp_path: Path) -> None:
    samples = np.tile(np.arange(32, dtype=np.int16) * 100, (4000, 1))
    soundfile.write(tmp_path / "a.wav", samples, 8000, format="WAV")

    recording, heard = decode(tmp_path / "a.wav")

    assert kinds(recording) == ["many-channels"]
    assert recording.channels[31] == "channel 32"
    np.testing.assert_array_equal(heard * 32768, samples)


@pytest.mark.parametrize(
    "name", ["pcm_16.wav", "call.flac", "call.mp3", "call.m4a", "call.opus", "call.amr", "call.ulaw", "call.g729"]
)
def test_a_twentieth_of_a_second_is_a_recording(name: str, tmp_path: Path) -> None:
    path, samples = written(name, tmp_path, seconds=0.05)
    recording, heard = decode(path)
    assert len(samples) <= len(heard) <= len(samples) + 2400
    assert kinds(recording) == []


@pytest.mark.parametrize("place", [0.3, 0.5, 0.7])
def test_a_damaged_flac_frame_becomes_silence_and_the_rest_stays_in_place(place: float, tmp_path: Path) -> None:
    noise = np.random.default_rng(1).integers(-9000, 9000, (8000 * 30, 1)).astype(np.int16)
    path = tmp_path / "a.flac"
    soundfile.write(path, noise, 8000)
    content = bytearray(path.read_bytes())
    content[int(len(content) * place)] ^= 0xFF
    path.write_bytes(content)

    recording, heard = decode(path)

    assert kinds(recording) == ["bad-frames", "gaps"]
    assert recording.samples == len(noise)
    wrong = np.flatnonzero(heard[:, 0] * 32768 != noise[:, 0])
    assert wrong[-1] - wrong[0] < 4096  # the frame
    assert not heard[wrong].any()
    broken = 30 * place
    for start, end in (
        (0.0, 1.0),
        (1.0, broken - 1),
        (1.0, broken),
        (broken - 2, broken + 2),
        (2.0, 29.0),
        (25.0, 26.0),
    ):
        piece, _ = read_segment(path, Segment(start, end))
        np.testing.assert_array_equal(piece, heard[round(start * 8000) : round(end * 8000)])


def test_packets_that_do_not_decode_are_counted_and_become_silence(tmp_path: Path) -> None:
    path, _ = written("call.m4a", tmp_path, seconds=10.0)
    _, expected = decode(path)
    content = bytearray(path.read_bytes())
    for part in (0.4, 0.6):
        at = int(part * len(content))
        content[at : at + 300] = np.random.default_rng(4).bytes(300)
    path.write_bytes(content)

    recording, heard = decode(path)

    assert kinds(recording) == ["bad-frames", "gaps"]
    assert recording.findings[0].evidence["frames"] >= 2
    assert len(heard) == len(expected)
    np.testing.assert_array_equal(heard[-16000:], expected[-16000:])


def test_frames_at_another_rate_are_not_mixed_in(tmp_path: Path) -> None:
    parts = []
    for rate in (8000, 16000):
        write_av(tmp_path / "part.aac", [call(rate, 1)], rate, container="adts", codec="aac")
        parts.append((tmp_path / "part.aac").read_bytes())
    (tmp_path / "whole.aac").write_bytes(parts[0] + parts[1])

    recording, _ = decode(tmp_path / "whole.aac")

    assert recording.sample_rate == 8000
    assert kinds(recording)[0] == "bad-frames"
    assert recording.findings[0].evidence["frames"] > 40
    assert recording.duration == pytest.approx(3.2, abs=0.15)


def test_bytes_missing_from_a_flac_leave_a_gap_and_the_rest_stays_in_place(tmp_path: Path) -> None:
    noise = np.random.default_rng(1).integers(-9000, 9000, (80_000, 1)).astype(np.int16)
    path = tmp_path / "a.flac"
    soundfile.write(path, noise, 8000)
    content = bytearray(path.read_bytes())
    del content[60_000:90_000]
    path.write_bytes(content)

    recording, heard = decode(path)

    assert "gaps" in kinds(recording)
    np.testing.assert_array_equal(heard[60_000:] * 32768, noise[60_000:])
    for start in (0.0, 2.0, 4.0, 6.0, 7.5):
        piece, _ = read_segment(path, Segment(start, start + 2.0))
        np.testing.assert_array_equal(piece, heard[round(start * 8000) : round(start * 8000) + 16000])


def test_packets_that_a_recorder_left_out_become_silence_of_their_length(tmp_path: Path) -> None:
    path = tmp_path / "call.webm"
    samples = call(48000, 1)
    write_av(path, [samples], 48000, container="webm", codec="libopus", keep=lambda number: not 60 <= number < 85)

    recording, heard = decode(path)

    assert recording.duration == pytest.approx(3.0125, abs=0.03)
    assert kinds(recording) == ["gaps"]
    assert recording.findings[0].evidence["seconds"] == pytest.approx(0.5, abs=0.01)
    silent = np.flatnonzero(heard[48000:, 0] == 0.0) / 48000 + 1.0
    assert (silent.min(), silent.max()) == (pytest.approx(1.2, abs=0.02), pytest.approx(1.7, abs=0.02))


def test_amr_with_frames_of_silence_or_nothing_keeps_its_time(tmp_path: Path) -> None:
    path, _ = written("dtx.amr", tmp_path)
    content = path.read_bytes()
    sizes = {0: 13, 1: 14, 2: 16, 3: 18, 4: 20, 5: 21, 6: 27, 7: 32, 8: 6, 15: 1}
    at, seen = 6, []
    while at < len(content):
        seen.append(content[at] >> 3 & 15)
        at += sizes[seen[-1]]
    assert {8, 15} <= set(seen), "the encoder sent no silence descriptors: the test proves nothing"

    recording, heard = decode(path)

    assert kinds(recording) == []
    assert len(heard) == len(seen) * 160


def test_broken_amr_frames_are_counted_or_concealed(tmp_path: Path) -> None:
    path, samples = written("call.amr", tmp_path)
    content = bytearray(path.read_bytes())
    content[6 + 32 * 50] |= 0x78  # "no data": the frame's own bytes now read as frames
    path.write_bytes(content)
    recording, heard = decode(path)
    assert len(heard) > 0.3 * len(samples)
    assert recording.samples == len(heard)


def test_the_first_of_several_tracks_is_read_and_said(tmp_path: Path) -> None:
    path = tmp_path / "meeting.mkv"
    tone = call(16000, 2)
    write_av(path, [tone, tone[:, ::-1]], 16000, container="matroska", codec="flac", picture=True)

    recording, heard = decode(path)

    assert kinds(recording) == ["several-tracks"]
    np.testing.assert_array_equal(heard * 32768, tone)


def test_a_film_is_read_for_its_sound(tmp_path: Path) -> None:
    path = tmp_path / "meeting.mp4"
    write_av(path, [call(16000, 2)], 16000, container="mp4", codec="aac", picture=True)
    recording, heard = decode(path)
    assert (recording.container, recording.codec, heard.shape[1]) == ("MP4", "aac", 2)


def test_a_flac_behind_a_tag_is_found(tmp_path: Path) -> None:
    path, samples = written("call.flac", tmp_path)
    path.write_bytes(b"ID3\x03\x00\x00\x00\x00\x07\x68" + bytes(1000) + path.read_bytes())
    assert len(decode(path)[1]) == len(samples)
    piece, _ = read_segment(path, Segment(1.0, 2.0))
    np.testing.assert_array_equal(piece * 32768, samples[8000:16000])


def test_an_mp3_behind_a_long_tag_or_junk_is_found(tmp_path: Path) -> None:
    path, _ = written("call.mp3", tmp_path)
    plain, expected = decode(path)
    content = path.read_bytes()
    size = 100_000
    tag = b"ID3\x03\x00\x00" + bytes(size >> shift & 0x7F for shift in (21, 14, 7, 0)) + bytes(size)
    content = content[content.index(b"\xff") :] if content[:3] == b"ID3" else content
    path.write_bytes(tag + content)
    recording, heard = decode(path)
    assert len(heard) == len(expected)

    path.write_bytes(np.random.default_rng(0).integers(0, 255, 5000, np.uint8).tobytes() + content)
    recording, heard = decode(path)
    assert recording.container == "MP3"
    assert recording.duration == pytest.approx(plain.duration, abs=0.2)


def test_a_headerless_file_that_ends_within_a_frame_says_so(tmp_path: Path) -> None:
    for name, extra in (("call.sln", 1), ("call.g729", 7), ("call.gsm", 20)):
        path, _ = written(name, tmp_path)
        whole, _ = decode(path)
        path.write_bytes(path.read_bytes() + bytes([0xD5]) * extra)
        recording, _ = decode(path)
        assert kinds(recording)[0] == "truncated", name
        assert recording.findings[0].evidence["trailing_bytes"] == extra
        assert recording.samples == whole.samples


def test_a_header_wins_over_the_name(tmp_path: Path) -> None:
    path, samples = written("pcm_16.wav", tmp_path)
    for name in ("call.ulaw", "call.gsm", "call.mp3", "call", "call.SLN16"):
        renamed = path.rename(tmp_path / name)
        recording, heard = decode(renamed)
        assert (recording.container, len(heard)) == ("WAV", len(samples))
        path = renamed


def test_stereo_g711_without_a_header_is_told_by_options(tmp_path: Path) -> None:
    path = tmp_path / "call.ulaw"
    samples = call(16000, 2)
    soundfile.write(path, samples, 16000, format="RAW", subtype="ULAW")
    options = OpenOptions(rate=16000, channel_names=("agent", "customer"))  # two names, two channels
    assert decode(path, OpenOptions(rate=16000, channel_count=2))[0].samples == len(samples)

    recording, heard = decode(path, options)

    assert (recording.sample_rate, recording.channels) == (16000, ("agent", "customer"))
    assert np.corrcoef(heard[:, 1], samples[:, 1])[0, 1] > 0.999


def test_a_name_that_is_no_utf8_is_opened(tmp_path: Path) -> None:
    for name in ("pcm_16.wav", "call.m4a"):
        path, samples = written(name, tmp_path)
        odd = path.rename(tmp_path / f"caf\udce9{path.suffix}")
        assert len(decode(odd)[1]) >= len(samples)


def test_a_name_that_reads_like_a_protocol_is_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, samples = written("call.m4a", tmp_path)
    path.rename(tmp_path / "concat:call.m4a")
    monkeypatch.chdir(tmp_path)
    assert len(decode(Path("concat:call.m4a"))[1]) >= len(samples)


def test_tags_that_are_no_utf8_do_no_harm(tmp_path: Path) -> None:
    path, samples = written("call.flac", tmp_path)
    tag = b"TITLE=\xff\xfe\xc3"
    comment = struct.pack("<II", 0, 1) + struct.pack("<I", len(tag)) + tag
    content = path.read_bytes()
    block = b"\x04" + len(comment).to_bytes(3, "big") + comment
    path.write_bytes(content[:42] + block + content[42:])  # behind the mark (4 bytes) and STREAMINFO (4 + 34)
    assert len(decode(path)[1]) == len(samples)


def test_what_is_known_of_a_recording_is_known_at_its_end_only(tmp_path: Path) -> None:
    path, _ = written("pcm_16.wav", tmp_path)
    with open_recording(path) as opened, pytest.raises(RuntimeError, match="to the end first"):
        opened.recording()


@pytest.mark.parametrize(
    ("name", "minutes", "most"),
    [("pcm_16.wav", 10, 6e6), ("call.flac", 10, 6e6), ("call.m4a", 2, 6e6), ("call.opus", 4, 20e6)],
)
def test_memory_does_not_grow_with_length(name: str, minutes: int, most: float, tmp_path: Path) -> None:
    path, samples = written(name, tmp_path, seconds=minutes * 60.0)
    with open_recording(path) as opened:
        total = 0
        tracemalloc.start()
        try:
            for block in opened.blocks():
                assert len(block) <= 10 * opened.sample_rate
                total += len(block)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert total >= len(samples)
    assert peak < most  # some blocks at the decoder's own rate, 48 kHz for Opus; all samples would be more


def test_real_calls_are_read(audio_data: Path) -> None:
    calls = sorted((audio_data / "calls").glob("*.wav"))
    if not calls:
        absent("a real call")
    for path in calls:
        recording, heard = decode(path)
        frames = soundfile.info(path).frames
        assert (recording.samples, kinds(recording)) == (frames, [])
        assert np.abs(heard).max() > 0.01


def test_the_byte_that_pads_an_odd_number_of_gsm_blocks_is_not_decoded(tmp_path: Path) -> None:
    path = tmp_path / "odd.wav"
    soundfile.write(path, np.zeros(320 * 7), 8000, subtype="GSM610")
    content = path.read_bytes()
    at = content.index(b"data")
    path.write_bytes(content[: at + 4] + (7 * 65).to_bytes(4, "little") + content[at + 8 : at + 8 + 7 * 65] + b"\0")
    with open_recording(path) as opened:
        assert sum(len(block) for block in opened.blocks()) == 7 * 320
        assert opened.recording().findings == ()
