"""The commands that look into a store: ``audioqa calls``, ``show``, ``export``, ``purge`` and ``roles``.

Exit 0 done, 1 where the store or a file failed, or a call is not there, 2 bad usage.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from audioqa.messages import complain

if TYPE_CHECKING:
    from rich.console import RenderableType

    from audioqa.store import Query, Store

Where = Annotated[
    str,
    typer.Option(
        "--store",
        envvar="AUDIOQA_STORE",
        metavar="URL",
        help="Where calls are kept: a file, or postgresql://...",
        show_default=False,
    ),
]
Tenant = Annotated[str | None, typer.Option(metavar="NAME", help="Only this tenant's.", show_default=False)]
Agent = Annotated[str | None, typer.Option(metavar="NAME", help="Only this agent's.", show_default=False)]
Queue = Annotated[str | None, typer.Option(metavar="NAME", help="Only this queue's.", show_default=False)]
Site = Annotated[str | None, typer.Option(metavar="NAME", help="Only this site's.", show_default=False)]
Carrier = Annotated[str | None, typer.Option(metavar="NAME", help="Only this carrier's.", show_default=False)]
Trunk = Annotated[str | None, typer.Option(metavar="NAME", help="Only this trunk's.", show_default=False)]
Since = Annotated[
    str | None,
    typer.Option(
        metavar="WHEN", help="From then on: 2026-01-31, 2026-01-31T08:00+01:00, or 30d ago.", show_default=False
    ),
]
Until = Annotated[str | None, typer.Option(metavar="WHEN", help="Until then; a day is included.", show_default=False)]
Flagged = Annotated[
    bool | None,
    typer.Option("--flagged/--unflagged", help="Only calls to review, or only the others.", show_default=False),
]
Rule = Annotated[
    str | None, typer.Option("--flag", metavar="RULE", help="Only calls that this rule flags.", show_default=False)
]
Event = Annotated[str | None, typer.Option(metavar="KIND", help="Only calls with such an event.", show_default=False)]
MosBelow = Annotated[
    float | None, typer.Option(metavar="MOS", help="Only calls with a MOS below this.", show_default=False)
]
Disagree = Annotated[
    bool | None,
    typer.Option(
        "--disagree/--agree",
        help="Only calls of which sound and network differ by more than a MOS point, or only the others.",
        show_default=False,
    ),
]
TestCalls = Annotated[bool, typer.Option("--test-calls", help="Test calls, in place of customers' calls.")]
Tags = Annotated[
    list[str] | None, typer.Option("--tag", metavar="NAME=VALUE", help="Only calls with this tag.", show_default=False)
]


def calls(
    store: Where,
    tenant: Tenant = None,
    agent: Agent = None,
    queue: Queue = None,
    site: Site = None,
    carrier: Carrier = None,
    trunk: Trunk = None,
    since: Since = None,
    until: Until = None,
    flagged: Flagged = None,
    flag: Rule = None,
    event: Event = None,
    mos_below: MosBelow = None,
    disagree: Disagree = None,
    test_calls: TestCalls = False,
    tag: Tags = None,
    sort: Annotated[str, typer.Option(metavar="ORDER", help="worst, best, newest or oldest.")] = "worst",
    most: Annotated[int, typer.Option("--most", "-n", min=0, help="How many to list; 0 for all.")] = 20,
    by: Annotated[
        str | None,
        typer.Option(
            metavar="KEY,...",
            help="Count calls instead: by tenant, agent, queue, site, carrier, trunk, day, flag or event.",
            show_default=False,
        ),
    ] = None,
    failed: Annotated[bool, typer.Option("--failed", help="List what could not be scored, and why.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")] = False,
) -> None:
    """List the calls of a store, the worst first; calls without a MOS stand among the worst with their reason."""
    from audioqa.render import call_list

    with opened_store(store) as opened:
        query = query_of(
            tenant=tenant,
            agent=agent,
            queue=queue,
            site=site,
            carrier=carrier,
            trunk=trunk,
            since=since,
            until=until,
            flagged=flagged,
            rule=flag,
            event=event,
            mos_below=mos_below,
            disagree=disagree,
            test_calls=test_calls,
            tags=tag,
            sort=sort,
        )
        if failed:
            _only_with_failures(query)
            rows = opened.failures(tenant=query.tenant, since=query.since, until=query.until)
            shown = list(islice(rows, most or None))
            print_out(call_list.failure_lines(shown) if as_json else call_list.failure_table(shown), none=not shown)
        elif by:
            keys = tuple(key.strip() for key in by.split(","))
            groups = opened.group(keys, query)
            print_out(
                call_list.group_lines(keys, groups) if as_json else call_list.group_table(keys, groups), none=not groups
            )
        else:
            found = list(opened.calls(query, most=most or None))
            print_out(call_list.call_lines(found) if as_json else call_list.call_table(found), none=not found)
            if not found:
                _say_what_there_is(opened)


def show(
    call: Annotated[str, typer.Argument(metavar="CALL", help="Its id, or where it is.", show_default=False)],
    store: Where,
    tenant: Annotated[
        str | None, typer.Option(metavar="NAME", help="Whose, where several have one of that name.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as one JSON object.")] = False,
) -> None:
    """Show one call: what is known of it, and its report with the roles in force."""
    from audioqa.render import call_list
    from audioqa.render.as_json import from_plain
    from audioqa.render.table import report_table

    with opened_store(store) as opened:
        found = opened.show(call, tenant=tenant)
        if as_json:
            print_out(json.dumps(found.content, allow_nan=False) + "\n")
        else:
            print_out(call_list.call_about(found))
            print_out(report_table(from_plain(found.content)))


def export(
    store: Where,
    form: Annotated[str, typer.Option("--format", metavar="FORM", help="csv, jsonl or parquet.")] = "csv",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Default: stdout.", show_default=False)
    ] = None,
    canonical: Annotated[
        bool,
        typer.Option(
            "--canonical", help="Leave out run, time of scoring and processor time: the same calls, the same text."
        ),
    ] = False,
    failed: Annotated[bool, typer.Option("--failed", help="What could not be scored, in place of calls.")] = False,
    tenant: Tenant = None,
    agent: Agent = None,
    queue: Queue = None,
    site: Site = None,
    carrier: Carrier = None,
    trunk: Trunk = None,
    since: Since = None,
    until: Until = None,
    flagged: Flagged = None,
    flag: Rule = None,
    event: Event = None,
    mos_below: MosBelow = None,
    disagree: Disagree = None,
    test_calls: TestCalls = False,
    tag: Tags = None,
) -> None:
    """Export calls with their reports by tenant and call id: CSV and Parquet by channel, JSON Lines by call."""
    from audioqa.errors import SettingsError
    from audioqa.render import archive

    with opened_store(store) as opened:
        query = query_of(
            tenant=tenant,
            agent=agent,
            queue=queue,
            site=site,
            carrier=carrier,
            trunk=trunk,
            since=since,
            until=until,
            flagged=flagged,
            rule=flag,
            event=event,
            mos_below=mos_below,
            disagree=disagree,
            test_calls=test_calls,
            tags=tag,
            sort="worst",
        )
        if form not in archive.FORMATS:
            raise SettingsError(f"there is no format {form!r}; there are {', '.join(archive.FORMATS)}")
        if form == "parquet" and output is None:
            raise SettingsError("Parquet is no text: name a file with --output")
        if failed:
            _only_with_failures(query)
            rows = opened.failures(tenant=query.tenant, since=query.since, until=query.until)
            exported = archive.export_of_failures(rows, canonical=canonical)
        else:
            exported = archive.export_of_calls(opened.export(query), canonical=canonical)
        if output is None:
            exported.write_text(sys.stdout, form)
        else:
            count = exported.write_file(output, form)
            complain(f"{count} {'rows' if form != 'jsonl' else 'lines'} in {output}")


def purge(
    store: Where,
    older_than: Annotated[
        str | None,
        typer.Option(metavar="WHEN", help="Calls that began before: 365d, or 2026-01-31.", show_default=False),
    ] = None,
    call: Annotated[str | None, typer.Option(metavar="CALL", help="One call by its id.", show_default=False)] = None,
    tenant: Tenant = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do it; otherwise it is only said how many there are.")] = False,
) -> None:
    """Delete reports that are older than a day, or one call; what another call still needs stays."""
    from audioqa.errors import SettingsError, StoreError
    from audioqa.store import Query

    with opened_store(store) as opened:
        if (older_than is None) == (call is None):
            raise SettingsError("say what is to go: --older-than 365d, or --call CALL")
        if call is not None:
            owner, name = _owner(opened, call, tenant)
            if yes and not opened.delete(name, tenant=owner):
                raise StoreError(f"there is no call {name} of tenant {owner!r}: name its tenant", "missing")
            typer.echo(f"{'deleted' if yes else 'would delete'} call {name}{'' if yes else '; say --yes'}")
            return
        before = moment_of(older_than or "", "--older-than")
        if yes:
            gone, failures = opened.purge(before, tenant=tenant)
            typer.echo(f"deleted {gone} calls and {failures} failures of before {before:%Y-%m-%d %H:%M} UTC")
        else:
            count = sum(
                group.calls for group in opened.group(["tenant"], Query(tenant=tenant, until=before, test_calls=None))
            )
            typer.echo(f"would delete {count} calls of before {before:%Y-%m-%d %H:%M} UTC; say --yes")


def roles(
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[CALL...] ROLES",
            help="Who is on each channel, 'agent,customer', after the calls; without calls those chosen by options.",
            show_default=False,
        ),
    ] = None,
    *,
    store: Where,
    reset: Annotated[bool, typer.Option("--reset", help="Go back to what the source says; no ROLES then.")] = False,
    every: Annotated[bool, typer.Option("--all", help="Every call of the store.")] = False,
    tenant: Tenant = None,
    agent: Agent = None,
    queue: Queue = None,
    site: Site = None,
    carrier: Carrier = None,
    trunk: Trunk = None,
    since: Since = None,
    until: Until = None,
    tag: Tags = None,
) -> None:
    """Put right who is on which channel; nothing is scored again, and no later run undoes it."""
    from audioqa.errors import SettingsError

    with opened_store(store) as opened:
        query = query_of(
            tenant=tenant,
            agent=agent,
            queue=queue,
            site=site,
            carrier=carrier,
            trunk=trunk,
            since=since,
            until=until,
            test_calls=None,
            tags=tag,
        )
        named = list(words or [])
        if not named and not reset:
            raise SettingsError("say who is on each channel: audioqa roles CALL agent,customer")
        wanted = () if reset else tuple(role.strip() for role in named.pop().split(","))
        if not named and query.is_for_all and not every:
            raise SettingsError("name calls, choose them (--site, --since ...), or say --all")
        changed, left = opened.set_roles(wanted, query=query, call_ids=named or None)
        typer.echo(f"{changed} {'call' if changed == 1 else 'calls'} changed")
        if left:
            complain(f"{left} left as they were: they have another number of channels than {', '.join(wanted)}")
        if named and not changed + left:
            complain(f"there is no call {', '.join(named)}")
        if left or not changed:
            raise typer.Exit(1)


@contextmanager
def opened_store(url: str) -> Iterator[Store]:
    """The store; what goes wrong is said in a line, and is the exit code."""
    from audioqa.errors import AudioqaError, SettingsError, StoreError
    from audioqa.store import open_store

    try:
        opened = open_store(url, create=False)
    except StoreError as error:
        complain(str(error))
        raise typer.Exit(1 if error.passing else 2) from None
    with opened:
        try:
            yield opened
        except SettingsError as error:
            complain(str(error))
            raise typer.Exit(2) from None
        except StoreError as error:
            complain(str(error))
            raise typer.Exit(2 if error.kind == "url" else 1) from None
        except AudioqaError as error:
            complain(str(error))
            raise typer.Exit(1) from None
        except BrokenPipeError:
            # Whoever read it has seen enough; nothing more is to be said on a closed pipe.
            sys.stdout = None
            raise typer.Exit(0) from None


def query_of(
    *, since: str | None, until: str | None, tags: list[str] | None, sort: str = "worst", **plain: str | float | None
) -> Query:
    """The calls that options choose."""
    from typing import get_args

    from audioqa.errors import SettingsError
    from audioqa.store import Query
    from audioqa.store.query import Sort

    if sort not in get_args(Sort):
        raise SettingsError(f"there is no order {sort!r}; there are {', '.join(get_args(Sort))}")
    pairs = [tag.partition("=") for tag in tags or []]
    if wrong := [name for name, sign, _ in pairs if not (name and sign)]:
        raise SettingsError(f"--tag {wrong[0]}: a tag is NAME=VALUE")
    return Query(
        since=None if since is None else moment_of(since, "--since"),
        until=None if until is None else moment_of(until, "--until", whole=True),
        tags={name: value for name, _, value in pairs},
        sort=sort,  # type: ignore[arg-type]
        **plain,  # type: ignore[arg-type]
    )


def moment_of(text: str, option: str, *, whole: bool = False) -> datetime:
    """A moment: a day (its end where `whole`), a time, or so many days ago. Without a zone it is UTC."""
    from datetime import UTC, timedelta

    from audioqa.errors import SettingsError

    try:
        if text.endswith("d") and text[:-1].isdigit():
            return datetime.now(UTC) - timedelta(days=int(text[:-1]))
        found = datetime.fromisoformat(text)
        if whole and len(text) <= len("2026-01-31"):
            found += timedelta(days=1)
    except (ValueError, OverflowError):
        raise SettingsError(
            f"{option} {text}: not a time; write 2026-01-31, 2026-01-31T08:00+01:00, or 30d for 30 days ago"
        ) from None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def _owner(opened: Store, call: str, tenant: str | None) -> tuple[str, str]:
    """Tenant and id of a call, be it scored or failed."""
    from audioqa.errors import StoreError

    try:
        info = opened.show(call, tenant=tenant).info
    except StoreError as error:
        if error.kind != "failed":
            raise
        return tenant or "", call
    return info.tenant, info.call_id


def _only_with_failures(query: Query) -> None:
    """Refuse what is not known of what failed."""
    from audioqa.errors import SettingsError
    from audioqa.store import Query

    if Query(tenant=query.tenant, since=query.since, until=query.until, sort=query.sort) != query:
        raise SettingsError("what failed can be chosen by --tenant, --since and --until (of its last try) only")


def print_out(shown: RenderableType | str, *, none: bool = False) -> None:
    """Print a text, or a table; where there is ``none``, say so."""
    if isinstance(shown, str):
        sys.stdout.write(shown)
    elif none:
        complain("none")
    else:
        from rich.console import Console

        Console(highlight=False).print(shown)


def _say_what_there_is(opened: Store) -> None:
    counts = opened.counts()
    complain(f"the store holds {counts['calls']} calls and {counts['failures']} failures")
