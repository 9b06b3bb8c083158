"""Masked clips of real two-party talk with faults put in: is it understood, are the faults still found?

``python -m audioqa.lab.masking`` writes docs/masking.md. Every call gets each fault, goes through each codec, and is
masked. What is compared: STOI of every channel against the original; the events of the faulty call, which the
detectors must find in the clip within 50 ms; the keys that a decoder of DTMF reads from call and clip.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from audioqa.analysis import Analyser, make_analyser
from audioqa.audio import OpenOptions
from audioqa.lab.corpus import RATE, calls
from audioqa.lab.experiment import NAMES, coded
from audioqa.lab.faults import FAULTS, Placed, at_nominal
from audioqa.lab.inject import dropouts
from audioqa.lab.keys import keys_read, with_keys
from audioqa.lab.talk import Samples, Talk, talks
from audioqa.masking import MaskedClip, masked_clip
from audioqa.masking.agreement import KEPT, WITHIN
from audioqa.masking.intelligibility import intelligibility

CODECS = ("none", "ulaw", "gsm")
KEYS = "4929100612345678"
"""What is pressed: sixteen digits, as of a card."""

BEGIN, END = "<!-- masking:begin -->", "<!-- masking:end -->"

_NAMES = ("20 ms lost, zeros", "1 s muted in a turn", "clipping, 6 dB off the peak", "clipping, 12 dB off the peak")
_NOISES = ("street noise from mid-call, 20 dB below speech", "pink noise all the time, 25 dB below speech")
_BURST = ("a door slams, 15 dB below speech",)
_COMFORT = "40 to 100 ms lost, comfort noise"
_PRESSED = "a card's number, pressed"
_CLEAN = "no fault"


@dataclass(frozen=True)
class Masked:
    """What became of one call.

    Parameters
    ----------
    fault, codec
        What was put in, and what the call went through.
    stoi
        Of each channel with speech.
    kept, lost, added
        Events of each kind, by name.
    keys
        Keys that are read from the call, and of these from the clip at the same place.
    seconds, taken
        Length of the call, and of the work.
    """

    fault: str
    codec: str
    stoi: tuple[float, ...]
    kept: tuple[str, ...]
    lost: tuple[str, ...]
    added: tuple[str, ...]
    keys: tuple[int, int]
    seconds: float
    taken: float


def trials(talk: Talk, number: int, codecs: Sequence[str], analyser: Analyser) -> Iterator[Masked]:
    """One call without a fault and with each, through every codec, masked.

    Parameters
    ----------
    talk
        A clean call.
    number
        The call's; of chance.
    codecs
        Through what.
    analyser
        What hears.
    """
    faulty: list[tuple[str, Samples]] = [(_CLEAN, at_nominal(talk)), (_COMFORT, _comfort(talk, number))]
    faulty.append((_PRESSED, with_keys(at_nominal(talk), KEYS, RATE, np.random.default_rng(number))))
    for fault in FAULTS:
        if fault.name in (*_NAMES, *_NOISES, *_BURST):
            samples, truth = fault.make(talk, np.random.default_rng((number, 1)))
            places: Sequence[Placed] = truth
            if places:
                faulty.append((fault.name, samples))
    for name, samples in faulty:
        for codec in codecs:
            yield _masked(name, codec, coded(samples, codec), number, analyser)


def _comfort(talk: Talk, number: int) -> Samples:
    samples = at_nominal(talk)
    column = np.ascontiguousarray(samples[:, 1])
    samples[:, 1], _ = dropouts(column, RATE, seed=number, lengths=(0.04, 0.06, 0.1), fills=("comfort",))
    return samples


def _masked(fault: str, codec: str, samples: Samples, number: int, analyser: Analyser) -> Masked:
    import soundfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "call.wav"
        soundfile.write(path, samples, RATE, subtype="PCM_16")
        started = time.perf_counter()
        clip: MaskedClip = masked_clip(path, analyser, options=OpenOptions(channel_names=NAMES), seed=number)
        taken = time.perf_counter() - started
    heard = [intelligibility(clean, masked, RATE) for clean, masked in zip(samples.T, clip.samples.T, strict=True)]
    found = clip.agreement
    return Masked(
        fault=fault,
        codec=codec,
        stoi=tuple(heard),
        kept=tuple(event.kind for event in found.kept),
        lost=tuple(event.kind for event in found.lost),
        added=tuple(event.kind for event in found.added),
        keys=_keys(samples, clip.samples),
        seconds=len(samples) / RATE,
        taken=taken,
    )


def _keys(call: Samples, clip: Samples) -> tuple[int, int]:
    """How many keys are read from a call, and how many of these from the clip at the same place."""
    pairs = [
        (keys_read(one, rate=RATE), keys_read(other, rate=RATE)) for one, other in zip(call.T, clip.T, strict=True)
    ]
    same = sum(any(abs(t - at) <= 0.1 and k == key for t, k in there) for here, there in pairs for at, key in here)
    return sum(len(here) for here, _ in pairs), same


def tables(done: Sequence[Masked]) -> str:
    """The tables of the page."""
    rows = []
    for fault in dict.fromkeys(one.fault for one in done):
        for codec in dict.fromkeys(one.codec for one in done):
            mine = [one for one in done if (one.fault, one.codec) == (fault, codec)]
            stoi = [value for one in mine for value in one.stoi]
            kept, lost, added = (sum(len(getattr(one, what)) for one in mine) for what in ("kept", "lost", "added"))
            rows.append(
                [
                    fault,
                    codec,
                    str(len(mine)),
                    f"{np.mean(stoi):.2f}, {np.max(stoi):.2f}",
                    f"{kept} of {kept + lost}",
                    str(added),
                    "{} → {}".format(*(sum(one.keys[k] for one in mine) for k in range(2))),
                ]
            )
    kinds = []
    for kind in KEPT:
        kept, lost, added = (sum(getattr(one, what).count(kind) for one in done) for what in ("kept", "lost", "added"))
        kinds.append([kind, f"{kept} of {kept + lost}", str(added)])
    hours = sum(one.seconds for one in done) / 3600
    speed = sum(one.seconds for one in done) / sum(one.taken for one in done)
    head = [
        "fault",
        "codec",
        "calls",
        "STOI, mean and greatest",
        f"events found within {1000 * WITHIN:.0f} ms",
        "added",
    ]
    summary = f"{len(done)} masked calls, {hours:.2f} h, {speed:.0f} s of call a second.\n"
    return "\n".join(
        [summary, _table(["kind", head[4], "added"], kinds), _table([*head, "keys read, call → clip"], rows)]
    )


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """Mask, compare and print; exit code 2 where there is no speech."""
    parser = argparse.ArgumentParser(prog="python -m audioqa.lab.masking", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--most", type=int, default=8, metavar="N", help="calls (default %(default)s)")
    parser.add_argument("--codecs", nargs="+", default=list(CODECS), help="codecs (default %(default)s)")
    parser.add_argument("--write", type=Path, help="page whose tables are written, docs/masking.md")
    options = parser.parse_args(arguments)
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    analyser = make_analyser(None)
    made = islice(talks(islice(calls("test", levelled=True), 6 * options.most)), options.most)
    done = []
    for number, talk in enumerate(made):
        for one in trials(talk, number, options.codecs, analyser):
            done.append(one)
            print(f"call {number}: {one.fault}, {one.codec}: {one.taken:.0f} s", file=sys.stderr)  # noqa: T201
    if not done:
        print("no real speech here: set AUDIOQA_DATA, or apt-get install asterisk-core-sounds-en-wav", file=sys.stderr)  # noqa: T201
        return 2
    text = tables(done)
    print(text)  # noqa: T201
    if options.write:
        page = options.write.read_text(encoding="utf-8")
        before, after = page.split(BEGIN)[0], page.split(END)[1]
        options.write.write_text(f"{before}{BEGIN}\n{text}{END}{after}", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
