"""What an attacker tries route by route: other sites' pages, keys with other scopes, floods, slowness, odd values."""

from __future__ import annotations

import re
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import uvicorn
from fastapi.testclient import TestClient

from audioqa.errors import ServiceError
from audioqa.service.principals import SCOPES
from audioqa.web import hurry
from audioqa.web.app import make_app
from audioqa.web.hurry import HurriedProtocol
from web.serving import PASSWORD, Served
from web.test_signing_in import csrf_of, sign_in
from web.test_tenants import ANOTHERS, OPEN, OWN, ask

HTML = {"Accept": "text/html"}

NEEDS = {
    "GET /api/v1/uploads": {"ingest", "read"},
    "POST /api/v1/uploads": {"ingest"},
    "GET /api/v1/uploads/{name}": {"ingest", "read"},
    "DELETE /api/v1/uploads/{name}": {"admin"},
    "GET /api/v1/me": set(SCOPES),
    "GET /upload": {"ingest"},
    "DELETE /api/v1/calls/{call}": {"admin"},
    "GET /api/v1/quality": {"review"},
    "POST /quality/threshold": {"ingest"},
    "POST /alerts/{alert}/seen": {"review"},
}
"""Scopes of which one is enough, where the path does not say it."""

PREFIXES = (
    ("/api/v1/calls", {"read"}),
    ("/api/v1/review", {"review"}),
    ("/api/v1/alerts", {"read"}),
    ("/api/v1/", {"admin"}),
    ("/settings", {"admin"}),
    ("/review", {"review"}),
    ("/quality", {"review"}),
    ("/", {"read"}),
)


def needed(route: str) -> set[str]:
    path = route.partition(" ")[2]
    return NEEDS.get(route) or next(scopes for start, scopes in PREFIXES if path.startswith(start))


@pytest.fixture
def nothing() -> dict[str, str]:
    """Names of things that nobody has."""
    numbers = dict.fromkeys(("alert", "call", "key", "turn", "webhook"), "999999")
    return numbers | {"upload": "f" * 32, "user": "nobody"}


def test_every_route_needs_its_scope_and_no_other_is_enough(served: Served, nothing: dict[str, str]) -> None:
    for route in sorted((OWN | ANOTHERS) - {"GET /", "POST /sign-out"}):
        wanted = needed(route)
        for scope in SCOPES:
            status = ask(served.client, route, nothing, served.headers("gamma", scope)).status_code
            assert (status != 403) is (scope in wanted), (route, scope, status)


@pytest.fixture
def browser(served: Served) -> Iterator[TestClient]:
    with TestClient(make_app(served.service), follow_redirects=False, raise_server_exceptions=False) as client:
        yield client


@pytest.fixture(scope="module")
def anna(served: Served) -> Iterator[TestClient]:
    """A browser in which an admin has signed in."""
    with TestClient(make_app(served.service), follow_redirects=False, raise_server_exceptions=False) as client:
        assert sign_in(client, "anna").status_code == 303
        yield client


CHANGES = sorted(route for route in OWN | ANOTHERS if not route.startswith("GET") and route != "POST /sign-out")


@pytest.mark.parametrize("route", CHANGES)
def test_no_other_sites_page_has_a_browser_change_anything(
    anna: TestClient, nothing: dict[str, str], route: str
) -> None:
    browser, csrf = anna, csrf_of(anna)
    assert ask(browser, route, nothing, {}).status_code == 403
    assert ask(browser, route, nothing, {"X-CSRF-Token": "0" * len(csrf)}).status_code == 403
    for elsewhere in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}, {"Origin": "null"}):
        assert ask(browser, route, nothing, {"X-CSRF-Token": csrf} | elsewhere).status_code == 403
    # What a form of another type carries is no token.
    form = f"csrf_token={csrf}"
    method, _, path = route.partition(" ")
    path = re.sub(r"\{\w+\}", "1", path)
    assert browser.request(method, path, content=form, headers={"Content-Type": "text/plain"}).status_code == 403


def test_every_form_of_every_page_carries_the_token(anna: TestClient) -> None:
    for path in ("/calls", "/review", "/review/incidents", "/quality", "/settings"):
        text = anna.get(path, headers=HTML).text
        for form in re.findall(r'<form method="post".*?</form>', text, re.DOTALL):
            assert 'name="csrf_token"' in form, (path, form[:200])


def test_a_session_that_was_planted_is_not_taken_over_and_an_old_one_ends(served: Served, browser: TestClient) -> None:
    browser.cookies.set("audioqa", "planted-by-somebody")
    done = sign_in(browser, "anna")
    first = done.cookies["audioqa"]
    assert first != "planted-by-somebody"
    assert served.service.accounts.session("planted-by-somebody") is None
    with TestClient(make_app(served.service), follow_redirects=False) as other:
        other.cookies.set("audioqa", first)
        other.cookies.set("audioqa-sign-in", "t" * 43)
        form = {"name": "ben", "password": PASSWORD, "token": "t" * 43}
        assert other.post("/sign-in", data=form).status_code == 303
    assert served.service.accounts.session(first) is None


@pytest.mark.parametrize(
    "where",
    [
        "//evil.example/x",
        "/\t/evil.example",
        "/%5cevil.example\\x",
        "\\\\evil.example",
        "https:evil.example",
        "http://evil.example",
        "javascript:alert(1)",
        "/\nevil",
        "x" * 1999,
    ],
)
def test_no_address_leads_a_visitor_elsewhere(anna: TestClient, where: str) -> None:
    # Who is signed in already goes on at once; who is not is sent there by the form (test_signing_in).
    assert anna.get("/sign-in", params={"next": where}).headers["location"] == "/"


def test_a_flood_of_sign_ins_takes_no_more_than_its_places(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    accounts = served.service.accounts
    inside, go_on = threading.Semaphore(0), threading.Event()

    def slow(_: str | None, __: str) -> bool:
        inside.release()
        go_on.wait(10)
        return False

    monkeypatch.setattr(type(accounts), "_matches", lambda _, *given: slow(*given))
    kinds: list[str] = []

    def attempt() -> None:
        try:
            accounts.sign_in("nobody of that name", "a wrong password")
        except ServiceError as error:
            kinds.append(error.kind)

    threads = [threading.Thread(target=attempt) for _ in range(30)]
    for thread in threads:
        thread.start()
    for _ in range(8):
        inside.acquire()
    while len(kinds) < 22:
        time.sleep(0.01)
    assert kinds == ["busy"] * 22
    go_on.set()
    for thread in threads:
        thread.join()
    assert kinds.count("forbidden") == 8


@pytest.mark.parametrize(
    ("method", "path", "data"),
    [
        ("GET", "/quality/answers.csv?days=999999999999999999", None),
        ("GET", "/quality/answers.csv?days=-1", None),
        ("GET", "/quality?days=99999999999999999999999", None),
        ("POST", "/review/incidents/all", {"trunk": "T", "hour": "0001-01-01T00:00:00+23:59", "fault": "x"}),
        ("POST", "/review/incidents/all", {"trunk": "T\0", "hour": "9999-12-31T23:59:59-23:59", "fault": "x" * 200}),
        ("POST", "/quality/answers", {"answers": "call_id,answer\n" + "x" * 10_000 + ",yes"}),
        ("POST", "/quality/answers", {"answers": "call_id,answer,answered_at\na,yes,0001-01-01T00:00:00+14:00"}),
        ("POST", "/calls/filters", {"name": "x" * 60, "query": "sort=" + "y" * 3000}),
        ("POST", "/calls/filters", {"name": "a\0b", "query": "agent=%00"}),
        ("POST", "/settings/people", {"name": "x" * 10_000}),
        ("POST", "/settings/keys", {"name": "x" * 1999, "scopes": "root"}),
        ("POST", "/settings/review", {"days": "1e999", "sample": "nan", "twice": "inf"}),
        ("POST", "/settings/review", {"sample": "5", "twice": "nan", "examples": "1", "lease": "1", "days": "1"}),
        ("POST", "/settings/retention", {"days": "1e-320"}),
        ("POST", "/settings/retention", {"days": "nan"}),
        ("POST", "/settings/rules", {"rules": '[[flags.rules]]\nname="a"\nwhen="' + "(" * 5000 + '"'}),
        ("POST", "/settings/rules", {"rules": "a=" + "[" * 5000}),
        ("GET", "/calls?since=0001-01-01&until=9999-12-31&agent=%00&tag==&after=AAAA", None),
        ("GET", "/calls?tag=" + "x" * 10_000 + "=1", None),
        ("GET", "/calls?tag=%22%27%5B0%5D%24.x=1", None),
        ("GET", "/review?nothing=<script>", None),
        ("GET", "/review/99999999999999999999", None),
        ("GET", "/calls/" + "9" * 5000, None),
        ("GET", "/sign-in?next=" + "x" * 10_000, None),
    ],
)
def test_odd_values_on_pages_are_refused_or_inert(
    anna: TestClient, method: str, path: str, data: dict[str, str] | None
) -> None:
    headers = HTML | {"X-CSRF-Token": csrf_of(anna)}
    answer = anna.request(method, path, data=data, headers=headers)
    assert answer.status_code < 500, answer.text[-500:]
    assert "<script>" not in answer.text
    assert "Traceback" not in answer.text


def test_what_comes_after_the_end_of_an_upload_is_counted_too(served: Served) -> None:
    def endless() -> Iterator[bytes]:
        yield b'--x\r\nContent-Disposition: form-data; name="recording"; filename="a.wav"\r\n\r\nRIFF\r\n--x--\r\n'
        for _ in range(200):
            yield b"\r\n" * 50_000

    headers = served.headers() | {"Content-Type": "multipart/form-data; boundary=x"}
    answer = served.client.post("/api/v1/uploads", content=endless(), headers=headers)
    assert answer.status_code == 413
    assert list(served.service.keeping.incoming.iterdir()) == []


@pytest.fixture
def address(served: Served, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, int]]:
    """A real server with little patience."""
    monkeypatch.setattr(hurry, "HEADER", 0.5)
    monkeypatch.setattr(hurry, "BODY", 0.5)
    config = uvicorn.Config(served.client.app, port=0, log_config=None, lifespan="off", http=HurriedProtocol)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield server.servers[0].sockets[0].getsockname()[:2]
    server.should_exit = True
    thread.join()


def answered(address: tuple[str, int], start: bytes, drop: bytes, *, pause: float = 0.1) -> tuple[bytes, float]:
    """Send a start and then drop by drop: what is answered until the line is cut, and after how long that was."""
    began = time.monotonic()
    said = b""
    with socket.create_connection(address, timeout=0.01) as line:
        line.sendall(start)
        while time.monotonic() - began < 8:
            try:
                line.sendall(drop)
                part = line.recv(4096)
                if not part:
                    break
                said += part
            except TimeoutError:
                pass
            except OSError:
                break
            time.sleep(pause)
    return said, time.monotonic() - began


@pytest.mark.parametrize(
    "start",
    [b"", b"GET /health HTTP/1.1\r\nHost: localhost\r\nX-A: ", b"GET /health HTTP/1.1\r\nHost: x\r\n\r\nGET /hea"],
    ids=["nothing", "a header", "a second request"],
)
def test_a_header_that_does_not_come_to_its_end_is_given_up(address: tuple[str, int], start: bytes) -> None:
    said, taken = answered(address, start, b"a" if start else b"")
    assert taken < 4
    assert (b'"alive"' in said) is start.endswith(b"/hea")


@pytest.mark.parametrize("path", ["/sign-in", "/api/v1/keys"])
def test_a_body_that_does_not_come_to_its_end_is_given_up(served: Served, address: tuple[str, int], path: str) -> None:
    key = served.headers()["Authorization"]
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: {key}\r\nContent-Length: 100000\r\n"
    start = f"{head}Content-Type: application/x-www-form-urlencoded\r\n\r\nname=".encode()
    said, taken = answered(address, start, b"a")
    assert taken < 5
    assert said == b"" or said.startswith(b"HTTP/1.1 4")


def test_a_request_in_good_time_is_not_given_up(served: Served, address: tuple[str, int]) -> None:
    head = b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with socket.create_connection(address, timeout=5) as line:
        for _ in range(3):
            time.sleep(0.3)
            line.sendall(head)
            said = b""
            while b"alive" not in said:
                part = line.recv(4096)
                assert part, said
                said += part
    assert served.client.get("/health").status_code == 200


def test_nothing_is_open_that_is_not_said_to_be(served: Served, nothing: dict[str, str]) -> None:
    for route in OPEN - {"GET /metrics", "GET /ready"}:
        answer: Any = ask(served.client, route, nothing, {})
        assert answer.status_code in (200, 403), route
