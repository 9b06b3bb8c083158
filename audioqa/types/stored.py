"""What comes out of the store: rows of its lists, and one call with all that is kept of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from audioqa.types.calls import CallInfo, Failure


@dataclass(frozen=True)
class CallRow:
    """One call in a list.

    Parameters
    ----------
    key
        The store's own number of it.
    info
        What is known of it beside its sound, with the roles in force.
    location
        Its file or files.
    scored_at
        When its report was made, UTC.
    at
        When it began, UTC; where that is not known the moment of its first score.
    rank
        What the worst are sorted by: the MOS; below 1 where there is none.
    mos, scale, band
        Of the call, its worse party's; None where there is none.
    flagged
        Whether a person should review it.
    why
        The reasons of its flags, and why there is no MOS where there is none; empty where nothing is to be said.
    events
        How many there are.
    worst_kind, worst_severity
        The gravest event; None where there is none.
    channels
        Of the recording; 1 where the parties are not separable.
    duration, speech
        Seconds of the recording, and of speech on all channels together.
    network_mos, network_scale
        The E-model's MOS of its worst direction, and its kind and scale; None where the network is not known.
    disagreement
        Which of sound and network is worse, and the likely reason; None where they agree or cannot be compared.
    pesq, pesq_scale
        Against its reference, where it had one.
    """

    key: int
    info: CallInfo
    location: str
    scored_at: datetime
    at: datetime
    rank: float
    mos: float | None
    scale: str | None
    band: str | None
    flagged: bool
    why: str
    events: int
    worst_kind: str | None
    worst_severity: str | None
    channels: int
    duration: float
    speech: float
    network_mos: float | None = None
    network_scale: str | None = None
    disagreement: str | None = None
    pesq: float | None = None
    pesq_scale: str | None = None


@dataclass(frozen=True)
class StoredFile:
    """One file of a call; `position` is its place among the call's files, -1 for the reference."""

    position: int
    location: str
    size: int | None
    sha256: str


@dataclass(frozen=True)
class StoredCall:
    """One call with all that is kept of it.

    Parameters
    ----------
    info
        What is known of it beside its sound, with the roles in force.
    files
        Its files.
    content
        Its report as plain values (`audioqa.render.as_json.from_plain` reads them), with the roles put in.
    run
        The run that scored it or last changed what is known of it.
    scored_at
        When, UTC.
    processing
        Seconds of the processor that the report took; None where that is not known.
    """

    info: CallInfo
    files: tuple[StoredFile, ...]
    content: Mapping[str, Any]
    run: int
    scored_at: datetime
    processing: float | None


@dataclass(frozen=True)
class FailureRow:
    """Something that could not be scored.

    Parameters
    ----------
    tenant, call_id, location
        The call; its location stands for an identity that is not known.
    failure
        Why.
    attempts
        How often it was tried.
    run
        The last run that tried.
    first_at, last_at
        When it failed first and last, UTC.
    """

    tenant: str
    call_id: str
    location: str
    failure: Failure
    attempts: int
    run: int
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True)
class Run:
    """One time that an archive was worked on.

    Parameters
    ----------
    key
        The store's number of it.
    sources
        What was to be scored.
    started_at, ended_at
        UTC; not ended where it is still at work, or was killed.
    outcome
        ``finished``, ``interrupted``, or a word of its driver; None while it is at work.
    counts
        How many of what.
    """

    key: int
    sources: tuple[str, ...]
    started_at: datetime
    ended_at: datetime | None
    outcome: str | None
    counts: Mapping[str, Any]


@dataclass(frozen=True)
class Group:
    """Calls that have something in common.

    Parameters
    ----------
    values
        What they have in common, in the order that was asked for; None where that is not known.
    calls
        How many there are.
    flagged
        How many of them a person should review; None where calls are counted by what stands against them.
    mos
        Mean of their MOS, or None where there is none, or where they are on several scales.
    """

    values: tuple[str | None, ...]
    calls: int
    flagged: int | None
    mos: float | None
