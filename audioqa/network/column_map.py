"""Which column of a table is which figure: a few lines of TOML, or a `ColumnMap` in this package.

.. code-block:: toml

    call_id = "CallUUID"
    [legs.caller]
    codec = "codec_a"
    loss = "loss_fraction_a * 100"
    jitter = "jitter_us_a / 1000"

Without directions the figures stand under ``[figures]``.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from audioqa.errors import SettingsError
from audioqa.network.statistics import FIGURES

_EXPRESSION = re.compile(r"(?P<name>.*?)(?:\s*(?P<sign>[*/])\s*(?P<number>[0-9.]+(?:[eE][+-]?[0-9]+)?))?")


@dataclass(frozen=True)
class Column:
    """A column and how its values become a figure.

    Parameters
    ----------
    name
        As the header line has it.
    factor
        What a value is multiplied by, above 0.
    absent
        A value in the column's own unit by which the source says that it does not know.
    """

    name: str
    factor: float = 1.0
    absent: float | None = None


@dataclass(frozen=True)
class LegColumns:
    """The columns of one direction.

    Parameters
    ----------
    figures
        By the names of `FIGURES`.
    codec
        The column with the codec's name or its RTP payload number; empty where there is none.
    runs
        Columns that count runs of lost packets, of one packet, of two ...; the last one's runs count with its length.
    """

    figures: Mapping[str, Column]
    codec: str = ""
    runs: tuple[str, ...] = ()


@dataclass(frozen=True)
class ColumnMap:
    """A source of network statistics that is a table.

    Parameters
    ----------
    legs
        The directions by name; one with an empty name where the table speaks of the call as a whole.
    call_id, start
        Columns with the call's id and beginning; empty where there are none.
    tags
        Further columns to keep, by the name they get.
    """

    legs: Mapping[str, LegColumns]
    call_id: str = ""
    start: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)

    def columns(self) -> frozenset[str]:
        """Every column that it names."""
        named = {self.call_id, self.start, *self.tags.values()}
        for leg in self.legs.values():
            named |= {leg.codec, *leg.runs, *(column.name for column in leg.figures.values())}
        return frozenset(named - {""})


def load_column_map(path: Path) -> ColumnMap:
    """Read a map that a user has written.

    Parameters
    ----------
    path
        A TOML file with ``call_id`` and ``start`` (optional), and either ``[figures]`` or one ``[legs.NAME]`` for each
        direction. Under these stand the names of `FIGURES`, each with a column, ``column * number`` or ``column /
        number``; ``codec`` with a column; and ``runs`` with a list of columns. ``[tags]`` names columns to keep.

    Raises
    ------
    SettingsError
        Where the file cannot be read, or names what there is not.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise SettingsError(f"{path}: the column map cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: this is no TOML: {error}") from None
    unknown = set(content) - {"call_id", "start", "figures", "legs", "tags"}
    if unknown:
        raise SettingsError(
            f"{path}: {sorted(unknown)[0]!r} is not known; there are call_id, start, figures, legs, tags"
        )
    if ("figures" in content) == ("legs" in content):
        raise SettingsError(f"{path}: it needs either [figures] or [legs.NAME] tables, one of the two")
    tables = {"": content["figures"]} if "figures" in content else content["legs"]
    if not isinstance(tables, dict) or not tables:
        raise SettingsError(f"{path}: [legs] holds one table for each direction")
    return ColumnMap(
        legs={name: _leg(path, table) for name, table in tables.items()},
        call_id=_text(path, "call_id", content.get("call_id", "")),
        start=_text(path, "start", content.get("start", "")),
        tags={name: _text(path, name, value) for name, value in content.get("tags", {}).items()},
    )


def parse_column(text: str) -> Column:
    """The column of ``name``, ``name * number`` or ``name / number``.

    Raises
    ------
    SettingsError
        Where the factor is not above 0.

    Examples
    --------
    >>> parse_column("lost fraction * 100"), parse_column("jitter_us / 1000").factor
    (Column(name='lost fraction', factor=100.0, absent=None), 0.001)
    """
    match = _EXPRESSION.fullmatch(text.strip())
    if match is None or not match["name"]:
        raise SettingsError(f"{text!r} names no column")
    if match["sign"] is None:
        return Column(match["name"])
    try:
        number = float(match["number"])
    except ValueError:
        raise SettingsError(f"{match['number']!r} in {text!r} is no number") from None
    if number <= 0:
        raise SettingsError(f"a factor is above 0, given {text!r}")
    return Column(match["name"], number if match["sign"] == "*" else 1 / number)


def _leg(path: Path, table: object) -> LegColumns:
    if not isinstance(table, dict):
        raise SettingsError(f"{path}: a direction is a table of figures and columns")
    figures = {name: value for name, value in table.items() if name not in ("codec", "runs")}
    for name in figures:
        if name not in FIGURES:
            raise SettingsError(f"{path}: there is no figure {name!r}; there are {', '.join(FIGURES)}")
    runs = table.get("runs", [])
    if not isinstance(runs, list):
        raise SettingsError(f"{path}: runs is a list of columns")
    return LegColumns(
        figures={name: parse_column(_text(path, name, value)) for name, value in figures.items()},
        codec=_text(path, "codec", table.get("codec", "")),
        runs=tuple(_text(path, "runs", column) for column in runs),
    )


def _text(path: Path, name: str, value: object) -> str:
    if not isinstance(value, str):
        raise SettingsError(f"{path}: {name} takes the name of a column, given {value!r}")
    return value.strip()
