"""A self-contained page to keep or print, without a script: sections of HTML, and the figures as JSON within it."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from importlib import resources
from string import Template
from typing import Any

from audioqa.render.markup import text


def render_sheet(*, title: str, eyebrow: str, about: str, sections: Sequence[str], data: Mapping[str, Any]) -> str:
    """The page as text.

    Parameters
    ----------
    title, eyebrow, about
        What it is, the kind of page, and what stands below the title: plain words.
    sections
        Its parts, as HTML.
    data
        The same figures, which the page carries along.
    """
    style = _asset("page.css") + _asset("sheet.css")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    plain = json.dumps(data, allow_nan=False).replace("<", "\\u003c")  # so that it cannot end its script element
    return Template(_asset("sheet.html")).substitute(
        policy=f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none'",
        title=text(title),
        style=style,
        eyebrow=text(eyebrow),
        heading=text(title),
        about=text(about),
        content="\n".join(section for section in sections if section),
        data=plain,
    )


def card(heading: str, content: str) -> str:
    """A section of the page; nothing where it has no content."""
    return f'<section class="card sheet"><h2>{text(heading)}</h2>{content}</section>' if content else ""


def grid(heads: Sequence[str], rows: Sequence[Sequence[str]], *, numbers: int) -> str:
    """A table of plain words, whose first column names the row and whose last columns are figures.

    Parameters
    ----------
    heads, rows
        Words.
    numbers
        How many of the last columns are figures.
    """
    first = len(heads) - numbers
    lines = []
    for row in rows:
        cells = [f'<th scope="row">{text(row[0])}</th>']
        cells += [f"<td{_kind(place, first)}>{text(word)}</td>" for place, word in enumerate(row[1:], 1)]
        lines.append(f"<tr>{''.join(cells)}</tr>")
    top = "".join(f'<th scope="col"{_kind(place, first)}>{text(head)}</th>' for place, head in enumerate(heads))
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="table"><table><thead><tr>{top}</tr></thead>'
        f"<tbody>{''.join(lines)}</tbody></table></div>"
    )


def paragraphs(words: Sequence[str]) -> str:
    """Sentences, a paragraph each."""
    return "".join(f"<p>{text(one)}</p>" for one in words)


def folded(summary: str, content: str) -> str:
    """Something that is shown when its summary is pressed; nothing where it has no content."""
    return f"<details><summary>{text(summary)}</summary>{content}</details>" if content else ""


def note(words: str) -> str:
    """A small line below something."""
    return f'<p class="note">{text(words)}</p>'


def _kind(place: int, first: int) -> str:
    return ' class="number"' if place >= first else ""


def _asset(name: str) -> str:
    return resources.files("audioqa.render").joinpath("assets", name).read_text(encoding="utf-8")
