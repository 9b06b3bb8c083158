"""Silence, clipping and dropouts by length, fill and depth: ``python -m audioqa.lab.evaluate``, or ``make lengths``.

Prints, and writes to docs/lab.md, recall by fault, codec and place, false events per hour of clean speech, and how
exactly events begin; each target is marked met or missed. Speakers of the test side only; two processes; about
25 minutes. ``--quick`` takes a few calls and codecs, prints, and writes nothing; ``--every 4`` takes a quarter of the
calls (the page tells how many hours those are).
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import time
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

from audioqa.lab.codecs import TELEPHONE_CODECS, missing_codecs
from audioqa.lab.corpus import Call, calls
from audioqa.lab.document import document
from audioqa.lab.trials import Plan, Quiet, Trial, trials

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "lab.md"

QUICK_CALLS = 3
QUICK_EVERY = 73  # spreads them over the speakers
QUICK_CODECS = ("none", "ulaw", "amr-12.2")

_PROCESSES = 2


def plan_of(number: int, codecs: Sequence[str]) -> Plan:
    """What the call with this number is used for: all for false events, fewer for what needs less to be told.

    Of 284 calls, 142 with about ten holes each give 40 holes for each length and fill; 71 clipped at 6 and 12 dB tell a
    recall of .95 from .88.
    """
    clipping = (3.0, 6.0, 9.0, 12.0) if number % 8 == 0 else (6.0, 12.0)
    return Plan(
        number=number,
        codecs=tuple(codecs),
        dropouts=number % 2 == 0,
        gaps=number % 8 == 1,
        edges=number % 8 == 3,
        twins=number % 4 == 2,
        clipping=clipping if number % 4 == 0 else (),
    )


def evaluate(
    speech: Sequence[Call], codecs: Sequence[str], *, everything: bool = False, processes: int = _PROCESSES
) -> tuple[list[Trial], list[Quiet]]:
    """Put the detectors on trial over some calls.

    Parameters
    ----------
    speech
        Clean calls.
    codecs
        Codecs to go through.
    everything
        True to use each call for everything, where there are few.
    processes
        Worker processes; 1 works in this one.
    """
    jobs = [
        (call, Plan(number, tuple(codecs)) if everything else plan_of(number, codecs))
        for number, call in enumerate(speech)
    ]
    found: list[Trial] = []
    quiet: list[Quiet] = []
    for done, outcome in enumerate(_outcomes(jobs, processes), start=1):
        found += [item for item in outcome if isinstance(item, Trial)]
        quiet += [item for item in outcome if isinstance(item, Quiet)]
        if sys.stderr.isatty():
            print(f"\r{done} of {len(jobs)} calls", end="", file=sys.stderr)  # noqa: T201
    return found, quiet


def _outcomes(jobs: Sequence[tuple[Call, Plan]], processes: int) -> Iterator[list[Trial | Quiet]]:
    if processes == 1:
        yield from map(_run, jobs)
        return
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # inherited by the workers, before their libraries load
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        yield from pool.imap(_run, jobs)


def _run(job: tuple[Call, Plan]) -> list[Trial | Quiet]:
    call, plan = job
    return list(trials(call, plan))


def main(arguments: Sequence[str] | None = None) -> int:
    """Evaluate and print; exit code 2 where there is no speech to evaluate on."""
    parser = argparse.ArgumentParser(prog="python -m audioqa.lab.evaluate", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="a few calls and codecs, in under a minute")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="use every Nth call only (default all)")
    parser.add_argument("--processes", type=int, default=_PROCESSES, help="worker processes (default %(default)s)")
    parser.add_argument("--write", type=Path, default=DOCUMENT, help="where the tables go (default docs/lab.md)")
    options = parser.parse_args(arguments)
    started = time.perf_counter()
    every = QUICK_EVERY if options.quick else options.every
    speech = list(islice(calls("test"), 0, None, every))[: QUICK_CALLS if options.quick else None]
    if not speech:
        print("no real speech here: set AUDIOQA_DATA, or apt-get install asterisk-core-sounds-en-wav", file=sys.stderr)  # noqa: T201
        return 2
    wanted = QUICK_CODECS if options.quick else TELEPHONE_CODECS
    missing = missing_codecs(wanted)
    for codec, reason in missing.items():
        print(f"left out {codec}: {reason}", file=sys.stderr)  # noqa: T201
    codecs = [codec for codec in wanted if codec not in missing]
    found, quiet = evaluate(speech, codecs, everything=options.quick, processes=options.processes)
    text = document(speech, found, quiet)
    print(text)  # noqa: T201
    print(f"took {time.perf_counter() - started:.0f} s", file=sys.stderr)  # noqa: T201
    if not options.quick:
        options.write.parent.mkdir(exist_ok=True)
        options.write.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
