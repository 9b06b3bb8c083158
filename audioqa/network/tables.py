"""Network statistics from CSV: a call a row, through a `ColumnMap`."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from audioqa.errors import NetworkError, SettingsError
from audioqa.network.column_map import ColumnMap, LegColumns
from audioqa.network.names import map_for
from audioqa.network.statistics import CallNetwork, Leg, checked_figure, completed
from audioqa.perceptual.emodel import burst_ratio_of_runs

_ABSENT = frozenset({"", "-", "n/a", "na", "null", "none", "nan", "\\n", "unknown"})

STATIC_PAYLOADS: Mapping[str, str] = {
    "0": "PCMU",
    "3": "GSM",
    "4": "G723",
    "8": "PCMA",
    "9": "G722",
    "15": "G728",
    "18": "G729",
}
"""RTP payload numbers that name a codec by themselves (RFC 3551)."""


@dataclass(frozen=True)
class BadRow:
    """A row that cannot be used.

    Parameters
    ----------
    line
        Its line in the file.
    call_id
        Its call, where that can be told.
    reason
        What is the matter.
    """

    line: int
    call_id: str
    reason: str


def read_network_table(path: Path, columns: ColumnMap | None = None) -> Iterator[CallNetwork | BadRow]:
    """The calls of a CSV file.

    Parameters
    ----------
    path
        UTF-8 with a header line; its columns are set apart by commas, semicolons, tabs or bars.
    columns
        Which column is which figure; None to go by their names, as a manifest's or VoIPmonitor's. Columns that the file
        does not have are passed over, but one figure must be there.

    Yields
    ------
    CallNetwork or BadRow
        A row each, in order. A value that is empty, ``-``, ``null`` or the like is not known, and never 0.

    Raises
    ------
    NetworkError
        Where the file cannot be read or has none of the columns.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as text:
            first = text.readline()
            counts = Counter({sign: first.count(sign) for sign in ",;\t|"})
            delimiter = counts.most_common(1)[0][0] if counts.total() else ","
            names = [name.strip() for name in next(csv.reader([first], delimiter=delimiter), [])]
            used = _present(path, columns or map_for(names), names)
            reader = csv.reader(text, delimiter=delimiter)
            for values in reader:
                if any(value.strip() for value in values):
                    yield _row(reader.line_num + 1, names, values, used)
    except OSError as error:
        raise NetworkError(f"{path}: the table cannot be read: {error.strerror}") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise NetworkError(f"{path}: this is no CSV in UTF-8: {error}") from None


def _present(path: Path, columns: ColumnMap, names: list[str]) -> ColumnMap:
    """The map without the columns that the table does not have."""
    there = set(names)
    twice = [name for name, count in Counter(names).items() if count > 1 and name in columns.columns()]
    if twice:
        raise NetworkError(f"{path}: two columns are called {twice[0]!r}")
    legs = {
        name: LegColumns(
            figures={figure: column for figure, column in leg.figures.items() if column.name in there},
            codec=leg.codec if leg.codec in there else "",
            runs=leg.runs if leg.runs and set(leg.runs) <= there else (),
        )
        for name, leg in columns.legs.items()
    }
    if not any(leg.figures for leg in legs.values()):
        wanted = sorted({column.name for leg in columns.legs.values() for column in leg.figures.values()})
        none = f"it has none of the columns {', '.join(wanted[:8])}{' ...' if len(wanted) > 8 else ''}"
        none = none if wanted else "none of its columns has the name of a statistic of the network"
        raise NetworkError(f"{path}: {none}; it has {', '.join(names[:12]) or 'none'}")
    return ColumnMap(
        legs=legs,
        call_id=columns.call_id if columns.call_id in there else "",
        start=columns.start if columns.start in there else "",
        tags={name: column for name, column in columns.tags.items() if column in there},
    )


def _row(line: int, names: list[str], values: list[str], columns: ColumnMap) -> CallNetwork | BadRow:
    if len(values) != len(names):
        return BadRow(line, "", f"the row has {len(values)} values, but there are {len(names)} columns")
    row = dict(zip(names, values, strict=True))
    call_id = row.get(columns.call_id, "").strip()
    try:
        legs = tuple(_leg(name, leg, row) for name, leg in columns.legs.items() if leg.figures)
    except (NetworkError, SettingsError) as error:
        return BadRow(line, call_id, str(error))
    told = tuple(leg for leg in legs if leg.figures)
    if not told:
        return BadRow(line, call_id, "no figure of it is known")
    tags = {name: row[column].strip() for name, column in columns.tags.items() if row[column].strip()}
    return CallNetwork(call_id, told, row.get(columns.start, "").strip(), tags)


def _leg(name: str, columns: LegColumns, row: Mapping[str, str]) -> Leg:
    figures = {}
    for figure, column in columns.figures.items():
        value = _number(column.name, row[column.name])
        if value is not None and value != column.absent:
            figures[figure] = checked_figure(figure, value * column.factor, said=column.name)
    figures = completed(figures)
    runs = [_number(column, row[column]) for column in columns.runs]
    if runs and None not in runs and "packets" in figures:
        counted = {length: count for length, count in enumerate(runs, 1) if count}
        ratio = burst_ratio_of_runs(counted, figures["packets"] + sum(n * c for n, c in counted.items()))
        if ratio is not None:
            figures.setdefault("burst_ratio", ratio)
    text = row.get(columns.codec, "").strip()
    codec = "" if text.lower() in _ABSENT else STATIC_PAYLOADS.get(text, "" if text.isdigit() else text)
    return Leg(name, figures, codec)


def _number(name: str, text: str) -> float | None:
    plain = text.strip()
    if plain.lower() in _ABSENT:
        return None
    try:
        return float(plain.removesuffix("%").removesuffix("ms").strip())
    except ValueError:
        raise NetworkError(f"{name} is {plain!r}, which is no number") from None
