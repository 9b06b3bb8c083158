"""A list of evaluations of agents: a CSV file with the columns evaluation_id, call_id, agent and score."""

from __future__ import annotations

import csv
import math
import os
from dataclasses import dataclass
from pathlib import Path

from audioqa.errors import SettingsError

COLUMNS = ("evaluation_id", "call_id", "agent", "score")
"""Needed; `tenant` may stand beside them, and other columns are passed over."""

TOLD = 10
"""Bad lines that are named at once."""


@dataclass(frozen=True)
class Evaluated:
    """One evaluation of an agent.

    Parameters
    ----------
    evaluation_id
        Its own name, once in a list.
    call_id
        The call that was listened to.
    agent
        Who was evaluated.
    score
        On whatever scale its maker uses.
    tenant
        Whose call; None where that is not said.
    """

    evaluation_id: str
    call_id: str
    agent: str
    score: float
    tenant: str | None = None


def read_evaluations(path: str | os.PathLike[str]) -> tuple[Evaluated, ...]:
    """Read a list of evaluations.

    Parameters
    ----------
    path
        UTF-8, comma-separated, a header line.

    Returns
    -------
    tuple of Evaluated
        In the order of the file, at least one.

    Raises
    ------
    SettingsError
        Where the file cannot be read, lacks a column, or has lines that cannot be used: the message names them all, up
        to `TOLD`.
    """
    source = Path(path)
    found: list[Evaluated] = []
    wrong: list[str] = []
    lines: dict[str, int] = {}
    try:
        with source.open(newline="", encoding="utf-8-sig") as text:
            rows = csv.reader(text, strict=True)
            columns = _columns(next(rows, []), source)
            for cells in rows:
                if not any(cell.strip() for cell in cells):
                    continue
                line = rows.line_num
                try:
                    one = _evaluated(cells, columns)
                    if one.evaluation_id in lines:
                        raise ValueError(
                            f"the evaluation {one.evaluation_id!r} stands in line {lines[one.evaluation_id]} already"
                        )
                    lines[one.evaluation_id] = line
                    found.append(one)
                except ValueError as error:
                    wrong.append(f"line {line}: {error}")
    except OSError as error:
        raise SettingsError(f"{source}: the evaluations cannot be read: {error.strerror}") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise SettingsError(f"{source}: not a CSV file in UTF-8: {error}") from None
    if wrong:
        more = f"; and {len(wrong) - TOLD} more lines" if len(wrong) > TOLD else ""
        raise SettingsError(f"{source}: {'; '.join(wrong[:TOLD])}{more}")
    if not found:
        raise SettingsError(f"{source}: there are no evaluations below the header")
    return tuple(found)


def _columns(header: list[str], source: Path) -> list[str]:
    columns = [name.strip() for name in header]
    missing = [name for name in COLUMNS if name not in columns]
    if missing:
        raise SettingsError(
            f"{source}: line 1: the column {missing[0]} is missing; there is {', '.join(columns) or 'nothing'}"
        )
    twice = [name for name in (*COLUMNS, "tenant") if columns.count(name) > 1]
    if twice:
        raise SettingsError(f"{source}: line 1: the column {twice[0]} stands there twice")
    return columns


def _evaluated(cells: list[str], columns: list[str]) -> Evaluated:
    if len(cells) != len(columns):
        raise ValueError(f"{len(cells)} fields where the header has {len(columns)}")
    row = {name: cell.strip() for name, cell in zip(columns, cells, strict=True)}
    for name in COLUMNS:
        if not row[name]:
            raise ValueError(f"there is no {name}")
    try:
        score = float(row["score"])
    except ValueError:
        score = math.nan
    if not math.isfinite(score):
        raise ValueError(f"score must be a number, given {row['score']!r}")
    return Evaluated(row["evaluation_id"], row["call_id"], row["agent"], score, row.get("tenant") or None)
