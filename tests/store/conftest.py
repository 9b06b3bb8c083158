"""A store on SQLite and on PostgreSQL for each test, and a real server of Debian's package."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from audioqa.lab import postgresql
from audioqa.store import Store, open_store
from audioqa.store.database import writing
from audioqa.store.tables import metadata

_NUMBERS = itertools.count(1)


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A place for a store with nothing in it, on each kind of database."""
    if request.param == "sqlite":
        return str(tmp_path / "calls.db")
    return postgresql.make_schema(request.getfixturevalue("postgresql_server"), f"store_{next(_NUMBERS)}")


@pytest.fixture(scope="session")
def made_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite store without calls, to be copied: making the tables takes longer than most tests."""
    path = tmp_path_factory.mktemp("store") / "calls.db"
    open_store(str(path)).close()
    return path


@pytest.fixture(scope="session")
def made_schema(postgresql_server: str) -> str:
    """A PostgreSQL store without calls, to be emptied."""
    url = postgresql.make_schema(postgresql_server, "store")
    open_store(url).close()
    return url


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The place of a store without calls, on each kind of database."""
    if request.param == "sqlite":
        return str(shutil.copy(request.getfixturevalue("made_file"), tmp_path / "calls.db"))
    made: str = request.getfixturevalue("made_schema")
    with open_store(made) as store:
        names = ", ".join(metadata.tables)
        writing(store.engine, lambda connection: connection.execute(text(f"TRUNCATE {names} RESTART IDENTITY")))
    return made


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    """A store without calls."""
    with open_store(url) as opened:
        yield opened
