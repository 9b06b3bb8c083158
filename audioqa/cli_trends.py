"""The commands on many calls at once: ``audioqa trends`` and ``audioqa overlap``.

Exit 0 done, 1 where the store failed or nothing could be scored, 2 bad usage.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from audioqa.cli_calls import (
    Agent,
    Carrier,
    Queue,
    Since,
    Site,
    Tags,
    Tenant,
    TestCalls,
    Trunk,
    Until,
    Where,
    opened_store,
    print_out,
    query_of,
)
from audioqa.messages import complain

if TYPE_CHECKING:
    from collections.abc import Callable

    from audioqa.store import Query, Store
    from audioqa.trends.report import Question


def trends(
    store: Where,
    by: Annotated[
        str,
        typer.Option(
            metavar="NAME,...",
            help="tenant, agent, queue, site, carrier, trunk, direction, codec, tap, version, any tag; "
            "hour, weekday, day, week, month.",
        ),
    ] = "day",
    zone: Annotated[str, typer.Option(metavar="ZONE", help="Time zone of hours and days: Europe/Oslo.")] = "UTC",
    tenant: Tenant = None,
    agent: Agent = None,
    queue: Queue = None,
    site: Site = None,
    carrier: Carrier = None,
    trunk: Trunk = None,
    tag: Tags = None,
    test_calls: TestCalls = False,
    since: Since = None,
    until: Until = None,
    below: Annotated[
        float | None, typer.Option(metavar="MOS", help="Share of calls below this (default: 3.6).")
    ] = None,
    percentile: Annotated[str, typer.Option(metavar="P,...", help="Percentiles of the MOS.")] = "5,50",
    incident: Annotated[
        str | None,
        typer.Option(
            metavar="KIND,...",
            help="Kinds of event to count in 1,000 calls (default: one-way-audio, dropout, dead-air, abrupt-end, "
            "delayed-start).",
            show_default=False,
        ),
    ] = None,
    rolling: Annotated[
        int, typer.Option(metavar="DAYS", min=1, help="With --by day: each day with those before it.")
    ] = 1,
    least: Annotated[int, typer.Option(metavar="CALLS", min=2, help="Calls that a figure rests on at least.")] = 30,
    correlate: Annotated[
        str | None,
        typer.Option(metavar="NAME,...", help="Scores and numbers: tags (csat), or network.loss.", show_default=False),
    ] = None,
    numbers: Annotated[
        Path | None,
        typer.Option(metavar="CSV", help="Scores and the numbers of a file: call_id, csat ...", show_default=False),
    ] = None,
    overlap: Annotated[
        bool, typer.Option("--overlap", help="What another estimator changed on calls scored with both.")
    ] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Figures of calls by what they have in common: MOS, percentiles, shares, incidents, each with its interval."""
    from audioqa.trends.report import INCIDENTS, Question

    with opened_store(store) as found:
        query = query_of(
            tenant=tenant,
            agent=agent,
            queue=queue,
            site=site,
            carrier=carrier,
            trunk=trunk,
            since=since,
            until=until,
            tags=tag,
            test_calls=test_calls,
        )
        question = Question(
            by=_names(by),
            zone=zone,
            levels=tuple(_number(one) for one in _names(percentile)),
            incidents=INCIDENTS if incident is None else _names(incident),
            least=least,
            rolling=rolling,
            **({} if below is None else {"threshold": below}),  # type: ignore[arg-type]
        ).about(query)
        if overlap:
            _shifts(found, query, least=least, as_json=as_json)
        elif numbers is not None:
            _numbers(found, question, numbers, as_json=as_json)
        else:
            _bring_up_to_date(found)
            if correlate is not None:
                _correlate(found, question, _names(correlate), as_json=as_json)
            else:
                _trend(found, question, as_csv=as_csv, as_json=as_json)


def overlap(
    store: Where,
    sample: Annotated[int, typer.Option(metavar="CALLS", min=1, help="How many calls to score once more.")] = 200,
    tenant: Tenant = None,
    agent: Agent = None,
    queue: Queue = None,
    site: Site = None,
    carrier: Carrier = None,
    trunk: Trunk = None,
    since: Since = None,
    until: Until = None,
    estimator: Annotated[
        str | None, typer.Option(help="callmos (the default), distillmos, dnsmos, or nisqa.", show_default=False)
    ] = None,
    calibration: Annotated[
        str | None, typer.Option(metavar="NAME", help="A calibration of your own.", show_default=False)
    ] = None,
    config: Annotated[
        Path | None, typer.Option(help="Configuration file (default: audioqa.toml where it exists).")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """After an upgrade: score a random sample of calls once more, keep both scores, and say how far they lie apart."""
    from audioqa.engines.work import AnalyserWork
    from audioqa.errors import AudioqaError
    from audioqa.settings import load_settings
    from audioqa.trends.overlap import score_overlap
    from audioqa.trends.report import Question

    with opened_store(store) as found:
        settings = load_settings(config, estimator=estimator, calibration=calibration)
        query = query_of(
            tenant=tenant,
            agent=agent,
            queue=queue,
            site=site,
            carrier=carrier,
            trunk=trunk,
            since=since,
            until=until,
            tags=None,
        )
        identity = settings.analyser().source
        done = failed = 0
        for call, why in score_overlap(found, query, AnalyserWork(settings)(), identity, most=sample):
            if why:
                failed += 1
                complain(f"{call.info.call_id}: {why}")
            else:
                done += 1
        complain(f"{done} calls scored once more{f', {failed} could not be' if failed else ''}")
        _shifts(found, query, least=Question().least, as_json=as_json)
        if failed and not done:
            raise AudioqaError("no call could be scored once more")


def _trend(store: Store, question: Question, *, as_csv: bool, as_json: bool) -> None:
    from audioqa.render import trend_table
    from audioqa.trends.report import answer

    trend = answer(store, question)
    if as_json:
        sys.stdout.write(trend_table.trend_json(trend))
    elif as_csv:
        sys.stdout.write(trend_table.trend_csv(trend))
    elif not trend.rows:
        complain("there are no such calls")
    else:
        print_out(trend_table.trend_table(trend))


def _correlate(store: Store, question: Question, names: tuple[str, ...], *, as_json: bool) -> None:
    from audioqa.render import trend_table
    from audioqa.trends.correlation import correlated

    found = [one for name in names for one in correlated(store, question, name)]
    if as_json:
        sys.stdout.write(trend_table.correlation_json(found))
    elif not found:
        complain(f"no call has both a MOS and {' or '.join(names)}")
    else:
        print_out(trend_table.correlation_table(found))


def _numbers(store: Store, question: Question, path: Path, *, as_json: bool) -> None:
    from audioqa.errors import SettingsError
    from audioqa.render import trend_table
    from audioqa.trends.correlation import correlated_with, read_numbers

    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} cannot be read as UTF-8 text: {error}") from None
    found, unknown = correlated_with(store, question, read_numbers(text))
    if unknown:
        complain(f"{unknown} rows name no call of the store")
    if as_json:
        sys.stdout.write(trend_table.correlation_json(found))
    elif found:
        print_out(trend_table.correlation_table(found))


def _shifts(store: Store, query: Query, *, least: int, as_json: bool) -> None:
    from audioqa.render import trend_table
    from audioqa.trends.overlap import shifts

    found = shifts(store, query, least=least)
    if as_json:
        sys.stdout.write(trend_table.shift_json(found))
    elif not found:
        complain("no call was scored with two estimators: audioqa overlap scores a sample with the one now in force")
    else:
        print_out(trend_table.shift_table(found))


def _bring_up_to_date(store: Store) -> None:
    """Make the columns of calls that changed; where others keep the store busy, the calls themselves are read."""
    from audioqa.errors import StoreError
    from audioqa.store.trend_keeping import bring_up_to_date

    try:
        bring_up_to_date(store.engine, told=_progress())
    except StoreError as error:
        complain(f"the calls themselves are read where they changed: {error}")


def _progress() -> Callable[[int], None]:
    """Says now and then how far it is, where it takes long."""
    import time

    last = time.monotonic()

    def told(read: int) -> None:
        nonlocal last
        if time.monotonic() - last > 5:
            last = time.monotonic()
            complain(f"{read:,} calls read for trends ...")

    return told


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(","))


def _number(text: str) -> float:
    from audioqa.errors import SettingsError

    try:
        return float(text)
    except ValueError:
        raise SettingsError(f"{text} is no number") from None
