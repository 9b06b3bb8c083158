"""The vocabulary: what a network can tell of a call, each figure with its unit and its range."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from audioqa.errors import NetworkError


@dataclass(frozen=True)
class Figure:
    """A figure of the network.

    Parameters
    ----------
    unit
        Its unit, or what it counts.
    low, high
        Its range.
    words
        What it is, in one clause.
    worse_is_more
        Which of two legs speaks for the call: the greater figure, or else the smaller.
    """

    unit: str
    low: float
    high: float
    words: str
    worse_is_more: bool = True


_MS = 3_600_000.0

FIGURES: Mapping[str, Figure] = {
    "loss": Figure("%", 0, 100, "packets lost in the network"),
    "discarded": Figure("%", 0, 100, "packets that came too late for the jitter buffer"),
    "jitter": Figure("ms", 0, _MS, "mean jitter (RFC 3550)"),
    "max_jitter": Figure("ms", 0, _MS, "greatest jitter"),
    "delay": Figure("ms", 0, _MS, "one way in the network"),
    "rtt": Figure("ms", 0, _MS, "round trip in the network"),
    "end_system_delay": Figure("ms", 0, _MS, "in the endpoint: packets, jitter buffer, decoder"),
    "burst_ratio": Figure("ratio", 0, 1e6, "length of loss runs against that of random loss (G.107)"),
    "burst_density": Figure("%", 0, 100, "packets lost inside bursts (RFC 3611)"),
    "gap_density": Figure("%", 0, 100, "packets lost between bursts (RFC 3611)"),
    "packets": Figure("packets", 0, 1e12, "received"),
    "packets_lost": Figure("packets", 0, 1e12, "lost in the network"),
    "packets_discarded": Figure("packets", 0, 1e12, "that came too late"),
    "r_factor": Figure("R", 0, 150, "as the source rated it", worse_is_more=False),
    "mos_lq": Figure("MOS", 1, 5, "listening, as the source rated it", worse_is_more=False),
    "mos_cq": Figure("MOS", 1, 5, "conversing, as the source rated it", worse_is_more=False),
}
"""By name. A loss is in **per cent** everywhere; a source that gives a fraction says so by its factor of 100."""


@dataclass(frozen=True)
class Leg:
    """One direction of a call, as its receiver got it.

    Parameters
    ----------
    name
        Which: ``caller`` is what the caller sent, ``local`` what the reporting endpoint received ...; empty where a
        source speaks of the call as a whole.
    figures
        By the names of `FIGURES`.
    codec
        As the source calls it; empty where it does not say.
    """

    name: str
    figures: Mapping[str, float]
    codec: str = ""


@dataclass(frozen=True)
class CallNetwork:
    """What a source tells of one call.

    Parameters
    ----------
    call_id
        As the source has it; empty where it has none.
    legs
        Its directions, at least one.
    start
        When it began, as the source writes it; empty where it does not say.
    tags
        What else was asked for, by name.
    """

    call_id: str
    legs: tuple[Leg, ...]
    start: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)

    def flat(self) -> dict[str, float]:
        """The figures of the call in one mapping: each name has the worse leg's figure, ``caller_loss`` one leg's own.

        Returns
        -------
        dict
            For a call with one nameless leg, its figures as they are.

        Examples
        --------
        >>> legs = (Leg("caller", {"loss": 1.0, "mos_lq": 4.1}), Leg("callee", {"loss": 0.0, "mos_lq": 4.3}))
        >>> CallNetwork("7", legs).flat()["loss"], CallNetwork("7", legs).flat()["mos_lq"]
        (1.0, 4.1)
        """
        together: dict[str, float] = {}
        for leg in self.legs:
            for name, value in leg.figures.items():
                choose = max if FIGURES[name].worse_is_more else min
                together[name] = choose(together.get(name, value), value)
        own = {f"{leg.name}_{name}": value for leg in self.legs if leg.name for name, value in leg.figures.items()}
        return {**together, **own}


def checked_figure(name: str, value: float, *, said: str = "") -> float:
    """A figure within its range.

    Parameters
    ----------
    name
        One of `FIGURES`.
    value
        The figure in its unit.
    said
        What the source calls it, for the message.

    Raises
    ------
    NetworkError
        Where it lies outside its range: most often it is in another unit.
    """
    figure = FIGURES[name]
    if not math.isfinite(value) or not figure.low <= value <= figure.high:
        called = f"{said} ({name})" if said and said != name else name
        raise NetworkError(
            f"{called} is {value:g}, but {figure.words} lies within {figure.low:g} to {figure.high:g} {figure.unit}: "
            "is it in another unit?"
        )
    return value


def completed(figures: Mapping[str, float]) -> dict[str, float]:
    """Figures with those that follow from others: loss from packets, the share discarded, the delay from a round trip.

    Parameters
    ----------
    figures
        By the names of `FIGURES`. What a source gives itself is kept.
    """
    full = dict(figures)
    received, lost, late = (full.get(name) for name in ("packets", "packets_lost", "packets_discarded"))
    if received is not None and lost is not None and received + lost > 0:
        full.setdefault("loss", 100 * lost / (received + lost))
        if late is not None:
            full.setdefault("discarded", min(100.0, 100 * late / (received + lost)))
    if "rtt" in full:
        full.setdefault("delay", full["rtt"] / 2)
    return full


def legs_of(figures: Mapping[str, float], *, codec: str = "") -> tuple[Leg, ...]:
    """The directions in figures that `CallNetwork.flat` made, to be rated by `rate_legs`.

    Parameters
    ----------
    figures
        By name: ``loss`` of the call, ``caller_loss`` of one direction. Other names are passed over.
    codec
        Of all directions.

    Returns
    -------
    tuple of Leg
        The directions where there are any, else one without a name; empty where no figure is known.

    Examples
    --------
    >>> [leg.name for leg in legs_of({"loss": 3.0, "caller_loss": 0.0, "callee_loss": 3.0})]
    ['caller', 'callee']
    """
    legs: dict[str, dict[str, float]] = {}
    for key, value in figures.items():
        # Of "caller_max_jitter" the longest figure is meant, and not "jitter".
        meant = max((name for name in FIGURES if key.endswith(f"_{name}")), key=len, default="")
        if meant and key not in FIGURES:
            legs.setdefault(key.removesuffix(f"_{meant}"), {})[meant] = value
    if not legs:
        whole = {name: value for name, value in figures.items() if name in FIGURES}
        legs = {"": whole} if whole else {}
    return tuple(Leg(name, found, codec) for name, found in legs.items())
