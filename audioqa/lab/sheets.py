"""Tables of words and figures, to be written as Markdown or shown at the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

_WORDS = 32
"""Columns of the terminal that the first column may insist on."""


@dataclass(frozen=True)
class Sheet:
    """One table.

    Parameters
    ----------
    title
        One line.
    columns
        Headings; the first column holds words, the others figures.
    rows
        As many cells as there are columns.
    note
        Sentences below the table, or in place of its rows.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""


def markdown(sheets: Sequence[Sheet]) -> str:
    """Sections with a table each."""
    parts: list[str] = []
    for sheet in sheets:
        parts.append(f"## {sheet.title}\n")
        if sheet.rows:
            lines = [sheet.columns, ("---",) * len(sheet.columns), *sheet.rows]
            parts.append("\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n")
        if sheet.note:
            parts.append(sheet.note + "\n")
    return "\n".join(parts)


def tables(sheets: Sequence[Sheet]) -> RenderableType:
    """The same for `rich.console.Console.print`."""
    parts: list[RenderableType] = []
    for sheet in sheets:
        parts += ["", Text(sheet.title, "bold")]
        if sheet.rows:
            table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
            widest = min(_WORDS, max(len(row[0]) for row in sheet.rows))
            table.add_column(sheet.columns[0], overflow="fold", min_width=widest)
            for name in sheet.columns[1:]:
                table.add_column(name, justify="right", overflow="fold")
            for row in sheet.rows:
                table.add_row(*(Text(cell) for cell in row))
            parts.append(table)
        if sheet.note:
            parts.append(Text(sheet.note, "dim"))
    return Group(*parts)
