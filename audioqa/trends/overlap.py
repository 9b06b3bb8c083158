"""What another estimator changes: the same calls scored with both, and the difference with its interval.

After an upgrade the trend begins anew on the new basis, for scores of two bases stand in no common figure. How far the
new ones lie from the old ones is measured on calls that were scored with both.
"""

from __future__ import annotations

import itertools
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from audioqa.engines import Outcome, Task
from audioqa.engines.tasks import Work
from audioqa.store import Query, Store, StoredCall, jobs
from audioqa.store.database import snapshot, writing
from audioqa.store.overlaps import pairs, without_pair
from audioqa.store.recording import note_pair
from audioqa.trends.figures import means
from audioqa.types.calls import Item, SourceFile
from audioqa.types.trends import Basis, Figure, Pair, Shift

LEVELS = (1.0, 3.1, 3.6, 4.0, 5.0)
"""Limits of the first score between which the difference is told apart: those of the contact-centre bands."""


def shifts(store: Store, query: Query, *, least: int) -> list[Shift]:
    """The difference for each two bases that calls were scored on.

    Parameters
    ----------
    store
        The store.
    query
        Which calls.
    least
        How many calls a figure rests on.
    """
    with snapshot(store.engine) as connection:
        return shifts_of(pairs(connection, query), least=least)


def shifts_of(given: Iterable[Pair], *, least: int) -> list[Shift]:
    """The difference for each two bases of some pairs."""
    found: defaultdict[tuple[Basis, Basis], list[tuple[float, float]]] = defaultdict(list)
    for pair in given:
        found[pair.first, pair.second].append((pair.mos, pair.other_mos))
    told = []
    for (first, second), both in sorted(found.items()):
        mos, other = np.array(both, np.float64).T
        difference = other - mos
        levels = []
        for low, high in itertools.pairwise(LEVELS):
            inside = (mos >= low) & ((mos < high) | (high == LEVELS[-1]))
            levels.append((low, high, int(inside.sum()), _mean(difference[inside], least)))
        told.append(
            Shift(
                scale=first.scale,
                estimator=first.estimator,
                other_scale=second.scale,
                other_estimator=second.estimator,
                calls=len(both),
                difference=_mean(difference, least),
                spread=float(np.std(difference, ddof=1)) if len(both) >= least else None,
                by_level=tuple(levels),
            )
        )
    return told


def score_overlap(
    store: Store, query: Query, work: Work, estimator: str, *, most: int
) -> Iterator[tuple[StoredCall, str]]:
    """Score calls drawn at random once more, with the estimator now in force, and keep both scores.

    Their reports stay as they are.

    Parameters
    ----------
    store
        The store.
    query
        Which calls.
    work
        What a worker does with a call (`audioqa.engines.work.AnalyserWork`).
    estimator
        Identity of the estimator that it uses.
    most
        How many calls.

    Yields
    ------
    tuple
        The call, and why it could not be scored; empty where it was.
    """
    with snapshot(store.engine) as connection:
        drawn = without_pair(connection, query, estimator, most)
    for number, call in drawn:
        outcome = work(Task(0, _item(store, call)), lambda *_: None)
        yield call, _keep(store, number, call, outcome)


def _keep(store: Store, number: int, call: StoredCall, outcome: Outcome) -> str:
    if outcome.failure is not None or outcome.report is None:
        return outcome.failure.message if outcome.failure else "there is no report"
    known = [file.sha256 for file in call.files if file.position >= 0]
    if list(outcome.hashes) != known:
        return "its recording is another one than was scored"
    before, after = call.content, json.loads(outcome.report)
    if "value" not in after["mos"]:
        return f"no MOS: {after['mos']['skipped']}"
    pair = Pair(_basis(before), _basis(after), before["mos"]["value"], after["mos"]["value"])
    writing(store.engine, lambda connection: note_pair(connection, number, pair))
    return ""


def _item(store: Store, call: StoredCall) -> Item:
    """The call as it was scored; what a sender said of files without a header stands in its job."""
    with snapshot(store.engine) as connection:
        job = jobs.latest_of_call(connection, call.info.tenant, call.info.call_id)
    if job is not None:
        return job.item
    read = tuple(SourceFile(file.location, file.size) for file in call.files if file.position >= 0)
    return Item(read, call.info)


def _basis(content: Mapping[str, Any]) -> Basis:
    return Basis(f"{content['mos']['scale']} {content['mos']['context']}", content["estimator"])


def _mean(values: npt.NDArray[np.float64], least: int) -> Figure:
    return means(np.array([values.sum()]), np.array([(values**2).sum()]), np.array([len(values)]), least)[0]
