"""The values that travel through audioqa.

Units, said once: a bare time is in **seconds** from the start of the recording, a level in **dBov**
(0 dBov is an rms of 1.0, so a full-scale sine is -3.01 dBov, ITU-T P.56), a rate in **Hz**. Samples are
float32 in [-1, 1) with shape ``(samples, channels)``.

Every value is a frozen dataclass: nothing is changed in place. Three outcomes are never confused:
an `Event` (found), nothing (looked and found nothing) and `Skipped` (could not be measured, and why).
"""

from __future__ import annotations

from audioqa.types.basics import (
    Detection,
    Event,
    Evidence,
    Finding,
    Phase,
    Segment,
    Severity,
    Skipped,
)
from audioqa.types.calls import FAILURE_KINDS, BadItem, CallInfo, Failure, Item, SourceFile
from audioqa.types.network import Disagreement, NetworkLeg, NetworkRating, NetworkSide, Reason
from audioqa.types.prompts import PromptFound, PromptPiece
from audioqa.types.reports import (
    CallReport,
    Cause,
    Flag,
    Ledger,
    LedgerRow,
    Origin,
    Party,
    Recording,
)
from audioqa.types.scores import (
    ActiveLevel,
    Context,
    LikelyCodec,
    PartyMos,
    PesqResult,
    PesqWindow,
    Scale,
    Score,
    WindowScore,
    Worst,
)

__all__ = [
    "FAILURE_KINDS",
    "ActiveLevel",
    "BadItem",
    "CallInfo",
    "CallReport",
    "Cause",
    "Context",
    "Detection",
    "Disagreement",
    "Event",
    "Evidence",
    "Failure",
    "Finding",
    "Flag",
    "Item",
    "Ledger",
    "LedgerRow",
    "LikelyCodec",
    "NetworkLeg",
    "NetworkRating",
    "NetworkSide",
    "Origin",
    "Party",
    "PartyMos",
    "PesqResult",
    "PesqWindow",
    "Phase",
    "PromptFound",
    "PromptPiece",
    "Reason",
    "Recording",
    "Scale",
    "Score",
    "Segment",
    "Severity",
    "Skipped",
    "SourceFile",
    "WindowScore",
    "Worst",
]
