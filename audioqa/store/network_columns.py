"""The network's side of a call, rated and held against its sound as it is written: no list has to do it again."""

from __future__ import annotations

from typing import Any

from audioqa.disagreement import network_side
from audioqa.network import NetworkOptions
from audioqa.render.as_json import from_plain, plain
from audioqa.store.projection import Content
from audioqa.types import NetworkRating
from audioqa.types.calls import CallInfo

NOTHING = {"network_side": None, "network_mos": None, "network_scale": None, "disagreement": None}
"""Of a call whose network is not known."""


def network_columns(content: Content, info: CallInfo, options: NetworkOptions) -> dict[str, Any]:
    """The columns of `calls` that its network and its sound make together.

    Parameters
    ----------
    content
        The report with neutral channel names.
    info
        What is known of the call.
    options
        How statistics of the network are rated.
    """
    side = network_side(from_plain(content), info, options=options) if info.network else None
    if side is None:
        return NOTHING
    told = side.mos if isinstance(side.mos, NetworkRating) else None
    widest = side.disagreements[0] if side.disagreements else None
    return {
        "network_side": plain(side, "network"),
        "network_mos": round(told.mos, 4) if told else None,
        "network_scale": f"{told.kind} {told.scale}" if told else None,
        "disagreement": f"{widest.direction}: {widest.reason}" if widest else None,
    }
