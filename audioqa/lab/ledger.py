"""The ledger against the truth: ``python -m audioqa.lab.ledger``, or ``make lab``.

Two-party calls of real speech get one or two faults on one leg. Prints, and writes to docs/ledger.md, how far the
mended score lies from that of the true clean twin, and how often the ledger puts two impairments in the order of what
each cost alone, against the twin. Speakers of the test side only.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from itertools import combinations, islice
from pathlib import Path

import numpy as np

from audioqa.analysis import Analyser, make_analyser
from audioqa.audio import OpenOptions, read_segment
from audioqa.lab.codecs import transcode
from audioqa.lab.corpus import RATE, calls
from audioqa.lab.faults import at_nominal
from audioqa.lab.faults.fault import Samples
from audioqa.lab.ledger_cases import FAULTS, TOLD, Fault, impaired, true_event
from audioqa.lab.talk import Talk, talks
from audioqa.types import CallReport, Ledger, PartyMos

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "ledger.md"
CODECS = ("none", "ulaw", "gsm", "amr-12.2")
NAMES = ("agent", "customer")
LEAST_COST = 0.3
"""MOS: a fault that costs a call less is not counted; nobody would ask what it cost."""

NEAR = 0.3
"""MOS by which the mended score may differ from the twin's."""

_OPTIONS = OpenOptions(channel_names=NAMES)


@dataclass(frozen=True)
class Single:
    """One fault in one call: MOS of the twin, of the call, and of the call mended; MOS the ledger gives its kinds."""

    fault: str
    group: str
    codec: str
    twin: float
    faulted: float
    mended: float
    cost: float


@dataclass(frozen=True)
class Double:
    """Two faults in one call: what each cost alone, against the twin, and what the ledger gives each."""

    faults: tuple[str, str]
    groups: tuple[str, str]
    codec: str
    true: tuple[float, float]
    told: tuple[float, float]


def trials(
    talk: Talk, number: int, codecs: Sequence[str], faults: Sequence[Fault], pairs: int
) -> Iterator[Single | Double]:
    """One call with every fault and with some pairs, through every codec.

    Parameters
    ----------
    talk
        A clean call.
    number
        Seeds everything that is random.
    codecs, faults
        Through what, and which.
    pairs
        Pairs of faults of different groups that are drawn for each codec.
    """
    legs = at_nominal(talk)
    rng = np.random.default_rng(number)
    for codec in codecs:
        twin = _mos(_explained(legs, codec, ()))
        if twin is None:
            continue
        alone: dict[str, float] = {}
        for fault in faults:
            found = _explained(legs, codec, (fault,), seed=number)
            if found is None:
                continue
            ledger, faulted = found
            alone[fault.name] = twin - faulted
            yield Single(fault.name, fault.group, codec, twin, faulted, ledger.mended, _cost(ledger, fault))
        able = [fault for fault in faults if fault.group in TOLD and alone.get(fault.name, 0.0) >= LEAST_COST]
        possible = [pair for pair in combinations(able, 2) if pair[0].group != pair[1].group]
        for index in rng.permutation(len(possible))[:pairs]:
            one, other = possible[int(index)]
            found = _explained(legs, codec, (one, other), seed=number)
            if found is not None:
                yield Double(
                    (one.name, other.name),
                    (one.group, other.group),
                    codec,
                    (alone[one.name], alone[other.name]),
                    (_cost(found[0], one), _cost(found[0], other)),
                )


def _mos(found: tuple[Ledger, float] | None) -> float | None:
    return None if found is None else found[1]


def _cost(ledger: Ledger, fault: Fault) -> float:
    return sum(row.cost for row in ledger.rows if row.kind in fault.kinds)


def _explained(legs: Samples, codec: str, faults: tuple[Fault, ...], *, seed: int = 0) -> tuple[Ledger, float] | None:
    """The ledger and the MOS of the customer's leg, with faults put in; None where it has no MOS."""
    import soundfile

    samples, told = impaired(faults, legs, np.random.default_rng(seed))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "call.wav"
        soundfile.write(path, _coded(samples, codec), RATE, subtype="PCM_16")
        analyser = _analyser()
        report = analyser(path, options=_OPTIONS)
        missing = [true_event(fault, NAMES[1], len(legs) / RATE, evidence) for fault, evidence in told]
        report = replace(report, events=report.events + tuple(event for event in missing if event))
        if not isinstance(report.parties[1].mos, PartyMos):
            return None
        (ledger,) = analyser.ledgers(_customer(report), partial(read_segment, path, options=_OPTIONS))[1:]
    return (ledger, report.parties[1].mos.score.value) if isinstance(ledger, Ledger) else None


def _customer(report: CallReport) -> CallReport:
    """Without the agent's events, which nobody asks about here."""
    return replace(report, events=tuple(event for event in report.events if event.channel == NAMES[1]))


@cache
def _analyser() -> Analyser:
    return make_analyser()


def _coded(samples: Samples, codec: str) -> Samples:
    if codec == "none":
        return samples
    return np.stack([transcode(np.ascontiguousarray(column), RATE, codec) for column in samples.T], axis=1)


def document(found: Sequence[Single | Double], made: Sequence[Talk]) -> str:
    """The page.

    Parameters
    ----------
    found
        What came of every fault and pair.
    made
        The calls that they were put into.
    """
    single = [one for one in found if isinstance(one, Single)]
    double = [one for one in found if isinstance(one, Double)]
    counted = [one for one in single if one.twin - one.faulted >= LEAST_COST]
    speakers = len({name for talk in made for name in talk.speakers})
    minutes = sum(talk.seconds for talk in made) / 60
    parts = [
        _HEAD,
        f"{len(made)} calls of {minutes:.1f} minutes in all, {speakers} speakers.\n",
        "## Targets\n",
        _targets(counted, double),
    ]
    parts += [f"## One impairment: those that cost {LEAST_COST:g} MOS or more\n", _singles(counted, single)]
    parts += ["## The same by codec: share within 0.3 of the twin\n", _by_codec(counted)]
    parts += ["## Two impairments: share in the right order\n", _doubles(double)]
    return "\n".join(parts)


_HEAD = """\
# What each impairment cost: the ledger against the true clean twins

Written by `python -m audioqa.lab.ledger`; do not edit. Two-party calls of real speech (`audioqa.lab.talk`, test
speakers only) get one or two faults on the customer's leg (`audioqa.lab.ledger_cases`), then the codec. The twin is the
same call through the same codec without the fault. Events are what the detectors report; where there is no detector
for a kind yet, its true event is given. How the ledger is made: docs/ledger-explained.md.
"""


def _near(cases: Sequence[Single]) -> float:
    return float(np.mean([abs(one.mended - one.twin) <= NEAR for one in cases])) if cases else float("nan")


def _agrees(one: Double) -> bool:
    return (one.true[0] - one.true[1]) * (one.told[0] - one.told[1]) > 0


def _targets(counted: Sequence[Single], double: Sequence[Double]) -> str:
    rows = []
    for group in dict.fromkeys(one.group for one in counted):
        mine = [one for one in counted if one.group == group]
        got = _near(mine)
        target = "0.80" if group in TOLD else "–"
        rows.append([group, "mended within 0.3 of the twin", target, f"{got:.2f} ({len(mine)})", _met(got, group)])
    if double:
        got = float(np.mean([_agrees(one) for one in double]))
        met = "met" if got >= 0.85 else "**missed**"
        rows.append(["two impairments", "order of cost", "0.85", f"{got:.2f} ({len(double)})", met])
    return _table(["impairment", "what", "target", "measured", ""], rows)


def _met(got: float, group: str) -> str:
    return "" if group not in TOLD else "met" if got >= 0.80 else "**missed**"


def _singles(counted: Sequence[Single], every: Sequence[Single]) -> str:
    rows = []
    for name in dict.fromkeys(one.fault for one in every):
        mine = [one for one in counted if one.fault == name]
        tried = sum(one.fault == name for one in every)
        row = [name, f"{len(mine)} of {tried}"]
        if mine:
            off = np.array([one.mended - one.twin for one in mine])
            row += [f"{np.mean([one.twin for one in mine]):.2f}", f"{np.mean([one.faulted for one in mine]):.2f}"]
            row += [f"{np.mean([one.mended for one in mine]):.2f}", f"{_near(mine):.2f}"]
            row += [f"{np.median(off):+.2f}", f"{np.percentile(off, 10):+.2f} to {np.percentile(off, 90):+.2f}"]
        rows.append(row + ["–"] * (8 - len(row)))
    head = ["fault", "counted", "twin", "as recorded", "mended", "within 0.3", "median off", "80 % lie within"]
    return _table(head, rows)


def _by_codec(counted: Sequence[Single]) -> str:
    codecs = list(dict.fromkeys(one.codec for one in counted))
    rows = []
    for group in dict.fromkeys(one.group for one in counted):
        row = [group]
        for codec in codecs:
            mine = [one for one in counted if (one.group, one.codec) == (group, codec)]
            row.append(f"{_near(mine):.2f} ({len(mine)})" if mine else "–")
        rows.append(row)
    return _table(["impairment", *codecs], rows)


def _doubles(double: Sequence[Double]) -> str:
    by: defaultdict[tuple[str, ...], list[Double]] = defaultdict(list)
    for one in double:
        by[tuple(sorted(one.groups))].append(one)
    rows = []
    for pair, cases in sorted(by.items()):
        apart = [one for one in cases if abs(one.true[0] - one.true[1]) >= 0.2]
        far = f"{np.mean([_agrees(one) for one in apart]):.2f} ({len(apart)})" if apart else "–"
        rows.append([" and ".join(pair), f"{np.mean([_agrees(one) for one in cases]):.2f} ({len(cases)})", far])
    return _table(["impairments", "all", "single costs 0.2 apart or more"], rows)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def _run(job: tuple[Talk, int, tuple[str, ...], tuple[str, ...], int]) -> list[Single | Double]:
    talk, number, codecs, names, pairs = job
    return list(trials(talk, number, codecs, [fault for fault in FAULTS if fault.name in names], pairs))


def main(arguments: Sequence[str] | None = None) -> int:
    """Judge and print; exit code 2 where there is no speech."""
    parser = argparse.ArgumentParser(prog="python -m audioqa.lab.ledger", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--every", type=int, default=1, metavar="N", help="use every Nth call only (default all)")
    parser.add_argument("--most", type=int, metavar="N", help="use so many of them at most (default all)")
    parser.add_argument("--split", choices=["tune", "test"], default="test", help="speakers (default test)")
    parser.add_argument("--only", nargs="+", metavar="GROUP", help="faults of these groups only; writes nothing")
    parser.add_argument("--codecs", nargs="+", default=list(CODECS), help="codecs (default %(default)s)")
    parser.add_argument("--pairs", type=int, default=4, help="pairs of faults a call and codec (default %(default)s)")
    parser.add_argument("--processes", type=int, default=2, help="worker processes (default %(default)s)")
    parser.add_argument("--write", type=Path, default=DOCUMENT, help="where the tables go (default docs/ledger.md)")
    options = parser.parse_args(arguments)
    started = time.perf_counter()
    stop = options.most * options.every if options.most else None
    made = list(talks(islice(calls(options.split), 0, stop, options.every)))
    if not made:
        print("no real speech here: set AUDIOQA_DATA, or apt-get install asterisk-core-sounds-en-wav", file=sys.stderr)  # noqa: T201
        return 2
    faults = tuple(fault.name for fault in FAULTS if options.only is None or fault.group in options.only)
    jobs = [(talk, number, tuple(options.codecs), faults, options.pairs) for number, talk in enumerate(made)]
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    found: list[Single | Double] = []
    with multiprocessing.get_context("spawn").Pool(options.processes) as pool:
        for some in pool.imap(_run, jobs):
            found += some
    text = document(found, made)
    print(text)  # noqa: T201
    print(f"{len(made)} calls, took {time.perf_counter() - started:.0f} s", file=sys.stderr)  # noqa: T201
    if options.only is None and options.split == "test":
        options.write.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
