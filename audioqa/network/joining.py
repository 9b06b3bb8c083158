"""Statistics of the network beside calls: read from a file of any kind, found again by call id, and rated."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from audioqa.network.column_map import ColumnMap
from audioqa.network.session_report import holds_session_report, read_session_reports
from audioqa.network.statistics import CallNetwork
from audioqa.network.tables import BadRow, read_network_table


@dataclass(frozen=True)
class NetworkByCall:
    """Figures of calls, by their ids.

    Parameters
    ----------
    figures
        By call id, as `CallNetwork.flat` gives them.
    codecs
        By call id, the codec, where all directions have one and the same.
    leg_codecs
        By call id, the codecs of directions that differ, as tags: ``caller_codec``.
    bad
        Rows that cannot be used, and calls without an id.
    twice
        Call ids that came more than once; of these the last one counts.
    """

    figures: Mapping[str, Mapping[str, float]]
    codecs: Mapping[str, str]
    leg_codecs: Mapping[str, Mapping[str, str]]
    bad: tuple[BadRow, ...]
    twice: tuple[str, ...]


def read_network(path: Path, columns: ColumnMap | None = None) -> Iterator[CallNetwork | BadRow]:
    """The calls of a file: CSV, or reports of RFC 6035.

    Parameters
    ----------
    path
        The file; what it is, its first lines tell.
    columns
        Which column of a CSV is which figure; None to go by their names.

    Yields
    ------
    CallNetwork or BadRow
        In the order of the file.

    Raises
    ------
    NetworkError
        Where the file cannot be read or used.
    """
    if holds_session_report(path):
        yield from read_session_reports(path.read_text("utf-8", "replace"))
    else:
        yield from read_network_table(path, columns)


def by_call(found: Iterable[CallNetwork | BadRow]) -> NetworkByCall:
    """Statistics by call id, to be joined with recordings.

    Parameters
    ----------
    found
        What `read_network` yields.
    """
    calls: dict[str, CallNetwork] = {}
    seen: Counter[str] = Counter()
    bad: list[BadRow] = []
    for number, one in enumerate(found, 1):
        if isinstance(one, BadRow):
            bad.append(one)
        elif not one.call_id:
            bad.append(BadRow(number + 1, "", "it has no call id"))
        else:
            calls[one.call_id] = one
            seen[one.call_id] += 1
    return NetworkByCall(
        figures={call_id: call.flat() for call_id, call in calls.items()},
        codecs={call_id: codec for call_id, call in calls.items() if (codec := _codec(call))},
        leg_codecs={
            call_id: {f"{leg.name}_codec": leg.codec for leg in call.legs if leg.name and leg.codec}
            for call_id, call in calls.items()
            if len({leg.codec for leg in call.legs}) > 1
        },
        bad=tuple(bad),
        twice=tuple(call_id for call_id, count in seen.items() if count > 1),
    )


def _codec(call: CallNetwork) -> str:
    names = {leg.codec for leg in call.legs}
    return names.pop() if len(names) == 1 else ""
