"""The list of calls: worst first, sorted and filtered as one likes, filters kept under a name."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from audioqa.errors import StoreError
from audioqa.render.network_words import network_cell, stored_words
from audioqa.render.wording import clock, kind_words
from audioqa.store.database import snapshot, writing
from audioqa.store.kinds import kinds_in_use
from audioqa.store.tenant_settings import filters, forget_filter, save_filter
from audioqa.web.filters import NAMES, read_filter
from audioqa.web.identity import PageReader
from audioqa.web.pages import render
from audioqa.web.reviews import unrated
from audioqa.web.state import TheService
from audioqa.web.told import bands_of, short_name, tone_of

router = APIRouter(include_in_schema=False)

ROWS = 50
"""Calls on one page."""

NAMES_OF = {name: name for name in NAMES} | {
    "rule": "flagged by",
    "event": "with event",
    "since": "from",
    "until": "to",
    "mos_below": "MOS below",
    "disagree": "sound and network disagree",
    "test_calls": "test calls",
    "tag2": "tag",
    "missing": "without",
    "zone": "time zone",
}
"""What filters are called on the page."""

_MOST_FILTERS = 100


@router.get("/calls")
def calls_page(request: Request, service: TheService, who: PageReader) -> Response:
    """The list; its filter stands in the address."""
    chosen = read_filter(request.query_params, tenant=who.tenant, but=unrated(service, who))
    after = request.query_params.get("after") or None
    try:
        rows, more = service.store.page(chosen.query, after=after, most=ROWS)
    except StoreError as error:
        if error.kind != "url":
            raise
        return RedirectResponse(f"/calls?{chosen.address()}", 303)  # a place of another order, or none at all
    bands = bands_of(service, who.tenant)
    with snapshot(service.store.engine) as connection:
        rules = kinds_in_use(connection, who.tenant, "flag")
        events = kinds_in_use(connection, who.tenant, "event")
        saved = filters(connection, who.tenant, who.who)
    return render(
        request,
        "calls.html",
        {
            "rows": rows,
            "names": {row.key: short_name(row.info.call_id) for row in rows},
            "tones": {row.key: tone_of(row, bands) for row in rows},
            "chosen": chosen,
            "names_of": NAMES_OF,
            "next": chosen.address(after=more) if more else None,
            "is_first": after is None,
            "rules": [(rule, rule) for rule in rules],
            "events": [(kind, kind_words(kind)) for kind in events],
            "saved": saved,
            "clock": clock,
            "networks": any(row.network_mos is not None for row in rows),
            "network_words": network_cell,
            "stored_words": stored_words,
        },
    )


@router.post("/calls/filters")
def keep_filter(
    service: TheService,
    who: PageReader,
    name: Annotated[str, Form(max_length=60)] = "",
    query: Annotated[str, Form(max_length=4000)] = "",
) -> Response:
    """Keep a filter under a name; one of that name is replaced."""
    from urllib.parse import parse_qsl

    chosen = read_filter(dict(parse_qsl(query)), tenant=who.tenant)
    with snapshot(service.store.engine) as connection:
        have = [kept for kept, _ in filters(connection, who.tenant, who.who)]
    if name.strip() and (name.strip() in have or len(have) < _MOST_FILTERS):
        writing(service.store.engine, lambda c: save_filter(c, who.tenant, who.who, name.strip(), chosen.address()))
    return RedirectResponse(f"/calls?{chosen.address()}", 303)


@router.post("/calls/filters/forget")
def drop_filter(service: TheService, who: PageReader, name: Annotated[str, Form(max_length=60)] = "") -> Response:
    """Forget a filter."""
    writing(service.store.engine, lambda c: forget_filter(c, who.tenant, who.who, name))
    return RedirectResponse("/calls", 303)
