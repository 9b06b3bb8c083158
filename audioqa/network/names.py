"""What the columns of a manifest are called that hold statistics of the network, and what their factors are."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from audioqa.errors import NetworkError
from audioqa.network.column_map import Column, ColumnMap, LegColumns
from audioqa.network.voipmonitor import VOIPMONITOR

NAMES: Mapping[str, tuple[tuple[str, float], ...]] = {
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
    "burst_ratio": (("burst_ratio", 1.0), ("burstr", 1.0)),
    "packets": tuple((name, 1.0) for name in ("packets", "packets_received", "rx_packets")),
    "packets_lost": tuple((name, 1.0) for name in ("packets_lost", "lost_packets", "packet_lost")),
    "packets_discarded": (("packets_discarded", 1.0), ("discarded_packets", 1.0)),
    "r_factor": (("r_factor", 1.0), ("rfactor", 1.0)),
    "mos_cq": (("mos_cq", 1.0), ("moscq", 1.0), ("network_mos", 1.0)),
    "mos_lq": (("mos_lq", 1.0), ("moslq", 1.0)),
}
"""By figure, the names of its columns and what their values are multiplied by."""

_CALL_ID = ("call_id", "callid", "call_uuid", "call_sid", "uniqueid", "uuid", "id")
_CODEC = ("codec", "codec_name", "call_codec", "audio_codec")
_START = ("start_time", "start", "calldate", "timestamp")


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
    figures: dict[str, Column] = {}
    for figure, names in NAMES.items():
        there = [(by_name[name], factor) for name, factor in names if name in by_name]
        if len(there) > 1:
            raise NetworkError(f"the columns {there[0][0]!r} and {there[1][0]!r} are both {figure}: write a column map")
        if there:
            figures[figure] = Column(*there[0])
    first = {what: next((by_name[name] for name in names if name in by_name), "") for what, names in _OTHERS.items()}
    leg = LegColumns(figures=figures, codec=first["codec"])
    return ColumnMap(legs={"": leg}, call_id=first["call_id"], start=first["start"])


_OTHERS: Mapping[str, tuple[str, ...]] = {"call_id": _CALL_ID, "codec": _CODEC, "start": _START}


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", name.strip().lower()).strip("_")
