"""What an evidence pack says of each call: what a carrier can look up, and nothing of who spoke or what was said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from audioqa.reports.examples import Clip
from audioqa.store import StoredCall

LEFT_OUT = ("leading-silence", "trailing-silence", "double-talk", "interruption")
"""Kinds of event that are the talkers' own, and no fault of a line."""


@dataclass(frozen=True)
class EvidenceEvent:
    """A fault in its place.

    Parameters
    ----------
    kind, severity
        What, and how grave.
    channel
        Number of the channel in file order; None where it is of the whole call.
    start, end
        Seconds of the call's own clock.
    began
        When it began, UTC; None where the start of the call is not known.
    """

    kind: str
    severity: str
    channel: int | None
    start: float
    end: float
    began: datetime | None


@dataclass(frozen=True)
class EvidenceCall:
    """One call.

    Parameters
    ----------
    call_id
        As the carrier may know it.
    began
        UTC; None where not known.
    duration
        Seconds.
    carrier, trunk, direction, codec
        As call records have them; None where not known.
    mos, low, high, scale
        The MOS with its 90 % interval; None where there is none.
    why
        Why there is no MOS; empty where there is one.
    network
        Figures of the network as they were given.
    sha256
        Of the recording's files, in order.
    events
        Faults.
    clip
        A masked clip, where one was asked for.
    """

    call_id: str
    began: datetime | None
    duration: float
    carrier: str | None
    trunk: str | None
    direction: str | None
    codec: str | None
    mos: float | None
    low: float | None
    high: float | None
    scale: str
    why: str
    network: Mapping[str, Any]
    sha256: tuple[str, ...]
    events: tuple[EvidenceEvent, ...]
    clip: Clip | None = None


def evidence_call(call: StoredCall, clip: Clip | None = None) -> EvidenceCall:
    """What a pack says of a call.

    Parameters
    ----------
    call
        The call.
    clip
        Its clip.
    """
    content, info = call.content, call.info
    mos = content["mos"]
    names = list(content["recording"]["channels"])
    began = None if info.start_time is None else info.start_time.astimezone(UTC)
    events = tuple(
        EvidenceEvent(
            event["kind"],
            event["severity"],
            names.index(event["channel"]) + 1 if event["channel"] in names else None,
            event["segment"]["start"],
            event["segment"]["end"],
            None if began is None else began + timedelta(seconds=event["segment"]["start"]),
        )
        for event in content["events"]
        if event["kind"] not in LEFT_OUT
    )
    measured = "value" in mos
    return EvidenceCall(
        info.call_id,
        began,
        content["recording"]["duration"],
        info.carrier,
        info.trunk,
        info.direction,
        info.codec,
        mos["value"] if measured else None,
        mos["low"] if measured else None,
        mos["high"] if measured else None,
        f"{mos['scale']} {mos['context']}" if measured else "",
        "" if measured else str(mos["skipped"]),
        dict(info.network),
        tuple(file.sha256 for file in call.files if file.position >= 0),
        events,
        clip,
    )
