"""Writes the same call in every format that a call platform records, so that the loader can be held to one truth.

The call: half a second of nothing, then a tone to the end, 440 Hz on the first channel and 1000 Hz on the second.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

ONSET = 0.5
TONES = (440.0, 1000.0)
SECONDS = 3.0125
"""No multiple of any codec's frame."""

Writer = Callable[[Path, NDArray[np.int16], int], None]


def call(rate: int, channels: int, *, seconds: float = SECONDS, peak: int = 8000) -> NDArray[np.int16]:
    """The call as int16 ``(n, channels)`` at `rate` Hz."""
    time = np.arange(round(seconds * rate)) / rate
    tones = [np.sin(2 * np.pi * TONES[channel % 2] * time) for channel in range(channels)]
    return np.asarray(np.where(time[:, None] < ONSET, 0, peak * np.stack(tones, axis=1)), np.int16)


def absent(what: str) -> None:
    """Skip the test for want of an encoder, or fail it where everything ought to be there."""
    if os.environ.get("CI"):
        pytest.fail(f"{what} is missing")
    pytest.skip(f"{what} is missing")


def by_soundfile(container: str, subtype: str, **more: Any) -> Writer:
    def write(path: Path, samples: NDArray[np.int16], rate: int) -> None:
        # soundfile writes integers into floating-point files as they are, and not divided by full scale.
        data = samples / np.float32(32768) if subtype in ("FLOAT", "DOUBLE") else samples
        soundfile.write(path, data, rate, format=container, subtype=subtype, **more)

    return write


def by_av(container: str, codec: str, *, bit_rate: int = 0, **options: str) -> Writer:
    def write(path: Path, samples: NDArray[np.int16], rate: int) -> None:
        write_av(path, [samples], rate, container=container, codec=codec, bit_rate=bit_rate, options=options)

    return write


def write_av(
    path: Path,
    tracks: Sequence[NDArray[np.int16]],
    rate: int,
    *,
    container: str,
    codec: str,
    bit_rate: int = 0,
    options: dict[str, str] | None = None,
    picture: bool = False,
    keep: Callable[[int], bool] = lambda _: True,
) -> None:
    """Write audio tracks by PyAV, perhaps beside a picture, and only those packets whose number `keep` wants."""
    if codec not in av.codecs_available:
        absent(f"FFmpeg's encoder {codec}")
    with av.open(path, "w", format=container) as target:
        video = None
        if picture:
            video = target.add_stream("mpeg4", rate=5)
            video.width = video.height = 16
            video.pix_fmt = "yuv420p"
        streams = []
        for samples in tracks:
            stream: Any = target.add_stream(
                codec, rate=rate, layout="mono" if samples.shape[1] == 1 else "stereo", options=dict(options or {})
            )
            if bit_rate:
                stream.bit_rate = bit_rate
            streams.append(stream)
        if video is not None:
            for number in range(15):
                image = av.VideoFrame.from_ndarray(np.full((16, 16, 3), number, np.uint8), format="rgb24")
                target.mux(video.encode(image))
            target.mux(video.encode(None))
        for stream, samples in zip(streams, tracks, strict=True):
            layout = stream.codec_context.layout.name
            if not stream.codec_context.is_open:
                stream.codec_context.open()
            size = stream.codec_context.frame_size or 1024
            fit = av.AudioResampler(format=stream.codec_context.format, layout=layout, rate=rate, frame_size=size)
            frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples.reshape(1, -1)), "s16", layout)
            frame.sample_rate, frame.pts, frame.time_base = rate, 0, Fraction(1, rate)
            packets = [p for f in (*fit.resample(frame), *fit.resample(None)) for p in stream.encode(f)]
            packets += stream.encode(None)
            for number, packet in enumerate(packets):
                if keep(number):
                    target.mux(packet)


def by_command(*arguments: str) -> Writer:
    """Encode by the system's ffmpeg, which has codecs that PyAV's lacks."""

    def write(path: Path, samples: NDArray[np.int16], rate: int) -> None:
        program = shutil.which("ffmpeg") or absent("the program ffmpeg")
        source = path.with_name("source.wav")
        soundfile.write(source, samples, rate)
        command = [str(program), "-y", "-v", "error", "-i", str(source), *arguments, str(path)]
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        if "Unknown encoder" in done.stderr:
            absent(f"ffmpeg's encoder {arguments}")
        assert done.returncode == 0, done.stderr

    return write


def _library(name: str) -> ctypes.CDLL:
    try:
        return ctypes.CDLL(name)
    except OSError:
        absent(name)
        raise


def g729(path: Path, samples: NDArray[np.int16], rate: int) -> None:
    """Frames of G.729 Annex A by libbcg729; the last one is completed with zeros."""
    assert rate == 8000
    library = _library("libbcg729.so.0")
    library.initBcg729EncoderChannel.restype = ctypes.c_void_p
    state = ctypes.c_void_p(library.initBcg729EncoderChannel(ctypes.c_uint8(0)))
    frames = np.pad(samples[:, 0], (0, -len(samples) % 80)).reshape(-1, 80)
    bits, length = ctypes.create_string_buffer(10), ctypes.c_uint8()
    with path.open("wb") as target:
        for frame in frames:
            library.bcg729Encoder(state, frame.tobytes(), bits, ctypes.byref(length))
            target.write(bits.raw[: length.value])
    library.closeBcg729EncoderChannel(state)


def amr_wb(path: Path, samples: NDArray[np.int16], rate: int, *, dtx: bool = False) -> None:
    """AMR-WB at 12.65 kbit/s in the storage format of RFC 4867, by libvo-amrwbenc."""
    assert rate == 16000
    library = _library("libvo-amrwbenc.so.0")
    library.E_IF_init.restype = ctypes.c_void_p
    state = ctypes.c_void_p(library.E_IF_init())
    frames = np.pad(samples[:, 0], (0, -len(samples) % 320)).reshape(-1, 320)
    packet = ctypes.create_string_buffer(64)
    with path.open("wb") as target:
        target.write(b"#!AMR-WB\n")
        for frame in frames:
            size = library.E_IF_encode(state, 2, frame.tobytes(), packet, int(dtx))
            target.write(packet.raw[:size])
    library.E_IF_exit(state)


def amr_wb_dtx(path: Path, samples: NDArray[np.int16], rate: int) -> None:
    amr_wb(path, samples, rate, dtx=True)


@dataclass(frozen=True)
class Format:
    """One way of recording the call, and what is to be expected of it.

    `slack` is the largest error of the duration in seconds: 0 for PCM, a frame for speech codecs, the
    encoder's delay and a frame for music codecs. `late` is the codec's own delay in seconds.
    """

    file: str
    write: Writer
    container: str
    codec: str
    rate: int = 8000
    channels: int = 2
    slack: float = 0.0
    late: float = 0.0
    options: dict[str, Any] = field(default_factory=dict)


_PCM = tuple(
    Format(f"{subtype.lower()}.{name}", by_soundfile(container, subtype), shown, subtype)
    for container, name, shown, subtypes in (
        ("WAV", "wav", "WAV", ("PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE", "ULAW", "ALAW")),
        ("AIFF", "aiff", "AIFF", ("PCM_S8", "PCM_16", "ULAW", "FLOAT")),
        ("AU", "au", "AU", ("PCM_16", "ULAW", "ALAW")),
        ("CAF", "caf", "CAF", ("PCM_16", "ULAW")),
        ("W64", "w64", "W64", ("PCM_16",)),
        ("RF64", "rf64.wav", "RF64", ("PCM_16",)),
        ("NIST", "sph", "SPH", ("PCM_16", "ULAW")),
        ("VOC", "voc", "VOC", ("PCM_16", "ULAW")),
    )
    for subtype in subtypes
)

FORMATS: tuple[Format, ...] = (
    *_PCM,
    Format("rifx.wav", by_soundfile("WAV", "PCM_16", endian="BIG"), "RIFX", "PCM_16"),
    Format("extensible.wav", by_soundfile("WAVEX", "PCM_16"), "WAV", "PCM_16"),
    Format("wide.wav", by_soundfile("WAV", "PCM_16"), "WAV", "PCM_16", rate=48000),
    Format("asterisk.WAV", by_soundfile("WAV", "GSM610"), "WAV", "GSM610", channels=1, slack=0.04),
    Format("ima.wav", by_soundfile("WAV", "IMA_ADPCM"), "WAV", "IMA_ADPCM", slack=0.065),
    Format("ms.wav", by_soundfile("WAV", "MS_ADPCM"), "WAV", "MS_ADPCM", slack=0.065),
    Format("nms.wav", by_soundfile("WAV", "NMS_ADPCM_32"), "WAV", "NMS_ADPCM_32", channels=1, slack=0.02),
    Format("nms16.wav", by_soundfile("WAV", "NMS_ADPCM_16"), "WAV", "NMS_ADPCM_16", channels=1, slack=0.02),
    Format("g721.wav", by_soundfile("WAV", "G721_32"), "WAV", "G721_32", channels=1, slack=0.015),
    Format("g723.au", by_soundfile("AU", "G723_24"), "AU", "G723_24", channels=1, slack=0.015),
    Format("g726.wav", by_av("wav", "g726", bit_rate=32000), "WAV", "adpcm_g726", channels=1, slack=0.02),
    Format("mpeg.wav", by_av("wav", "libmp3lame"), "WAV", "mp3", slack=0.3, late=0.14),
    Format("call.flac", by_soundfile("FLAC", "PCM_16"), "FLAC", "flac"),
    Format("wide24.flac", by_soundfile("FLAC", "PCM_24"), "FLAC", "flac", rate=16000),
    Format("flac.ogg", by_command("-c:a", "flac"), "Ogg", "flac"),
    Format("alac.m4a", by_av("ipod", "alac"), "MP4", "alac"),
    Format("alac.caf", by_soundfile("CAF", "ALAC_16"), "CAF", "ALAC_16"),
    Format("call.wv", by_av("wv", "wavpack"), "WavPack", "wavpack"),
    Format("call.tta", by_av("tta", "tta"), "TTA", "tta"),
    Format("call.mp3", by_av("mp3", "libmp3lame"), "MP3", "mp3", slack=0.15),
    Format("mono.mp3", by_av("mp3", "libmp3lame", bit_rate=32000), "MP3", "mp3", rate=44100, channels=1, slack=0.05),
    Format("call.mp2", by_av("mp2", "mp2"), "MP3", "mp2", rate=16000, slack=0.15, late=0.03),
    Format("call.m4a", by_av("ipod", "aac"), "MP4", "aac", slack=0.26),
    Format("call.mp4", by_av("mp4", "aac"), "MP4", "aac", rate=16000, slack=0.13),
    Format("call.aac", by_av("adts", "aac"), "AAC", "aac", slack=0.26, late=0.128),
    Format("call.mkv", by_av("matroska", "aac"), "Matroska", "aac", rate=48000, slack=0.05),
    Format("call.ts", by_av("mpegts", "aac"), "MPEG-TS", "aac", rate=48000, slack=0.05, late=0.022),
    Format("call.opus", by_av("ogg", "libopus"), "Ogg", "opus", slack=0.02),
    Format("wide.opus", by_av("ogg", "libopus"), "Ogg", "opus", rate=48000, slack=0.02),
    Format("call.webm", by_av("webm", "libopus"), "Matroska", "opus", slack=0.03),
    Format("opus.mp4", by_av("mp4", "libopus"), "MP4", "opus", rate=16000, slack=0.03),
    Format("vorbis.ogg", by_soundfile("OGG", "VORBIS"), "Ogg", "vorbis", slack=0.035),
    Format("call.wma", by_av("asf", "wmav2", bit_rate=32000), "ASF", "wmav2", rate=16000, slack=0.26, late=-0.06),
    Format("call.spx", by_command("-c:a", "libspeex"), "Ogg", "speex", channels=1, slack=0.02),
    Format("wide.spx", by_command("-c:a", "libspeex"), "Ogg", "speex", rate=16000, channels=1, slack=0.02),
    Format("call.amr", by_av("amr", "libopencore_amrnb", bit_rate=12200), "AMR", "amr_nb", channels=1, slack=0.02),
    Format(
        "dtx.amr", by_av("amr", "libopencore_amrnb", bit_rate=5900, dtx="1"), "AMR", "amr_nb", channels=1, slack=0.02
    ),
    Format("amr.3gp", by_av("3gp", "libopencore_amrnb", bit_rate=7950), "MP4", "amr_nb", channels=1, slack=0.03),
    Format("call.awb", amr_wb, "AMR", "amr_wb", rate=16000, channels=1, slack=0.02),
    Format("dtx.awb", amr_wb_dtx, "AMR", "amr_wb", rate=16000, channels=1, slack=0.02),
    Format("call.ulaw", by_soundfile("RAW", "ULAW"), "headerless", "ULAW", channels=1),
    Format("call.alaw", by_soundfile("RAW", "ALAW"), "headerless", "ALAW", channels=1),
    Format("call.sln", by_soundfile("RAW", "PCM_16", endian="LITTLE"), "headerless", "PCM_16", channels=1),
    Format("call.sln48", by_soundfile("RAW", "PCM_16"), "headerless", "PCM_16", rate=48000, channels=1),
    Format("call.gsm", by_soundfile("RAW", "GSM610"), "headerless", "gsm", channels=1, slack=0.02),
    Format("call.g722", by_av("g722", "g722"), "headerless", "adpcm_g722", rate=16000, channels=1, slack=0.07),
    Format("call.g729", g729, "headerless", "g729", channels=1, slack=0.01),
    Format("call.g723", by_av("g723_1", "g723_1", bit_rate=6300), "headerless", "g723_1", channels=1, slack=0.03),
    *(
        Format(
            f"call.g726-{rate}",
            by_av("g726le", "g726le", bit_rate=rate * 1000),
            "headerless",
            "adpcm_g726le",
            channels=1,
            slack=0.03,
        )
        for rate in (40, 32, 24, 16)
    ),
    Format("call.vox", by_soundfile("RAW", "VOX_ADPCM"), "headerless", "VOX_ADPCM", channels=1, options={"rate": 8000}),
    Format(
        "call.raw",
        by_soundfile("RAW", "PCM_16"),
        "headerless",
        "PCM_16",
        rate=16000,
        options={"format": "slin", "rate": 16000, "channel_count": 2},
    ),
)
