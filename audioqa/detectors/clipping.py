"""Amplitude clipping: speech driven against a ceiling, before or after a codec.

Kind of event: ``clipping``. (What a voice activity detector cuts off a word's beginning is *temporal* clipping,
another thing.) A ceiling need not be at full scale: whatever follows the overload may attenuate it, and a codec
rounds it. So each window of speech is judged by the shape of its loud frames, not by its peak value; see
`_clipping_evidence` for what that shape is and docs/detectors/clipping.md for what it finds. After
Eaton & Naylor, "Detection of clipping in coded speech signals" (EUSIPCO 2013), and Laguna & Lerch, "An efficient
algorithm for clipping detection and declipping audio" (AES 2016): the histogram is judged, not the flat tops.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audioqa.activity import mask, segments, speech_segments
from audioqa.detectors._clipping_evidence import Evidence, gather, logit
from audioqa.detectors._clipping_weights import IDENTITY
from audioqa.frames import BAND_FRAME, FRAME
from audioqa.measure import ChannelMeasurements, Measurements
from audioqa.types import Detection, Event, Severity, Skipped

KIND = "clipping"


@dataclass(frozen=True)
class Clipping:
    """Finds clipped speech.

    Parameters
    ----------
    logit, short_logit, companded_logit
        Log odds from which a window of speech counts as clipped: the first if it holds `sure` seconds of active speech
        or more, the second if it holds `short` seconds or less, a straight line between; the third for all windows
        in G.711 (see `fine`), where clean speech was never mistaken (docs/detectors/clipping.md).
    sure, short
        Seconds of active speech.
    flat_logit, flat_samples, flat_frames
        Log odds that suffice where the top is exact, as it is after the last codec and in G.711: one value is the
        greatest of at least `flat_frames` frames, which hold on average `flat_samples` samples (of 80 at 8 kHz) within
        2 % of it. Limited speech has 1 to 3.5 (measured); a sine has more, but poor odds of being speech.
    exact_logit, exact_equal, exact_frames, fine
        Log odds that suffice in linear PCM, told by more than `fine` different sample values (G.711 has 256): there,
        at least `exact_frames` frames reach the top, and hold on average `exact_equal` samples (of 80) equal to the one
        before. Limited speech has 0.3 at most (measured).
    full_scale
        In units of 1/32768: a ceiling from here on may be a decoder's overflow on loud, unclipped speech, so that an
        exact top is no proof there.
    window
        Seconds of speech judged at once: about the most the network was fitted on. Longer windows are surer, but
        the party's level must stay the same.
    least_speech
        Seconds of speech, on the whole channel, below which nothing can be told: 5 s clips hold about 3 s.
    least_loud
        Frames near the ceiling below which nothing can be told.
    least_level
        dBov: a ceiling below it is never called clipping; 8-bit and companded recordings have so few steps there
        that tops are flat by rounding.
    near_ceiling
        Share of the ceiling from which a frame counts as clipped where a codec has rounded the tops.
    pause
        Seconds: clipped frames closer than this make one event (a turn: pauses inside one are mostly under 2 s, and
        not every word reaches the ceiling).
    warning, severe
        Clipped share of an event's speech frames from which it is a warning, severe. Speech clipped
        6 dB below its peak has about .05 to .15, 12 dB about .3 to .5.
    network
        The network's weights, part of the settings digest.
    """

    logit: float = 3.0
    short_logit: float = 4.5
    companded_logit: float = 2.5
    sure: float = 8.0
    short: float = 3.0
    flat_logit: float = -1.5
    flat_samples: float = 3.6
    flat_frames: int = 8
    exact_logit: float = -10.0
    exact_equal: float = 1.0
    exact_frames: int = 40
    fine: int = 512
    full_scale: float = 32700.0
    window: float = 30.0
    least_speech: float = 1.0
    least_loud: int = 6
    least_level: float = -50.0
    near_ceiling: float = 0.9
    pause: float = 4.0
    warning: float = 0.05
    severe: float = 0.25
    network: str = IDENTITY

    def __call__(self, measurements: Measurements) -> Detection:
        """Every clipped stretch, by channel and start; `Skipped` for a channel with too little loud speech."""
        events: list[Event] = []
        skipped: list[Skipped] = []
        for channel in measurements.channels:
            speech = speech_frames(channel)
            if len(speech) * BAND_FRAME < self.least_speech:
                skipped.append(Skipped(KIND, channel.name, f"less than {self.least_speech:g} s of speech"))
                continue
            fine = bool(np.count_nonzero(channel.histogram) > self.fine)
            windows = [self._judged(gather(channel.frames, part), part, fine=fine) for part in self._windows(speech)]
            if all(_dbov(window.ceiling) < self.least_level for window in windows):
                skipped.append(Skipped(KIND, channel.name, f"no speech above {self.least_level:g} dBov"))
                continue
            events += self._events(channel, windows, measurements.duration)
        return Detection(tuple(events), tuple(skipped))

    def _windows(self, speech: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
        """The frames of each window: the channel's speech in equal parts of about `window` seconds."""
        parts = max(1, round(len(speech) * BAND_FRAME / self.window))
        for part in np.array_split(speech, parts):
            yield frames_of(part)

    def _judged(self, window: Evidence, frames: NDArray[np.int64], *, fine: bool) -> _Window:
        clipped = np.zeros(len(frames), dtype=np.bool_)
        flat = bool(window.exact.any())
        if self._is_clipped(window, fine=fine):
            clipped = window.exact if flat else window.peak >= self.near_ceiling * window.ceiling
        return _Window(frames, window.active, clipped, flat, window.ceiling, window.positive, window.negative)

    def _events(self, channel: ChannelMeasurements, windows: list[_Window], duration: float) -> list[Event]:
        count = len(channel.frames)
        clipped, spoken, flat = (np.zeros(count, dtype=np.bool_) for _ in range(3))
        positive, negative = np.zeros(count, dtype=np.float32), np.zeros(count, dtype=np.float32)
        for window in windows:
            spoken[window.frames], clipped[window.frames] = window.active, window.clipped
            if window.clipped.any():
                flat[window.frames] = window.flat
                positive[window.frames], negative[window.frames] = window.positive, window.negative
        channel_share = _share(clipped, spoken)
        events = []
        for segment in segments(clipped, frame=FRAME, pause=self.pause, end=duration):
            first, stop = round(segment.start / FRAME), round(segment.end / FRAME)
            share = _share(clipped[first:stop], spoken[first:stop])
            severity: Severity = "severe" if share >= self.severe else "warning" if share >= self.warning else "notice"
            at = first + np.flatnonzero(clipped[first:stop])
            above, below = float(np.median(positive[at])), float(np.median(negative[at]))
            evidence = {
                "ceiling_dbov": round(_dbov(max(above, below)), 1),
                "asymmetry_db": round(_dbov(above) - _dbov(below), 1),
                "clipped_share": round(share, 3),
                "channel_clipped_share": round(channel_share, 4),
                "clipped_frames": len(at),
                "where": "flat tops" if flat[at].mean() > 0.5 else "rounded",
            }
            events.append(Event(KIND, channel.name, segment, severity, evidence))
        return events

    def _is_clipped(self, window: Evidence, *, fine: bool) -> bool:
        if _dbov(window.ceiling) < self.least_level or np.count_nonzero(window.frame_classes == 0) < self.least_loud:
            return False
        threshold = self.companded_logit
        if fine:
            active = np.count_nonzero(window.active) * FRAME
            threshold = float(np.interp(active, [self.short, self.sure], [self.short_logit, self.logit]))
        tops = [top for top in window.tops if top.frames >= self.flat_frames]
        if any(top.samples >= self.flat_samples for top in tops):
            threshold = min(threshold, self.flat_logit)
        exact = fine and window.ceiling < self.full_scale
        if exact and any(top.equal >= self.exact_equal and top.frames >= self.exact_frames for top in tops):
            threshold = min(threshold, self.exact_logit)
        return logit(window) >= threshold


@dataclass(frozen=True)
class _Window:
    """What is kept of a window that was judged; the evidence of a long call would be large."""

    frames: NDArray[np.int64]
    active: NDArray[np.bool_]
    clipped: NDArray[np.bool_]
    flat: bool
    ceiling: float
    positive: float
    negative: float


def clipped_share(detection: Detection, channel: str) -> float | Skipped:
    """Share of a channel's speech frames that are clipped, 0 to 1, or why it is not known.

    Parameters
    ----------
    detection
        What `Clipping` said of the recording.
    channel
        The channel's name.
    """
    for skipped in detection.skipped:
        if skipped.kind == KIND and skipped.channel == channel:
            return skipped
    for event in detection.events:
        if event.kind == KIND and event.channel == channel:
            return float(event.evidence["channel_clipped_share"])
    return 0.0


def speech_frames(channel: ChannelMeasurements) -> NDArray[np.int64]:
    """Band frames with speech in them, int64; with sound in them, where speech activity was not measured."""
    count = len(channel.frames) // 2
    if len(channel.speech):
        found = speech_segments(channel.speech, frame=channel.speech_frame, pause=0.2)
        return np.flatnonzero(mask(found, frames=count, frame=BAND_FRAME))
    return np.flatnonzero(channel.frames.power[: 2 * count].reshape(count, 8).max(axis=1) > 0)


def frames_of(band_frames: NDArray[np.int64]) -> NDArray[np.int64]:
    """The two frames of each band frame, int64, shape (2n,)."""
    return np.stack([2 * band_frames, 2 * band_frames + 1], axis=1).reshape(-1)


def _share(clipped: NDArray[np.bool_], spoken: NDArray[np.bool_]) -> float:
    return float(np.count_nonzero(clipped)) / max(1.0, float(np.count_nonzero(spoken | clipped)))


def _dbov(magnitude: float) -> float:
    return float(20 * np.log10(max(magnitude, 1.0) / 32768))


__all__ = ["KIND", "Clipping", "clipped_share"]
