"""JSON: a report's only serial form.

Keys stand in the order of the fields in `audioqa.types`. Wherever it stands, a `Skipped` is
``{"skipped": reason, "kind": ..., "channel": ...}``, so that it can never be read as a figure: there is no NaN, and no
null for "don't know".
Figures are rounded to four decimals from 1 on and to four significant digits below: 0.1 ms, 0.0001 MOS, 0.0001 dB.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from numbers import Integral, Real
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from audioqa.errors import AudioqaError
from audioqa.rounding import rounded
from audioqa.types import CallReport, Recording, Skipped

SCHEMA = 1
"""Version of the serial form; a reader refuses any other."""

_LATER = frozenset({"network", "prompt", "rules_digest"})
"""Fields that reports of this schema have had since a later version only."""


def to_dict(report: CallReport) -> dict[str, Any]:
    """The report as plain dictionaries, lists, strings and rounded numbers.

    Raises
    ------
    ValueError
        Where a figure is not finite; the message names the field.
    """
    content = plain(report, "report")
    assert isinstance(content, dict)  # noqa: S101
    return {"schema": SCHEMA, **content}


def to_json(report: CallReport, *, indent: int | None = 2) -> str:
    """The report as JSON text in ASCII, without a final line break; the same report always gives the same text.

    Parameters
    ----------
    indent
        Spaces a level; None writes one line, as JSON Lines wants it.

    Raises
    ------
    ValueError
        Where a figure is not finite; the message names the field.
    """
    return json.dumps(to_dict(report), allow_nan=False, indent=indent)


def from_json(text: str | bytes) -> CallReport:
    """The report that `to_json` wrote, to the digits that it wrote.

    Raises
    ------
    AudioqaError
        Where `text` is not JSON, not a report, or of another schema.
    """
    try:
        plain = json.loads(text)
    except ValueError as error:
        raise AudioqaError(f"not a JSON report: {error}") from error
    return from_plain(plain)


def from_plain(plain: Any) -> CallReport:
    """The report that `to_dict` made plain.

    Raises
    ------
    AudioqaError
        Where it is not a report, or of another schema.
    """
    if not isinstance(plain, dict) or "schema" not in plain:
        raise AudioqaError("not a JSON report of audioqa: it has no field 'schema'")
    if plain["schema"] != SCHEMA:
        raise AudioqaError(f"report of schema {plain['schema']!r}, but this version reads schema {SCHEMA}")
    try:
        report = _value(plain, CallReport)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise AudioqaError(f"a damaged JSON report: {type(error).__name__} {error}") from error
    assert isinstance(report, CallReport)  # noqa: S101
    return report


def plain(value: object, where: str) -> Any:
    """A value as `to_dict` writes it: any dataclass of figures, strings, mappings, lists and `Skipped`.

    Parameters
    ----------
    value
        The value.
    where
        What it is, for the message.

    Raises
    ------
    TypeError
        Where it holds something else.
    ValueError
        Where a figure is not finite.
    """
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, Skipped):
        return {"skipped": value.reason, "kind": value.kind, "channel": value.channel}
    if is_dataclass(value):
        content = {field.name: plain(getattr(value, field.name), f"{where}.{field.name}") for field in fields(value)}
        if isinstance(value, Recording):
            content["duration"] = _rounded(value.duration, f"{where}.duration")  # derived, for readers of the JSON
        return content
    if isinstance(value, Mapping):
        return {str(key): plain(entry, f"{where}.{key}") for key, entry in value.items()}
    if isinstance(value, tuple | list):
        return [plain(entry, f"{where}[{index}]") for index, entry in enumerate(value)]
    if isinstance(value, Integral):
        return int(value)
    if isinstance(value, Real):
        return _rounded(float(value), where)
    raise TypeError(f"{where} is a {type(value).__name__}, which a report cannot hold")


def _rounded(value: float, where: str) -> float:
    if not math.isfinite(value):
        raise ValueError(f"{where} is {value}; a report holds finite figures only, and a Skipped where there is none")
    return rounded(value)


def _value(plain: Any, kind: Any) -> Any:
    """`plain` as a value of the annotated type `kind`."""
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        return _member(plain, arguments)
    if origin is tuple:
        return tuple(_value(entry, arguments[0]) for entry in plain)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return {key: _value(entry, arguments[1]) for key, entry in plain.items()}
    if origin is Literal:
        if plain not in arguments:
            raise ValueError(f"{plain!r} is none of {', '.join(map(repr, arguments))}")
        return plain
    if kind is Skipped:
        return Skipped(plain["kind"], plain["channel"], plain["skipped"])
    if isinstance(kind, type) and is_dataclass(kind):
        # What a report of an older version did not have yet keeps its default.
        there = [(name, hint) for name, hint, optional in _hints(kind) if not optional or name in plain]
        return kind(**{name: _value(plain[name], hint) for name, hint in there})
    if kind is float and isinstance(plain, int | float) and not isinstance(plain, bool):
        return float(plain)
    if type(plain) is not kind:
        raise TypeError(f"{plain!r} is not a {kind.__name__}")
    return plain


@cache
def _hints(kind: type) -> tuple[tuple[str, Any, bool], ...]:
    """Names and types of a dataclass's fields and whether they may be absent; looking up takes longer than the rest."""
    hints = get_type_hints(kind)
    return tuple((field.name, hints[field.name], field.name in _LATER) for field in fields(kind))


def _member(plain: Any, members: tuple[Any, ...]) -> Any:
    """`plain` as the member of a union that it was written from: dictionaries tell by their keys, the rest by type."""
    if plain is None and NoneType in members:
        return None
    if isinstance(plain, dict):
        dataclasses = [member for member in members if is_dataclass(member)]
        kind = Skipped if "skipped" in plain else next(member for member in dataclasses if member is not Skipped)
        return _value(plain, kind)
    plains = [member for member in members if member is not NoneType and not is_dataclass(member)]
    if type(plain) in plains:
        return plain
    return _value(plain, float if float in plains else plains[0])
