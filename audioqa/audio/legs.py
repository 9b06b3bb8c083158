"""The legs of one call, recorded to a file each, as one recording: channels side by side, from a common beginning.

Legs of different rates are brought to the greatest one. Recorders close their files one after the other, and some leave
out silence: the end of a shorter leg is filled with digital silence, and a finding says how much.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from audioqa.audio.decoding import Decoding
from audioqa.audio.resample import Resampler
from audioqa.types import Finding, Segment, Severity
from audioqa.types.reports import BETWEEN_LEGS

if TYPE_CHECKING:
    from audioqa.audio.opening import OpenedRecording

_WORTH_TELLING = 0.02
"""Seconds of filling that are told: one packet of telephony more or less is in the nature of recorders."""

_WORTH_A_WARNING = 2.0
"""Seconds of filling that are a warning: a silence as long is reported as dead air."""

KINDS = ("padded-leg",)
"""Kinds of finding that come of joining legs."""


def join(legs: Sequence[OpenedRecording], channels: Sequence[str]) -> Decoding:
    """One decoding of several files that are open.

    Parameters
    ----------
    legs
        The files, in the order of the call's channels; they are closed with the decoding.
    channels
        A name for each channel of all of them.
    """
    rate = max(leg.sample_rate for leg in legs)
    lengths = [0] * len(legs)
    expected = [leg.expected_samples and round(leg.expected_samples * rate / leg.sample_rate) for leg in legs]

    def findings() -> tuple[Finding, ...]:
        found: list[Finding] = []
        first = 0
        for leg, length in zip(legs, lengths, strict=True):
            own = channels[first] if len(leg.channels) == 1 else None
            found += [replace(each, channel=each.channel or own) for each in leg.findings()]
            found += _filled(channels[first], Segment(length / rate, max(lengths) / rate))
            first += len(leg.channels)
        return tuple(found)

    def close() -> None:
        for leg in legs:
            leg.close()

    return Decoding(
        container=BETWEEN_LEGS.join(dict.fromkeys(leg.container for leg in legs)),
        codec=BETWEEN_LEGS.join(dict.fromkeys(leg.codec for leg in legs)),
        sample_rate=rate,
        channel_count=sum(len(leg.channels) for leg in legs),
        expected_samples=max(each for each in expected if each) if all(expected) else None,
        unbounded=False,
        blocks=_side_by_side([_at_rate(leg, rate) for leg in legs], [len(leg.channels) for leg in legs], lengths),
        findings=findings,
        close=close,
    )


def beside(parts: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
    """Samples side by side, the ends of shorter parts filled with zeros.

    Parameters
    ----------
    parts
        float32 ``(n, channels)`` each, of any lengths.

    Returns
    -------
    ndarray
        float32 ``(longest n, all channels)``.
    """
    longest = max(len(part) for part in parts)
    return np.hstack([np.pad(part, ((0, longest - len(part)), (0, 0))) for part in parts])


def _at_rate(leg: OpenedRecording, rate: int) -> Iterator[NDArray[np.float32]]:
    resampler = Resampler(leg.sample_rate, rate, channels=len(leg.channels))
    for block in leg.blocks():
        yield resampler.push(block)
    yield resampler.push(np.zeros((0, len(leg.channels)), np.float32), last=True)


def _side_by_side(
    streams: list[Iterator[NDArray[np.float32]]], counts: list[int], lengths: list[int]
) -> Iterator[NDArray[np.float32]]:
    """Yield as many samples as every leg that goes on has ready, and count in `lengths` what each one had."""
    ready = [np.zeros((0, count), np.float32) for count in counts]
    going = [True] * len(streams)
    while True:
        for index, stream in enumerate(streams):
            while going[index] and not len(ready[index]):
                block = next(stream, None)
                if block is None:
                    going[index] = False
                else:
                    ready[index] = block
        most = min((len(each) for each in ready if len(each)), default=0)
        if not most:
            return
        taken = [each[:most] for each in ready]
        for index, each in enumerate(taken):
            lengths[index] += len(each)
            ready[index] = ready[index][most:]
        yield beside(taken)


def _filled(channel: str, segment: Segment) -> list[Finding]:
    seconds = segment.duration
    if seconds < _WORTH_TELLING:
        return []
    message = f"{channel}: its file is {seconds:.2f} s shorter than the other leg's; its end was filled with silence."
    severity: Severity = "warning" if seconds >= _WORTH_A_WARNING else "notice"
    return [Finding("padded-leg", message, severity, {"seconds": round(seconds, 3)}, channel, segment)]
