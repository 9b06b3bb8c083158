"""How often a scan passes its limit by chance: ``python -m audioqa.lab.alert_limits [--calls 4000000]``.

Independent standard normal values of many segments go through `audioqa.alerts.scan.scores`, each call being the last
one once. What is counted is how often the limit is passed anew, against `audioqa.alerts.limits.false_rate`.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from audioqa.alerts import make_calls
from audioqa.alerts.limits import false_rate
from audioqa.alerts.scan import LEAST_BEFORE, scores, sums_of, window_lengths
from audioqa.alerts.segments import make_index

LIMITS = (3.5, 4.0, 4.5)
"""Low ones: those in force are passed too seldom to be counted."""

_PIECE = 200_000
_SEGMENTS = (10, 1000)


def passed(segments: int, calls: int, *, seed: int) -> dict[float, int]:
    """How often each limit is passed anew by so many calls of so many segments.

    Parameters
    ----------
    segments, calls
        How many.
    seed
        Of the values.
    """
    rng = np.random.default_rng(seed)
    words = [f"{one:05d}" for one in rng.integers(0, segments, calls)]
    nothing = [0.0] * calls
    made = make_calls(
        range(calls), [13.0 * one for one in range(calls)], duration=nothing, mos=nothing, labels={"of": words}
    )
    index = make_index(made, ["of"])
    sums = sums_of(rng.normal(0.0, 1.0, calls))
    ends = np.arange(1, calls + 1)
    best = np.full(calls, -np.inf)
    for first in range(0, calls, 20_000):
        some = ends[first : first + 20_000]
        of = index.segment[some - 1]
        score, _ = scores(
            index,
            made.at[index.call],
            sums,
            segments=of,
            ends=some,
            lows=index.start[of],
            lengths=window_lengths(8),
            variance=np.ones(len(some)),
            wobble=np.zeros(len(some)),
        )
        best[first : first + 20_000] = score.max(axis=1)
    found = {}
    for limit in LIMITS:
        count = 0
        for segment in range(index.count):
            above = np.flatnonzero(best[index.start[segment] : index.start[segment + 1]] >= limit)
            # Looks that follow each other closely are one alert.
            count += int((np.diff(above, prepend=-1000) > LEAST_BEFORE).sum())
        found[limit] = count
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Print a table, and write it where a page is named."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=2_000_000)
    parser.add_argument("--write", type=Path, metavar="FILE", help="a page whose table is written anew")
    given = parser.parse_args(arguments)
    lines = ["| segments | limit | passed, a million calls | by the formula |", "| ---: | ---: | ---: | ---: |"]
    for segments in _SEGMENTS:
        counts = dict.fromkeys(LIMITS, 0)
        pieces = max(1, given.calls // _PIECE)
        for piece in range(pieces):
            for limit, count in passed(segments, _PIECE, seed=piece).items():
                counts[limit] += count
        for limit, count in counts.items():
            measured = count / (pieces * _PIECE) * 1e6
            lines.append(f"| {segments:,} | {limit} | {measured:.0f} | {false_rate(limit) * 1e6:.0f} |")
    shown = "\n".join(lines)
    print(shown)  # noqa: T201
    if given.write:
        text = given.write.read_text(encoding="utf-8")
        before, _, rest = text.partition("<!-- limits:begin -->")
        after = rest.partition("<!-- limits:end -->")[2]
        given.write.write_text(f"{before}<!-- limits:begin -->\n{shown}\n<!-- limits:end -->{after}", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
