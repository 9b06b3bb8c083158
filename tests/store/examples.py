"""Items and reports made up for the store: no audio, every kind of outcome."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from audioqa.render.as_json import to_json
from audioqa.store import Hashes, Store
from audioqa.types import (
    ActiveLevel,
    CallReport,
    Event,
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
from audioqa.types.calls import CallInfo, Item, SourceFile

DIGEST = "d" * 64
NEW_YEAR = datetime(2026, 1, 1, 12, tzinfo=UTC)


def hashed(name: str) -> Hashes:
    """Hashes of a file with that content."""
    return Hashes((name.ljust(64, "0"),))


def item(name: str, *, tenant: str = "", day: int = 0, size: int = 1000, **info: Any) -> Item:
    """A call of one file."""
    info.setdefault("call_id", name)
    info.setdefault("start_time", NEW_YEAR + timedelta(days=day))
    return Item((SourceFile(f"/calls/{name}.wav", size, f"stamp {name}"),), CallInfo(tenant=tenant, **info))


def report(mos: float | None = 4.2, *, events: tuple[Event, ...] = (), flags: tuple[Flag, ...] = ()) -> CallReport:
    """A report on two parties with neutral names; without a MOS where none is given."""
    names = ("channel 1", "channel 2")
    score: Score | Skipped = Skipped("mos", None, "too little speech on channel 1")
    band: str | Skipped = Skipped("band", None, "there is no MOS")
    party_mos: PartyMos | Skipped = Skipped("mos", "channel 1", "too little speech on channel 1")
    if mos is not None:
        score = Score("MOS-LQO", "narrowband", mos, mos - 0.3, mos + 0.3, "test")
        band = "Good" if mos > 4 else "Bad"
        window = WindowScore(Segment(0.0, 4.0), 3.5, mos, mos - 0.3, mos + 0.3)
        worst = Worst(Segment(0.0, 30.0), mos - 0.2, 12.0)
        none = Skipped("codec", "channel 1", "nothing names it")
        party_mos = PartyMos(score, band, mos - 0.4, worst, 1.5, 3.6, (window,), none, {}, none)
    parties = tuple(Party(name, 20.0, ActiveLevel(-26.0, 0.5), party_mos, {"peak_dbov": -3.0}) for name in names)
    return CallReport(
        recording=Recording("elsewhere.wav", "0" * 64, "WAV", "PCM_16", 8000, 480_000, names),
        separable=True,
        parties=parties,
        mos=score,
        band=band,
        events=events,
        phases=(Phase("hold-music", "channel 2", Segment(10.0, 20.0)), Phase("ringback", None, Segment(0.0, 2.5))),
        findings=(),
        skipped=(),
        flags=flags,
        causes=(),
        ledgers=(),
        pesq=(),
        band_set="contact centre",
        estimator="test",
        settings_digest=DIGEST,
        version="0",
    )


def event(kind: str = "dropout", channel: str | None = "channel 2", *, severity: Any = "warning") -> Event:
    """An event of one second."""
    return Event(kind, channel, Segment(3.0, 4.0), severity)


def flag(rule: str = "dropouts", channel: str | None = "channel 2") -> Flag:
    """A flag that names its channel."""
    return Flag(rule, channel, f"{channel or 'the call'}: {rule} at 0:03", Segment(3.0, 4.0))


def put(store: Store, run: int, one: Item, made: CallReport | None = None, *, content: str | None = None) -> None:
    """Record an item as if it had been scored; its content is its name unless given."""
    name = content or one.files[0].location.rpartition("/")[2]
    path = one.files[0].location
    made = made or report()
    made = replace(made, recording=replace(made.recording, path=path))
    store.record(run, one, hashed(name), to_json(made, indent=None), digest=DIGEST, processing=0.5)


def begin(store: Store) -> int:
    """A run."""
    return store.begin_run(["/calls"], digest=DIGEST, version="0")
