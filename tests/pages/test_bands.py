"""A tenant's own band set: names and thresholds of calls that are there, without scoring anything again."""

from __future__ import annotations

import pytest

from audioqa.store import Query
from tests.pages.desk import BAD, FINE, Desk
from tests.pages.test_admin_pages import Person
from tests.pages.test_flag_rules import flagged

OURS = {"name": "ours", "bands": "4.5 Superb\n2.0 Usable\n1 Useless", "attention": "4.5", "painful": "1.5"}


@pytest.fixture
def admin(desk: Desk) -> Person:
    desk.person("ann", "admin")
    return Person(desk.service, "ann")


def test_bands_of_ones_own_name_and_flag_what_is_there_and_can_be_taken_back(desk: Desk, admin: Person) -> None:
    bad, fine = desk.call("bad", BAD), desk.call("fine", FINE)
    desk.call("theirs", FINE, tenant="other")
    before = flagged(desk)
    assert set(before) == {"bad"}
    assert admin.post("/settings/bands", **OURS).status_code == 303
    report = desk.service.store.show("bad", tenant="").content
    assert (report["band"], report["band_set"], report["parties"][0]["mos"]["band"]) == ("Usable", "ours", "Usable")
    assert report["parties"][0]["mos"]["threshold"] == 3.6  # as it was scored
    after = flagged(desk)
    assert set(after) == {"bad", "fine"}
    assert "below 4.5" in after["fine"]
    assert "MOS 4.4 (Usable)" in after["fine"]
    rows = {row.info.call_id: row.band for row in desk.service.store.calls(Query(tenant=""))}
    assert rows == {"bad": "Usable", "fine": "Usable"}
    assert flagged(desk, "other") == {}
    assert desk.service.store.show("theirs", tenant="other").content["band"] == "Excellent"
    for number in (bad, fine):
        assert "Usable" in admin.get(f"/calls/{number}").text
        assert "Useless" in admin.get(f"/calls/{number}/picture").text
    assert "Superb" in admin.get("/settings").text
    assert desk.service.flagging.threshold("low-mos", "mos", tenant="") == 4.5
    assert admin.post("/settings/bands").status_code == 303
    assert flagged(desk) == before
    assert desk.service.store.show("bad", tenant="").content["band"] == "Bad"
    rows = {row.info.call_id: row.band for row in desk.service.store.calls(Query(tenant=""))}
    assert rows == {"bad": "Bad", "fine": "Excellent"}
    acts = admin.get("/settings").text
    assert "changed bands" in acts


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"bands": "4.5 Superb\n4.6 Better\n1 Bad"}, "limits must fall"),
        ({"bands": "4.5 Superb\n2 Bad"}, "limits must fall"),
        ({"bands": "Superb"}, "is written as"),
        ({"bands": "x Superb\n1 Bad"}, "a number is needed"),
        ({"bands": "nan Superb\n1 Bad"}, "from 1 to 5"),
        ({"bands": "4 A\n1 A"}, "name of its own"),
        ({"bands": "4 " + "x" * 41 + "\n1 A"}, "characters"),
        ({"name": ""}, "characters"),
        ({"attention": "7"}, "from 1 to 5"),
        ({"attention": "nan"}, "from 1 to 5"),
        ({"painful": "4.9"}, "below what deserves attention"),
    ],
)
def test_bands_that_make_no_sense_are_refused_in_words(admin: Person, changed: dict[str, str], said: str) -> None:
    answer = admin.post("/settings/bands", **(OURS | changed))
    assert answer.status_code == 422
    assert said in answer.text
