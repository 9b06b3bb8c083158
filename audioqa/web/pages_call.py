"""One call: its report with picture and player, what reviewers said of it, and the JSON."""

from __future__ import annotations

import json
from datetime import timedelta

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, Response
from markupsafe import Markup

from audioqa.render.as_json import from_plain
from audioqa.render.page import inert, sections
from audioqa.review import ReviewQueue
from audioqa.store import StoredCall
from audioqa.web.drawings import drawing_json
from audioqa.web.identity import PageReader
from audioqa.web.pages import render
from audioqa.web.state import TheService
from audioqa.web.told import bands_of, short_name

router = APIRouter(include_in_schema=False)

ONCE_IN = timedelta(minutes=5)
"""A player asks for a recording piece by piece: that is one act of listening."""


@router.get("/calls/{number}")
def call_page(request: Request, service: TheService, who: PageReader, number: int) -> Response:
    """The report of a call."""
    call = service.sound.call(number, tenant=who.tenant)
    queue = ReviewQueue(service.store, who.tenant)
    values = report_values(service, call) | {
        "number": number,
        "name": short_name(call.info.call_id),
        "call": call,
        "known": known_of(call),
        "trail": queue.trail(call.info.call_id),
    }
    return render(request, "call.html", values)


@router.get("/calls/{number}/report.json")
def call_json(service: TheService, who: PageReader, number: int) -> Response:
    """The report as JSON, as the command line writes it."""
    call = service.sound.call(number, tenant=who.tenant)
    service.note(who.tenant, who.who, "exported", call_id=call.info.call_id, details={"what": "report"})
    return Response(json.dumps(call.content, allow_nan=False, indent=2), media_type="application/json")


@router.get("/calls/{number}/picture")
def call_picture(service: TheService, who: PageReader, number: int) -> Response:
    """What the page's script draws."""
    call = service.sound.call(number, tenant=who.tenant)
    audio = f"/calls/{number}/sound"
    return Response(drawing_json(service, number, call, tenant=who.tenant, audio=audio), media_type="application/json")


@router.get("/calls/{number}/sound")
def call_sound(service: TheService, who: PageReader, number: int) -> Response:
    """The recording as browsers play it, in ranges."""
    call = service.sound.call(number, tenant=who.tenant)
    path, media_type = service.sound.listening(number, call, tenant=who.tenant)
    service.note(who.tenant, who.who, "played", call_id=call.info.call_id, once_in=ONCE_IN)
    return FileResponse(path, media_type=media_type)


def report_values(service: TheService, call: StoredCall) -> dict[str, object]:
    """What the template of a report shows: its parts, which are HTML already, and its JSON for the script."""
    report = from_plain(call.content)
    parts = sections(report, bands=bands_of(service))
    shown = json.dumps(call.content, allow_nan=False)
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
