"""The command ``audioqa lab``: the impairment laboratory on one's own clean calls.

Exit 0 all recordings used, 1 some left out, 2 bad usage.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from audioqa.cli_options import open_options
from audioqa.messages import complain


def lab(
    folder: Annotated[
        Path,
        typer.Argument(metavar="DIR", help="Clean calls: two channels, or one speaker a file.", show_default=False),
    ],
    faults: Annotated[
        list[str] | None, typer.Option(metavar="KIND", help="Faults of these kinds of event only: 'hum,echo'.")
    ] = None,
    codecs: Annotated[
        list[str] | None, typer.Option(metavar="CODEC", help="What calls go through: 'none,ulaw,g729'.")
    ] = None,
    every: Annotated[
        int, typer.Option(min=1, metavar="N", help="Put each fault into every Nth call only: quicker.")
    ] = 1,
    json_file: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Write JSON, too; - prints it in place of tables.")
    ] = None,
    trust: Annotated[
        bool, typer.Option("--trust", help="Take every call for clean, whatever audioqa reports on it.")
    ] = False,
    seed: Annotated[int, typer.Option(min=0, help="Of everything random.")] = 0,
    processes: Annotated[int, typer.Option(min=1, help="Processes to work in.")] = 1,
    channels: Annotated[
        str | None, typer.Option(help="Names of the channels in file order; without a header, their number.")
    ] = None,
    encoding: Annotated[str | None, typer.Option("--format", help="Encoding of files without a header.")] = None,
    rate: Annotated[int | None, typer.Option(help="Sample rate in Hz of files without a header.")] = None,
    config: Annotated[
        Path | None, typer.Option(help="Configuration file (default: audioqa.toml where it exists).")
    ] = None,
) -> None:
    """Put known faults into clean calls and see which are found."""
    from audioqa.errors import AudioqaError, SettingsError, WeightsError
    from audioqa.lab.codecs import missing_codecs
    from audioqa.lab.experiment import CODECS, chosen_faults
    from audioqa.lab.laboratory import Laboratory
    from audioqa.lab.own_calls import OwnCalls
    from audioqa.lab.pinned import MOST, drift
    from audioqa.lab.report import content, printed
    from audioqa.perceptual.loading import DEFAULT_ESTIMATOR
    from audioqa.render.wording import printable
    from audioqa.settings import load_settings

    try:
        chosen = chosen_faults(_listed(faults))
        asked = _listed(codecs) or list(CODECS)
        missing = missing_codecs(asked)
        usable = tuple(codec for codec in asked if codec not in missing)
        if not usable:
            raise SettingsError(f"no codec of {', '.join(asked)} can be used: {'; '.join(missing.values())}")
        if json_file and str(json_file) != "-" and not json_file.absolute().parent.is_dir():
            raise SettingsError(f"--json {json_file}: there is no folder {json_file.parent}")
        analyser = load_settings(config, estimator=DEFAULT_ESTIMATOR).analyser()
        own = OwnCalls(folder, analyser, options=open_options(channels, encoding, rate), seed=seed, trusted=trust)
    except (SettingsError, WeightsError) as error:
        complain(str(error))
        raise typer.Exit(2) from None

    for codec, reason in missing.items():
        complain(f"codec {codec} left out: {reason}")
    laboratory = Laboratory(
        usable, chosen, analyser.detectors, every=every, seed=seed, processes=processes, vouched=trust
    )
    try:
        with _progress() as shown:
            found = laboratory(own, progress=lambda done: shown(done, own.files, len(own.paths)))
        drifted = drift(analyser)
    except AudioqaError as error:
        complain(str(error))
        raise typer.Exit(1) from None
    for one in own.left_out:
        complain(printable(f"{one.file}: left out: {one.reason}"))
    if not found.calls:
        complain(f"{folder}: no clean call of two parties is left: nothing to put faults into")
        raise typer.Exit(1)
    if json_file:
        text = json.dumps(content(found, own, drifted, missing=missing, seed=seed), allow_nan=False, indent=2) + "\n"
        if str(json_file) == "-":
            sys.stdout.write(text)
        else:
            try:
                json_file.write_text(text, encoding="utf-8")
            except OSError as error:
                complain(f"cannot write {json_file}: {error.strerror}")
                raise typer.Exit(1) from None
    if str(json_file) != "-":
        from rich.console import Console

        Console(highlight=False).print(printed(found, own, drifted, faults=chosen))
    if drifted.alarming:
        complain(
            f"the estimator has drifted: up to {drifted.worst:.2f} MOS from the pinned set, at most {MOST} is right"
        )
    if own.left_out or (codecs and missing):
        raise typer.Exit(1)


def _listed(values: list[str] | None) -> list[str]:
    """Values of an option that may be given several times, or once with commas."""
    return [name.strip() for value in values or () for name in value.split(",") if name.strip()]


@contextmanager
def _progress() -> Iterator[Callable[[int, int, int], None]]:
    """Shows how far the work is, on stderr where that is a terminal."""
    if not sys.stderr.isatty():
        yield lambda *_: None
        return

    def show(done: int, looked_at: int, files: int) -> None:
        sys.stderr.write(f"\r{done} calls done, {looked_at} of {files} files looked at")
        sys.stderr.flush()

    yield show
    sys.stderr.write("\r\033[K")
