"""What a report holds of the file, the parties and the call."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Literal

from audioqa.types.basics import Event, Finding, Phase, Segment, Skipped
from audioqa.types.network import NetworkSide
from audioqa.types.prompts import PromptFound
from audioqa.types.scores import ActiveLevel, PartyMos, PesqResult, Score

Origin = Literal["network", "codec", "endpoint", "room", "far end", "recorder"]
"""Where a fault lies: loss and jitter; coding and transcoding; headset, microphone and level; the room and what is
heard in it; the other side of the call; the recorder."""

BETWEEN_LEGS = " + "
"""Stands between the names of several files in the name of one recording."""


@dataclass(frozen=True)
class Recording:
    """What was learnt about one file by decoding it to its end.

    Parameters
    ----------
    path
        The file as the caller named it; of a call's legs in a file each, their names with a plus between them.
    sha256
        Hexadecimal SHA-256 of the file's bytes; of legs, that of theirs, one a line.
    container, codec
        For example ``WAV`` and ``PCM_16``, as the decoder names them.
    sample_rate
        Hz, the file's own.
    samples
        Samples per channel that the decoder delivered.
    channels
        A name for each channel, in file order: ``agent``, ``customer``, or ``channel 1`` ...
    findings
        What the decoder complained about.
    """

    path: str
    sha256: str
    container: str
    codec: str
    sample_rate: int
    samples: int
    channels: tuple[str, ...]
    findings: tuple[Finding, ...] = ()

    @property
    def duration(self) -> float:
        """Length in seconds."""
        return self.samples / self.sample_rate

    @property
    def files(self) -> tuple[str, ...]:
        """The names in `path`: of one file, or of those of a call's legs, each of which has an extension."""
        names = tuple(self.path.split(BETWEEN_LEGS))
        return names if all(PurePath(name).suffix for name in names) else (self.path,)


@dataclass(frozen=True)
class Party:
    """What one channel of the recording amounts to.

    Parameters
    ----------
    channel
        Its name.
    speech
        Seconds of speech.
    level
        P.56 active speech level, or why there is none.
    mos
        Its MOS, or why there is none.
    figures
        Further plain figures by name: ``dc_offset``, ``peak_dbov``, ``clipped_share``, ``bandwidth_hz``.
    """

    channel: str
    speech: float
    level: ActiveLevel | Skipped
    mos: PartyMos | Skipped
    figures: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Flag:
    """One reason, in plain English, why a person should review the call.

    Parameters
    ----------
    rule
        Name of the rule that fired.
    channel
        The party concerned, or None for the whole call.
    reason
        One sentence that names party, fault, place and consequence.
    segment
        Where to listen first, or None.
    """

    rule: str
    channel: str | None
    reason: str
    segment: Segment | None = None


@dataclass(frozen=True)
class Cause:
    """One likely cause of what was found.

    Parameters
    ----------
    origin
        Where the fault probably lies.
    channel
        The party concerned, or None for the whole call.
    points
        How strongly the evidence speaks for it, above 0; causes are ranked by it.
    evidence
        The events, findings and figures behind it, one clause each.
    check
        What people usually check next, one sentence.
    """

    origin: Origin
    channel: str | None
    points: float
    evidence: tuple[str, ...]
    check: str


@dataclass(frozen=True)
class LedgerRow:
    """What one kind of impairment cost one party.

    Parameters
    ----------
    kind
        Kind of event.
    cost
        MOS points that mending it brings, its Shapley share; 0 where mending made the score worse, which is never
        credited.
    alone
        Change of the MOS when this kind alone is mended, as measured; below 0 where that makes things worse.
    """

    kind: str
    cost: float
    alone: float


@dataclass(frozen=True)
class Ledger:
    """What kept one party from the best score that the scale gives a clean call.

    Parameters
    ----------
    channel
        The party.
    mos
        Its MOS as recorded: the party's own.
    mended
        Its MOS with everything mended whose mending helps.
    best
        MOS of clean speech that was only through G.711, or why the scale has none.
    rows
        Costs by kind, greatest first; they add up to ``mended - mos``.
    rest
        ``best - mended``: codec, band and unexplained; below 0 where the mended speech is rated above `best`.
    left_out
        Kinds that were found but could not be mended or were not taken apart, and why.
    """

    channel: str
    mos: float
    mended: float
    best: float | Skipped
    rows: tuple[LedgerRow, ...]
    rest: float | Skipped
    left_out: tuple[Skipped, ...] = ()


@dataclass(frozen=True)
class CallReport:
    """Everything known of one recording; the command line, the store, the service and the page read this.

    Parameters
    ----------
    recording
        The file.
    separable
        False where both parties share one channel ("parties not separable").
    parties
        One for each channel, in file order.
    mos, band
        The call's MOS: that of its worse party; or why there is none.
    events
        In order of start.
    phases
        What is not conversation, in order of start.
    findings
        What the decoder and the measurements say of the recording itself (same as ``recording.findings`` plus
        what was found while measuring).
    skipped
        What could not be measured.
    flags
        Reasons to review the call; empty where there are none.
    causes
        Likely causes of what was found, the likeliest first.
    ledgers
        What each kind of impairment cost each party, where that was asked for.
    pesq
        One result for each channel and mode where a reference was given.
    band_set
        Name of the band set in force.
    estimator
        Identity of the estimator (model, weights, calibration), or ``none``.
    settings_digest
        SHA-256 of every setting that could change the report, except for its flags.
    version
        audioqa's version.
    rules_digest
        SHA-256 of the rules that made the flags; empty where none were asked.
    network
        The network's side of the call; None where nothing is known of it.
    prompt
        The known prompt that was found in it; None where it is no test call.
    """

    recording: Recording
    separable: bool
    parties: tuple[Party, ...]
    mos: Score | Skipped
    band: str | Skipped
    events: tuple[Event, ...]
    phases: tuple[Phase, ...]
    findings: tuple[Finding, ...]
    skipped: tuple[Skipped, ...]
    flags: tuple[Flag, ...]
    causes: tuple[Cause, ...]
    ledgers: tuple[Ledger | Skipped, ...]
    pesq: tuple[PesqResult, ...]
    band_set: str
    estimator: str
    settings_digest: str
    version: str
    rules_digest: str = ""
    network: NetworkSide | None = None
    prompt: PromptFound | None = None
