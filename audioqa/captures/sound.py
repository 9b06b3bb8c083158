"""The sound of a captured call as a recording: a channel for each party, all on the clock of the call."""

from __future__ import annotations

import wave
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from audioqa.audio import Resampler
from audioqa.captures.decoding import DecodedStream


def write_sound(file: Path, parties: Sequence[Sequence[DecodedStream]], *, began: int) -> None:
    """Write a call as a WAV file of 16 bits, at the highest rate of its streams.

    Parameters
    ----------
    file
        The file to write.
    parties
        The streams of each party, at least one each; where two overlap, the later one is heard.
    began
        When the call began, ns.
    """
    rate = max(one.rate for streams in parties for one in streams)
    channels = [_channel(streams, rate, began) for streams in parties]
    sound = np.zeros((max(len(channel) for channel in channels), len(channels)), np.int16)
    for number, channel in enumerate(channels):
        sound[: len(channel), number] = np.clip(np.rint(channel * 32768), -32768, 32767)
    with wave.open(str(file), "wb") as out:
        out.setnchannels(sound.shape[1])
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes(np.ascontiguousarray(sound).tobytes())


def _channel(streams: Sequence[DecodedStream], rate: int, began: int) -> NDArray[np.float32]:
    placed = []
    for one in streams:
        samples = one.samples
        if one.rate != rate:
            samples = Resampler(one.rate, rate, channels=1).push(samples[:, None], last=True)[:, 0]
        placed.append((round((one.began - began) * rate / 1e9), samples))
    channel = np.zeros(max(at + len(samples) for at, samples in placed), np.float32)
    for at, samples in placed:
        channel[at : at + len(samples)] = samples
    return channel
