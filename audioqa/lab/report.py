"""The laboratory's figures as tables, and for ``audioqa lab`` at the terminal and as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from audioqa.lab.faults import Fault
from audioqa.lab.figures import MOST_ON_CLEAN, MOST_ON_OTHERS, FalseFigure, Figures, onset_target
from audioqa.lab.own_calls import OwnCalls
from audioqa.lab.pinned import MOST, Drift
from audioqa.lab.sheets import Sheet, tables
from audioqa.render.as_json import plain

SCHEMA = 1
"""Version of the JSON form."""

_MOST = {"clean": MOST_ON_CLEAN, "other impairments": MOST_ON_OTHERS}


def sheets(found: Figures, faults: Sequence[Fault]) -> list[Sheet]:
    """Every table.

    Parameters
    ----------
    found
        The figures.
    faults
        The faults that were put in.
    """
    return [
        _missed(found),
        _recall(found),
        _errors(found),
        _false(found, "clean", "False events on clean two-party talk"),
        _false(found, "other impairments", "False events on calls that carry other impairments only"),
        _precision(found),
        _confusion_matrix(found, faults),
        _brings(faults),
    ]


def printed(found: Figures, own: OwnCalls, drift: Drift, *, faults: Sequence[Fault]) -> RenderableType:
    """The whole for `rich.console.Console.print`; confusion as a list, for a matrix of all kinds is too wide.

    Parameters
    ----------
    found, own, drift
        The figures, the calls they are of, and the estimator's drift.
    faults
        The faults that were put in.
    """
    told = [sheet for sheet in sheets(found, faults) if sheet.title != "Confusion"]
    told = [*told[:-1], _confusion_list(found), told[-1], drift_sheet(drift)]
    notes = [f"{summary(found, voices='parties')} From {own.files} files; everything at 8 kHz, each party at -26 dBov."]
    if not own.trusted:
        notes.append(
            "Calls with a fault that audioqa itself reports were left out (see above), and slighter kinds that a call "
            "has as it is are set aside for that call: false events are those that levelling, codecs and faults bring. "
            "--trust takes every call, and whatever is reported of it for false."
        )
        if found.aside:
            aside = ", ".join(f"{kind} in {count}" for kind, count in found.aside.items())
            notes.append(f"Set aside: {aside} of {found.calls}.")
    return Group(*(Text(note, "dim") for note in notes), tables(told))


def content(found: Figures, own: OwnCalls, drift: Drift, *, missing: Mapping[str, str], seed: int) -> dict[str, Any]:
    """The same as plain dictionaries, lists, strings and rounded figures.

    Parameters
    ----------
    found, own, drift
        See `printed`.
    missing
        Codecs that are not installed, and what is missing.
    seed
        Of everything random.
    """
    counted: dict[str, Any] = plain(found, "figures")
    for row, recall in zip(counted["recall"], found.recall, strict=True):
        row.update(plain({"recall": recall.share, "target": recall.least}, "recall"))
    for row, precise in zip(counted["precision"], found.precision, strict=True):
        row.update(plain({"precision": precise.share}, "precision"))
    signals = [
        {"signal": one.signal, "pinned": one.pinned}
        | ({"skipped": "it was not scored here"} if one.drift is None else {"here": one.here, "drift": one.drift})
        for one in drift.scores
    ]
    drifted = {"pinned_for": drift.pinned_for, "here": drift.here, "worst": drift.worst, "alarming": drift.alarming}
    return {
        "schema": SCHEMA,
        "folder": str(own.folder),
        "files": own.files,
        "trusted": own.trusted,
        "seed": seed,
        "left_out": plain(own.left_out, "left_out"),
        "codecs_not_installed": dict(missing),
        **counted,
        "drift": plain({**drifted, "signals": signals}, "drift"),
    }


def drift_sheet(drift: Drift) -> Sheet:
    """How far the estimator is from the pinned set."""
    rows = tuple(
        (
            one.signal,
            f"{one.pinned:.2f}",
            "not scored" if one.here is None else f"{one.here:.2f}",
            "–" if one.drift is None else f"{one.drift:+.3f}",
        )
        for one in drift.scores
    )
    if drift.same:
        note = f"{drift.here}. At most {MOST:g} MOS is arithmetic; more means that something is wrong here."
    else:
        note = f"Pinned for {drift.pinned_for}; here is {drift.here}: the differences are what that changed."
    return Sheet("Drift of the estimator from the pinned set", ("signal", "pinned", "here", "difference"), rows, note)


def summary(found: Figures, *, voices: str = "speakers") -> str:
    """What speech there was, in one line; `voices` is what those are called who talk."""
    calls = "1 call" if found.calls == 1 else f"{found.calls} calls"
    return (
        f"{calls}, {found.distinct_hours:.2f} h of distinct two-party talk, {found.speakers} {voices}, "
        f"each call through {', '.join(found.codecs)}."
    )


def _missed(found: Figures) -> Sheet:
    rows = [
        (one.fault, f"recall, {one.codec}", f"{one.share:.2f}", f"≥ {one.least:.2f}")
        for one in found.recall
        if one.share < one.least
    ]
    rows += [
        (one.fault, "onset, median", f"{1000 * one.median:.0f} ms", f"< {1000 * onset_target(one.kind):.0f} ms")
        for one in found.errors
        if one.figure == "onset" and one.median >= onset_target(one.kind)
    ]
    rows += [
        (one.kind, f"false, {one.material}", f"{one.per_hour:.2f} / h", f"< {_MOST[one.material]:g} / h")
        for one in found.false_events
        if one.per_hour >= _MOST[one.material]
    ]
    return Sheet("Targets missed", ("what", "figure", "measured", "target"), tuple(rows), "" if rows else "None.")


def _recall(found: Figures) -> Sheet:
    cells = {(one.fault, one.codec): f"{one.share:.2f} ({one.total})" for one in found.recall}
    names = dict.fromkeys(one.fault for one in found.recall)
    rows = tuple((name, *(cells.get((name, codec), "–") for codec in found.codecs)) for name in names)
    note = "Recall, in brackets the number of faults; what a detector abstains from is missed."
    return Sheet("Recall", ("fault", *found.codecs), rows, note)


def _errors(found: Figures) -> Sheet:
    rows = []
    for one in found.errors:
        scale, name = (1000, "onset_ms") if one.figure == "onset" else (1, one.figure)
        median, most = f"{scale * one.median:.1f}", f"{scale * one.percentile_95:.1f}"
        rows.append((one.fault, name, median, most, str(one.events)))
    return Sheet("Onset and figures: how far off", ("fault", "figure", "median", "95 %", "events"), tuple(rows))


def _false(found: Figures, material: str, title: str) -> Sheet:
    rows = tuple(_false_row(one, found.codecs) for one in found.false_events if one.material == material)
    note = (
        "Per hour of calls, by codec and for all; · none. At most: upper bound, Poisson's, 95 %, one-sided, of the "
        "codec with most events, on distinct hours. Hours count a call for each time it was heard, distinct hours once."
    )
    columns = ("event", "found", *found.codecs, "all", "at most", "hours", "distinct")
    return Sheet(title, columns, rows, note)


def _false_row(one: FalseFigure, codecs: Sequence[str]) -> tuple[str, ...]:
    figures = (one.per_hour, one.upper, one.hours, one.distinct_hours)
    cells = (f"{rate:.2f}" if (rate := one.per_hour_by_codec.get(codec, 0.0)) else "·" for codec in codecs)
    return (one.kind, str(sum(one.events.values())), *cells, *(f"{figure:.2f}" for figure in figures))


def _precision(found: Figures) -> Sheet:
    rows = tuple((one.kind, str(one.right), str(one.wrong), f"{one.share:.2f}") for one in found.precision)
    note = (
        "Events on all calls with a fault. Right: they overlap a fault of their kind. Wrong: they do not, the call "
        "has none of their kind without the fault, and the fault does not bring it."
    )
    return Sheet("Precision", ("event", "right", "wrong", "precision"), rows, note)


def _confusion_matrix(found: Figures, faults: Sequence[Fault]) -> Sheet:
    kinds = sorted({one.kind for one in found.confusion})
    cells = {(one.fault, one.kind): f"{one.share:.2f}" + "*" * one.brought for one in found.confusion}
    heard = {one.fault for one in found.recall}
    rows = tuple(
        (fault.name, *(cells.get((fault.name, kind), "·") for kind in kinds)) for fault in faults if fault.name in heard
    )
    note = (
        "Share of the calls with a fault on which another kind is reported that the call does not have without it; "
        "· never, * brought by the fault itself."
    )
    if not kinds:
        return Sheet("Confusion", (), (), _NOTHING)
    return Sheet("Confusion", ("fault", *kinds), rows, note)


def _confusion_list(found: Figures) -> Sheet:
    rows = tuple(
        (one.fault, one.kind, f"{one.share:.2f}", "the fault itself" if one.brought else "a mistake")
        for one in sorted(found.confusion, key=lambda one: (one.brought, -one.share))
    )
    note = "Share of the calls with the fault on which it is reported; all other pairs never." if rows else _NOTHING
    return Sheet("Confusion", ("fault", "also reported", "share", "because of"), rows, note)


_NOTHING = "No fault made another detector report anything."


def _brings(faults: Sequence[Fault]) -> Sheet:
    rows = tuple((fault.name, ", ".join(fault.brings)) for fault in faults if fault.brings)
    note = "" if rows else "No fault brings another kind."
    return Sheet("What a fault brings by its nature", ("fault", "events"), rows, note)
