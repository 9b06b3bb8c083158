"""Where the tests find real audio, and how they skip without it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def audio_data() -> Path:
    """The folder of real audio: ``AUDIOQA_DATA``, else ``../shared/data`` beside the repository."""
    named = os.environ.get("AUDIOQA_DATA")
    folder = Path(named) if named else Path(__file__).parents[2] / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"no real audio: {'AUDIOQA_DATA names no folder' if named else 'AUDIOQA_DATA is not set'}")
    return folder


@pytest.fixture(scope="session")
def untrained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a callmos that was never trained: it takes for speech whatever is louder than about -52 dBov."""
    for package in ("torch", "onnx", "safetensors"):
        pytest.importorskip(package)
    from audioqa.lab.callmos_files import write_untrained

    folder = tmp_path_factory.mktemp("callmos")
    write_untrained(folder, seed=1)
    return folder


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """URL of a real server without a database, or a skip where Debian's package is not installed."""
    from audioqa.lab import postgresql

    if postgresql.programs() is None:
        pytest.skip("PostgreSQL is not installed (apt-get install postgresql)")
    with postgresql.server() as url:
        yield url


@pytest.fixture(scope="session")
def made_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite store without calls, to be copied: making the tables takes longer than most tests."""
    from audioqa.store import open_store

    path = tmp_path_factory.mktemp("store") / "calls.db"
    open_store(str(path)).close()
    return path


@pytest.fixture(scope="session")
def made_schema(postgresql_server: str) -> str:
    """A PostgreSQL store without calls, to be emptied."""
    from audioqa.lab import postgresql
    from audioqa.store import open_store

    url = postgresql.make_schema(postgresql_server, "store")
    open_store(url).close()
    return url


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The place of a store without calls, on each kind of database."""
    if request.param == "sqlite":
        return str(shutil.copy(request.getfixturevalue("made_file"), tmp_path / "calls.db"))
    from sqlalchemy import text

    from audioqa.store import open_store
    from audioqa.store.database import writing
    from audioqa.store.tables import metadata

    made: str = request.getfixturevalue("made_schema")
    with open_store(made) as store:
        names = ", ".join(metadata.tables)
        writing(store.engine, lambda connection: connection.execute(text(f"TRUNCATE {names} RESTART IDENTITY")))
    return made
