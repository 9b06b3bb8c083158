"""The command ``audioqa evaluations``: which evaluations of agents are of calls with bad audio.

Exit 0 all told, 1 where of some nothing can be said or the store failed, 2 bad usage.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from audioqa import cli_calls as options
from audioqa.messages import complain

if TYPE_CHECKING:
    from audioqa.coaching import Evaluated, Heard
    from audioqa.store import Store


def evaluations(
    listed: Annotated[
        Path,
        typer.Argument(
            metavar="EVALUATIONS.csv",
            help="With the columns evaluation_id, call_id, agent, score; tenant where there are several.",
            show_default=False,
        ),
    ],
    store: options.Where,
    tenant: options.Tenant = None,
    at_least: Annotated[
        float, typer.Option(metavar="SECONDS", min=0.1, help="Seconds with faults that make a call bad.")
    ] = 3.0,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a line, fine ones too.")] = False,
    page: Annotated[
        Path | None, typer.Option(metavar="HTML", help="Write the list as a page to keep.", show_default=False)
    ] = None,
) -> None:
    """List the evaluations of agents whose call had bad audio, with the seconds: nobody is judged on a broken line."""
    from audioqa.coaching import read_evaluations
    from audioqa.errors import AudioqaError, SettingsError
    from audioqa.render.coaching import (
        evaluations_csv,
        evaluations_lines,
        evaluations_text,
        write_evaluations_page,
    )

    with options.opened_store(store) as opened:
        if as_csv and as_json:
            raise SettingsError("--csv or --json, not both")
        if page is not None and not page.absolute().parent.is_dir():
            raise SettingsError(f"--page {page}: there is no folder {page.parent}")
        given = read_evaluations(listed)
        heard = [_heard(opened, one, tenant, at_least) for one in given]
        if as_csv:
            options.print_out(evaluations_csv(heard))
        elif as_json:
            options.print_out(evaluations_lines(heard))
        else:
            options.print_out(evaluations_text(heard))
        if page is not None:
            try:
                write_evaluations_page(heard, listed.name, page)
            except OSError as error:
                raise AudioqaError(f"cannot write {page}: {error.strerror}") from None
            complain(f"the list is in {page}")
        if unknown := sum(one.verdict == "unknown" for one in heard):
            complain(f"of {unknown} evaluations nothing can be said: their calls have no score")
            raise typer.Exit(1)


def _heard(opened: Store, one: Evaluated, tenant: str | None, at_least: float) -> Heard:
    """One evaluation beside its call, or why it cannot be."""
    from audioqa.coaching import judge, unheard
    from audioqa.errors import StoreError

    try:
        call = opened.show(one.call_id, tenant=one.tenant or tenant)
    except StoreError as error:
        if error.kind not in ("missing", "failed"):
            raise
        return unheard(one, str(error))
    return judge(one, call.content, agent=call.info.agent, at_least=at_least)
