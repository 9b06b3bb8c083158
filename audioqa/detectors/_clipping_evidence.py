"""What clipping leaves in a window of speech, as figures, and the small network that weighs them.

Hard limiting does three things that survive a speech codec to different degrees. It piles frame peaks up at one
ceiling; it flattens the wave at the ceiling (many samples near the frame's own peak, neighbours equal); and it
fills the valleys between the formants of the loudest frames, and of those only, with distortion (Vary & Martin 2006,
section 10). A limiter or an automatic gain control does the first and neither of the others; a codec
blurs the second; a dull or a noisy microphone has full valleys too, but at every level. So each loud frame
is described by its spectrum, on its own and against the quieter frames of the same window, and by its shape; the
frames of three level classes are pooled apart (deep sets, Zaheer et al. 2017), joined to the window's statistics of
peaks, and weighed into one logit.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from audioqa.detectors import _clipping_weights as weights
from audioqa.frames import FrameTable

BANDS = 14
"""Bands of the frame table that lie below 4 kHz, and so exist at either rate of the table."""

CLASSES = (0.85, 0.5)
"""Frame peak over ceiling: lower edges of the loud and the middle level class; the third is all below."""

_QUIETEST = 0.1  # of the window's top: frames below are pauses and breaths
_PILED = 0.5  # of the frames within 5 % of the top: at an exact top, most of them
_SELECTED = 0.2  # of the ceiling: band frames below say nothing of it
_REFERENCE = 0.6  # of the ceiling: band frames below it are undistorted, and tell how this voice sounds
_EDGES = np.array([0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9, 0.95, 0.98, 1.01, 1.05, 1.1, 99.0], dtype=np.float32)
_SHAPE_EDGES = np.array([0.3, 0.6, 0.85, 0.97, 1.5], dtype=np.float32)
_QUANTILES = np.array([0.005, 0.01, 0.05, 0.1, 0.2, 0.4])
_SIDE_QUANTILES = np.array([0.0, 0.005, 0.01, 0.04, 0.08, 0.16])
_POWERS = (10 ** (np.arange(256) / 20 - 12.75)).astype(np.float32)  # of the table's half decibels


@dataclass(frozen=True)
class Top:
    """The greatest magnitude of one polarity in a window.

    Parameters
    ----------
    frames
        Frames that reach exactly this value.
    samples
        How many samples of such a frame are within 2 % of its peak, on average, as if at 8 kHz; only frames whose
        other polarity reaches less far are counted, 0 where there are none.
    equal
        Likewise, how many samples of such a frame equal their predecessor.
    """

    frames: int
    samples: float
    equal: float


@dataclass(frozen=True)
class Evidence:
    """One window of speech.

    Parameters
    ----------
    ceiling, positive, negative
        Magnitude, in units of 1/32768, that 2 % of the active frames' peaks exceed: either sign, and each.
    peak
        float32, shape (frames,): peak magnitude of each frame.
    active
        bool, shape (frames,): frames above a tenth of the window's top.
    exact
        bool, shape (frames,): frames that reach the very greatest or least sample value of the window, if that is
        a flat top: reached by several frames, a good part of those that come near it.
    tops
        The top of each polarity.
    frame_features
        float32, shape (selected band frames, 35).
    frame_classes
        int64, shape (selected band frames,): 0 loud, 1 middle, 2 quiet.
    window_features
        float32, shape (52,).
    """

    ceiling: float
    positive: float
    negative: float
    peak: NDArray[np.float32]
    active: NDArray[np.bool_]
    exact: NDArray[np.bool_]
    tops: tuple[Top, ...]
    frame_features: NDArray[np.float32]
    frame_classes: NDArray[np.int64]
    window_features: NDArray[np.float32]


def gather(table: FrameTable, frames: NDArray[np.int64]) -> Evidence:
    """Describe a window.

    Parameters
    ----------
    table
        The channel's frame table.
    frames
        int64, shape (n,), n even and at least 100: the window's frames, in order; whole band frames.
    """
    size = np.float32(table.rate // 100)
    sides = table.peak[frames].astype(np.float32)
    high, low = np.maximum(sides[:, 0], 0), np.maximum(-sides[:, 1], 0)
    peak = np.maximum(np.maximum(high, low), 1)
    top = np.sort(peak)[::-1]
    active = peak >= _QUIETEST * top[2 + len(top) // 200]
    ranked = np.sort(peak[active])[::-1]
    count = len(ranked)
    at = min(count - 1, count // 50 + 1)
    ceiling = ranked[at]
    relative = peak / ceiling
    rms = np.sqrt(_POWERS[table.power[frames]].mean(axis=1)) * np.float32(32768)
    crest = np.log(peak / np.maximum(rms, 1))
    near = table.near_peak[frames] * (10 / size)
    equal = table.equal[frames] * (10 / size)

    window = [np.log(min(count, 2000) / 300)]
    window += list(np.log((np.histogram(relative[active], _EDGES)[0] + 1) / (count + len(_EDGES) - 1)))
    window += [np.log(ranked[0] / ceiling)]
    window += list(np.log(ranked[np.minimum(count - 1, (_QUANTILES * count).astype(int))] / ceiling))
    positive, negative = np.float32(1), np.float32(1)
    exact = np.zeros(len(frames), dtype=np.bool_)
    sided: list[list[float]] = []
    tops: list[Top] = []
    for number, side in enumerate((high, low)):
        order = np.maximum(np.sort(side[active])[::-1], 1)
        level = order[at]
        positive, negative = (level, negative) if number == 0 else (positive, level)
        reached = side == order[0]
        times = int(np.count_nonzero(reached))
        if times >= 4 and times > _PILED * np.count_nonzero(side >= np.float32(0.95) * order[0]):
            exact |= reached
        below = np.count_nonzero(side >= np.float32(0.9) * order[0]) - times
        samples = float(near[reached].mean()) if level >= 0.9 * ceiling else 0.0
        own = reached & (side == peak)
        near_top, equal_top = (8 * float(values[own].mean()) if own.any() else 0.0 for values in (near, equal))
        tops.append(Top(frames=times, samples=near_top, equal=equal_top))
        sided.append(
            [
                float(np.log(level / ceiling)),
                *np.log(order[np.minimum(count - 1, (_SIDE_QUANTILES * count).astype(int))] / level),
                float(np.log(max(times, 1))),  # a constant has no sample on one side
                float(np.log((times + 1) / (below + 1))),
                min(samples, 5.0),
            ]
        )
    sided.sort(reverse=True)  # polarity of a recording is an accident of its wiring
    window += sided[0] + sided[1]
    group = np.searchsorted(_SHAPE_EDGES, relative, side="right") - 1
    inside = (group >= 0) & (group < len(_SHAPE_EDGES) - 1)
    members = np.bincount(group[inside], minlength=4) + 2
    for values in (near, equal, crest):
        total = np.bincount(group[inside], weights=values[inside], minlength=4)
        window += list((total + 2 * values[active].mean()) / members)

    bands = table.bands[frames[::2] // 2, :BANDS]
    pairs = peak.reshape(-1, 2)
    louder = 2 * np.arange(len(pairs)) + pairs.argmax(axis=1)
    level = pairs.max(axis=1) / ceiling
    selected = level >= _SELECTED
    louder, level, bands = louder[selected], level[selected], bands[selected]
    shape = bands.astype(np.float32) / 2 - 10 * np.log10(_POWERS[bands].sum(axis=1) + 1e-13)[:, None] - 127.5
    quiet = level < _REFERENCE
    reference = shape[quiet].mean(axis=0) if np.count_nonzero(quiet) >= 3 else shape.mean(axis=0)
    features = np.concatenate(
        [
            shape / 10,
            (shape - reference) / 10,
            np.stack(
                [
                    np.log(level),
                    np.minimum(level, 1.5),
                    np.log(
                        np.maximum(high.reshape(-1, 2).max(axis=1), 1) / np.maximum(low.reshape(-1, 2).max(axis=1), 1)
                    )[selected],
                    crest[louder],
                    near[louder],
                    equal[louder],
                    crest.reshape(-1, 2).min(axis=1)[selected],
                ],
                axis=1,
            ),
        ],
        axis=1,
    ).astype(np.float32)
    return Evidence(
        ceiling=float(ceiling),
        positive=float(positive),
        negative=float(negative),
        peak=peak,
        active=active,
        exact=exact,
        tops=tuple(tops),
        frame_features=features,
        frame_classes=np.where(level >= CLASSES[0], 0, np.where(level >= CLASSES[1], 1, 2)),
        window_features=np.array(window, dtype=np.float32),
    )


def logit(evidence: Evidence) -> float:
    """Log odds that the window's speech was clipped, by the network as fitted (``audioqa.lab.fit_clipping``)."""
    return network_logit(_network(), evidence.frame_features, evidence.frame_classes, evidence.window_features)


def network_logit(
    network: Mapping[str, NDArray[np.float32]],
    features: NDArray[np.float32],
    classes: NDArray[np.int64],
    window: NDArray[np.float32],
) -> float:
    """Log odds by any network of this shape.

    Parameters
    ----------
    network
        Its arrays by name: means and scales of both inputs, and four layers.
    features, classes, window
        As in `Evidence`.
    """
    frames = np.clip((features - network["frame_mean"]) / network["frame_scale"], -5, 5)
    hidden = np.maximum(frames @ network["w1"] + network["b1"], 0)
    embedded = np.maximum(hidden @ network["w2"] + network["b2"], 0)
    member = (classes == np.arange(3)[:, None]).astype(np.float32)
    pooled = member @ embedded / (member.sum(axis=1, keepdims=True) + 1)
    scaled = np.clip((window - network["window_mean"]) / network["window_scale"], -5, 5)
    joined = np.maximum(np.concatenate([pooled.reshape(-1), scaled]) @ network["w3"] + network["b3"], 0)
    return float(joined @ network["w4"] + network["b4"][0])


@lru_cache(maxsize=1)
def _network() -> dict[str, NDArray[np.float32]]:
    values = np.frombuffer(base64.b64decode("".join(weights.VALUES)), dtype="<f2").astype(np.float32)
    found, start = {}, 0
    for name, shape in weights.SHAPES.items():
        length = int(np.prod(shape))
        found[name] = values[start : start + length].reshape(shape)
        start += length
    return found
