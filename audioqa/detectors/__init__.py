"""One file an impairment: pure functions from measurements to events.

`DETECTORS` is the list that a report is made with; a detector joins it by one entry.
"""

from __future__ import annotations

from audioqa.detectors.clipping import Clipping
from audioqa.detectors.dropout import Dropouts
from audioqa.detectors.silence import Silence
from audioqa.types import Detector

DETECTORS: tuple[Detector, ...] = (Silence(), Clipping(), Dropouts())
"""Every detector, with its default thresholds."""

__all__ = ["DETECTORS", "Clipping", "Dropouts", "Silence"]
