"""Opening a call recording, whatever it is, and learning from it while its samples go by."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from audioqa.audio.choice import decode
from audioqa.audio.decoding import Decoding
from audioqa.audio.faults import SampleBounds
from audioqa.audio.legs import join
from audioqa.audio.options import OpenOptions
from audioqa.errors import SettingsError, UnreadableRecordingError
from audioqa.types import Finding, Recording
from audioqa.types.reports import BETWEEN_LEGS

RecordingPath = str | os.PathLike[str] | Sequence[str | os.PathLike[str]]
"""A recording: one file, or the files of a call's legs in the order of its channels."""

_DEFAULTS = OpenOptions()
_MANY_CHANNELS = 8


class OpenedRecording:
    """A recording that has been opened and from which sound can be had; made by `open_recording`.

    Attributes
    ----------
    path
        The file as the caller named it; of legs their names with a plus between them.
    sample_rate
        Hz, the file's own.
    channels
        A name for each channel, in file order.
    container, codec
        As `audioqa.types.Recording` has them.
    expected_samples
        Samples per channel that the file promises, None where it does not say; for progress only.
    """

    def __init__(self, files: tuple[str, ...], decoding: Decoding, channels: tuple[str, ...]) -> None:
        self.path = BETWEEN_LEGS.join(files)
        self.sample_rate = decoding.sample_rate
        self.channels = channels
        self.container = decoding.container
        self.codec = decoding.codec
        self.expected_samples = decoding.expected_samples
        self._files = files
        self._decoding = decoding
        self._bounds = SampleBounds()
        self._samples = 0
        self._exhausted = False

    def __enter__(self) -> OpenedRecording:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        self._decoding.close()

    def blocks(self) -> Iterator[NDArray[np.float32]]:
        """Yield the samples once, in order.

        Yields
        ------
        ndarray
            float32 ``(n, channels)`` in [-1, 1), at most 10 s each. 16-bit samples are exactly their
            value divided by 32768.
        """
        for block in self._decoding.blocks:
            if not len(block):
                continue
            self._samples += len(block)
            yield self._bounds.apply(block) if self._decoding.unbounded else block
        self._exhausted = True

    def findings(self) -> tuple[Finding, ...]:
        """What is the matter with the file, as far as it has been read."""
        return (*self._decoding.findings(), *self._bounds.findings())

    def recording(self) -> Recording:
        """Return what was learnt of the file.

        Returns
        -------
        Recording
            With the SHA-256 of the bytes, which are read once more for it; of legs, that of theirs (`content_hash`).

        Raises
        ------
        RuntimeError
            `blocks` has not been read to its end.
        """
        if not self._exhausted:
            raise RuntimeError("read blocks() to the end first: what is known of a recording is known only then")
        digest = combined_hash([content_hash(file) for file in self._files])
        findings = self.findings()
        if len(self.channels) > _MANY_CHANNELS:
            message = f"The file has {len(self.channels)} channels; a call has one for each party."
            findings += (Finding("many-channels", message, "notice", {"channels": len(self.channels)}),)
        return Recording(
            path=self.path,
            sha256=digest,
            container=self.container,
            codec=self.codec,
            sample_rate=self.sample_rate,
            samples=self._samples,
            channels=self.channels,
            findings=findings,
        )


def open_recording(path: RecordingPath, *, options: OpenOptions = _DEFAULTS) -> OpenedRecording:
    """Open a call recording of any format.

    Parameters
    ----------
    path
        A regular file; or several, the legs of one call, whose channels come side by side (`audioqa.audio.legs`).
    options
        What the file does not say of itself. Of legs, `channel_count` is that of each file, and `channel_names` are
        those of the call.

    Returns
    -------
    OpenedRecording
        To be used in a ``with`` statement.

    Raises
    ------
    UnreadableRecordingError
        No sound can be had from the file, or the options contradict it.
    """
    files = files_of(path)
    if len(files) > 1:
        return _open_legs(files, options)
    (name,) = files
    decoding = decode(name, options, start=0)
    try:
        _hold_against(name, decoding, options)
        channels = _channel_names(name, decoding.channel_count, options)
    except UnreadableRecordingError:
        decoding.close()
        raise
    return OpenedRecording(files, decoding, channels)


def files_of(path: RecordingPath) -> tuple[str, ...]:
    """The files of a recording, at least one.

    Raises
    ------
    SettingsError
        Where there is none.
    """
    files = (path,) if isinstance(path, str | os.PathLike) else tuple(path)
    if not files:
        raise SettingsError("a recording has at least one file, and none was named")
    return tuple(os.fspath(file) for file in files)


def content_hash(path: str | os.PathLike[str]) -> str:
    """Hexadecimal SHA-256 of a file's bytes."""
    with Path(path).open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def combined_hash(hashes: Sequence[str]) -> str:
    """What `Recording.sha256` is of files with these hashes: one file's own, or the SHA-256 of several, one a line."""
    return hashes[0] if len(hashes) == 1 else hashlib.sha256("\n".join(hashes).encode()).hexdigest()


def _open_legs(files: tuple[str, ...], options: OpenOptions) -> OpenedRecording:
    legs: list[OpenedRecording] = []
    try:
        for number, file in enumerate(files, 1):
            try:
                legs.append(open_recording(file, options=replace(options, channel_names=())))
            except UnreadableRecordingError as error:
                raise UnreadableRecordingError(error.path, f"leg {number}: {error.cause}") from None
        count = sum(len(leg.channels) for leg in legs)
        channels = _channel_names(BETWEEN_LEGS.join(files), count, options)
    except UnreadableRecordingError:
        for leg in legs:
            leg.close()
        raise
    return OpenedRecording(files, join(legs, channels), channels)


def _hold_against(path: str, decoding: Decoding, options: OpenOptions) -> None:
    """Refuse options that contradict a header."""
    if decoding.container == "headerless":
        return
    header = f"its {decoding.container} header"
    if options.rate not in (None, decoding.sample_rate):
        wrong = f"{header} says {decoding.sample_rate} Hz, not {options.rate}: leave --rate out"
    elif options.channel_count not in (None, decoding.channel_count):
        wrong = f"{header} says {decoding.channel_count} channels, not {options.channel_count}: leave the count out"
    elif options.format is not None and _coding(options.format) not in decoding.codec.lower():
        wrong = f"{header} says {decoding.codec}, not {options.format}: leave --format out"
    else:
        return
    raise UnreadableRecordingError(path, wrong)


def _coding(format_name: str) -> str:
    """Return what the codec of a file coded as a headerless format is called in part, by either library."""
    return "pcm_" if format_name == "slin" else format_name.split("-")[0]


def _channel_names(path: str, count: int, options: OpenOptions) -> tuple[str, ...]:
    if not options.channel_names:
        return tuple(f"channel {number}" for number in range(1, count + 1))
    if len(options.channel_names) != count:
        given = ", ".join(options.channel_names)
        plural = "channel" if count == 1 else "channels"
        raise UnreadableRecordingError(
            path, f"it has {count} {plural}, but {len(options.channel_names)} names were given ({given})"
        )
    return options.channel_names
