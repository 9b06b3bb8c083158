"""Whoever has a call to rate blind is told nothing of it anywhere else, until it is rated or given back."""

from __future__ import annotations

import re
from typing import Any

import pytest
from fastapi.testclient import TestClient

from audioqa.web.app import make_app
from tests.pages.desk import BAD, FINE, Desk
from tests.pages.test_admin_pages import Person

PLACES = (
    "/calls/{call}",
    "/calls/{call}/picture",
    "/api/v1/calls/{call}",
    "/api/v1/calls/{call}/report",
    "/api/v1/calls/{call}/events",
    "/api/v1/calls/{call}/audio",
    "/api/v1/calls/{call}/clip?start=0&end=1",
    "/api/v1/calls/{call}/listening",
    "/api/v1/calls/{call}/verdicts",
)


@pytest.fixture
def bob(desk: Desk) -> tuple[Person, int, int]:
    """A reviewer who has a call, with the numbers of it and of another one."""
    mine = desk.call("told-nowhere", BAD)
    desk.person("bob")
    bob = Person(desk.service, "bob")
    assert bob.post("/review/next").status_code == 303
    assert desk.current("bob").call == mine
    return bob, mine, desk.call("fine", FINE)


def test_the_call_itself_is_not_shown_before_the_rating(desk: Desk, bob: tuple[Person, int, int]) -> None:
    person, mine, other = bob
    for place in PLACES:
        refused = person.get(place.format(call=mine))
        assert refused.status_code == 409, place
        assert "rate it first" in refused.text.lower()
        assert not re.search("told-nowhere|dropout|MOS", refused.text)
        assert person.get(place.format(call=other)).status_code == 200, place
    turn = desk.current("bob")
    assert person.post(f"/review/{turn.key}/rating", rating=2).status_code == 303
    assert [person.get(place.format(call=mine)).status_code for place in PLACES] == [200] * len(PLACES)


def test_no_list_holds_it_before_the_rating(desk: Desk, bob: tuple[Person, int, int]) -> None:
    person, mine, _ = bob
    desk.person("lea", "lead")
    others = Person(desk.service, "lea")
    queries = ("", "?sort=best", "?sort=newest", "?flagged=yes", "?rule=dropouts", "?mos_below=4")
    for query in queries:
        assert "told-nowhere" not in person.get(f"/calls{query}").text
        listed = person.get("/api/v1/calls" + query.replace("yes", "true")).json()["calls"]
        assert all(call["id"] != mine for call in listed)
        assert "told-nowhere" in others.get(f"/calls{query}").text
    person.post(f"/review/{desk.current('bob').key}/rating", rating=2)
    for query in queries:
        assert "told-nowhere" in person.get(f"/calls{query}").text


def test_giving_it_back_ends_it_and_having_it_for_too_long_does_not(desk: Desk, bob: tuple[Person, int, int]) -> None:
    person, mine, _ = bob
    turn = desk.current("bob")
    expire(desk, turn.key)
    assert person.get(f"/calls/{mine}").status_code == 409
    person.post(f"/review/{turn.key}/back")
    assert person.get(f"/calls/{mine}").status_code == 200


def test_a_program_that_reviews_is_held_to_the_same(desk: Desk) -> None:
    mine = desk.call("told-nowhere", BAD)
    secret = desk.service.keys.make("tool", ["read", "review"], tenant="", by="test")[1]
    client = TestClient(make_app(desk.service), headers={"Authorization": f"Bearer {secret}"})
    turn = client.post("/api/v1/review/next").json()
    assert turn["call"] is None
    assert client.get(f"/api/v1/calls/{mine}").status_code == 409
    assert client.get("/api/v1/calls").json()["calls"] == []
    assert client.post(f"/api/v1/review/{turn['turn']}/rating", json={"rating": 2}).json()["call"] == mine
    assert client.get(f"/api/v1/calls/{mine}").status_code == 200


def test_the_sound_does_not_say_whether_it_was_heard_before(desk: Desk, bob: tuple[Person, int, int]) -> None:
    person, mine, _ = bob
    turn = desk.current("bob")
    desk.person("lea", "lead")
    Person(desk.service, "lea").get(f"/api/v1/calls/{mine}/listening")
    headers = person.get(f"/review/{turn.key}/sound").headers
    assert headers["etag"] == f'"turn-{turn.key}"'
    given = turn.given_at.strftime("%a, %d %b %Y %H:%M:%S GMT")
    assert headers["last-modified"] == given
    assert not re.search("told-nowhere|dropouts|MOS", str(headers))
    partly: Any = person.client.get(f"/review/{turn.key}/sound", headers={"Range": "bytes=0-9"})
    assert (partly.status_code, len(partly.content)) == (206, 10)


def expire(desk: Desk, turn: int) -> None:
    from datetime import UTC, datetime

    from audioqa.store.database import writing
    from audioqa.store.review import turns

    writing(desk.service.store.engine, lambda c: turns.renew(c, turn, datetime(2020, 1, 1, tzinfo=UTC)))
