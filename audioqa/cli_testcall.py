"""The command ``audioqa testcall``: recordings of a known prompt, scored against it.

Exit 0 all scored, 1 some failed, 2 bad usage, 3 broken off: the same command goes on.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from audioqa.cli_options import open_options
from audioqa.messages import complain

if TYPE_CHECKING:
    from audioqa.render.prompt_words import Tested
    from audioqa.settings import Settings
    from audioqa.testcalls import Prompt
    from audioqa.types import BadItem, CallReport, Item


def score_test_calls(
    sources: Annotated[
        list[str],
        typer.Argument(
            metavar="SOURCE...",
            help="Recordings of test calls: files, folders, manifests, archives, captures.",
            show_default=False,
        ),
    ],
    prompt: Annotated[Path, typer.Option(metavar="FILE|DIR", help="The prompt that was played, or a folder of them.")],
    store: Annotated[
        str | None,
        typer.Option(metavar="URL", help="Keep them there, as test calls: a file for SQLite, or postgresql://..."),
    ] = None,
    site: Annotated[
        str | None, typer.Option(metavar="NAME", help="From which site, where nothing else says it.")
    ] = None,
    trunk: Annotated[str | None, typer.Option(metavar="NAME", help="Over which trunk, likewise.")] = None,
    carrier: Annotated[str | None, typer.Option(metavar="NAME", help="Over which carrier, likewise.")] = None,
    tenant: Annotated[str | None, typer.Option(metavar="NAME", help="Whose calls they are, likewise.")] = None,
    pattern: Annotated[
        str | None, typer.Option(help="What file names say: '{site}_{trunk}_{start:%Y%m%d}.wav'.")
    ] = None,
    timezone: Annotated[str | None, typer.Option(metavar="ZONE", help="Of times that name none.")] = None,
    channels: Annotated[str | None, typer.Option(help="Names of the channels in file order.")] = None,
    encoding: Annotated[
        str | None, typer.Option("--format", help="Encoding of files without a header: ulaw, alaw, slin, g722, gsm ...")
    ] = None,
    rate: Annotated[int | None, typer.Option(help="Sample rate in Hz of files without a header.")] = None,
    jobs: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Workers, with --store (default: one a processor).")
    ] = None,
    retry_failed: Annotated[bool, typer.Option("--retry-failed", help="Try again what failed before.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object for each call, one a line.")] = False,
    estimator: Annotated[
        str | None, typer.Option(help="callmos (the default), distillmos, dnsmos, nisqa, or none.")
    ] = None,
    config: Annotated[
        Path | None, typer.Option(help="Configuration file (default: audioqa.toml where it exists).")
    ] = None,
) -> None:
    """Score test calls: find the prompt in each recording, align it, and compare what was heard with it."""
    from dataclasses import replace

    from audioqa.errors import AudioqaError, SettingsError
    from audioqa.settings import load_settings
    from audioqa.sources import check_sources, read_sources
    from audioqa.testcalls import load_prompts

    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    try:
        open_options(channels, encoding, rate)
        if store is not None and as_json:
            raise SettingsError(
                "--json is for calls that are not stored: audioqa calls --test-calls --json lists those"
            )
        settings = load_settings(config, estimator=estimator)
        prompts = load_prompts(prompt)
        options = settings.sources.options(
            pattern=pattern,
            tenant=tenant,
            channels=channels,
            encoding=encoding,
            rate=rate,
            timezone=timezone,
            buffer=settings.network.options().buffer,
        )
        own = {"site": site, "trunk": trunk, "carrier": carrier}
        given = {**options.given, **{name: value for name, value in own.items() if value is not None}}
        options = replace(options, given=given)
        check_sources(sources)
        items = marked(read_sources(sources, options=options, say=complain), prompts)
        if store is None:
            failed = _printed(items, settings, prompts, as_json=as_json)
            raise typer.Exit(1 if failed else 0)
        code = _stored(items, sources, settings, prompt, prompts, store=store, jobs=jobs, retry_failed=retry_failed)
    except AudioqaError as error:
        complain(str(error))
        raise typer.Exit(2) from None
    raise typer.Exit(code)


def marked(items: Iterable[Item | BadItem], prompts: tuple[Prompt, ...]) -> Iterator[Item | BadItem]:
    """Calls, marked as test calls: no list, trend or count of customers' calls has them."""
    from dataclasses import replace

    from audioqa.types.calls import TEST_CALL

    name = prompts[0].name if len(prompts) == 1 else "any"
    for item in items:
        if item.info is None:
            yield item
            continue
        info = replace(item.info, tags={**item.info.tags, TEST_CALL: item.info.tags.get(TEST_CALL, name)})
        yield replace(item, info=info)


def _printed(items: Iterable[Item | BadItem], settings: Settings, prompts: tuple[Prompt, ...], *, as_json: bool) -> int:
    """Score calls one by one and print each; how many failed."""
    from audioqa.engines.tasks import Task
    from audioqa.engines.work import do
    from audioqa.render.as_json import from_json
    from audioqa.sources import LocalCopies
    from audioqa.testcalls import TestCallAnalyser
    from audioqa.types import BadItem

    analyser = TestCallAnalyser(settings.analyser(), prompts)
    failed = 0
    tested: list[Tested] = []
    with LocalCopies(buffer=settings.network.options().buffer) as copies:
        for number, item in enumerate(items):
            if isinstance(item, BadItem):
                failed += 1
                _failed(item.location, item.kind, item.message, as_json=as_json)
                continue
            outcome = do(Task(number, item), analyser, copies)
            where = item.files[0].location
            if outcome.report is None:
                failed += 1
                kind, message = (outcome.failure.kind, outcome.failure.message) if outcome.failure else ("error", "")
                _failed(where, kind, message, as_json=as_json)
            elif as_json:
                call = {"site": item.info.site, "trunk": item.info.trunk, "carrier": item.info.carrier}
                line = {"call_id": item.info.call_id, **call, "report": json.loads(outcome.report)}
                sys.stdout.write(json.dumps(line, allow_nan=False) + "\n")
            else:
                report = from_json(outcome.report)
                tested.append(_tested(item, report))
                typer.echo(_line(where, report))
    if not as_json:
        _table(tested)
    if failed:
        complain(f"{failed} could not be scored")
    return failed


def _stored(
    items: Iterator[Item | BadItem],
    sources: list[str],
    settings: Settings,
    place: Path,
    prompts: tuple[Prompt, ...],
    *,
    store: str,
    jobs: int | None,
    retry_failed: bool,
) -> int:
    """Score calls into a store; the exit code."""
    import hashlib
    from contextlib import ExitStack

    from audioqa.batch import Ahead, Batch, make_display, summary
    from audioqa.engines import Limits, LocalEngine
    from audioqa.judging import Judging
    from audioqa.render.prompt_words import Tested
    from audioqa.store import Query, open_store
    from audioqa.testcalls import TestCallWork

    # With other prompts it is other work.
    parts = [settings.analyser().digest, "test call", *(prompt.sha256 for prompt in prompts)]
    digest = hashlib.sha256("\n".join(parts).encode()).hexdigest()
    workers = LocalEngine(
        TestCallWork(settings, place),
        jobs=jobs or len(os.sched_getaffinity(0)),
        limits=Limits(),
        temporary=settings.sources.temporary,
    )
    with ExitStack() as stack:
        opened = stack.enter_context(open_store(store, network=settings.network.options()))
        stack.enter_context(workers)
        display = stack.enter_context(make_display(Ahead(None), as_json=False))
        run = Batch(sources, opened, workers, digest, display, retry_failed=retry_failed, judging=Judging(settings))
        ended = run(items)
        display.ended(ended)
        rows = opened.calls(Query(test_calls=True))
        tested = [
            Tested(
                row.info.site,
                row.info.trunk,
                (row.scale, row.mos) if row.scale and row.mos is not None else None,
                (row.pesq_scale, row.pesq) if row.pesq_scale and row.pesq is not None else None,
            )
            for row in rows
        ]
    typer.echo(summary(ended, store=store))
    _table(tested)
    return ended.exit_code


def _tested(item: Item, report: CallReport) -> Tested:
    from audioqa.render.prompt_words import Tested
    from audioqa.types import Score

    mos = (f"{report.mos.scale} {report.mos.context}", report.mos.value) if isinstance(report.mos, Score) else None
    scored = [(one.scale, one.score.value) for one in report.pesq if isinstance(one.score, Score)]
    return Tested(item.info.site, item.info.trunk, mos, scored[-1] if scored else None)


def _line(where: str, report: CallReport) -> str:
    from audioqa.render.prompt_words import prompt_words
    from audioqa.render.wording import printable
    from audioqa.types import Score, Skipped

    pesq = ", ".join(
        f"no {one.scale}: {one.score.reason}"
        if isinstance(one.score, Skipped)
        else f"{one.scale} {one.score.value:.2f}"
        for one in report.pesq
    )
    mos = f"MOS {report.mos.value:.2f} {report.mos.context}" if isinstance(report.mos, Score) else "no MOS"
    told = prompt_words(report.prompt) if report.prompt else ""
    return printable(f"{where}: {pesq}; {mos}; {told}")


def _table(tested: list[Tested]) -> None:
    from audioqa.render.prompt_words import by_site_and_trunk
    from audioqa.render.wording import printable

    rows = [("site", "trunk", "calls", "PESQ", "MOS"), *by_site_and_trunk(tested)]
    if len(rows) == 1:
        return
    cells = [[printable(str(cell)) for cell in row] for row in rows]
    widths = [max(len(row[place]) for row in cells) for place in range(len(cells[0]))]
    typer.echo("")
    for row in cells:
        typer.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def _failed(where: str, kind: str, message: str, *, as_json: bool) -> None:
    from audioqa.render.wording import printable

    complain(printable(f"{where}: {message}"))
    if as_json:
        sys.stdout.write(json.dumps({"path": where, "failure": kind, "error": message}) + "\n")
