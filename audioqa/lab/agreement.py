"""Agreement of the estimators with listeners on the rated set: for reporting, never for fitting.

``python -m audioqa.lab.agreement`` scores noizeus_nb (8 sentence pairs in each of 12 conditions of noise and modulated
noise at 8 kHz; microsoft/P.808) and prints the statistics of `audioqa.evaluation`, each estimator on its own scale,
after the mapping of P.1401 and after its calibration, and the paired differences to the first one. The rating of a
file is that of its condition. PLCMOS stands beside the product's estimators, and so does the correlation of an equal
mixture.

Whole clips are scored, without the speech windows of the product: a clip in which no speech were found would be left
out, and the comparison would lose its worst conditions.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from audioqa.audio import Resampler, read_segment
from audioqa.errors import WeightsError
from audioqa.evaluation.compare import evaluate
from audioqa.evaluation.labels import Label
from audioqa.evaluation.measures import MEASURES
from audioqa.evaluation.results import Agreement, Estimate, Evaluation, Figures
from audioqa.lab.corpus import data_folder
from audioqa.lab.plcmos import Plcmos
from audioqa.perceptual.calibration import load_calibration
from audioqa.perceptual.callmos import CallMos
from audioqa.perceptual.callmos_features import features
from audioqa.perceptual.estimator import RATE, Estimator
from audioqa.perceptual.loading import ESTIMATORS, load_estimator
from audioqa.types import Segment, Skipped

MIXED = ("distillmos", "plcmos", "dnsmos")
"""Scores that are mixed: each less its mean and divided by its standard deviation over the files, then summed."""

MIXTURE = "mixture"
"""Name of the mixture; it has no MOS scale, so that only its correlation is printed."""

_SHOWN = MEASURES[:5]


def rated_set(folder: Path) -> tuple[Label, ...]:
    """Read labels.csv of the rated set.

    Parameters
    ----------
    folder
        The folder that holds it and the files.
    """
    with (folder / "labels.csv").open(newline="", encoding="utf-8") as rows:
        return tuple(
            Label(
                file=row["file"],
                path=folder / row["file"],
                mos=float(row["mos_ovrl"]),
                condition=row["condition"],
                ci=float(row["ci95_ovrl"]),
            )
            for row in csv.DictReader(rows)
        )


def whole_clip(estimator: Estimator, path: Path) -> float:
    """Raw score of a clip; one that is longer than a window gives the mean of its equal parts. callmos hears the clip
    at its own rate, as it does in a call."""
    samples, rate = read_segment(path, Segment(0.0, 60.0))
    if isinstance(estimator, CallMos) and rate in (8000, 16000):
        return estimator.opinion_of(features(samples[:, 0], rate)).mos
    wide = Resampler(rate, RATE, channels=1).push(samples[:, :1], last=True)[:, 0]
    parts = np.array_split(wide, -(-len(wide) // round(estimator.window * RATE)))
    return float(np.mean([estimator.score(part[None])[0].mos for part in parts]))


def mixture(scores: Mapping[str, Sequence[float]]) -> tuple[float, ...]:
    """Sum of the standardised scores of `MIXED`, of which at least one must be there."""
    columns = [np.array(scores[name]) for name in MIXED if name in scores]
    total = np.sum([(column - column.mean()) / column.std() for column in columns], axis=0)
    return tuple(total.tolist())


def rows(evaluation: Evaluation, scale: str) -> Iterator[str]:
    """Lines of the table: each estimator per file and per condition, mapped or not, and less the first one."""
    first = evaluation.estimators[0].name
    for one in evaluation.estimators:
        shown = _SHOWN[:1] if one.name == MIXTURE else _SHOWN
        for level, agreement in (("file", one.per_file), ("condition", one.per_condition)):
            if isinstance(agreement, Agreement):
                yield _row(one.name, scale, level, agreement.unmapped, shown)
                if one.name != MIXTURE:
                    yield _row(one.name, f"{scale}, mapped", level, agreement.mapped, shown)
                if agreement.unmapped_difference:
                    yield _row(f"{one.name} - {first}", scale, level, agreement.unmapped_difference, shown)


def _row(name: str, scale: str, level: str, figures: Figures, shown: Sequence[str]) -> str:
    return f"{name:24}{scale:20}{level:10}" + "".join(_cell(figures[measure]) for measure in shown)


def _cell(figure: Estimate | Skipped) -> str:
    if isinstance(figure, Skipped):
        return f"{'-':>21}"
    return f"{figure.value:7.3f} [{figure.low:5.2f}, {figure.high:5.2f}]"


def main() -> int:
    """Print the table."""
    data = data_folder()
    folder = data / "rated" / "noizeus_nb" if data else None
    if folder is None or not (folder / "labels.csv").is_file():
        print("no rated set: set AUDIOQA_DATA to the folder of real audio", file=sys.stderr)  # noqa: T201
        return 1
    labels = rated_set(folder)
    own: dict[str, tuple[float, ...]] = {}
    calibrated: dict[str, tuple[float, ...]] = {}
    for name in ESTIMATORS:
        try:
            estimator = load_estimator(name)
            calibration = load_calibration(name, identity=estimator.identity)
        except WeightsError as error:
            print(f"{name} is left out: {error}", file=sys.stderr)  # noqa: T201
            continue
        own[name] = tuple(whole_clip(estimator, label.path) for label in labels)
        calibrated[name] = tuple(map(calibration.apply, own[name]))
    plcmos = Plcmos()
    own["plcmos"] = tuple(whole_clip(plcmos, label.path) for label in labels)
    own[MIXTURE] = mixture(own)
    mine, theirs = evaluate(labels, own), evaluate(labels, calibrated)
    conditions = len({label.condition for label in labels})
    print(f"noizeus_nb: {len(labels)} files, {conditions} conditions; 95 % intervals by {mine.draws} bootstrap draws")  # noqa: T201
    print(f"{MIXTURE}: {' + '.join(name for name in MIXED if name in own)}, standardised")  # noqa: T201
    print(f"{'estimator':24}{'scale':20}{'per':10}" + "".join(f"{name:>21}" for name in _SHOWN))  # noqa: T201
    for line in (*rows(mine, "own"), *rows(theirs, "calibrated")):
        print(line.rstrip())  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
