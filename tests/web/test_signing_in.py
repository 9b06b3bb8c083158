"""People: signing in and out, roles, what another site's page can and cannot have a browser do, and a proxy's word."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from audioqa.service.accounts import GUESSES
from audioqa.service.service import Service, open_service
from audioqa.web.app import make_app
from web.serving import PASSWORD, Served, settings_of

PAGE = {"Accept": "text/html"}


@pytest.fixture
def browser(served: Served) -> Iterator[TestClient]:
    """A browser that has not signed in."""
    with TestClient(make_app(served.service), follow_redirects=False, raise_server_exceptions=False) as client:
        yield client


def sign_in(client: TestClient, name: str, password: str = PASSWORD, **more: str) -> Any:
    form = client.get("/sign-in").text
    token = re.search(r'name="token" value="([^"]+)"', form)
    assert token is not None
    return client.post("/sign-in", data={"name": name, "password": password, "token": token[1], **more})


def csrf_of(client: TestClient, path: str = "/upload") -> str:
    found = re.search(r'name="csrf-token" content="([^"]+)"', client.get(path).text)
    assert found is not None
    return found[1]


def test_who_is_not_signed_in_is_asked_to_and_goes_on_from_there(browser: TestClient) -> None:
    asked = browser.get("/upload?x=1")
    assert (asked.status_code, asked.headers["location"]) == (303, "/sign-in?next=/upload%3Fx%3D1")
    done = sign_in(browser, "anna", next="/upload?x=1")
    assert (done.status_code, done.headers["location"]) == (303, "/upload?x=1")
    cookie = done.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert browser.get("/upload").status_code == 200


@pytest.mark.parametrize("where", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:x"])
def test_signing_in_leads_to_no_other_site(browser: TestClient, where: str) -> None:
    assert sign_in(browser, "anna", next=where).headers["location"] == "/"


def test_a_wrong_password_and_a_wrong_name_look_the_same(browser: TestClient) -> None:
    wrong = sign_in(browser, "anna", "not the password")
    nobody = sign_in(browser, "nobody at all", "not the password")
    assert wrong.status_code == nobody.status_code == 403
    assert "Name or password is wrong" in wrong.text
    assert "Name or password is wrong" in nobody.text


def test_guessing_is_slowed_down_by_account(served: Served, browser: TestClient) -> None:
    served.service.accounts.add("guessed", role="viewer", tenant="alpha", password=PASSWORD)
    for _ in range(GUESSES):
        assert sign_in(browser, "guessed", "wrong").status_code == 403
    locked = sign_in(browser, "guessed")
    assert locked.status_code == 429
    assert "too many wrong passwords" in locked.text.lower()
    assert sign_in(browser, "anna").status_code == 303


def test_a_sign_in_form_of_another_site_signs_nobody_in(browser: TestClient) -> None:
    data = {"name": "anna", "password": PASSWORD}
    assert browser.post("/sign-in", data=data).status_code == 403
    assert (
        browser.post("/sign-in", data=data | {"token": "x"}, headers={"Cookie": "audioqa-sign-in=y"}).status_code == 403
    )
    form = browser.get("/sign-in").text
    token = re.search(r'name="token" value="([^"]+)"', form)
    assert token is not None
    forged = browser.post("/sign-in", data=data | {"token": token[1]}, headers={"Origin": "https://evil.example"})
    assert forged.status_code == 403


def test_a_change_needs_the_sessions_token(browser: TestClient) -> None:
    sign_in(browser, "anna")
    csrf = csrf_of(browser)
    key = {"name": "by a person", "scopes": ["read"]}
    assert browser.post("/api/v1/keys", json=key).status_code == 403
    assert browser.post("/api/v1/keys", json=key, headers={"X-CSRF-Token": "x" * 43}).status_code == 403
    with_token = {"X-CSRF-Token": csrf}
    for elsewhere in (
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
    ):
        assert browser.post("/api/v1/keys", json=key, headers=with_token | elsewhere).status_code == 403
    made = browser.post("/api/v1/keys", json=key, headers=with_token | {"Sec-Fetch-Site": "same-origin"})
    assert made.status_code == 201


def test_signing_out_ends_the_session_itself(browser: TestClient) -> None:
    sign_in(browser, "anna")
    cookie = browser.cookies["audioqa"]
    assert browser.post("/sign-out").status_code == 403
    assert browser.post("/sign-out", data={"csrf_token": csrf_of(browser)}).status_code == 303
    assert browser.get("/api/v1/me", headers={"Cookie": f"audioqa={cookie}"}).status_code == 401


def test_a_new_password_or_role_ends_every_session(served: Served, browser: TestClient) -> None:
    served.service.accounts.add("leaver", role="admin", tenant="alpha", password=PASSWORD)
    sign_in(browser, "leaver")
    assert browser.get("/api/v1/me").json()["scopes"] == ["admin", "ingest", "read", "review"]
    changed = served.client.patch("/api/v1/users/leaver", json={"role": "viewer"}, headers=served.headers())
    assert changed.status_code == 204
    assert browser.get("/api/v1/me").status_code == 401
    sign_in(browser, "leaver")
    assert browser.get("/api/v1/me").json()["scopes"] == ["read"]
    assert browser.get("/upload", headers=PAGE).status_code == 403
    served.client.patch("/api/v1/users/leaver", json={"active": False}, headers=served.headers())
    assert browser.get("/api/v1/me").status_code == 401
    assert sign_in(browser, "leaver").status_code == 403


def test_an_admin_cannot_lock_themselves_out(browser: TestClient) -> None:
    sign_in(browser, "anna")
    csrf = {"X-CSRF-Token": csrf_of(browser)}
    assert browser.patch("/api/v1/users/anna", json={"role": "viewer"}, headers=csrf).status_code == 409
    assert browser.patch("/api/v1/users/anna", json={"active": False}, headers=csrf).status_code == 409


def test_the_store_holds_no_secret(served: Served, browser: TestClient) -> None:
    sign_in(browser, "anna")
    cookie, key = browser.cookies["audioqa"], served.headers()["Authorization"].partition(" ")[2]
    database = served.service.settings.service.folder / "calls.db"
    held = database.read_bytes() + Path(f"{database}-wal").read_bytes()
    assert b"$argon2id$" in held
    for secret in (PASSWORD, cookie, key):
        assert secret.encode() not in held


@pytest.mark.parametrize(
    "path", ["/sign-in", "/health", "/api/v1/calls", "/nowhere", "/static/app.css", "/static/nowhere"]
)
def test_every_response_has_the_security_headers(browser: TestClient, path: str) -> None:
    headers = browser.get(path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert ("no-store" in headers["cache-control"]) is not path.startswith("/static/")


def test_pages_hold_no_script_and_no_style_of_their_own(browser: TestClient) -> None:
    sign_in(browser, "anna")
    for path in ("/sign-in", "/upload", "/nowhere"):
        text = browser.get(path, headers=PAGE).text
        assert not re.search(r"<style|style=|<script(?! src=\"/static/)|\son\w+=", text)


def test_only_the_names_that_are_configured_are_served(served: Served) -> None:
    service = Service(served.service.settings, served.service.store, hosts=("calls.example.com",))
    with TestClient(make_app(service), base_url="http://calls.example.com") as client:
        assert client.get("/health").status_code == 200
        refused = client.get("/health", headers={"Host": "rebound.example"})
    assert refused.status_code == 400
    assert "content-security-policy" in refused.headers


def test_open_to_this_machine_still_refuses_what_other_sites_ask_for(served: Served) -> None:
    service = Service(served.service.settings, served.service.store, hosts=("localhost",), open_to_this_machine=True)
    with TestClient(make_app(service), base_url="http://localhost") as client:
        assert client.get("/api/v1/me").json()["who"] == "user:local"
        wanted = {"days": 10}
        for elsewhere in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "null"}):
            assert client.put("/api/v1/settings/retention", json=wanted, headers=elsewhere).status_code == 403
        assert client.put("/api/v1/settings/retention", json=wanted).status_code == 200
        client.put("/api/v1/settings/retention", json={"days": None})


def test_a_proxys_word_counts_from_the_proxy_alone(tmp_path: Path) -> None:
    proxy = {"header": "X-Forwarded-User", "addresses": ["10.1.2.3"]}
    service = open_service(settings_of(tmp_path / "data", proxy=proxy, https=True))
    service.accounts.add("anna", role="lead", tenant="alpha")
    named = {"X-Forwarded-User": "anna"}

    def client(address: str) -> TestClient:
        return TestClient(make_app(service), client=(address, 5000), base_url="https://calls", follow_redirects=False)

    try:
        assert client("10.1.2.4").get("/api/v1/me", headers=named).status_code == 401
        through = client("10.1.2.3")
        assert through.get("/api/v1/me").status_code == 401
        assert through.get("/api/v1/me", headers=named).json()["who"] == "user:anna"
        assert through.get("/api/v1/me", headers={"X-Forwarded-User": "stranger"}).status_code == 403
        page = through.get("/upload", headers=named)
        assert page.status_code == 200
        assert page.headers["set-cookie"].startswith("__Host-audioqa=")
        assert "Secure" in page.headers["set-cookie"]
        assert "max-age" in page.headers["strict-transport-security"]
        csrf = re.search(r'name="csrf-token" content="([^"]+)"', page.text)
        assert csrf is not None
        # What belongs to anna's session is worth nothing to whoever sits there next.
        service.accounts.add("ben", role="admin", tenant="alpha")
        as_ben = {"X-Forwarded-User": "ben", "X-CSRF-Token": csrf[1]}
        assert through.post("/api/v1/keys", json={"name": "x", "scopes": ["read"]}, headers=as_ben).status_code == 403
    finally:
        service.store.close()


def test_a_session_ends_when_it_is_not_used(served: Served) -> None:
    from datetime import timedelta

    from audioqa.service.accounts import Accounts

    accounts = Accounts(served.service.store, lasting=timedelta(hours=1), idle=timedelta(seconds=-1))
    secret = accounts.sign_in("anna", PASSWORD)
    assert accounts.session(secret) is None
    assert served.service.accounts.session(secret) is not None
