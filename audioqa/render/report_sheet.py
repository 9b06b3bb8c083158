"""A page on many calls, self-contained: no script, nothing from elsewhere, sound in the page itself or beside it."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from importlib import resources
from string import Template

from audioqa.render.markup import text


def sheet(title: str, body: str, *, beside: bool = False) -> str:
    """The page.

    Parameters
    ----------
    title
        Plain text.
    body
        HTML that `audioqa.render.markup` made of everything from outside.
    beside
        Whether sound lies in files beside the page.
    """
    read = resources.files("audioqa.render").joinpath("assets", "report-sheet.css").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(read.encode()).digest()).decode()
    media = "'self' data:" if beside else "data:"
    policy = (
        f"default-src 'none'; style-src 'sha256-{digest}'; media-src {media}; img-src data:; base-uri 'none'; "
        "form-action 'none'"
    )
    page = resources.files("audioqa.render").joinpath("assets", "report-sheet.html").read_text(encoding="utf-8")
    return Template(page).substitute(policy=policy, title=text(title), style=read, body=body)


def player(source: str, label: str) -> str:
    """Something that plays a sound: an address, or data."""
    return f'<audio controls preload="none" aria-label="{text(label)}" src="{source}"></audio>'


def data_uri(data: bytes, mime: str) -> str:
    """Bytes as an address that holds them."""
    return f"data:{mime};base64,{base64.b64encode(data).decode('ascii')}"


def rows(cells: Sequence[Sequence[str]]) -> str:
    """Rows of a table, of cells that are HTML already."""
    return "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in cells)
