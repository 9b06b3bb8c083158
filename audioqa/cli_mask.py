"""``audioqa mask``: a clip that holds the faults of a call and nothing that was said."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from audioqa.cli_options import open_options
from audioqa.messages import complain


def mask(
    call: Annotated[Path, typer.Argument(metavar="CALL", help="A recording of any kind.", show_default=False)],
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="WAV", help="Where the masked clip goes.", show_default=False)
    ],
    start: Annotated[
        str, typer.Option("--from", metavar="TIME", help="Seconds, or m:ss, where the clip begins.")
    ] = "0",
    end: Annotated[
        str | None, typer.Option("--to", metavar="TIME", help="Where it ends (default: the recording's end).")
    ] = None,
    channels: Annotated[
        str | None,
        typer.Option(help="Names of the channels in file order; or, for files without a header, their number."),
    ] = None,
    encoding: Annotated[
        str | None, typer.Option("--format", help="Encoding of files without a header: ulaw, alaw, slin, g722, gsm ...")
    ] = None,
    rate: Annotated[int | None, typer.Option(help="Sample rate in Hz of files without a header.")] = None,
    config: Annotated[
        Path | None, typer.Option(help="Configuration file (default: audioqa.toml where it exists).")
    ] = None,
) -> None:
    """Make a clip to share: the faults of a call are in it, what was said is not."""
    from audioqa.errors import AudioqaError, SettingsError, WeightsError
    from audioqa.masking import masked_clip, write_clip
    from audioqa.settings import NO_ESTIMATOR, load_settings

    try:
        options = open_options(channels, encoding, rate)
        analyser = load_settings(config, estimator=NO_ESTIMATOR).analyser()
        first, last = _seconds(start, "--from"), None if end is None else _seconds(end, "--to")
        clip = masked_clip(call, analyser, start=first, end=last, options=options)
        write_clip(clip, output)
    except (SettingsError, WeightsError) as error:
        complain(str(error))
        raise typer.Exit(2) from None
    except AudioqaError as error:
        complain(str(error))
        raise typer.Exit(1) from None
    for line in clip.told():
        typer.echo(line)


def _seconds(text: str, option: str) -> float:
    """Seconds of ``90``, ``90.5``, ``1:30`` or ``1:02:03``.

    Raises
    ------
    SettingsError
        Where it is none of these.
    """
    from audioqa.errors import SettingsError

    parts = text.split(":")
    try:
        values = [float(part) for part in parts]
    except ValueError:
        values = []
    if not values or len(values) > 3 or not all(0 <= value < 1e9 for value in values):
        raise SettingsError(f"{option}: seconds or m:ss are needed, not {text!r}")
    return float(sum(value * 60.0**place for place, value in enumerate(reversed(values))))
