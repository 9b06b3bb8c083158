"""The command ``audioqa batch``: score an archive into a store.

Exit 0 all scored, 1 some failed, 2 bad usage, 3 broken off: the same command goes on.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from audioqa.cli_network_options import given_network
from audioqa.cli_options import KeepDtmfKeys, open_options
from audioqa.messages import complain

if TYPE_CHECKING:
    from audioqa.engines import Engine, Limits
    from audioqa.engines.tasks import WorkMaker
    from audioqa.settings import Settings
    from audioqa.store import Store

_TIME_LIMIT, _TIME_LIMIT_OF_OTHERS = 600.0, 7200.0
"""Seconds for each begun hour of sound, with callmos and with other estimators, which are up to 700 times as slow."""


_MOST_ALERTS = 10


def batch(
    sources: Annotated[
        list[str],
        typer.Argument(
            metavar="SOURCE...",
            help="Folders, files, globs, manifests (CSV, JSONL), archives (tar, zip), captures (pcap), or URLs of an "
            "object store.",
            show_default=False,
        ),
    ],
    store: Annotated[
        str, typer.Option(metavar="URL", help="Where calls are kept: a file for SQLite, or postgresql://...")
    ],
    jobs: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Workers (default: one a processor).", show_default=False)
    ] = None,
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Try again what failed before, though nothing about it has changed.")
    ] = False,
    pattern: Annotated[
        str | None, typer.Option(help="What file names say: '{call_id}_{agent}_{start:%Y%m%d}.wav'.")
    ] = None,
    pair: Annotated[
        bool | None,
        typer.Option(
            "--pair/--no-pair", help="Take two files that are the legs of one call together.", show_default=False
        ),
    ] = None,
    sidecars: Annotated[
        bool | None,
        typer.Option(
            "--sidecars/--no-sidecars",
            help="Read the JSON or XML file beside a recording (default).",
            show_default=False,
        ),
    ] = None,
    channels: Annotated[
        str | None,
        typer.Option(
            help="Who is on which channel where nothing else says it, in file order, 'agent,customer'; or, for files "
            "without a header, the number of channels."
        ),
    ] = None,
    tenant: Annotated[str | None, typer.Option(help="Whose calls they are where nothing else says it.")] = None,
    timezone: Annotated[
        str | None, typer.Option(metavar="ZONE", help="Of times that name none: Europe/Berlin, UTC.")
    ] = None,
    tap: Annotated[str | None, typer.Option(help="Where in the network the calls were recorded.")] = None,
    encoding: Annotated[
        str | None, typer.Option("--format", help="Encoding of files without a header: ulaw, alaw, slin, g722, gsm ...")
    ] = None,
    rate: Annotated[int | None, typer.Option(help="Sample rate in Hz of files without a header.")] = None,
    network: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FILE|FIGURES",
            help="Statistics of the network, joined by call id: CSV, VoIPmonitor's cdr, reports of RFC 6035; or the "
            "same for every call, 'loss=3,jitter=20'.",
            show_default=False,
        ),
    ] = None,
    network_map: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Which column of it is which figure (TOML).")
    ] = None,
    buffer: Annotated[
        str | None,
        typer.Option(metavar="MS", help="The receivers' jitter buffer, in ms, or adaptive (the default), or none."),
    ] = None,
    proxy: Annotated[
        bool, typer.Option("--proxy", help="Take stand-ins for codecs that the E-model has no values of.")
    ] = False,
    engine: Annotated[str, typer.Option(help="local: processes on this machine; ray: a Ray cluster.")] = "local",
    address: Annotated[
        str | None, typer.Option(metavar="HOST:PORT", help="Of the Ray cluster (default: what Ray itself finds).")
    ] = None,
    time_limit: Annotated[
        float | None,
        typer.Option(
            min=0.1, metavar="SECONDS", help="A call may take so long for each begun hour of its sound (default: 600)."
        ),
    ] = None,
    memory_limit: Annotated[
        int, typer.Option(min=200, metavar="MIB", help="A worker may hold so much; needs Linux.")
    ] = 2048,
    patience: Annotated[
        float, typer.Option(min=0, metavar="SECONDS", help="Wait so long for a store that is locked or away.")
    ] = 60.0,
    log_json: Annotated[
        bool, typer.Option("--log-json", help="Log to stderr, one JSON object a line, in place of bar and summary.")
    ] = False,
    estimator: Annotated[
        str | None, typer.Option(help="callmos (the default), distillmos, dnsmos, nisqa, or none.")
    ] = None,
    calibration: Annotated[
        str | None, typer.Option(metavar="NAME", help="A calibration of your own (audioqa calibrate).")
    ] = None,
    weights: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Weights for nisqa, which the user supplies: nisqa.tar.")
    ] = None,
    device: Annotated[
        str | None, typer.Option(metavar="DEVICE", help="Where callmos runs: cpu (the default), cuda, or auto.")
    ] = None,
    keep_dtmf_keys: KeepDtmfKeys = None,
    config: Annotated[
        Path | None, typer.Option(help="Configuration file (default: audioqa.toml where it exists).")
    ] = None,
) -> None:
    """Score an archive into a store; start it again, and it goes on where it stopped."""
    from contextlib import ExitStack
    from dataclasses import replace

    from audioqa.batch import Ahead, Batch, make_display, summary
    from audioqa.engines import Limits
    from audioqa.engines.work import AnalyserWork
    from audioqa.errors import AudioqaError
    from audioqa.judging import Judging
    from audioqa.settings import NO_ESTIMATOR, load_settings
    from audioqa.sources import ARCHIVES, CAPTURES, check_sources, read_sources
    from audioqa.store import open_store

    # Read when NumPy is loaded, here and in the workers.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    try:
        open_options(channels, encoding, rate)  # values that no file could have are told at once
        settings = load_settings(
            config,
            estimator=estimator,
            calibration=calibration,
            weights=weights,
            device=device,
            keep_dtmf_keys=keep_dtmf_keys,
        )
        settings.network = settings.network.given(buffer=buffer, proxy=proxy)
        rated = settings.network.options()
        given = given_network(network or [], network_map)
        digest = settings.analyser().digest
        options = settings.sources.options(
            pattern=pattern,
            pair=pair,
            sidecars=sidecars,
            tenant=tenant,
            channels=channels,
            encoding=encoding,
            rate=rate,
            timezone=timezone,
            tap=tap,
            buffer=rated.buffer,
        )
        usual = _TIME_LIMIT if settings.estimator in ("callmos", NO_ESTIMATOR) else _TIME_LIMIT_OF_OTHERS
        workers = _engine(
            engine,
            AnalyserWork(settings),
            jobs=jobs,
            address=address,
            temporary=settings.sources.temporary,
            limits=Limits(seconds=time_limit or usual, memory=memory_limit << 20),
        )
        check_sources(sources)
        # What is in archives or in object stores, and beside recordings, is not read twice only to tell the time left.
        cheap = not any("://" in source or source.lower().endswith((*ARCHIVES, *CAPTURES)) for source in sources)
        counted = replace(options, sidecars=False)
        with ExitStack() as stack:
            opened = stack.enter_context(open_store(store, network=rated))
            stack.enter_context(workers)
            ahead = Ahead((lambda: read_sources(sources, options=counted)) if cheap else None)
            display = stack.enter_context(make_display(ahead, as_json=log_json))
            run = Batch(
                sources,
                opened,
                workers,
                digest,
                display,
                retry_failed=retry_failed,
                patience=patience,
                judging=Judging(settings),
            )
            ended = run(given.joined(read_sources(sources, options=options, say=display.say), display.say))
            ahead.stop()
            display.ended(ended)
            if ended.exit_code in (0, 1):
                _look_for_alerts(opened, settings, quiet=log_json)
    except AudioqaError as error:  # what goes wrong in the run itself is told by how it ended
        complain(str(error))
        raise typer.Exit(2) from None
    if not log_json:
        typer.echo(summary(ended, store=store))
    raise typer.Exit(ended.exit_code)


def _look_for_alerts(opened: Store, settings: Settings, *, quiet: bool) -> None:
    """Say what has got worse, by the calls that are new; the archive itself is scored whatever comes of it."""
    from audioqa.alerts.words import sentence
    from audioqa.errors import AudioqaError
    from audioqa.service.alerting import Alerting

    try:
        changes = Alerting(opened, settings).keep_up(whole=True)
    except AudioqaError as error:
        complain(f"alerts: {error}")
        return
    if quiet:
        return
    for change in changes[:_MOST_ALERTS]:
        complain(f"alert {change.what}: {sentence(change.alert)}")
    if len(changes) > _MOST_ALERTS:
        complain(f"and {len(changes) - _MOST_ALERTS} more: audioqa alerts lists them")


def _engine(
    name: str, work: WorkMaker, *, jobs: int | None, address: str | None, temporary: Path | None, limits: Limits
) -> Engine:
    from audioqa.engines import LocalEngine
    from audioqa.engines.cluster import RayEngine
    from audioqa.errors import SettingsError

    if name == "ray":
        return RayEngine(work, address=address, jobs=jobs, limits=limits, temporary=temporary)
    if name != "local":
        raise SettingsError(f"there is no engine {name!r}; there are local, ray")
    if address is not None:
        raise SettingsError("--address is that of a Ray cluster: it needs --engine ray")
    return LocalEngine(work, jobs=jobs or len(os.sched_getaffinity(0)), limits=limits, temporary=temporary)
