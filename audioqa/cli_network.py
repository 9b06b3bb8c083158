"""The command ``audioqa emodel``: what a network's figures would sound like.

Exit 0 all rated, 1 some could not be, 2 bad usage.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from audioqa.messages import complain

_TABLE = "Statistics of calls: CSV (a manifest, VoIPmonitor's cdr), or reports of RFC 6035. Without it, one connection."


def emodel(
    table: Annotated[Path | None, typer.Argument(metavar="TABLE", help=_TABLE, show_default=False)] = None,
    codec: Annotated[
        str | None, typer.Option(help="g711 (the default), g711-plc, g729 ...; of a table, where it names none.")
    ] = None,
    loss: Annotated[float, typer.Option(help="Packets lost, in per cent: one per cent is 1.")] = 0.0,
    burst_ratio: Annotated[float, typer.Option(help="1 is random loss, 2 loss in runs twice as long.")] = 1.0,
    delay: Annotated[float, typer.Option(help="From mouth to ear without the jitter buffer, ms.")] = 0.0,
    jitter: Annotated[float, typer.Option(help="Mean jitter of RFC 3550, ms; it acts through the buffer.")] = 0.0,
    buffer: Annotated[
        str | None,
        typer.Option(metavar="MS", help="Jitter buffer: a fixed delay in ms, or adaptive (the default), or none."),
    ] = None,
    inputs: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="Another input of the model: 'telr=40', 'nc=-60', 't=100'."),
    ] = None,
    proxy: Annotated[
        bool, typer.Option("--proxy", help="Take another codec's values where the ITU has published none.")
    ] = False,
    mos: Annotated[float | None, typer.Option(help="The other way: the R of a MOS.")] = None,
    scale: Annotated[
        Literal["narrowband", "wideband", "fullband"], typer.Option(help="The scale of --mos.")
    ] = "narrowband",
    codecs: Annotated[bool, typer.Option("--codecs", help="Print the table of codecs with its sources.")] = False,
    column_map: Annotated[
        Path | None, typer.Option("--map", metavar="FILE", help="Which column is which figure (TOML).")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON; of a table, one object a line.")] = False,
) -> None:
    """Rate connections by the E-model (G.107, G.107.1, G.107.2)."""
    from audioqa.errors import NetworkError, SettingsError
    from audioqa.network import buffer_named, load_column_map, read_network
    from audioqa.perceptual.emodel import all_codecs
    from audioqa.render import network as render

    one = table is None and mos is None and not codecs
    try:
        if codecs:
            sys.stdout.write(render.codecs(all_codecs(proxy=proxy), as_json=as_json))
            return
        if mos is not None:
            sys.stdout.write(render.inverse(mos, scale, as_json=as_json))
            return
        if one:
            figures = {"loss": loss, "burst_ratio": burst_ratio, "delay": delay, "jitter": jitter}
            sys.stdout.write(
                render.connection(
                    codec or "g711", figures, buffer_named(buffer), _named(inputs or []), proxy=proxy, as_json=as_json
                )
            )
            return
        assert table is not None  # noqa: S101 - for the type checker
        _refuse_with_table(loss=loss, burst_ratio=burst_ratio != 1, delay=delay, jitter=jitter, set=inputs)
        calls = read_network(table, load_column_map(column_map) if column_map else None)
        told = render.NetworkTable(buffer_named(buffer), codec=codec or "", proxy=proxy, as_json=as_json)
        for text in told.lines(calls):
            sys.stdout.write(text)
    except (SettingsError, NetworkError) as error:
        complain(str(error))
        raise typer.Exit(2) from None
    for reason, count in told.reasons.items():
        complain(f"{table}: {count} not rated: {reason}")
    if told.reasons:
        raise typer.Exit(1)


def _named(texts: list[str]) -> dict[str, float]:
    from audioqa.errors import SettingsError

    named: dict[str, float] = {}
    for text in texts:
        name, sign, value = text.partition("=")
        try:
            number = float(value)
        except ValueError:
            number = float("nan")
        if not sign or number != number:
            raise SettingsError(f"--set takes NAME=VALUE, such as telr=40, given {text!r}")
        named[name.strip()] = number
    return named


def _refuse_with_table(**given: object) -> None:
    from audioqa.errors import SettingsError

    for name, value in given.items():
        if value:
            raise SettingsError(f"--{name.replace('_', '-')} is for one connection; a table has its own figures")
