"""Detectors on faults put into clean two-party calls: ``python -m audioqa.lab.impairments``, or ``make lab``.

Prints, and writes to docs/impairments.md, for each fault and codec the recall (what a detector abstains from counts as
missed), how far events begin from their faults, how far the figures are off; false events per hour of the same calls
without a fault; and what each fault makes the other detectors report. Speakers of the test side only.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from audioqa.lab.codecs import transcode
from audioqa.lab.corpus import RATE, calls
from audioqa.lab.faults import FAULTS, Fault, Placed, at_nominal
from audioqa.lab.talk import Talk, talks
from audioqa.lab.tally import FalseEvents
from audioqa.types import Event, Segment

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "impairments.md"
CODECS = ("none", "ulaw", "gsm", "g729", "amr-12.2", "opus-12k")
NAMES = ("agent", "customer")
TOLERANCE = 0.2
"""Seconds by which a fault is extended before an event must overlap it."""

Samples = NDArray[np.float32]


@dataclass(frozen=True)
class Outcome:
    """One fault put in.

    Parameters
    ----------
    fault, codec
        What, and through what.
    found
        Whether the event was there, on its channel, with its figures.
    onset
        Seconds by which it begins late; NaN where that is not compared.
    off
        How far each figure is off, by name.
    others
        Kinds of event that were reported besides.
    """

    fault: str
    codec: str
    found: bool
    onset: float
    off: dict[str, float] = field(default_factory=dict)
    others: tuple[str, ...] = ()


@dataclass(frozen=True)
class Clean:
    """A call without a fault: its length in seconds and the kinds that were reported."""

    codec: str
    seconds: float
    kinds: tuple[str, ...]
    speakers: tuple[str, str]


def trials(talk: Talk, number: int, codecs: Sequence[str], faults: Sequence[Fault]) -> Iterator[Outcome | Clean]:
    """One call without and with every fault, through every codec.

    Parameters
    ----------
    talk
        A clean call.
    number
        Seeds everything that is random.
    codecs, faults
        Through what, and which.
    """
    for codec in codecs:
        quiet = events_of(_coded(at_nominal(talk), codec))
        yield Clean(codec, talk.seconds, tuple(event.kind for event in quiet), talk.speakers)
        usual = {event.kind for event in quiet}
        for fault in faults:
            samples, truth = fault.make(talk, np.random.default_rng((number, FAULTS.index(fault))))
            heard = events_of(_coded(samples, codec))
            yield from _judged(fault, codec, truth, heard, usual)


def events_of(samples: Samples) -> list[Event]:
    """What every detector reports of a call, float32 at 8 kHz, shape (n, 2)."""
    from audioqa.detectors import DETECTORS
    from audioqa.measure import measure_samples

    measurements = measure_samples(samples, RATE, channels=NAMES)
    return [event for detector in DETECTORS for event in detector(measurements).events]


def _judged(
    fault: Fault, codec: str, truth: Sequence[Placed], heard: Sequence[Event], usual: set[str]
) -> Iterator[Outcome]:
    others = tuple(sorted({event.kind for event in heard} - usual - {fault.kind}))
    for placed in truth:
        name = None if placed.channel is None else NAMES[placed.channel]
        mine = [event for event in heard if event.kind == fault.kind and event.channel == name]
        wider = Segment(placed.segment.start - TOLERANCE, placed.segment.end + TOLERANCE)
        best = max(mine, key=lambda event: wider.overlap(event.segment), default=None)
        if best is None or wider.overlap(best.segment) <= 0:
            yield Outcome(fault.name, codec, False, float("nan"), {}, others)
            continue
        off = {key: float(best.evidence[key]) - value for key, value, _ in placed.figures}
        right = all(abs(off[key]) <= most for key, _, most in placed.figures)
        onset = best.segment.start - placed.segment.start if fault.onset else float("nan")
        yield Outcome(fault.name, codec, right, onset, off, others)


def _coded(samples: Samples, codec: str) -> Samples:
    if codec == "none":
        return (np.rint(samples * 32768) / 32768).astype(np.float32)
    return np.stack([transcode(np.ascontiguousarray(column), RATE, codec) for column in samples.T], axis=1)


def document(outcomes: Sequence[Outcome], quiet: Sequence[Clean]) -> str:
    """The page."""
    codecs = list(dict.fromkeys(one.codec for one in outcomes))
    speakers = len({name for one in quiet for name in one.speakers})
    hours = sum(one.seconds for one in quiet if one.codec == codecs[0]) / 3600
    parts = [_HEAD, f"{hours:.2f} h of two-party talk, {speakers} speakers, each through {', '.join(codecs)}.\n"]
    parts += ["## Recall, and the number of faults\n", _recall(outcomes, codecs)]
    parts += ["## Onset and figures: median and 95th percentile of the error\n", _errors(outcomes)]
    parts += ["## False events per hour of clean two-party talk, all codecs together\n", _false(quiet)]
    parts += ["## What each fault makes the other detectors report, share of calls\n", _confusion(outcomes)]
    return "\n".join(parts)


_HEAD = """\
# Detectors on faults put into two-party calls

Written by `make lab` (`python -m audioqa.lab.impairments`); do not edit. Calls are made of the test speakers' clean
speech (`audioqa.lab.talk`), each party at -26 dBov, faults put in at the severities of [severities](severities.md),
before the codec. A fault is found where an event of its kind overlaps it on its channel and its figures are right
(delay within 10 ms, attenuation within 5 dB, mains frequency); what a detector abstains from is missed. Upper bounds
are Poisson's, 95 %, one-sided.
"""


def _recall(outcomes: Sequence[Outcome], codecs: Sequence[str]) -> str:
    rows = []
    for name in dict.fromkeys(one.fault for one in outcomes):
        row = [name]
        for codec in codecs:
            mine = [one.found for one in outcomes if (one.fault, one.codec) == (name, codec)]
            row.append(f"{np.mean(mine):.2f} ({len(mine)})" if mine else "–")
        rows.append(row)
    return _table(["fault", *codecs], rows)


def _errors(outcomes: Sequence[Outcome]) -> str:
    values: defaultdict[tuple[str, str], list[float]] = defaultdict(list)
    for one in outcomes:
        if np.isfinite(one.onset):
            values[one.fault, "onset_ms"].append(1000 * one.onset)
        for key, off in one.off.items():
            values[one.fault, key].append(off)
    rows = [
        [fault, key, f"{np.median(np.abs(found)):.1f}", f"{np.percentile(np.abs(found), 95):.1f}", str(len(found))]
        for (fault, key), found in values.items()
        if key != "mains_hz"
    ]
    return _table(["fault", "figure", "median", "95 %", "events"], rows)


def _false(quiet: Sequence[Clean]) -> str:
    hours = sum(one.seconds for one in quiet) / 3600
    count = Counter(kind for one in quiet for kind in one.kinds)
    kinds = sorted({fault.kind for fault in FAULTS} | set(count))
    rows = []
    for kind in kinds:
        got = FalseEvents(count[kind], hours)
        rows.append([kind, str(got.events), f"{got.hours:.2f}", f"{got.rate:.2f}", f"{got.upper:.2f}"])
    return _table(["event", "found", "hours", "per hour", "upper bound"], rows)


def _confusion(outcomes: Sequence[Outcome]) -> str:
    kinds = sorted({kind for one in outcomes for kind in one.others})
    rows = []
    for name in dict.fromkeys(one.fault for one in outcomes):
        mine = [one for one in outcomes if one.fault == name]
        rows.append([name, *(f"{np.mean([kind in one.others for one in mine]):.2f}" for kind in kinds)])
    return _table(["fault", *kinds], rows) if kinds else "Nothing.\n"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def _run(job: tuple[Talk, int, tuple[str, ...], tuple[str, ...]]) -> list[Outcome | Clean]:
    talk, number, codecs, names = job
    return list(trials(talk, number, codecs, [fault for fault in FAULTS if fault.name in names]))


def main(arguments: Sequence[str] | None = None) -> int:
    """Judge and print; exit code 2 where there is no speech."""
    parser = argparse.ArgumentParser(
        prog="python -m audioqa.lab.impairments", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("--every", type=int, default=1, metavar="N", help="use every Nth call only (default all)")
    parser.add_argument("--split", choices=["tune", "test"], default="test", help="speakers (default test)")
    parser.add_argument("--only", metavar="KIND", help="faults of this kind only; prints, and writes nothing")
    parser.add_argument("--codecs", nargs="+", default=list(CODECS), help="codecs (default %(default)s)")
    parser.add_argument("--processes", type=int, default=2, help="worker processes (default %(default)s)")
    parser.add_argument(
        "--write", type=Path, default=DOCUMENT, help="where the tables go (default docs/impairments.md)"
    )
    options = parser.parse_args(arguments)
    started = time.perf_counter()
    made = list(talks(islice(calls(options.split), 0, None, options.every)))
    if not made:
        print("no real speech here: set AUDIOQA_DATA, or apt-get install asterisk-core-sounds-en-wav", file=sys.stderr)  # noqa: T201
        return 2
    faults = tuple(fault.name for fault in FAULTS if options.only in (None, fault.kind))
    jobs = [(talk, number, tuple(options.codecs), faults) for number, talk in enumerate(made)]
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    outcomes: list[Outcome] = []
    quiet: list[Clean] = []
    with multiprocessing.get_context("spawn").Pool(options.processes) as pool:
        for found in pool.imap(_run, jobs):
            outcomes += [one for one in found if isinstance(one, Outcome)]
            quiet += [one for one in found if isinstance(one, Clean)]
    text = document(outcomes, quiet)
    print(text)  # noqa: T201
    print(f"took {time.perf_counter() - started:.0f} s", file=sys.stderr)  # noqa: T201
    if options.only is None and options.split == "test":
        options.write.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
