"""The recording as a page can carry it: small, playable in every browser, channels still apart.

Short calls go in as WAV, untouched but for the rate; longer ones as MP3 of constant bit rate, in which a browser
can jump without reading from the start. Measured with libsndfile 1.2.2 on two parties that speak by
turns: what leaks into the silent party stays below that party's own noise, 35 dB under the speech.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

import numpy as np

from audioqa.audio import OpenOptions, RecordingPath, Resampler, open_recording
from audioqa.render.pictures import require_channels
from audioqa.types import Recording, Skipped

WAV_BYTES = 4_000_000
"""Largest WAV embedded: 60 s of two channels at 16 kHz are 3.8 MB."""

MP3_SECONDS = 2 * 3600.0
"""Longest recording embedded: 22 MB at 24 kbit/s."""

WIDEBAND_SECONDS = 1800.0
"""Longest MP3 at 16 kHz (40 kbit/s, 9 MB); longer ones go in at 8 kHz."""

NARROWBAND, WIDEBAND = 8000, 16_000

_WAV_SECONDS = 60.0
# libsndfile's compression levels, 0 to 1: the lowest constant bit rates at which LAME's header still fits into a frame.
# Without it a decoder cannot take the encoder's delay of 1105 samples away, and sound lags the picture by 0.14 s.
_LEVELS = {NARROWBAND: 0.7, WIDEBAND: 0.8}


@dataclass(frozen=True)
class Listening:
    """Encoded audio.

    Parameters
    ----------
    mime
        Its media type.
    data
        The bytes.
    rate
        Hz, of the encoded audio.
    """

    mime: str
    data: bytes
    rate: int


def encode_for_listening(
    recording: Recording,
    *,
    options: OpenOptions = OpenOptions(),  # noqa: B008 - frozen
    path: RecordingPath | None = None,
) -> Listening | Skipped:
    """The recording for a page, or why a page cannot carry it.

    Parameters
    ----------
    recording
        What was learnt when it was scored.
    options
        How it was opened.
    path
        Where it is now, if not at ``recording.path``.

    Raises
    ------
    UnreadableRecordingError
        Where the file is gone or can no longer be read.
    """
    channels, duration = len(recording.channels), recording.duration
    if recording.samples == 0:
        return Skipped("player", None, "the recording holds no audio")
    rate = _wav_rate(recording.sample_rate)
    where = recording.path if path is None else path
    if duration <= _WAV_SECONDS and 2 * channels * rate * duration <= WAV_BYTES:
        return Listening("audio/wav", _encode(where, options, recording, rate, "WAV"), rate)
    if channels > 2:
        return Skipped("player", None, f"MP3 holds two channels and this recording has {channels}")
    if duration > MP3_SECONDS:
        return Skipped("player", None, f"the recording is longer than {MP3_SECONDS / 3600:.0f} hours")
    rate = WIDEBAND if recording.sample_rate > 12_000 and duration <= WIDEBAND_SECONDS else NARROWBAND
    return Listening("audio/mpeg", _encode(where, options, recording, rate, "MP3"), rate)


def _wav_rate(rate: int) -> int:
    """Browsers play any rate from 3 to 384 kHz; above 16 kHz it would only be larger."""
    return rate if NARROWBAND <= rate <= WIDEBAND else (NARROWBAND if rate < NARROWBAND else WIDEBAND)


def _encode(path: RecordingPath, options: OpenOptions, recording: Recording, rate: int, container: str) -> bytes:
    import soundfile

    channels = len(recording.channels)
    resampler = Resampler(recording.sample_rate, rate, channels=channels)
    shape: dict[str, Any] = {"format": "WAV", "subtype": "PCM_16"}
    if container == "MP3":
        shape = {"format": "MP3", "subtype": "MPEG_LAYER_III", "bitrate_mode": "CONSTANT"}
        shape["compression_level"] = _LEVELS[rate]
    buffer = io.BytesIO()
    with (
        open_recording(path, options=options) as opened,
        soundfile.SoundFile(buffer, "w", samplerate=rate, channels=channels, **shape) as sink,
    ):
        require_channels(opened.path, found=len(opened.channels), expected=channels)
        for block in opened.blocks():
            sink.write(np.clip(resampler.push(np.nan_to_num(block)), -1, 1))
        sink.write(np.clip(resampler.push(np.zeros((0, channels), np.float32), last=True), -1, 1))
    return buffer.getvalue()
