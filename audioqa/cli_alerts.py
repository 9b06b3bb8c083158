"""``audioqa alerts``: what has got worse, since when, and whether it is over, from a store.

Exit 0 done, 1 where the store failed, 2 bad usage.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from audioqa.cli_calls import Since, Tenant, Until, Where, moment_of, opened_store
from audioqa.messages import complain

if TYPE_CHECKING:
    from collections.abc import Iterable

    from audioqa.alerts import Alert
    from audioqa.settings import Settings
    from audioqa.store import Store


_Row: TypeAlias = "tuple[str, int | None, Alert, str, str | None, bool]"
"""Tenant, number, alert, state, who has seen it, and whether it is of test calls."""


def alerts(
    store: Where,
    tenant: Tenant = None,
    since: Since = None,
    until: Until = None,
    replay: Annotated[
        bool,
        typer.Option("--replay", help="Go through the stored calls by the rules in force; nothing is written or told."),
    ] = False,
    all_states: Annotated[
        bool, typer.Option("--all", help="Also what is over, or was taken back; always so with --replay.")
    ] = False,
    acknowledge: Annotated[
        int | None, typer.Option(metavar="NUMBER", help="Note that you have seen an alert.", show_default=False)
    ] = None,
    by: Annotated[str, typer.Option(metavar="NAME", help="Who has seen it.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")] = False,
    config: Annotated[
        Path | None, typer.Option(help="Configuration file (default: audioqa.toml where it exists).")
    ] = None,
) -> None:
    """List what has got worse, the latest first."""
    from audioqa.errors import SettingsError, StoreError
    from audioqa.service.alerting import Alerting
    from audioqa.settings import load_settings

    with opened_store(store) as opened:
        settings = load_settings(config)
        if acknowledge is not None:
            if not by:
                raise SettingsError("say who has seen it: --by NAME")
            if not Alerting(opened, settings).acknowledge(acknowledge, tenant=tenant or "", by=by):
                raise StoreError(f"there is no alert {acknowledge}: name its tenant", "missing")
            typer.echo(f"alert {acknowledge} is acknowledged by {by}")
            return
        begin = None if since is None else moment_of(since, "--since").timestamp()
        end = None if until is None else moment_of(until, "--until", whole=True).timestamp()
        whose = opened.tenants() if tenant is None else [tenant]
        rows = []
        for one in whose:
            found = _replayed(opened, settings, one, end) if replay else _kept(opened, one, everything=all_states)
            rows += [row for row in found if _lies(row[2], begin, end)]
        rows.sort(key=lambda row: (-row[2].spells[-1].fired, row[2].name))
        if as_json:
            sys.stdout.write("".join(_line(row) for row in rows))
        else:
            _show(rows)


def _replayed(opened: Store, settings: Settings, tenant: str, until: float | None) -> list[_Row]:
    from audioqa.alerts import replay
    from audioqa.store.alert_calls import TEST_CALLS, streams
    from audioqa.store.database import snapshot

    rules = settings.alert_rules()
    columns = tuple(dict.fromkeys(column for rule in rules for column in rule.by))
    with snapshot(opened.engine) as connection:
        some = streams(connection, tenant, columns)
    return [
        (tenant, None, alert, alert.state, None, stream[1].endswith(TEST_CALLS))
        for stream, calls in some.items()
        for alert in replay(calls, rules, scale=stream[0], until=until)
        if not alert.part_of
    ]


def _kept(opened: Store, tenant: str, *, everything: bool) -> list[_Row]:
    from audioqa.store.alerting import list_alerts
    from audioqa.store.database import snapshot

    states = () if everything else ("open", "re-opened")
    with snapshot(opened.engine) as connection:
        found = list_alerts(connection, tenant, states=states, most=10_000)
    return [
        (tenant, one.key, one.alert, one.state, one.acknowledged_by, one.test_calls)
        for one in found
        if not one.alert.part_of
    ]


def _lies(alert: Alert, since: float | None, until: float | None) -> bool:
    """Whether an alert fired within a time."""
    return any(
        (since is None or spell.fired >= since) and (until is None or spell.fired < until) for spell in alert.spells
    )


def _line(row: _Row) -> str:
    from audioqa.alerts.words import told

    tenant, key, alert, state, seen_by, test_calls = row
    values = {"tenant": tenant, "id": key, **told(alert), "state": state, "acknowledged_by": seen_by}
    values["test_calls"] = test_calls
    return json.dumps(values, allow_nan=False) + "\n"


def _show(rows: Iterable[_Row]) -> None:
    from rich.console import Console
    from rich.table import Table

    from audioqa.alerts.words import moment, sentence

    table = Table(box=None, pad_edge=False)
    for name in ("number", "state", "rule", "fired", "what"):
        table.add_column(name, overflow="fold")
    count = 0
    for tenant, key, alert, state, seen_by, test_calls in rows:
        count += 1
        said = f"{tenant}: {sentence(alert)}" if tenant else sentence(alert)
        if test_calls:
            said = f"test calls: {said}"
        if seen_by:
            said += f" (seen by {seen_by})"
        table.add_row("" if key is None else str(key), state, alert.rule, moment(alert.spells[-1].fired), said)
    if count:
        Console(highlight=False).print(table)
    else:
        complain("none")
