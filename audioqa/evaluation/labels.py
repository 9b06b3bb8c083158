"""Listeners' opinions of recordings: a CSV file with the columns file, mos and, where known, condition and ci."""

from __future__ import annotations

import csv
import math
import os
from dataclasses import dataclass
from pathlib import Path

from audioqa.errors import SettingsError

LEAST_CONDITIONS = 3
"""Conditions from which on they are looked at: two always correlate perfectly."""


@dataclass(frozen=True)
class Label:
    """What listeners thought of one recording.

    Parameters
    ----------
    file
        Name as the CSV file gives it.
    path
        Where it is: names that are not absolute are relative to the CSV file.
    mos
        Mean opinion score, 1 to 5.
    condition
        What was done to the speech, or None where the column is missing.
    ci
        Half-width of the 95 % interval of the mean, MOS, at least 0, or None where the column is missing.
    """

    file: str
    path: Path
    mos: float
    condition: str | None = None
    ci: float | None = None


def read_labels(path: str | os.PathLike[str]) -> tuple[Label, ...]:
    """Read a CSV file of labels.

    Parameters
    ----------
    path
        UTF-8, a header line, the columns ``file`` and ``mos``; ``condition`` and ``ci`` are optional, but filled in
        every line where they are there; other columns are passed over.

    Returns
    -------
    tuple of Label
        In the order of the file, at least one.

    Raises
    ------
    SettingsError
        Where the file cannot be read, lacks a column, or a line cannot be used; the message names file and line.
    """
    source = Path(path)
    labels: dict[Path, Label] = {}
    try:
        with source.open(newline="", encoding="utf-8-sig") as text:
            rows = csv.DictReader(text, skipinitialspace=True)
            columns = [name.strip() for name in rows.fieldnames or ()]
            rows.fieldnames = columns
            missing = [name for name in ("file", "mos") if name not in columns]
            if missing:
                given = ", ".join(columns) or "nothing"
                raise SettingsError(f"{source}: line 1: the column {missing[0]} is missing; there is {given}")
            for row in rows:
                label = _label(row, source, rows.line_num)
                key = Path(os.path.normpath(label.path))
                if key in labels:
                    raise SettingsError(f"{source}: line {rows.line_num}: {label.file} has a line already")
                labels[key] = label
    except OSError as error:
        raise SettingsError(f"{source}: the labels cannot be read: {error.strerror}") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise SettingsError(f"{source}: not a CSV file in UTF-8: {error}") from None
    if not labels:
        raise SettingsError(f"{source}: there are no labels below the header")
    return tuple(labels.values())


def by_condition(labels: tuple[Label, ...]) -> dict[str, list[int]]:
    """Places of the labels of each condition, in order of appearance; empty where fewer than `LEAST_CONDITIONS`."""
    found: dict[str, list[int]] = {}
    for place, label in enumerate(labels):
        if label.condition is not None:
            found.setdefault(label.condition, []).append(place)
    return found if len(found) >= LEAST_CONDITIONS else {}


def _label(row: dict[str, str | None], source: Path, line: int) -> Label:
    where = f"{source}: line {line}"
    file = (row["file"] or "").strip()
    if not file:
        raise SettingsError(f"{where}: there is no file name")
    mos = _number(row["mos"])
    if mos is None or not 1 <= mos <= 5:
        raise SettingsError(f"{where}: mos must be a number from 1 to 5, given {row['mos'] or ''!r}")
    condition = (row.get("condition") or "").strip()
    if "condition" in row and not condition:
        raise SettingsError(f"{where}: there is no condition; fill the column in every line, or leave it out")
    ci = _number(row["ci"]) if "ci" in row else None
    if "ci" in row and (ci is None or ci < 0):
        raise SettingsError(f"{where}: ci must be a number of at least 0, given {row['ci'] or ''!r}")
    return Label(file, source.parent / file, mos, condition or None, ci)


def _number(text: str | None) -> float | None:
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if math.isfinite(value) else None
