"""What stands beside a recording in a file of the same name: ``call.json`` or ``call.xml`` beside ``call.wav``.

Nested values have dotted names (``call.agent.id``), which mean what the columns of a manifest mean. Lists of plain
values are one text with commas; lists of objects, and text of more than 500 characters such as transcripts, are left
aside.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any
from xml.parsers import expat

from audioqa.sources.columns import Known, understand
from audioqa.sources.listing import SIDECARS, Listing

MOST_BYTES = 4 * 2**20
"""Longer files hold something else than what is known of one call."""

_LONGEST = 500
_DEEPEST = 50


def sidecar(listing: Listing, location: str, names: frozenset[str]) -> Known:
    """What the side-car of a recording says, or nothing where there is none.

    Parameters
    ----------
    listing
        The place.
    location
        Of the recording.
    names
        The locations in the place that end like side-cars.

    Raises
    ------
    ValueError
        Where it cannot be read for what it is.
    SourceError
        Where it cannot be read at all.
    """
    found = sidecar_of(location, names)
    if found is None:
        return Known()
    content = listing.read(found)
    name = PurePosixPath(found).name
    if len(content) > MOST_BYTES:
        raise ValueError(f"its side-car {name} has more than {MOST_BYTES >> 20} MiB, too many for one call's data")
    try:
        pairs = _of_json(content) if found.lower().endswith(".json") else _of_xml(content)
        return understand(pairs)
    except ValueError as error:
        raise ValueError(f"its side-car {name}: {error}; --no-sidecars leaves side-cars aside") from None


def sidecar_of(location: str, names: frozenset[str]) -> str | None:
    """The location of a recording's side-car, or None."""
    stem = location.removesuffix(PurePosixPath(location).suffix)
    for base in (stem, location):
        for extension in SIDECARS:
            for each in (extension, extension.upper()):
                if f"{base}{each}" in names:
                    return f"{base}{each}"
    return None


def flatten(value: Any, name: str = "", depth: int = 0) -> Iterator[tuple[str, str]]:
    """Dotted names and text of a JSON value.

    Raises
    ------
    ValueError
        Where it is nested too deep.
    """
    if depth > _DEEPEST:
        raise ValueError("it is nested too deep for what is known of a call")
    if isinstance(value, dict):
        for key, each in value.items():
            yield from flatten(each, f"{name}.{key}" if name else str(key), depth + 1)
    elif isinstance(value, list):
        if not any(isinstance(each, dict | list) for each in value):
            yield name, ",".join(_text(each) for each in value)
    elif len(text := _text(value)) <= _LONGEST:
        yield name, text


def strict_json(text: str) -> Any:
    """A JSON value without NaN and infinities.

    Raises
    ------
    ValueError
        Where it is none.
    """

    def refuse(word: str) -> None:
        raise ValueError(f"{word} is no JSON")

    try:
        return json.loads(text, parse_constant=refuse)
    except json.JSONDecodeError as error:
        raise ValueError(f"it is no JSON: {error.msg.lower()} at character {error.pos + 1}") from None
    except RecursionError:
        raise ValueError("it is nested too deep for what is known of a call") from None


def _text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value)


def _of_json(content: bytes) -> list[tuple[str, str]]:
    try:
        value = strict_json(content.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise ValueError("it is not in UTF-8") from None
    if not isinstance(value, dict):
        raise ValueError("it holds no JSON object")
    return list(flatten(value))


def _of_xml(content: bytes) -> list[tuple[str, str]]:
    """Dotted names below the root, of elements and attributes; ``<field name="agent">Ann</field>`` is ``agent``."""
    found: list[tuple[str, str]] = []
    path: list[str] = []
    texts: list[str] = []
    parser = expat.ParserCreate()

    def begin(tag: str, attributes: dict[str, str]) -> None:
        if len(path) > _DEEPEST:
            raise ValueError("it is nested too deep for what is known of a call")
        key = attributes.pop("name", None) or attributes.pop("key", None) if path else None
        path.append(key or tag.rpartition(":")[2])
        texts.append("")
        if key and "value" in attributes:
            found.append((".".join(path[1:]), attributes.pop("value")))
        for name, text in attributes.items():
            if name.partition(":")[0] != "xmlns":
                found.append((".".join([*path[1:], name.rpartition(":")[2]]), text))

    def characters(text: str) -> None:
        if texts:
            texts[-1] += text

    def end(_: str) -> None:
        text = texts.pop().strip()
        if text and len(path) > 1:
            found.append((".".join(path[1:]), text))
        path.pop()

    def refuse(*_: object) -> None:
        raise ValueError("it declares a document type, which no side-car needs and which can be an attack")

    parser.StartElementHandler = begin
    parser.EndElementHandler = end
    parser.CharacterDataHandler = characters
    parser.StartDoctypeDeclHandler = refuse
    try:
        parser.Parse(content, True)
    except expat.ExpatError as error:
        raise ValueError(f"it is no XML: {expat.ErrorString(error.code)} in line {error.lineno}") from None
    return [(name, text) for name, text in found if len(text) <= _LONGEST]
