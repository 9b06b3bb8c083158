"""The tables of docs/lab.md, from trials."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from audioqa.lab.corpus import Call
from audioqa.lab.inject import FILLS
from audioqa.lab.overload import CLIPPING
from audioqa.lab.tally import false_events, onset_errors, recall
from audioqa.lab.targets import SUITES, TWINS, verdicts
from audioqa.lab.trials import Quiet, Trial

_HEAD = """\
# Detectors on faults put into real speech

Written by `make lengths` (`python -m audioqa.lab.evaluate`); do not edit. Speech: adults of speechocean762 and Debian's
Asterisk prompts, test speakers only, their own faults taken out (`audioqa.lab.corpus`, `clean`), 8 kHz. Faults are
put in *before* a codec (a bad path, then coded) or *after* it (`audioqa.lab.inject`, `silences`, `overload`).

A fault is found where an event overlaps it within 30 ms (dropouts) or 0.2 s (silence); a clipped call is found where
any of its clipped stretches is. False events are those on the same speech without a fault. Figures are recall, in
brackets the number of faults. Upper bounds are Poisson's, 95 %, one-sided.
"""


def document(speech: Sequence[Call], trials: Sequence[Trial], quiet: Sequence[Quiet]) -> str:
    """The whole page.

    Parameters
    ----------
    speech
        The calls used.
    trials, quiet
        What came of them.
    """
    hours = sum(call.seconds for call in speech) / 3600
    speakers = len({(call.corpus, call.speaker) for call in speech})
    parts = [_HEAD, f"{hours:.2f} hours of clean speech, {len(speech)} calls, {speakers} speakers.\n"]
    parts += ["## Targets\n", _table(("detector", "target", "measured", ""), _verdict_rows(trials, quiet))]
    columns = ("detector", "material", "codec", "events", "hours", "per hour", "upper bound")
    parts += ["## False events per hour\n", _table(columns, _quiet_rows(quiet))]
    parts += ["## Where the false events are\n", _sources(quiet)]
    for fill in FILLS:
        parts += [f"## Dropouts: {_FILL_NAMES[fill]}, by length in ms\n", _recall_table(trials, "dropouts", fill, 1000)]
    for condition in sorted({t.condition for t in trials if t.suite == "silence"}):
        parts += [f"## Silence: {condition}, by length in s\n", _recall_table(trials, "silence", condition)]
    parts += [f"## Clipping, by dB below the call's own peak ({', '.join(f'{x:.0f}' for x in CLIPPING)})\n"]
    parts += [_recall_table(trials, "clipping", "clipped")]
    parts += ["## Onset error in ms\n", _table(("detector", "codec", "fault", "median", "95 %"), _onset_rows(trials))]
    return "\n".join(parts)


_FILL_NAMES = {
    "zero": "filled with zeros",
    "comfort": "filled with comfort noise",
    "repeat": "filled with the packet before",
    "fade": "concealed after G.711 Appendix I",
}


def _verdict_rows(trials: Sequence[Trial], quiet: Sequence[Quiet]) -> Iterator[Sequence[str]]:
    for verdict in verdicts(trials, quiet):
        yield verdict.suite, verdict.target, verdict.measured, "met" if verdict.met else "**missed**"


def _quiet_rows(quiet: Sequence[Quiet]) -> Iterator[Sequence[str]]:
    codecs = list(dict.fromkeys(stretch.codec for stretch in quiet))
    for suite in SUITES:
        for material in ("clean", "clean, two channels", *TWINS):
            for codec in (*codecs, "all"):
                chosen = (q for q in quiet if (q.suite, q.material) == (suite, material) and codec in ("all", q.codec))
                got = false_events(chosen)
                if got.hours:
                    figures = f"{got.hours:.2f}", f"{got.rate:.2f}", f"{got.upper:.2f}"
                    yield suite, material, codec, str(got.events), *figures


def _sources(quiet: Sequence[Quiet]) -> str:
    count: Counter[tuple[str, str, str]] = Counter()
    for stretch in quiet:
        if stretch.events:
            count[stretch.suite, stretch.material, stretch.source] += len(stretch.events)
    rows = [(suite, material, source, str(events)) for (suite, material, source), events in count.most_common(12)]
    return _table(("detector", "material", "speaker", "events, all codecs"), rows) if rows else "There are none.\n"


def _places(trials: Iterable[Trial]) -> list[tuple[str, str]]:
    return list(dict.fromkeys((t.codec, t.point) for t in sorted(trials, key=lambda t: t.point == "after")))


def _recall_table(trials: Sequence[Trial], suite: str, condition: str, scale: float = 1.0) -> str:
    chosen = [t for t in trials if t.suite == suite and t.condition == condition]
    sizes = sorted({t.size for t in chosen})
    rows: list[Sequence[str]] = []
    for codec, point in _places(chosen):
        here = [t for t in chosen if (t.codec, t.point) == (codec, point)]
        row = [recall([t for t in here if t.size == size]) for size in sizes]
        rows.append((codec, point, *map(str, row), str(recall(here))))
    return _table(("codec", "fault", *(f"{scale * size:g}" for size in sizes), "all"), rows)


def _onset_rows(trials: Sequence[Trial]) -> Iterator[Sequence[str]]:
    for suite in ("dropouts", "silence"):
        chosen = [t for t in trials if t.suite == suite and t.found]
        for codec, point in _places(chosen):
            here = [t for t in chosen if (t.codec, t.point) == (codec, point)]
            yield suite, codec, point, *(f"{1000 * value:.0f}" for value in onset_errors(here))


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"
