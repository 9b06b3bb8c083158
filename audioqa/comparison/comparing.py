"""Two periods, or two kinds of calls, compared: what is counted, what is left out, and in which order it is done."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audioqa.comparison import bootstrap, mix
from audioqa.comparison.cells import Calls, Cells, Floats, Integers, sum_up
from audioqa.comparison.judging import cautions, outcome
from audioqa.comparison.results import Cluster, Comparison, Difference, Standardised
from audioqa.errors import SettingsError
from audioqa.types import Skipped
from audioqa.types.columns import CallColumns, Labels, on_common_names

LARGEST = 30
"""Clusters in the picture."""


@dataclass(frozen=True)
class Options:
    """How a comparison is made.

    Parameters
    ----------
    by
        The column whose values are the clusters.
    line
        MOS below which calls are counted.
    matters
        Smallest difference of MOS that matters: listeners hardly notice less than 0.1.
    match
        Columns to match calls by; None: those that explain most.
    not_mix
        Columns that are no mix because they are the change itself: what the two sides were chosen by.
    draws, seed
        Of the bootstrap.
    """

    by: str = "trunk"
    line: float = 3.6
    matters: float = 0.1
    match: tuple[str, ...] | None = None
    not_mix: tuple[str, ...] = ()
    draws: int = bootstrap.DRAWS
    seed: int = 1


def compare(before: CallColumns, after: CallColumns, options: Options = Options()) -> Comparison:
    """Compare two lots of calls.

    Parameters
    ----------
    before, after
        With the same columns of words and the same kinds of events.
    options
        How.

    Raises
    ------
    SettingsError
        Where a side has no call, both share calls, no MOS of one is on a scale of the other, or there is no such
        column.
    """
    _check(before, after, options)
    found = (len(before), len(after))
    made_by = _common_scale(before, after)
    sides, left_out = [], []
    for calls in (before, after):
        of_cluster = calls.labels[options.by].codes >= 0
        scored = np.isfinite(calls.mos)
        same = calls.made_by.codes == (calls.made_by.names.index(made_by) if made_by in calls.made_by.names else -2)
        left_out.append(
            {
                f"no {options.by} is known": ~of_cluster,
                "no MOS": of_cluster & ~scored,
                "another scale or model": of_cluster & scored & ~same,
            }
        )
        sides.append((calls.taken(of_cluster), calls.taken(of_cluster & scored & same)))
    (every_before, scored_before), (every_after, scored_after) = sides
    others: list[Difference | Skipped] = [_below(scored_before, scored_after, options)]
    for kind in before.events:
        values = every_before.events[kind].astype(np.float64), every_after.events[kind].astype(np.float64)
        others.append(_difference(kind, values, _clusters(every_before, every_after, options.by), options))
    values = scored_before.mos, scored_after.mos
    clusters = _clusters(scored_before, scored_after, options.by)
    mos = _difference("mos", values, clusters, options)
    pairs = {name: on_common_names(scored_before.labels[name], scored_after.labels[name]) for name in before.labels}
    candidates = (mix.mix(name, pair, values) for name, pair in pairs.items() if name not in options.not_mix)
    changed = sorted((one for one in candidates if one), key=lambda one: -abs(one.explains))
    standardised = _standardised(
        options.match if options.match is not None else mix.columns_to_match(changed, pairs),
        pairs,
        values,
        clusters,
        options,
    )
    cells = sum_up(*(Calls(value, cluster) for value, cluster in zip(values, clusters, strict=True)))
    filled = cells.filled
    result = Comparison(
        by=options.by,
        made_by=made_by,
        line=options.line,
        matters=options.matters,
        calls=found,
        left_out=tuple(
            (why, int(left_out[0][why].sum()), int(left_out[1][why].sum()))
            for why in left_out[0]
            if left_out[0][why].any() or left_out[1][why].any()
        ),
        clusters=(int(filled.all(axis=1).sum()), int((~filled[:, 1]).sum()), int((~filled[:, 0]).sum())),
        mos=mos,
        standardised=standardised,
        others=tuple(others),
        mix=tuple(changed),
        largest=_largest(pairs[options.by], values, clusters),
        outcome=outcome(mos, standardised, options.matters),
        cautions=(),
    )
    return replace(result, cautions=tuple(cautions(result, before, after, cells)))


def _check(before: CallColumns, after: CallColumns, options: Options) -> None:
    for side, calls in (("before", before), ("after", after)):
        if not len(calls):
            raise SettingsError(f"there are no calls {side}")
    for name in (options.by, *(options.match or ())):
        if name not in before.labels:
            raise SettingsError(f"there is no column {name!r}; there are {', '.join(sorted(before.labels))}")
    for side, calls in (("before", before), ("after", after)):
        if not (calls.labels[options.by].codes >= 0).any():
            raise SettingsError(f"no call {side} has a {options.by}: there is nothing to go by")
    shared = len(np.intersect1d(before.keys, after.keys))
    if shared:
        raise SettingsError(f"{shared} calls are both before and after: the two sides must not overlap")


def _common_scale(before: CallColumns, after: CallColumns) -> str:
    """The scale and estimator that most calls of the side with fewer of it have."""
    counts = [
        Counter(calls.made_by.codes[np.isfinite(calls.mos) & (calls.made_by.codes >= 0)].tolist())
        for calls in (before, after)
    ]
    named = [
        {calls.made_by.names[code]: number for code, number in count.items()}
        for calls, count in zip((before, after), counts, strict=True)
    ]
    both = {name: min(number, named[1][name]) for name, number in named[0].items() if name in named[1]}
    if not both:
        told = [", ".join(sorted(names)) or "no MOS at all" for names in named]
        raise SettingsError(f"no MOS can be compared: before {told[0]}; after {told[1]}")
    return max(sorted(both), key=lambda name: both[name])


def _clusters(before: CallColumns, after: CallColumns, by: str) -> tuple[Integers, Integers]:
    first, second = on_common_names(before.labels[by], after.labels[by])
    return first.codes, second.codes


def _below(before: CallColumns, after: CallColumns, options: Options) -> Difference | Skipped:
    values = (before.mos < options.line).astype(np.float64), (after.mos < options.line).astype(np.float64)
    return _difference("below", values, _clusters(before, after, options.by), options)


def _difference(
    name: str, values: tuple[Floats, Floats], clusters: tuple[Integers, Integers], options: Options
) -> Difference | Skipped:
    if not (len(values[0]) and len(values[1])):
        return Skipped(name, None, "no calls are left on one side")
    cells = sum_up(Calls(values[0], clusters[0]), Calls(values[1], clusters[1]))
    return _with_interval(name, cells, (len(values[0]), len(values[1])), options)


def _with_interval(name: str, cells: Cells, calls: tuple[int, int], options: Options) -> Difference | Skipped:
    if name not in ("mos", "below") and not cells.mean.any():
        return Skipped(name, None, "no call has one")
    why = bootstrap.without_interval(cells)
    if why is not None:
        return Skipped(name, None, why)
    drawn = bootstrap.interval(cells, draws=options.draws, seed=options.seed)
    before, after = cells.level.tolist()
    return Difference(name, before, after, drawn.low, drawn.high, drawn.detectable, calls)


def _standardised(
    columns: Sequence[str],
    pairs: dict[str, mix.Pair],
    values: tuple[Floats, Floats],
    clusters: tuple[Integers, Integers],
    options: Options,
) -> Standardised:
    if not columns:
        reason = "no column changed enough to move the mean" if options.match is None else "it was not asked for"
        return Standardised(Skipped("mos", None, reason), (), (1.0, 1.0))
    matched = [pairs[name] for name in columns]
    share = mix.covered(matched)
    if min(share) == 0.0:
        why = f"no call has a counterpart with the same {', '.join(columns)}"
        return Standardised(Skipped("mos", None, why), tuple(columns), share)
    calls = mix.to_one_mix(matched, values, clusters)
    cells = sum_up(*calls)
    return Standardised(
        _with_interval("mos", cells, (len(calls[0].values), len(calls[1].values)), options), tuple(columns), share
    )


def _largest(
    pair: tuple[Labels, Labels], values: tuple[Floats, Floats], clusters: tuple[Integers, Integers]
) -> tuple[Cluster, ...]:
    names = pair[0].names
    counts = [np.bincount(cluster, minlength=len(names)) for cluster in clusters]
    sums = [np.bincount(cluster, value, len(names)) for cluster, value in zip(clusters, values, strict=True)]
    order = np.argsort(-(counts[0] + counts[1]), kind="stable")[:LARGEST]
    return tuple(
        Cluster(
            names[place],
            (int(counts[0][place]), int(counts[1][place])),
            (_mean(sums[0], counts[0], place), _mean(sums[1], counts[1], place)),
        )
        for place in order.tolist()
        if counts[0][place] + counts[1][place]
    )


def _mean(sums: NDArray[Any], counts: NDArray[Any], place: int) -> float | None:
    return float(sums[place] / counts[place]) if counts[place] else None
