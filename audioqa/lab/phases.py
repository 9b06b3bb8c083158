"""Phases put into calls, and what is found of them: ``python -m audioqa.lab.phases``, or ``make lab``.

Prints, and writes to docs/phases.md: signals and keys found and seconds of hold music set aside, through each codec;
phases found in speech, per hour; and calls in which a leg is silent or a machine speaks, with what was wrongly taken
for a fault there. Speech of the test side only, and of corpora in ``AUDIOQA_CORPORA`` that nothing was tuned on.
"""

from __future__ import annotations

import argparse
import difflib
import re
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from audioqa.analysis import Analyser, make_analyser
from audioqa.lab.codecs import transcode
from audioqa.lab.corpus import RATE, calls
from audioqa.lab.music import STYLES, hold_music
from audioqa.lab.signals import Placed, leg, signals
from audioqa.lab.simulator.speech import corpora_folder
from audioqa.lab.situations import FAULTS, SITUATIONS
from audioqa.lab.talk import Talk, talks
from audioqa.lab.tally import FalseEvents
from audioqa.measure import Measurements, measure_samples
from audioqa.phases import PhaseFinder
from audioqa.types import CallReport, Phase, Recording, Segment

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "phases.md"
CODECS = ("none", "ulaw", "gsm", "amr-12.2", "g729")
CORPORA = ("emodb", "voxserv", "arabcmd", "intent", "wakeword")
"""Folders of further speech, each recording used whole, its own faults left in."""

PIECE = 300.0
"""Seconds of speech measured at a time."""

Samples = NDArray[np.float32]


def signals_found(count: int, codec: str, seed: int) -> Counter[tuple[str, bool]]:
    """Signals and keys found or not, by name.

    Parameters
    ----------
    count
        Of each signal.
    codec, seed
        Through what; and of what is random.
    """
    rng = np.random.default_rng(seed)
    every = list(signals(count, rng))
    speech = np.concatenate([call.samples for call in islice(calls("test"), 0, 60, 2)])
    samples, placed = leg([every[i] for i in rng.permutation(len(every))], rng, speech=speech)
    phases = PhaseFinder(keep_keys=True)(_measured(samples[:, None], codec))
    found: Counter[tuple[str, bool]] = Counter()
    for one in placed:
        mine = [phase for phase in phases if phase.kind == one.signal.kind and _same(phase.segment, one.segment)]
        if one.signal.keys:
            right = _keys_right(one, mine)
            found[one.signal.name, True] += right
            found[one.signal.name, False] += len(one.signal.keys) - right
        else:
            found[one.signal.name, bool(mine)] += 1
    return found


def _same(one: Segment, other: Segment) -> bool:
    return one.overlap(other) > 0.5 * max(one.duration, other.duration)


def _keys_right(one: Placed, mine: Sequence[Phase]) -> int:
    pressed = "".join(str(phase.evidence["keys"]) for phase in mine)
    matcher = difflib.SequenceMatcher(None, one.signal.keys, pressed, autojunk=False)
    return sum(block.size for block in matcher.get_matching_blocks())


def music_set_aside(count: int, codec: str, seed: int) -> dict[str, tuple[float, float]]:
    """Seconds of music set aside and in all, by style; 9 s of speech before each piece.

    Parameters
    ----------
    count
        Pieces of each style.
    codec, seed
        Through what; and of what is random.
    """
    rng = np.random.default_rng(seed)
    pieces = [(style, hold_music(style, rng.uniform(15, 45), RATE, rng)) for _ in range(count) for style in STYLES]
    speech = [call.samples[: 9 * RATE] for call in islice(calls("test"), 0, 8 * len(pieces), 8)]
    parts: list[Samples] = []
    truth: list[tuple[str, Segment]] = []
    position = 0
    for number, (style, piece) in enumerate(pieces):
        level = np.float32(10 ** (rng.uniform(-36, -14) / 20) / np.sqrt(np.mean(piece**2)))
        before = np.concatenate([speech[number % len(speech)], np.zeros(RATE, np.float32)])
        parts += [before, np.clip(piece * level, -0.99, 0.99), np.zeros(RATE, np.float32)]
        start = position + len(before)
        position += sum(map(len, parts[-3:]))
        truth.append((style, Segment(start / RATE, (start + len(piece)) / RATE)))
    line = rng.standard_normal(position).astype(np.float32) * np.float32(10 ** (-70 / 20))
    phases = Analyser(None, None).find_phases(_measured((np.concatenate(parts) + line)[:, None], codec))
    seconds: defaultdict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])
    for style, place in truth:
        seconds[style][0] += sum(place.overlap(phase.segment) for phase in phases if phase.kind == "hold-music")
        seconds[style][1] += place.duration
    return {style: (got, whole) for style, (got, whole) in seconds.items()}


def in_speech(codec: str, every: int, extra: Sequence[str]) -> tuple[dict[str, float], Counter[tuple[str, str]]]:
    """Hours of speech by corpus, and phases found there by corpus and kind.

    Parameters
    ----------
    codec
        Through what.
    every
        Take every so many-th call.
    extra
        Corpora besides the test side's.
    """
    hours: dict[str, float] = {}
    found: Counter[tuple[str, str]] = Counter()
    finder = Analyser(None, None).find_phases
    sources: list[tuple[str, Iterable[Samples]]] = [
        ("test speakers", (call.samples for call in islice(calls("test"), 0, None, every)))
    ]
    sources += [(name, _recordings(name)) for name in extra]
    for name, source in sources:
        for piece in _pieces(source):
            hours[name] = hours.get(name, 0.0) + len(piece) / RATE / 3600
            found.update((name, phase.kind) for phase in finder(_measured(piece[:, None], codec)))
    return hours, found


def _recordings(corpus: str) -> Iterator[Samples]:
    import soundfile
    import soxr

    root = (corpora_folder() or Path()) / corpus
    for path in sorted(root.rglob("*")):
        if path.suffix.lower() not in (".wav", ".flac") or re.search("noise|orig", str(path.relative_to(root))):
            continue  # no speech, or the same speech at another rate
        try:
            samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
        except soundfile.LibsndfileError:  # corpora hold files that no decoder reads
            continue
        yield np.asarray(soxr.resample(samples.mean(axis=1), rate, RATE), np.float32)


def _pieces(source: Iterable[Samples]) -> Iterator[Samples]:
    waiting: list[Samples] = []
    for samples in source:
        waiting.append(samples)
        if sum(map(len, waiting)) >= PIECE * RATE:
            yield np.concatenate(waiting)
            waiting = []
    if waiting:
        yield np.concatenate(waiting)


def in_situations(count: int, codec: str, seed: int) -> Iterator[tuple[str, int, int, int, int]]:
    """For each situation: its name, calls, phases that must be found, those found, and calls with a wrong fault.

    Parameters
    ----------
    count
        Calls of each.
    codec, seed
        Through what; and of what is random.
    """
    made = [talk for talk in talks(islice(calls("test"), 0, 6 * count), seed=seed) if _enough(talk)]
    analyser = make_analyser(None)
    for name, make in SITUATIONS.items():
        wanted = got = wrong = 0
        chosen = made[:count]
        for number, talk in enumerate(chosen):
            situation = make(talk, made[-1 - number % (len(made) // 2)], np.random.default_rng((seed, number)))
            report = _report(analyser, situation.samples, codec)
            for kind, channel, place in situation.placed:
                on = None if channel is None else report.recording.channels[channel]
                wanted += 1
                mine = [phase.segment for phase in report.phases if (phase.kind, phase.channel) == (kind, on)]
                got += sum(place.overlap(segment) for segment in mine) > 0.8 * place.duration
            legs = report.recording.channels
            watched = (None, *(legs if situation.leg is None else legs[situation.leg : situation.leg + 1]))
            faults = [event for event in report.events if event.kind in FAULTS and event.channel in watched]
            mute = not situation.placed and any(phase.kind == "mute" for phase in report.phases)
            inside = [event for event in faults if event.segment.overlap(situation.watched) > 0.2]
            wrong += bool(inside) or mute
        yield name, len(chosen), wanted, got, wrong


def _enough(talk: Talk) -> bool:
    return min(map(len, talk.turns)) >= 3


def _report(analyser: Analyser, samples: Samples, codec: str) -> CallReport:
    names = ("agent", "customer")
    recording = Recording("made", "0" * 64, "WAV", "PCM_16", RATE, len(samples), names)
    return analyser.report(recording, _measured(samples, codec, names=names))


def _measured(samples: Samples, codec: str, *, names: Sequence[str] = ("agent",)) -> Measurements:
    if codec != "none":
        columns = [transcode(np.ascontiguousarray(column), RATE, codec) for column in samples.T]
        samples = np.stack(columns, axis=1)
    whole = np.clip(np.rint(samples * 32768), -32768, 32767) / 32768
    return measure_samples(whole.astype(np.float32), RATE, channels=names)


_HEAD = """\
# Phases found in calls

Written by `make lab` (`python -m audioqa.lab.phases`); do not edit. What phases are:
[phases-explained](phases-explained.md). Signals and music are made for this page (`audioqa.lab.signals`,
`audioqa.lab.music`), put beside speech of test speakers on a line with noise at -70 dBov, and coded. Upper bounds are
Poisson's, 95 %, one-sided.
"""


def document(*, count: int, listeners: int, every: int, codecs: Sequence[str]) -> Iterator[str]:
    """The page, part by part.

    Parameters
    ----------
    count
        Signals, pieces of music, of each name.
    listeners
        Calls of each situation uncoded, and five times as many as through each codec.
    every
        Speech through a codec: take every so many-th call.
    codecs
        Through what.
    """
    yield _HEAD
    yield "## Signals found, and how many there were (of DTMF, keys)\n"
    tones = {codec: signals_found(count, codec, 2026) for codec in codecs}
    names = dict.fromkeys(name for found in tones.values() for name, _ in found)
    yield _table(["signal", *codecs], [[name, *(_share(tones[codec], name) for codec in codecs)] for name in names])
    yield "## Hold music: share of its seconds that is set aside\n"
    music = {codec: music_set_aside(max(1, count // 2), codec, 2027) for codec in codecs}
    rows = [[style, *(f"{music[c][style][0] / music[c][style][1]:.3f}" for c in codecs)] for style in STYLES]
    whole = [[sum(part[i] for part in music[c].values()) for i in (0, 1)] for c in codecs]
    rows.append(["all", *(f"{got / total:.3f} of {total:.0f} s" for got, total in whole)])
    yield _table(["style", *codecs], rows)
    yield "## Phases found in speech\n"
    for codec in codecs:
        extra = CORPORA if codec == "none" and corpora_folder() else ()
        yield _in_speech(codec, *in_speech(codec, 1 if codec == "none" else every, extra))
    yield "\n## Situations that are no fault\n"
    kinds = ", ".join(FAULTS)
    yield f"Wrong: calls with {kinds} there (on the leg of a listener or muted party), or a mute of a listener.\n"
    rows = []
    for codec in codecs:
        number = listeners if codec == "none" else max(1, listeners // 5)
        for name, calls_made, wanted, got, wrong in in_situations(number, codec, 2028):
            rows.append([name, codec, str(calls_made), f"{got} of {wanted}" if wanted else "–", str(wrong)])
    yield _table(["situation", "codec", "calls", "phases found", "wrong"], rows)


def _share(found: Counter[tuple[str, bool]], name: str) -> str:
    total = found[name, True] + found[name, False]
    return f"{found[name, True] / total:.3f} ({total})"


def _in_speech(codec: str, hours: dict[str, float], found: Counter[tuple[str, str]]) -> str:
    through = "Uncoded" if codec == "none" else f"Through {codec}"
    lines = []
    for name, length in hours.items():
        kinds = {kind: count for (corpus, kind), count in sorted(found.items()) if corpus == name}
        got = FalseEvents(sum(kinds.values()), length)
        what = ", ".join(f"{count} × {kind}" for kind, count in kinds.items()) or "nothing"
        lines.append(f"- {through}, {name}, {length:.2f} h: {what} (upper bound {got.upper:.2f} an hour)")
    return "\n".join(lines)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the page and write it; exit code 2 where there is no speech."""
    parser = argparse.ArgumentParser(prog="python -m audioqa.lab.phases", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--count", type=int, default=10, help="signals of each name (default %(default)s)")
    parser.add_argument("--calls", type=int, default=100, help="uncoded calls of each situation, a fifth coded")
    parser.add_argument("--every", type=int, default=6, metavar="N", help="every Nth call of coded speech (default 6)")
    parser.add_argument("--codecs", nargs="+", default=list(CODECS), help="codecs (default %(default)s)")
    parser.add_argument("--write", type=Path, default=DOCUMENT, help="where the page goes (default docs/phases.md)")
    options = parser.parse_args(arguments)
    started = time.perf_counter()
    if next(iter(calls("test")), None) is None:
        print("no real speech here: set AUDIOQA_DATA, or apt-get install asterisk-core-sounds-en-wav", file=sys.stderr)  # noqa: T201
        return 2
    parts = []
    for part in document(
        count=options.count, listeners=options.calls, every=options.every, codecs=tuple(options.codecs)
    ):
        print(part, flush=True)  # noqa: T201
        parts.append(part)
    print(f"took {time.perf_counter() - started:.0f} s", file=sys.stderr)  # noqa: T201
    options.write.write_text("\n".join(parts))
    return 0


if __name__ == "__main__":
    sys.exit(main())
