"""Does the interval of a change experiment hold? Differences are planted, and it is counted how often it covers them.

``python -m audioqa.lab.experiment_coverage [--seed N] [--repeats N] [--write docs/experiments.md]``. Every repeat draws
calls of two periods anew: clusters of equal or very unequal size, the same ones in both periods or others, each with an
effect of its own, one of its own in each period, and calls that scatter as real ones do (skewed: a few are bad). Then
`audioqa.comparison` is asked, as the command asks it.
"""

from __future__ import annotations

import argparse
import itertools
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from audioqa.comparison.bootstrap import DRAWS, interval
from audioqa.comparison.cells import Calls, Cells, Floats, sum_up

BEGIN, END = "<!-- coverage:begin -->", "<!-- coverage:end -->"

REPEATS = 2000
WANTED = 93.5, 96.5
"""Per cent of the intervals that must cover the planted difference."""

PLANTED = (0.0, 0.1, -0.4)
COUNTS = (8, 20, 60)
CALLS = 60
"""Calls of a cluster in a period on average."""

CLUSTER, PERIOD = 0.10, 0.05
"""MOS by which clusters differ, and each from itself in another period (standard deviations)."""


@dataclass(frozen=True)
class Design:
    """What is drawn.

    Parameters
    ----------
    clusters
        In all; unpaired, every other one has calls before, the rest after.
    unequal
        Whether sizes are lognormal (the largest of 20 has some twenty times the calls of the smallest), and differ
        between the periods by 15 %.
    paired
        Whether all clusters have calls in both periods.
    planted
        MOS by which calls are better after.
    """

    clusters: int
    unequal: bool
    paired: bool
    planted: float


@dataclass(frozen=True)
class Covered:
    """How often the planted difference was covered, per cent, by our interval and by the percentile bootstrap.

    Parameters
    ----------
    ours, percentile
        Per cent of the repeats.
    width
        Of our interval on average, MOS.
    told
        Per cent of the repeats in which our interval told the planted difference from none.
    """

    ours: float
    percentile: float
    width: float
    told: float


def designs() -> Iterator[Design]:
    """Every design of the table."""
    for paired, unequal, clusters, planted in itertools.product((True, False), (False, True), COUNTS, PLANTED):
        yield Design(clusters, unequal, paired, planted)


def draw(design: Design, rng: np.random.Generator) -> tuple[Calls, Calls]:
    """The calls of both periods, drawn anew."""
    count = design.clusters
    size = np.full(count, float(CALLS))
    if design.unequal:
        size = rng.lognormal(0.0, 0.8, count)
        size *= CALLS * count / size.sum()
    own = rng.normal(0.0, CLUSTER, count)
    made = []
    for period in (0, 1):
        calls = np.round(size * rng.lognormal(0.0, 0.15, count)) if design.unequal else size
        calls = np.maximum(calls, 3).astype(np.int64)
        if not design.paired:
            calls[np.arange(count) % 2 != period] = 0
        mean = 4.2 + own + rng.normal(0.0, PERIOD, count) + design.planted * period
        cluster = np.repeat(np.arange(count), calls)
        bad = rng.random(len(cluster)) < 1 / 15
        scatter = rng.normal(0.0, 0.16, len(cluster)) - np.where(bad, rng.exponential(0.7, len(cluster)), 0.0)
        made.append(Calls(mean[cluster] + scatter + 0.7 / 15, cluster))
    return made[0], made[1]


def percentile(cells: Cells, rng: np.random.Generator, draws: int) -> tuple[float, float]:
    """The percentile bootstrap over clusters, for comparison: too narrow where clusters are few."""
    means, weights = cells.mean * cells.weight, cells.weight
    times = np.zeros((draws, len(weights)))
    if cells.filled.all():
        times[:] = rng.multinomial(len(weights), np.full(len(weights), 1 / len(weights)), draws)
    else:
        for period in (0, 1):
            (own,) = np.nonzero(cells.filled[:, period])
            times[:, own] = rng.multinomial(len(own), np.full(len(own), 1 / len(own)), draws)
    level = (times @ means) / (times @ weights)
    low, high = np.percentile(level[:, 1] - level[:, 0], [2.5, 97.5])
    return float(low), float(high)


def coverage(design: Design, *, repeats: int, seed: int, draws: int = DRAWS) -> Covered:
    """Draw a design again and again.

    Parameters
    ----------
    design
        What is drawn.
    repeats
        How often.
    seed
        Of everything random.
    draws
        Of each bootstrap.
    """
    rng = np.random.default_rng(
        (seed, design.clusters, design.unequal, design.paired, int(1000 + design.planted * 100))
    )
    found = np.zeros((repeats, 4))
    for number in range(repeats):
        cells = sum_up(*draw(design, rng))
        ours = interval(cells, draws=draws, seed=number)
        low, high = percentile(cells, rng, draws)
        found[number] = (
            ours.low <= design.planted <= ours.high,
            low <= design.planted <= high,
            ours.high - ours.low,
            not ours.low <= 0.0 <= ours.high,
        )
    mean: Floats = found.mean(axis=0)
    return Covered(100 * float(mean[0]), 100 * float(mean[1]), float(mean[2]), 100 * float(mean[3]))


def row(design: Design, covered: Covered) -> str:
    """One row of the table."""
    within = WANTED[0] <= covered.ours <= WANTED[1]
    cells = [
        "same clusters before and after" if design.paired else "other clusters after",
        "unequal" if design.unequal else "equal",
        str(design.clusters),
        f"{design.planted:+.1f}",
        f"{covered.ours:.1f}{'' if within else ' (outside)'}",
        f"{covered.percentile:.1f}",
        f"{covered.width:.3f}",
        f"{covered.told:.0f}" if design.planted else "",
    ]
    return f"| {' | '.join(cells)} |"


HEAD = (
    "| design | sizes | clusters | planted, MOS | covered by our interval, % | by the percentile bootstrap, % |"
    " mean width, MOS | told from none, % |\n| --- | --- | --- | --- | --- | --- | --- | --- |"
)


def main(arguments: Sequence[str] | None = None) -> None:
    """Entry point of ``python -m audioqa.lab.experiment_coverage``."""
    parser = argparse.ArgumentParser(description="how often the interval of a comparison covers what was planted")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--repeats", type=int, default=REPEATS)
    parser.add_argument("--write", metavar="FILE", type=Path, help="put the table between the markers of this file")
    given = parser.parse_args(arguments)
    start, lines, shares = time.monotonic(), [HEAD], []
    print(HEAD)  # noqa: T201
    for design in designs():
        covered = coverage(design, repeats=given.repeats, seed=given.seed)
        shares.append(covered.ours)
        lines.append(row(design, covered))
        print(lines[-1], flush=True)  # noqa: T201
    outside = sum(not WANTED[0] <= share <= WANTED[1] for share in shares)
    lines += [
        "",
        (
            f"{given.repeats} repeats each, seed {given.seed}: {min(shares):.1f} to {max(shares):.1f} %; {outside} of"
            f" {len(shares)} outside {WANTED[0]:g} to {WANTED[1]:g} %."
        ),
    ]
    print("\n".join(lines[-2:]))  # noqa: T201
    sys.stderr.write(f"{time.monotonic() - start:.0f} s\n")
    if given.write:
        before, rest = given.write.read_text(encoding="utf-8").split(BEGIN)
        behind = rest.split(END)[1]
        table = "\n".join(lines)
        given.write.write_text(f"{before}{BEGIN}\n{table}\n{END}{behind}", encoding="utf-8")
    raise SystemExit(1 if outside else 0)


if __name__ == "__main__":
    main()
