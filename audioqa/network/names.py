"""What columns are called that hold statistics of the network: one table for manifests, side-cars, patterns and CSV."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from audioqa.errors import NetworkError
from audioqa.network.column_map import Column, ColumnMap, LegColumns
from audioqa.network.voipmonitor import VOIPMONITOR

FIGURE_NAMES: Mapping[str, tuple[tuple[str, float], ...]] = {
    "loss": (
        *((name, 1.0) for name in ("loss", "packet_loss", "packetloss", "loss_percent", "packet_loss_percent")),
        *((name, 1.0) for name in ("loss_pct", "packet_loss_pct", "lost_percent")),
        *((name, 100.0) for name in ("loss_fraction", "loss_ratio", "packet_loss_fraction", "packet_loss_ratio")),
    ),
    "discarded": tuple((name, 1.0) for name in ("discarded", "discarded_percent", "discard_percent", "late_percent")),
    "jitter": tuple((name, 1.0) for name in ("jitter", "jitter_ms", "avg_jitter", "avg_jitter_ms", "mean_jitter")),
    "max_jitter": tuple((name, 1.0) for name in ("max_jitter", "max_jitter_ms", "jitter_max", "peak_jitter")),
    "delay": tuple((name, 1.0) for name in ("delay", "delay_ms", "latency", "latency_ms", "one_way_delay")),
    "rtt": tuple((name, 1.0) for name in ("rtt", "rtt_ms", "round_trip", "round_trip_time", "round_trip_delay")),
    "end_system_delay": (("end_system_delay", 1.0), ("end_system_delay_ms", 1.0)),
    "burst_ratio": (("burst_ratio", 1.0), ("burstr", 1.0)),
    "packets": tuple((name, 1.0) for name in ("packets", "packets_received", "rx_packets")),
    "packets_lost": tuple((name, 1.0) for name in ("packets_lost", "lost_packets", "packet_lost")),
    "packets_discarded": (("packets_discarded", 1.0), ("discarded_packets", 1.0)),
    "r_factor": (("r_factor", 1.0), ("rfactor", 1.0)),
    "mos_cq": (("mos_cq", 1.0), ("moscq", 1.0), ("network_mos", 1.0)),
    "mos_lq": (("mos_lq", 1.0), ("moslq", 1.0)),
}
"""By figure, the names of its columns and what their values are multiplied by."""

CALL_ID_NAMES = (
    *("call_id", "callid", "call_uuid", "call_sid", "call_guid", "uniqueid", "unique_id", "uuid", "guid"),
    *("interaction_id", "conversation_id", "contact_id", "session_id", "linkedid", "ucid", "recording_id", "id"),
)
CODEC_NAMES = ("codec", "codec_name", "call_codec", "audio_codec")
START_NAMES = (
    *("start_time", "starttime", "start", "started", "started_at", "start_at", "call_start", "call_start_time"),
    *("start_timestamp", "start_stamp", "start_epoch", "begin", "begin_time", "calldate", "call_date", "call_time"),
    *("datetime", "date_time", "timestamp", "date"),
)
"""Each of them the surest first: where a table has several, that one counts."""

LEG_NAMES = ("caller", "callee", "agent", "customer", "local", "remote")
"""What may stand before the name of a figure or a codec where it is of one direction: ``caller_loss``."""


def map_for(header: Sequence[str]) -> ColumnMap:
    """The map of a table whose columns are named as those of a manifest, or are VoIPmonitor's.

    Parameters
    ----------
    header
        The names of its columns, in any case; words may be joined by underscores, dashes or spaces.

    Raises
    ------
    NetworkError
        Where two columns are one figure.
    """
    if {"a_avgjitter_mult10", "a_packet_loss_perc_mult1000"} & set(header):
        return VOIPMONITOR
    by_name = {_plain(name): name for name in reversed(header)}
    legs: dict[str, dict[str, Column]] = {}
    for plain, name in reversed(by_name.items()):  # in the order of the header
        meant = figure_named(plain)
        if meant is None:
            continue
        leg, figure, factor = meant
        figures = legs.setdefault(leg, {})
        if figure in figures:
            raise NetworkError(
                f"the columns {figures[figure].name!r} and {name!r} are both {figure}: write a column map"
            )
        figures[figure] = Column(name, factor)
    if len(legs) > 1:
        legs.pop("", None)  # what is said of the call as a whole follows from its directions
    first = {what: next((by_name[name] for name in names if name in by_name), "") for what, names in _OTHERS.items()}
    own = {
        leg: next((by_name[f"{leg}_{name}"] for name in CODEC_NAMES if f"{leg}_{name}" in by_name), "") for leg in legs
    }
    return ColumnMap(
        legs={leg: LegColumns(figures=figures, codec=own[leg] or first["codec"]) for leg, figures in legs.items()}
        or {"": LegColumns(figures={})},
        call_id=first["call_id"],
        start=first["start"],
    )


def figure_named(name: str) -> tuple[str, str, float] | None:
    """What a column's name means: the direction (empty for the call as a whole), the figure and its factor.

    Parameters
    ----------
    name
        In lower case, its words joined by underscores.

    Examples
    --------
    >>> figure_named("packet_loss_ratio"), figure_named("caller_jitter_ms"), figure_named("colour")
    (('', 'loss', 100.0), ('caller', 'jitter', 1.0), None)
    """
    if name in _FIGURES:
        return ("", *_FIGURES[name])
    leg, _, rest = name.partition("_")
    return (leg, *_FIGURES[rest]) if leg in LEG_NAMES and rest in _FIGURES else None


_FIGURES: Mapping[str, tuple[str, float]] = {
    name: (figure, factor) for figure, names in FIGURE_NAMES.items() for name, factor in names
}
_OTHERS: Mapping[str, tuple[str, ...]] = {"call_id": CALL_ID_NAMES, "codec": CODEC_NAMES, "start": START_NAMES}


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", name.strip().lower()).strip("_")
