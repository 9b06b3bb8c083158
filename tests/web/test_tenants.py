"""Nobody reads anything of another tenant's: every route is listed here, and a new one that is not fails the test."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import insert
from starlette.routing import Route

from audioqa.alerts import Alert, Spell
from audioqa.store.alerting import put_alerts
from audioqa.store.database import writing
from audioqa.store.review_tables import review_turns
from audioqa.web.app import make_app
from web.serving import PASSWORD, Served, recording

SECRET = "only-for-alpha"  # noqa: S105

OPEN = {
    "GET /health",
    "GET /ready",
    "GET /metrics",
    "GET /api/v1/openapi.json",
    "GET /sign-in",
    "POST /sign-in",
}
"""What anybody may ask for: it tells nothing of any tenant."""

OWN = {
    "GET /",
    "POST /sign-out",
    "GET /upload",
    "GET /api/v1/me",
    "GET /api/v1/uploads",
    "POST /api/v1/uploads",
    "GET /api/v1/calls",
    "GET /api/v1/alerts",
    "GET /alerts",
    "GET /api/v1/webhooks",
    "POST /api/v1/webhooks",
    "GET /api/v1/keys",
    "POST /api/v1/keys",
    "GET /api/v1/users",
    "POST /api/v1/users",
    "GET /api/v1/settings/retention",
    "PUT /api/v1/settings/retention",
    "GET /api/v1/audit",
    "GET /api/v1/quality",
    "POST /api/v1/review/next",
    "GET /calls",
    "POST /calls/filters",
    "POST /calls/filters/forget",
    "GET /review",
    "POST /review/next",
    "GET /review/incidents",
    "POST /review/incidents/all",
    "GET /trends",
    "GET /trends.csv",
    "GET /quality",
    "GET /quality/answers.csv",
    "POST /quality/answers",
    "POST /quality/threshold",
    "POST /settings/rules",
    "POST /settings/bands",
    "GET /settings",
    "POST /settings/review",
    "POST /settings/retention",
    "POST /settings/keys",
    "POST /settings/keys/revoke",
    "POST /settings/people",
}
"""What names nothing: everybody gets their own tenant's, and nothing of the other's may be in it."""

ANOTHERS = {
    "GET /api/v1/uploads/{name}",
    "DELETE /api/v1/uploads/{name}",
    "GET /api/v1/calls/{call}",
    "GET /api/v1/calls/{call}/report",
    "GET /api/v1/calls/{call}/events",
    "GET /api/v1/calls/{call}/audio",
    "GET /api/v1/calls/{call}/clip",
    "GET /api/v1/calls/{call}/listening",
    "DELETE /api/v1/calls/{call}",
    "GET /api/v1/webhooks/{webhook}/deliveries",
    "DELETE /api/v1/webhooks/{webhook}",
    "DELETE /api/v1/keys/{key}",
    "PATCH /api/v1/users/{name}",
    "GET /api/v1/calls/{call}/verdicts",
    "POST /api/v1/review/{turn}/rating",
    "POST /api/v1/review/{turn}/verdict",
    "GET /alerts/{alert}",
    "POST /alerts/{alert}/seen",
    "GET /calls/{call}",
    "GET /calls/{call}/picture",
    "GET /review/{turn}",
    "GET /review/{turn}/picture",
    "GET /review/{turn}/sound",
    "POST /review/{turn}/alive",
    "POST /review/{turn}/rating",
    "POST /review/{turn}/verdict",
    "POST /review/{turn}/back",
}
"""What names something: what is another tenant's is not there."""


def routes_of(app: FastAPI) -> set[str]:
    """Every route of an application, with its method."""

    def walk(routes: Any) -> Iterator[str]:
        for route in routes:
            within = getattr(route, "original_router", None)
            if within is not None:
                yield from walk(within.routes)
            elif isinstance(route, Route) or hasattr(route, "methods"):
                yield from (f"{method} {route.path}" for method in route.methods - {"HEAD"})

    return set(walk(app.routes))


@pytest.fixture(scope="module")
def secrets(served: Served, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Something of alpha's for each name in a path."""
    path = recording(tmp_path_factory.mktemp("secret") / f"{SECRET}.wav", seconds=3, seed=71)
    upload = served.scored(path, call_id=SECRET, agent=SECRET)
    hook = served.service.webhooks.add(f"https://example.com/{SECRET}", ("call.scored",), tenant="alpha", by=SECRET)
    number, _ = served.service.keys.make(SECRET, ["read"], tenant="alpha", by=SECRET)
    served.service.accounts.add(SECRET, role="viewer", tenant="alpha", password=PASSWORD)
    served.service.note("alpha", SECRET, SECRET)
    return {
        "call": str(upload["call"]["id"]),
        "upload": upload["id"],
        "webhook": str(hook.key),
        "key": str(number),
        "user": SECRET,
        "alert": str(alert_of(served)),
        "turn": str(turn_at(served, upload["call"]["id"])),
    }


def alert_of(served: Served) -> int:
    """An alert of alpha's on something secret; its number."""
    spell = Spell(1_780_000_000.0, 1_780_000_600.0)
    alert = Alert("drop", "drop", "agent", SECRET, "", (spell,), 4.3, 3.5, 9, 6.1, 5.8, 1, 9)
    store = served.service.store
    changes = writing(store.engine, lambda c: put_alerts(c, "alpha", SECRET, [alert], looked_since=0.0, tell_since=0.0))
    return changes[0].key


def turn_at(served: Served, call: int) -> int:
    """A turn of somebody of alpha's at a call; its number."""
    now = datetime.now(UTC)
    values = {"tenant": "alpha", "call": call, "reviewer": SECRET, "team": "", "day": now.date(), "given_at": now}
    statement = insert(review_turns).values(**values, expires_at=now + timedelta(hours=1), flagged=True)
    chosen = statement.returning(review_turns.c.id)
    return int(writing(served.service.store.engine, lambda c: c.execute(chosen).scalar_one()))


def test_every_route_is_listed(served: Served) -> None:
    app = served.client.app
    assert isinstance(app, FastAPI)
    assert routes_of(app) == OPEN | OWN | ANOTHERS


def filled(path: str, secrets: dict[str, str]) -> str:
    """A path with alpha's things in it."""
    names = secrets | {"name": secrets["user"] if "/users/" in path else secrets["upload"]}
    return re.sub(r"\{(\w+)\}", lambda match: names[match[1]], path)


def ask(client: Any, route: str, secrets: dict[str, str], headers: dict[str, str]) -> Any:
    method, _, path = route.partition(" ")
    bodies: dict[str, Any] = {
        "PATCH /api/v1/users/{name}": {"active": True},
        "POST /api/v1/review/{turn}/rating": {"rating": 3},
        "POST /api/v1/review/{turn}/verdict": {"verdict": "confirmed"},
    }
    forms = {
        "POST /review/{turn}/rating": {"rating": 3},
        "POST /review/{turn}/verdict": {"verdict": "confirmed"},
    }
    params = {"start": 0, "end": 1} if path.endswith("/clip") else None
    return client.request(
        method, filled(path, secrets), headers=headers, params=params, json=bodies.get(route), data=forms.get(route)
    )


@pytest.mark.parametrize("route", sorted(ANOTHERS))
def test_what_is_anothers_is_not_there(served: Served, secrets: dict[str, str], route: str) -> None:
    by_key = ask(served.client, route, secrets, served.headers("beta"))
    assert by_key.status_code == 404
    assert SECRET not in by_key.text.replace(f"there is no user {SECRET}", "")


@pytest.mark.parametrize("route", sorted(ANOTHERS | OWN))
def test_nobody_gets_anything_without_showing_who_they_are(served: Served, secrets: dict[str, str], route: str) -> None:
    answer = ask(served.client, route, secrets, {})
    assert answer.status_code in (401, 303)
    assert SECRET not in answer.text
    if "/api/" in route:
        assert ask(served.client, route, secrets, {"Authorization": "Bearer aqa_wrong"}).status_code == 401


@pytest.mark.parametrize("route", sorted(route for route in OWN if route.startswith("GET")))
def test_what_is_ones_own_holds_nothing_of_anothers(served: Served, secrets: dict[str, str], route: str) -> None:
    mine = ask(served.client, route, secrets, served.headers("alpha"))
    theirs = ask(served.client, route, secrets, served.headers("beta"))
    assert mine.status_code == theirs.status_code
    assert SECRET not in theirs.text
    if route in (
        "GET /api/v1/calls",
        "GET /api/v1/uploads",
        "GET /api/v1/keys",
        "GET /api/v1/users",
        "GET /api/v1/audit",
        "GET /api/v1/alerts",
        "GET /alerts",
        "GET /calls",
    ):
        assert SECRET in mine.text


@pytest.mark.parametrize("route", sorted(ANOTHERS))
def test_what_is_anothers_is_not_there_for_people_either(served: Served, secrets: dict[str, str], route: str) -> None:
    session = {"Cookie": f"audioqa={served.service.accounts.sign_in('ben', PASSWORD)}"}
    with TestClient(make_app(served.service), follow_redirects=False) as client:
        own = served.service.accounts.session(session["Cookie"].partition("=")[2])
        assert own is not None
        answer = ask(client, route, secrets, session | {"X-CSRF-Token": own.csrf})
    assert answer.status_code == 404
    assert SECRET not in answer.text.replace(f"there is no user {SECRET}", "")


def test_filters_and_cursors_lead_to_no_other_tenant(
    served: Served, secrets: dict[str, str], call: dict[str, Any]
) -> None:
    assert secrets["call"] != str(call["call"]["id"])  # two calls: a page of one has a next
    cursor = served.get("/api/v1/calls", params={"limit": 1}).json()["next"]
    for params in ({"agent": SECRET}, {"call_id": SECRET}, {"cursor": cursor}, {"limit": 500}):
        assert served.get("/api/v1/calls", tenant="beta", params=params).json()["calls"] == []
    for params in ({"call_id": SECRET}, {"before": 2**50}):
        assert SECRET not in served.get("/api/v1/audit", tenant="beta", params=params).text


def test_a_key_of_one_tenant_cannot_send_for_another(served: Served, call_file: Path) -> None:
    answer = served.send(call_file, tenant="beta", account="alpha")  # another word for a tenant
    assert answer.status_code == 422
    assert "not for the sender" in answer.json()["detail"]


def test_another_tenants_call_of_the_same_name_is_another_call(
    served: Served, secrets: dict[str, str], call_file: Path
) -> None:
    upload = served.scored(call_file, tenant="beta", call_id=SECRET)
    assert str(upload["call"]["id"]) != secrets["call"]
    mine = served.get(f"/api/v1/calls/{secrets['call']}").json()
    assert mine["agent"] == SECRET
    gone = served.client.delete(f"/api/v1/calls/{upload['call']['id']}", headers=served.headers("beta"))
    assert gone.status_code == 204
    assert served.get(f"/api/v1/calls/{secrets['call']}/audio").status_code == 200


@pytest.mark.parametrize(
    ("scope", "route", "allowed"),
    [
        ("ingest", "GET /api/v1/calls", False),
        ("ingest", "GET /api/v1/uploads", True),
        ("read", "GET /api/v1/calls", True),
        ("read", "POST /api/v1/uploads", False),
        ("read", "DELETE /api/v1/calls/{call}", False),
        ("read", "GET /api/v1/keys", False),
        ("review", "GET /api/v1/calls/{call}/audio", False),
        ("admin", "GET /api/v1/keys", True),
    ],
)
def test_a_key_does_what_its_scopes_say(
    served: Served, secrets: dict[str, str], scope: str, route: str, *, allowed: bool
) -> None:
    answer = ask(served.client, route, secrets, served.headers("alpha", scope))
    assert answer.status_code == (200 if allowed else 403)


def test_who_only_sends_is_not_told_what_calls_came_to(served: Served, secrets: dict[str, str]) -> None:
    path = f"/api/v1/uploads/{secrets['upload']}"
    assert served.client.get(path, headers=served.headers("alpha", "ingest")).json()["call"] is None
    assert served.client.get(path, headers=served.headers("alpha", "read")).json()["call"] is not None
