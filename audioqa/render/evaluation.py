"""An evaluation as a table or as JSON, and a fitted calibration in words."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from audioqa.errors import AudioqaError, SettingsError
from audioqa.evaluation.listeners import ListenersFit
from audioqa.evaluation.measures import MEASURES
from audioqa.evaluation.predict import LeftOut
from audioqa.evaluation.results import Agreement, Estimate, EstimatorAgreement, Evaluation, Figures
from audioqa.render.as_json import plain
from audioqa.render.wording import printable
from audioqa.types import Skipped

SCHEMA = 1
"""Version of the JSON form of an evaluation."""


_WIDE = 94  # columns that figures and intervals side by side need


class Report:
    """Where the result of one ``audioqa evaluate`` goes: table or JSON to stdout, a picture to a file.

    Parameters
    ----------
    labels
        The CSV file, as it was named.
    as_json
        Print JSON instead of tables.
    plot
        A PNG file to draw, or None.

    Raises
    ------
    SettingsError
        Where there is no folder for the picture.
    """

    def __init__(self, labels: Path, *, as_json: bool, plot: Path | None) -> None:
        if plot and not plot.absolute().parent.is_dir():
            raise SettingsError(f"--plot {plot}: there is no folder {plot.parent}")
        self._labels = labels
        self._as_json = as_json
        self._plot = plot

    def add(self, evaluation: Evaluation, left_out: Sequence[LeftOut]) -> None:
        """Print an evaluation, and draw it where that was asked for.

        Raises
        ------
        AudioqaError
            Where the picture cannot be written; the evaluation has been printed by then.
        """
        if self._as_json:
            content = {"labels": str(self._labels), **evaluation_dict(evaluation, left_out)}
            sys.stdout.write(json.dumps(content, allow_nan=False, indent=2) + "\n")
        else:
            console = Console(highlight=False)
            console.print(evaluation_table(evaluation, width=console.width))
        if self._plot:
            from audioqa.render.scatter import write_scatter

            try:
                write_scatter(evaluation, self._plot)
            except OSError as error:
                raise AudioqaError(f"cannot write {self._plot}: {error.strerror}") from None


def evaluation_dict(evaluation: Evaluation, left_out: Sequence[LeftOut] = ()) -> dict[str, Any]:
    """The evaluation as plain dictionaries, lists, strings and rounded figures; what is not known is left out.

    Parameters
    ----------
    evaluation
        The evaluation.
    left_out
        Files that could not be scored.
    """
    files = []
    for index, label in enumerate(evaluation.labels):
        known = {"condition": label.condition, "ci": label.ci}
        files.append(
            {"file": label.file, "mos": label.mos}
            | {key: value for key, value in known.items() if value is not None}
            | {"scores": {one.name: one.scores[index] for one in evaluation.estimators}}
        )
    estimators = [
        {
            "name": one.name,
            "source": one.source,
            "per_file": one.per_file,
            "per_condition": one.per_condition,
        }
        for one in evaluation.estimators
    ]
    content = {
        "schema": SCHEMA,
        "drawn": evaluation.drawn,
        "draws": evaluation.draws,
        "seed": evaluation.seed,
        "estimators": estimators,
        "files": files,
        "left_out": left_out,
    }
    found: dict[str, Any] = plain(content, "evaluation")
    return found


def evaluation_table(evaluation: Evaluation, *, width: int) -> RenderableType:
    """The evaluation for `rich.console.Console.print`: a table for each estimator and each difference to the first.

    Parameters
    ----------
    evaluation
        The evaluation.
    width
        Columns of the terminal; in a narrow one the intervals stand below their figures.
    """
    between = " " if width >= _WIDE else "\n"
    first = evaluation.estimators[0]
    head = f"{len(evaluation.labels)} files"
    if isinstance(first.per_condition, Agreement):
        head += f", {first.per_condition.points} conditions"
    orders = f"mapped: by a polynomial of order {first.per_file.order} over files"
    if isinstance(first.per_condition, Agreement):
        orders += f" and {first.per_condition.order} over conditions"
    parts: list[RenderableType] = [
        Text(f"{head}; 95 % intervals by {evaluation.draws} bootstrap draws of {evaluation.drawn}", "dim"),
        Text(orders, "dim"),
    ]
    for one in evaluation.estimators:
        parts += ["", Text.assemble((printable(one.name), "bold"), f"  {printable(one.source)}"), _table(one, between)]
    for one in evaluation.estimators[1:]:
        heading = f"{printable(one.name)} minus {printable(first.name)}"
        parts += ["", Text.assemble((heading, "bold"), "  paired"), _table(one, between, difference=True)]
    parts += [Text(reason, "dim") for reason in dict.fromkeys(_reasons(first))]
    return Group(*parts)


def fit_words(fit: ListenersFit, path: Path) -> str:
    """What was fitted, how well, and how it is used."""
    calibration = fit.calibration
    units = f"{fit.conditions} conditions, " if fit.conditions else ""
    return (
        f"{path}\n"
        f"{calibration.name}: {calibration.estimator}, {calibration.context} context, {units}{fit.files} files, "
        f"{len(calibration.knots_x)} knots\n"
        f"rank correlation {fit.srcc:.2f}; residual of files that the fit had not seen {calibration.residual:.2f} MOS\n"
        f"use it: audioqa score --calibration {calibration.name} CALL..."
    )


def _table(one: EstimatorAgreement, between: str, *, difference: bool = False) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("")
    columns: list[Figures] = []
    for level, agreement in (("file", one.per_file), ("condition", one.per_condition)):
        if isinstance(agreement, Skipped):
            continue
        table.add_column(f"per {level}", justify="right")
        table.add_column("mapped", justify="right")
        if difference:
            columns += [agreement.unmapped_difference, agreement.mapped_difference]
        else:
            columns += [agreement.unmapped, agreement.mapped]
    for measure in MEASURES:
        table.add_row(measure, *(_cell(figures[measure], between) for figures in columns))
    return table


def _cell(figure: Estimate | Skipped, between: str) -> str:
    if isinstance(figure, Skipped):
        return "—"
    return f"{_signed(figure.value)}{between}[{_signed(figure.low)}, {_signed(figure.high)}]"


def _signed(value: float) -> str:
    """Two decimals, and no minus before a zero."""
    return f"{round(value, 2) + 0.0:.2f}"


def _reasons(one: EstimatorAgreement) -> Iterator[str]:
    for level, agreement in (("file", one.per_file), ("condition", one.per_condition)):
        if isinstance(agreement, Skipped):
            yield f"nothing per {level}: {agreement.reason}"
            continue
        for figures in (agreement.unmapped, agreement.mapped):
            for measure, figure in figures.items():
                if isinstance(figure, Skipped):
                    yield f"no {measure} per {level}: {figure.reason}"
