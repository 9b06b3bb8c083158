"""A browser on a service: sign in, go somewhere, see what is there, and what was asked for meanwhile."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

from tests.pages.desk import PASSWORD
from tests.render.browser import ERROR, Tab

LOADED = "document.readyState === 'complete' && location.href !== 'about:blank'"


def visit(tab: Tab, address: str, *, width: int = 1280, height: int = 900) -> None:
    """Go to an address, and wait until it is there."""
    tab.send("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 700)
    tab.send("Page.navigate", url=address)
    tab.until(LOADED)


def drawn(tab: Tab) -> None:
    """Wait until the picture of a call is drawn."""
    tab.until("document.documentElement.dataset.ready === 'true' || Boolean(document.documentElement.dataset.error)")
    assert tab.ask(ERROR) is None


def sign_in(tab: Tab, address: str, name: str) -> None:
    """Sign somebody in by the form."""
    visit(tab, f"{address}/sign-in")
    for field, value in (("name", name), ("password", PASSWORD)):
        press(tab, f"document.getElementById('{field}').value = '{value}'")
    leave(tab, "document.querySelector('main form').requestSubmit()")


def press(tab: Tab, script: str) -> Any:
    """Do something in the page."""
    return tab.ask(f"(() => {{ {script} }})()")


def leave(tab: Tab, script: str) -> None:
    """Do something that leads to another page, and wait until it is there."""
    tab.ask("window.here = true")
    press(tab, script)
    arrived(tab)


def arrived(tab: Tab) -> None:
    """Wait for the page that comes after the one on which `window.here` was set."""
    tab.until(f"!window.here && {LOADED}")


def key(tab: Tab, name: str, *, code: int = 0, control: bool = False) -> None:
    """Press a key as a person does, with what it does by itself."""
    text = {"Enter": "\r", " ": " "}.get(name, name if len(name) == 1 else "")
    common: dict[str, Any] = {"key": name, "modifiers": 2 if control else 0}
    if name == "Enter":
        common |= {"code": "Enter", "windowsVirtualKeyCode": 13}
    if name == "Tab":
        common |= {"code": "Tab", "windowsVirtualKeyCode": 9}
    if code:
        common |= {"windowsVirtualKeyCode": code}
    tab.send("Input.dispatchKeyEvent", type="keyDown", **common, **({"text": text} if text else {}))
    tab.send("Input.dispatchKeyEvent", type="keyUp", **common)


def source(tab: Tab) -> str:
    """Everything that stands in the page now."""
    return str(tab.ask("document.documentElement.outerHTML"))


def photograph(tab: Tab, path: Path, *, whole: bool = True) -> None:
    """Keep a picture of the page."""
    made = tab.send("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
    path.write_bytes(base64.b64decode(made["data"]))
