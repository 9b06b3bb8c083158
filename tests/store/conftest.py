"""A store on SQLite and on PostgreSQL for each test, and a real server of Debian's package."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from audioqa.lab import postgresql
from audioqa.store import Store, open_store

_NUMBERS = itertools.count(1)


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A place for a store with nothing in it, on each kind of database."""
    if request.param == "sqlite":
        return str(tmp_path / "calls.db")
    return postgresql.make_schema(request.getfixturevalue("postgresql_server"), f"store_{next(_NUMBERS)}")


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    """A store without calls."""
    with open_store(url) as opened:
        yield opened
