"""From a curve to segments: a two-threshold automaton with a shortest run and a shortest pause.

The curve becomes a mask by hysteresis, the mask becomes segments. Nothing here knows what the curve means.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from audioqa.types import Segment


def hysteresis(curve: NDArray[np.floating], *, on: float, off: float) -> NDArray[np.bool_]:
    """True from where the curve reaches `on` until it falls below `off`.

    Parameters
    ----------
    curve
        Shape (frames,).
    on, off
        Thresholds, ``off <= on``.
    """
    reached = curve >= on
    # The last frame that told, on or off; the first frame tells, for nothing is on before it.
    told = np.where(reached | (curve < off), np.arange(len(curve), dtype=np.int32), 0)
    return reached[np.maximum.accumulate(told)]


def segments(
    mask: NDArray[np.bool_], *, frame: float, shortest: float = 0.0, pause: float = 0.0, end: float | None = None
) -> tuple[Segment, ...]:
    """Runs of True as segments: pauses shorter than `pause` are bridged, then runs shorter than `shortest` dropped.

    Parameters
    ----------
    mask
        Shape (frames,).
    frame
        Seconds per frame.
    shortest, pause
        Seconds.
    end
        Length of the recording in seconds: no segment ends later.

    Examples
    --------
    >>> import numpy as np
    >>> segments(np.array(list("..##.#...#"), dtype="U1") == "#", frame=1, pause=2)
    (Segment(start=2.0, end=6.0), Segment(start=9.0, end=10.0))
    """
    padded = np.zeros(len(mask) + 2, dtype=np.bool_)
    padded[1:-1] = mask
    change = np.flatnonzero(padded[1:] != padded[:-1])
    found: list[tuple[float, float]] = []
    times = (change * frame).tolist()
    for low, high in zip(times[0::2], times[1::2], strict=True):
        # 1e-9: frame counts times a decimal frame length are not exact.
        if found and low - found[-1][1] < pause - 1e-9:
            found[-1] = (found[-1][0], high)
        else:
            found.append((low, high))
    limit = float("inf") if end is None else end
    least = max(shortest, 1e-9) - 1e-9
    return tuple(Segment(low, min(high, limit)) for low, high in found if min(high, limit) - low >= least)


SPEECH_ON, SPEECH_OFF = 0.5, 0.35
"""Probabilities at which speech begins and ends (the defaults of Silero VAD's own segmentation)."""

SHORTEST_SPEECH = 0.16
"""Seconds: shorter bursts of speech probability are clicks and breaths (eight 20 ms frames)."""


def speech_segments(
    probability: NDArray[np.floating], *, frame: float, pause: float = 0.0, end: float | None = None
) -> tuple[Segment, ...]:
    """Speech of one channel as segments.

    Parameters
    ----------
    probability
        Shape (n,), 0 to 1, one per `frame` seconds.
    frame
        Seconds per probability.
    pause
        Seconds: shorter pauses are bridged, after the short bursts have been dropped.
    end
        Length of the recording in seconds.
    """
    found = segments(
        hysteresis(probability, on=SPEECH_ON, off=SPEECH_OFF), frame=frame, shortest=SHORTEST_SPEECH, end=end
    )
    bridged: list[Segment] = []
    for segment in found:
        if bridged and segment.start - bridged[-1].end < pause:
            bridged[-1] = Segment(bridged[-1].start, segment.end)
        else:
            bridged.append(segment)
    return tuple(bridged)


def mask(found: tuple[Segment, ...], *, frames: int, frame: float) -> NDArray[np.bool_]:
    """Shape (frames,): True where a frame's centre lies in one of the segments."""
    times = np.array([(segment.start, segment.end) for segment in found]).reshape(-1, 2)
    edges = np.clip(np.rint(times / frame), 0, frames).astype(np.int64)
    inside = np.zeros(frames, dtype=np.bool_)
    for first, stop in edges.tolist():
        inside[first:stop] = True
    return inside
