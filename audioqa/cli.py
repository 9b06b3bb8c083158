"""The command line: parse, call, print.

Results to stdout, messages to stderr; exit 0 all scored, 1 some failed, 2 bad usage.
"""

from __future__ import annotations

import os
import sys
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated

import typer

import audioqa
from audioqa.cli_alerts import alerts
from audioqa.cli_batch import batch
from audioqa.cli_calls import calls, export, purge, roles, show
from audioqa.cli_coaching import evaluations
from audioqa.cli_compare import compare
from audioqa.cli_lab import lab
from audioqa.cli_labels import calibrate, evaluate
from audioqa.cli_mask import mask
from audioqa.cli_network import emodel
from audioqa.cli_network_options import given_network
from audioqa.cli_options import KeepDtmfKeys, Metadata, call_info, legs, open_options
from audioqa.cli_reports import report
from audioqa.cli_serve import key, serve, user
from audioqa.cli_testcall import score_test_calls
from audioqa.cli_trends import overlap, trends
from audioqa.messages import complain

app = typer.Typer(
    name="audioqa",
    help="Which of our calls sounded bad, how bad, where in the call, and why?",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"audioqa {audioqa.__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    pass


@app.command()
def score(
    calls: Annotated[list[Path], typer.Argument(metavar="CALL...", help="Recordings of any kind.", show_default=False)],
    reference: Annotated[
        Path | None,
        typer.Option(
            help="A clean reference: adds PESQ, aligned in delay (P.862's own code: its licence is for evaluation)."
        ),
    ] = None,
    estimator: Annotated[
        str | None, typer.Option(help="callmos (the default), distillmos, dnsmos, nisqa, or none.")
    ] = None,
    calibration: Annotated[
        str | None, typer.Option(metavar="NAME", help="A calibration of your own (audioqa calibrate).")
    ] = None,
    channels: Annotated[
        str | None,
        typer.Option(
            help="Names of the channels in file order, 'agent,customer'; or, for files without a header, their number."
        ),
    ] = None,
    encoding: Annotated[
        str | None, typer.Option("--format", help="Encoding of files without a header: ulaw, alaw, slin, g722, gsm ...")
    ] = None,
    rate: Annotated[int | None, typer.Option(help="Sample rate in Hz of files without a header.")] = None,
    pair: Annotated[
        bool,
        typer.Option("--pair", help="Each two recordings are the legs of one call, in the order of its channels."),
    ] = False,
    metadata: Metadata = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object for each call, one a line.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV, a row for each channel.")] = False,
    plot: Annotated[
        Path | None, typer.Option(metavar="PNG", help="Draw the call; a folder where there are several.")
    ] = None,
    html: Annotated[
        Path | None,
        typer.Option(metavar="PAGE", help="Write a page with player and events; a folder where there are several."),
    ] = None,
    explain: Annotated[
        bool,
        typer.Option(
            "--explain",
            help="Say how many MOS points each kind of impairment cost: mends what was found and scores it again, "
            "which takes one to several times as long as scoring. Otherwise no ledger is made.",
        ),
    ] = False,
    mended: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Write clips of the worst places, as recorded and mended; implies --explain."),
    ] = None,
    weights: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Weights for nisqa, which the user supplies: nisqa.tar.")
    ] = None,
    threads: Annotated[int | None, typer.Option(help="Threads that one network may use.")] = None,
    device: Annotated[
        str | None, typer.Option(metavar="DEVICE", help="Where callmos runs: cpu (the default), cuda, or auto.")
    ] = None,
    buffer: Annotated[
        str | None,
        typer.Option(metavar="MS", help="The receivers' jitter buffer, in ms, or adaptive (the default), or none."),
    ] = None,
    proxy: Annotated[
        bool, typer.Option("--proxy", help="Take stand-ins for codecs that the E-model has no values of.")
    ] = False,
    network: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FILE|FIGURES",
            help="What the network says of the call: 'loss=3,jitter=20,delay=80,codec=pcmu', or a file of statistics "
            "with a call of the recording's name. Adds the E-model's MOS, and where the two disagree.",
            show_default=False,
        ),
    ] = None,
    keep_dtmf_keys: KeepDtmfKeys = None,
    config: Annotated[
        Path | None, typer.Option(help="Configuration file (default: audioqa.toml where it exists).")
    ] = None,
) -> None:
    """Score recordings, or the calls of captures (pcap): how bad each sounded, where and why."""
    from dataclasses import replace

    from audioqa.cli_captures import is_capture, only_printed, score_capture
    from audioqa.disagreement import network_side
    from audioqa.errors import AudioqaError, NetworkError, SettingsError, UnreadableRecordingError, WeightsError
    from audioqa.render.output import Outputs
    from audioqa.settings import load_settings

    captures = {call for call in calls if is_capture(call)}
    try:
        if captures:
            only_printed(csv=as_csv, plot=plot, html=html, explain=explain, mended=mended, reference=reference)
        options = open_options(channels, encoding, rate, paired=pair)
        recordings = legs(calls) if pair else [(call,) for call in calls]
        settings = load_settings(
            config,
            estimator=estimator,
            calibration=calibration,
            threads=threads,
            weights=weights,
            device=device,
            keep_dtmf_keys=keep_dtmf_keys,
        )
        rated = settings.network.given(buffer=buffer, proxy=proxy).options()
        given = given_network(network or [])
        known = [call_info(metadata, call, channels) if metadata else None for call in recordings]
        if network:
            known = [
                given.of(info, call[0], alone=len(recordings) == 1)
                for call, info in zip(recordings, known, strict=True)
            ]
        analyser = settings.analyser()
        outputs = Outputs(
            recordings,
            as_json=as_json,
            as_csv=as_csv,
            plot=plot,
            html=html,
            mended=mended,
            options=options,
            bands=analyser.bands,
        )
    except (NetworkError, SettingsError, WeightsError) as error:
        complain(str(error))
        raise typer.Exit(2) from None

    failed = 0
    with outputs:
        for call, info in zip(recordings, known, strict=True):
            try:
                if call[0] in captures:
                    score_capture(call[0], analyser, options=rated, as_json=as_json)
                    outputs.passed()
                    continue
                with outputs.progress(call) as progress:
                    report = analyser(
                        call,
                        options=options,
                        reference=reference,
                        info=info,
                        explain=explain or mended is not None,
                        progress=progress,
                    )
                if info is not None:
                    report = replace(report, network=network_side(report, info, options=rated))
                outputs.add(report)
            except AudioqaError as error:
                failed += 1
                cause = error.cause if isinstance(error, UnreadableRecordingError) else str(error)
                outputs.fail(call, cause)
                named = " + ".join(map(str, call))
                complain(str(error) if isinstance(error, UnreadableRecordingError) else f"{named}: {error}")
    if failed:
        complain(f"{failed} of {len(recordings)} could not be scored")
        raise typer.Exit(1)


app.command()(batch)
app.command()(serve)
app.command()(user)
app.command()(key)
app.command()(evaluate)
app.command()(calibrate)
app.command()(compare)
app.command()(evaluations)
app.command()(calls)
app.command()(show)
app.command()(export)
app.command()(roles)
app.command()(alerts)
app.add_typer(report, name="report")
app.command()(purge)
app.command()(trends)
app.command()(overlap)
app.command()(lab)
app.command()(emodel)
app.command("testcall")(score_test_calls)
app.command()(mask)


def main() -> None:
    """Entry point of ``audioqa`` and ``python -m audioqa``."""
    # Read when NumPy is loaded. Its matrices here are so small that a second thread only spins: work is spread over
    # processes, one a core.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    for stream in (sys.stdout, sys.stderr):
        # A terminal that cannot show a sign gets a question mark for it, not a traceback.
        if isinstance(stream, TextIOWrapper) and stream.encoding.lower() not in ("utf-8", "utf8"):
            stream.reconfigure(errors="replace")
    app()
