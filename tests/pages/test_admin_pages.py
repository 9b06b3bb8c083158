"""Quality of the flags and settings, by HTTP."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient

from audioqa.service.service import Service
from audioqa.web.app import make_app
from tests.pages.desk import BAD, FINE, PASSWORD, Desk


class Person:
    """Somebody who is signed in."""

    def __init__(self, service: Service, name: str) -> None:
        self.client = TestClient(make_app(service), base_url="http://127.0.0.1", follow_redirects=False)
        secret = service.accounts.sign_in(name, PASSWORD)
        session = service.accounts.session(secret)
        assert session is not None
        self.client.cookies.set("audioqa", secret)
        self.csrf = session.csrf

    def get(self, address: str) -> Any:
        return self.client.get(address)

    def post(self, address: str, **fields: Any) -> Any:
        return self.client.post(address, data={"csrf_token": self.csrf} | fields)


@pytest.fixture
def admin(desk: Desk) -> Person:
    desk.person("ann", "admin")
    return Person(desk.service, "ann")


REVIEW = {
    "sample": "7,5",
    "twice": "20",
    "daily_limit": "40",
    "examples": "2",
    "lease": "45",
    "days": "14",
    "order": "worst",
    "question": "Was it clear?",
    "teams": "night: nora, nils\nday: ann",
    "limits": "night: 5",
}


def test_settings_of_the_review_are_kept_and_shown(desk: Desk, admin: Person) -> None:
    assert admin.post("/settings/review", **REVIEW).status_code == 303
    own = desk.queue().settings()
    assert (own.sample, own.twice, own.daily_limit, own.order) == (0.075, 0.2, 40, "worst")
    assert (own.teams["nils"], own.limits["night"]) == ("night", 5)
    page = admin.get("/settings").text
    for words in ("7.5", "night: nora, nils", "night: 5", "Was it clear?", "changed review settings"):
        assert words in page


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("sample", "60", "sample is a number from 0 to 0.5"),
        ("sample", "much", "a number is needed"),
        ("examples", "2.5", "a whole number is needed"),
        ("days", "0", "days is a whole number from 1 to 366"),
        ("teams", "night", "a line is written as"),
        ("order", "best", "order is random or worst"),
        ("question", " ", "1 to 200 characters"),
    ],
)
def test_settings_that_cannot_be_are_refused_in_words(
    desk: Desk, admin: Person, field: str, value: str, told: str
) -> None:
    answer = admin.post("/settings/review", **(REVIEW | {field: value}))
    assert answer.status_code == 422
    assert told in answer.text.lower()
    assert desk.queue().settings().sample == 0.05


def test_a_key_is_shown_once_and_can_be_revoked(desk: Desk, admin: Person) -> None:
    made = admin.post("/settings/keys", name="recorder", scopes=["ingest", "read"])
    secret = made.text.partition('<pre id="secret">')[2].partition("</pre>")[0]
    assert desk.service.keys.principal(secret) is not None
    assert secret not in admin.get("/settings").text
    (key,) = desk.service.keys.all("")
    assert admin.post("/settings/keys/revoke", key=str(key.key)).status_code == 303
    assert desk.service.keys.principal(secret) is None


def test_people_are_added_changed_and_kept_out(desk: Desk, admin: Person) -> None:
    assert admin.post("/settings/people", name="nora", role="reviewer", password=PASSWORD).status_code == 303
    nora = Person(desk.service, "nora")
    assert nora.get("/review").status_code == 200
    assert nora.get("/settings").status_code == 403
    assert admin.post("/settings/people", name="nora", role="viewer", active="no").status_code == 303
    assert nora.get("/review").status_code == 303
    refused = admin.post("/settings/people", name="ann", role="viewer")
    assert refused.status_code == 422
    assert "Nobody can take their own rights" in refused.text
    short = admin.post("/settings/people", name="x", role="viewer", password=PASSWORD[:5])
    assert short.status_code == 422
    assert "A password has" in short.text


def test_retention_is_set_and_unset(desk: Desk, admin: Person) -> None:
    assert admin.post("/settings/retention", days="90").status_code == 303
    assert desk.service.privacy.retention("") == 90
    assert admin.post("/settings/retention", days="").status_code == 303
    assert desk.service.privacy.retention("") is None
    assert admin.post("/settings/retention", days="soon").status_code == 422


def test_a_change_without_the_token_is_refused(admin: Person) -> None:
    for address in ("/settings/review", "/settings/people", "/review/next", "/calls/filters", "/quality/answers"):
        assert admin.client.post(address, data=REVIEW).status_code == 403


def test_the_page_of_the_figures_shows_what_was_judged(desk: Desk, admin: Person) -> None:
    for number in range(12):
        desk.call(f"bad-{number}", BAD)
    for number in range(30):
        desk.call(f"fine-{number}", FINE)
    empty = admin.get("/quality")
    assert empty.status_code == 200
    assert "not told yet" in empty.text
    for _ in range(12):
        desk.judge("nora")
    page = admin.get("/quality").text
    assert "low-mos" in page
    assert "100 %" in page
    assert page.count("<polyline") >= 2
    answers = admin.get("/quality/answers.csv")
    assert answers.headers["content-type"].startswith("text/csv")
    assert answers.text.count("\n") == 13
    taken = admin.post("/quality/answers", answers="call_id,answer\nbad-1,no\nelsewhere,no\n")
    assert "1 answers were taken in; 1 calls are not known here, such as elsewhere" in taken.text
    assert "an answer is yes, no or n/a" in admin.post("/quality/answers", answers="call_id,answer\nb,maybe\n").text


def test_the_api_of_reviews_goes_the_same_way(desk: Desk) -> None:
    number = desk.call("call")
    secret = desk.service.keys.make("tool", ["read", "review"], tenant="", by="test")[1]
    client = TestClient(make_app(desk.service), base_url="http://127.0.0.1")
    client.headers["Authorization"] = f"Bearer {secret}"
    turn = client.post("/api/v1/review/next").json()
    assert (turn["call"], turn["rating"]) == (None, None)
    path = f"/api/v1/review/{turn['turn']}"
    refused = client.post(f"{path}/verdict", json={"verdict": "confirmed"})
    assert (refused.status_code, refused.json()["detail"]) == (409, "the rating comes first, then the verdict")
    assert client.post(f"{path}/rating", json={"rating": 2}).json()["call"] == number
    assert client.post(f"{path}/rating", json={"rating": 5}).status_code == 409
    judged = client.post(f"{path}/verdict", json={"verdict": "confirmed", "labels": ["echo"], "note": "x"})
    assert judged.json()["judged"] is True
    assert client.post("/api/v1/review/next").status_code == 204
    said = client.get(f"/api/v1/calls/{number}/verdicts").json()["verdicts"]
    assert [one["what"] for one in said] == ["given", "rated", "judged"]
    assert client.get("/api/v1/quality").json()["rules"][0]["judged"] == 1
