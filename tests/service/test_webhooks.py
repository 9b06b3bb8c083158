"""Webhooks: what is told, how it is signed, and that it is sent until it is taken, but never into a private network."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import json
import socket
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from audioqa.errors import ServiceError
from audioqa.service import posting
from audioqa.service.posting import is_public, post
from audioqa.service.webhooks import PAUSES, Webhooks, send
from audioqa.store import Store, open_store
from audioqa.store.database import writing
from audioqa.store.service_tables import deliveries
from audioqa.store.webhooks import Webhook, tell


class Receiver(HTTPServer):
    """Hears what it is told, and answers what it is meant to."""

    def __init__(self) -> None:
        self.heard: list[tuple[dict[str, str], bytes]] = []
        self.answer = 204
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/hook?x=1"


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        server = self.server
        assert isinstance(server, Receiver)
        body = self.rfile.read(int(self.headers["Content-Length"]))
        server.heard.append(({name.lower(): value for name, value in self.headers.items()}, body))
        self.send_response(server.answer)
        if server.answer == 302:
            self.send_header("Location", "http://127.0.0.1:1/elsewhere")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(str(tmp_path / "calls.db")) as opened:
        yield opened


def happen(store: Store, event: str = "call.scored", tenant: str = "alpha") -> int:
    return writing(store.engine, lambda c: tell(c, tenant, event, "call-1", {"mos": 3.2}))


def hurry(store: Store) -> None:
    """Have everything be due."""
    now = datetime.now(UTC) - timedelta(seconds=1)
    writing(store.engine, lambda c: c.execute(update(deliveries).values(next_at=now)))


def test_a_message_is_signed_as_receivers_expect(store: Store, receiver: Receiver) -> None:
    hooks = Webhooks(store, private=True)
    hook = hooks.add(receiver.url, ("call.scored",), tenant="alpha", by="test")
    assert happen(store) == 1
    assert hooks.deliver_due() == (1, 0)
    headers, body = receiver.heard[0]
    assert json.loads(body)["data"] == {"mos": 3.2}
    assert json.loads(body)["type"] == "call.scored"
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    key = base64.b64decode(hook.secret.removeprefix("whsec_"))
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"
    assert hooks.deliver_due() == (0, 0)
    (delivery,) = hooks.deliveries(hook.key, tenant="alpha")
    assert (delivery.state, delivery.status, delivery.attempts) == ("delivered", 204, 1)


def test_only_who_wants_to_know_is_told(store: Store, receiver: Receiver) -> None:
    hooks = Webhooks(store, private=True)
    hooks.add(receiver.url, ("call.flagged",), tenant="alpha", by="test")
    hooks.add(receiver.url, ("call.scored",), tenant="beta", by="test")
    assert happen(store, "call.scored") == 0
    assert happen(store, "call.flagged") == 1


@pytest.mark.parametrize("answer", [500, 302, 404])
def test_what_is_not_taken_is_sent_again_until_it_is(store: Store, receiver: Receiver, answer: int) -> None:
    hooks = Webhooks(store, private=True)
    hook = hooks.add(receiver.url, ("call.scored",), tenant="alpha", by="test")
    happen(store)
    receiver.answer = answer
    assert hooks.deliver_due() == (0, 1)
    assert hooks.deliver_due() == (0, 0)  # not at once
    (delivery,) = hooks.deliveries(hook.key, tenant="alpha")
    pause = (delivery.next_at - datetime.now(UTC)).total_seconds()
    assert 0.8 * PAUSES[0] < pause < 1.3 * PAUSES[0]
    receiver.answer = 200
    hurry(store)
    assert hooks.deliver_due() == (1, 0)
    assert receiver.heard[0][0]["webhook-id"] == receiver.heard[1][0]["webhook-id"]
    assert receiver.heard[0][1] == receiver.heard[1][1]


def test_a_message_is_given_up_in_the_end(store: Store, receiver: Receiver) -> None:
    hooks = Webhooks(store, private=True)
    hook = hooks.add(receiver.url, ("call.scored",), tenant="alpha", by="test")
    happen(store)
    receiver.answer = 500
    for _ in range(len(PAUSES) + 1):
        hurry(store)
        hooks.deliver_due()
    (delivery,) = hooks.deliveries(hook.key, tenant="alpha")
    assert (delivery.state, delivery.attempts) == ("given up", len(PAUSES) + 1)


def test_who_says_that_it_is_gone_is_told_no_more(store: Store, receiver: Receiver) -> None:
    hooks = Webhooks(store, private=True)
    hook = hooks.add(receiver.url, ("call.scored",), tenant="alpha", by="test")
    happen(store)
    happen(store)
    receiver.answer = 410
    hooks.deliver_due(most=1)
    assert [one.state for one in hooks.deliveries(hook.key, tenant="alpha")] == ["given up", "given up"]
    assert happen(store) == 0


def test_nothing_is_sent_into_a_private_network(store: Store, receiver: Receiver) -> None:
    allowing = Webhooks(store, private=True)
    allowing.add(receiver.url, ("call.scored",), tenant="alpha", by="test")
    happen(store)
    assert Webhooks(store, private=False).deliver_due() == (0, 1)
    assert receiver.heard == []


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/x",
        "https://127.0.0.1/x",
        "https://localhost/x",
        "https://10.0.0.1/x",
        "https://169.254.169.254/latest/meta-data",
        "https://[::1]/x",
        "https://[::ffff:10.0.0.1]/x",
        "https://user:secret@example.com/x",
        "ftp://example.com/x",
        "file:///etc/passwd",
        "https://",
        "not an address",
        "https://example.com:99999/x",
    ],
)
def test_an_address_that_should_not_be_told_is_refused(store: Store, url: str) -> None:
    with pytest.raises(ServiceError):
        Webhooks(store, private=False).add(url, ("call.scored",), tenant="alpha", by="test")


def test_a_name_that_leads_into_a_private_network_is_found_out(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even a handshake reaches it, and nothing tells whether anybody listens there."""
    errors = []
    with socket.create_server(("127.0.0.1", 0)) as listening:
        closed = socket.create_server(("127.0.0.1", 0))
        closed_port = closed.getsockname()[1]
        closed.close()
        monkeypatch.setattr(socket, "getaddrinfo", lambda _, port, **__: [(2, 1, 6, "", ("127.0.0.1", port))])
        for port in (listening.getsockname()[1], closed_port):
            hooks = Webhooks(store, private=False)
            hook = hooks.add(f"https://inside.example:{port}/x", ("call.scored",), tenant="alpha", by="test")
            happen(store)
            assert hooks.deliver_due()[0] == 0
            errors.append(hooks.deliveries(hook.key, tenant="alpha")[0].error)
            hooks.remove(hook.key, tenant="alpha")
        listening.settimeout(0.05)
        with pytest.raises(TimeoutError):
            listening.accept()
    assert errors == ["inside.example is in a private network: the configuration does not allow that"] * 2


def test_a_name_that_leads_both_out_and_in_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    both = [(2, 1, 6, "", ("93.184.215.14", 443)), (2, 1, 6, "", ("10.0.0.1", 443))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: both)
    status, error = post("https://both.example/", b"{}", {}, private=False)
    assert (status, "private network" in str(error)) == (None, True)


@pytest.mark.parametrize(
    "address",
    ["0.0.0.1", "100.64.0.1", "192.168.1.1", "224.0.0.1", "fe80::1%eth0", "fd00::1", "2002:a00:1::", "64:ff9b::7f00:1"],
)
def test_addresses_that_lead_inside_by_a_detour_are_not_public(address: str) -> None:
    assert not is_public(address)


def test_a_receiver_that_answers_drop_by_drop_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(posting, "TIMEOUT", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def drip() -> None:
            line, _ = listening.accept()
            with line, contextlib.suppress(OSError):
                for _ in range(100):
                    line.sendall(b"H")
                    time.sleep(0.1)

        thread = threading.Thread(target=drip)
        thread.start()
        start = time.monotonic()
        status, error = post(f"http://127.0.0.1:{listening.getsockname()[1]}/", b"{}", {}, private=True)
        assert time.monotonic() - start < 3
        assert (status, error is not None) == (None, True)
        thread.join()


def test_an_address_that_is_away_does_not_keep_others_waiting(
    store: Store, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    hooks = Webhooks(store, private=True)
    away = hooks.add("http://192.0.2.1/away", ("call.scored",), tenant="alpha", by="test")
    hooks.add(receiver.url, ("call.scored",), tenant="beta", by="test")
    tries: list[str] = []

    def sent(hook: Webhook, *rest: Any, **more: Any) -> Any:
        tries.append(hook.url)
        return (None, "TimeoutError: timed out") if hook.key == away.key else send(hook, *rest, **more)

    monkeypatch.setattr("audioqa.service.webhooks.send", sent)
    for _ in range(5):
        happen(store)
        happen(store, tenant="beta")
    assert hooks.deliver_due() == (5, 5)
    assert tries.count("http://192.0.2.1/away") == 1
    assert len(receiver.heard) == 5
