"""Words and times as HTML: the one gate through which text from outside enters a page."""

from __future__ import annotations

import html
from collections.abc import Sequence

from audioqa.render.wording import clock, printable
from audioqa.types import Segment

PLAY = '<svg class="icon" viewBox="0 0 12 12" aria-hidden="true"><path d="M2 1v10l9-5z"/></svg>'
"""The sign on everything that plays."""


def text(words: str) -> str:
    """Words from outside as HTML: escaped, printable."""
    return html.escape(printable(words), quote=True)


def place_data(segment: Segment) -> str:
    """Attributes that make the page play a segment when their element is pressed."""
    return f'data-start="{segment.start:.4f}" data-end="{segment.end:.4f}"'


def jump(segment: Segment) -> str:
    """A link that plays a segment; without a script its address still names the time."""
    address = f"#t={segment.start:.2f}"
    return f'<a class="jump" href="{address}" {place_data(segment)}>{PLAY} {clock(segment.start)}</a>'


def table(heads: Sequence[str], rows: str) -> str:
    """A table of one heading row, given as plain text, and rows that are HTML already."""
    cells = "".join(f"<th>{head}</th>" for head in heads)
    return f"<table><thead><tr>{cells}</tr></thead><tbody>{rows}</tbody></table>"
