"""Manifests: CSV or JSONL, a call a row, with the path of its file and whatever else is known of it."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from audioqa.errors import SettingsError, SourceError
from audioqa.sources import folders, objects
from audioqa.sources.calls import CallReader
from audioqa.sources.columns import Known, meaning_of, understand
from audioqa.sources.items import make_item
from audioqa.sources.legs import Legs
from audioqa.sources.naming import Looker, absolute
from audioqa.sources.sidecars import flatten, strict_json
from audioqa.types import BadItem, CallInfo, Item

_BOMS = ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"), (b"\xef\xbb\xbf", "utf-8-sig"))
_DELIMITERS = ",;\t|"
_LONGEST_LINE = 2**20


@dataclass(frozen=True)
class Row:
    """One row: where it stands, and what it says or why it cannot be read."""

    line: int
    known: Known = field(default_factory=Known)
    wrong: str = ""


def calls_in_manifest(location: str, reader: CallReader) -> Iterator[Item | BadItem]:
    """The calls of a manifest, row by row.

    Parameters
    ----------
    location
        Path or URL of the manifest; relative paths in it start where it lies.
    reader
        Has the options, and the pattern that file names may follow beside.

    Yields
    ------
    Item or BadItem
        A bad item for every row that cannot be used, with its line: ``/x/calls.csv:17``.
    """
    try:
        with _opened(location) as text, Looker() as files:
            base = location.rpartition("/")[0]
            for row in rows(text, json_lines=location.lower().endswith((".jsonl", ".ndjson"))):
                yield _call(f"{location}:{row.line}", row, base, reader, files)
    except SourceError as error:
        yield BadItem(error.location, error.kind, error.cause)
    except UnicodeDecodeError:
        yield BadItem(location, "manifest", "it is not in the encoding that it begins with; the rest was not read")
    except objects.access_errors() as refusal:
        yield BadItem(location, "access", f"it could not be read to its end: {refusal}; the rest was not read")


def rows(text: io.TextIOWrapper, *, json_lines: bool) -> Iterator[Row]:
    """The rows of a manifest.

    Parameters
    ----------
    text
        It, opened with ``surrogateescape``, so that bytes that are no text spoil their row only.
    json_lines
        An object a line, in place of CSV. CSV may have commas, semicolons, tabs or bars between its columns.

    Yields
    ------
    Row
        Empty lines are left out.
    """
    yield from _json_rows(text) if json_lines else _csv_rows(text)


def _csv_rows(text: io.TextIOWrapper) -> Iterator[Row]:
    first = text.readline(_LONGEST_LINE)
    counts = Counter({sign: first.count(sign) for sign in _DELIMITERS})
    delimiter = counts.most_common(1)[0][0] if counts.total() else ","
    names = next(csv.reader([first.rstrip("\r\n")], delimiter=delimiter), [])
    wrong = _wrong_header(names)
    if wrong:
        yield Row(1, wrong=wrong)
        return
    reader = csv.reader(text, delimiter=delimiter)
    while True:
        line = reader.line_num + 2
        try:
            values = next(reader, None)
        except csv.Error as error:
            yield Row(line, wrong=f"the row is no CSV: {error}")
            continue
        if values is None:
            return
        if not any(value.strip() for value in values):
            continue
        if len(values) != len(names):
            yield Row(line, wrong=f"the row has {len(values)} values, but there are {len(names)} columns")
            continue
        yield _row(line, list(zip(names, values, strict=True)))


def _wrong_header(names: list[str]) -> str:
    if "path" not in map(meaning_of, names):
        there = ", ".join(names[:12]) or "none"
        return f"no column has the path of the recording (path, file, recording ...); its columns are {there}"
    twice = [name for name, count in Counter(name.strip().lower() for name in names).items() if count > 1 and name]
    return f"two columns are called {twice[0]!r}" if twice else ""


def _json_rows(text: io.TextIOWrapper) -> Iterator[Row]:
    for line, content in enumerate(text, 1):
        if not content.strip():
            continue
        try:
            value = strict_json(content)
        except ValueError as error:
            yield Row(line, wrong=str(error))
            continue
        if not isinstance(value, dict):
            yield Row(line, wrong="the line holds no JSON object")
            continue
        yield _row(line, list(flatten(value)))


def _row(line: int, pairs: list[tuple[str, str]]) -> Row:
    if any(not _is_text(name + value) for name, value in pairs):
        return Row(line, wrong="the row is not in UTF-8: save the manifest as 'CSV UTF-8'")
    try:
        return Row(line, understand(pairs))
    except ValueError as error:
        return Row(line, wrong=str(error))


def _is_text(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


@contextmanager
def _opened(location: str) -> Iterator[io.TextIOWrapper]:
    """A manifest as text: UTF-8, or UTF-16 with its mark."""
    if objects.is_url(location):
        stream = objects.open_object(location)
    else:
        folders.look(location)
        try:
            stream = Path(location).open("rb")  # noqa: SIM115 - closed with its wrapper
        except OSError as refusal:
            raise folders.refused(location, refusal) from None
    head = stream.read(3)
    stream.seek(0)
    encoding = next((name for mark, name in _BOMS if head.startswith(mark)), "utf-8")
    with io.TextIOWrapper(stream, encoding=encoding, errors="surrogateescape", newline="") as text:
        yield text


def _call(where: str, row: Row, base: str, reader: CallReader, files: Looker) -> Item | BadItem:
    fields = row.known.fields
    paths = [absolute(fields[name], base) for name in ("path", "path_2") if name in fields]
    call_id = fields.get("call_id", paths[0] if paths else where)
    info = CallInfo(call_id=call_id, tenant=fields.get("tenant", ""))
    if row.wrong or "path" not in fields:
        return BadItem(where, "manifest", row.wrong or "the row has no path", info if paths else None)
    try:
        known = row.known.over(reader.named(paths[0]))
    except ValueError as error:
        return BadItem(where, "pattern", f"{paths[0]}: {error}", info)
    try:
        found = tuple(files.look(path) for path in paths)
        named = fields.get("reference")
        reference = files.look(absolute(named, base)) if named is not None else None
    except SourceError as error:
        return BadItem(where, error.kind, str(error), info)
    except SettingsError as error:
        return BadItem(where, "settings", str(error), info)
    legs = Legs(tuple(paths), ("channel 1", "channel 2"), "", call_id) if len(paths) == 2 else None
    item = make_item(found, known, reader.options, call_id=call_id, reference=reference, legs=legs)
    return BadItem(where, item.kind, f"{paths[0]}: {item.message}", item.info) if isinstance(item, BadItem) else item
