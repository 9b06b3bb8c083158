"""Faults put into clean two-party calls at the severities of docs/severities.md, with the truth of each."""

from __future__ import annotations

from audioqa.lab.faults import background, clicks, codec, levels, line, signal, turns
from audioqa.lab.faults.fault import Fault, Make, Placed, at_nominal

FAULTS: tuple[Fault, ...] = (
    *signal.FAULTS,
    *levels.FAULTS,
    *background.FAULTS,
    *line.FAULTS,
    *clicks.FAULTS,
    *turns.FAULTS,
    *codec.FAULTS,
)
"""Every fault, grouped by kind."""

__all__ = ["FAULTS", "Fault", "Make", "Placed", "at_nominal"]
