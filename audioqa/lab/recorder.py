"""Faults of the recorder put into two-party calls: ``python -m audioqa.lab.recorder``, or ``make lab``.

Prints, and writes to docs/recorder.md, how many of each are found through each codec, and what is found per hour of
calls without a fault of the recorder: clean ones, and those with echo, hum or a dead leg. A codec is the network's: it
comes first, and the recorder errs with what it is given. Speakers of the test side only.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from audioqa.detectors import Overflow, RateRelabelled, RecorderLegs
from audioqa.lab.codecs import transcode
from audioqa.lab.corpus import RATE, calls
from audioqa.lab.faults import FAULTS, at_nominal
from audioqa.lab.faults.fault import limited
from audioqa.lab.simulator import effects
from audioqa.lab.talk import Talk, talks
from audioqa.lab.tally import FalseEvents
from audioqa.measure import measure, measure_samples
from audioqa.types import Finding, Segment

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "recorder.md"
CODECS = ("none", "ulaw", "gsm", "amr-12.2")
NAMES = ("agent", "customer")
DETECTORS = (RecorderLegs(), Overflow(), RateRelabelled())
LONG = 600.0
"""Seconds of the calls in which clocks are compared."""

Samples = NDArray[np.float32]
Make = Callable[[Samples, tuple[tuple[Segment, ...], ...], np.random.Generator], tuple[Samples, float]]


@dataclass(frozen=True)
class RecorderFaultTrial:
    """A fault of the recorder that can be put in.

    Parameters
    ----------
    name
        What is done, in words.
    kind
        Kind of finding that must come of it.
    make
        From a call and its turns to the faulted samples and the figure that must be found.
    figure, tolerance
        Name of that figure in the evidence, and by how much it may be off; None where there is none.
    long
        Whether it needs a call of ten minutes.
    rate
        Hz under which the faulted samples are recorded.
    """

    name: str
    kind: str
    make: Make
    figure: str | None = None
    tolerance: float = 0.0
    long: bool = False
    rate: int = RATE


def _mixed(samples: Samples) -> Samples:
    return limited(samples.sum(axis=1))


def _late_by(signal: Samples, count: int) -> Samples:
    return np.concatenate([np.zeros(count, np.float32), signal[: len(signal) - count]])


def _as_long(signal: Samples, count: int) -> Samples:
    return np.asarray(np.pad(signal, (0, max(0, count - len(signal))))[:count], np.float32)


def resampled(signal: Samples, ppm: float) -> Samples:
    """As a clock records it that is `ppm` fast: so many samples more in a million."""
    import soxr

    return np.asarray(soxr.resample(signal.astype(np.float64), 1e6, 1e6 + ppm), np.float32)


def _copy(noise: float | None = None, codec: str = "none") -> Make:
    def make(samples: Samples, _: object, rng: np.random.Generator) -> tuple[Samples, float]:
        one = other = _mixed(samples)
        if noise is not None:
            added = rng.standard_normal(len(one)).astype(np.float32)
            other = one + added * np.float32(np.std(one) * 10 ** (-noise / 20))
        return np.stack([one, transcode(other, RATE, codec)], axis=1), 0.0

    return make


def _shifted(samples: Samples, _: object, rng: np.random.Generator) -> tuple[Samples, float]:
    one = _mixed(samples)
    count = round(float(10 ** rng.uniform(np.log10(0.005), np.log10(2.5))) * RATE)
    gain = np.float32(10 ** (float(rng.uniform(-6, 0)) / 20))
    legs = [one, _late_by(one, count) * gain]
    late = bool(rng.integers(2))
    return np.stack(legs if late else legs[::-1], axis=1), 1000 * count / RATE * (1 if late else -1)


def _drift(ppm: float, back: tuple[float, float] | None) -> Make:
    """One leg's clock is off; the legs are copies, or one holds an echo after some milliseconds, some dB weaker."""

    def make(samples: Samples, _: object, rng: np.random.Generator) -> tuple[Samples, float]:
        one = other = _mixed(samples)
        if back is not None:
            one = samples[:, 0]
            echo = effects.lowpassed(_late_by(one, round(back[0] / 1000 * RATE)), RATE, 2500.0)
            other = samples[:, 1] + echo * np.float32(10 ** (-back[1] / 20))
        off = ppm * (1.0 if rng.integers(2) else -1.0)
        return np.stack([one, _as_long(resampled(other, off), len(one))], axis=1), off

    return make


def _skip(samples: Samples, _: object, rng: np.random.Generator) -> tuple[Samples, float]:
    one = _mixed(samples)
    count = round(float(10 ** rng.uniform(np.log10(0.02), np.log10(1.0))) * RATE)
    at = round(float(rng.uniform(0.2, 0.8)) * len(one))
    lost = bool(rng.integers(2))
    pieces = [one[:at], one[at + count :]] if lost else [one[:at], one[at - count : at], one[at:]]
    return np.stack([one, _as_long(np.concatenate(pieces), len(one))], axis=1), 1000 * count / RATE


def _late(samples: Samples, turns: tuple[tuple[Segment, ...], ...], rng: np.random.Generator) -> tuple[Samples, float]:
    """A leg begins 1 to 10 s after the other party has begun to speak."""
    leg = int(rng.integers(2))
    seconds = turns[1 - leg][0].start + float(rng.uniform(1.0, 10.0))
    faulted = samples.copy()
    faulted[: round(seconds * RATE), leg] = 0.0
    return faulted, seconds


def _overflow(decibels: float, stored: str) -> Make:
    """One leg so loud that its highest peaks go beyond full scale by some dB, kept modulo 65,536."""

    def make(samples: Samples, _: object, rng: np.random.Generator) -> tuple[Samples, float]:
        leg = int(rng.integers(2))
        faulted = samples.copy()
        loud = faulted[:, leg] * (10 ** (decibels / 20) / np.abs(faulted[:, leg]).max())
        wrapped = np.rint(loud * 32768).astype(np.int64).astype(np.uint16).view(np.int16)
        faulted[:, leg] = transcode((wrapped / 32768).astype(np.float32), RATE, stored)
        return faulted, 0.0

    return make


def _kept(samples: Samples, *_: object) -> tuple[Samples, float]:
    """The samples as they are, for a wrong label."""
    return samples, RATE


def _upsampled(samples: Samples, *_: object) -> tuple[Samples, float]:
    """Twice as many samples, for a label of half their rate."""
    import soxr

    return np.asarray(soxr.resample(samples, RATE, 2 * RATE), np.float32), 2 * RATE


TRIALS: tuple[RecorderFaultTrial, ...] = (
    RecorderFaultTrial("one leg written twice", "copied-channel", _copy()),
    RecorderFaultTrial("the same, one through GSM", "copied-channel", _copy(codec="gsm")),
    RecorderFaultTrial("the same with noise, correlation .9", "copied-channel", _copy(noise=6.3)),
    RecorderFaultTrial("one leg late, 5 ms to 2.5 s, 0 to 6 dB weaker", "shifted-channel", _shifted, "shift_ms", 3.0),
    RecorderFaultTrial("copies, 50 ppm", "clock-drift", _drift(50, None), "ppm", 10.0, long=True),
    RecorderFaultTrial("copies, 200 ppm", "clock-drift", _drift(200, None), "ppm", 20.0, long=True),
    RecorderFaultTrial("echo 100 ms, 18 dB, 50 ppm", "clock-drift", _drift(50, (100, 18)), "ppm", 15.0, long=True),
    RecorderFaultTrial("echo 100 ms, 25 dB, 50 ppm", "clock-drift", _drift(50, (100, 25)), "ppm", 15.0, long=True),
    RecorderFaultTrial("echo 200 ms, 31 dB, 100 ppm", "clock-drift", _drift(100, (200, 31)), "ppm", 20.0, long=True),
    RecorderFaultTrial("copies, 0.5 % fast or slow", "leg-speed", _drift(5000, None), "ppm", 100.0),
    RecorderFaultTrial("copies, 1 % fast or slow", "leg-speed", _drift(10_000, None), "ppm", 100.0),
    RecorderFaultTrial("echo 100 ms, 18 dB, 1 % fast or slow", "leg-speed", _drift(10_000, (100, 18)), "ppm", 100.0),
    RecorderFaultTrial("copies, 20 ms to 1 s lost or doubled", "leg-skip", _skip, "milliseconds", 3.0, long=True),
    RecorderFaultTrial("a leg begins late", "late-leg", _late, "seconds", 0.05),
    RecorderFaultTrial("peaks 1 dB beyond full scale", "overflow-wrap", _overflow(1.0, "none")),
    RecorderFaultTrial("peaks 3 dB beyond full scale", "overflow-wrap", _overflow(3.0, "none")),
    RecorderFaultTrial("peaks 6 dB beyond full scale", "overflow-wrap", _overflow(6.0, "none")),
    RecorderFaultTrial("the same, stored as G.711", "overflow-wrap", _overflow(6.0, "ulaw")),
    RecorderFaultTrial("8 kHz labelled 16 kHz", "rate-relabelled", _kept, "likely_hz", 0.0, rate=16_000),
    RecorderFaultTrial("16 kHz labelled 8 kHz", "rate-relabelled", _upsampled, "likely_hz", 0.0),
    RecorderFaultTrial("8 kHz labelled 11.025 kHz", "rate-relabelled", _kept, "likely_hz", 0.0, rate=11_025),
)
"""Every fault of the recorder that is tried."""


@dataclass(frozen=True)
class Tried:
    """One fault put in: whether it was found, with the right figure, and how far the figure was off (NaN: none)."""

    name: str
    codec: str
    found: bool
    off: float


@dataclass(frozen=True)
class Faultless:
    """A call whose recorder did nothing wrong: what is in it, its length, and what was found all the same."""

    material: str
    codec: str
    seconds: float
    kinds: tuple[str, ...]


def joined(made: Sequence[Talk], seconds: float) -> Iterator[Talk]:
    """Talks one after the other, both parties at the nominal level, in calls of `seconds`."""
    pieces: list[Samples] = []
    turns: tuple[list[Segment], list[Segment]] = ([], [])
    length = 0
    for talk in made:
        samples, start = at_nominal(talk), length / RATE
        for own, more in zip(turns, talk.turns, strict=True):
            own.extend(Segment(start + turn.start, start + turn.end) for turn in more)
        pieces.append(samples)
        length += len(samples)
        if length >= seconds * RATE:
            whole = np.concatenate(pieces)[: max(len(samples), round(seconds * RATE))]
            yield Talk(whole, (tuple(turns[0]), tuple(turns[1])), talk.speakers)
            pieces, turns, length = [], ([], []), 0


def found_in(samples: Samples, rate: int, *, hears: bool = True) -> tuple[Finding, ...]:
    """What is found of the recorder in a call; without hearing, which takes half the time, speech is not told."""
    samples = (np.rint(np.clip(samples, -1, 32767 / 32768) * 32768) / 32768).astype(np.float32)
    if hears:
        measurements = measure_samples(samples, rate, channels=NAMES)
    else:
        measurements = measure([samples], rate, channels=NAMES, activity=None)
    return tuple(f for detector in DETECTORS for f in detector(measurements).findings)


def trials(talk: Talk, number: int, codec: str, *, long: bool) -> Iterator[Tried | Faultless]:
    """One call through one codec, with every fault and without."""
    clean = np.stack([transcode(np.ascontiguousarray(c), RATE, codec) for c in talk.samples.T], axis=1)
    for index, trial in enumerate(TRIALS):
        if trial.long != long:
            continue
        samples, figure = trial.make(clean, talk.turns, np.random.default_rng((number, index)))
        mine = [f for f in found_in(samples, trial.rate, hears=not long) if f.kind == trial.kind]
        off = float(mine[0].evidence[trial.figure]) - figure if mine and trial.figure else float("nan")
        yield Tried(trial.name, codec, bool(mine) and not abs(off) > trial.tolerance, off)
    materials: list[tuple[str, Samples]] = [("clean", clean)]
    if not long:
        for kind in ("echo", "hum", "one-way-audio"):
            faults = [fault for fault in FAULTS if fault.kind == kind]
            coded, _ = faults[number % len(faults)].make(talk, np.random.default_rng((number, 0)))
            coded = np.stack([transcode(np.ascontiguousarray(c), RATE, codec) for c in coded.T], axis=1)
            materials.append((kind, coded))
    for material, samples in materials:
        kinds = tuple(f.kind for f in found_in(samples, RATE, hears=not long))
        yield Faultless(material, codec, len(samples) / RATE, kinds)


def document(tried: Sequence[Tried], faultless: Sequence[Faultless]) -> str:
    """The page."""
    codecs = list(dict.fromkeys(one.codec for one in tried))
    rows = []
    for trial in TRIALS:
        row = [trial.kind, trial.name]
        for codec in codecs:
            mine = [one.found for one in tried if (one.name, one.codec) == (trial.name, codec)]
            row.append(f"{np.mean(mine):.2f} ({len(mine)})" if mine else "–")
        off = [abs(one.off) for one in tried if one.name == trial.name and np.isfinite(one.off)]
        row.append(f"{trial.figure}: {np.median(off):.2g}, {np.percentile(off, 95):.2g}" if off else "–")
        rows.append(row)
    quiet = []
    for material in dict.fromkeys(one.material for one in faultless):
        calls_of = [one for one in faultless if one.material == material]
        got = FalseEvents(sum(len(one.kinds) for one in calls_of), sum(one.seconds for one in calls_of) / 3600)
        kinds = ", ".join(sorted({kind for one in calls_of for kind in one.kinds})) or "–"
        quiet.append([material, str(got.events), f"{got.hours:.2f}", f"{got.rate:.2f}", f"{got.upper:.2f}", kinds])
    calls_in = sum(one.material == "clean" and one.codec == codecs[0] for one in faultless)
    hours = sum(one.seconds for one in faultless if one.material == "clean" and one.codec == codecs[0]) / 3600
    sample = f"{calls_in} calls, {hours:.2f} h of two-party talk, each through {', '.join(codecs)}.\n"
    parts = [_HEAD, sample, "## Found, and the number of calls; error of the figure, median and 95th percentile\n"]
    parts.append(_table(["finding", "fault", *codecs, "error"], rows))
    parts.append("## Findings in calls without a fault of the recorder, all codecs together\n")
    parts.append(_table(["call", "found", "hours", "per hour", "upper bound", "kinds"], quiet))
    return "\n".join(parts)


_HEAD = f"""\
# Faults of the recorder put into two-party calls

Written by `make lab` (`python -m audioqa.lab.recorder`); do not edit. Calls are made of the test speakers' clean speech
(`audioqa.lab.talk`), each party at -26 dBov, through the network's codec; then the recorder errs. Clocks are compared,
and blocks lost, in calls of {LONG:.0f} s. A fault is found where the finding is there and its figure is right: a shift
within 3 ms, a drift within 10 to 20 ppm, a speed within 100 ppm, a lost block within 3 ms, a late leg within 50 ms.
Upper bounds are Poisson's, 95 %, one-sided.
"""


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """Judge and print; exit code 2 where there is no speech."""
    parser = argparse.ArgumentParser(prog="python -m audioqa.lab.recorder", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--every", type=int, default=1, metavar="N", help="use every Nth call only (default all)")
    parser.add_argument("--most", type=int, metavar="N", help="at most N short calls and N long ones (default all)")
    parser.add_argument("--split", choices=["tune", "test"], default="test", help="speakers (default test)")
    parser.add_argument("--codecs", nargs="+", default=list(CODECS), help="codecs (default %(default)s)")
    parser.add_argument("--write", type=Path, default=DOCUMENT, help="where the tables go (default docs/recorder.md)")
    options = parser.parse_args(arguments)
    started = time.perf_counter()
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    made = list(talks(islice(calls(options.split), 0, None, options.every)))
    if not made:
        print("no real speech here: set AUDIOQA_DATA, or apt-get install asterisk-core-sounds-en-wav", file=sys.stderr)  # noqa: T201
        return 2
    outcomes = [
        one
        for long, seconds in ((False, 0.0), (True, LONG))
        for number, talk in enumerate(islice(joined(made, seconds), options.most))
        for codec in options.codecs
        for one in trials(talk, number, codec, long=long)
    ]
    text = document(
        [one for one in outcomes if isinstance(one, Tried)], [one for one in outcomes if isinstance(one, Faultless)]
    )
    print(text)  # noqa: T201
    print(f"took {time.perf_counter() - started:.0f} s", file=sys.stderr)  # noqa: T201
    if options.split == "test":
        options.write.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
