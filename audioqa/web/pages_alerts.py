"""Alerts: what has got worse, what is over, one alert with its calls; and that somebody has seen it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Path, Request
from fastapi.responses import RedirectResponse, Response
from markupsafe import Markup

from audioqa.alerts import Alert
from audioqa.alerts.words import segment, sentence
from audioqa.errors import ServiceError
from audioqa.store import CallRow, Query
from audioqa.store.alerting import StoredAlert, find_alert, list_alerts
from audioqa.store.database import snapshot
from audioqa.store.tables import FILTERED
from audioqa.web.alert_drawings import hourly, timeline
from audioqa.web.identity import PageReader, PageReviewer
from audioqa.web.pages import render
from audioqa.web.state import TheService
from audioqa.web.told import bands_of, short_name, tone_of

router = APIRouter(include_in_schema=False)

Number = Annotated[int, Path(ge=1, le=2**53)]

TIMES = (7, 30, 90)
"""Days that the page offers."""

_MOST = 300
_CALLS = 10
_BEFORE = timedelta(days=2)
_DRAWN = timedelta(days=10)


@dataclass(frozen=True)
class Row:
    """One alert in the list."""

    kept: StoredAlert
    text: str
    fired: datetime
    strip: Markup


@router.get("/alerts")
def alerts_page(request: Request, service: TheService, who: PageReader, days: int = 30) -> Response:
    """What is bad now, and what was in the last days."""
    days = min(max(days, 1), TIMES[-1])
    now = datetime.now(UTC)
    with snapshot(service.store.engine) as connection:
        open_ones = list_alerts(connection, who.tenant, states=("open", "re-opened"), most=_MOST)
        over = list_alerts(
            connection, who.tenant, states=("recovered", "withdrawn"), since=now - timedelta(days=days), most=_MOST
        )
    values = {
        "open": [_row(one, now, days) for one in open_ones],
        "over": [_row(one, now, days) for one in over if not one.alert.part_of],
        "days": days,
        "times": TIMES,
        "may_see": who.may("review"),
        "rules": service.alerting.rules,
    }
    return render(request, "alerts.html", values)


@router.get("/alerts/{alert}")
def alert_page(request: Request, service: TheService, who: PageReader, alert: Number) -> Response:
    """One alert: its figures, its spells, and calls of the last one."""
    with snapshot(service.store.engine) as connection:
        kept = find_alert(connection, alert, who.tenant)
    if kept is None:
        raise ServiceError(f"there is no alert {alert}", "missing")
    query = _query(kept, who.tenant)
    rows: list[CallRow] = []
    picture = Markup()
    if query is not None:
        rows = list(service.store.calls(query, most=_CALLS))
        picture = _picture(service, kept.alert, query)
    values = {
        "kept": kept,
        "alert": kept.alert,
        "text": sentence(kept.alert),
        "segment": segment(kept.alert),
        "spells": [
            (_moment(one.since), _moment(one.fired), None if one.until is None else _moment(one.until))
            for one in reversed(kept.alert.spells)
        ],
        "rows": rows,
        "names": {row.key: short_name(row.info.call_id) for row in rows},
        "tones": {row.key: tone_of(row, bands_of(service, who.tenant)) for row in rows},
        "picture": picture,
        "list": _address(query) if query is not None else None,
        "may_see": who.may("review"),
    }
    return render(request, "alert.html", values)


@router.post("/alerts/{alert}/seen")
def see_alert(
    service: TheService, who: PageReviewer, alert: Number, note: Annotated[str, Form(max_length=500)] = ""
) -> Response:
    """Note that somebody has seen an alert, and what they say."""
    if not service.alerting.acknowledge(alert, tenant=who.tenant, by=who.who, said=note.strip()):
        raise ServiceError(f"there is no alert {alert}", "missing")
    return RedirectResponse(f"/alerts/{alert}", 303)


def _row(kept: StoredAlert, now: datetime, days: int) -> Row:
    strip = timeline(kept.alert.spells, now=now.timestamp(), days=days)
    return Row(kept, sentence(kept.alert), _moment(kept.alert.spells[-1].fired), Markup(strip))  # noqa: S704 - figures


def _query(kept: StoredAlert, tenant: str) -> Query | None:
    """The calls of the last spell, the worst first; None where lists cannot be narrowed so."""
    alert = kept.alert
    spell = alert.spells[-1]
    words = dict(zip((one.strip() for one in alert.by.split("+")), alert.value.split(" + "), strict=True))
    words.pop("all", None)
    if set(words) & {"direction", "codec", "tap"}:
        return None
    until = spell.until or datetime.now(UTC).timestamp()
    return Query(
        tenant=tenant,
        **{name: value for name, value in words.items() if name in FILTERED},  # type: ignore[arg-type]
        tags={name: value for name, value in words.items() if name not in FILTERED},
        since=_moment(spell.since),
        until=_moment(until),
        event=alert.detail if alert.kind == "cluster" else None,
        test_calls=kept.test_calls,
    )


def _picture(service: TheService, alert: Alert, query: Query) -> Markup:
    """MOS of the segment by the hour, from before the last spell on."""
    assert query.since is not None  # noqa: S101
    assert query.until is not None  # noqa: S101
    from dataclasses import replace

    begin = query.since - _BEFORE
    wide = replace(query, since=begin, until=min(query.until + _BEFORE / 4, begin + _DRAWN), event=None, sort="oldest")
    rows = service.store.calls(wide, most=20_000)
    points = [(row.at.timestamp(), row.mos) for row in rows if row.mos is not None]
    spell = alert.spells[-1]
    drawn = hourly(
        points, since=spell.since, until=spell.until, level=alert.before if alert.kind != "cluster" else None
    )
    return Markup(drawn)  # noqa: S704 - figures of ours only


def _address(query: Query) -> str:
    """Where the list of calls shows them; its days are whole ones."""
    assert query.since is not None  # noqa: S101
    assert query.until is not None  # noqa: S101
    values = {name: getattr(query, name) for name in FILTERED if getattr(query, name)}
    values |= {"since": f"{query.since:%Y-%m-%d}", "until": f"{query.until:%Y-%m-%d}"}
    if query.event:
        values["event"] = query.event
    if query.test_calls:
        values["test_calls"] = "yes"
    if query.tags:
        name, value = next(iter(query.tags.items()))
        values["tag"] = f"{name}={value}"
    return f"/calls?{urlencode(values)}"


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
