"""What the network says of a call: statistics in one vocabulary, whatever their source, and the E-model's MOS of them.

A new source is one small table: a `ColumnMap`, or a map in TOML that the user writes.
"""

from audioqa.network.column_map import ColumnMap, load_column_map
from audioqa.network.joining import NetworkByCall, by_call, read_network
from audioqa.network.options import NetworkOptions, buffer_named
from audioqa.network.rating import NetworkMos, network_legs, rate_legs
from audioqa.network.session_report import read_session_reports
from audioqa.network.statistics import FIGURES, CallNetwork, Leg, legs_of
from audioqa.network.tables import BadRow, read_network_table
from audioqa.network.voipmonitor import VOIPMONITOR

__all__ = [
    "FIGURES",
    "VOIPMONITOR",
    "BadRow",
    "CallNetwork",
    "ColumnMap",
    "Leg",
    "NetworkByCall",
    "NetworkMos",
    "NetworkOptions",
    "buffer_named",
    "by_call",
    "legs_of",
    "load_column_map",
    "network_legs",
    "rate_legs",
    "read_network",
    "read_network_table",
    "read_session_reports",
]
