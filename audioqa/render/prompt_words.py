"""The known prompt of a test call in words, and test calls by site and trunk."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from audioqa.types import PromptFound

VARIES = 0.02
"""Seconds by which a delay must change to be called varying: one packet."""


def prompt_words(found: PromptFound) -> str:
    """Where the prompt was found, and how its delay went, in a sentence."""
    begun = f"{found.channel}: the prompt {found.name} begins at {found.delay:.2f} s"
    if found.drift:
        moved = f"; its delay grows steadily, by {found.drift:.0f} parts per million: the clocks differ"
    elif found.change >= VARIES:
        moved = f"; its delay varies by {1000 * found.change:.0f} ms: " + ", ".join(
            f"{1000 * (piece.delay - found.delay):+.0f} ms at {piece.segment.start:.1f} s" for piece in found.pieces
        )
    else:
        moved = f"; its delay is steady to {1000 * found.change:.1f} ms"
    lost = f"; {found.lost:.0%} of it was not recognised" if found.lost else ""
    return begun + moved + lost


@dataclass(frozen=True)
class Tested:
    """One test call, as a table has it."""

    site: str | None
    trunk: str | None
    mos: tuple[str, float] | None
    pesq: tuple[str, float] | None


def by_site_and_trunk(tested: Iterable[Tested]) -> list[tuple[str, str, int, str, str]]:
    """Test calls by site and trunk: how many, mean PESQ and mean MOS, each scale for itself."""
    groups: defaultdict[tuple[str, str], list[Tested]] = defaultdict(list)
    for one in tested:
        groups[one.site or "-", one.trunk or "-"].append(one)
    return [
        (site, trunk, len(calls), _means([one.pesq for one in calls]), _means([one.mos for one in calls]))
        for (site, trunk), calls in sorted(groups.items())
    ]


def _means(scores: Sequence[tuple[str, float] | None]) -> str:
    by_scale: defaultdict[str, list[float]] = defaultdict(list)
    for score in scores:
        if score is not None:
            by_scale[score[0]].append(score[1])
    return ", ".join(f"{sum(values) / len(values):.2f} {scale}" for scale, values in sorted(by_scale.items())) or "-"
