"""Messages of the command line: one line each, to stderr."""

from __future__ import annotations

import sys


def complain(message: str) -> None:
    """Say on stderr what is the matter, after the program's name."""
    print(f"audioqa: {message}", file=sys.stderr)  # noqa: T201 - the one place for messages
