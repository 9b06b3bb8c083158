"""One streaming pass: blocks of samples in, small tables out.

Everything that detectors and scoring will ever know of a recording is gathered here, channel by channel:
frame tables, exact lists, accumulators, speech activity and scored windows. Memory grows by about 25 bytes
per 10 ms and channel; beyond four hours the tables live in temporary files, mapped into memory.

Sample values (histogram, runs, repeats) are those of the recording's own rate; frame tables are at 8 or 16 kHz,
resampled only where the recording has another rate.
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from mmap import mmap
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audioqa.audio import Resampler
from audioqa.frames import FRAME, FrameTable, frame_columns, mean_levels, table_rate
from audioqa.level import SpeechLevelMeter
from audioqa.low_spectrum import LowSpectrum
from audioqa.party import PartyView, party_view
from audioqa.perceptual.callmos import SUMS_RATE, CallMos
from audioqa.perceptual.callmos_features import FEATURES, HOP, rows
from audioqa.perceptual.callmos_stream import LONG_CHUNK, SHORT_CHUNK, CallMosStream, Heard
from audioqa.perceptual.estimator import RATE as ESTIMATOR_RATE
from audioqa.perceptual.estimator import Estimator
from audioqa.runs import ConstantRunFinder, ConstantRuns, ExactRepeatFinder, ExactRepeats
from audioqa.types import ActiveLevel, Skipped
from audioqa.windows import ScoredWindow, SpeechWindows
from audioqa.wraps import WrapFinder, Wraps

CHUNK = 10.0
"""Seconds reduced at a time: small enough for the processor's caches at 8 kHz."""

LEVEL_CLASSES = tuple(range(-80, 0, 10))
"""dBov: lower edges of the level classes of the long-term spectra, 10 dB each; the lowest takes all below."""

_HISTORY = 0.030  # s of context before a chunk: the longest lag
_MAPPED_AFTER = 4 * 3600.0  # s


@dataclass(frozen=True)
class ChannelMeasurements:
    """What one channel was reduced to.

    Parameters
    ----------
    name
        The channel's name.
    frames
        The frame table.
    levels
        float32, shape (frames,): level of each frame in dBov, which most detectors look at.
    histogram
        int64, shape (65536,): samples by value, bin ``value + 32768``, values in units of 1/32768.
    constant_runs, repeats, wraps
        Exact lists, at the recording's own rate.
    spectra
        float64, shape (8, bins): power spectra (31.25 Hz apart) summed over band frames, by `LEVEL_CLASSES`.
    spectra_frames
        int64, shape (8,): band frames in each class.
    low_spectra
        uint8, shape (n, 250): the spectrum below 500 Hz in every 10 s; see `audioqa.low_spectrum`.
    level
        P.56 active speech level, or why there is none.
    speech
        float32, shape (n,): speech probability, one per `speech_frame` seconds; empty where activity was not measured.
    speech_frame
        Seconds per speech probability.
    kinds
        uint8, shape (n,): what is heard, by `audioqa.perceptual.callmos_layout.KINDS`; as long as `speech`.
    windows
        Scored windows, on the estimator's own scale; empty without an estimator.
    """

    name: str
    frames: FrameTable
    levels: NDArray[np.float32]
    histogram: NDArray[np.int64]
    constant_runs: ConstantRuns
    repeats: ExactRepeats
    wraps: Wraps
    spectra: NDArray[np.float64]
    spectra_frames: NDArray[np.int64]
    low_spectra: NDArray[np.uint8]
    level: ActiveLevel | Skipped
    speech: NDArray[np.float32]
    speech_frame: float
    kinds: NDArray[np.uint8]
    windows: tuple[ScoredWindow, ...]


@dataclass(frozen=True)
class Measurements:
    """What a recording was reduced to.

    Parameters
    ----------
    sample_rate
        Hz, the recording's own.
    samples
        Samples per channel.
    channels
        One for each channel, in file order.
    """

    sample_rate: int
    samples: int
    channels: tuple[ChannelMeasurements, ...]

    @property
    def duration(self) -> float:
        """Length in seconds."""
        return self.samples / self.sample_rate

    @cached_property
    def parties(self) -> tuple[PartyView, ...]:
        """Every party, in file order, looked at once for all detectors; see `audioqa.party`."""
        return tuple(party_view(channel, self.duration) for channel in self.channels)


def measure(
    blocks: Iterable[NDArray[np.float32]],
    sample_rate: int,
    *,
    channels: Sequence[str],
    activity: CallMos | None,
    estimator: Estimator | None = None,
    progress: Callable[[float], None] | None = None,
) -> Measurements:
    """Reduce a stream of blocks to measurements.

    Parameters
    ----------
    blocks
        float32, each of shape (n, channels), in order; any lengths, the result does not depend on them.
    sample_rate
        Hz.
    channels
        A name for each channel.
    activity
        Tells speech from what is not; without it the measurements hold no speech activity and no windows.
    estimator
        Scores the speech windows. callmos pools what `activity` heard; any other is given the audio.
    progress
        Called with the seconds done so far.
    """
    _keep_memory()
    names = tuple(channels)
    pools = estimator if activity and isinstance(estimator, CallMos) else None
    takes_audio = estimator if activity and not pools else None
    windows: SpeechWindows | None = None
    if pools:
        windows = SpeechWindows(pools.pool, len(names), frame=HOP, rate=SUMS_RATE)
    elif takes_audio:
        windows = SpeechWindows(takes_audio.score, len(names), frame=HOP)
    chunk_rows = SHORT_CHUNK if takes_audio else LONG_CHUNK
    meters = [_ChannelMeter(sample_rate, activity.stream(chunk=chunk_rows) if activity else None) for _ in names]
    rate = table_rate(sample_rate)
    to_table = Resampler(sample_rate, rate, channels=len(names)) if rate != sample_rate else None
    resample = takes_audio is not None and rate != ESTIMATOR_RATE
    to_windows = Resampler(rate, ESTIMATOR_RATE, channels=len(names)) if resample else None
    samples = 0
    size = round(CHUNK * sample_rate)
    tables = _Rechunk(round(CHUNK * rate), len(names))
    for chunk, last in _chunks(blocks, size, len(names)):
        samples += len(chunk)
        native = np.ascontiguousarray(chunk.T)
        for meter, column in zip(meters, native, strict=True):
            meter.push_samples(column)
        table, pieces = chunk, [native]
        if to_table:
            table = to_table.push(chunk, last=last)
            pieces = [np.ascontiguousarray(piece.T) for piece in tables.push(table, last=last)]
        for piece in pieces:
            for meter, column in zip(meters, piece, strict=True):
                meter.push_frames(column)
        heard = [meter.hear(last=last) for meter in meters] if activity else []
        if windows:
            values = np.stack([one.sums for one in heard], axis=1)
            if takes_audio:
                values = to_windows.push(table, last=last) if to_windows else table
            windows.push(values, np.stack([one.speech for one in heard], axis=1), last=last)
        if progress:
            progress(samples / sample_rate)
    scored = windows.scored() if windows else ((),) * len(names)
    return Measurements(
        sample_rate=sample_rate,
        samples=samples,
        channels=tuple(meter.finish(name, own) for name, meter, own in zip(names, meters, scored, strict=True)),
    )


def measure_samples(
    samples: NDArray[np.float32], sample_rate: int, *, channels: Sequence[str], estimator: Estimator | None = None
) -> Measurements:
    """Measure a recording that is in memory; same result as streamed from a file.

    Parameters
    ----------
    samples
        float32 in [-1, 1), shape (n, channels).
    sample_rate
        Hz.
    channels
        A name for each channel.
    estimator
        Scores the speech windows.
    """
    return measure(
        [samples],
        sample_rate,
        channels=channels,
        activity=estimator if isinstance(estimator, CallMos) else CallMos(),
        estimator=estimator,
    )


def _keep_memory() -> None:
    """Have the C library keep the memory of arrays up to 16 MiB for the next ones.

    glibc gives large blocks back to the system, which hands them out again page by page, zeroed: a fifth of the pass.
    It stops doing so with blocks up to the size of the largest that was ever freed (mallopt(3), M_MMAP_THRESHOLD).
    """
    np.empty(16 * 2**20, dtype=np.uint8)


class _Rechunk:
    """Passes arrays of any length on in pieces of one size; the last may be shorter."""

    def __init__(self, size: int, channels: int) -> None:
        self._size = size
        self._kept: list[NDArray[np.float32]] = []
        self._length = 0
        self._empty = np.zeros((0, channels), dtype=np.float32)

    def push(self, block: NDArray[np.float32], *, last: bool = False) -> Iterator[NDArray[np.float32]]:
        self._kept.append(block)
        self._length += len(block)
        if self._length < self._size and not last:
            return
        joined = self._kept[0] if len(self._kept) == 1 else np.concatenate([self._empty, *self._kept])
        whole = len(joined) // self._size * self._size
        for start in range(0, whole, self._size):
            yield joined[start : start + self._size]
        rest = joined[whole:]
        if last and len(rest):
            yield rest
        self._kept = [rest] if len(rest) and not last else []
        self._length = sum(map(len, self._kept))


def _chunks(
    blocks: Iterable[NDArray[np.float32]], size: int, channels: int
) -> Iterator[tuple[NDArray[np.float32], bool]]:
    """Chunks of `size` samples, each with whether it is the last one; at least one chunk, perhaps empty."""
    rechunk = _Rechunk(size, channels)
    previous: NDArray[np.float32] | None = None
    for block in blocks:
        for chunk in rechunk.push(block):
            if previous is not None:
                yield previous, False
            previous = chunk
    empty = np.zeros((0, channels), dtype=np.float32)
    for chunk in rechunk.push(empty, last=True):
        if previous is not None:
            yield previous, False
        previous = chunk
    yield (empty if previous is None else previous), True


class _Column:
    """Rows appended in pieces; kept in memory, or beyond a limit in a temporary file.

    The memory is a map of its own, of which the system hands out only the pages that are written to: pieces kept by
    themselves would have to be joined in the end, and leave holes that nothing large fits into.
    """

    def __init__(self, limit: int, dtype: type[np.generic], *width: int) -> None:
        self._dtype, self._width = np.dtype(dtype), width
        self._kept = np.ndarray((limit, *width), dtype, mmap(-1, limit * math.prod(width) * self._dtype.itemsize))
        self._rows = 0
        self._file: Any = None

    def append(self, piece: NDArray[Any]) -> None:
        start, self._rows = self._rows, self._rows + len(piece)
        if self._rows <= len(self._kept):
            self._kept[start : self._rows] = piece
            return
        if self._file is None:
            self._file = tempfile.TemporaryFile(prefix="audioqa-")  # noqa: SIM115 - lives as long as its map
            self._file.write(self._kept[:start].tobytes())
            self._kept = self._kept[:0].copy()
        self._file.write(np.ascontiguousarray(piece, self._dtype).tobytes())

    def array(self) -> NDArray[Any]:
        if self._file is None:
            return self._kept[: self._rows]
        self._file.flush()
        mapped = np.memmap(self._file, dtype=self._dtype, mode="r", shape=(self._rows, *self._width))
        self._file.close()  # the map keeps the storage
        return mapped


class _ChannelMeter:
    """Reduces one channel, chunk by chunk."""

    def __init__(self, sample_rate: int, stream: CallMosStream | None) -> None:
        self._sample_rate = sample_rate
        self._stream = stream
        self._new_rows: list[NDArray[np.uint8]] = []
        self._rate = table_rate(sample_rate)
        self._history = np.zeros(round(_HISTORY * self._rate), dtype=np.float32)
        self._histogram = np.zeros(65536, dtype=np.int64)
        self._runs = ConstantRunFinder(sample_rate)
        self._repeats = ExactRepeatFinder(sample_rate)
        self._wraps = WrapFinder()
        self._level = SpeechLevelMeter()
        self._low = LowSpectrum(self._rate)
        limit = round(_MAPPED_AFTER / FRAME)
        self._columns = {name: _Column(limit, *kind) for name, kind in _COLUMNS.items()}
        self._levels = _Column(limit, np.float32)
        self._speech, self._kinds = _Column(limit // 2, np.float32), _Column(limit // 2, np.uint8)
        self._spectra = np.zeros((len(LEVEL_CLASSES), round(0.032 * self._rate) // 2 + 1))
        self._spectra_frames = np.zeros(len(LEVEL_CLASSES), dtype=np.int64)

    def push_samples(self, samples: NDArray[np.float32]) -> None:
        scaled = samples * np.float32(32768)
        np.rint(scaled, out=scaled)
        values = np.clip(scaled, -32768, 32767, out=scaled).astype(np.int16)
        np.add.at(self._histogram, values.view(np.uint16).astype(np.intp), 1)
        self._runs.push(values)
        self._repeats.push(values)
        self._wraps.push(values)

    def push_frames(self, samples: NDArray[np.float32]) -> None:
        """Take a chunk at the table's rate; only the last may be other than whole band frames."""
        n, size = len(samples), self._rate // 100
        if n == 0:
            return
        missing = np.zeros(-n % (2 * size), dtype=np.float32)
        padded = np.concatenate([self._history, samples, missing])
        reduced = frame_columns(padded, self._rate, history=len(self._history))
        frames = n // size  # a frame that is not whole is left out
        for name, column in self._columns.items():
            column.append(reduced.columns[name][: frames // 2 if name in _BY_BAND_FRAME else frames])
        self._levels.append(mean_levels(reduced.columns["power"][:frames]))
        subframes = n // (size // 4)
        power = reduced.subframe_power[:subframes]
        self._level.push(reduced.subframe_magnitude[:subframes], power)
        spectra = reduced.spectra[: frames // 2]
        loudness = power[: len(spectra) * 8].reshape(-1, 8).mean(axis=1)
        with np.errstate(divide="ignore"):
            level = 10 * np.log10(loudness)
        group = np.clip(np.floor((level - LEVEL_CLASSES[0]) / 10), 0, len(LEVEL_CLASSES) - 1).astype(np.int64)
        member = (group[:, None] == np.arange(len(LEVEL_CLASSES))).astype(np.float32)
        self._spectra += member.T @ spectra
        self._spectra_frames += np.bincount(group, minlength=len(LEVEL_CLASSES))
        self._low.push(samples)
        self._history = padded[n : n + len(self._history)].copy()
        if self._stream:
            self._new_rows.append(rows(reduced, self._rate)[: frames // 2])

    def hear(self, *, last: bool) -> Heard:
        """What became known by the frames pushed since the last call; only where there is a stream."""
        assert self._stream is not None  # noqa: S101
        heard = self._stream.push(np.concatenate([_NO_ROWS, *self._new_rows]), last=last)
        self._new_rows.clear()
        self._speech.append(heard.speech)
        self._kinds.append(heard.kinds)
        return heard

    def finish(self, name: str, windows: tuple[ScoredWindow, ...]) -> ChannelMeasurements:
        frames = FrameTable(rate=self._rate, **{key: column.array() for key, column in self._columns.items()})
        return ChannelMeasurements(
            name=name,
            frames=frames,
            levels=self._levels.array(),
            histogram=np.roll(self._histogram, 32768),  # counted by value modulo 65536
            constant_runs=self._runs.finish(),
            repeats=self._repeats.finish(),
            wraps=self._wraps.finish(),
            spectra=self._spectra,
            spectra_frames=self._spectra_frames,
            low_spectra=self._low.finish(),
            level=self._level.level(),
            speech=self._speech.array(),
            speech_frame=HOP if self._stream else 0.0,
            kinds=self._kinds.array(),
            windows=windows,
        )


_BY_BAND_FRAME = ("bands", "tones", "tone_shares")

_NO_ROWS = np.zeros((0, FEATURES), dtype=np.uint8)

_COLUMNS: dict[str, tuple[Any, ...]] = {
    "power": (np.uint8, 4),
    "peak": (np.int16, 2),
    "near_peak": (np.uint8,),
    "equal": (np.uint8,),
    "similarity": (np.uint8,),
    "lag": (np.uint8,),
    "bends": (np.uint8, 2),
    "bands": (np.uint8, 16),
    "tones": (np.uint16, 2),
    "tone_shares": (np.uint8, 2),
}
"""Type of each column of the frame table, and how many values are in a row where it is not one."""
