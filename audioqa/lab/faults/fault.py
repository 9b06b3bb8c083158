"""What a fault is: something done to a clean two-party call, and the truth of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audioqa.lab.corpus import RATE
from audioqa.lab.simulator import effects
from audioqa.lab.talk import NOMINAL, Talk
from audioqa.types import Segment

Samples = NDArray[np.float32]


@dataclass(frozen=True)
class Placed:
    """One fault and where it is.

    Parameters
    ----------
    channel
        0 or 1; None where the call as a whole has it.
    segment
        Seconds in the faulted call.
    figures
        Evidence that must come out, by name: the value and by how much it may differ.
    """

    channel: int | None
    segment: Segment
    figures: tuple[tuple[str, float, float], ...] = ()


Make = Callable[[Talk, np.random.Generator], tuple[Samples, tuple[Placed, ...]]]
"""A call and randomness in; the faulted samples and every place out, none where the call has no room for the fault."""


@dataclass(frozen=True)
class Fault:
    """A kind of fault.

    Parameters
    ----------
    name
        What is done, in words.
    kind
        Kind of event that must be found.
    make
        From a call at the nominal level to the faulted samples and the truth.
    onset
        Whether the event's beginning is compared with the fault's.
    told_as
        Other kinds as which a report may tell of the very same fault: repeated packets are concealed loss, too.
    brings
        Other kinds that are there, too, by the nature of the fault: a dead leg brings dead air.
    """

    name: str
    kind: str
    make: Make
    onset: bool = True
    told_as: tuple[str, ...] = ()
    brings: tuple[str, ...] = ()


def at_nominal(talk: Talk) -> Samples:
    """Both parties at the nominal active level, float32, shape (n, 2)."""
    columns = [effects.at_level(np.ascontiguousarray(column), RATE, NOMINAL) for column in talk.samples.T]
    return limited(np.stack(columns, axis=1))


def audible_from(samples: Samples, turn: Segment) -> float:
    """Seconds from the start of a turn to its first sound within 25 dB of the nominal level."""
    size = RATE // 100
    spoken = samples[round(turn.start * RATE) : round(turn.end * RATE)]
    power = np.mean(np.square(spoken[: len(spoken) // size * size].reshape(-1, size)), axis=1)
    return float(np.argmax(power > 10 ** ((NOMINAL - 25) / 10))) / 100


def limited(samples: Samples) -> Samples:
    """What a 16-bit recorder keeps of it."""
    return np.clip(samples, -1, 32767 / 32768).astype(np.float32)
