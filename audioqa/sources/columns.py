"""What the names mean that manifests, side-cars and patterns give to what is known of a call.

One table for all of them; the names of statistics of the network are those of `audioqa.network.names`. A name is
compared in lower case with its words joined by underscores, so that ``CallID``, ``call-id`` and ``call_id`` are one.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from audioqa.network.names import CALL_ID_NAMES, CODEC_NAMES, START_NAMES, figure_named

FIELDS: Mapping[str, tuple[str, ...]] = {
    "path": (
        *("path", "file", "filename", "file_name", "file_path", "filepath", "recording", "recording_path"),
        *("recording_file", "recording_url", "audio", "audio_path", "audio_file", "audio_url", "url", "uri", "wav"),
    ),
    "path_2": ("path_2", "path2", "file_2", "file2", "second_path", "second_file", "recording_2", "audio_2"),
    "call_id": CALL_ID_NAMES,
    "tenant": ("tenant", "tenant_id", "tenant_name", "account", "account_id", "organisation", "organization", "org"),
    "start_time": START_NAMES,
    "time": ("time", "start_clock"),
    "timezone": ("timezone", "time_zone", "tz"),
    "time_format": ("time_format",),
    "roles": ("roles", "channel_roles", "channel_names", "channels"),
    "agent_channel": ("agent_channel", "agent_side"),
    "leg": ("leg",),
    "agent": ("agent", "agent_id", "agent_name", "agent_login", "agent_user", "operator", "operator_id"),
    "queue": ("queue", "queue_name", "queue_id", "skill", "skill_name", "skill_group", "skillset"),
    "site": ("site", "site_name", "site_id", "office", "branch", "centre", "center"),
    "carrier": ("carrier", "carrier_name", "carrier_id", "provider", "telco"),
    "trunk": ("trunk", "trunk_name", "trunk_id", "trunk_group", "sip_trunk", "gateway"),
    "direction": ("direction", "call_direction"),
    "codec": CODEC_NAMES,
    "tap": ("tap", "recording_point", "capture_point", "tap_point"),
    "reference": ("reference", "reference_path", "reference_file", "ref"),
    "encoding": ("encoding", "format", "audio_format"),
    "rate": ("rate", "sample_rate", "samplerate", "sampling_rate", "rate_hz"),
    "channel_count": ("channel_count", "num_channels", "n_channels", "nchannels"),
}
"""Each field of a call with its names, the surest first: where a row has several, that one counts."""

_MEANINGS: Mapping[str, tuple[str, int]] = {
    name: (meaning, rank) for meaning, names in FIELDS.items() for rank, name in enumerate(names)
}
# A last word that says nothing of whose it is: only below one of the containers does it speak of the call.
_BARE = {"id", "start", "date", "time", "uuid", "guid", "file", "format", "url", "uri", "account"}
_CONTAINERS = {"call", "recording", "metadata", "meta", "data", "info", "record", "cdr", "interaction", "session"}
_ABSENT = {"", "-", "n/a", "null", "none"}
_NO_NUMBER = _ABSENT | {"na", "nan", "unknown"}


@dataclass(frozen=True)
class Known:
    """What one place says of a call.

    Parameters
    ----------
    fields
        Text by the names of `FIELDS`.
    network
        Figures by the names of `audioqa.network.names.FIGURE_NAMES`, those of one direction with its name before.
    tags
        Everything else, by the name that it had.
    """

    fields: Mapping[str, str] = field(default_factory=dict)
    network: Mapping[str, float] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)

    def over(self, other: Known) -> Known:
        """Both together; where both speak, this one counts. How a time is written goes with the time."""
        below = dict(other.fields)
        if "start_time" in self.fields:
            for name in ("time", "time_format", *(["timezone"] if "start_time" in other.fields else [])):
                below.pop(name, None)
        return Known({**below, **self.fields}, {**other.network, **self.network}, {**other.tags, **self.tags})


def understand(pairs: Iterable[tuple[str, str]]) -> Known:
    """Sort names and values into fields, statistics and tags.

    Parameters
    ----------
    pairs
        Names, perhaps dotted (``call.agent.id``), and their text. Empty text, ``-``, ``n/a``, ``null`` and ``none`` say
        nothing.

    Raises
    ------
    ValueError
        Where a statistic is no number.
    """
    fields: dict[str, tuple[int, str, str]] = {}
    network: dict[str, float] = {}
    tags: dict[str, str] = {}
    for name, text in pairs:
        value = text.strip()
        meaning, rank, factor = _meaning(name)
        if factor is not None:
            if value.lower() not in _NO_NUMBER:
                network.setdefault(meaning, factor * _figure(name, value))
        elif not meaning:
            if value:
                tags[name.strip()] = value
        elif value.lower() not in _ABSENT:
            known = fields.get(meaning)
            if known is None or rank < known[0]:
                fields[meaning] = rank, name, value
            if known is not None:
                _, loser, lost = max(known, (rank, name, value))
                tags[loser.strip()] = lost
    return Known({meaning: value for meaning, (_, _, value) in fields.items()}, network, tags)


def meaning_of(name: str) -> str:
    """The field or statistic that a name stands for, empty where it is a tag."""
    return _meaning(name)[0]


def normal(name: str) -> str:
    """Return a name in lower case, its words joined by underscores."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name.strip())
    return re.sub(r"[^a-z0-9]+", "_", spaced.lower()).strip("_")


def _meaning(name: str) -> tuple[str, int, float | None]:
    """Return the field or statistic that a name stands for, how surely, and a statistic's factor; or an empty name."""
    parts = [normal(part) for part in name.split(".")]
    for start in range(len(parts)):
        joined = "_".join(parts[start:])
        if start and joined in _BARE and not set(parts[:start]) <= _CONTAINERS:
            continue
        if joined in _MEANINGS:
            return *_MEANINGS[joined], None
        statistic = figure_named(joined)
        if statistic is not None:
            leg, figure, factor = statistic
            return f"{leg}_{figure}" if leg else figure, 0, factor
    return "", 0, None


def _figure(name: str, value: str) -> float:
    try:
        number = float(value.removesuffix("%").removesuffix("ms").strip())
    except ValueError:
        raise ValueError(f"{name} is {value!r}, which is no number") from None
    if not math.isfinite(number):
        raise ValueError(f"{name} is {value!r}, which is no finite number")
    return number
