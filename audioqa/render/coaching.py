"""Evaluations whose audio was bad: as text, as CSV, as JSON Lines and as a page to keep."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from audioqa.coaching import Heard
from audioqa.render.as_csv import outside
from audioqa.render.as_json import plain
from audioqa.render.sheet import card, grid, note, paragraphs, render_sheet
from audioqa.render.wording import clock, kind_words, printable

HEADS = ("evaluation", "call", "agent", "why", "where", "score", "MOS", "seconds")
CSV_COLUMNS = (
    "evaluation_id", "call_id", "tenant", "agent", "score", "audio", "mos", "affected_seconds", "duration", "stretches",
    "kinds", "why", "note",
)  # fmt: skip

PLACES = 4
"""Stretches that are named in a table; CSV has all."""


def headline(heard: Sequence[Heard]) -> str:
    """How many there are of which."""
    counts = {verdict: sum(one.verdict == verdict for one in heard) for verdict in ("bad", "unknown")}
    known = f"{counts['bad']:,} of {len(heard):,} evaluations are of calls whose audio was bad."
    return f"{known} Of {counts['unknown']:,} nothing can be said." if counts["unknown"] else known


def evaluations_text(heard: Sequence[Heard]) -> RenderableType:
    """The list for `rich.console.Console.print`."""
    parts: list[RenderableType] = [Text(headline(heard), "bold")]
    for verdict, words in (("bad", "Audio was bad"), ("unknown", "Nothing can be said")):
        if rows := [_row(one) for one in heard if one.verdict == verdict]:
            table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
            for place, head in enumerate(HEADS):
                table.add_column(head, justify="right" if place > 4 else "left", overflow="fold")
            for row in rows:
                table.add_row(*map(printable, row))
            parts += ["", Text(words, "bold"), table]
    return Group(*parts)


def evaluations_csv(heard: Sequence[Heard]) -> str:
    """The list as CSV: the bad ones and those of which nothing can be said, a row each."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(CSV_COLUMNS)
    for one in heard:
        if one.verdict != "fine":
            rows.writerow([_cell(value) for value in _values(one).values()])
    return text.getvalue()


def evaluations_lines(heard: Sequence[Heard]) -> str:
    """Every evaluation as one JSON object a line, fine ones too; what is not known is left out."""
    return "".join(
        json.dumps({name: value for name, value in _content(one).items() if value not in (None, "")}, allow_nan=False)
        + "\n"
        for one in heard
    )


def write_evaluations_page(heard: Sequence[Heard], name: str, page: str | os.PathLike[str]) -> None:
    """Write the page; one that exists is replaced.

    Parameters
    ----------
    heard
        Every evaluation.
    name
        Of the list.
    page
        The HTML file.
    """
    Path(page).write_text(evaluations_page(heard, name), encoding="utf-8")


def evaluations_page(heard: Sequence[Heard], name: str) -> str:
    """The page as text: what was bad and when, what each agent has, and of what nothing is known."""
    lists = {verdict: [_row(one) for one in heard if one.verdict == verdict] for verdict in ("bad", "unknown")}
    why = "Seconds with faults count each moment once, whoever's fault it was; conversation is no fault."
    return render_sheet(
        title=name,
        eyebrow="Evaluations on bad audio",
        about=headline(heard),
        sections=[
            card("Audio was bad", grid(HEADS, lists["bad"], numbers=3) + note(why) if lists["bad"] else _nobody()),
            card("By agent", grid(AGENT_HEADS, by_agent(heard), numbers=5)),
            card("Nothing can be said", grid(HEADS, lists["unknown"], numbers=3) if lists["unknown"] else ""),
        ],
        data={"evaluations": [_content(one) for one in heard]},
    )


AGENT_HEADS = ("agent", "evaluations", "on bad audio", "not known", "mean score", "without bad audio")


def by_agent(heard: Sequence[Heard]) -> list[list[str]]:
    """A row for each agent with bad audio: how many evaluations, and their mean score with and without these."""
    rows = []
    for agent in sorted({one.evaluated.agent for one in heard if one.verdict == "bad"}):
        own = [one for one in heard if one.evaluated.agent == agent]
        kept = [one.evaluated.score for one in own if one.verdict != "bad"]
        bad = sum(one.verdict == "bad" for one in own)
        unknown = sum(one.verdict == "unknown" for one in own)
        rows.append(
            [agent, str(len(own)), str(bad), str(unknown), _mean([one.evaluated.score for one in own]), _mean(kept)]
        )
    return rows


def _nobody() -> str:
    return paragraphs(["No evaluation is of a call whose audio was found to be bad."])


def _mean(values: Sequence[float]) -> str:
    return f"{sum(values) / len(values):.2f}" if values else "–"


def _row(one: Heard) -> list[str]:
    kinds = ", ".join(map(kind_words, one.kinds))
    why = "; ".join(part for part in (one.why, kinds, one.note) if part)
    places = ", ".join(f"{clock(start)}–{clock(end)}" for start, end in one.stretches[:PLACES])
    more = f" and {len(one.stretches) - PLACES} more" if len(one.stretches) > PLACES else ""
    return [
        one.evaluated.evaluation_id,
        one.evaluated.call_id,
        one.evaluated.agent,
        why,
        places + more,
        f"{one.evaluated.score:g}",
        "–" if one.mos is None else f"{one.mos:.2f}",
        "–" if one.seconds is None else f"{one.seconds:.1f}",
    ]


def _values(one: Heard) -> dict[str, Any]:
    stretches = " ".join(f"{start:.2f}-{end:.2f}" for start, end in one.stretches)
    given = one.evaluated
    first = (given.evaluation_id, given.call_id, given.tenant, given.agent, given.score, one.verdict)
    last = (one.mos, one.seconds, one.duration, stretches, " ".join(one.kinds), one.why, one.note)
    return dict(zip(CSV_COLUMNS, (*first, *last), strict=True))


def _content(one: Heard) -> dict[str, Any]:
    values = _values(one) | {"stretches": [list(stretch) for stretch in one.stretches], "kinds": list(one.kinds)}
    found: dict[str, Any] = plain({name: value for name, value in values.items() if value is not None}, "evaluation")
    return found


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:.10g}" if isinstance(value, float) else outside(str(value))
