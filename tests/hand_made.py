"""Reports made by hand, and what rules say of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from audioqa.bands import CONTACT_CENTRE
from audioqa.flags import FlagRules, default_rules
from audioqa.types import (
    ActiveLevel,
    CallReport,
    Cause,
    Event,
    Finding,
    Flag,
    Party,
    PartyMos,
    Phase,
    Recording,
    Score,
    Segment,
    Skipped,
    WindowScore,
    Worst,
)
from audioqa.types.calls import CallInfo


def party(
    mos: float | None = 4.2,
    *,
    name: str = "agent",
    worst: float | None = None,
    speech: float = 60.0,
    dip: Segment | None = None,
    seconds_below: float = 0.0,
) -> Party:
    """One party, with a MOS or without."""
    if mos is None:
        return Party(name, speech, ActiveLevel(-26, 0.5), Skipped("mos", name, "too little speech"))
    windows = tuple(
        WindowScore(Segment(t, t + 8), 6.0, worst if worst and dip and Segment(t, t + 8).overlap(dip) else mos, 1, 5)
        for t in range(0, 300, 4)
    )
    value = PartyMos(
        Score("MOS-LQO", "narrowband", mos, mos - 0.3, mos + 0.3, "test"),
        CONTACT_CENTRE.band(mos),
        worst or mos,
        Worst(dip or Segment(0, 30), worst or mos, 12.0),
        seconds_below,
        3.6,
        windows,
        Skipped("wideband-mos", name, "test"),
        {"noisiness": 3.5},
        Skipped("codec", name, "test"),
    )
    return Party(name, speech, ActiveLevel(-26, 0.5), value, {"bandwidth_hz": 3400.0})


def report(
    *parties: Party,
    events: Sequence[Event] = (),
    findings: Sequence[Finding] = (),
    phases: Sequence[Phase] = (),
    causes: Sequence[Cause] = (),
    duration: float = 300,
) -> CallReport:
    """A report of parties and what was found."""
    names = tuple(party.channel for party in parties)
    skipped = Skipped("mos", None, "test")
    return CallReport(
        recording=Recording("call.wav", "0" * 64, "WAV", "PCM_16", 8000, round(duration * 8000), names),
        separable=len(parties) > 1,
        parties=parties,
        mos=skipped,
        band=skipped,
        events=tuple(events),
        phases=tuple(phases),
        findings=tuple(findings),
        skipped=(),
        flags=(),
        causes=tuple(causes),
        ledgers=(),
        pesq=(),
        band_set=CONTACT_CENTRE.name,
        estimator="test",
        settings_digest="0" * 64,
        version="0",
    )


def judged(
    rules: FlagRules, made: CallReport, *, info: CallInfo | None = None, medians: Mapping[str, float] | None = None
) -> list[Flag]:
    """What rules say of a report."""
    return list(rules(made, bands=CONTACT_CENTRE, info=info, medians=medians))


def flags(
    *parties: Party, events: Sequence[Event] = (), findings: Sequence[Finding] = (), duration: float = 300
) -> list[Flag]:
    """What the default rules say of a report."""
    return judged(default_rules(), report(*parties, events=events, findings=findings, duration=duration))
