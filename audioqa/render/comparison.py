"""A comparison as JSON, as text for a terminal, and as a page to keep."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from audioqa.comparison import Cluster, Comparison
from audioqa.render import comparison_drawing as drawing
from audioqa.render import comparison_words as words
from audioqa.render.as_json import plain
from audioqa.render.sheet import card, folded, grid, note, paragraphs, render_sheet
from audioqa.render.wording import printable

SCHEMA = 1
"""Version of the JSON form of a comparison."""

MIX_ROWS, MIX_ON_PAGE = 10, 6
"""Columns of the mix that are told in the terminal, and on the page, which is to fit on one sheet."""


@dataclass(frozen=True)
class Sides:
    """What was compared, in the words of whoever asked: each side, what both have in common, and when it was asked."""

    before: str
    after: str
    both: str = ""
    made: str = ""

    @property
    def title(self) -> str:
        """Both sides in a line."""
        return f"{self.before} against {self.after}"


def comparison_dict(comparison: Comparison, sides: Sides) -> dict[str, Any]:
    """The comparison as plain dictionaries, lists, strings and rounded figures, with the verdict in words."""
    said = {
        "schema": SCHEMA,
        "before": sides.before,
        "after": sides.after,
        "both": sides.both,
        "made": sides.made,
        "verdict": words.headline(comparison),
        "explanation": words.explanation(comparison),
    }
    found: dict[str, Any] = said | plain(comparison, "comparison")
    return found


def comparison_text(comparison: Comparison, sides: Sides) -> RenderableType:
    """The comparison for `rich.console.Console.print`."""
    figures = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    for place, head in enumerate(words.HEADS):
        figures.add_column(head, justify="right" if place else "left", overflow="fold")
    for difference in (comparison.mos, *comparison.others):
        figures.add_row(*map(printable, words.row(difference, line=comparison.line)))
    parts: list[RenderableType] = [
        Text(printable(sides.title), "dim"),
        Text(words.headline(comparison), "bold"),
        *(Text(printable(line)) for line in words.explanation(comparison)),
        figures,
    ]
    if comparison.mix:
        changed = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
        for place, head in enumerate(words.MIX_HEADS):
            changed.add_column(head, justify="right" if place > 1 else "left", overflow="fold")
        for one in comparison.mix[:MIX_ROWS]:
            changed.add_row(*map(printable, words.mix_row(one)))
        parts += [Text("Mix of calls", "bold"), changed]
    parts += [Text(printable(line), "yellow") for line in comparison.cautions]
    parts += [Text(printable(line), "dim") for line in (*words.left_out(comparison), f"MOS: {comparison.made_by}")]
    return Group(*parts)


def write_comparison_page(comparison: Comparison, sides: Sides, page: str | os.PathLike[str]) -> None:
    """Write the page; one that exists is replaced."""
    Path(page).write_text(comparison_page(comparison, sides), encoding="utf-8")


def comparison_page(comparison: Comparison, sides: Sides) -> str:
    """The page as text: verdict, figures, picture, mix, and what to know."""
    lead = f'<p class="lead">{words.headline(comparison)}</p>'
    picture = drawing.differences(comparison)
    legend = note(
        "Difference of mean MOS, after minus before, with 95 % intervals; shaded: less than"
        f" {comparison.matters:g}, which is taken not to matter."
    )
    made = (
        f"Calls of one {comparison.by} share its faults: the intervals come from a bootstrap-t over these clusters,"
        " which holds with few of them and with unequal ones (docs/experiments.md)."
    )
    figures = [words.row(one, line=comparison.line) for one in (comparison.mos, *comparison.others)]
    dots = drawing.clusters(comparison.largest, comparison.by)
    ring = f"{comparison.by}: mean MOS before (ring) and after (dot), the greatest loss first."
    return render_sheet(
        title=sides.title,
        eyebrow="Change experiment",
        about=" · ".join(part for part in (sides.both, f"by {comparison.by}", sides.made) if part),
        sections=[
            card("Verdict", lead + paragraphs(words.explanation(comparison)) + (picture + legend if picture else "")),
            card("What to know before it is believed", paragraphs(comparison.cautions)),
            card(
                "Figures",
                grid(words.HEADS, figures, numbers=5)
                + note(
                    "Would be seen: the smallest difference that would have been told from none in four of five such"
                    " comparisons. Of twenty intervals one misses by chance: a lone kind of event that moved is a hint,"
                    " not a finding."
                ),
            ),
            card(
                "Mix of calls",
                grid(words.MIX_HEADS, [words.mix_row(one) for one in comparison.mix[:MIX_ON_PAGE]], numbers=2)
                + note(
                    "Moved: calls that would need another value for both sides to be alike. Explains: what that alone"
                    " does to the mean."
                )
                if comparison.mix
                else "",
            ),
            card(
                "The largest clusters",
                dots + note(ring) + folded("The same in figures", _clusters(comparison.largest, comparison.by)),
            ),
            card(
                "How it was made",
                paragraphs(
                    [
                        f"MOS: {comparison.made_by}. Calls of another scale or model are not in it.",
                        *words.left_out(comparison),
                        made,
                    ]
                ),
            ),
        ],
        data=comparison_dict(comparison, sides),
    )


def _clusters(largest: Sequence[Cluster], by: str) -> str:
    rows = [
        [
            one.name,
            *(f"{count:,}" for count in one.calls),
            *("–" if mos is None else f"{mos:.2f}" for mos in one.mos),
        ]
        for one in largest
    ]
    return grid((by, "calls before", "calls after", "MOS before", "MOS after"), rows, numbers=4) if rows else ""
