"""A report as rich as a real one, and the recording that it speaks of."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import soundfile

from audioqa.types import (
    ActiveLevel,
    CallReport,
    Cause,
    Event,
    Finding,
    Flag,
    Ledger,
    LedgerRow,
    LikelyCodec,
    Party,
    PartyMos,
    PesqResult,
    PesqWindow,
    Recording,
    Score,
    Segment,
    Severity,
    Skipped,
    WindowScore,
    Worst,
)

SOURCE = "distillmos 0.9.1 1f0c, narrowband map 1"


def write_call(path: Path, *, seconds: float, rate: int = 8000, channels: int = 2) -> Path:
    """A recording that looks like a dialogue: bursts of harmonics by turns, a hole every 20 s, low noise."""
    rng = np.random.default_rng(2)
    time = np.arange(round(seconds * rate)) / rate
    pitch = 120 + 20 * np.sin(2 * np.pi * 0.4 * time)
    phase = 2 * np.pi * np.cumsum(pitch) / rate
    voice = sum(np.sin(harmonic * phase) / harmonic for harmonic in range(1, 20))
    syllables = np.clip(np.sin(2 * np.pi * 2.1 * time), 0, 1) ** 2
    tracks = []
    for channel in range(channels):
        turn = np.floor(time / 4) % max(channels, 2) == channel
        track = 0.12 * voice * syllables * turn + rng.normal(0, 0.0008, time.size)
        tracks.append(np.where(time % 20 < 0.3, 0, track))
    soundfile.write(path, np.clip(np.stack(tracks, axis=1), -1, 0.999), rate, subtype="PCM_16")
    return path


def example_report(
    path: Path | str = "calls/2024-03-04 1017 refund.wav", *, seconds: float = 240.0, rate: int = 8000
) -> CallReport:
    """A two-party call with a painful minute: dip of the MOS, dropouts, dead air, clipping, findings, skipped, PESQ."""
    file = Path(path)
    digest = hashlib.sha256(file.read_bytes() if file.exists() else b"example").hexdigest()
    findings = (
        Finding("truncated", "The file ends 0.4 s before its header says it does.", "warning", {"missing": 0.4}),
    )
    recording = Recording(
        str(path), digest, "WAV", "PCM_16", rate, round(seconds * rate), ("agent", "customer"), findings
    )
    agent = _party_mos("agent", seconds, base=4.12, dip=(0.5, 0.62), depth=1.9, dimensions={"noi": 3.9, "col": 3.2})
    customer = _party_mos("customer", seconds, base=4.31, dip=(0.8, 0.82), depth=0.4)
    events = tuple(sorted(_events(seconds), key=lambda event: event.segment.start))
    skipped = (
        Skipped(
            "dropout",
            "customer",
            "its pauses are all digital silence, so a hole looks like a pause",
        ),
        Skipped("pesq", "customer", "the reference has one channel"),
    )
    first = 0.52 * seconds
    hush = Segment(0.3 * seconds, 0.3 * seconds + 12)
    flags = (
        Flag(
            "painful-stretch",
            "agent",
            "agent: MOS 2.3 for 30 s of a call that averages 3.8, with 14 dropouts there",
            Segment(first, min(first + 30, seconds)),
        ),
        Flag(
            "dead-air",
            None,
            "nobody speaks for 12.0 s: the caller was left waiting",
            hush,
        ),
    )
    nb = Score("MOS-LQON", "narrowband", 2.91, 2.6, 3.2, "pesq 0.0.4")
    windows = (
        PesqWindow(Segment(0.0, min(30.0, seconds)), 3.1),
        PesqWindow(Segment(30.0, 60.0), Skipped("pesq", "agent", "no speech in this window")),
    )
    return CallReport(
        recording=recording,
        separable=True,
        parties=(
            Party("agent", 0.41 * seconds, ActiveLevel(-22.4, 0.41), agent, {"dc_offset": 0.0011, "peak": 0.98}),
            Party("customer", 0.3 * seconds, ActiveLevel(-27.1, 0.3), customer, {"dc_offset": 0.0, "peak": 0.41}),
        ),
        mos=agent.score,
        band="Fair",
        events=events,
        phases=(),
        findings=findings,
        skipped=skipped,
        flags=flags,
        causes=(Cause("network", "agent", 1.8, ("14 × dropout, 0.4 s in all",), "Compare loss and jitter."),),
        ledgers=(
            Ledger(
                "agent",
                agent.score.value,
                agent.score.value + 0.31,
                4.41,
                (LedgerRow("dropout", 0.31, 0.31), LedgerRow("echo", 0.0, -0.05)),
                4.41 - agent.score.value - 0.31,
                (Skipped("one-way-audio", "agent", "found, but there is no way here to mend it"),),
            ),
            Skipped("ledger", "customer", "no MOS to account for: too little speech in one place"),
        ),
        pesq=(
            PesqResult("agent", "agent", "MOS-LQON", nb, 0.042, windows),
            PesqResult("agent", "agent", "MOS-LQOW", Skipped("pesq", "agent", "it is at 8000 Hz"), 0.042, ()),
        ),
        band_set="callmos",
        estimator=SOURCE,
        settings_digest=hashlib.sha256(b"settings").hexdigest(),
        version="0.1.0",
    )


def silent_report(path: str = "calls/silent.wav") -> CallReport:
    """A call that nobody speaks in: no MOS, no level, flagged all the same."""
    why = "only 0.0 s of speech, and a MOS needs 6 s"
    none = Skipped("mos", None, why)
    level = Skipped("level", "channel 1", "no active speech")
    recording = Recording(path, "0" * 64, "WAV", "PCM_16", 8000, 80_000, ("channel 1",))
    silence = Event("digital-silence", "channel 1", Segment(0.0, 10.0), "severe", {"value": 0})
    return CallReport(
        recording=recording,
        separable=False,
        parties=(Party("channel 1", 0.0, level, Skipped("mos", "channel 1", why)),),
        mos=none,
        band=none,
        events=(silence,),
        phases=(),
        findings=(),
        skipped=(none,),
        flags=(Flag("silent", None, "the recording holds no signal at all", Segment(0.0, 10.0)),),
        causes=(),
        ledgers=(),
        pesq=(),
        band_set="callmos",
        estimator=SOURCE,
        settings_digest="1" * 64,
        version="0.1.0",
    )


def _party_mos(
    channel: str,
    seconds: float,
    *,
    base: float,
    dip: tuple[float, float],
    depth: float,
    dimensions: dict[str, float] | None = None,
) -> PartyMos:
    rng = np.random.default_rng(len(channel))
    windows = []
    for start in np.arange(0.0, max(seconds - 8.0, 0.1), 4.0):
        centre = (start + 4.0) / seconds
        if 0.3 < centre < 0.36:  # dead air: nothing to score
            continue
        mos = base + rng.normal(0, 0.12) - (depth if dip[0] <= centre <= dip[1] else 0.0)
        segment = Segment(float(start), float(min(start + 8.0, seconds)))
        value = float(np.clip(mos, 1, 5))
        low, high = max(1.0, value - 0.4), min(5.0, value + 0.4)
        windows.append(WindowScore(segment, float(rng.uniform(2, 7)), value, low, high, dimensions or {}))
    mean = sum(w.mos * w.speech for w in windows) / sum(w.speech for w in windows)
    lowest = min(windows, key=lambda window: window.mos)
    below = sum(w.speech for w in windows if w.mos < 3.6) / 2
    return PartyMos(
        score=Score("MOS-LQO", "narrowband", mean, mean - 0.3, mean + 0.3, SOURCE, "90 % of <labels>"),
        band="Good" if mean >= 4 else "Fair",
        percentile_5=sorted(w.mos for w in windows)[len(windows) // 20],
        worst=Worst(Segment(lowest.segment.start, min(lowest.segment.start + 30, seconds)), lowest.mos + 0.1, 14.2),
        seconds_below=below,
        threshold=3.6,
        windows=tuple(windows),
        wideband=Score("MOS-LQO", "wideband", mean - 0.8, mean - 1.2, mean - 0.4, SOURCE)
        if dimensions
        else Skipped("wideband-mos", channel, "this estimator has one scale only"),
        dimensions=dimensions or {},
        codec=LikelyCodec("CELP (G.729, G.723.1, AMR)", 0.83)
        if dimensions
        else Skipped("codec", channel, "this estimator tells no codec"),
    )


def _events(seconds: float) -> list[Event]:
    severities: tuple[Severity, ...] = ("notice", "warning", "severe")
    events = [Event("dead-air", None, Segment(0.3 * seconds, 0.3 * seconds + 12), "severe", {"length": 12.0})]
    for index in range(14):
        start = seconds * (0.52 + 0.005 * index)
        evidence = {"fill": "zero", "length_ms": 60 + index, "packet_ms": 20, "depth_db": 41.25, "probability": 0.98}
        events.append(
            Event("dropout", "agent", Segment(start, start + 0.06 + index / 1000), severities[index % 3], evidence)
        )
    for index in range(3):
        start = seconds * (0.78 + 0.03 * index)
        evidence = {"ceiling_dbov": -0.4, "clipped_share": 0.034, "before_codec": False}
        events.append(Event("clipping", "customer", Segment(start, start + 2.5), "warning", evidence))
    events.append(Event("leading-silence", None, Segment(0.0, 2.4), "notice", {}))
    return events
