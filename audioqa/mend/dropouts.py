"""Dropouts and gaps within speech, bridged from both sides.

A hole of up to 4 ms is filled by an autoregressive model of its neighbours (`audioqa.mend.autoregression`). A longer
one is filled by pitch periods of the speech before it and, cross-faded, of the speech after it (after ITU-T G.711
Appendix I, which knows only what came before); where the neighbours have no pitch, by their own sound played backwards,
which has their spectrum and no beat.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from audioqa.mend.autoregression import interpolated
from audioqa.mend.stretch import Samples, Stretch
from audioqa.types import Event

SHORT = 0.004
"""Seconds: a hole up to this length is left to the autoregressive model."""

LONGEST = 1.0
"""Seconds: a longer gap holds words that nobody can guess; what is filled in would be a lie."""

_ORDER = 32  # of the model at 8 kHz
_CONTEXT = 0.060  # s of speech looked at on either side
_SHORTEST_PERIOD, _LONGEST_PERIOD = 0.0025, 0.0167  # s: 400 to 60 Hz
_VOICED = 0.5  # normalised correlation of one period with the next
_FADE = 0.004  # s over which the filling and the speech beside it are cross-faded
_GROWTH = 0.010  # s: an event's edges are looked for so far around it
_SHOWS = 15.0  # dB between a hole and the speech around it
_FINE = 0.00125  # s: step at which they are looked for


def bridged(stretch: Stretch, events: Sequence[Event]) -> Samples:
    """Every hole of up to a second filled; see the module.

    Parameters
    ----------
    stretch
        The party's audio.
    events
        Dropouts and gaps.
    """
    out = stretch.samples.copy()
    rate = stretch.rate
    for event, first, stop in stretch.places(sorted(events, key=lambda event: event.segment)):
        if event.segment.duration <= LONGEST:
            first, stop = _edges(out, first, stop, rate)
            _fill(out, first, stop, rate)
    return out


def _edges(samples: Samples, first: int, stop: int, rate: int) -> tuple[int, int]:
    """The hole itself: an event's edges lie on a grid, its hole's do not."""
    step, reach = max(1, round(_FINE * rate)), round(_GROWTH * rate)
    low = first - min(first, reach) // step * step
    count = (min(len(samples), stop + reach) - low) // step
    if count < 1:
        return first, stop
    power = np.mean(samples[low : low + count * step].reshape(count, step).astype(np.float64) ** 2, axis=1) + 1e-10
    level = 10 * np.log10(power)
    begin = (first - low) // step
    end = min(count, max(begin + 1, (stop - low) // step))
    inner, loud = float(np.median(level[begin:end])), float(np.percentile(level, 90))
    if begin >= count or loud - inner < _SHOWS:
        return first, stop  # a hole that was filled: its edges do not show
    line = (inner + loud) / 2
    while begin > 0 and level[begin - 1] < line:
        begin -= 1
    while end < count and level[end] < line:
        end += 1
    first, stop = low + begin * step, max(stop, low + end * step) if end == count else low + end * step
    weak = 10 ** (line / 20) / 4
    for _ in range(step):
        first -= int(first > 0 and abs(float(samples[first - 1])) < weak)
        stop += int(stop < len(samples) and abs(float(samples[stop])) < weak)
    return first, stop


def _fill(samples: Samples, first: int, stop: int, rate: int) -> None:
    """Fill one hole, in place."""
    context, fade = round(_CONTEXT * rate), round(_FADE * rate)
    before, after = samples[max(0, first - context) : first], samples[stop : stop + context]
    if stop - first <= SHORT * rate:
        low, high = max(0, first - context), min(len(samples), stop + context)
        missing = np.zeros(high - low, np.bool_)
        missing[first - low : stop - low] = True
        samples[low:high] = interpolated(samples[low:high], missing, order=_ORDER * rate // 8000)
        return
    fade = min(fade, len(before), len(after))
    n = stop - first + 2 * fade
    # Both fillings begin within the speech beside the hole, so that they can be faded in over it.
    forward = _continued(before[: len(before) - fade], n, rate)
    backward = _continued(after[fade:][::-1], n, rate)
    if forward is None and backward is None:
        return
    turn = np.linspace(0, np.pi / 2, n, dtype=np.float32)
    if backward is None:
        assert forward is not None  # noqa: S101
        filling = forward
    elif forward is None:
        filling = backward[::-1]
    else:
        down, up, back = np.cos(turn), np.sin(turn), backward[::-1]
        # Where the two agree they add up as amplitudes do, where they differ as powers do.
        norm = float(np.sqrt(np.sum(forward**2) * np.sum(back**2))) + 1e-12
        alike = max(0.0, float(np.sum(forward * back)) / norm)
        filling = np.asarray((forward * down + back * up) / np.sqrt(1 + 2 * alike * down * up), np.float32)
    ramp = np.linspace(0, 1, fade + 2, dtype=np.float32)[1:-1]
    share = np.concatenate([ramp, np.ones(n - 2 * fade, np.float32), ramp[::-1]])
    place = slice(first - fade, stop + fade)
    samples[place] += share * (filling - samples[place])


def _continued(speech: Samples, n: int, rate: int) -> Samples | None:
    """`n` samples that go on where `speech` ends; None where there is too little of it."""
    shortest, longest = round(_SHORTEST_PERIOD * rate), round(_LONGEST_PERIOD * rate)
    if len(speech) < 2 * longest:
        return None
    period, likeness = _period(speech, shortest, longest)
    if likeness < _VOICED:
        # There and back again: continuous at both ends, without the beat of a repeated piece.
        piece = speech[-2 * longest :]
        return np.resize(np.concatenate([piece[::-1][1:], piece[1:]]), n)
    cycle = speech[-period:].copy()
    quarter = max(1, period // 4)
    # The end of the cycle runs into what came before its beginning, so that it joins itself.
    ramp = np.linspace(0, 1, quarter, dtype=np.float32)
    cycle[-quarter:] += ramp * (speech[-period - quarter : -period] - cycle[-quarter:])
    return np.resize(cycle, n)


def _period(speech: Samples, shortest: int, longest: int) -> tuple[int, float]:
    """The pitch period in samples at the end of `speech`, and the correlation of one period with the next."""
    last = speech[-longest:].astype(np.float64)
    lags = np.arange(shortest, longest + 1)
    lags = lags[lags + longest <= len(speech)]
    earlier = np.stack([speech[len(speech) - longest - lag : len(speech) - lag] for lag in lags]).astype(np.float64)
    norm = np.sqrt((earlier**2).sum(axis=1) * (last**2).sum()) + 1e-12
    likeness = earlier @ last / norm
    # The shortest of the lags that fit nearly as well as the best: a double period is one, too.
    good = np.flatnonzero(likeness >= 0.95 * likeness.max())
    best = int(good[0])
    while best + 1 < len(likeness) and likeness[best + 1] > likeness[best]:
        best += 1
    return int(lags[best]), float(likeness[best])
