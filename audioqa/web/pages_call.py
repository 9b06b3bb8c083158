"""One call: its report with picture and player, what reviewers said of it, and the JSON."""

from __future__ import annotations

import json

from fastapi import APIRouter, Request
from fastapi.responses import Response
from markupsafe import Markup

from audioqa.render.as_json import from_plain
from audioqa.render.page import inert, sections
from audioqa.store import StoredCall
from audioqa.web.api_calls import Number
from audioqa.web.drawings import drawing_json
from audioqa.web.identity import PageReader
from audioqa.web.pages import render
from audioqa.web.reviews import queue_of, readable
from audioqa.web.state import TheService
from audioqa.web.told import bands_of, short_name

router = APIRouter(include_in_schema=False)


@router.get("/calls/{call}")
def call_page(request: Request, service: TheService, who: PageReader, call: Number) -> Response:
    """The report of a call."""
    found = readable(service, who, call)
    queue = queue_of(service, who)
    values = report_values(service, found) | {
        "number": call,
        "name": short_name(found.info.call_id),
        "known": known_of(found),
        "trail": queue.trail(found.info.call_id),
    }
    return render(request, "call.html", values)


@router.get("/calls/{call}/picture")
def call_picture(service: TheService, who: PageReader, call: Number) -> Response:
    """What the page's script draws."""
    found = readable(service, who, call)
    audio = f"/api/v1/calls/{call}/listening"
    return Response(drawing_json(service, call, found, tenant=who.tenant, audio=audio), media_type="application/json")


def report_values(service: TheService, call: StoredCall) -> dict[str, object]:
    """What the template of a report shows: its parts, which are HTML already, and its JSON for the script."""
    recording = call.content["recording"] | {"path": service.keeping.shown(call.content["recording"]["path"])}
    content = {**call.content, "recording": recording}
    parts = sections(from_plain(content), bands=bands_of(service, call.info.tenant))
    shown = json.dumps(content, allow_nan=False)
    return {"parts": {name: Markup(part) for name, part in parts.items()}, "report": Markup(inert(shown))}  # noqa: S704


def known_of(call: StoredCall) -> list[tuple[str, str]]:
    """What is known of a call beside its sound, by name."""
    info = call.info
    names = ("agent", "queue", "site", "carrier", "trunk", "direction", "codec", "tap")
    found = [("call", info.call_id)]
    if info.start_time is not None:
        found.append(("began (UTC)", info.start_time.strftime("%Y-%m-%d %H:%M:%S")))
    found += [(name, value) for name in names if (value := getattr(info, name))]
    found += [(f"network {name}", f"{value:g}") for name, value in info.network.items()]
    return found + list(info.tags.items())
