"""Detectors on faults put into clean two-party calls: ``python -m audioqa.lab.impairments``, or ``make lab``.

The laboratory of ``audioqa lab`` on our own corpus, speakers of the test side only. Every call is heard without a fault
through every codec; each fault is put into every Nth call, because clean speech is what false events are counted on and
there is little of it. Prints the tables and writes them to docs/impairments.md.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

from audioqa.lab.codecs import missing_codecs
from audioqa.lab.corpus import calls
from audioqa.lab.experiment import CODECS, chosen_faults
from audioqa.lab.faults import Fault
from audioqa.lab.figures import Figures
from audioqa.lab.laboratory import Laboratory
from audioqa.lab.report import sheets, summary
from audioqa.lab.sheets import markdown
from audioqa.lab.talk import talks

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "impairments.md"

_HEAD = """\
# Detectors on faults put into two-party calls

Written by `make lab` (`python -m audioqa.lab.impairments`); do not edit. Calls are made of the test speakers' clean
speech (`audioqa.lab.talk`), each party at -26 dBov, faults put in at the severities of [severities](severities.md),
before the codec. A fault is found where an event of its kind overlaps it on its channel and its figures are right
(delay within 10 ms, attenuation within 5 dB, mains frequency).
"""


def document(found: Figures, faults: Sequence[Fault]) -> str:
    """The page."""
    return "\n".join([_HEAD, f"{summary(found)}\n", markdown(sheets(found, faults))])


def main(arguments: Sequence[str] | None = None) -> int:
    """Judge and print; exit code 2 where there is no speech."""
    parser = argparse.ArgumentParser(
        prog="python -m audioqa.lab.impairments", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("--every", type=int, default=1, metavar="N", help="use every Nth call only (default all)")
    parser.add_argument(
        "--fault-every", type=int, default=1, metavar="N", help="put each fault into every Nth of them (default all)"
    )
    parser.add_argument("--split", choices=["tune", "test"], default="test", help="speakers (default test)")
    parser.add_argument("--only", nargs="+", metavar="KIND", help="faults of these kinds only; prints, writes nothing")
    parser.add_argument("--codecs", nargs="+", default=list(CODECS), help="codecs (default %(default)s)")
    parser.add_argument("--processes", type=int, default=2, help="worker processes (default %(default)s)")
    parser.add_argument(
        "--write", type=Path, default=DOCUMENT, help="where the tables go (default docs/impairments.md)"
    )
    options = parser.parse_args(arguments)
    started = time.perf_counter()
    made = list(talks(islice(calls(options.split, levelled=True), 0, None, options.every)))
    if not made:
        print("no real speech here: set AUDIOQA_DATA, or apt-get install asterisk-core-sounds-en-wav", file=sys.stderr)  # noqa: T201
        return 2
    missing = missing_codecs(options.codecs)
    for codec, reason in missing.items():
        print(f"left out {codec}: {reason}", file=sys.stderr)  # noqa: T201
    faults = chosen_faults(options.only)
    usable = tuple(codec for codec in options.codecs if codec not in missing)
    laboratory = Laboratory(usable, faults, every=options.fault_every, processes=options.processes)
    found = laboratory(made)
    text = document(found, faults)
    print(text)  # noqa: T201
    print(f"took {time.perf_counter() - started:.0f} s", file=sys.stderr)  # noqa: T201
    if options.only is None and options.split == "test":
        options.write.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
