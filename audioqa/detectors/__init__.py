"""One file an impairment: pure functions from measurements to events.

`DETECTORS` is the list that a report is made with; a detector joins it by one entry.
"""

from __future__ import annotations

from typing import Protocol

from audioqa.detectors.band import Band
from audioqa.detectors.clicks import Clicks
from audioqa.detectors.clipping import Clipping
from audioqa.detectors.concealed import Concealed
from audioqa.detectors.double_talk import DoubleTalk
from audioqa.detectors.dropout import Dropouts
from audioqa.detectors.echo import Echo
from audioqa.detectors.edges import Edges
from audioqa.detectors.hum import Hum
from audioqa.detectors.level import SpeechLevel
from audioqa.detectors.noise import BackgroundNoise
from audioqa.detectors.one_way import OneWayAudio
from audioqa.detectors.overflow import Overflow
from audioqa.detectors.recorder import RecorderLegs
from audioqa.detectors.relabelled import RateRelabelled
from audioqa.detectors.silence import Silence
from audioqa.measure import Measurements
from audioqa.types import Detection


class Detector(Protocol):
    """A frozen dataclass whose fields are its thresholds; calling it detects.

    Its `repr` is part of the settings digest, so two detectors that could answer differently never
    look alike.
    """

    def __call__(self, measurements: Measurements) -> Detection:
        """Return every event of this detector's kinds, in order of channel and start."""
        ...


DETECTORS: tuple[Detector, ...] = (
    Silence(),
    Clipping(),
    Dropouts(),
    Hum(),
    Echo(),
    OneWayAudio(),
    Clicks(),
    Edges(),
    DoubleTalk(),
    SpeechLevel(),
    BackgroundNoise(),
    RecorderLegs(),
    Overflow(),
    RateRelabelled(),
    Band(),
    Concealed(),
)
"""Every detector, with its default thresholds."""

__all__ = [
    "DETECTORS",
    "BackgroundNoise",
    "Band",
    "Clicks",
    "Clipping",
    "Concealed",
    "Detector",
    "DoubleTalk",
    "Dropouts",
    "Echo",
    "Edges",
    "Hum",
    "OneWayAudio",
    "Overflow",
    "RateRelabelled",
    "RecorderLegs",
    "Silence",
    "SpeechLevel",
]
