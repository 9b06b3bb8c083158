"""Scores of labelled recordings, each through the whole analysis that ``audioqa score`` makes.

A recording that one estimator cannot score is left out for all, so that every comparison is between the same files.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from audioqa.analysis import Analyser
from audioqa.errors import AudioqaError, UnreadableRecordingError
from audioqa.evaluation.labels import Label
from audioqa.types import Skipped


@dataclass(frozen=True)
class LeftOut:
    """A labelled recording that could not be scored, and why."""

    file: str
    reason: str


@dataclass(frozen=True)
class Predictions:
    """Scores of every labelled recording that could be scored.

    Parameters
    ----------
    labels
        Of the recordings that were scored, in the order given.
    scores
        By analyser, the MOS of the first channel of each recording.
    left_out
        The other recordings, in the order given.
    """

    labels: tuple[Label, ...]
    scores: Mapping[str, tuple[float, ...]]
    left_out: tuple[LeftOut, ...]


def predict(
    labels: Sequence[Label],
    analysers: Mapping[str, Analyser],
    *,
    progress: Callable[[Sequence[Label]], Iterable[Label]] = iter,
) -> Predictions:
    """Score labelled recordings.

    Parameters
    ----------
    labels
        The recordings.
    analysers
        By name; each has an estimator.
    progress
        Passes the labels on one by one, and may show how far it is.
    """
    kept: list[Label] = []
    scores: dict[str, list[float]] = {name: [] for name in analysers}
    left_out: list[LeftOut] = []
    for label in progress(labels):
        try:
            found = {name: _score(analyser, label) for name, analyser in analysers.items()}
        except AudioqaError as error:
            cause = error.cause if isinstance(error, UnreadableRecordingError) else str(error)
            left_out.append(LeftOut(label.file, cause))
            continue
        skipped = next((value for value in found.values() if isinstance(value, Skipped)), None)
        if skipped is not None:
            left_out.append(LeftOut(label.file, skipped.reason))
            continue
        kept.append(label)
        for name, value in found.items():
            assert not isinstance(value, Skipped)  # noqa: S101
            scores[name].append(value)
    return Predictions(tuple(kept), {name: tuple(values) for name, values in scores.items()}, tuple(left_out))


def _score(analyser: Analyser, label: Label) -> float | Skipped:
    """MOS of the first channel: rated clips have one."""
    mos = analyser(label.path).parties[0].mos
    return mos if isinstance(mos, Skipped) else mos.score.value
