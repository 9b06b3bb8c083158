"""A service on loopback, and a browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.pages.desk import Desk, serving
from tests.render.browser import Tab, chromium


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """A service without calls."""
    with serving(tmp_path / "service") as made:
        yield made


@pytest.fixture(scope="session")
def browser() -> Iterator[Tab]:
    """A browser for all tests: each signs in at an address of its own."""
    with chromium() as tab:
        yield tab
