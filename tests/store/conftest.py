"""A new store on SQLite and on PostgreSQL for each test, and reports to put into it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from audioqa.lab import postgresql
from audioqa.store import Store, open_store

_NUMBERS = itertools.count(1)


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """URL of a real server without a database, or a skip where Debian's package is not installed."""
    if postgresql.programs() is None:
        pytest.skip("PostgreSQL is not installed (apt-get install postgresql)")
    with postgresql.server() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A new, empty place for a store, on each kind of database."""
    if request.param == "sqlite":
        return str(tmp_path / "calls.db")
    return postgresql.make_database(request.getfixturevalue("postgresql_server"), f"store_{next(_NUMBERS)}")


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    """A new store."""
    with open_store(url) as opened:
        yield opened
