"""PESQ of a recording against its reference (ITU-T P.862, P.862.1, P.862.2), over calls of any length.

PESQ is made for pairs of 8 to 30 s. A call is cut, at pauses of the reference, into windows of at most 30 s; each is
aligned with the reference on its own and scored in a process that may die. Which windows have no score, and
why, is said window by window.

P.862 was withdrawn by the ITU-T in favour of P.863 in 2024. It compares, and hears neither level nor delay nor
echo; a hole of half a second costs it little.

The C code inside the ``pesq`` package carries a notice of its owners, OPTICOM GmbH and Psytechnics Limited: it may be
used to understand the algorithm, to evaluate how well it predicts speech quality and to test conformance with P.862,
not commercially; any other use needs a licence of theirs.
"""

from __future__ import annotations

import importlib.metadata
import math
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audioqa.audio import OpenOptions, RecordingPath, open_recording
from audioqa.errors import MeasurementError, SettingsError
from audioqa.perceptual.alignment import FRAMES_PER_SECOND, Lag, LevelTrack, coarse_lag, fine_lag, speech_frames
from audioqa.perceptual.pesq_worker import LONGEST, RATES, Mode, PesqWorker
from audioqa.perceptual.tape import Tape
from audioqa.types import Context, PesqResult, PesqWindow, Scale, Score, Segment, Skipped

RESIDUAL = 0.28
"""Standard deviation between PESQ and the listeners' mean of a condition, MOS; derived, not measured here. P.862 clause
7.1 gives an average correlation of 0.935 over its listening tests; where their conditions spread by about 0.8 MOS (an
assumption), that leaves 0.8 * sqrt(1 - 0.935**2) = 0.28."""

_NORMAL_90 = 1.645  # half-width of the central 90 % of a normal distribution, in standard deviations
_SCALES: dict[Mode, tuple[Scale, Context]] = {"nb": ("MOS-LQON", "narrowband"), "wb": ("MOS-LQOW", "wideband")}
_REACH = (
    2.0  # seconds around the running lag in which the next one is sought: 1 s of drift and a jump of a jitter buffer
)
_CUT = 2.0  # seconds by which a cut may move to reach a pause
_UNSHIFTED = 0.010  # seconds; PESQ aligns this by itself, and an aligned pair is scored on the samples that it has
_LEAST_SPEECH = 0.25  # seconds of speech in the reference; PESQ finds no utterance in less
# Measured on 3 s and more of read speech through telephone codecs, in noise down to -5 dB: the fine distinctness of
# true lags is 57 and more, of unrelated speech 10 at most. The coarse one is 8.4 and more at 0 dB, against 6 at most.
_COARSE_DISTINCT = 7.0
_FINE_DISTINCT = 20.0


@dataclass(frozen=True)
class _Track:
    """One channel of a file, reduced to what alignment needs."""

    path: RecordingPath
    options: OpenOptions
    index: int
    name: str
    rate: int
    duration: float
    levels: NDArray[np.float32]


def score_pesq(
    recording: RecordingPath,
    reference: str | os.PathLike[str],
    *,
    options: OpenOptions = OpenOptions(),  # noqa: B008 - frozen
    reference_options: OpenOptions = OpenOptions(),  # noqa: B008 - frozen
    modes: Sequence[Mode] = ("nb", "wb"),
    timeout: float = 60.0,
) -> tuple[PesqResult, ...]:
    """Score every channel of a recording against a clean reference.

    A reference of one channel serves every channel of the recording; with equal counts, channels pair by their order.

    Parameters
    ----------
    recording, reference
        Files of any format and rate.
    options, reference_options
        How to open them.
    modes
        ``nb``: narrowband at 8 kHz, MOS-LQON. ``wb``: wideband at 16 kHz, MOS-LQOW; only where both files have at
        least that rate.
    timeout
        Seconds that one window may take.

    Returns
    -------
    tuple of PesqResult
        For each channel in file order, one for each mode. The score is the mean of the windows, weighted by the speech
        that the reference has in them; windows without a score do not enter it. Its interval is 90 % for what listeners
        would say of such a condition on the average: the residual of PESQ against listeners (`RESIDUAL`), and the
        standard error over the windows where there are several.

    Raises
    ------
    UnreadableRecordingError
        Where a file yields no samples.
    SettingsError
        Where the channels cannot be paired or there is no such mode.
    MeasurementError
        Where the package ``pesq`` is not installed.
    """
    for mode in modes:
        if mode not in RATES:
            raise SettingsError(f"there is no PESQ mode {mode!r}; there are {', '.join(RATES)}")
    try:
        version = importlib.metadata.version("pesq")
    except importlib.metadata.PackageNotFoundError:
        raise MeasurementError("the package pesq is not installed: python -m pip install pesq") from None
    degraded, clean = _tracks(recording, options), _tracks(reference, reference_options)
    if len(clean) not in (1, len(degraded)):
        raise SettingsError(
            f"{os.fspath(reference)}: a reference needs one channel, or as many as the recording: "
            f"it has {len(clean)}, the recording {len(degraded)}"
        )
    results = []
    with PesqWorker(timeout=timeout) as worker:
        for track in degraded:
            partner = clean[0 if len(clean) == 1 else track.index]
            coarse = (
                coarse_lag(track.levels, partner.levels) if len(track.levels) and len(partner.levels) else Lag(0, 0.0)
            )
            results += [_score(track, partner, coarse, mode=mode, worker=worker, version=version) for mode in modes]
    return tuple(results)


def _tracks(path: RecordingPath, options: OpenOptions) -> list[_Track]:
    """Read a file once and reduce its channels."""
    with open_recording(path, options=options) as opened:
        tracks = [LevelTrack(opened.sample_rate) for _ in opened.channels]
        for block in opened.blocks():
            for index, track in enumerate(tracks):
                track.push(block[:, index])
        return [
            _Track(path, options, index, name, opened.sample_rate, track.duration, track.levels())
            for index, (name, track) in enumerate(zip(opened.channels, tracks, strict=True))
        ]


def _score(
    recording: _Track, reference: _Track, coarse: Lag, *, mode: Mode, worker: PesqWorker, version: str
) -> PesqResult:
    """One channel in one mode."""
    scale, context = _SCALES[mode]

    def nothing(reason: str) -> PesqResult:
        skipped = Skipped("pesq", recording.name, reason)
        return PesqResult(recording.name, reference.name, scale, skipped, skipped, ())

    for name, track in (("recording", recording), ("reference", reference)):
        if track.rate < RATES[mode]:
            return nothing(f"wideband PESQ needs {RATES[mode]} Hz, the {name} has {track.rate} Hz")
    segments = _cuts(recording, reference, coarse)
    if not segments:
        return nothing("the recording and the reference do not overlap")
    windows, lags, weights = [], [], []
    for segment, mos, lag, speech in _windows(recording, reference, coarse, segments, mode=mode, worker=worker):
        windows.append(PesqWindow(segment, mos))
        if lag is not None:
            lags.append(lag)
        if not isinstance(mos, Skipped):
            weights.append((mos, speech))
    delay: float | Skipped = Skipped("pesq", recording.name, "the recording does not resemble the reference anywhere")
    if lags:
        delay = float(np.median(lags))
    elif coarse.distinctness >= _COARSE_DISTINCT:
        delay = coarse.offset / FRAMES_PER_SECOND
    score: Score | Skipped
    if weights:
        score = _pool(weights, scale, context, f"pesq {version} ({'P.862.1' if mode == 'nb' else 'P.862.2'})")
    else:
        first = windows[0].mos
        reason = first.reason if isinstance(first, Skipped) else ""
        score = Skipped(
            "pesq", recording.name, reason if len(windows) == 1 else f"no window has a score; in the first {reason}"
        )
    return PesqResult(recording.name, reference.name, scale, score, delay, tuple(windows))


def _windows(
    recording: _Track, reference: _Track, coarse: Lag, segments: Sequence[Segment], *, mode: Mode, worker: PesqWorker
) -> Iterator[tuple[Segment, float | Skipped, float | None, float]]:
    """For each window: its place, its score, its own lag where it has one, seconds of reference speech in it."""
    rate = RATES[mode]
    speech = speech_frames(reference.levels)
    reach = round(_REACH * rate)
    running = _planned_lag(coarse)
    trusted = coarse.distinctness >= _COARSE_DISTINCT
    with (
        Tape(recording.path, options=recording.options, channel=recording.index, rate=rate) as degraded,
        Tape(reference.path, options=reference.options, channel=reference.index, rate=rate) as clean,
    ):
        for segment in segments:
            start, stop = round(segment.start * rate), round(segment.end * rate)
            lag = round(running * rate)
            samples = degraded.read(start, stop)
            unusable = _unusable(samples)
            if unusable:
                yield segment, Skipped("pesq", recording.name, unusable), None, 0.0
                continue
            around = clean.read(start - lag - reach, stop - lag + reach)
            found = fine_lag(samples, np.nan_to_num(around, nan=0.0, posinf=0.0, neginf=0.0))
            own = None
            if found.distinctness >= _FINE_DISTINCT:
                lag += found.offset + reach
                running = own = lag / rate
                trusted = True
            active = speech[_frames(segment.start - running) : _frames(segment.end - running)]
            seconds = float(np.count_nonzero(active)) / FRAMES_PER_SECOND
            if seconds < _LEAST_SPEECH:
                yield (
                    segment,
                    Skipped("pesq", recording.name, f"the reference holds less than {_LEAST_SPEECH} s of speech here"),
                    own,
                    seconds,
                )
                continue
            if not trusted:
                reason = "the recording does not resemble the reference here"
                yield segment, Skipped("pesq", recording.name, reason), own, seconds
                continue
            shift = lag if abs(lag) >= _UNSHIFTED * rate else 0
            end = min(round(reference.duration * rate), stop - shift)
            begin = max(0, start - shift)
            mos: float | Skipped
            try:
                mos = worker.score(
                    clean.read(begin, end), samples[begin - start + shift : end - start + shift], mode=mode
                )
            except MeasurementError as error:
                mos = Skipped("pesq", recording.name, str(error))
            yield segment, mos, own, seconds


def _unusable(samples: NDArray[np.float32]) -> str:
    """Why neither lag nor score can be had of a stretch of the recording; empty where they can."""
    if not np.isfinite(samples).all():
        return "the recording holds samples that are not numbers"
    if not samples.any():
        return "the recording is digitally silent here"
    return ""


def _planned_lag(coarse: Lag) -> float:
    """The lag in seconds that windows are laid out by: two frames are within the error of the coarse one."""
    distinct = coarse.distinctness >= _COARSE_DISTINCT and abs(coarse.offset) > 2
    return coarse.offset / FRAMES_PER_SECOND if distinct else 0.0


def _cuts(recording: _Track, reference: _Track, coarse: Lag) -> list[Segment]:
    """Cut what both files have in common, in the recording's time, into windows of at most 30 s."""
    lag = _planned_lag(coarse)
    start, end = max(0.0, lag), min(recording.duration, reference.duration + lag)
    if end <= start:
        return []
    if end - start <= LONGEST:
        return [Segment(start, end)]
    count = math.ceil((end - start) / (LONGEST - 2 * _CUT))
    quiet = np.convolve(reference.levels, np.full(FRAMES_PER_SECOND // 5, 1.0), mode="same")
    edges = [start]
    for nominal in np.linspace(start, end, count + 1)[1:-1]:
        first = max(0, _frames(nominal - _CUT - lag))
        nearby = quiet[first : _frames(nominal + _CUT - lag)]
        edges.append((first + int(np.argmin(nearby))) / FRAMES_PER_SECOND + lag if len(nearby) else float(nominal))
    return [Segment(a, b) for a, b in zip(edges, [*edges[1:], end], strict=True)]


def _frames(seconds: float) -> int:
    return max(0, round(seconds * FRAMES_PER_SECOND))


def _pool(windows: Sequence[tuple[float, float]], scale: Scale, context: Context, source: str) -> Score:
    """Weighted mean of the windows with its 90 % interval."""
    mos, speech = np.array(windows).T
    share = speech / speech.sum()
    mean = float(share @ mos)
    error = 0.0
    if len(mos) > 1:
        # Weighted variance without bias, over the effective number of windows.
        concentration = float(share @ share)
        error = math.sqrt(float(share @ (mos - mean) ** 2) / (1 - concentration) * concentration)
    half = _NORMAL_90 * math.hypot(RESIDUAL, error)
    return Score(scale, context, mean, max(1.0, mean - half), min(5.0, mean + half), source)
