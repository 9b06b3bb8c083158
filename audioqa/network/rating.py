"""The E-model's MOS of what a network reports: what the figures would sound like, and on which scale."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from audioqa.errors import SettingsError
from audioqa.network.options import NetworkOptions
from audioqa.network.statistics import Leg, completed, legs_of
from audioqa.perceptual.emodel import CodecRow, JitterBuffer, Scale, category, codec_row, connection, rate_table
from audioqa.types import NetworkLeg, NetworkRating, Skipped


@dataclass(frozen=True)
class NetworkMos:
    """What the E-model says of one direction.

    Parameters
    ----------
    scale
        ``narrowband``, ``wideband`` or ``fullband``; figures of different scales are not comparable.
    kind
        ``MOS-CQE`` where the delay is known, else ``MOS-LQE``: what one hears without conversing (P.800.1).
    r, mos
        The rating and the MOS of it, 1 to 4.5.
    category
        What users would say.
    inputs
        What the model was told: ``ie``, ``bpl`` (where packets are lost), ``ppl``, ``burst_r`` and ``ta``.
    codec
        The row of the codec table, with where its values come from.
    """

    scale: Scale
    kind: Literal["MOS-CQE", "MOS-LQE"]
    r: float
    mos: float
    category: str
    inputs: Mapping[str, float]
    codec: CodecRow


def rate_legs(
    legs: Sequence[Leg],
    *,
    buffer: JitterBuffer | None = JitterBuffer(),  # noqa: B008 - frozen
    codec: str = "",
    proxy: bool = False,
) -> list[NetworkMos | Skipped]:
    """Rate what a network reports.

    Parameters
    ----------
    legs
        The directions of one call or of many.
    buffer
        What a receiver makes of the jitter, where a source does not say how much it discarded; None leaves jitter out.
    codec
        The codec of legs that do not name one.
    proxy
        Take another codec's values where the ITU has published none.

    Returns
    -------
    list of NetworkMos or Skipped
        For each leg, in order; a `Skipped` says what is missing. Legs of one codec are rated together.

    Examples
    --------
    >>> (rated,) = rate_legs([Leg("", {"loss": 1.0, "delay": 100.0, "jitter": 5.0}, "PCMU")])
    >>> rated.kind, rated.scale, round(rated.mos, 2)
    ('MOS-CQE', 'narrowband', 4.27)
    """
    found: list[NetworkMos | Skipped] = [Skipped("network-mos", None, "") for _ in legs]
    groups: dict[tuple[str, bool, bool], list[int]] = defaultdict(list)
    for number, leg in enumerate(legs):
        groups[leg.codec or codec, "discarded" in leg.figures, "delay" in leg.figures].append(number)
    for (name, discards, delays), members in groups.items():
        chosen = [legs[number] for number in members]
        for number, rated in zip(members, _rate(chosen, name, buffer, proxy, discards, delays), strict=True):
            found[number] = rated
    return found


def network_legs(
    figures: Mapping[str, float], *, codec: str = "", codecs: Mapping[str, str] | None = None, options: NetworkOptions
) -> tuple[NetworkLeg, ...]:
    """Rate the directions of one call, as `audioqa.types.CallInfo` knows them.

    Parameters
    ----------
    figures
        As `audioqa.network.CallNetwork.flat` gives them.
    codec
        Of directions that have none of their own.
    codecs
        By direction.
    options
        How.
    """
    own = codecs or {}
    legs = [
        Leg(leg.name, completed(leg.figures), own.get(leg.name, leg.codec)) for leg in legs_of(figures, codec=codec)
    ]
    rated = rate_legs(legs, buffer=options.buffer, proxy=options.proxy)
    still = [Leg(leg.name, {n: v for n, v in leg.figures.items() if n not in _DELAYS}, leg.codec) for leg in legs]
    heard = rate_legs(still, buffer=options.buffer, proxy=options.proxy)
    return tuple(
        NetworkLeg(leg.name, leg.figures, one if isinstance(one, Skipped) else _rating(one, listening))
        for leg, one, listening in zip(legs, rated, heard, strict=True)
    )


_DELAYS = frozenset({"delay", "rtt", "end_system_delay"})


def _rating(found: NetworkMos, listening: NetworkMos | Skipped) -> NetworkRating:
    row = found.codec
    return NetworkRating(
        scale=found.scale,
        kind=found.kind,
        r=found.r,
        mos=found.mos,
        listening=found.mos if isinstance(listening, Skipped) else listening.mos,
        category=found.category,
        codec=row.name,
        provenance="proxy" if "proxy" in (row.provenance, row.bpl_provenance) else row.provenance,
    )


def _rate(
    legs: Sequence[Leg], name: str, buffer: JitterBuffer | None, proxy: bool, discards: bool, delays: bool
) -> list[NetworkMos | Skipped]:
    """Rate legs of one codec, that all report what came too late or all do not, and all a delay or all none."""
    if not name:
        return [Skipped("network-mos", None, "the source does not name the codec")] * len(legs)
    try:
        row = codec_row(name, proxy=proxy)
    except SettingsError as error:
        return [Skipped("network-mos", None, str(error))] * len(legs)
    reasons = [_missing(leg, row, buffer if not discards else None) for leg in legs]
    usable = [leg for leg, reason in zip(legs, reasons, strict=True) if not reason]
    rated = iter(_usable(usable, row, buffer, discards, delays) if usable else ())
    return [Skipped("network-mos", None, reason) if reason else next(rated) for reason in reasons]


def _missing(leg: Leg, row: CodecRow, buffer: JitterBuffer | None) -> str:
    """Why a leg cannot be rated, or an empty string."""
    figures = leg.figures
    if "loss" not in figures:
        return "the source does not say how many packets were lost"
    losses = figures["loss"] > 0 or figures.get("discarded", 0) > _NEGLIGIBLE
    if buffer is not None and not losses:
        losses = bool(buffer.late_share(figures.get("jitter", 0.0)) > _NEGLIGIBLE)
    if losses and row.bpl is None:
        return f"packets are lost, and no robustness to loss (Bpl) is published for {row.name}: ask for a proxy"
    return ""


_NEGLIGIBLE = 0.1 + 1e-9
"""Per cent of packets that may come late of a codec without a published Bpl, which is then rated as if none did: what
an adaptive buffer lets come late by its own choice."""


def _usable(
    legs: Sequence[Leg], row: CodecRow, buffer: JitterBuffer | None, discards: bool, delays: bool
) -> list[NetworkMos]:
    loss = _column(legs, "loss", 0.0)
    jitter = _column(legs, "jitter", 0.0)
    burst = _column(legs, "burst_ratio", 1.0)
    delay = _column(legs, "delay", 0.0)
    late = _column(legs, "discarded", 0.0)
    if discards:
        delay = delay + _column(legs, "end_system_delay", 0.0)
    if row.bpl is None:
        inputs = connection(row, delay=delay if discards or buffer is None else delay + buffer.delay(jitter))
    elif discards:
        # RFC 3611: both are shares of all packets, so they add up.
        inputs = connection(row, loss=np.minimum(loss + late, 100), burst_ratio=burst, delay=delay)
    else:
        inputs = connection(row, loss=loss, burst_ratio=burst, delay=delay, jitter=jitter, buffer=buffer)
    if not delays:
        inputs["ta"] = np.zeros(len(legs))
    table = rate_table(inputs, scale=row.scale)
    columns = {name: np.broadcast_to(values, (len(legs),)) for name, values in inputs.items()}
    if row.bpl is None:
        del columns["bpl"]
    rs, moses = np.broadcast_to(table.r, (len(legs),)), np.broadcast_to(table.mos, (len(legs),))
    return [
        NetworkMos(
            scale=row.scale,
            kind="MOS-CQE" if delays else "MOS-LQE",
            r=float(rs[i]),
            mos=float(moses[i]),
            category=category(float(rs[i]), scale=row.scale),
            inputs={name: float(values[i]) for name, values in columns.items()},
            codec=row,
        )
        for i in range(len(legs))
    ]


def _column(legs: Sequence[Leg], name: str, default: float) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.array([leg.figures.get(name, default) for leg in legs], np.float64)
