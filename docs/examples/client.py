"""A client of the service: sends recordings, waits for their reports, and lists the worst calls.

It needs nothing but Python. As a program:

    AUDIOQA_KEY=aqa_... python client.py http://127.0.0.1:8000 call.wav another.mp3
"""

from __future__ import annotations

import json
import os
import sys
import time
import uuid
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPResponse, HTTPSConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit


class Client:
    """The API with a key; `url` is that of the service."""

    def __init__(self, url: str, key: str) -> None:
        self._parts = urlsplit(url)
        self._headers = {"Authorization": f"Bearer {key}"}

    def send(self, path: str, **about: str) -> dict[str, Any]:
        """Send a recording; sent again after a failure, it is still accepted once."""
        key = str(uuid.uuid4())
        while True:
            try:
                status, headers, answer = self._ask("POST", "/api/v1/uploads", key=key, file=Path(path), fields=about)
            except OSError:
                status, headers, answer = 503, {}, {}
            if status == 202:
                return answer
            if status not in (429, 503, 507):
                raise RuntimeError(f"{path}: {answer['detail']}")
            time.sleep(float(headers.get("Retry-After", 5)))

    def wait(self, upload: str) -> dict[str, Any]:
        """Wait until an upload is scored, or has failed."""
        while True:
            status, _, answer = self._ask("GET", f"/api/v1/uploads/{upload}")
            if status != 200 or answer["state"] in ("scored", "failed"):
                return answer
            time.sleep(1)

    def report(self, call: int) -> dict[str, Any]:
        """The whole report of a call."""
        return self._ask("GET", f"/api/v1/calls/{call}/report")[2]

    def calls(self, **wanted: Any) -> Iterator[dict[str, Any]]:
        """Calls, the worst first: ``calls(flagged=True, since="2026-01-01T00:00:00Z")``."""
        while True:
            page = self._ask("GET", f"/api/v1/calls?{urlencode(wanted)}")[2]
            yield from page["calls"]
            if page["next"] is None:
                return
            wanted["cursor"] = page["next"]

    def _ask(
        self, method: str, path: str, *, key: str = "", file: Path | None = None, fields: dict[str, str] | None = None
    ) -> tuple[int, dict[str, str], Any]:
        made = HTTPSConnection if self._parts.scheme == "https" else HTTPConnection
        connection = made(self._parts.netloc, timeout=120)
        headers, body = dict(self._headers), None
        if file is not None:
            line = uuid.uuid4().hex
            part = f'--{line}\r\nContent-Disposition: form-data; name="%s"%s\r\n\r\n'
            head = "".join(part % (name, "") + f"{value}\r\n" for name, value in (fields or {}).items())
            head += part % ("recording", f'; filename="{file.name}"')
            tail = f"\r\n--{line}--\r\n"
            body = _pieces(head.encode(), file, tail.encode())
            headers["Content-Type"] = f"multipart/form-data; boundary={line}"
            headers["Content-Length"] = str(len(head.encode()) + file.stat().st_size + len(tail))
            headers["Idempotency-Key"] = key
        try:
            connection.request(method, path, body=body, headers=headers)
            answer: HTTPResponse = connection.getresponse()
            data = answer.read()
            return answer.status, dict(answer.getheaders()), json.loads(data) if data else None
        finally:
            connection.close()


def _pieces(head: bytes, file: Path, tail: bytes) -> Iterator[bytes]:
    """The body of an upload, without holding the file in memory."""
    yield head
    with file.open("rb") as stream:
        while piece := stream.read(65536):
            yield piece
    yield tail


if __name__ == "__main__":
    client = Client(sys.argv[1], os.environ["AUDIOQA_KEY"])
    uploads = [client.send(path)["id"] for path in sys.argv[2:]]
    for done in map(client.wait, uploads):
        came_to = done["call"] or done["failure"]
        print(done["file_name"], json.dumps(came_to))
