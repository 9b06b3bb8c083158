"""Scores against listeners' opinions: one panel for each estimator, files, condition means and the mapping."""

from __future__ import annotations

import math
import os
from typing import TYPE_CHECKING

import numpy as np

from audioqa.evaluation.labels import by_condition
from audioqa.evaluation.results import Agreement, Estimate, EstimatorAgreement, Evaluation
from audioqa.render.wording import printable

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLUMNS = 3
"""Panels side by side."""

_FILES = "#8aa4c0"
_CONDITIONS = "#2f5d8a"
_MAPPING = "#c2362b"


def write_scatter(evaluation: Evaluation, png: str | os.PathLike[str]) -> None:
    """Draw an evaluation to a PNG file; one that exists is replaced."""
    draw_scatter(evaluation).savefig(png, format="png", dpi=100)


def draw_scatter(evaluation: Evaluation) -> Figure:
    """The plot as a matplotlib figure."""
    from matplotlib.figure import Figure

    count = len(evaluation.estimators)
    columns = min(COLUMNS, count)
    rows = math.ceil(count / columns)
    figure = Figure(figsize=(0.4 + 4.6 * columns, 0.6 + 4.6 * rows), layout="constrained", facecolor="white")
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes, one in zip(panels, evaluation.estimators, strict=False):
        _panel(axes, evaluation, one)
    for axes in panels[count:]:
        axes.set_axis_off()
    panels[0].legend(loc="upper left", fontsize=8, frameon=False)
    return figure


def _panel(axes: Axes, evaluation: Evaluation, one: EstimatorAgreement) -> None:
    scores = np.array(one.scores)
    mos = np.array([label.mos for label in evaluation.labels])
    axes.plot([1, 5], [1, 5], color="grey", linewidth=0.8, linestyle=":", label="equal")
    axes.scatter(scores, mos, s=14, color=_FILES, linewidths=0, label="files")
    agreement = one.per_file
    if isinstance(one.per_condition, Agreement):
        agreement = one.per_condition
        groups = list(by_condition(evaluation.labels).values())
        x, y = ([float(values[places].mean()) for places in groups] for values in (scores, mos))
        axes.scatter(x, y, s=42, color=_CONDITIONS, edgecolors="white", label="conditions")
    mapping = agreement.mapping
    line = np.linspace(mapping.low, mapping.high, 100)
    axes.plot(line, mapping(line), color=_MAPPING, linewidth=1.4, label=f"mapping of order {agreement.order}")
    axes.set(xlim=(0.9, 5.1), ylim=(0.9, 5.1), xlabel="estimator, MOS", ylabel="listeners, MOS", aspect="equal")
    axes.set_title(f"{printable(one.name)}\n{_verdict(one)}", fontsize=10, parse_math=False)
    axes.spines[["top", "right"]].set_visible(False)


def _verdict(one: EstimatorAgreement) -> str:
    words = []
    for level, agreement in (("file", one.per_file), ("condition", one.per_condition)):
        correlation = agreement.unmapped["PLCC"] if isinstance(agreement, Agreement) else None
        if isinstance(correlation, Estimate):
            words.append(f"{correlation.value:.2f} per {level}")
    return f"PLCC {', '.join(words)}" if words else "no correlation"
