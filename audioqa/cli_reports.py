"""``audioqa report weekly`` and ``audioqa report evidence``: a week on one page, and a pack for a carrier.

Exit 0 done, 1 where the store or a file failed, 2 bad usage.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from audioqa.cli_calls import Carrier, Since, Site, Tenant, Trunk, Until, Where, moment_of, opened_store
from audioqa.messages import complain

if TYPE_CHECKING:
    from audioqa.analysis import Analyser
    from audioqa.settings import Settings
    from audioqa.store import StoredCall

report = typer.Typer(help="Reports on many calls: a week, or evidence for a carrier.", no_args_is_help=True)

Config = Annotated[Path | None, typer.Option(help="Configuration file (default: audioqa.toml where it exists).")]

_LONGEST = 900.0
"""Seconds: longer calls are not masked where there are shorter ones."""


@report.command()
def weekly(
    store: Where,
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="PAGE", help="The HTML page to write.", show_default=False)
    ],
    tenant: Annotated[str, typer.Option(metavar="NAME", help="Whose week.")] = "",
    site: Site = None,
    until: Annotated[
        str | None,
        typer.Option(metavar="DAY", help="The last day of the week (default: yesterday, UTC).", show_default=False),
    ] = None,
    clips: Annotated[int, typer.Option(min=0, max=20, help="Examples with a masked clip.")] = 3,
    config: Config = None,
) -> None:
    """Write the report of a week: headline, trend, worst routes, faults, causes, examples to hear."""
    from audioqa.reports.examples import masked_example
    from audioqa.reports.weekly import last_week, weekly, worst_calls
    from audioqa.reports.weekly_page import weekly_page
    from audioqa.settings import load_settings
    from audioqa.store import Query

    with opened_store(store) as opened:
        settings = load_settings(config)
        end = last_week() if until is None else moment_of(until, "--until", whole=True)
        week = weekly(opened, tenant=tenant, site=site, until=end, bands=settings.band_set())
        query = Query(tenant=tenant, site=site, since=week.since, until=week.until, flagged=True)
        chosen = _examples(worst_calls(opened, query, most=30), clips) if clips else []
        analyser = _analyser(settings) if chosen else None
        made = [(call, masked_example(call, analyser)) for call in chosen if analyser is not None]
        _write(output, weekly_page(week, made))
        heard = sum(bool(clip.data) for _, clip in made)
        complain(f"{output}: {sum(stream.calls for stream in week.streams)} calls, {heard} masked clips")


@report.command()
def evidence(
    store: Where,
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="ZIP", help="The file to write.", show_default=False)
    ],
    carrier: Carrier = None,
    trunk: Trunk = None,
    since: Since = None,
    until: Until = None,
    tenant: Tenant = None,
    site: Site = None,
    most: Annotated[int, typer.Option("--most", "-n", min=1, max=1000, help="Calls, the worst first.")] = 20,
    clips: Annotated[int, typer.Option(min=0, max=100, help="How many of them get a masked clip.")] = 10,
    everything: Annotated[bool, typer.Option("--all", help="Calls that are not flagged, too.")] = False,
    config: Config = None,
) -> None:
    """Write a pack for a carrier: masked clips, times, call ids, hashes and figures of its worst calls."""
    from audioqa.errors import SettingsError
    from audioqa.reports.evidence import evidence_call
    from audioqa.reports.examples import masked_example
    from audioqa.reports.pack import write_pack
    from audioqa.reports.summing_up import alerts_of, summing_up
    from audioqa.reports.weekly import worst_calls
    from audioqa.settings import load_settings
    from audioqa.store import Query

    if carrier is None and trunk is None:
        complain("say for whom: --carrier NAME, or --trunk NAME")
        raise typer.Exit(2)
    with opened_store(store) as opened:
        settings = load_settings(config)
        query = Query(
            tenant=tenant,
            carrier=carrier,
            trunk=trunk,
            site=site,
            since=None if since is None else moment_of(since, "--since"),
            until=None if until is None else moment_of(until, "--until", whole=True),
            flagged=None if everything else True,
        )
        found = worst_calls(opened, query, most=most)
        if not found:
            raise SettingsError("there are no such calls; --all takes those that are not flagged, too")
        masked = {id(call) for call in _examples(found, clips)}
        analyser = _analyser(settings) if masked else None
        calls = [
            evidence_call(call, masked_example(call, analyser) if analyser and id(call) in masked else None)
            for call in found
        ]
        asked = {"carrier": carrier, "trunk": trunk, "site": site, "since": since, "until": until}
        write_pack(
            calls,
            output,
            about={name: value for name, value in asked.items() if value},
            summary=summing_up(opened, query, bands=settings.band_set()),
            alerts=alerts_of(opened, query),
        )
        heard = sum(bool(call.clip and call.clip.data) for call in calls)
        complain(f"{output}: {len(calls)} calls, {heard} masked clips")


def _examples(calls: list[StoredCall], count: int) -> list[StoredCall]:
    """Calls to make clips of: with an event, in one file, not too long; the worst of each fault first."""
    usable = [
        call
        for call in calls
        if call.content["events"] and len([file for file in call.files if file.position >= 0]) == 1
    ]
    usable.sort(key=lambda call: call.content["recording"]["duration"] > _LONGEST)
    seen: set[str] = set()
    first: list[StoredCall] = []
    rest: list[StoredCall] = []
    for call in usable:
        kind = max(call.content["events"], key=lambda event: event["severity"] == "severe")["kind"]
        (rest if kind in seen else first).append(call)
        seen.add(kind)
    return [*first, *rest][:count]


def _analyser(settings: Settings) -> Analyser:
    from audioqa.settings import NO_ESTIMATOR

    return settings.model_copy(update={"estimator": NO_ESTIMATOR, "weights": None}).analyser()


def _write(path: Path, page: str) -> None:
    from audioqa.errors import SettingsError

    partial = path.with_name(f".{path.name}.part")
    try:
        partial.write_text(page, encoding="utf-8")
        partial.replace(path)
    except OSError as error:
        raise SettingsError(f"{path}: the page cannot be written: {error.strerror}") from None
