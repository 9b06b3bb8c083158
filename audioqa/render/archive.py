"""Exports of many calls: CSV and Parquet with a row for each channel, JSON Lines with one whole call a line.

Everything streams: a call is read, written and forgotten. The **canonical** form leaves out what differs from run to
run though the calls are the same: the run, when a call was scored, and how long that took.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import IO, Any

from audioqa.errors import AudioqaError, SettingsError
from audioqa.render.as_csv import COLUMNS, Value, csv_line, report_rows
from audioqa.render.as_json import from_plain
from audioqa.types.calls import CallInfo
from audioqa.types.stored import FailureRow, StoredCall

FORMATS = ("csv", "jsonl", "parquet")

_WORDS = ("agent", "queue", "site", "carrier", "trunk", "direction", "tap")
_INFO = ("tenant", "call_id", "start_time", "roles", *_WORDS, "call_codec", "network", "tags")
_OF_RUN = ("run", "scored_at", "processing")
_FAILED = ("tenant", "call_id", "location", "kind", "message")
_FAILED_OF_RUN = ("attempts", "run", "first_at", "last_at")

_MOMENTS = frozenset({"start_time", "scored_at", "first_at", "last_at"})
_COUNTS = frozenset({"run", "attempts", *(column for column in COLUMNS if column.endswith("_count"))})
_FIGURES = frozenset(
    {
        "processing",
        "duration",
        "speech",
        "level",
        "activity",
        "percentile_5",
        "worst_30s_mos",
        "worst_30s_start",
        "seconds_below",
        "threshold",
        "call_mos",
        "network_mos",
        *("pesq_nb", "pesq_wb", "prompt_start", "prompt_delay_change"),
        "codec_probability",
        *(column for column in COLUMNS if column.endswith(("_pred", "_seconds"))),
        *(column for column in COLUMNS if column.startswith("mos_") and column != "mos_scale"),
    }
)

_ROWS_AT_ONCE = 2000


def columns(*, canonical: bool, failed: bool = False) -> tuple[str, ...]:
    """The columns of CSV and Parquet, in order.

    Parameters
    ----------
    canonical
        Leave out what differs from run to run.
    failed
        Of failures in place of calls.
    """
    if failed:
        return _FAILED if canonical else (*_FAILED, *_FAILED_OF_RUN)
    return (*_INFO, *COLUMNS) if canonical else (*_INFO, *COLUMNS, *_OF_RUN)


def call_rows(calls: Iterable[StoredCall]) -> Iterator[dict[str, Value]]:
    """A row for each channel of each call, by name of column."""
    for call in calls:
        own: dict[str, Value] = {
            "run": call.run,
            "scored_at": call.scored_at.isoformat(),
            "processing": call.processing,
        }
        for row in report_rows(from_plain(call.content)):
            yield _info(call.info) | row | own


def failure_rows(failures: Iterable[FailureRow]) -> Iterator[dict[str, Value]]:
    """A row for each failure, by name of column."""
    for row in failures:
        yield {
            "tenant": row.tenant,
            "call_id": row.call_id,
            "location": row.location,
            "kind": row.failure.kind,
            "message": row.failure.message,
            "attempts": row.attempts,
            "run": row.run,
            "first_at": row.first_at.isoformat(),
            "last_at": row.last_at.isoformat(),
        }


def call_lines(calls: Iterable[StoredCall], *, canonical: bool) -> Iterator[dict[str, Any]]:
    """One JSON object for each call: what is known of it, its files and its report."""
    for call in calls:
        files = [{"position": f.position, "location": f.location, "sha256": f.sha256} for f in call.files]
        line: dict[str, Any] = {"call": info_line(call.info), "files": files, "report": call.content}
        if not canonical:
            line |= {"run": call.run, "scored_at": call.scored_at.isoformat(), "processing": call.processing}
        yield line


def info_line(info: CallInfo) -> dict[str, Any]:
    """What is known of a call beside its sound, as plain values."""
    return {
        "tenant": info.tenant,
        "call_id": info.call_id,
        "start_time": None if info.start_time is None else info.start_time.isoformat(),
        "roles": list(info.roles),
        **{name: getattr(info, name) for name in (*_WORDS, "codec")},
        "network": dict(info.network),
        "tags": dict(info.tags),
    }


@dataclass(frozen=True)
class Export:
    """What is to be written, read as it is written.

    Parameters
    ----------
    names
        The columns of CSV and Parquet, in order.
    rows
        The rows of CSV and Parquet; read once.
    lines
        The objects of JSON Lines; read once, in place of the rows.
    """

    names: tuple[str, ...]
    rows: Iterable[dict[str, Value]]
    lines: Iterable[Mapping[str, Any]]

    def write_text(self, stream: IO[str], form: str) -> int:
        """Write CSV or JSON Lines; how many rows or objects there were."""
        count = 0
        if form == "jsonl":
            for count, line in enumerate(self.lines, 1):  # noqa: B007 - counted
                stream.write(json.dumps(line, allow_nan=False) + "\n")
        else:
            stream.write(csv_line(self.names))
            for count, row in enumerate(self.rows, 1):  # noqa: B007 - counted
                stream.write(csv_line(row.get(name) for name in self.names))
        return count

    def write_file(self, path: Path, form: str) -> int:
        """Write a file beside its place and put it there when it is whole; how many rows or objects there were.

        Raises
        ------
        AudioqaError
            Where the file cannot be written.
        SettingsError
            Where Parquet is asked for and the package pyarrow is not installed.
        """
        part = path.with_name(f"{path.name}.part")
        try:
            if form == "parquet":
                count = write_parquet(part, self.rows, self.names)
            else:
                with part.open("w", encoding="utf-8", newline="") as stream:
                    count = self.write_text(stream, form)
            part.replace(path)
        except OSError as error:
            raise AudioqaError(f"cannot write {path}: {error.strerror or error}") from None
        finally:
            part.unlink(missing_ok=True)
        return count


def export_of_calls(calls: Iterable[StoredCall], *, canonical: bool) -> Export:
    """The export of calls: a row for each channel of each, or an object for each."""
    return Export(columns(canonical=canonical), call_rows(calls), call_lines(calls, canonical=canonical))


def export_of_failures(failures: Iterable[FailureRow], *, canonical: bool) -> Export:
    """The export of what could not be scored: a row, or an object, for each."""
    names = columns(canonical=canonical, failed=True)
    rows = failure_rows(failures)
    return Export(names, rows, ({name: row[name] for name in names} for row in rows))


def write_parquet(path: Path, rows: Iterable[dict[str, Value]], names: tuple[str, ...]) -> int:
    """Write rows as Parquet; how many they were.

    Raises
    ------
    SettingsError
        Where the package pyarrow is not installed.
    """
    try:
        import pyarrow as arrow
        from pyarrow import parquet
    except ImportError:
        raise SettingsError("Parquet needs the package pyarrow: python -m pip install 'audioqa[parquet]'") from None
    schema = arrow.schema([(name, _kind(arrow, name)) for name in names])
    count, left = 0, iter(rows)
    with parquet.ParquetWriter(path, schema, compression="zstd") as writer:
        while chunk := list(islice(left, _ROWS_AT_ONCE)):
            held = [[_typed(row.get(name), name) for row in chunk] for name in names]
            arrays = [arrow.array(values, type=field.type) for values, field in zip(held, schema, strict=True)]
            writer.write_table(arrow.Table.from_arrays(arrays, schema=schema))
            count += len(chunk)
    return count


def _info(info: CallInfo) -> dict[str, Value]:
    return {
        "tenant": info.tenant,
        "call_id": info.call_id,
        "start_time": None if info.start_time is None else info.start_time.isoformat(),
        "roles": ",".join(info.roles),
        **{name: getattr(info, name) for name in _WORDS},
        "call_codec": info.codec,
        "network": json.dumps(dict(info.network)) if info.network else None,
        "tags": json.dumps(dict(info.tags)) if info.tags else None,
    }


def _kind(arrow: Any, name: str) -> Any:
    if name in _MOMENTS:
        return arrow.timestamp("us", tz="UTC")
    if name == "flagged":
        return arrow.bool_()
    return arrow.int64() if name in _COUNTS else arrow.float64() if name in _FIGURES else arrow.string()


def _typed(value: Value, name: str) -> Any:
    if name in _MOMENTS and isinstance(value, str):
        return datetime.fromisoformat(value)
    if name in _FIGURES and isinstance(value, int | float):
        return float(value)
    return value
