"""A real server on a real port: the client of the documents, and the upload page in a real browser."""

from __future__ import annotations

import importlib.util
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from web.serving import PASSWORD, Served, recording

sys.path.insert(0, str(Path(__file__).parents[1] / "render"))
from browser import chromium, require_chromium

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def address(served: Served) -> Iterator[str]:
    """Where the service listens."""
    app: Any = served.client.app
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, lifespan="off"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join()


def test_the_client_of_the_documents_sends_waits_and_reads(served: Served, address: str, tmp_path: Path) -> None:
    spec = importlib.util.spec_from_file_location("client", ROOT / "docs" / "examples" / "client.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    client = module.Client(address, served.headers("delta")["Authorization"].partition(" ")[2])
    path = recording(tmp_path / "sent by the client.wav", seconds=5, seed=101)
    upload = client.send(str(path), call_id="from the client", agent="7")
    done = client.wait(upload["id"])
    assert done["state"] == "scored"
    assert client.report(done["call"]["id"])["recording"]["path"] == path.name
    assert [call["call_id"] for call in client.calls(agent="7", limit=1)] == ["from the client"]
    text = tmp_path / "notes.txt"
    text.write_text("no recording at all", encoding="utf-8")
    with pytest.raises(RuntimeError, match="it is a text file"):
        client.send(str(text))


def test_a_person_drops_a_file_and_sees_its_result_arrive(address: str, tmp_path: Path) -> None:
    require_chromium()
    good = recording(tmp_path / "dropped <b>.wav", seconds=5, seed=102)
    bad = tmp_path / "notes.wav"
    bad.write_text("no recording at all", encoding="utf-8")
    with chromium() as tab:
        tab.send("Page.navigate", url=f"{address}/upload")
        tab.until("location.pathname === '/sign-in' && document.readyState === 'complete'")
        for name, value in (("name", "anna"), ("password", PASSWORD)):
            tab.ask(f"document.getElementById('{name}').value = '{value}'")
        tab.ask("document.querySelector('main form').requestSubmit()")
        tab.until("location.pathname === '/upload' && document.documentElement?.dataset.ready === 'true'")
        node = tab.send("DOM.getDocument")["root"]["nodeId"]
        chooser = tab.send("DOM.querySelector", nodeId=node, selector="#files")["nodeId"]
        tab.send("DOM.setFileInputFiles", nodeId=chooser, files=[str(good), str(bad)])
        tab.until("document.querySelectorAll('#list li').length === 2")
        tab.until("[...document.querySelectorAll('#list progress')].every((bar) => bar.hidden)", seconds=60)
        rows = tab.ask("[...document.querySelectorAll('#list li')].map((row) => row.innerText)")
        assert "dropped <b>.wav" in rows[0]
        assert "MOS" in rows[0]
        assert tab.ask("document.querySelector('#list a').getAttribute('href')").startswith("/calls/")
        assert "it is a text file" in rows[1]
        assert all(url.startswith((address, "about:")) for url in tab.requests)
        assert tab.ask("document.querySelectorAll('#list b').length") == 0
