"""Chromium over its DevTools pipe: enough to open a page, ask it things and press its keys, with nothing installed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--hide-scrollbars",
    "--autoplay-policy=no-user-gesture-required",
    "--remote-debugging-pipe",
)


def require_chromium() -> str:
    """The browser; a test without it is skipped on a desk and fails in continuous integration."""
    if CHROMIUM is None:
        reason = "needs Chromium: apt-get install chromium"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return CHROMIUM


LEFT = "Inspected target navigated or closed"


class PageLeftError(Exception):
    """The page that was asked gave way to another one before it answered."""


class Tab:
    """One open page."""

    def __init__(self, write: int, read: int) -> None:
        self._write = write
        self._reader = os.fdopen(read, "rb")
        self._count = 0
        self._session: str | None = None
        self.requests: list[str] = []

    def attach(self) -> None:
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self.send("Network.enable")
        self.send("Page.enable")

    def send(self, method: str, **params: Any) -> dict[str, Any]:
        """Call a DevTools method and wait for its answer."""
        self._count += 1
        message: dict[str, Any] = {"id": self._count, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        while True:
            answer = json.loads(self._next())
            if answer.get("method") == "Network.requestWillBeSent":
                self.requests.append(answer["params"]["request"]["url"])
            if answer.get("id") == self._count:
                if LEFT in answer.get("error", {}).get("message", ""):
                    raise PageLeftError
                assert "error" not in answer, answer["error"]
                result = answer["result"]
                assert isinstance(result, dict)
                return result

    def _next(self) -> bytes:
        parts = []
        while (byte := self._reader.read1(1)) != b"\0":  # type: ignore[attr-defined]
            assert byte, "the browser went away"
            parts.append(byte)
        return b"".join(parts)

    def ask(self, expression: str) -> Any:
        """Value of an expression in the page, promises awaited."""
        answer = self.send(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True, userGesture=True
        )
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def until(self, expression: str, *, seconds: float = 15.0) -> None:
        """Wait until an expression is true."""
        end = time.monotonic() + seconds
        while not self._holds(expression):
            assert time.monotonic() < end, f"never true: {expression}; error: {self.ask(ERROR)}"
            time.sleep(0.05)

    def _holds(self, expression: str) -> bool:
        try:
            return bool(self.ask(expression))
        except PageLeftError:  # asked between one page and the next
            return False

    def press(self, key: str) -> None:
        """Press and release a key."""
        text = {"text": key} if len(key) == 1 else {}
        self.send("Input.dispatchKeyEvent", type="keyDown", key=key, **text)
        self.send("Input.dispatchKeyEvent", type="keyUp", key=key)

    def open(self, page: Path, *, fragment: str = "", width: int = 1280) -> None:
        """Open a file and wait until its picture is drawn."""
        self.send("Emulation.setDeviceMetricsOverride", width=width, height=1000, deviceScaleFactor=1, mobile=False)
        self.send("Page.navigate", url="about:blank")
        self.requests.clear()
        self.send("Page.navigate", url=page.as_uri() + fragment)
        self.until(
            "document.documentElement?.dataset.ready === 'true' || Boolean(document.documentElement?.dataset.error)"
        )
        assert self.ask(ERROR) is None


ERROR = "document.documentElement?.dataset.error || null"


@contextmanager
def chromium() -> Iterator[Tab]:
    """A browser with one tab, closed afterwards."""
    program = require_chromium()
    from_us, to_browser = os.pipe()
    from_browser, to_us = os.pipe()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        # DevTools reads from descriptor 3 and writes to 4.
        command = ["sh", "-c", f'exec "$0" "$@" 3<&{from_us} 4>&{to_us}', program, *FLAGS, f"--user-data-dir={profile}"]
        if from_us > 9 or to_us > 9:  # dash knows descriptors of one digit only
            command[0] = "bash"
        quiet = subprocess.DEVNULL
        process = subprocess.Popen(command, pass_fds=(from_us, to_us), stdout=quiet, stderr=quiet)
        os.close(from_us)
        os.close(to_us)
        tab = Tab(to_browser, from_browser)
        try:
            tab.attach()
            yield tab
        finally:
            process.terminate()
            process.wait(10)
            os.close(to_browser)
            tab._reader.close()
