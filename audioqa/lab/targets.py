"""What the detectors are meant to reach, and whether they do.

The targets hold for real speech with faults put in. A loss is hidden so well by its concealment that 10 or 20 ms
of it are hardly a fault; so each fill of a hole is judged and shown by itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from audioqa.lab.inject import FILLS
from audioqa.lab.tally import FalseEvents, false_events, recall
from audioqa.lab.trials import Quiet, Trial

G711 = ("ulaw", "alaw")
SUITES = ("silence", "dropouts", "clipping")
TWINS = ("normalised", "limited", "levelled")


@dataclass(frozen=True)
class Verdict:
    """One target and what was measured.

    Parameters
    ----------
    suite
        The detector.
    target, measured
        In words and figures.
    met
        Whether it is reached.
    """

    suite: str
    target: str
    measured: str
    met: bool


def verdicts(trials: Sequence[Trial], quiet: Sequence[Quiet]) -> Iterator[Verdict]:
    """Every target, judged; those that nothing was tried for are left out."""
    yield from _silence(trials)
    yield from _dropouts(trials)
    yield from _clipping(trials)
    yield from _false_events(quiet)


def _silence(trials: Sequence[Trial]) -> Iterator[Verdict]:
    chosen = [t for t in trials if t.suite == "silence"]
    if chosen:
        places = dict.fromkeys((t.codec, t.point) for t in chosen)
        shares = {place: recall(t for t in chosen if (t.codec, t.point) == place) for place in places}
        (codec, point), worst = min(shares.items(), key=lambda item: item[1].share)
        measured = f"{recall(chosen)}; worst place {point} {codec}: {worst}"
        yield Verdict("silence", "gaps, dead air, silent edges: recall ≥ .95 everywhere", measured, worst.share >= 0.95)


def _dropouts(trials: Sequence[Trial]) -> Iterator[Verdict]:
    for fill in FILLS:
        chosen = [t for t in trials if t.suite == "dropouts" and t.condition == fill]
        late = [t for t in chosen if t.size >= 0.019 and (t.point == "after" or t.codec in ("none", *G711))]
        if late:
            yield _by_length(late, f"{fill}: after the last codec or through G.711, from 20 ms, recall ≥ .95", 0.95)
        for codec in ("amr-12.2", "opus-12k", "g729"):
            early = [t for t in chosen if t.size >= 0.059 and t.point == "before" and t.codec == codec]
            if early:
                yield _by_length(early, f"{fill}: before {codec}, from 60 ms, recall ≥ .90", 0.90)


def _by_length(trials: Sequence[Trial], target: str, least: float) -> Verdict:
    total = recall(trials)
    lengths = {size: recall(t for t in trials if t.size == size) for size in sorted({t.size for t in trials})}
    size, lowest = min(lengths.items(), key=lambda item: item[1].share)
    return Verdict("dropouts", target, f"{total}; worst length {1000 * size:.0f} ms: {lowest}", total.share >= least)


def _clipping(trials: Sequence[Trial]) -> Iterator[Verdict]:
    wanted = [("none", 6.0, 0.95), *((codec, 6.0, 0.95) for codec in G711)]
    wanted += [("gsm", 12.0, 0.95), ("amr-12.2", 12.0, 0.85), ("g729", 12.0, 0.85)]
    chosen = [t for t in trials if t.suite == "clipping" and t.point == "before"]
    for codec, size, least in wanted:
        got = recall(t for t in chosen if (t.codec, t.size) == (codec, size))
        if got.total:
            through = "uncoded" if codec == "none" else f"through {codec}"
            yield Verdict("clipping", f"{size:.0f} dB, {through}: recall ≥ {least:.2f}", str(got), got.share >= least)


def _false_events(quiet: Sequence[Quiet]) -> Iterator[Verdict]:
    for suite in SUITES:
        clean = [q for q in quiet if q.suite == suite and q.material == "clean"]
        if clean:
            rates = {
                codec: false_events(q for q in clean if q.codec == codec) for codec in {q.codec: None for q in clean}
            }
            codec, worst = max(rates.items(), key=lambda item: item[1].rate)
            measured = f"{_rate(false_events(clean))}; worst codec {codec}: {_rate(worst)}"
            yield Verdict(suite, "false events per hour of clean speech < 1, each codec", measured, worst.rate < 1)
    twins = false_events(q for q in quiet if q.suite == "clipping" and q.material in TWINS)
    if twins.hours:
        measured = f"{twins.events} in {twins.hours:.1f} h"
        yield Verdict("clipping", "no event on normalised, limited or levelled speech", measured, twins.events == 0)


def _rate(got: FalseEvents) -> str:
    return f"{got.events} in {got.hours:.1f} h = {got.rate:.2f} (upper bound {got.upper:.2f})"
