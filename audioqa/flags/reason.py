"""The sentence of a flag, from a template.

``{mos:.1f}`` is the value of a field. What stands in square brackets is left out where a field in it is not known::

    {who}: {count:a dropout|# dropouts} between {start} and {end}[, MOS {mos_there:.1f} there]

``{threshold.mos}`` is the number that the rule's condition compares ``mos`` with. After a colon: ``.0f`` to ``.4f`` for
decimals, ``ms`` for milliseconds of seconds, ``up or down`` for a change, ``one|many`` where ``#`` is the number,
``clause`` for a sentence without its full stop. Doubled, ``{{ }} [[ ]]`` stand for themselves.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from audioqa.errors import SettingsError
from audioqa.flags.words import Kind, Value

LONGEST, LONGEST_VALUE = 1000, 500
"""Characters of a template, and of a text that is put into it."""

UNKNOWN = "unknown"
"""In place of a value that is not known, outside square brackets."""

_PIECE = re.compile(r"\{\{|\}\}|\[\[|\]\]|\{(?P<name>[^{}:\[\]]*)(?::(?P<form>[^{}]*))?\}|[\[\]{}]|[^\[\]{}]+")
_FORM = re.compile(r"(?P<decimals>\.[0-4]f)|(?P<word>ms|up or down|clause)|(?P<plural>[^|]+\|[^|]+)")


@dataclass(frozen=True)
class Place:
    """A value to put in: a field, and how it is told."""

    name: str
    form: str


@dataclass(frozen=True)
class Part:
    """Texts and values in order; an optional part is left out where a value in it is not known."""

    pieces: tuple[str | Place, ...]
    optional: bool


def parse_reason(text: str) -> tuple[Part, ...]:
    """The parts of a template.

    Parameters
    ----------
    text
        The template.

    Raises
    ------
    SettingsError
        Where brackets do not match, are within one another, or a form is not known.
    """
    if not text.strip() or len(text) > LONGEST:
        raise SettingsError(f"a reason has 1 to {LONGEST} characters, this one {len(text)}")
    parts: list[Part] = []
    pieces: list[str | Place] = []
    inside = False
    for found in _PIECE.finditer(text):
        piece = found.group()
        if found["name"] is not None:
            pieces.append(_place(found["name"].strip(), found["form"] or ""))
        elif piece in ("[", "]"):
            if inside is (piece == "["):
                raise SettingsError(
                    f"{piece!r} at character {found.start() + 1} has no partner; doubled it is a plain one"
                )
            parts.append(Part(tuple(pieces), inside))
            pieces, inside = [], not inside
        elif piece in ("{", "}"):
            raise SettingsError(f"{piece!r} at character {found.start() + 1} has no partner; doubled it is a plain one")
        else:
            pieces.append(piece[0] if piece in ("{{", "}}", "[[", "]]") else piece)
    if inside:
        raise SettingsError("a square bracket is not closed")
    return tuple(part for part in (*parts, Part(tuple(pieces), False)) if part.pieces)


def check_form(place: Place, kind: Kind) -> None:
    """See that a value of a kind can be told so.

    Raises
    ------
    SettingsError
        Where it cannot.
    """
    if place.form and kind.name != "any" and kind.is_number is (place.form == "clause"):
        wanted = "text" if place.form == "clause" else "number"
        raise SettingsError(f"{{{place.name}:{place.form}}} is for a {wanted}, and {place.name} is none")


def render(parts: tuple[Part, ...], read: Callable[[str], Value | None], kind: Callable[[str], Kind]) -> str:
    """The sentence.

    Parameters
    ----------
    parts
        The template.
    read
        The value of a field by name, None where it is not known.
    kind
        What a field can be.
    """
    told = ""
    for part in parts:
        values = {piece: read(piece.name) for piece in part.pieces if isinstance(piece, Place)}
        if part.optional and None in values.values():
            continue
        for piece in part.pieces:
            if isinstance(piece, str):
                told += piece
            else:
                value = values[piece]
                told += UNKNOWN if value is None else _told(value, piece.form, kind(piece.name))
    return told


def clock(seconds: float) -> str:
    """Seconds as ``m:ss``, or ``h:mm:ss`` from an hour on.

    >>> clock(130.4), clock(3725)
    ('2:10', '1:02:05')
    """
    minutes, second = divmod(int(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02d}:{second:02d}" if hours else f"{minute}:{second:02d}"


def _place(name: str, form: str) -> Place:
    if form and not _FORM.fullmatch(form):
        known = ".0f to .4f, ms, up or down, clause, one|many"
        raise SettingsError(f"{{{name}:{form}}} cannot be told so; after a colon may stand {known}")
    return Place(name, form)


def _told(value: Value, form: str, kind: Kind) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        plain = "".join(sign for sign in " ".join(value.split()) if sign.isprintable())
        plain = plain if len(plain) <= LONGEST_VALUE else f"{plain[:LONGEST_VALUE]}…"
        return plain.rstrip(".") if form == "clause" else plain
    if form == "ms":
        return f"{value * 1000:.0f} ms"
    if form == "up or down":
        return f"{'up' if value > 0 else 'down'} by {abs(value):.0f}"
    if "|" in form:
        one, many = form.split("|")
        return (one if value == 1 else many).replace("#", f"{value:g}")
    if form:
        return format(value, form)
    return clock(value) if kind.name == "time" else f"{value:g}" if isinstance(value, float) else str(value)
