"""The command ``audioqa compare``: calls before and after a change.

Exit 0 compared, 1 where the store failed, 2 bad usage.
"""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from audioqa import cli_calls as options
from audioqa.messages import complain

if TYPE_CHECKING:
    from audioqa.store import Query, Store
    from audioqa.types.columns import CallColumns

KINDS = ("one-way-audio", "dropout", "dead-air", "abrupt-end", "delayed-start")
"""Incidents whose rates are compared unless others are named."""

SHOWN = 20
"""Values that are named where one does not occur."""

Side = Annotated[
    list[str],
    typer.Option(
        metavar="PERIOD|NAME=VALUE",
        help="2026-05-01..2026-05-14, a column or tag such as carrier=A, or both, each with the option before it.",
        show_default=False,
    ),
]


def compare(
    store: options.Where,
    before: Side,
    after: Side,
    by: Annotated[
        str, typer.Option(metavar="COLUMN", help="What calls share and fail together by: trunk, site, agent, a tag.")
    ] = "trunk",
    line: Annotated[float, typer.Option(metavar="MOS", min=1, max=5, help="Count calls below this.")] = 3.6,
    matters: Annotated[
        float, typer.Option(metavar="MOS", min=0.001, max=4, help="Smallest difference that matters.")
    ] = 0.1,
    match: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMN,...",
            help="Match the mix of calls by these, or by 'none'; otherwise by those that explain most.",
            show_default=False,
        ),
    ] = None,
    events: Annotated[
        str | None, typer.Option(metavar="KIND,...", help="Compare the rates of these.", show_default=False)
    ] = None,
    page: Annotated[
        Path | None, typer.Option(metavar="HTML", help="Write the verdict as a page to keep.", show_default=False)
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    seed: Annotated[int, typer.Option(min=0, help="Of the bootstrap.")] = 1,
    tenant: options.Tenant = None,
    agent: options.Agent = None,
    queue: options.Queue = None,
    site: options.Site = None,
    carrier: options.Carrier = None,
    trunk: options.Trunk = None,
    since: options.Since = None,
    until: options.Until = None,
    tag: options.Tags = None,
    test_calls: options.TestCalls = False,
) -> None:
    """Compare calls before and after a change: did they get better, by how much, and is it the change?"""
    from audioqa.comparison import Options
    from audioqa.comparison import compare as compared
    from audioqa.errors import AudioqaError, SettingsError
    from audioqa.flags.families import suggestion
    from audioqa.flags.words import EVIDENCE
    from audioqa.render.comparison import Sides, comparison_dict, comparison_text, write_comparison_page

    with options.opened_store(store) as opened:
        if page is not None and not page.absolute().parent.is_dir():
            raise SettingsError(f"--page {page}: there is no folder {page.parent}")
        common = options.query_of(
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
        asked = [_side(terms, option, common) for terms, option in ((before, "--before"), (after, "--after"))]
        matched = None if match is None else () if match == "none" else tuple(_words(match))
        kinds = tuple(_words(events)) if events else KINDS
        if wrong := [kind for kind in kinds if kind not in EVIDENCE]:
            raise SettingsError(
                f"--events {wrong[0]}: there is no such kind of event; {suggestion(wrong[0], EVIDENCE)}"
            )
        tags = sorted({*opened.tag_names(*(query for query, _ in asked)), *_tags_of(asked, by, matched)})
        sides = [_read(opened, query, only, tags, kinds) for query, only in asked]
        chosen_by = tuple({name for _, only in asked for name in only} | _differing(asked))
        result = compared(
            sides[0],
            sides[1],
            Options(by=by, line=line, matters=matters, match=matched, not_mix=chosen_by, seed=seed),
        )
        told = Sides(" ".join(before), " ".join(after), _told(common), _now())
        if as_json:
            sys.stdout.write(json.dumps(comparison_dict(result, told), allow_nan=False) + "\n")
        else:
            options.print_out(comparison_text(result, told))
        if page is not None:
            try:
                write_comparison_page(result, told, page)
            except OSError as error:
                raise AudioqaError(f"cannot write {page}: {error.strerror}") from None
            complain(f"the verdict is in {page}")


def _side(terms: list[str], option: str, common: Query) -> tuple[Query, dict[str, str]]:
    """What one side is: a query, and columns that must have a value."""
    from audioqa.errors import SettingsError

    query, only = common, {}
    for term in terms:
        name, sign, value = term.partition("=")
        start, dots, end = term.partition("..")
        if sign and name:
            only[name] = value
        elif dots and (start or end):
            since = options.moment_of(start, option) if start else query.since
            until = options.moment_of(end, option, whole=True) if end else query.until
            if since is not None and until is not None and since >= until:
                raise SettingsError(f"{option} {term}: it ends before it begins")
            query = replace(query, since=since, until=until)
        else:
            raise SettingsError(f"{option} {term}: write a period, 2026-05-01..2026-05-14, or NAME=VALUE")
    return query, only


def _read(opened: Store, query: Query, only: dict[str, str], tags: list[str], kinds: tuple[str, ...]) -> CallColumns:
    """The calls of one side: by index where the store has one, the rest as columns."""
    from audioqa.errors import SettingsError
    from audioqa.store.tables import FILTERED

    indexed: dict[str, Any] = {
        name: value for name, value in only.items() if name in FILTERED and getattr(query, name) is None
    }
    columns = opened.columns(replace(query, **indexed), tags=tags, kinds=kinds)
    for name, value in only.items():
        if len(columns) and value not in (known := columns.labels[name].names):
            more = f"; there are {', '.join(sorted(known)[:SHOWN])}" if known else ""
            raise SettingsError(f"no call has {name}={value}{more}")
        columns = columns.taken(columns.labels[name].where(value))
    return columns


def _tags_of(asked: list[tuple[Query, dict[str, str]]], by: str, matched: tuple[str, ...] | None) -> set[str]:
    """Columns that were named and are no columns of the store: they must be tags."""
    from audioqa.store.compared import OWN, TIMES

    named = {by, *(matched or ()), *(name for _, only in asked for name in only)}
    return named - {*OWN, *TIMES}


def _differing(asked: list[tuple[Query, dict[str, str]]]) -> set[str]:
    """Columns of time are no mix where the sides are periods of less than a week or a day."""
    from datetime import timedelta

    shortest = min(
        (query.until - query.since for query, _ in asked if query.since and query.until), default=timedelta(days=365)
    )
    found = {"hour"} if shortest < timedelta(days=1) else set()
    return found | ({"weekday"} if shortest < timedelta(days=7) else set())


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


def _told(query: Query) -> str:
    """What both sides have in common, in words."""
    words = [
        f"{name} {value}"
        for name in ("tenant", "agent", "queue", "site", "carrier", "trunk")
        if (value := getattr(query, name)) is not None
    ]
    words += [f"{name}={value}" for name, value in query.tags.items()]
    return ", ".join(words)


def _now() -> str:
    from datetime import UTC, datetime

    return f"made {datetime.now(UTC):%Y-%m-%d %H:%M} UTC"
