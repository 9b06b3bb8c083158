"""What a report holds of the network: the E-model's MOS beside the MOS of the sound, and where the two disagree."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from audioqa.types.basics import Skipped

Reason = Literal[
    "recorder-fault",
    "silent-one-way-path",
    "echo",
    "endpoint-noise",
    "endpoint-level",
    "loss-elsewhere",
    "codec-elsewhere",
    "delay",
    "network-fault-concealed",
    "fault-in-silence",
    "jitter-absorbed",
    "unexplained",
]
"""Why two MOS disagree. The sound is worse: by the recorder, a path that carries nothing, echo, noise or level of an
endpoint, loss or a codec where the network was not measured. The network is worse: delay, which no recording holds;
concealed loss; loss where nobody spoke; jitter that the real buffer absorbed."""


@dataclass(frozen=True)
class NetworkRating:
    """The E-model's rating of one direction.

    Parameters
    ----------
    scale
        ``narrowband``, ``wideband`` or ``fullband``; figures of different scales are not comparable.
    kind
        ``MOS-CQE`` where the delay is known, else ``MOS-LQE``: what one hears without conversing (P.800.1).
    r, mos
        The rating and the MOS of it, 1 to 4.5.
    listening
        The MOS without what delay costs: what a recording can be held against.
    category
        What users would say.
    codec, provenance
        The row of the codec table, and where its values come from: ``ITU``, ``published`` or ``proxy``.
    """

    scale: Literal["narrowband", "wideband", "fullband"]
    kind: Literal["MOS-CQE", "MOS-LQE"]
    r: float
    mos: float
    listening: float
    category: str
    codec: str
    provenance: Literal["ITU", "published", "proxy"]


@dataclass(frozen=True)
class NetworkLeg:
    """One direction of the call.

    Parameters
    ----------
    name
        Whose sound it carries, as its source says; empty where the source speaks of the call as a whole.
    figures
        By the names of `audioqa.network.FIGURES`: loss in per cent, jitter and delay in ms.
    rating
        Or why there is none.
    """

    name: str
    figures: Mapping[str, float]
    rating: NetworkRating | Skipped


@dataclass(frozen=True)
class Disagreement:
    """The sound and the network say different things of one party.

    Parameters
    ----------
    channel
        The party; None where the two are known of the call as a whole only.
    leg
        The direction of the network that it was held against.
    direction
        Which of the two is worse.
    sound, network
        The MOS of the sound, or why there is none, and that of the network, in one listening context.
    reason
        The likely one.
    evidence
        What speaks for it, a clause each.
    others
        Other reasons that something speaks for, the likelier first.
    """

    channel: str | None
    leg: str
    direction: Literal["sound-worse", "network-worse"]
    sound: float | Skipped
    network: float
    reason: Reason
    evidence: tuple[str, ...]
    others: tuple[Reason, ...] = ()


@dataclass(frozen=True)
class NetworkSide:
    """The network's side of a call.

    Parameters
    ----------
    legs
        Its directions.
    mos
        Of the worst direction, as the call's MOS is its worse party's; or why there is none.
    threshold
        MOS by which the two must differ to be said to disagree.
    disagreements
        Where they do, the widest first.
    not_compared
        What could not be held against the sound, and why.
    """

    legs: tuple[NetworkLeg, ...]
    mos: NetworkRating | Skipped
    threshold: float
    disagreements: tuple[Disagreement, ...]
    not_compared: tuple[Skipped, ...]
