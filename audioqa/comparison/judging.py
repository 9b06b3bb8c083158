"""What a comparison comes to, and what to know before it is believed."""

from __future__ import annotations

import numpy as np

from audioqa.comparison import mix
from audioqa.comparison.cells import Cells
from audioqa.comparison.results import Comparison, Difference, Outcome, Standardised
from audioqa.types import Skipped
from audioqa.types.columns import CallColumns

TOLD = 4
"""Clusters named that changed otherwise than most."""

SURE = 4.0
"""Standard errors of its own calls by which such a cluster must differ: one in 16,000 does so by chance."""

FEW = 10
"""Clusters below which an interval, though it holds, rests on what few of them did."""


def outcome(mos: Difference | Skipped, standardised: Standardised, matters: float) -> Outcome:
    """What the difference and the one with a matched mix come to together.

    The latter decides, unless there is a difference that matters which it takes away or turns round.

    Parameters
    ----------
    mos, standardised
        The two differences.
    matters
        Smallest difference of MOS that matters.
    """
    raw = _alone(mos, matters)
    if raw == "none" or isinstance(standardised.difference, Skipped):
        return raw
    matched = _alone(standardised.difference, matters)
    both_small = {raw, matched} <= {"no change", "slightly better", "slightly worse"}
    return "mix" if _sign(raw) not in (0, _sign(matched)) and not both_small else matched


def _alone(difference: Difference | Skipped, matters: float) -> Outcome:
    if isinstance(difference, Skipped):
        return "none"
    small = -matters < difference.low and difference.high < matters
    if difference.low > 0.0:
        return "slightly better" if small else "better"
    if difference.high < 0.0:
        return "slightly worse" if small else "worse"
    return "no change" if small else "open"


def _sign(outcome: Outcome) -> int:
    return {"better": 1, "slightly better": 1, "worse": -1, "slightly worse": -1}.get(outcome, 0)


def cautions(result: Comparison, before: CallColumns, after: CallColumns, cells: Cells) -> list[str]:
    """What to know before a comparison is believed.

    Parameters
    ----------
    result
        All the rest of it.
    before, after
        The calls.
    cells
        Their MOS by cluster.
    """
    found = []
    each = cells.filled.sum(axis=0)
    fewest = int(each.min())
    if isinstance(result.mos, Difference) and fewest < FEW:
        found.append(
            f"Only {fewest} clusters ({result.by}) are on one side: the interval allows for that, but it rests on what"
            " few of them did."
        )
    share = float(cells.shares.max())
    if share > 0.5:
        found.append(f"One {result.by} has {share:.0%} of the calls of its side: the interval depends on it.")
    if others := _apart(result, cells):
        named = ", ".join(f"{name} {change:+.2f}".replace(" -", " −") for name, change in others[:TOLD])
        more = f" and {len(others) - TOLD} more" if len(others) > TOLD else ""
        found.append(
            f"It is not the same everywhere: {len(others)} of the largest clusters changed otherwise than most"
            f" ({named}{more} MOS). Look at them by themselves."
        )
    both, first, second = result.clusters
    if not both:
        found.append(
            f"No {result.by} has calls on both sides: whatever else tells the two groups apart is in the difference."
        )
    elif first or second:
        found.append(
            f"{first} of the clusters ({result.by}) have calls only before and {second} only after; they count too."
        )
    versions = [set(np.array(calls.versions.names)[np.unique(calls.versions.codes)]) for calls in (before, after)]
    if versions[0] != versions[1]:
        told = [", ".join(sorted(map(str, names))) for names in versions]
        found.append(
            f"The calls were analysed by different versions of audioqa ({told[0]} before, {told[1]} after): rates of"
            " events may differ for that reason."
        )
    for why, count_before, count_after in result.left_out:
        rates = count_before / result.calls[0], count_after / result.calls[1]
        if why != "another scale or model" and abs(rates[0] - rates[1]) > 0.05:
            found.append(f"Calls left out ({why}) are {rates[0]:.0%} before and {rates[1]:.0%} after.")
    if isinstance(result.standardised.difference, Difference) and min(result.standardised.covered) < mix.LEAST_COVERED:
        share = min(result.standardised.covered)
        found.append(f"Only {share:.0%} of the calls of one side have a counterpart that the mix can be matched with.")
    return found


def _apart(result: Comparison, cells: Cells) -> list[tuple[str, float]]:
    """Clusters whose own change is not that of most: by more than matters, and by more than its calls' chance."""
    changes = [
        (one, one.mos[1] - one.mos[0]) for one in result.largest if one.mos[0] is not None and one.mos[1] is not None
    ]
    if len(changes) < 3:
        return []
    usual = float(np.median([change for _, change in changes]))
    found = []
    for one, change in changes:
        error = float(np.sqrt((cells.within / np.array(one.calls)).sum()))
        if abs(change - usual) > max(result.matters, SURE * error):
            found.append((one.name, change))
    return sorted(found, key=lambda pair: -abs(pair[1] - usual))
