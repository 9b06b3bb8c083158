"""The commands that take listeners' opinions: ``audioqa evaluate`` and ``audioqa calibrate``.

Exit 0 all labelled recordings scored, 1 some left out, 2 bad usage.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from audioqa.messages import complain

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from audioqa.analysis import Analyser
    from audioqa.evaluation.labels import Label
    from audioqa.evaluation.predict import LeftOut

_LABELS = "Listeners' opinions: columns file, mos and, where known, condition and ci (95 % half-width)."


def evaluate(
    labels: Annotated[Path, typer.Argument(metavar="LABELS.csv", help=_LABELS, show_default=False)],
    estimator: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="One or several; differences are to the first.")
    ] = None,
    calibration: Annotated[
        str | None, typer.Option(metavar="NAME", help="A calibration of your own (audioqa calibrate).")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    plot: Annotated[Path | None, typer.Option(metavar="PNG", help="Draw scores against opinions.")] = None,
    weights: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Weights of an estimator that comes without.", show_default=False),
    ] = None,
    threads: Annotated[int | None, typer.Option(help="Threads that one network may use.")] = None,
    config: Annotated[
        Path | None, typer.Option(help="Configuration file (default: audioqa.toml where it exists).")
    ] = None,
) -> None:
    """Compare estimators with listeners' opinions (ITU-T P.1401)."""
    from audioqa.errors import AudioqaError, MeasurementError, SettingsError, WeightsError
    from audioqa.evaluation.compare import evaluate as compare
    from audioqa.evaluation.labels import read_labels
    from audioqa.evaluation.predict import predict
    from audioqa.perceptual.loading import TAKE_WEIGHTS
    from audioqa.render.evaluation import Report
    from audioqa.settings import load_settings

    try:
        listed = read_labels(labels)
        report = Report(labels, as_json=as_json, plot=plot)
        analysers: dict[str, Analyser] = {}
        names: Sequence[str | None] = estimator or [None]
        # Those that take no weights get them only where nobody does, to say so.
        taking = [name for name in names if name in TAKE_WEIGHTS] or names
        for name in names:
            file = weights if name in taking else None
            settings = load_settings(config, estimator=name, calibration=calibration, threads=threads, weights=file)
            if settings.estimator in analysers:
                raise SettingsError(f"--estimator {settings.estimator} is given twice")
            analysers[settings.estimator] = _scoring(settings.analyser())
    except (SettingsError, WeightsError) as error:
        complain(str(error))
        raise typer.Exit(2) from None

    predictions = predict(listed, analysers, progress=_shown)
    _tell_left_out(predictions.left_out, len(listed))
    try:
        sources = {name: analyser.source for name, analyser in analysers.items()}
        report.add(compare(predictions.labels, predictions.scores, sources=sources), predictions.left_out)
    except MeasurementError as error:
        complain(f"{labels}: {error}")
        raise typer.Exit(1 if predictions.left_out else 2) from None
    except AudioqaError as error:
        complain(str(error))
        raise typer.Exit(1) from None
    if predictions.left_out:
        raise typer.Exit(1)


def calibrate(
    labels: Annotated[Path, typer.Argument(metavar="LABELS.csv", help=_LABELS, show_default=False)],
    name: Annotated[str, typer.Option(help="What the calibration is to be called.", show_default=False)],
    estimator: Annotated[str | None, typer.Option(metavar="NAME", help="The estimator to calibrate.")] = None,
    context: Annotated[
        str, typer.Option(metavar="CONTEXT", help="What the listeners knew as best: narrowband or wideband.")
    ] = "narrowband",
    replace: Annotated[bool, typer.Option("--replace", help="Overwrite a calibration of that name.")] = False,
    weights: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Weights of an estimator that comes without.", show_default=False),
    ] = None,
    threads: Annotated[int | None, typer.Option(help="Threads that one network may use.")] = None,
    config: Annotated[
        Path | None, typer.Option(help="Configuration file (default: audioqa.toml where it exists).")
    ] = None,
) -> None:
    """Fit a calibration to your own listeners and keep it by name."""
    from audioqa.errors import AudioqaError, SettingsError, WeightsError
    from audioqa.evaluation.labels import read_labels
    from audioqa.evaluation.listeners import fit_listeners, listeners_context
    from audioqa.evaluation.predict import predict
    from audioqa.perceptual.calibration import calibrated_identity
    from audioqa.perceptual.named_calibration import reserve_name, save_named_calibration
    from audioqa.render.evaluation import fit_words
    from audioqa.settings import load_settings

    try:
        reserve_name(name, replace=replace)
        heard = listeners_context(context)
        listed = read_labels(labels)
        settings = load_settings(config, estimator=estimator, threads=threads, weights=weights)
        analyser = _scoring(settings.analyser(raw=True))
    except (SettingsError, WeightsError) as error:
        complain(str(error))
        raise typer.Exit(2) from None

    predictions = predict(listed, {settings.estimator: analyser}, progress=_shown)
    _tell_left_out(predictions.left_out, len(listed))
    try:
        fit = fit_listeners(
            predictions.labels,
            predictions.scores[settings.estimator],
            name=name,
            estimator=calibrated_identity(analyser.estimator) if analyser.estimator else "",
            context=heard,
        )
        path = save_named_calibration(fit.calibration, fit.provenance(labels), replace=replace)
    except AudioqaError as error:
        complain(f"{labels}: {error}")
        raise typer.Exit(1 if predictions.left_out else 2) from None
    typer.echo(fit_words(fit, path))
    if fit.doubtful:
        complain(
            f"the rank correlation is only {fit.srcc:.2f}: no map can mend an order that the listeners do not share"
        )
    if predictions.left_out:
        raise typer.Exit(1)


def _scoring(analyser: Analyser) -> Analyser:
    from audioqa.errors import SettingsError

    if analyser.estimator is None:
        raise SettingsError("listeners' opinions are compared with a MOS: name an estimator, not 'none'")
    return analyser


def _shown(labels: Sequence[Label]) -> Iterable[Label]:
    """The labels one by one, with a progress bar on stderr where that is a terminal."""
    if not sys.stderr.isatty():
        return labels
    from rich.console import Console
    from rich.progress import track

    return track(labels, "scoring", console=Console(stderr=True), transient=True)


def _tell_left_out(left_out: Sequence[LeftOut], count: int) -> None:
    for one in left_out:
        complain(f"{one.file}: left out: {one.reason}")
    if left_out:
        complain(f"{len(left_out)} of {count} could not be scored and are left out for every estimator")
